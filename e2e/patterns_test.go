package e2e

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestHomeLikeAPattern keeps everything in a directory whose name would match
// other names, and not itself.
func TestHomeLikeAPattern(t *testing.T) {
	s := newSite(t)
	s.home = filepath.Join(s.root, "pctl[1]*")
	s.env["PLATFORMCTL_HOME"] = s.home
	s.must(t, "team", "add", "shop")
	platform := filepath.Join(s.home, "data", "platform")
	addCapability(t, platform, "note")
	request := strings.Fields("request note --tier=draft --team=shop --auto-approve --set=text=hello")
	s.must(t, request...)
	for _, args := range [][]string{request, {"status"}, {"resource", "list"}} {
		if a := s.must(t, args...); strings.Contains(a.err, "warning") {
			t.Errorf("%q warns of nothing: %s", args, a.err)
		}
	}
	s.must(t, "verify")
	// The record forgets the resource, and the machine does not.
	if out, err := exec.CommandContext(t.Context(), "git", "-C", platform, "reset", "-q", "--hard", "HEAD~1").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if a := s.exec(t, "verify"); a.code != 3 || !strings.Contains(a.out, "shop-plain: Terraform has state of it") {
		t.Errorf("verify: exit code %d, stdout %q", a.code, a.out)
	}
}
