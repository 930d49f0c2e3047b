#!/bin/sh
# `act COMMAND...` runs it, `answer NAME` reports how it ended. A daemon may keep the output that it was started with
# open, and the agent waits for its end: so it goes to a file.
[ -x "$scripts/$1" ] || { echo ExitStatus=0; show "$1"; exit 0; }
file=$(mktemp) || file=/dev/null
trap '[ $file = /dev/null ] || rm -f $file' EXIT
act() {
  "$@" >$file 2>&1 </dev/null
  status=$?
  tail -n 20 $file >&2
}
answer() {
  limit=$patience
  echo ExitStatus=$status
  show "$1"
}
