#!/bin/sh
# `show`: the properties of units, one `Name=value` a line in an order of systemd's own, an empty line between units.
# $time is an option of systemctl or empty. Ends the process.
show() {
  exec systemctl show --property=Id,Names,Description,LoadState,ActiveState,SubState,UnitFileState --property=Type,Result,MainPID,ExecMainCode,ExecMainStatus,StateChangeTimestamp ${time:+"$time"} "$@"
}
