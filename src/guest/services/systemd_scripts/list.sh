#!/bin/sh
# $1 the fingerprint of an earlier list or empty, $2 an option of systemctl or empty, $3 the `Reloaded` of that list, $4
# any word, $5 `states` or `all` from a caller that polls, for which little is shown again. With `states`, where a
# service is in another state now or is loaded now, from the same files, and all takes long, the states alone are
# printed. On standard input, in the first line, services whose properties are to be read again, as many as there is
# time for, then a line for each loaded service of that list, as they stand below `States:`. The answer consists of
# properties of services, with an empty line behind each, and, after such a line, of the following.
#
#   `Reloaded=...`
#   `After=N`        so many hundredths of a second after the script's beginning were the states that follow, taken for
#                    the middle of the asking
#   `States:`        and a line `NAME LOAD ACTIVE SUB INVOCATION` for each loaded service, an empty line; again at the
#                    end, when showing took a while
#   `Looked=`        and $4; not where the states alone are printed
#   `Fingerprint=`   of all directories of unit files, and of the files, which are looked at where a directory changed
#                    or systemd has read its files again
#   `UnitFiles=`     the names of all files that define services; the others than the loaded ones are shown behind it.
#                    Or `unchanged`
#   `Ended=N`        the script's end, in the same hundredths of a second
#
# Why not `systemctl list-unit-files`: it searches all links for each unit, measured at 6 s of process 1 for 110 units
# without KVM. Showing a unit that is not loaded makes process 1 load it (0.1 s each there), so it is done only when a
# file changed. Units in the transient directory are loaded as long as they matter.
time=$2
. ./show.sh
. ./states.sh

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
      -* | *@.service | *[!A-Za-z0-9:_.@-]*) ;;
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
