# Start and Stop of a ServiceController return when the service control manager has taken the request (START_PENDING);
# so its state is polled. Error 1056 is "runs already", 1062 "is not started".
Add-Type -AssemblyName System.ServiceProcess
$code = 0
function Act($name, [scriptblock]$do) {
  $c = New-Object System.ServiceProcess.ServiceController $name
  try { & $do $c } catch {
    $e = $_.Exception
    while ($e.InnerException) { $e = $e.InnerException }
    $script:code = if ($e.NativeErrorCode) { $e.NativeErrorCode } else { 1 }
    if (1056, 1062 -contains $script:code) { $script:code = 0 } else { [Console]::Error.WriteLine($e.Message) }
  }
  for ($i = 0; $i -lt 6000; $i++) {
    $c.Refresh()
    if ([string]$c.Status -notlike '*Pending') { break }
    Start-Sleep -Milliseconds 100
  }
}
function Answer($name) {
  [Console]::Out.Write("ExitStatus=$code`n")
  State $name
}
function Logged($s) {
  [Console]::Out.Write("Log:`n")
  Get-WinEvent -ErrorAction SilentlyContinue -MaxEvents 50 -FilterHashtable @{LogName = 'System'; ProviderName = 'Service Control Manager'} |
    Where-Object { $_.Message -and $_.Message.Contains($s.DisplayName) } | Select-Object -First 5 |
    ForEach-Object { [Console]::Out.Write(($_.Message -replace '[\r\n]+', ' ') + "`n") }
}
$name = $values[1]
$before = Find $name
if (-not $before) { Answer $name; exit 0 }
$name = $before.Name
