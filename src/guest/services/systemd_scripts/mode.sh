#!/bin/sh
# $1 unit, $2 an option of systemctl or empty, $3 what systemctl does: enable, disable or mask. The unit is unmasked
# first where it must be; what that fails with is the answer. Each systemctl lets process 1 read all units again, so
# none is run in vain.
time=$2
. ./show.sh

state=$(show -- "$1" 2>/dev/null)
status=0
case $3:$state in
mask:*) ;;
*UnitFileState=masked*) systemctl --no-ask-password unmask -- "$1" >&2 || status=$? ;;
esac
[ $status != 0 ] || systemctl --no-ask-password "$3" -- "$1" >&2 || status=$?
state=$(show -- "$1" 2>/dev/null)
printf 'ExitStatus=%s\n%s\n\n' "$status" "$state"
