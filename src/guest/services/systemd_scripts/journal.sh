#!/bin/sh
# `Journal:` and the last log lines of the unit $1.
echo Journal:
journalctl --sync 2>/dev/null
journalctl --no-pager --quiet --output=cat --lines=5 --unit="$1" 2>/dev/null
