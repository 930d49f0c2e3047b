#!/bin/sh
# `act COMMAND...` runs it, `answer NAME` reports how it ended. A daemon may keep the output that it was started with
# open, and the agent waits for its end: so it goes to a file.
[ -x "$root/etc/init.d/$1" ] || { echo ExitStatus=0; show "$1"; exit 0; }
said=$(mktemp) || said=/dev/null
trap '[ $said = /dev/null ] || rm -f $said' EXIT
act() {
  "$@" >$said 2>&1 </dev/null
  status=$?
  tail -n 20 $said >&2
}
answer() {
  echo ExitStatus=$status
  show "$1"
}
