#!/bin/sh
# $1 most bytes: the key-value pairs of the guest.
[ -f /var/lib/vmms/guest-key-values ] || exit 0
exec head -c "$1" /var/lib/vmms/guest-key-values
