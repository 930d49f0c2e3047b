#!/bin/sh
# Whether the script of the service $1 has the action `status`, for show.sh.
able=" $(cd "$scripts" && grep -lE "$with_status" -- "$1" 2>/dev/null) "
