#!/bin/sh
# $1 service, $2 the root directory, empty but in tests, $3 on or off: whether it starts with the guest. By the tool
# that the distribution has: Debian's update-rc.d, Red Hat's chkconfig, or insserv alone.
. ./show.sh
. ./has_status.sh
. ./act.sh

status=0
has() { command -v "$1" >/dev/null 2>&1; }
case $links in
*" $1 "*) now=on ;;
*) now=off ;;
esac
if [ $now != "$3" ]; then
  if has update-rc.d; then
    if [ "$3" = on ]; then
      act update-rc.d "$1" defaults
      [ $status != 0 ] || act update-rc.d "$1" enable
    else
      act update-rc.d "$1" disable
    fi
  elif has chkconfig; then
    act chkconfig "$1" "$3"
  elif has insserv; then
    if [ "$3" = on ]; then act insserv "$1"; else act insserv -r "$1"; fi
  else
    status=127
    echo "none of update-rc.d, chkconfig and insserv is in the guest" >&2
  fi
fi
links=' '
for each in "$root"/etc/rc[S2345].d/S[0-9][0-9]* "$root"/etc/rc.d/rc[2345].d/S[0-9][0-9]*; do
  links="$links${each##*/S[0-9][0-9]} "
done
answer "$1"
