#!/usr/bin/env bash
# install.sh BINARY: copies it to $PREFIX/bin when PREFIX is set, else to the
# first of ~/.local/bin, $GOBIN and $GOPATH/bin that is in PATH and writable, else
# to the first writable one. Prints the installed path on stdout, and on stderr
# the line that puts it on PATH when it is not.
set -euo pipefail
binary=$1
name=$(basename "$binary")

on_path() { case ":$PATH:" in *":$1:"*) true ;; *) false ;; esac; }
writable() { mkdir -p "$1" 2>/dev/null && [ -w "$1" ]; }

if [ -n "${PREFIX:-}" ]; then
  candidates=("$PREFIX/bin")
else
  candidates=("$HOME/.local/bin")
  gobin=$(go env GOBIN)
  gopath=$(go env GOPATH)
  [ -z "$gobin" ] || candidates+=("$gobin")
  candidates+=("${gopath%%:*}/bin")
fi

dir=
for d in "${candidates[@]}"; do
  if on_path "$d" && writable "$d"; then dir=$d && break; fi
done
if [ -z "$dir" ]; then
  for d in "${candidates[@]}"; do
    if writable "$d"; then dir=$d && break; fi
  done
fi
if [ -z "$dir" ]; then
  echo "error: none of these directories can be written: ${candidates[*]}" >&2
  echo "hint: name another: make install PREFIX=/some/directory" >&2
  exit 1
fi

# A new file and a rename: the old one may be running.
temp=$(mktemp "$dir/.$name.XXXXXX")
trap 'rm -f "$temp"' EXIT
cp "$binary" "$temp"
chmod 755 "$temp"
mv -f "$temp" "$dir/$name"
echo "$dir/$name"

echo "    $dir/$name" >&2
if ! on_path "$dir"; then
  echo "    it is not on PATH yet; this line puts it there:" >&2
  echo "      export PATH=\"$dir:\$PATH\"" >&2
elif [ "$(command -v "$name")" != "$dir/$name" ]; then
  echo "    note: PATH has another one first: $(command -v "$name")" >&2
fi
