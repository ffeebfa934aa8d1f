#!/usr/bin/env bash
# release-files.sh DIR VERSION TIME: writes into DIR what is packed beside the
# binary: completions/ for the shells, and man/ with the pages that
# cmd/reference makes. TIME is that of the commit, in seconds: the same commit
# gives the same bytes.
set -euo pipefail
cd "$(dirname "$0")/.."
dir=$1 version=$2
export SOURCE_DATE_EPOCH=$3
umask 022

rm -rf "$dir"
mkdir -p "$dir/completions" "$dir/man/man1" "$dir/man/man7"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Both run on this machine, whatever the packages are for.
export GOOS='' GOARCH=''
go build -trimpath -o "$work/platformctl" ./cmd/platformctl
for shell in bash:platformctl.bash zsh:_platformctl fish:platformctl.fish; do
  PLATFORMCTL_HOME=$work/home "$work/platformctl" completion "${shell%%:*}" >"$dir/completions/${shell#*:}"
done

if [ -d cmd/reference ]; then
  go run -trimpath ./cmd/reference -man "$work/man" -version "$version"
  for section in 1 7; do
    for page in "$work/man"/*."$section"; do
      gzip -9n <"$page" >"$dir/man/man$section/$(basename "$page").gz"
    done
  done
fi

# Packages keep the times of files.
find "$dir" -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +
