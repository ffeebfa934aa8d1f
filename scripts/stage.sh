#!/usr/bin/env bash
# stage.sh TEXT COMMAND...: says what is done, does it, says how long it took.
# Both lines go to stderr, so that stdout is the command's alone.
set -uo pipefail
text=$1
shift
echo "==> $text" >&2
SECONDS=0
"$@"
code=$?
if [ "$code" -eq 0 ]; then
  echo "    done in $SECONDS s" >&2
else
  echo "==> failed after $SECONDS s (exit $code): $text" >&2
fi
exit "$code"
