# The first value: a service. `ExitStatus=N`, a Win32 error; the state afterwards; and the service control manager's
# last events when it failed.
. ./common.ps1
. ./act.ps1
Act $name { param($c) if ([string]$c.Status -ne 'Running') { $c.Start() } }
Answer $name
if ($code -ne 0 -or (Find $name).State -ne 'Running') { Logged $before }
