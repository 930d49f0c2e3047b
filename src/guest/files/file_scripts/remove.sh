#!/bin/sh
# $1 path: removes a file or an empty directory. Errors: missing, not-empty, denied.
. ./expand.sh

expand "$1"
[ -e "$REPLY" ] || [ -L "$REPLY" ] || { echo Error=missing; exit 1; }
if [ -d "$REPLY" ] && [ ! -L "$REPLY" ]; then
  [ -z "$(ls -A -- "$REPLY")" ] || { echo Error=not-empty; exit 1; }
  rmdir -- "$REPLY" || { echo Error=denied; exit 1; }
else
  rm -f -- "$REPLY" || { echo Error=denied; exit 1; }
fi
echo Done=1
