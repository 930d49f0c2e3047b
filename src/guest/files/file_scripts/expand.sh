#!/bin/sh
# `expand TEXT`: REPLY is TEXT with $NAME and ${NAME} replaced by the variables of the guest's agent. What is not set
# stays as it is written. A service has no HOME and no TMPDIR, so these have the values that a login would give.
variable() {
  REPLY=$(tr '\0' '\n' <"/proc/$PPID/environ" 2>/dev/null | sed -n "s/^$1=//p" | head -n 1)
  [ -z "$REPLY" ] || return 0
  case $1 in
  HOME) REPLY=$(sed -n "s/^[^:]*:[^:]*:$(id -u):[^:]*:[^:]*:\([^:]*\):.*/\1/p" /etc/passwd | head -n 1) ;;
  TMPDIR | TEMP | TMP) REPLY=/tmp ;;
  esac
  [ "$REPLY" ]
}
expand() {
  rest=$1 expanded=
  while :; do
    case $rest in *'$'*) ;; *) break ;; esac
    expanded=$expanded${rest%%\$*} rest=${rest#*\$}
    case $rest in
    '{'*'}'*) name=${rest#?} name=${name%%\}*} after=${rest#*\}} ;;
    *) name=${rest%%[!A-Za-z0-9_]*} after=${rest#"$name"} ;;
    esac
    case $name in '' | [0-9]* | *[!A-Za-z0-9_]*) expanded=$expanded\$ && continue ;; esac
    if variable "$name"; then expanded=$expanded$REPLY rest=$after; else expanded=$expanded\$; fi
  done
  REPLY=$expanded$rest
}
