#!/bin/sh
# $1 service, $2 the root directory, empty but in tests, $3 on or off: whether it starts with the guest.
. ./show.sh
. ./act.sh


status=0
case $3 in
on) enabled "$1" || act rc-update add "$1" default ;;
*)
  for each in "$root"/etc/runlevels/*/"$1"; do
    [ -e "$each" ] || [ -L "$each" ] || continue
    each=${each%/*}
    act rc-update del "$1" "${each##*/}"
    [ $status = 0 ] || break
  done ;;
esac
answer "$1"
