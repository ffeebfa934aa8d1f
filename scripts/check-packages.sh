#!/usr/bin/env bash
# check-packages.sh DIST: checks what goreleaser packed for Linux: that it is
# complete, at the right places with the right modes, runs, and comes out the
# same when it is built again elsewhere. What needs a program that is not here
# is left out, and said.
set -euo pipefail
cd "$(dirname "$0")/.."
dist=$PWD/$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() { echo "error: $*" >&2 && exit 1; }
have() { command -v "$1" >/dev/null || { echo "    not checked, as $1 is not here: $2" >&2 && return 1; }; }
# has FILE LINE...: every line stands in the file.
has() {
  local file=$1 line
  shift
  for line in "$@"; do
    grep -qxF -- "$line" "$file" || fail "$(basename "$file") lacks \"$line\"; it is:"$'\n'"$(cat "$file")"
  done
}
# field NAME: of what version -o json said.
field() { sed -n "s/^  \"$1\": \"\(.*\)\",*\$/\1/p" "$work/version.json"; }

arch=$(go env GOHOSTARCH)
[ "$(go env GOHOSTOS)" = linux ] || { echo "    not checked, as this is not Linux" >&2 && exit 0; }
files=(
  "-rw-r--r-- /usr/share/bash-completion/completions/platformctl"
  "-rw-r--r-- /usr/share/fish/vendor_completions.d/platformctl.fish"
  "-rw-r--r-- /usr/share/doc/platformctl/copyright"
  "-rwxr-xr-x /usr/bin/platformctl"
)
packed=(platformctl LICENSE README.md CHANGELOG.md
  completions/platformctl.bash completions/_platformctl completions/platformctl.fish)
if [ -d cmd/reference ]; then
  files+=("-rw-r--r-- /usr/share/man/man1/platformctl.1.gz"
    "-rw-r--r-- /usr/share/man/man7/platformctl-formats.7.gz")
  packed+=(man/man1/platformctl.1.gz man/man7/platformctl-formats.7.gz)
fi

# Archives, and that checksums.txt tells the truth about every file.
(cd "$dist" && sha256sum --quiet --check checksums.txt) || fail "checksums.txt does not fit"
for file in "$dist"/*.tar.gz "$dist"/*.deb "$dist"/*.rpm; do
  grep -q "  $(basename "$file")\$" "$dist/checksums.txt" || fail "checksums.txt lacks $(basename "$file")"
done
for file in "$dist"/*.tar.gz; do
  tar -tzf "$file" >"$work/$(basename "$file").list"
  has "$work/$(basename "$file").list" "${packed[@]}"
done
mkdir "$work/archive"
tar -xzf "$dist"/*_linux_"$arch".tar.gz -C "$work/archive"
binary=$work/archive/platformctl

# The binary says what it was built from.
export PLATFORMCTL_HOME=$work/home
"$binary" version -o json >"$work/version.json"
version=$(sed -n 's/.*"version":"\([^"]*\)".*/\1/p' "$dist/metadata.json")
[ "$(field version)" = "v$version" ] || fail "the binary is $(field version), not v$version"
git=(git -c "safe.directory=$PWD")
if commit=$("${git[@]}" rev-parse HEAD 2>/dev/null); then
  [ "$(field commit)" = "$commit" ] || fail "the binary is of commit $(field commit), not $commit"
  [ "$(date -d "$(field date)" +%s)" = "$("${git[@]}" log -1 --format=%ct)" ] || fail "the binary is of $(field date)"
fi

# Packages.
if have dpkg-deb "the deb"; then
  for file in "$dist"/*.deb; do
    dpkg-deb -c "$file" | awk '{ sub(/^\./, "", $6); sub(/\/$/, "", $6); print $1, $6 }' >"$work/deb.list"
    has "$work/deb.list" "${files[@]}" "-rw-r--r-- /usr/share/zsh/vendor-completions/_platformctl" \
      "drwxr-xr-x /usr/share/man/man1"
    [ "$(dpkg-deb -c "$file" | awk '{ print $4, $5 }' | sort -u | wc -l)" = 1 ] ||
      fail "the files of $(basename "$file") are not all of the time of the commit"
  done
  dpkg-deb -x "$dist"/*_"$arch".deb "$work/root"
  cmp "$binary" "$work/root/usr/bin/platformctl" || fail "the deb holds another binary than the archive"
  [ "$("$work/root/usr/bin/platformctl" version -o name)" = "v$version" ] || fail "the binary of the deb does not run"
fi
if have rpm "the rpm"; then
  for file in "$dist"/*.rpm; do
    rpm -qlvp "$file" 2>/dev/null | awk '{ print $1, $NF }' >"$work/rpm.list"
    has "$work/rpm.list" "${files[@]}" "-rw-r--r-- /usr/share/zsh/site-functions/_platformctl"
  done
fi

# The formula downloads what checksums.txt names.
formula=$dist/homebrew/Formula/platformctl.rb
for file in "$dist"/*.tar.gz; do
  sum=$(sed -n "s/  $(basename "$file")\$//p" "$dist/checksums.txt")
  grep -q "/$(basename "$file")\"" "$formula" && grep -q "sha256 \"$sum\"" "$formula" ||
    fail "the formula does not know $(basename "$file")"
done
if have ruby "the syntax of the formula"; then ruby -c "$formula" >/dev/null; fi

# The same commit gives the same bytes, in another directory too.
mkdir "$work/again"
tar --exclude=./dist --exclude=./bin --exclude=./.git -cf - . | tar -xf - -C "$work/again"
(cd "$work/again" && CGO_ENABLED=0 go build -trimpath -buildvcs=false -o "$work/second" -ldflags \
  "-s -w -X main.version=$(field version) -X main.commit=$(field commit) -X main.date=$(field date)" ./cmd/platformctl)
cmp "$binary" "$work/second" || fail "a second build gives another binary"
