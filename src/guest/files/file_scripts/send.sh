#!/bin/sh
# $1 where to: `-` standard output, the name of a port, or `sum` nowhere; $2 path, $3 its size as stat reports it, $4
# most bytes: sends the file to its end, whatever its size is said to be. Standard error says `Sent=` how many bytes,
# and unless they went to standard output `Sum=NAME:HEX`: of a file with a size, of what it holds afterwards; of one
# that says 0, which may hold something else at each reading, of what was sent. `Error=` (there, too): not-file, port,
# read, shrank.
. ./find_port.sh
. ./expand.sh

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
sent="" sums=""
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
