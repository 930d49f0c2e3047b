#!/bin/sh
# Writes to $3 the blocks of the language $2 in the page $1, with the example's classes in a namespace of their own.
set -eu
sed -n "/^\`\`\`$2\$/,/^\`\`\`\$/{/^\`\`\`/d;p;}" "$1" |
  sed 's|schema/Vmms_|schema/example/Vmms_|; s|schema::vmms::|schema::example::vmms::|g' >"$3"
