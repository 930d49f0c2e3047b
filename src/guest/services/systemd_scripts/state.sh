#!/bin/sh
# $1 unit, $2 an option of systemctl or empty: its properties.
time=$2
. ./show.sh

show -- "$1"
