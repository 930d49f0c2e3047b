#!/bin/sh
# $1 where the bytes come from: `-` standard input, the name of a port, or what prepare.sh made and others filled:
# `file`, or `checked` (their hash is known to be right); $2 to $6 as of prepare.sh (the destination is its target after
# it), $7 bytes of data, $8 size, $9 permissions in octal, $10 time of modification in seconds since 1970, $11
# `NAME:HEX` of the bytes in the hashes that a guest may know (empty: a line behind the data says so), then offset and
# length of each piece of data; what lies between is a hole.
#
# Makes the part file, receives, checks, puts it into the target's place, and prints `Target=`; whatever goes wrong
# leaves no part file. A file that is replaced hands its owner and permissions on. The host sends through a port when it
# has read there `Target=`, `Hash=` (what to say behind the data: blake2b or sha256) and an empty line.
. ./find_port.sh
. ./expand.sh
. ./place.sh

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
  # No hard links here. It leaves the part file where it is when another process has made the target meanwhile.
  mv -n -T -- "$part" "$target" || fail denied
  [ ! -e "$part" ] || fail exists
fi
[ ! -e /sys/fs/selinux/enforce ] || restorecon -- "$target" 2>/dev/null
printf 'Done=1\nTarget=%s\n' "$target"
