package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"filippo.io/age"
	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"
)

// commands are what the scripts have beside testscript's own.
var commands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	"code":         cmdCode,
	"timeprovider": cmdTimeProvider,
	"json":         cmdJSON,
	"treehash":     cmdTreeHash,
	"processes":    cmdProcesses,
	"same":         cmdSame,
	"sql":          cmdSQL,
	"identity":     cmdIdentity,
	"hold":         cmdHold,
	"release":      cmdRelease,
	"await":        cmdAwait,
	"nowhere":      cmdNowhere,
	"setfrom":      cmdSetFrom,
	"server":       cmdServer,
}

// state is what the commands of one script share.
type state struct {
	env  *testscript.Env
	held map[string]func() // sessions that hold a lock, by name
}

// cmdCode runs a command and checks its exit code: code 2 platformctl ...
func cmdCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N command [args...]")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	if err != nil {
		match := regexp.MustCompile(`exit status (\d+)`).FindStringSubmatch(err.Error())
		if match == nil {
			ts.Fatalf("%s: %v", args[1], err)
		}
		got, _ = strconv.Atoi(match[1])
	}
	if want := args[0]; strconv.Itoa(got) != want {
		ts.Fatalf("exit code is %d, want %s", got, want)
	}
}

// cmdJSON checks a value: json stdout outputs.port 5432. Without a value it
// checks that there is one; with ! that there is none.
func cmdJSON(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: [!] json file path [value]")
	}
	got, found := lookup(ts, args[0], args[1])
	ok := found && (len(args) == 2 || got == args[2])
	if ok == neg {
		ts.Fatalf("%s in %s is %q (there: %v)", args[1], args[0], got, found)
	}
}

// lookup finds the dotted path in a JSON file; len is the length of a list.
func lookup(ts *testscript.TestScript, file, path string) (string, bool) {
	var value any
	decoder := json.NewDecoder(strings.NewReader(ts.ReadFile(file)))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		ts.Fatalf("%s is no JSON: %v", file, err)
	}
	for part := range strings.SplitSeq(path, ".") {
		switch v := value.(type) {
		case map[string]any:
			var found bool
			if value, found = v[part]; !found {
				return "", false
			}
		case []any:
			if part == "len" {
				return strconv.Itoa(len(v)), true
			}
			i, err := strconv.Atoi(part)
			if err != nil || i >= len(v) {
				return "", false
			}
			value = v[i]
		default:
			return "", false
		}
	}
	if s, ok := value.(string); ok {
		return s, true
	}
	text, err := json.Marshal(value)
	ts.Check(err)
	return string(text), true
}

// cmdSetFrom puts a JSON value into a variable: setfrom VAR stdout path.
func cmdSetFrom(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: setfrom VAR file path")
	}
	value, found := lookup(ts, args[1], args[2])
	if !found {
		ts.Fatalf("%s has no %s", args[1], args[2])
	}
	ts.Setenv(args[0], value)
}

// cmdTreeHash puts a hash over names, modes and contents of directories into a
// variable: treehash VAR dir... What is not there counts as empty. The files that
// a running PostgreSQL keeps writing by itself are left out.
func cmdTreeHash(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: treehash VAR dir...")
	}
	hash := sha256.New()
	for _, dir := range args[1:] {
		err := filepath.WalkDir(ts.MkAbs(dir), func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				if os.IsNotExist(err) {
					return nil
				}
				return err
			}
			if entry.IsDir() && strings.HasSuffix(path, filepath.Join("local", "postgresql", "data")) {
				return fs.SkipDir
			}
			info, err := entry.Info()
			if err != nil {
				return err
			}
			fmt.Fprintf(hash, "%s %v\n", path, info.Mode())
			if info.Mode().IsRegular() {
				data, err := os.ReadFile(path)
				if err != nil {
					return err
				}
				hash.Write(data)
			}
			return nil
		})
		ts.Check(err)
	}
	ts.Setenv(args[0], hex.EncodeToString(hash.Sum(nil)))
}

// cmdProcesses puts what runs below the script's directory, and the ports that it
// listens on, into a variable: processes VAR.
func cmdProcesses(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: processes VAR")
	}
	var found []string
	pids, err := filepath.Glob("/proc/[0-9]*")
	ts.Check(err)
	for _, pid := range pids {
		cwd, err := os.Readlink(filepath.Join(pid, "cwd"))
		if err != nil || !strings.HasPrefix(cwd+"/", ts.Getenv("WORK")+"/") {
			continue // it ended, or it is not ours
		}
		cmdline, _ := os.ReadFile(filepath.Join(pid, "cmdline"))
		found = append(found, fmt.Sprintf("%s %s listens on %v", filepath.Base(pid),
			bytes.ReplaceAll(cmdline, []byte{0}, []byte(" ")), listening(pid)))
	}
	slices.Sort(found)
	ts.Setenv(args[0], strings.Join(found, "\n"))
}

// listening returns the local addresses, as the kernel writes them, that a
// process listens on.
func listening(pid string) []string {
	var addresses []string
	for _, table := range []string{"net/tcp", "net/tcp6"} {
		data, _ := os.ReadFile(filepath.Join(pid, table))
		for line := range strings.Lines(string(data)) {
			const listen = "0A" // TCP_LISTEN
			fields := strings.Fields(line)
			if len(fields) > 9 && fields[3] == listen && holds(pid, "socket:["+fields[9]+"]") {
				addresses = append(addresses, fields[1])
			}
		}
	}
	return addresses
}

// holds reports whether a process has a file of that name open.
func holds(pid, name string) bool {
	descriptors, _ := filepath.Glob(filepath.Join(pid, "fd", "*"))
	return slices.ContainsFunc(descriptors, func(fd string) bool {
		target, err := os.Readlink(fd)
		return err == nil && target == name
	})
}

func cmdSame(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: [!] same a b")
	}
	if (args[0] == args[1]) == neg {
		ts.Fatalf("%q and %q", args[0], args[1])
	}
}

// cmdIdentity writes a new age identity: identity file.
func cmdIdentity(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: identity file")
	}
	identity, err := age.GenerateX25519Identity()
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(identity.String()+"\n"), 0o600))
}

// cmdTimeProvider builds hashicorp/time from its Go module into a filesystem
// mirror: timeprovider dir.
func cmdTimeProvider(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: timeprovider dir")
	}
	const version = "0.14.2"
	dir := filepath.Join(args[0], "registry.terraform.io", "hashicorp", "time", version, runtime.GOOS+"_"+runtime.GOARCH)
	ts.Check(os.MkdirAll(dir, 0o755))
	install := exec.Command("go", "install", "github.com/hashicorp/terraform-provider-time@v"+version)
	install.Env = append(os.Environ(), "GOBIN="+dir, "GOFLAGS=-buildvcs=false")
	if out, err := install.CombinedOutput(); err != nil {
		ts.Fatalf("building the provider: %v\n%s", err, out)
	}
	ts.Check(os.Rename(filepath.Join(dir, "terraform-provider-time"), filepath.Join(dir, "terraform-provider-time_v"+version)))
	// OpenTofu looks the same provider up under its own registry.
	tofu := filepath.Join(args[0], "registry.opentofu.org")
	ts.Check(os.Symlink(filepath.Join(args[0], "registry.terraform.io"), tofu))
}

// connect opens a session as administrator of the script's local server.
func connect(ctx context.Context, ts *testscript.TestScript, database string) *pgx.Conn {
	return administrator(ctx, ts, ts.Getenv("PLATFORMCTL_HOME"), database)
}

// administrator opens a session as administrator of the only local server of a
// home directory.
func administrator(ctx context.Context, ts *testscript.TestScript, home, database string) *pgx.Conn {
	file := glob(ts, filepath.Join(home, "data", "platforms", "*", "local", "postgresql", "connection.json"))
	data, err := os.ReadFile(file)
	ts.Check(err)
	var connection struct {
		Host, User, PasswordFile string
		Port                     uint16
	}
	ts.Check(json.Unmarshal(data, &connection))
	password, err := os.ReadFile(connection.PasswordFile)
	ts.Check(err)
	config, err := pgx.ParseConfig("sslmode=disable")
	ts.Check(err)
	config.Host, config.Port, config.User = connection.Host, connection.Port, connection.User
	config.Password, config.Database = strings.TrimSpace(string(password)), database
	conn, err := pgx.ConnectConfig(ctx, config)
	ts.Check(err)
	return conn
}

// cmdSQL runs statements as administrator and prints the first column of the
// last: sql 'select ...'; with -server those of the second server.
func cmdSQL(ts *testscript.TestScript, neg bool, args []string) {
	home := ts.Getenv("PLATFORMCTL_HOME")
	if len(args) == 2 && args[0] == "-server" {
		home, args = ts.Getenv("SERVER_HOME"), args[1:]
	}
	if len(args) != 1 {
		ts.Fatalf("usage: [!] sql [-server] statements")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	conn := administrator(ctx, ts, home, "postgres")
	defer func() { _ = conn.Close(ctx) }()
	results, err := conn.PgConn().Exec(ctx, args[0]).ReadAll()
	if (err != nil) != neg {
		ts.Fatalf("%s: %v", args[0], err)
	}
	var out strings.Builder
	if len(results) > 0 {
		for _, row := range results[len(results)-1].Rows {
			out.Write(row[0])
			out.WriteByte('\n')
		}
	}
	_, err = ts.Stdout().Write([]byte(out.String()))
	ts.Check(err)
}

// cmdHold runs statements in a transaction that stays open: hold NAME 'lock ...'.
func cmdHold(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: hold NAME statements")
	}
	ctx := context.Background()
	conn := connect(ctx, ts, "postgres")
	_, err := conn.PgConn().Exec(ctx, "begin;"+args[1]).ReadAll()
	ts.Check(err)
	ts.Value("state").(*state).held[args[0]] = func() { _ = conn.Close(ctx) }
}

func cmdRelease(ts *testscript.TestScript, neg bool, args []string) {
	held := ts.Value("state").(*state).held
	if neg || len(args) != 1 || held[args[0]] == nil {
		ts.Fatalf("usage: release NAME")
	}
	held[args[0]]()
	delete(held, args[0])
}

// cmdAwait waits until a file below the directory matches: await dir regexp, or
// until a query answers true: await sql 'select ...'.
func cmdAwait(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await dir regexp | await sql query")
	}
	pattern := regexp.MustCompile(args[1])
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if args[0] == "sql" {
			if answers(ts, args[1]) {
				return
			}
		} else if len(search(ts, []string{args[0]}, pattern)) > 0 {
			return
		}
	}
	ts.Fatalf("%s did not come about", args[1])
}

func answers(ts *testscript.TestScript, query string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	conn := connect(ctx, ts, "postgres")
	defer func() { _ = conn.Close(ctx) }()
	var yes bool
	ts.Check(conn.QueryRow(ctx, query).Scan(&yes))
	return yes
}

// cmdNowhere checks that a text is in no file below the directories, zip files
// and git objects read inside: nowhere text dir...
func cmdNowhere(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 || len(args[0]) < 8 {
		ts.Fatalf("usage: [!] nowhere text dir...")
	}
	found := search(ts, args[1:], regexp.MustCompile(regexp.QuoteMeta(args[0])))
	if (len(found) == 0) == neg {
		ts.Fatalf("found in %q", found)
	}
}
