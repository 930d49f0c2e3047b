// What runs in a guest under OpenRC. Fixed texts for a POSIX shell (Alpine's is busybox); values come as positional
// parameters: $1 the service, $2 the root directory, empty but in tests.
#pragma once

#include "guest/script_text.hpp"

#include <string_view>

namespace vmms::guest::openrc_scripts {

// OpenRC keeps its state as directories of links, one a state, which `rc-service status` reads as well; so a list of
// all services needs no process a service. A service whose daemon is gone is still among the started ones: its pid file
// tells, the one that OpenRC noted or, where start-stop-daemon is Debian's and OpenRC notes none, /run/NAME.pid.
inline constexpr std::string_view show_part = R"sh(
root=$2 svcdir=$2/run/openrc
[ -d "$svcdir" ] || svcdir=$root/lib/rc/init.d
enabled() {
  for link in "$root"/etc/runlevels/*/"$1"; do
    { [ -e "$link" ] || [ -L "$link" ]; } && return
  done
  return 1
}
read_process() {
  [ -e "$1" ] || [ "$2" ] || return 0
  process=0
  { read -r process _ <"$1"; } 2>/dev/null
  case $process in '' | *[!0-9]*) process=0 ;; esac
  [ $process != 0 ] && [ -d "/proc/$process" ] || state=crashed process=0
}
find_state() {
  state=stopped process=0
  for each in stopping starting inactive started scheduled failed; do
    { [ -e "$svcdir/$each/$1" ] || [ -L "$svcdir/$each/$1" ]; } && state=$each && break
  done
  [ $state = started ] || return 0
  noted=
  for each in "$svcdir/daemons/$1"/*; do
    [ -f "$each" ] || continue
    noted=1
    while IFS='=' read -r key value; do
      [ "$key" != pidfile ] || [ -z "$value" ] || read_process "$value" must
    done <"$each"
  done
  [ "$noted" ] || read_process "$root/run/$1.pid" ''
}
show() {
  [ -f "$root/etc/init.d/$1" ] && [ -x "$root/etc/init.d/$1" ] || {
    printf 'Name=%s\nState=none\n\n' "$1"
    return 1
  }
  find_state "$1"
  mode=disabled
  enabled "$1" && mode=enabled
  printf 'Name=%s\nState=%s\nMode=%s\nProcess=%s\n\n' "$1" $state $mode $process
}
)sh";

// A daemon may keep the output that it was started with open, and the agent waits for its end: so it goes to a file.
inline constexpr std::string_view act_part = R"sh(
[ -x "$root/etc/init.d/$1" ] || { echo ExitStatus=0; show "$1"; exit 0; }
said=$(mktemp) || said=/dev/null
trap '[ $said = /dev/null ] || rm -f $said' EXIT
act() {
  "$@" >$said 2>&1 </dev/null
  status=$?
  tail -n 20 $said >&2
}
answer() {
  echo ExitStatus=$status
  show "$1"
}
)sh";

/// The state of one service.
inline constexpr std::string_view state_part = R"sh(
show "$1"
exit 0
)sh";
inline constexpr std::string_view state = script_text<show_part, state_part>;

/// `ExitStatus=N` of rc-service, the state afterwards, and the last log lines unless it runs now.
inline constexpr std::string_view start_part = R"sh(
act rc-service --nocolor "$1" start
answer "$1"
[ $status = 0 ] && [ $state = started ] || logged "$1"
)sh";
inline constexpr std::string_view start = script_text<show_part, act_part, logged_part, start_part>;

inline constexpr std::string_view stop_part = R"sh(
act rc-service --nocolor "$1" stop
answer "$1"
[ $status = 0 ] && [ $state = stopped ] || logged "$1"
)sh";
inline constexpr std::string_view stop = script_text<show_part, act_part, logged_part, stop_part>;

/// $3: on or off.
inline constexpr std::string_view mode_part = R"sh(
status=0
case $3 in
on) enabled "$1" || act rc-update add "$1" default ;;
*)
  for each in "$root"/etc/runlevels/*/"$1"; do
    [ -e "$each" ] || [ -L "$each" ] || continue
    each=${each%/*}
    act rc-update del "$1" "${each##*/}"
    [ $status = 0 ] || break
  done ;;
esac
answer "$1"
)sh";
inline constexpr std::string_view mode = script_text<show_part, act_part, logged_part, mode_part>;

/// The state of all services; then `Text=` lines with what grep finds of their descriptions, and `End`. Files
/// that are part of init itself are no services.
inline constexpr std::string_view list_part = R"sh(
cd "$root/etc/init.d" || exit
set --
for name in *; do
  case $name in
  *.sh | -* | *[!A-Za-z0-9_.+@:-]* | *.dpkg-* | *.apk-new | rc | rcS | README | halt | reboot | single | killprocs | \
    sendsigs | umountfs | umountroot) continue ;;
  esac
  [ -f "$name" ] && [ -x "$name" ] || continue
  set -- "$@" "$name"
  show "$name"
done
[ $# -eq 0 ] || grep -E -H -m 1 '^description=|^# Short-Description:' -- "$@" | sed 's/^/Text=/'
echo End
)sh";
inline constexpr std::string_view list = script_text<show_part, list_part>;

}  // namespace vmms::guest::openrc_scripts
