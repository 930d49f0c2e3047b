# Values come as lines of base64 on standard input, the script's name first.
#
# Win32_Service gives what the service control manager knows, in words that no language changes. A name is looked for
# among all services, since WQL would take it as part of a query's text.
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$utf8 = New-Object System.Text.UTF8Encoding $false
[Console]::OutputEncoding = $utf8
$values = @()
while ($null -ne ($line = [Console]::In.ReadLine())) {
  $values += $utf8.GetString([Convert]::FromBase64String($line.Trim()))
}
function Show($s) {
  foreach ($p in 'Name', 'State', 'StartMode', 'ServiceType', 'ProcessId', 'ExitCode', 'ServiceSpecificExitCode', 'DisplayName', 'Description') {
    [Console]::Out.Write($p + '=' + (([string]$s.$p) -replace '[\r\n]+', ' ') + "`n")
  }
  [Console]::Out.Write("`n")
}
function Find($name) { Get-CimInstance Win32_Service | Where-Object { $_.Name -eq $name } }
function State($name) {
  $s = Find $name
  if ($s) { Show $s } else { [Console]::Out.Write("State=None`n`n") }
}
