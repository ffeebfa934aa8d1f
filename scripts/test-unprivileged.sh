#!/usr/bin/env bash
# test-unprivileged.sh TOOLS: as root, runs the stories of the local target again
# as user nobody and prints test events as JSON. What that user needs is copied
# to a directory of its own, for the repository, and the TOOLS directory, may lie
# below a home that others cannot enter. Nothing else on the system is touched.
set -euo pipefail
tools=$1
cd "$(dirname "$0")/.."

if ! command -v setpriv >/dev/null; then
  echo "error: setpriv is needed to become another user (Debian: package util-linux)" >&2
  exit 1
fi
uid=$(id -u nobody)
gid=$(id -g nobody)

dir=$(mktemp -d /tmp/platformctl-nobody.XXXXXX)

# stop_left ends the processes that work in $dir, and fails when there are any:
# stories stop what they start.
stop_left() {
  local process cwd left=0
  for process in /proc/[0-9]*; do
    cwd=$(readlink "$process/cwd" 2>/dev/null) || continue
    [[ $cwd == "$dir"/* ]] || continue
    echo "error: a story left process ${process#/proc/} running in $cwd" >&2
    kill -QUIT "${process#/proc/}" 2>/dev/null || true
    left=1
  done
  return "$left"
}

finish() {
  local code=$?
  cd /
  stop_left || code=1
  rm -rf "$dir"
  exit "$code"
}
trap finish EXIT
mkdir -p "$dir"/{home,tmp,bin,tools/bin}
go test -c -o "$dir/bin/e2e.test" ./e2e
go build -o "$dir/bin/test2json" cmd/test2json
cp bin/platformctl "$dir/bin/"
cp -R e2e "$dir/e2e"
[ ! -d "$tools" ] || cp -R "$tools/." "$dir/tools/"

as_nobody() { setpriv --reuid="$uid" --regid="$gid" --clear-groups --inh-caps=-all -- "$@"; }

chmod 755 "$dir"
for engine in terraform tofu; do
  path=$(command -v "$engine") || continue
  as_nobody test -x "$path" || cp -L "$path" "$dir/tools/bin/"
done
chown -R "$uid:$gid" "$dir"

cd "$dir/e2e"
as_nobody env -i \
  HOME="$dir/home" TMPDIR="$dir/tmp" LANG=C.UTF-8 USER=nobody LOGNAME=nobody \
  PATH="$dir/tools/bin:$dir/tools/postgresql/bin:$PATH" \
  PLATFORMCTL_TOOLS="$dir/tools" PLATFORMCTL_BIN="$dir/bin/platformctl" \
  "$dir/bin/test2json" -t -p github.com/platformctl/platformctl/e2e \
  "$dir/bin/e2e.test" -test.v=test2json -test.run 'TestStories/local' -test.timeout 10m
