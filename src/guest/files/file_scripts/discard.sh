#!/bin/sh
# $1 name of the part file, $2 destination, $3 name of the source: removes what an interrupted copy left.
. ./expand.sh
. ./place.sh

fail() { echo Done=1; exit 0; }
create=1
case $1 in .vmms-*.part) ;; *) exit 1 ;; esac
place "$1" "$2" "$3"
rm -f -- "$part" && echo Done=1
