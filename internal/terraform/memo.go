package terraform

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"

	"github.com/platformctl/platformctl/internal/durable"
)

// A memo keeps what was found out about files, for as long as they stay the
// same. It is a cache: what cannot be read or written is as if it were not there.
type memo struct{ path string }

// note is what a memo holds about one file.
type note struct {
	Size  int64  `json:"size"`
	MTime int64  `json:"mtime"`
	Inode uint64 `json:"inode"`
	Value string `json:"value"`
}

func noteOf(info fs.FileInfo, value string) note {
	return note{Size: info.Size(), MTime: info.ModTime().UnixNano(), Inode: inodeOf(info), Value: value}
}

func (m memo) load() map[string]note {
	notes := map[string]note{}
	if data, err := durable.ReadFile(m.path, durable.Small); err == nil {
		_ = json.Unmarshal(data, &notes)
	}
	return notes
}

// get returns what was put for file when it was as info says.
func (m memo) get(file string, info fs.FileInfo) (string, bool) {
	n, ok := m.load()[file]
	return n.Value, ok && n == noteOf(info, n.Value)
}

func (m memo) put(file string, info fs.FileInfo, value string) {
	if filepath.Dir(m.path) == "." {
		return
	}
	notes := m.load()
	if notes == nil {
		notes = map[string]note{}
	}
	maps.DeleteFunc(notes, func(name string, _ note) bool {
		_, err := os.Stat(name)
		return err != nil
	})
	notes[file] = noteOf(info, value)
	data, err := json.Marshal(notes)
	if err != nil || os.MkdirAll(filepath.Dir(m.path), 0o700) != nil {
		return
	}
	_ = durable.WriteFile(m.path, data, 0o600)
}

// memo returns the engine's memo of that name.
func (e Engine) memo(name string) memo {
	if e.cache == "" {
		return memo{}
	}
	return memo{path: filepath.Join(e.cache, name)}
}
