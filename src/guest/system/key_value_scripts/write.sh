#!/bin/sh
# Standard input: a piece of the key-value pairs of the host. $1 `first`, `last` or both in one word, $2 a word that the
# pieces of one file share. The file is replaced as a whole, so that no reader sees half of it.
set -e
umask 022
mkdir -p /var/lib/vmms
new=/var/lib/vmms/.host-key-values.$2
case $1 in
*first*) rm -f /var/lib/vmms/.host-key-values.* ;;
*) [ -f "$new" ] ;;
esac
cat >>"$new"
case $1 in *last*) mv -f "$new" /var/lib/vmms/host-key-values ;; esac
