// What runs in a guest under systemd. Fixed texts for a POSIX shell; values come as positional parameters.
#pragma once

#include "guest/script_text.hpp"

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

/// $1 unit, $2 as above: `ExitStatus=N` of systemctl; `Unmet=condition` or `Unmet=assertion` when such a line of the
/// unit did not hold, so that nothing was started; the properties afterwards and, unless it runs now or has done its
/// work, `Journal:` and its last log lines. What systemctl prints goes to standard error. It is asked and answered in
/// one process of the agent: a second one would cost more than the start (0.3-0.4 s without KVM).
/// What did not hold tells no exit status: systemctl succeeds for a condition, and fails for an assertion as for much
/// else. A unit that failed before stays failed. It tells what did not hold as long as it is loaded; that is old news
/// where something else ended this start. One that nothing refers to may be unloaded at once; then the log tells how
/// the job ended, and that there was no invocation.
inline constexpr std::string_view start = "time=$2\n" VMMS_SYSTEMD_SHOW R"(
checks='--property=ConditionResult,ConditionTimestampMonotonic,AssertResult,AssertTimestampMonotonic'
newline='
'
last_job() {
  journalctl --sync 2>/dev/null
  journalctl --no-pager --quiet --output=export --lines=1 --boot _PID=1 "UNIT=$1" JOB_TYPE=start 2>/dev/null
}
systemctl --no-ask-password start -- "$1" >&2
status=$?
state=$(show "$checks" -- "$1" 2>/dev/null)
unmet=
case $newline$state$newline in
*"${newline}ActiveState=active$newline"* | *"${newline}ActiveState=reloading$newline"* | \
  *"${newline}ActiveState=activating$newline"* | *"${newline}Result=start-limit-hit$newline"*) ;;
*"${newline}ConditionTimestampMonotonic=0$newline"*)
  job=$newline$(last_job "$1")$newline
  case $job in
  *"${newline}JOB_RESULT=assert$newline"*) unmet=assertion ;;
  *"${newline}JOB_RESULT=done$newline"*)
    case $job in *"${newline}INVOCATION_ID=$newline"*) unmet=condition ;; esac ;;
  esac ;;
*"${newline}ConditionResult=no$newline"*) [ "$status" != 0 ] || unmet=condition ;;
*"${newline}AssertTimestampMonotonic=0$newline"*) ;;
*"${newline}AssertResult=no$newline"*) [ "$status" = 0 ] || unmet=assertion ;;
esac
printf 'ExitStatus=%s\n%s%s\n\n' "$status" "${unmet:+Unmet=$unmet$newline}" "$state"
case $status:$unmet:$state in
0::*ActiveState=active* | 0::*ActiveState=reloading*) exit ;;
0::*Type=oneshot*) case $state in *Result=success*) exit ;; esac ;;
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

// `states RELOADED`: whom to ask about and, from $units, how all loaded services are. What the host knows is read from
// descriptor 3. Process 1 tells the states of all in one answer, 0.2 s without KVM; a unit's properties take it 23 ms
// each there, so they are asked for only where the state is not the one that is known, or where they were read some
// time ago. A restart shows in the invocation, for which systemd keeps links (since 236); that it has read its files
// anew shows in the age of what it leaves in /run/systemd. Of awk's lists: `must` are the services that the host does
// not know, `changed` have another state, `aged` may have other properties.
inline constexpr std::string_view states_part = R"sh(
unit_directories='/etc/systemd/system.control /run/systemd/system.control /run/systemd/generator.early
  /etc/systemd/system /etc/systemd/system.attached /run/systemd/system /run/systemd/system.attached /run/systemd/generator
  /usr/local/lib/systemd/system /usr/lib/systemd/system /lib/systemd/system /run/systemd/generator.late'
states() {
  {
    echo =
    find -H /run/systemd /run/systemd/units $unit_directories -maxdepth 1 \( -path /run/systemd \
      -o -name systemd-units-load -o -name 'invocation:*.service' \) -printf '%f %T@ %l\n' \
      -o -type d -printf 'directory %C@ %p\n' 2>/dev/null
    printf '=\n%s\n' "$units"
  } | awk -v reloaded_before="$1" -- '
    $0 == "=" { ++part; next }
    NF == 0 { next }
    part == 0 { known[$1] = $2 " " $3 " " $4 " " $5; next }
    part == 1 && $1 == "directory" {
      if ($3 !~ "^/run/" || $3 ~ "^/run/systemd/(system|generator)") { ++directories; changes += $2 }
      next
    }
    part == 1 && /^invocation:/ { invocation[substr($1, 12)] = substr($3, 1, 8); next }
    part == 1 { if (!seen[$1]++) reloaded = reloaded $2; next }
    $1 !~ /[.]service$/ { sub(/^ *[^ ]+ +/, "") }
    {
      state = $2 " " $3 " " $4 " " ($1 in invocation ? invocation[$1] : "-")
      lines[++line_count] = $1 " " state
      if ($2 == "not-found") next
      loaded = loaded " " $1
      if (!($1 in known)) must = must " " $1
      else if (known[$1] != state) changed = changed " " $1
      else if (reloaded_before != reloaded) aged = aged " " $1
    }
    END {
      printf "%s\n%s%s\n%s\n%s\n", must, changed, aged, loaded, reloaded
      print directories ? directories ":" sprintf("%.3f", changes) : ""
      for (i = 1; i <= line_count; ++i) print lines[i]
    }' /proc/self/fd/3 -
}
)sh";

/// $1 the fingerprint of an earlier list or empty, $2 as above, $3 the `Reloaded` of that list, $4 any word, $5
/// `states` or `all` from one who polls, to whom little is shown again. With `states`, where a service is in another
/// state now or is loaded now, from the same files, and all takes long, the states alone are told. On standard input,
/// in the first line, services whose properties are to be read again, as many as there is time for, then a line for
/// each loaded service of that list, as they stand below `States:`. The answer consists of properties of services, with
/// an empty line behind each, and, after such a line, of
///   `Reloaded=…`
///   `After=N`       so many hundredths of a second after the script's beginning were the states that follow, taken for
///                   the middle of the asking
///   `States:`       and a line `NAME LOAD ACTIVE SUB INVOCATION` for each loaded service, an empty line; again at the
///                   end, when showing took a while
///   `Looked=`       and $4; not where the states alone are told
///   `Fingerprint=…` of all directories of unit files, and of the files, which are looked at where a directory changed
///                   or systemd has read its files anew
///   `UnitFiles=…`   the names of all files that define services; the others than the loaded ones are shown behind it.
///                   Or `unchanged`
///   `Ended=N`       the script's end, in the same hundredths of a second
/// Why not `systemctl list-unit-files`: it searches all links for each unit, measured at 6 s of process 1 for 110 units
/// without KVM. Showing a unit that is not loaded makes process 1 load it (0.1 s each there), so it is done only when a
/// file changed. Units in the transient directory are loaded as long as they matter.
inline constexpr std::string_view list_part = R"sh(
newline='
'
take_line() {
  line=${text%%"$newline"*}
  text=${text#*"$newline"}
}
hundredths() {
  read -r up rest </proc/uptime
  up=${up%.*}${up#*.}
}
show_some() {
  (show -- "$@") && echo
}
show_for_a_while() {
  hundredths
  limit=$((up + $1))
  shift
  while [ $# -gt 0 ] && [ $up -lt $limit ]; do
    some=
    count=0
    while [ $# -gt 0 ] && [ $count -lt 6 ]; do
      some="$some $1"
      count=$((count + 1))
      shift
    done
    show_some $some || return
    hundredths
  done
}
read_states() {
  hundredths
  asked=$up
  units=$(systemctl list-units --all --full --plain --no-legend --type=service) || return
  hundredths
  read_at=$(((asked + up) / 2))
  text=$(states "$1") || return
  take_line
  must=$line
  take_line
  changed=$line
  take_line
  loaded="$line "
  take_line
  reloaded=$line
  take_line
  directories=$line
  printf 'Reloaded=%s\nAfter=%s\nStates:\n%s\n\n' "$reloaded" $((read_at - begun)) "$text"
}
files() {
  set --
  for directory in $unit_directories; do
    [ -d "$directory" ] || continue
    [ "$directory" = /lib/systemd/system ] && [ -L /lib ] && continue
    set -- "$@" "$directory"
  done
  files=$(find -L "$@" -maxdepth 2 -printf '%p %C@ %s\n' 2>/dev/null) && printf %s "$files" | cksum
}
unit_files() {
  set +f
  for directory in $unit_directories; do
    [ "$directory" = /lib/systemd/system ] && [ -L /lib ] && continue
    for file in "$directory"/*.service; do
      name=${file##*/}
      case $name in
      -* | *@.service | *[!A-Za-z0-9:_.@\-]*) ;;
      *) printf '%s\n' "$name" ;;
      esac
    done
  done | sort -u
}
hundredths
begun=$up
read -r again
exec 3<&0
set -f
read_states "$3" || exit
hundredths
same_files=
[ "$directories" ] && [ "$directories" = "${1%% *}" ] && [ "$reloaded" = "$3" ] && same_files=yes
states_alone=
if [ "$5" = states ] && [ $((up - asked)) -ge 20 ]; then
  [ "$must" ] && [ "$same_files" ] && states_alone=yes must=
  [ "$changed" ] && states_alone=yes
fi
if [ -z "$states_alone" ]; then
  [ "$5" ] && limit=10 || limit=30
  show_for_a_while $limit $again || exit
  printf 'Looked=%s\n' "$4"
fi
fingerprint=$1 new_files=
if [ -z "$same_files" ]; then
  sum=$(files) || sum=
  [ "$sum" ] && [ "$sum" = "${1#* }" ] || new_files=yes
  fingerprint=${sum:+$directories $sum}
fi
[ -z "$must" ] || show_some $must || exit
[ "$states_alone" ] || show_for_a_while 30 $changed || exit
printf 'Fingerprint=%s\n' "$fingerprint"
if [ -z "$new_files" ]; then
  echo UnitFiles=unchanged
else
  names=$(unit_files)
  set --
  printf UnitFiles=
  for name in $names; do
    printf '%s ' "$name"
    case $loaded in
    *" $name "*) ;;
    *) set -- "$@" "$name" ;;
    esac
  done
  echo
  [ $# -eq 0 ] || show_some "$@" || exit
fi
hundredths
[ "$5" ] && limit=80 || limit=60
[ "$states_alone" ] || [ $((up - read_at)) -lt $limit ] || read_states "$reloaded"
hundredths
echo Ended=$((up - begun))
)sh";
inline constexpr std::string_view time_part = "time=$2\n" VMMS_SYSTEMD_SHOW;
inline constexpr std::string_view list = script_text<time_part, states_part, list_part>;

#undef VMMS_SYSTEMD_SHOW
#undef VMMS_SYSTEMD_JOURNAL

}  // namespace vmms::guest::systemd_scripts
