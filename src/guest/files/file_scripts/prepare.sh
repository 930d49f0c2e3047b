#!/bin/sh
# $1 name of the part file, $2 destination, $3 name of the source, $4 whether to overwrite (1 or 0), $5 whether to make
# directories, $6 bytes needed: makes the part file beside the target, to be written by other means, and prints
# `Target=` and `Part=`. Errors: exists, directory, no-directory, relative, space, denied.
#
# Each process that a script starts costs about 20 ms without KVM, stat and mv, which look for SELinux, about 60.
. ./expand.sh
. ./place.sh

fail() { printf 'Error=%s\nTarget=%s\n' "$1" "$target"; exit 1; }
target="" overwrite=$4 create=$5
place "$1" "$2" "$3"
make_part "$6"
printf 'Target=%s\nPart=%s\n' "$target" "$part"
