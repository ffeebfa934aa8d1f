#!/usr/bin/env bash
# generated.sh: generates again and fails when that changes a file. What was
# already changed or new before is compared too, so it works in a dirty tree.
set -euo pipefail
cd "$(dirname "$0")/.."

state() {
  git status --porcelain --untracked-files=all
  git diff
  git ls-files -z --others --exclude-standard | xargs -0 -r cksum
}

if ! git rev-parse --git-dir >/dev/null 2>&1; then
  echo "    no git metadata to compare with: only generating"
  exec go generate ./...
fi
before=$(state)
go generate ./...
after=$(state)
if ! diff <(echo "$before") <(echo "$after"); then
  echo "error: generated files are not up to date" >&2
  echo "hint: make generate, and commit what it changes" >&2
  exit 1
fi
