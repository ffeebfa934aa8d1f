package doctor

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/platformctl/platformctl/internal/durable"
)

// holder is a process that has locked a file.
type holder struct{ file, process string }

// lockHolders finds the processes that hold a flock of one of the files, which
// need not exist. The kernel lists locks by device and inode; the device is left
// out, because file systems in layers show another one here than there.
func lockHolders(files []string) ([]holder, error) {
	table, err := durable.ReadFile("/proc/locks", durable.Large)
	if err != nil {
		return nil, err
	}
	byInode := map[string]string{}
	for _, file := range files {
		if info, err := os.Stat(file); err == nil {
			if stat, known := info.Sys().(*syscall.Stat_t); known {
				byInode[strconv.FormatUint(stat.Ino, 10)] = file
			}
		}
	}
	var holders []holder
	for line := range strings.Lines(string(table)) {
		// 1: FLOCK  ADVISORY  WRITE 4711 fe:01:123456 0 EOF; one that waits has -> before FLOCK.
		fields := strings.Fields(line)
		if len(fields) < 6 || fields[1] != "FLOCK" {
			continue
		}
		if file := byInode[fields[5][strings.LastIndexByte(fields[5], ':')+1:]]; file != "" {
			holders = append(holders, holder{file: file, process: describe(fields[4])})
		}
	}
	return holders, nil
}

// describe adds the name of a process to its number.
func describe(pid string) string {
	if name, err := durable.ReadFile(filepath.Join("/proc", pid, "comm"), durable.Small); err == nil {
		return pid + " (" + strings.TrimSpace(string(name)) + ")"
	}
	return pid
}

// gitProcesses lists the processes of git that work at or below dir.
func gitProcesses(dir string) []string {
	names, _ := filepath.Glob("/proc/[0-9]*/comm")
	var pids []string
	for _, file := range names {
		name, err := durable.ReadFile(file, durable.Small)
		if err != nil || !bytes.HasPrefix(name, []byte("git")) {
			continue
		}
		cwd, err := os.Readlink(filepath.Join(filepath.Dir(file), "cwd"))
		if err == nil && (cwd == dir || strings.HasPrefix(cwd, dir+"/")) {
			pids = append(pids, filepath.Base(filepath.Dir(file)))
		}
	}
	return pids
}
