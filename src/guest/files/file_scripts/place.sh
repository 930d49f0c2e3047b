#!/bin/sh
# `place PART DESTINATION SOURCE`: $target, the file that a copy of SOURCE to DESTINATION makes, its $directory, and
# $part, the part file PART beside it. `make_part BYTES`: makes that, empty. The script has `fail`, $overwrite and
# $create.
place() {
  expand "$2"
  target=$REPLY
  case $target in /*) ;; *) fail relative ;; esac
  case $target in
  */) [ -d "$target" ] || [ "$create" = 1 ] || fail no-directory; target=$target$3 ;;
  esac
  [ ! -d "$target" ] || target=${target%/}/$3
  [ ! -L "$target" ] || target=$(readlink -f -- "$target") || fail no-directory
  [ ! -d "$target" ] || fail directory
  directory=${target%/*}/ part=${target%/*}/$1
}
make_part() {
  if [ ! -d "$directory" ]; then
    [ "$create" = 1 ] || fail no-directory
    mkdir -p -- "$directory" || fail denied
  fi
  [ "$overwrite" = 1 ] || [ ! -e "$target" ] || fail exists
  umask 077
  set -C
  true >"$part" || fail denied
  free=$(df -P -k -- "$directory" 2>/dev/null |
    { read -r line && read -r system blocks used free rest && echo "$free"; })
  case $free in
  '' | *[!0-9]*) ;;
  *) [ $((free * 1024)) -ge "$1" ] || { rm -f -- "$part" && fail space; } ;;
  esac
  if command -v b2sum >/dev/null; then hash=blake2b; else hash=sha256; fi
}
