#!/usr/bin/env bash
# bench.sh [ROUNDS]: measures platformctl as it is released against plain
# Terraform and writes the figures into docs/benchmarks.md. It works in a
# directory of its own, on loopback, and stops what it started.
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-20}

engine=${PLATFORMCTL_TERRAFORM:-$(command -v terraform || command -v tofu)}
commit=$(git rev-parse --short HEAD 2>/dev/null || echo unknown)
[ -z "$(git status --porcelain --untracked-files=no 2>/dev/null)" ] || commit="$commit, with changes"

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
go build -trimpath -ldflags '-s -w' -o "$dir/platformctl" ./cmd/platformctl
go build -o "$dir/bench" ./cmd/bench
"$dir/bench" -platformctl "$dir/platformctl" -terraform "$engine" -baseline scripts/baseline.sh \
  -rounds "$rounds" -commit "$commit" -write docs/benchmarks.md
