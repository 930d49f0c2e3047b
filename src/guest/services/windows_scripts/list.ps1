# All services, and `End`.
. ./common.ps1

Get-CimInstance Win32_Service | ForEach-Object { Show $_ }
[Console]::Out.Write("End`n")
