#!/usr/bin/env bash
# demo.sh BINARY: installs platformctl and does its main job for real: a
# PostgreSQL database for a team, from one command. It may be run again.
set -euo pipefail
cd "$(dirname "$0")/.."

echo "==> installing platformctl" >&2
platformctl=$(scripts/install.sh "$1")
resource=checkout-service-postgresql

# show prints a command as a person types it, then runs it.
show() {
  local line='$ platformctl' arg
  for arg; do
    case "$arg" in
      *[\ \$]*) line+=" '$arg'" ;;
      *) line+=" $arg" ;;
    esac
  done
  printf '\n%s\n' "$line"
  "$platformctl" "$@"
}

echo "==> a database from one command" >&2
show request database --type postgresql --tier production --team checkout-service --auto-approve

echo
echo "==> what there is now" >&2
show resource list
show catalog list

echo
echo "==> using it: the password goes into the command's environment, nowhere else" >&2
if command -v psql >/dev/null; then
  show resource run "$resource" -- psql -tAc 'select current_user'
else
  echo "    psql is not on this machine, so this only shows what a command is given"
  show resource run "$resource" -- sh -c 'echo "$PGUSER@$PGHOST:$PGPORT/$PGDATABASE"'
fi

echo
echo "==> where things stand" >&2
show status

cat <<END

The database stays up. What you can do with it:
  platformctl resource show $resource
  platformctl resource connect $resource
  platformctl local stop                 stops the server; the data stays
END
case ":$PATH:" in
  *":$(dirname "$platformctl"):"*) ;;
  *) printf 'platformctl is not on PATH yet; this line puts it there:\n  export PATH="%s:$PATH"\n' "$(dirname "$platformctl")" ;;
esac
