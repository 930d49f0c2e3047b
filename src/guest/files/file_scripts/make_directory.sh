#!/bin/sh
# $1 path, $2 permissions in octal: `Made=1` when the directory was made, `Made=0` when it was there. Errors: exists (as
# something else), no-directory, denied.
. ./expand.sh

expand "$1"
[ ! -d "$REPLY" ] || { echo Made=0; exit 0; }
[ ! -e "$REPLY" ] && [ ! -L "$REPLY" ] || { echo Error=not-directory; exit 1; }
mkdir -m "$2" -- "$REPLY" && echo Made=1 && exit 0
parent=${REPLY%/}
parent=${parent%/*}
[ -d "${parent:-/}" ] || { echo Error=no-directory; exit 1; }
echo Error=denied
exit 1
