// What runs in a guest for files. Fixed texts for a POSIX shell; values come as positional parameters. Written for GNU
// and BusyBox tools. Each prints `Key=value` lines; `Error=CODE` says what went wrong, standard error in whose words.
#pragma once

#include <string_view>

namespace vmms::guest::file_scripts {

// expand TEXT: REPLY is TEXT with $NAME and ${NAME} replaced by the variables of the guest's agent. What is not set
// stays as it is written. A service has no HOME and no TMPDIR, so these have the values that a login would give.
#define VMMS_EXPAND                                                                                        \
  "variable() {\n"                                                                                         \
  "  REPLY=$(tr '\\0' '\\n' <\"/proc/$PPID/environ\" 2>/dev/null | sed -n \"s/^$1=//p\" | head -n 1)\n"    \
  "  [ -z \"$REPLY\" ] || return 0\n"                                                                      \
  "  case $1 in\n"                                                                                         \
  "  HOME) REPLY=$(sed -n \"s/^[^:]*:[^:]*:$(id -u):[^:]*:[^:]*:\\([^:]*\\):.*/\\1/p\" "                   \
  "/etc/passwd | head -n 1) ;;\n"                                                                          \
  "  TMPDIR | TEMP | TMP) REPLY=/tmp ;;\n"                                                                 \
  "  esac\n"                                                                                               \
  "  [ \"$REPLY\" ]\n"                                                                                     \
  "}\n"                                                                                                    \
  "expand() {\n"                                                                                           \
  "  rest=$1 expanded=\n"                                                                                  \
  "  while :; do\n"                                                                                        \
  "    case $rest in *'$'*) ;; *) break ;; esac\n"                                                         \
  "    expanded=$expanded${rest%%\\$*} rest=${rest#*\\$}\n"                                                \
  "    case $rest in\n"                                                                                    \
  "    '{'*'}'*) name=${rest#?} name=${name%%\\}*} after=${rest#*\\}} ;;\n"                                \
  "    *) name=${rest%%[!A-Za-z0-9_]*} after=${rest#\"$name\"} ;;\n"                                       \
  "    esac\n"                                                                                             \
  "    case $name in '' | [0-9]* | *[!A-Za-z0-9_]*) expanded=$expanded\\$ && continue ;; esac\n"           \
  "    if variable \"$name\"; then expanded=$expanded$REPLY rest=$after; else expanded=$expanded\\$; fi\n" \
  "  done\n"                                                                                               \
  "  REPLY=$expanded$rest\n"                                                                               \
  "}\n"

// find_port NAME: REPLY is the device of the virtio-serial port; it comes a moment after the host plugged it in.
#define VMMS_FIND_PORT                                                                  \
  "find_port() {\n"                                                                     \
  "  tries=0\n"                                                                         \
  "  while [ $tries -lt 250 ]; do\n"                                                    \
  "    for file in /sys/class/virtio-ports/*/name; do\n"                                \
  "      read -r found 2>/dev/null <\"$file\" && [ \"$found\" = \"$1\" ] || continue\n" \
  "      REPLY=${file%/name} REPLY=/dev/${REPLY##*/}\n"                                 \
  "      [ ! -c \"$REPLY\" ] || return 0\n"                                             \
  "    done\n"                                                                          \
  "    tries=$((tries + 1)) && sleep 0.02\n"                                            \
  "  done\n"                                                                            \
  "  return 1\n"                                                                        \
  "}\n"

// place PART DESTINATION SOURCE: `target`, the file that a copy of SOURCE to DESTINATION makes, its `directory`, and
// `part`, the part file PART beside it. make_part BYTES: makes that, empty. The script has `fail`, `overwrite`,
// `create`.
#define VMMS_PLACE                                                                              \
  "place() {\n"                                                                                 \
  "  expand \"$2\"\n"                                                                           \
  "  target=$REPLY\n"                                                                           \
  "  case $target in /*) ;; *) fail relative ;; esac\n"                                         \
  "  case $target in\n"                                                                         \
  "  */) [ -d \"$target\" ] || [ \"$create\" = 1 ] || fail no-directory; target=$target$3 ;;\n" \
  "  esac\n"                                                                                    \
  "  [ ! -d \"$target\" ] || target=${target%/}/$3\n"                                           \
  "  [ ! -L \"$target\" ] || target=$(readlink -f -- \"$target\") || fail no-directory\n"       \
  "  [ ! -d \"$target\" ] || fail directory\n"                                                  \
  "  directory=${target%/*}/ part=${target%/*}/$1\n"                                            \
  "}\n"                                                                                         \
  "make_part() {\n"                                                                             \
  "  if [ ! -d \"$directory\" ]; then\n"                                                        \
  "    [ \"$create\" = 1 ] || fail no-directory\n"                                              \
  "    mkdir -p -- \"$directory\" || fail denied\n"                                             \
  "  fi\n"                                                                                      \
  "  [ \"$overwrite\" = 1 ] || [ ! -e \"$target\" ] || fail exists\n"                           \
  "  umask 077\n"                                                                               \
  "  set -C\n"                                                                                  \
  "  true >\"$part\" || fail denied\n"                                                          \
  "  free=$(df -P -k -- \"$directory\" 2>/dev/null |\n"                                         \
  "    { read -r line && read -r system blocks used free rest && echo \"$free\"; })\n"          \
  "  case $free in\n"                                                                           \
  "  '' | *[!0-9]*) ;;\n"                                                                       \
  "  *) [ $((free * 1024)) -ge \"$1\" ] || { rm -f -- \"$part\" && fail space; } ;;\n"          \
  "  esac\n"                                                                                    \
  "  if command -v b2sum >/dev/null; then hash=blake2b; else hash=sha256; fi\n"                 \
  "}\n"

/// $1 name of the part file, $2 destination, $3 name of the source, $4 whether to overwrite (1 or 0), $5 whether to
/// make directories, $6 bytes needed: makes the part file beside the target, for who writes into it by other means, and
/// prints `Target=` and `Part=`. Each process that a script starts costs about 20 ms without KVM, stat and mv, which
/// look for SELinux, about 60. Errors: exists, directory, no-directory, relative, space, denied.
inline constexpr std::string_view prepare = VMMS_EXPAND VMMS_PLACE R"sh(
fail() { printf 'Error=%s\nTarget=%s\n' "$1" "$target"; exit 1; }
target= overwrite=$4 create=$5
place "$1" "$2" "$3"
make_part "$6"
printf 'Target=%s\nPart=%s\n' "$target" "$part"
)sh";

/// $1 where the bytes come from: `-` standard input, the name of a port, or what `prepare` made and others filled:
/// `file`, or `checked` (their hash is known to be right); $2 to $6 as of prepare (the destination is its target after
/// it), $7 bytes of data, $8 size, $9 permissions in octal, $10 time of modification in seconds since 1970, $11
/// `NAME:HEX` of the bytes in the hashes that a guest may know (empty: a line behind the data says so), then offset and
/// length of each piece of data; what lies between is a hole. Makes the part file, receives, checks, puts it into the
/// target's place, and prints `Target=`; whatever goes wrong leaves no part file. A file that is replaced hands its
/// owner and permissions on. The host sends through a port when it has read there `Target=`, `Hash=` (what to say
/// behind the data: blake2b or sha256) and an empty line.
inline constexpr std::string_view receive = VMMS_FIND_PORT VMMS_EXPAND VMMS_PLACE R"sh(
from=$1 name=$2 destination=$3 source=$4 overwrite=$5 create=$6 bytes=$7 size=$8 mode=$9 time=${10} sums=${11}
shift 11
target=
fail() {
  [ -z "$part" ] || rm -f -- "$part"
  printf 'Error=%s\nTarget=%s\n' "$1" "$target"
  exit 1
}
trap 'fail interrupted' HUP INT TERM
begin() { place "$name" "$destination" "$source" && make_part "$bytes"; }
take() {
  [ "$*" = "0 $size" ] || dd if=/dev/null of="$part" bs=1 seek="$size" count=0 status=none || fail write
  while [ $# -gt 0 ]; do
    dd of="$part" bs=1048576 seek="$1" count="$2" iflag=fullblock,count_bytes oflag=seek_bytes conv=notrunc \
      status=none || fail write
    shift 2
  done
  [ "$sums" ] || read -r sums || fail hash
}
case $from in
file | checked) target=$destination part=${destination%/*}/$name ;;
-) begin && take "$@" ;;
*)
  find_port "$from" || fail port
  {
    begin && printf 'Target=%s\nHash=%s\n\n' "$target" $hash >&0 || fail port
    take "$@"
  } <>"$REPLY" || fail port
  ;;
esac
pieces() {
  while [ $# -gt 0 ]; do
    dd if="$part" bs=1048576 skip="$1" count="$2" iflag=fullblock,skip_bytes,count_bytes status=none
    shift 2
  done
}
if [ "$from" != checked ]; then
  if command -v b2sum >/dev/null; then sum=b2sum sums=${sums##*blake2b:}; else sum=sha256sum sums=${sums##*sha256:}; fi
  if [ "$*" = "0 $size" ]; then actual=$($sum <"$part"); else actual=$(pieces "$@" | $sum); fi
  [ "${actual%% *}" = "${sums%% *}" ] || fail hash
fi
[ "$*" = "0 $size" ] || [ "$(stat -c %s -- "$part")" = "$size" ] || fail hash
if [ -e "$target" ]; then
  mode=$(stat -c '%a %u:%g' -- "$target") || fail denied
  [ "${mode#* }" = 0:0 ] || chown "${mode#* }" "$part" || fail denied
  mode=${mode% *}
fi
chmod "$mode" "$part" && touch -d "@$time" -- "$part" || fail denied
sync -- "$part" 2>/dev/null || sync
if [ "$overwrite" = 1 ]; then
  mv -f -T -- "$part" "$target" || fail denied
elif ln -T -- "$part" "$target" 2>/dev/null; then
  rm -f -- "$part"
else
  # No hard links here. It leaves the part file where it is when somebody else has made the target meanwhile.
  mv -n -T -- "$part" "$target" || fail denied
  [ ! -e "$part" ] || fail exists
fi
[ ! -e /sys/fs/selinux/enforce ] || restorecon -- "$target" 2>/dev/null
printf 'Done=1\nTarget=%s\n' "$target"
)sh";

/// $1 name of the part file, $2 destination, $3 name of the source: removes what an interrupted copy left.
inline constexpr std::string_view discard = VMMS_EXPAND VMMS_PLACE R"sh(
fail() { echo Done=1; exit 0; }
create=1
case $1 in .vmms-*.part) ;; *) exit 1 ;; esac
place "$1" "$2" "$3"
rm -f -- "$part" && echo Done=1
)sh";

// Type and permissions in hexadecimal, size, time of modification, owner, group, name.
#define VMMS_STAT "stat -c '%f %s %Y %U %G %n'"

/// $1 path, $2 1: of a link, what it leads to: `File=` with what stat tells. Errors: missing.
inline constexpr std::string_view describe = VMMS_EXPAND R"sh(
expand "$1"
[ -e "$REPLY" ] || { [ -L "$REPLY" ] && [ "$2" != 1 ]; } || { echo Error=missing; exit 1; }
follow=
[ "$2" != 1 ] || follow=-L
printf File=
)sh" VMMS_STAT R"sh( $follow -- "$REPLY" || echo
)sh";

/// $1 directory: `File=` for itself, then a line as of stat for each entry, names beginning with ./ Errors: missing,
/// not-directory, denied.
inline constexpr std::string_view list = VMMS_EXPAND R"sh(
expand "$1"
[ -e "$REPLY" ] || { echo Error=missing; exit 1; }
[ -d "$REPLY" ] || { echo Error=not-directory; exit 1; }
cd -- "$REPLY" || { echo Error=denied; exit 1; }
printf File=
)sh" VMMS_STAT R"sh( -- "$REPLY"
find . -mindepth 1 -maxdepth 1 -exec )sh" VMMS_STAT R"sh( -- {} + | head -c 3000000
)sh";

/// $1 path: removes a file or an empty directory. Errors: missing, not-empty, denied.
inline constexpr std::string_view remove = VMMS_EXPAND R"sh(
expand "$1"
[ -e "$REPLY" ] || [ -L "$REPLY" ] || { echo Error=missing; exit 1; }
if [ -d "$REPLY" ] && [ ! -L "$REPLY" ]; then
  [ -z "$(ls -A -- "$REPLY")" ] || { echo Error=not-empty; exit 1; }
  rmdir -- "$REPLY" || { echo Error=denied; exit 1; }
else
  rm -f -- "$REPLY" || { echo Error=denied; exit 1; }
fi
echo Done=1
)sh";

/// $1 path, $2 permissions in octal: `Made=1` when the directory was made, `Made=0` when it was there. Errors: exists
/// (as something else), no-directory, denied.
inline constexpr std::string_view make_directory = VMMS_EXPAND R"sh(
expand "$1"
[ ! -d "$REPLY" ] || { echo Made=0; exit 0; }
[ ! -e "$REPLY" ] && [ ! -L "$REPLY" ] || { echo Error=not-directory; exit 1; }
mkdir -m "$2" -- "$REPLY" && echo Made=1 && exit 0
parent=${REPLY%/}
parent=${parent%/*}
[ -d "${parent:-/}" ] || { echo Error=no-directory; exit 1; }
echo Error=denied
exit 1
)sh";

/// $1 where to: `-` standard output, the name of a port, or `sum` nowhere; $2 path, $3 its size as stat tells, $4 most
/// bytes: sends the file to its end, whatever its size is said to be. Standard error says `Sent=` how many bytes, and
/// unless they went to standard output `Sum=NAME:HEX`: of a file with a size, of what it holds afterwards; of one that
/// says 0, which may hold something else at each reading, of what was sent. `Error=` (there, too): not-file, port,
/// read, shrank.
inline constexpr std::string_view send = VMMS_FIND_PORT VMMS_EXPAND R"sh(
to=$1 size=$3 most=$4 said=
fail() { printf '%s\nError=%s\n' "$said" "$1" >&2; exit 1; }
expand "$2"
path=$REPLY
[ -f "$path" ] || fail not-file
if command -v b2sum >/dev/null; then name=blake2b sum=b2sum; else name=sha256 sum=sha256sum; fi
limit=
# What says that it is empty may have no end, or wait for one.
if [ "$size" = 0 ] && command -v timeout >/dev/null; then limit='timeout 50'; fi
content() { LC_ALL=C $limit dd if="$path" bs=1048576 count="$1" iflag=fullblock,count_bytes; }
case $to in
sum)
  sums=$(content "$most" 2>/dev/null | $sum) || fail read
  echo "Sum=$name:${sums%% *}" >&2
  exit 0
  ;;
-) { said=$(content "$most" 2>&1 >&3); } 3>&1 || fail read ;;
*)
  find_port "$to" || fail port
  if [ "$size" = 0 ]; then
    said=$({ content "$most" 2>&4 | tee "$REPLY" | $sum; } 4>&1) || fail read
  else
    said=$(content "$most" 2>&1 >"$REPLY") || fail read
  fi
  ;;
esac
sent= sums=
while read -r word rest; do
  case $rest in
  *copied*) sent=$word ;;
  -) sums=$word ;;
  esac
  case $word in dd:) fail read ;; esac
done <<END
$said
END
[ "$sent" ] || fail read
if [ "$sent" -lt "$size" ]; then
  # Of some files, those of /sys among them, the size never says what they hold.
  [ "$(stat -L -c %s -- "$path")" = "$size" ] || fail shrank
fi
if [ "$to" != - ] && [ -z "$sums" ]; then sums=$(content "$sent" 2>/dev/null | $sum); fi
echo "Sent=$sent" >&2
[ -z "$sums" ] || echo "Sum=$name:${sums%% *}" >&2
)sh";

#undef VMMS_EXPAND
#undef VMMS_FIND_PORT
#undef VMMS_PLACE
#undef VMMS_STAT

}  // namespace vmms::guest::file_scripts
