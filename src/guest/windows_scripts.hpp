// What runs in a guest under Windows: fixed texts for Windows PowerShell 3 and newer, in ASCII. Values come as lines of
// base64 on standard input, the script's name first. Not tried on a live Windows.
#pragma once

#include <string_view>

namespace vmms::guest::windows_scripts {

// Win32_Service gives what the service control manager knows, in words that no language changes. A name is looked for
// among all services, since WQL would take it as part of a query's text.
#define VMMS_WINDOWS_COMMON                                                                                            \
  "$ErrorActionPreference = 'Stop'\n"                                                                                  \
  "$ProgressPreference = 'SilentlyContinue'\n"                                                                         \
  "$utf8 = New-Object System.Text.UTF8Encoding $false\n"                                                               \
  "[Console]::OutputEncoding = $utf8\n"                                                                                \
  "$values = @()\n"                                                                                                    \
  "while ($null -ne ($line = [Console]::In.ReadLine())) {\n"                                                           \
  "  $values += $utf8.GetString([Convert]::FromBase64String($line.Trim()))\n"                                          \
  "}\n"                                                                                                                \
  "function Show($s) {\n"                                                                                              \
  "  foreach ($p in 'Name', 'State', 'StartMode', 'ServiceType', 'ProcessId', 'ExitCode', 'ServiceSpecificExitCode', " \
  "'DisplayName', 'Description') {\n"                                                                                  \
  "    [Console]::Out.Write($p + '=' + (([string]$s.$p) -replace '[\\r\\n]+', ' ') + \"`n\")\n"                        \
  "  }\n"                                                                                                              \
  "  [Console]::Out.Write(\"`n\")\n"                                                                                   \
  "}\n"                                                                                                                \
  "function Find($name) { Get-CimInstance Win32_Service | Where-Object { $_.Name -eq $name } }\n"                      \
  "function State($name) {\n"                                                                                          \
  "  $s = Find $name\n"                                                                                                \
  "  if ($s) { Show $s } else { [Console]::Out.Write(\"State=None`n`n\") }\n"                                          \
  "}\n"

// Start and Stop of a ServiceController return when the service control manager has taken the request (START_PENDING);
// so its state is polled. Error 1056 is "runs already", 1062 "is not started".
#define VMMS_WINDOWS_ACT                                                                                              \
  "Add-Type -AssemblyName System.ServiceProcess\n"                                                                    \
  "$code = 0\n"                                                                                                       \
  "function Act($name, [scriptblock]$do) {\n"                                                                         \
  "  $c = New-Object System.ServiceProcess.ServiceController $name\n"                                                 \
  "  try { & $do $c } catch {\n"                                                                                      \
  "    $e = $_.Exception\n"                                                                                           \
  "    while ($e.InnerException) { $e = $e.InnerException }\n"                                                        \
  "    $script:code = if ($e.NativeErrorCode) { $e.NativeErrorCode } else { 1 }\n"                                    \
  "    if (1056, 1062 -contains $script:code) { $script:code = 0 } else { [Console]::Error.WriteLine($e.Message) }\n" \
  "  }\n"                                                                                                             \
  "  for ($i = 0; $i -lt 6000; $i++) {\n"                                                                             \
  "    $c.Refresh()\n"                                                                                                \
  "    if ([string]$c.Status -notlike '*Pending') { break }\n"                                                        \
  "    Start-Sleep -Milliseconds 100\n"                                                                               \
  "  }\n"                                                                                                             \
  "}\n"                                                                                                               \
  "function Answer($name) {\n"                                                                                        \
  "  [Console]::Out.Write(\"ExitStatus=$code`n\")\n"                                                                  \
  "  State $name\n"                                                                                                   \
  "}\n"                                                                                                               \
  "function Logged($s) {\n"                                                                                           \
  "  [Console]::Out.Write(\"Log:`n\")\n"                                                                              \
  "  Get-WinEvent -ErrorAction SilentlyContinue -MaxEvents 50 -FilterHashtable "                                      \
  "@{LogName = 'System'; ProviderName = 'Service Control Manager'} |\n"                                               \
  "    Where-Object { $_.Message -and $_.Message.Contains($s.DisplayName) } | Select-Object -First 5 |\n"             \
  "    ForEach-Object { [Console]::Out.Write(($_.Message -replace '[\\r\\n]+', ' ') + \"`n\") }\n"                    \
  "}\n"                                                                                                               \
  "$name = $values[1]\n"                                                                                              \
  "$before = Find $name\n"                                                                                            \
  "if (-not $before) { Answer $name; exit 0 }\n"                                                                      \
  "$name = $before.Name\n"

inline constexpr std::string_view discovery =
    "[Console]::Out.Write(\"Manager=windows`nVersion=\" + $PSVersionTable.PSVersion + \"`n\")\n";

inline constexpr std::string_view list = VMMS_WINDOWS_COMMON
    "Get-CimInstance Win32_Service | ForEach-Object { Show $_ }\n"
    "[Console]::Out.Write(\"End`n\")\n";

inline constexpr std::string_view state = VMMS_WINDOWS_COMMON "State $values[1]\n";

/// `ExitStatus=N`, a Win32 error; the state afterwards; and the service control manager's last events when it failed.
inline constexpr std::string_view start = VMMS_WINDOWS_COMMON VMMS_WINDOWS_ACT
    "Act $name { param($c) if ([string]$c.Status -ne 'Running') { $c.Start() } }\n"
    "Answer $name\n"
    "if ($code -ne 0 -or (Find $name).State -ne 'Running') { Logged $before }\n";

inline constexpr std::string_view stop = VMMS_WINDOWS_COMMON VMMS_WINDOWS_ACT
    "Act $name { param($c) if ([string]$c.Status -ne 'Stopped') { $c.Stop() } }\n"
    "Answer $name\n"
    "if ($code -ne 0 -or (Find $name).State -ne 'Stopped') { Logged $before }\n";

/// The second value: auto, demand or disabled.
inline constexpr std::string_view mode = VMMS_WINDOWS_COMMON VMMS_WINDOWS_ACT
    "$said = & sc.exe config $name start= $values[2]\n"
    "$code = $LASTEXITCODE\n"
    "if ($code -ne 0) { [Console]::Error.WriteLine(($said -join ' ').Trim()) }\n"
    "Answer $name\n";

#undef VMMS_WINDOWS_COMMON
#undef VMMS_WINDOWS_ACT

}  // namespace vmms::guest::windows_scripts
