#!/bin/sh
# `states RELOADED`: which services to ask about and, from $units, the states of all loaded services. What the host
# knows is read from descriptor 3.
#
# Process 1 reports the states of all in one answer, 0.2 s without KVM; a unit's properties take it 23 ms each there, so
# they are asked for only where the state is not the one that is known, or where they were read some time ago. A restart
# shows in the invocation, for which systemd keeps links (since 236); that it has read its files again shows in the age
# of what it leaves in /run/systemd. Of awk's lists: `must` are the services that the host does not know, `changed` have
# another state, `aged` may have other properties.
unit_directories='/etc/systemd/system.control /run/systemd/system.control /run/systemd/generator.early
  /etc/systemd/system /etc/systemd/system.attached /run/systemd/system /run/systemd/system.attached /run/systemd/generator
  /usr/local/lib/systemd/system /usr/lib/systemd/system /lib/systemd/system /run/systemd/generator.late'
states() {
  {
    echo "="
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
