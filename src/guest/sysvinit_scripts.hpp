// What runs in a guest under SysV init. Fixed texts for a POSIX shell; values come as positional parameters: $1 the
// service, $2 the root directory, empty but in tests.
#pragma once

#include "guest/script_text.hpp"

#include <string_view>

namespace vmms::guest::sysvinit_scripts {

// Only the script itself knows its state: LSB's action `status` (0 runs, 1 and 2 dead though it should run, 3 stopped).
// A script that does not have the action is never given it: what it would do is anybody's guess. Then a pid file or
// Red Hat's lock file tells, else the state is unknown. A service starts with the guest when a runlevel that serves
// users, or the boot, has a start link to it.
// service(8) is for starting and stopping; for a status it would take longer than the script.
inline constexpr std::string_view show_part = R"sh(
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
)sh";

inline constexpr std::string_view one_part = R"sh(
able=" $(cd "$scripts" && grep -lE "$with_status" -- "$1" 2>/dev/null) "
)sh";

// A daemon may keep the output that it was started with open, and the agent waits for its end: so it goes to a file.
inline constexpr std::string_view act_part = R"sh(
[ -x "$scripts/$1" ] || { echo ExitStatus=0; show "$1"; exit 0; }
file=$(mktemp) || file=/dev/null
trap '[ $file = /dev/null ] || rm -f $file' EXIT
act() {
  "$@" >$file 2>&1 </dev/null
  status=$?
  tail -n 20 $file >&2
}
answer() {
  limit=$patience
  echo ExitStatus=$status
  show "$1"
}
)sh";

/// The state of one service.
inline constexpr std::string_view state_part = R"sh(
show "$1"
exit 0
)sh";
inline constexpr std::string_view state = script_text<show_part, one_part, state_part>;

/// `ExitStatus=N` of the script, the state afterwards, and the last log lines when it failed.
inline constexpr std::string_view start_part = R"sh(
limit=
act run "$1" start
answer "$1"
case $status:$state in
0:started | 0:unknown) ;;
*) logged "$1" ;;
esac
)sh";
inline constexpr std::string_view start = script_text<show_part, one_part, act_part, logged_part, start_part>;

inline constexpr std::string_view stop_part = R"sh(
limit=
act run "$1" stop
answer "$1"
case $status:$state in
0:stopped | 0:unknown) ;;
*) logged "$1" ;;
esac
)sh";
inline constexpr std::string_view stop = script_text<show_part, one_part, act_part, logged_part, stop_part>;

/// $3: on or off. By the tool that the distribution has: Debian's update-rc.d, Red Hat's chkconfig, or insserv alone.
inline constexpr std::string_view mode_part = R"sh(
status=0
has() { command -v "$1" >/dev/null 2>&1; }
case $links in
*" $1 "*) now=on ;;
*) now=off ;;
esac
if [ $now != "$3" ]; then
  if has update-rc.d; then
    if [ "$3" = on ]; then
      act update-rc.d "$1" defaults
      [ $status != 0 ] || act update-rc.d "$1" enable
    else
      act update-rc.d "$1" disable
    fi
  elif has chkconfig; then
    act chkconfig "$1" "$3"
  elif has insserv; then
    if [ "$3" = on ]; then act insserv "$1"; else act insserv -r "$1"; fi
  else
    status=127
    echo "none of update-rc.d, chkconfig and insserv is in the guest" >&2
  fi
fi
links=' '
for each in "$root"/etc/rc[S2345].d/S[0-9][0-9]* "$root"/etc/rc.d/rc[2345].d/S[0-9][0-9]*; do
  links="$links${each##*/S[0-9][0-9]} "
done
answer "$1"
)sh";
inline constexpr std::string_view mode = script_text<show_part, one_part, act_part, logged_part, mode_part>;

/// The state of all services; then `Text=` lines with what grep finds of their descriptions, and `End`. Files that are
/// part of init itself are no services.
inline constexpr std::string_view list_part = R"sh(
cd "$scripts" || exit
set --
for name in *; do
  case $name in
  *.sh | -* | *[!A-Za-z0-9_.+@:-]* | *.dpkg-* | *.rpm* | *~ | rc | rcS | functions | skeleton | killprocs | single | \
    halt | reboot | sendsigs | umountfs | umountroot | umountnfs | README | README.*) continue ;;
  esac
  [ -f "$name" ] && [ -x "$name" ] && set -- "$@" "$name"
done
[ $# -eq 0 ] || able=" $(grep -lE "$with_status" -- "$@" | tr '\n' ' ')"
for name; do show "$name"; done
[ $# -eq 0 ] || grep -E -H -m 1 '^# Short-Description:' -- "$@" | sed 's/^/Text=/'
echo End
)sh";
inline constexpr std::string_view list = script_text<show_part, list_part>;

}  // namespace vmms::guest::sysvinit_scripts
