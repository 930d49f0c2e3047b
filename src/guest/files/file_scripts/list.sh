#!/bin/sh
# $1 directory: `File=` for itself as describe.sh prints it, then a line of that kind for each entry, names beginning
# with ./ Errors: missing, not-directory, denied.
. ./expand.sh

expand "$1"
[ -e "$REPLY" ] || { echo Error=missing; exit 1; }
[ -d "$REPLY" ] || { echo Error=not-directory; exit 1; }
cd -- "$REPLY" || { echo Error=denied; exit 1; }
printf File=
stat -c '%f %s %Y %U %G %n' -- "$REPLY"
find . -mindepth 1 -maxdepth 1 -exec stat -c '%f %s %Y %U %G %n' -- {} + | head -c 3000000
