package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// inNamespace runs a shell script where it may mount, which nobody else sees.
func (s *site) inNamespace(t *testing.T, script string, args ...string) answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var out, errs bytes.Buffer
	var cmd *exec.Cmd
	run := func(namespace *syscall.SysProcAttr) error {
		cmd = exec.CommandContext(ctx, "sh", append([]string{"-c", script, "sh"}, args...)...)
		cmd.Dir = s.work
		for name, value := range s.env {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
		cmd.Env = append(cmd.Env, "PATH="+filepath.Dir(binary)+":"+s.env["PATH"])
		cmd.SysProcAttr, cmd.Stdout, cmd.Stderr = namespace, &out, &errs
		return cmd.Run()
	}
	start := time.Now()
	err := run(asRootOfItsOwn())
	if cmd.ProcessState == nil && os.Geteuid() == 0 { // no namespaces of users here, but root may do without
		err = run(withMountsOfItsOwn())
	}
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EINVAL) {
		t.Skipf("this system lets nobody mount a disk for a test: %v", err)
	}
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		t.Fatal(err)
	}
	return answer{cmd.ProcessState.ExitCode(), out.String(), errs.String(), time.Since(start), 0}
}

// badDisks tries disks that are full or read-only.
func badDisks(t *testing.T) {
	t.Helper()
	t.Run("M7_disk_full", diskFull)
	t.Run("M7_disk_full_from_the_start", func(t *testing.T) {
		s := newSite(t)
		if err := os.Mkdir(s.home, 0o700); err != nil {
			t.Fatal(err)
		}
		for _, args := range []string{"team add shop", "init " + s.home + "/data/platform"} {
			a := s.inNamespace(t, `mount -t tmpfs -o size=16k,mode=700 none "$PLATFORMCTL_HOME" && exec platformctl "$@"`, strings.Fields(args)...)
			a.check(t, refusal{code: 1, says: []string{"no space left", "hint: the disk is full: make room"}, slow: true})
		}
	})
	t.Run("M8_home_read_only", func(t *testing.T) {
		s := newSite(t).with("PLATFORMCTL_HOME", "")
		s.env["PLATFORMCTL_HOME"] = filepath.Join(s.root, "home", "pctl")
		for _, args := range []string{ask, "team add shop", "init new"} {
			s.refuses(t, refusal{says: []string{"read-only", "hint: .*PLATFORMCTL_HOME"}, slow: true}, func() answer {
				return s.inNamespace(t, `mount -t tmpfs -o ro,mode=700 none "$HOME" && exec platformctl "$@"`, strings.Fields(args)...)
			})
		}
	})
	t.Run("M8_platform_read_only", func(t *testing.T) {
		s := usedSite(t)
		for _, args := range []string{"request note --tier=draft --team=shop --name=other --set=text=a --auto-approve", "team add search"} {
			s.refuses(t, refusal{says: []string{"read-only", "hint: .*writable|hint: .*PLATFORMCTL_HOME"}, slow: true}, func() answer {
				return s.inNamespace(t, `mount --bind "$PLATFORMCTL_HOME" "$PLATFORMCTL_HOME" &&
					mount -o remount,bind,ro "$PLATFORMCTL_HOME" && exec platformctl "$@"`, strings.Fields(args)...)
			})
		}
	})
}

// diskFull checks that a request that runs out of room says so, and that the
// same one with room goes on from there.
func diskFull(t *testing.T) {
	s := newSite(t)
	if err := os.Mkdir(s.home, 0o700); err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile(filepath.Join("testdata", "badinput", "full_disk.sh"))
	if err != nil {
		t.Fatal(err)
	}
	note, err := filepath.Abs(filepath.Join("testdata", "capabilities", "note"))
	if err != nil {
		t.Fatal(err)
	}
	a := s.inNamespace(t, string(script), note, "0", "8", "32", "40")
	if a.code != 0 {
		t.Fatalf("exit code %d\n%s\n%s", a.code, a.out, a.err)
	}
	failed := 0
	for _, line := range regexp.MustCompile(`(?m)^\d+ \d+ \d+$`).FindAllString(a.out, -1) {
		var free string
		var code, again int
		if _, err := fmt.Sscan(line, &free, &code, &again); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(filepath.Join(s.work, "said."+free))
		if err != nil {
			t.Fatal(err)
		}
		said := string(data)
		if code != 0 {
			failed++
		}
		if code != 0 && code != 1 && code != 4 || code != 0 && !regexp.MustCompile(`(?m)^hint: .*disk is full`).MatchString(said) {
			t.Errorf("with %s KiB: exit code %d\n%s", free, code, said)
		}
		if again != 0 {
			more, _ := os.ReadFile(filepath.Join(s.work, "again."+free))
			t.Errorf("with %s KiB and then with room: exit code %d\n%s", free, again, more)
		}
	}
	if failed < 3 {
		t.Errorf("the disk was full only %d times:\n%s", failed, a.out)
	}
}
