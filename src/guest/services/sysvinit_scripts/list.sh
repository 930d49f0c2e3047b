#!/bin/sh
# $2 the root directory, empty but in tests: the state of all services; then `Text=` lines with what grep finds of their
# descriptions, and `End`. Files that are part of init itself are no services.
. ./show.sh

cd "$scripts" || exit
set --
for name in *; do
  case $name in
  *.sh | -* | *[!A-Za-z0-9_.+@:-]* | *.dpkg-* | *.rpm* | *~ | rc | rcS | functions | skeleton | killprocs | single | \
    halt | reboot | sendsigs | umountfs | umountroot | umountnfs | README | README.*) continue ;;
  esac
  [ -f "$name" ] && [ -x "$name" ] && set -- "$@" "$name"
done
[ $# -eq 0 ] || able=" $(grep -lE "$with_status" -- "$@" | tr '\n' ' ')"
for name; do show "$name"; done
[ $# -eq 0 ] || grep -E -H -m 1 '^# Short-Description:' -- "$@" | sed 's/^/Text=/'
echo End
