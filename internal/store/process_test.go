package store_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/platformctl/platformctl/internal/backstage"
	"github.com/platformctl/platformctl/internal/platform"
	"github.com/platformctl/platformctl/internal/store"
)

// helperVariable makes the test binary commit the requests from..to into the
// platform of a home directory instead of testing: "<home> <from> <to>". Each
// number is printed when its commit was acknowledged.
const helperVariable = "STORE_TEST_HELPER"

func TestMain(m *testing.M) {
	if task := os.Getenv(helperVariable); task != "" {
		if err := help(task); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func help(task string) error {
	fields := strings.Fields(task)
	from, err := strconv.Atoi(fields[1])
	if err != nil {
		return err
	}
	to, err := strconv.Atoi(fields[2])
	if err != nil {
		return err
	}
	ctx := context.Background()
	s, err := store.Open(ctx, homeOptions(fields[0]))
	if err != nil {
		return err
	}
	for n := from; n < to; n++ {
		receipt, err := s.Commit(ctx, request(n))
		if err != nil {
			return err
		}
		if receipt.Behind != nil {
			return receipt.Behind
		}
		fmt.Println(n)
	}
	return nil
}

// homeOptions name the platform of a home directory, with the writer that the
// store itself manages.
func homeOptions(home string) store.Options {
	return store.Options{
		Location: platform.Location{Dir: filepath.Join(home, "platform")},
		Paths:    platform.Paths{Data: filepath.Join(home, "data")},
		Now:      func() time.Time { return noon },
	}
}

func helper(t testing.TB, home string, from, to int, wrap ...string) *exec.Cmd {
	t.Helper()
	args := slices.Concat(wrap, os.Args[:1])
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d %d", helperVariable, home, from, to))
	cmd.Stderr = os.Stderr
	return cmd
}

func home(t testing.TB, bare bool) (string, *store.Store) {
	t.Helper()
	dir := t.TempDir()
	o := homeOptions(dir)
	o.Bare = bare
	s, err := store.Create(t.Context(), o, first(t))
	if err != nil {
		t.Fatal(err)
	}
	return dir, s
}

// wantRequest checks that a request is in every part of the record.
func wantRequest(t testing.TB, snap *store.Snapshot, n int) {
	t.Helper()
	name := fmt.Sprintf("db-%d", n)
	if _, found, err := snap.Entity(backstage.Ref{Kind: "resource", Namespace: "default", Name: name}); !found || err != nil {
		t.Errorf("entity of request %d: %v, %v", n, found, err)
	}
	if _, found, err := snap.Resource("local", name); !found || err != nil {
		t.Errorf("resource of request %d: %v, %v", n, found, err)
	}
	if _, found, err := snap.Request(id(n)); !found || err != nil {
		t.Errorf("request %d: %v, %v", n, found, err)
	}
}

// wantEvents checks that the ledger holds the event of each request once.
func wantEvents(t testing.TB, snap *store.Snapshot, want map[int]bool) {
	t.Helper()
	chains, err := snap.Chains()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, chain := range chains {
		for _, event := range chain.Events {
			got[event.ID]++
		}
	}
	for n := range want {
		if got[id(n)] != 1 {
			t.Errorf("the ledger holds the event of request %d %d times", n, got[id(n)])
		}
	}
	if len(got) != len(want)+1 {
		t.Errorf("the ledger holds %d events, want %d and that of the creation", len(got), len(want))
	}
}

func TestConcurrentWriters(t *testing.T) {
	const writers, each = 8, 4
	ways := map[string]func(t *testing.T, home string, shared *store.Store){
		"goroutines": func(t *testing.T, home string, shared *store.Store) {
			var group sync.WaitGroup
			for w := range writers {
				s := shared
				if w%2 == 0 { // half of them with a store of their own
					var err error
					if s, err = store.Open(t.Context(), homeOptions(home)); err != nil {
						t.Fatal(err)
					}
				}
				group.Go(func() {
					for n := range each {
						if _, err := s.Commit(t.Context(), request(w*each+n)); err != nil {
							t.Error(err)
						}
					}
				})
			}
			group.Wait()
		},
		"processes": func(t *testing.T, home string, _ *store.Store) {
			var group sync.WaitGroup
			for w := range writers {
				group.Go(func() {
					if err := helper(t, home, w*each, (w+1)*each).Run(); err != nil {
						t.Error(err)
					}
				})
			}
			group.Wait()
		},
	}
	for name, run := range ways {
		for _, bare := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s bare=%v", name, bare), func(t *testing.T) {
				dir, s := home(t, bare)
				run(t, dir, s)
				repo := filepath.Join(dir, "platform")
				snap := snapshot(t, s)
				all := map[int]bool{}
				for n := range writers * each {
					all[n] = true
					wantRequest(t, snap, n)
				}
				wantEvents(t, snap, all)
				if got, want := strings.Count(git(t, repo, "log", "--format=%H"), "\n"), writers*each+1; got != want {
					t.Errorf("%d commits, want %d", got, want)
				}
				wantSound(t, s, repo)
				if !bare {
					if status := git(t, repo, "status", "--porcelain"); status != "" {
						t.Errorf("git status:\n%s", status)
					}
				}
			})
		}
	}
}

// TestKilledWriters kills a writer at a random moment, again and again. What it
// acknowledged is there, whole; what it did not is there whole or not at all;
// and the next one goes on.
func TestKilledWriters(t *testing.T) {
	for _, bare := range []bool{true, false} {
		t.Run(fmt.Sprintf("bare=%v", bare), func(t *testing.T) {
			dir, s := home(t, bare)
			repo := filepath.Join(dir, "platform")
			there := map[int]bool{}
			from := 1
			for range 10 {
				acknowledged := killed(t, dir, from)
				git(t, repo, "fsck", "--strict", "--full", "--no-dangling")
				snap := snapshot(t, s)
				for n := from; n < from+500; n++ {
					_, found, err := snap.Request(id(n))
					if err != nil {
						t.Fatal(err)
					}
					if !found {
						if n <= acknowledged {
							t.Errorf("request %d was acknowledged and is lost", n)
						}
						break
					}
					there[n] = true
					wantRequest(t, snap, n)
				}
				from += 500
				// The next writer is not held up and cleans up.
				commit(t, s, request(from-1))
				there[from-1] = true
				if !bare {
					if status := git(t, repo, "status", "--porcelain"); status != "" {
						t.Errorf("git status:\n%s", status)
					}
				}
			}
			wantSound(t, s, repo)
			wantEvents(t, snapshot(t, s), there)
			t.Logf("%d commits survived 10 kills", len(there))
		})
	}
}

// TestFaultsAtEverySyscall kills a writer, or gives it a failing or full disk,
// at each system call that changes names or data, one after the other.
func TestFaultsAtEverySyscall(t *testing.T) {
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("strace is not installed")
	}
	dir, s := home(t, false)
	repo := filepath.Join(dir, "platform")
	const rename, link, unlink = "renameat,rename,renameat2", "linkat,link", "unlinkat,unlink"
	n, faults := 1, 0
	for _, fault := range []struct{ syscalls, what string }{
		{"fsync", "signal=SIGKILL"},
		{rename, "signal=SIGKILL"},
		{link, "signal=SIGKILL"},
		{unlink, "signal=SIGKILL"},
		{"fsync", "error=EIO"},
		{"write", "error=ENOSPC"},
		{rename, "error=EIO"},
		{link, "error=ENOSPC"},
		{unlink, "error=EIO"},
	} {
		for k := 1; ; k++ {
			cmd := helper(t, dir, n, n+1, "strace", "-f", "-o", "/dev/null", "-e", "trace="+fault.syscalls,
				"-e", fmt.Sprintf("inject=%s:%s:when=%d", fault.syscalls, fault.what, k))
			cmd.Env, cmd.Stderr = append(cmd.Env, "GOMAXPROCS=1"), nil
			out, err := cmd.Output()
			where := fmt.Sprintf("%s at %s number %d", fault.what, fault.syscalls, k)
			wantWhole(t, s, n, len(out) > 0, where)
			git(t, repo, "fsck", "--strict", "--full", "--no-dangling")
			commit(t, s, request(n+1))
			if status := git(t, repo, "status", "--porcelain"); status != "" {
				t.Errorf("git status after %s:\n%s", where, status)
			}
			n += 2
			if err == nil {
				break
			}
			faults++
		}
	}
	wantSound(t, s, repo)
	if faults < 40 {
		t.Errorf("only %d faults: the system calls were not found", faults)
	}
	t.Logf("%d faults", faults)
}

// wantWhole checks that a request is in the record whole or not at all, and is
// there when it was acknowledged.
func wantWhole(t *testing.T, s *store.Store, n int, acknowledged bool, where string) {
	t.Helper()
	snap := snapshot(t, s)
	_, found, err := snap.Request(id(n))
	switch {
	case err != nil:
		t.Fatal(err)
	case found:
		wantRequest(t, snap, n)
	case acknowledged:
		t.Errorf("request %d was acknowledged and is lost after %s", n, where)
	}
}

// killed runs a writer, kills it and returns the last number it acknowledged.
func killed(t *testing.T, dir string, from int) int {
	t.Helper()
	cmd := helper(t, dir, from, from+499)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	last := from - 1
	lines := bufio.NewScanner(out)
	if lines.Scan() { // it is at work
		time.AfterFunc(rand.N(60*time.Millisecond), func() { _ = cmd.Process.Kill() })
	}
	for ok := true; ok; ok = lines.Scan() {
		if n, err := strconv.Atoi(lines.Text()); err == nil {
			last = n
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Log("the writer finished before it was killed")
	}
	return last
}

// TestSyscalls: what is acknowledged is on disk. Pack, index and their
// directory are synced before the branch moves, the branch and its directory
// before the acknowledgement.
func TestSyscalls(t *testing.T) {
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("strace is not installed")
	}
	for _, bare := range []bool{true, false} {
		t.Run(fmt.Sprintf("bare=%v", bare), func(t *testing.T) {
			dir, _ := home(t, bare)
			log := filepath.Join(t.TempDir(), "strace.log")
			cmd := helper(t, dir, 1, 2, "strace", "-f", "-y", "-s", "200", "-o", log,
				"-e", "trace=fsync,fdatasync,rename,renameat,renameat2,write")
			if out, err := cmd.Output(); err != nil || string(out) != "1\n" {
				t.Fatalf("%q, %v", out, err)
			}
			trace, err := os.ReadFile(log)
			if err != nil {
				t.Fatal(err)
			}
			steps := []string{
				`f(data)?sync\([0-9]+<[^>]*/objects/pack/tmp_pack_[^>]*>`, // the pack
				`f(data)?sync\([0-9]+<[^>]*/objects/pack/tmp_pack_[^>]*>`, // its index
				`rename.*/objects/pack/pack-[0-9a-f]{40}\.pack"`,
				`rename.*/objects/pack/pack-[0-9a-f]{40}\.idx"`,
				`f(data)?sync\([0-9]+<[^>]*/objects/pack>`,
				`f(data)?sync\([0-9]+<[^>]*/platformctl/ref>`,
				`rename.*/refs/heads/main\.lock".*/refs/heads/main"`,
				`f(data)?sync\([0-9]+<[^>]*/refs/heads>`,
			}
			if !bare {
				steps = append(steps,
					`f(data)?sync\([0-9]+<[^>]*/platform/catalog/[^>]*>`,
					`rename.*/platform/catalog/.*"db-1\.yaml"`,
					`f(data)?sync\([0-9]+<[^>]*/platformctl/index>`,
					`rename.*/index\.lock".*/index"`)
			}
			steps = append(steps, `write\(1<.*"1\\n"`) // the acknowledgement
			rest := string(trace)
			for i, step := range steps {
				at := regexp.MustCompile(step).FindStringIndex(rest)
				if at == nil {
					t.Fatalf("step %d, %s, does not come after those before it in\n%s", i+1, step, trace)
				}
				rest = rest[at[1]:]
			}
		})
	}
}
