# Requests with less and less room on the disk of PLATFORMCTL_HOME, in a mount
# namespace of its own. Each is made again with room and then has to succeed.
# Arguments: the capability to ask for, and how many KiB to leave free, each time.
# It prints a line "<KiB> <exit code> <exit code with room>" for each, and leaves
# what was said in said.<KiB>.
set -eu
mount -t tmpfs -o size=64m,mode=700 none "$PLATFORMCTL_HOME"
platform=$PLATFORMCTL_HOME/data/platform
platformctl init "$platform" --name acme >/dev/null
mkdir -p "$platform/capabilities"
cp -R "$1" "$platform/capabilities/"
git -C "$platform" add .
git -C "$platform" -c user.name=t -c user.email=t@example.com commit -qm capability
request() {
  platformctl request note --tier draft --team shop --name "note-$1" --set text=hello --auto-approve
}
request first >/dev/null 2>&1
shift
for free; do
  head -c 100m /dev/zero >"$PLATFORMCTL_HOME/filler" 2>/dev/null || true
  truncate -s "-${free}K" "$PLATFORMCTL_HOME/filler"
  code=0
  request "$free" >"said.$free" 2>&1 || code=$?
  rm "$PLATFORMCTL_HOME/filler"
  again=0
  request "$free" >"again.$free" 2>&1 || again=$?
  echo "$free $code $again"
done
platformctl verify
