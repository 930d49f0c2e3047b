#!/bin/sh
# As start.sh, and stops; the log lines when it did not stop, or not cleanly.
time=$2
. ./show.sh

systemctl --no-ask-password stop -- "$1" >&2
status=$?
state=$(show -- "$1" 2>/dev/null)
printf 'ExitStatus=%s\n%s\n\n' "$status" "$state"
case $status:$state in
0:*ActiveState=inactive*) exit ;;
esac
. ./journal.sh
