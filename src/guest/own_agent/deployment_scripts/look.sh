#!/bin/sh
# $1 SHA-256 of the program: a directory of root's in which programs can be executed, and whether the program is there.
for directory in /run/vmms /var/lib/vmms /tmp/vmms; do
# shellcheck disable=SC2174  # the parents are there
  mkdir -p -m 700 "$directory" 2>/dev/null && [ -O "$directory" ] && [ ! -L "$directory" ] || continue
  try=$directory/try
  printf '#!/bin/sh\nexit 0\n' >"$try" 2>/dev/null && chmod 700 "$try" && "$try" 2>/dev/null || { rm -f "$try"; continue; }
  rm -f "$try"
  echo "Directory=$directory"
  sum=$(sha256sum "$directory/vmms-agent" 2>/dev/null)
  [ "${sum%% *}" = "$1" ] && echo Present=yes
  exit 0
done
echo "no directory for programs: /run, /var/lib and /tmp are not writable or noexec" >&2
exit 1
