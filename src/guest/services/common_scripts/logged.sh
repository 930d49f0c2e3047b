#!/bin/sh
# `logged NAME`: `Log:` and the last lines that name it, in guests without a journal. $root is set.
logged() {
  echo Log:
  for each in "$root/var/log/messages" "$root/var/log/syslog"; do
    [ ! -r "$each" ] || tail -n 1000 "$each" | grep -F -- "$1" | tail -n 5
  done
}
