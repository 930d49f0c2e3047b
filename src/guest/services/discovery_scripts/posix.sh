#!/bin/sh
# `Init=` the name of process 1, `Context=` SELinux's of the agent where it enforces, `Manager=` the service manager
# whose directory is there, and what systemd says of itself.
#
# systemd makes /run/systemd/system before it starts anything (sd_booted(3)); that it is there does not mean that
# systemctl is, or gets an answer.
read -r init </proc/1/comm
echo "Init=$init"
enforce=0
{ read -r enforce </sys/fs/selinux/enforce; } 2>/dev/null
[ "$enforce" != 1 ] || echo "Context=$(tr -d '\000' </proc/$$/attr/current)"
if [ -d /run/systemd/system ]; then
  echo Manager=systemd
  systemctl show --property=Version --property=SystemState
  exit
fi
if [ -d /run/openrc ] || [ -d /lib/rc/init.d ] && command -v rc-service >/dev/null; then
  echo Manager=openrc
  exit
fi
[ "$init" = init ] && for each in /etc/rc[235].d /etc/rc.d/rc[235].d; do
  [ -d /etc/init.d ] && [ -d "$each" ] && echo Manager=sysvinit && exit
done
exit 0
