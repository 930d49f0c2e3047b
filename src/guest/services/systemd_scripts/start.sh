#!/bin/sh
# $1 unit, $2 an option of systemctl or empty: `ExitStatus=N` of systemctl; `Unmet=condition` or `Unmet=assertion` when
# such a line of the unit did not hold, so that nothing was started; the properties afterwards and, unless it runs now
# or has done its work, `Journal:` and its last log lines. What systemctl prints goes to standard error.
#
# It is asked and answered in one process of the agent: a second one would cost more than the start (0.3-0.4 s without
# KVM). The exit status does not say what did not hold: systemctl succeeds for a condition, and fails for an assertion
# as for much else. A unit that failed before stays failed. It shows what did not hold as long as it is loaded; that is
# outdated where something else ended this start. One that nothing refers to may be unloaded at once; then the log shows
# how the job ended, and that there was no invocation.
time=$2
. ./show.sh

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
. ./journal.sh
