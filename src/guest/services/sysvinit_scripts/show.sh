#!/bin/sh
# $2 the root directory, empty but in tests. `show NAME`: how a service is. $able names the services whose scripts have
# the action `status`.
#
# Only the script itself knows its state: LSB's action `status` (0 runs, 1 and 2 dead though it should run, 3 stopped).
# A script that does not have the action is never called with it: what it would do is unknown. Then a pid file or Red
# Hat's lock file decides, else the state is unknown. A service starts with the guest when a runlevel that serves users,
# or the boot, has a start link to it. service(8) is for starting and stopping; for a status it would take longer than
# the script.
root=$2 scripts=$2/etc/init.d
patience=
timeout 5 true 2>/dev/null && patience='timeout 5'
limit=$patience
with_status='status[[:space:]]*[)|]|^status\(\)|init-d-script|rc\.status'
links=' '
for each in "$root"/etc/rc[S2345].d/S[0-9][0-9]* "$root"/etc/rc.d/rc[2345].d/S[0-9][0-9]*; do
  links="$links${each##*/S[0-9][0-9]} "
done
run() {
  if [ "$2" != status ] && command -v service >/dev/null 2>&1; then
    service "$1" "$2"
  else
    (cd / && exec $limit env -i PATH="$PATH" LC_ALL=C.UTF-8 "$scripts/$1" "$2")
  fi
}
find_state() {
  state=unknown process=0
  for each in "$root/run/$1.pid" "$root/run/$1/$1.pid" "$root/var/run/$1.pid"; do
    [ -r "$each" ] || continue
    { read -r process _ <"$each"; } 2>/dev/null
    case $process in '' | *[!0-9]*) process=0 ;; esac
    [ $process != 0 ] && [ -d "/proc/$process" ] && break
    process=0
  done
  case $able in
  *" $1 "*)
    said=$(run "$1" status 2>&1 </dev/null)
    case $?:$said in
    *[Uu]sage:*) ;;
    0:*) state=started ;;
    1:* | 2:*) state=crashed ;;
    3:*) state=stopped ;;
    esac ;;
  *)
    if [ $process != 0 ] || [ -e "$root/var/lock/subsys/$1" ]; then state=started; fi ;;
  esac
  [ $state = started ] || process=0
}
show() {
  [ -f "$scripts/$1" ] && [ -x "$scripts/$1" ] || {
    printf 'Name=%s\nState=none\n\n' "$1"
    return 1
  }
  find_state "$1"
  mode=disabled
  case $links in *" $1 "*) mode=enabled ;; esac
  printf 'Name=%s\nState=%s\nMode=%s\nProcess=%s\n\n' "$1" $state $mode $process
}
