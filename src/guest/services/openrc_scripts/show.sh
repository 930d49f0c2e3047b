#!/bin/sh
# $2 the root directory, empty but in tests. `show NAME`: how a service is.
#
# OpenRC keeps its state as directories of links, one a state, which `rc-service status` reads as well; so a list of all
# services needs no process a service. A service whose daemon is gone is still among the started ones: its pid file
# shows that, the one that OpenRC noted or, where start-stop-daemon is Debian's and OpenRC notes none, /run/NAME.pid.
root=$2 svcdir=$2/run/openrc
[ -d "$svcdir" ] || svcdir=$root/lib/rc/init.d
enabled() {
  for link in "$root"/etc/runlevels/*/"$1"; do
    { [ -e "$link" ] || [ -L "$link" ]; } && return
  done
  return 1
}
read_process() {
  [ -e "$1" ] || [ "$2" ] || return 0
  process=0
  { read -r process _ <"$1"; } 2>/dev/null
  case $process in '' | *[!0-9]*) process=0 ;; esac
  [ $process != 0 ] && [ -d "/proc/$process" ] || state=crashed process=0
}
find_state() {
  state=stopped process=0
  for each in stopping starting inactive started scheduled failed; do
    { [ -e "$svcdir/$each/$1" ] || [ -L "$svcdir/$each/$1" ]; } && state=$each && break
  done
  [ $state = started ] || return 0
  noted=
  for each in "$svcdir/daemons/$1"/*; do
    [ -f "$each" ] || continue
    noted=1
    while IFS='=' read -r key value; do
      [ "$key" != pidfile ] || [ -z "$value" ] || read_process "$value" must
    done <"$each"
  done
  [ "$noted" ] || read_process "$root/run/$1.pid" ''
}
show() {
  [ -f "$root/etc/init.d/$1" ] && [ -x "$root/etc/init.d/$1" ] || {
    printf 'Name=%s\nState=none\n\n' "$1"
    return 1
  }
  find_state "$1"
  mode=disabled
  enabled "$1" && mode=enabled
  printf 'Name=%s\nState=%s\nMode=%s\nProcess=%s\n\n' "$1" $state $mode $process
}
