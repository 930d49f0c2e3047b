// What runs in a guest under systemd. Fixed texts for a POSIX shell; values come as positional parameters.
#pragma once

#include <string_view>

namespace vmms::guest::systemd_scripts {

// Every answer has these properties, one `Name=value` a line, in an order of systemd's own. `show` is the shell
// function.
#define VMMS_SYSTEMD_SHOW                                                                                       \
  "show() {\n"                                                                                                  \
  "  exec systemctl show --property=Id,Names,Description,LoadState,ActiveState,SubState,UnitFileState "         \
  "--property=Type,Result,MainPID,ExecMainCode,ExecMainStatus,StateChangeTimestamp ${time:+\"$time\"} \"$@\"\n" \
  "}\n"

#define VMMS_SYSTEMD_JOURNAL        \
  "echo Journal:\n"                 \
  "journalctl --sync 2>/dev/null\n" \
  "journalctl --no-pager --quiet --output=cat --lines=5 --unit=\"$1\" 2>/dev/null\n"

/// $1 unit, $2 an option of systemctl or empty: its properties.
inline constexpr std::string_view state = "time=$2\n" VMMS_SYSTEMD_SHOW "show -- \"$1\"\n";

/// $1 unit, $2 as above: `ExitStatus=N` of systemctl, the properties afterwards and, unless it runs now or has done
/// its work, `Journal:` and its last log lines. What systemctl prints goes to standard error. It is asked and answered
/// in one process of the agent: a second one would cost more than the start (0.3-0.4 s without KVM).
inline constexpr std::string_view start = "time=$2\n" VMMS_SYSTEMD_SHOW R"(
systemctl --no-ask-password start -- "$1" >&2
status=$?
state=$(show -- "$1" 2>/dev/null)
printf 'ExitStatus=%s\n%s\n\n' "$status" "$state"
case $status:$state in
0:*ActiveState=active* | 0:*ActiveState=reloading*) exit ;;
0:*Type=oneshot*) case $state in *Result=success*) exit ;; esac ;;
esac
)" VMMS_SYSTEMD_JOURNAL;

/// As `start`; the log lines when it did not stop, or not in peace.
inline constexpr std::string_view stop = "time=$2\n" VMMS_SYSTEMD_SHOW R"(
systemctl --no-ask-password stop -- "$1" >&2
status=$?
state=$(show -- "$1" 2>/dev/null)
printf 'ExitStatus=%s\n%s\n\n' "$status" "$state"
case $status:$state in
0:*ActiveState=inactive*) exit ;;
esac
)" VMMS_SYSTEMD_JOURNAL;

/// $1 and $2 as above, $3 what systemctl does: enable, disable or mask. The unit is unmasked first where it must be;
/// what that fails with is the answer. Each systemctl lets process 1 read all units anew, so none is run in vain.
inline constexpr std::string_view mode = "time=$2\n" VMMS_SYSTEMD_SHOW R"(
state=$(show -- "$1" 2>/dev/null)
status=0
case $3:$state in
mask:*) ;;
*UnitFileState=masked*) systemctl --no-ask-password unmask -- "$1" >&2 || status=$? ;;
esac
[ $status != 0 ] || systemctl --no-ask-password "$3" -- "$1" >&2 || status=$?
state=$(show -- "$1" 2>/dev/null)
printf 'ExitStatus=%s\n%s\n\n' "$status" "$state"
)";

/// $1 the fingerprint of an earlier list or empty, $2 as above: `Fingerprint=…`, the properties of each loaded service
/// with empty lines between, then either `UnitFiles=unchanged`, or `UnitFiles=` with the names of all files that define
/// services and the properties of those that are not loaded.
/// Why not `systemctl list-unit-files`: it searches all links for each unit, measured at 6 s of process 1 for 110 units
/// without KVM. Showing a unit that is not loaded makes process 1 load it (0.1 s each there), so it is done only when a
/// file changed. Units in the transient and generated directories are loaded as long as they matter.
inline constexpr std::string_view list = "known=$1\ntime=$2\n" VMMS_SYSTEMD_SHOW R"(
set --
for directory in /etc/systemd/system.control /run/systemd/system.control /run/systemd/generator.early \
  /etc/systemd/system /etc/systemd/system.attached /run/systemd/system /run/systemd/system.attached \
  /run/systemd/generator /usr/local/lib/systemd/system /usr/lib/systemd/system /lib/systemd/system \
  /run/systemd/generator.late; do
  [ -d "$directory" ] || continue
  [ "$directory" = /lib/systemd/system ] && [ -L /lib ] && continue
  set -- "$@" "$directory"
done
files=$(find -L "$@" -maxdepth 2 -printf '%p %C@ %s\n' 2>/dev/null) && sum=$(printf %s "$files" | cksum) || sum=
echo "Fingerprint=$sum"
loaded=$(show --all '*.service') || exit
printf '%s\n\n' "$loaded"
if [ "$sum" ] && [ "$sum" = "$known" ]; then
  echo UnitFiles=unchanged
  exit
fi
names=$(
  for directory; do
    for file in "$directory"/*.service; do
      name=${file##*/}
      case $name in
      -* | *@.service | *[!A-Za-z0-9:_.@\\-]*) ;;
      *) printf '%s\n' "$name" ;;
      esac
    done
  done | sort -u
)
set -f
loaded_names=" $(printf '%s\n' "$loaded" | sed -n 's/^Names=//p' | tr '\n' ' ') "
set --
printf UnitFiles=
for name in $names; do
  printf '%s ' "$name"
  case $loaded_names in
  *" $name "*) ;;
  *) set -- "$@" "$name" ;;
  esac
done
echo
[ $# -eq 0 ] || show -- "$@"
)";

#undef VMMS_SYSTEMD_SHOW
#undef VMMS_SYSTEMD_JOURNAL

}  // namespace vmms::guest::systemd_scripts
