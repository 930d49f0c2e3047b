#!/bin/sh
# `find_port NAME`: REPLY is the device of the virtio-serial port; it comes a moment after the host plugged it in.
find_port() {
  tries=0
  while [ $tries -lt 250 ]; do
    for file in /sys/class/virtio-ports/*/name; do
      read -r found 2>/dev/null <"$file" && [ "$found" = "$1" ] || continue
      REPLY=${file%/name} REPLY=/dev/${REPLY##*/}
      [ ! -c "$REPLY" ] || return 0
    done
    tries=$((tries + 1)) && sleep 0.02
  done
  return 1
}
