#!/bin/sh
# $2 the root directory, empty but in tests: the state of all services; then `Text=` lines with what grep finds of their
# descriptions, and `End`. Files that are part of init itself are no services.
. ./show.sh

cd "$root/etc/init.d" || exit
set --
for name in *; do
  case $name in
  *.sh | -* | *[!A-Za-z0-9_.+@:-]* | *.dpkg-* | *.apk-new | rc | rcS | README | halt | reboot | single | killprocs | \
    sendsigs | umountfs | umountroot) continue ;;
  esac
  [ -f "$name" ] && [ -x "$name" ] || continue
  set -- "$@" "$name"
  show "$name"
done
[ $# -eq 0 ] || grep -E -H -m 1 '^description=|^# Short-Description:' -- "$@" | sed 's/^/Text=/'
echo End
