#!/bin/sh
# $1 service, $2 the root directory, empty but in tests: `ExitStatus=N` of its script, the state afterwards, and the
# last log lines when it failed.
. ./show.sh
. ./has_status.sh
. ./act.sh
. ../common_scripts/logged.sh

limit=
act run "$1" start
answer "$1"
case $status:$state in
0:started | 0:unknown) ;;
*) logged "$1" ;;
esac
