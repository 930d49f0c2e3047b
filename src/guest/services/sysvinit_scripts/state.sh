#!/bin/sh
# $1 service, $2 the root directory, empty but in tests: its state.
. ./show.sh
. ./has_status.sh

show "$1"
exit 0
