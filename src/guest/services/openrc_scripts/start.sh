#!/bin/sh
# $1 service, $2 the root directory, empty but in tests: `ExitStatus=N` of rc-service, the state afterwards, and the
# last log lines unless it runs now.
. ./show.sh
. ./act.sh
. ../common_scripts/logged.sh

act rc-service --nocolor "$1" start
answer "$1"
[ $status = 0 ] && [ $state = started ] || logged "$1"
