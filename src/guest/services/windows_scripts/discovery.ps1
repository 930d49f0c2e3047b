# What says that this is Windows PowerShell.
[Console]::Out.Write("Manager=windows`nVersion=" + $PSVersionTable.PSVersion + "`n")
