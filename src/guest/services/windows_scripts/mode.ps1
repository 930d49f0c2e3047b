# The values: a service; auto, demand or disabled.
. ./common.ps1
. ./act.ps1
$said = & sc.exe config $name start= $values[2]
$code = $LASTEXITCODE
if ($code -ne 0) { [Console]::Error.WriteLine(($said -join ' ').Trim()) }
Answer $name
