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

/// $1 destination, $2 name of the source, $3 whether to overwrite (1 or 0), $4 whether to make directories, $5 name of
/// the part file, $6 bytes needed: makes the part file beside the target and prints `Target=`, `Part=` and `Hash=`
/// (what `receive` can check: blake2b or sha256). Each process that a script starts costs about 20 ms without KVM, stat
/// and mv, which look for SELinux, about 60. Errors: exists, directory, no-directory, relative, space, denied.
inline constexpr std::string_view prepare = VMMS_EXPAND R"sh(
fail() { echo "Error=$1"; exit 1; }
source=$2 overwrite=$3 create=$4 needed=$6
expand "$1"
target=$REPLY
case $target in /*) ;; *) fail relative ;; esac
case $target in */) [ -d "$target" ] || [ "$create" = 1 ] || fail no-directory; target=$target$source ;; esac
[ ! -d "$target" ] || target=${target%/}/$source
[ ! -L "$target" ] || target=$(readlink -f -- "$target") || fail no-directory
[ ! -d "$target" ] || fail directory
directory=${target%/*}/
if [ ! -d "$directory" ]; then
  [ "$create" = 1 ] || fail no-directory
  mkdir -p -- "$directory" || fail denied
fi
[ "$overwrite" = 1 ] || [ ! -e "$target" ] || fail exists
part=$directory$5
umask 077
set -C
true >"$part" || fail denied
free=$(df -P -k -- "$directory" 2>/dev/null | { read -r line && read -r system blocks used free rest && echo "$free"; })
case $free in
'' | *[!0-9]*) ;;
*) [ $((free * 1024)) -ge "$needed" ] || { rm -f -- "$part" && fail space; } ;;
esac
if command -v b2sum >/dev/null; then hash=blake2b; else hash=sha256; fi
printf 'Target=%s\nPart=%s\nHash=%s\n' "$target" "$part" $hash
)sh";

/// $1 where the bytes come from: `-` standard input, `file` (they are in the part file), `checked` (and their hash is
/// known to be right), or the name of a port; $2 part file, $3 target, $4 size, $5 whether to overwrite, $6 permissions
/// in octal, $7 time of modification in seconds since 1970, $8 `NAME:HEX` of the bytes (empty: a line behind the data
/// says so), then offset and length of each piece of data; what lies between is a hole. Receives, checks, and puts the
/// part file into the target's place; whatever goes wrong leaves no part file. A file that is replaced hands its owner
/// and permissions on. A port's data begins with the line `vmmsdata`: a port that is read before the host has opened it
/// gives nothing.
inline constexpr std::string_view receive = VMMS_FIND_PORT R"sh(
from=$1 part=$2 target=$3 size=$4 overwrite=$5 mode=$6 time=$7 sums=$8
shift 8
fail() { rm -f -- "$part"; echo "Error=$1"; exit 1; }
trap 'fail interrupted' HUP INT TERM
take() {
  if [ "$from" != - ]; then
    tries=0
    until read -r first && [ "$first" = vmmsdata ]; do
      [ -z "$first" ] && [ $((tries += 1)) -lt 500 ] || fail port
      sleep 0.02
    done
  fi
  [ "$*" = "0 $size" ] || dd if=/dev/null of="$part" bs=1 seek="$size" count=0 status=none || fail write
  while [ $# -gt 0 ]; do
    dd of="$part" bs=1048576 seek="$1" count="$2" iflag=fullblock,count_bytes oflag=seek_bytes conv=notrunc \
      status=none || fail write
    shift 2
  done
  [ "$sums" ] || read -r sums || fail hash
}
case $from in
file | checked) ;;
-) take "$@" ;;
*) find_port "$from" && take "$@" <"$REPLY" || fail port ;;
esac
pieces() {
  while [ $# -gt 0 ]; do
    dd if="$part" bs=1048576 skip="$1" count="$2" iflag=fullblock,skip_bytes,count_bytes status=none
    shift 2
  done
}
if [ "$from" != checked ]; then
  case $sums in blake2b:*) sum=b2sum ;; *) sum=sha256sum ;; esac
  if [ "$*" = "0 $size" ]; then actual=$($sum <"$part"); else actual=$(pieces "$@" | $sum); fi
  [ "${actual%% *}" = "${sums#*:}" ] || fail hash
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
echo Done=1
)sh";

/// $1 part file: removes what an interrupted copy left.
inline constexpr std::string_view discard = R"sh(
case $1 in */.vmms-*.part) rm -f -- "$1" && echo Done=1 ;; esac
)sh";

// Type and permissions in hexadecimal, size, time of modification, owner, group, name.
#define VMMS_STAT "stat -c '%f %s %Y %U %G %n'"

/// $1 path: `File=` with what stat tells. Errors: missing.
inline constexpr std::string_view describe = VMMS_EXPAND R"sh(
expand "$1"
[ -e "$REPLY" ] || [ -L "$REPLY" ] || { echo Error=missing; exit 1; }
printf File=
)sh" VMMS_STAT R"sh( -- "$REPLY" || echo
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

/// $1 `-` (standard output), the name of a port or `sum` (nowhere), $2 path, $3 size: sends that many bytes, then says
/// on standard error `Sum=NAME:HEX` of what the file holds now. `Error=` (there, too): port, read.
inline constexpr std::string_view send = VMMS_FIND_PORT VMMS_EXPAND R"sh(
to=$1 size=$3
expand "$2"
path=$REPLY
content() { dd if="$path" bs=1048576 count="$size" iflag=fullblock,count_bytes status=none; }
case $to in
sum) ;;
-) content ;;
*)
  find_port "$to" || { echo Error=port >&2; exit 1; }
  content >"$REPLY"
  ;;
esac || { echo Error=read >&2; exit 1; }
if command -v b2sum >/dev/null; then name=blake2b sum=b2sum; else name=sha256 sum=sha256sum; fi
sum=$(content | $sum)
echo "Sum=$name:${sum%% *}" >&2
)sh";

#undef VMMS_EXPAND
#undef VMMS_FIND_PORT
#undef VMMS_STAT

}  // namespace vmms::guest::file_scripts
