#!/usr/bin/env bash
# snapshot.sh GORELEASER...: packs what is here into dist/ as a release would be,
# for Linux, or for all systems with SYSTEMS=all. Nothing is published.
set -euo pipefail
cd "$(dirname "$0")/.."

[ "${SYSTEMS:-linux}" = all ] || export ONLY_LINUX=1
# goreleaser knows no commit unless there is a remote, which a checkout may do
# without, and git tells nothing about a tree of another owner.
export GIT_CONFIG_COUNT=2
export GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0=$PWD
export GIT_CONFIG_KEY_1=remote.origin.url GIT_CONFIG_VALUE_1=https://github.com/platformctl/platformctl

log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! "$@" release --snapshot --clean >"$log" 2>&1; then
  cat "$log" >&2
  exit 1
fi
scripts/check-packages.sh dist
