#!/bin/sh
# $1 path, $2 1: of a link, what it leads to: `File=` with type and permissions in hexadecimal, size, time of
# modification, owner, group, name. Errors: missing.
. ./expand.sh

expand "$1"
[ -e "$REPLY" ] || { [ -L "$REPLY" ] && [ "$2" != 1 ]; } || { echo Error=missing; exit 1; }
follow=
[ "$2" != 1 ] || follow=-L
printf File=
stat -c '%f %s %Y %U %G %n' $follow -- "$REPLY" || echo
