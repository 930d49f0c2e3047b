# The first value: a service. Its state.
. ./common.ps1

State $values[1]
