package terraform

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/platformctl/platformctl/internal/durable"
)

const (
	stateFile  = "terraform.tfstate"
	backupFile = "terraform.tfstate.backup" // the engine's: one apply older
	copyFile   = "terraform.tfstate.seen"   // ours: the state that recordFile is about
	recordFile = "state.json"
)

// State identifies a state file.
type State struct {
	Lineage string `json:"lineage"`
	Serial  uint64 `json:"serial"`
	SHA256  string `json:"sha256"` // of the file, in hex
}

// content is what we read of a state file.
type content struct {
	Version int    `json:"version"`
	Lineage string `json:"lineage"`
	Serial  uint64 `json:"serial"`
	Outputs map[string]struct {
		Value json.RawMessage `json:"value"`
	} `json:"outputs"`
	Resources []struct {
		Mode      string `json:"mode"`
		Type      string `json:"type"`
		Instances []struct {
			Attributes json.RawMessage `json:"attributes"`
		} `json:"instances"`
	} `json:"resources"`
}

// Outputs returns the output values in the state in dir; none when there is no
// state and none was seen before. The error is a *StateDamagedError when the file
// is not whole, or is older than or another than the one that was seen last.
//
// The engine rewrites the file in place and takes an empty one for "there is
// nothing", so that it would make everything a second time. Hence the record of
// what was seen last, beside it. While an engine is at work the state of before
// or after its last write is returned.
func Outputs(dir string) (map[string]json.RawMessage, error) {
	c, err := readContent(dir)
	if err != nil {
		return nil, err
	}
	outputs := map[string]json.RawMessage{}
	for name, o := range c.Outputs {
		outputs[name] = o.Value
	}
	return outputs, nil
}

// Objects returns how many objects the state in dir holds that the engine made,
// under the rules of [Outputs].
func Objects(dir string) (int, error) {
	c, err := readContent(dir)
	objects := 0
	for _, r := range c.Resources {
		if r.Mode == "managed" {
			objects += len(r.Instances)
		}
	}
	return objects, err
}

// Attributes returns the attributes of each object of a type that the engine made
// and the state in dir holds, as JSON, under the rules of [Outputs].
func Attributes(dir, typ string) ([]json.RawMessage, error) {
	c, err := readContent(dir)
	var all []json.RawMessage
	for _, r := range c.Resources {
		if r.Mode != "managed" || r.Type != typ {
			continue
		}
		for _, i := range r.Instances {
			all = append(all, i.Attributes)
		}
	}
	return all, err
}

func readContent(dir string) (content, error) {
	_, data, err := readState(dir)
	if err != nil || data == nil {
		return content{}, err
	}
	var c content
	err = json.Unmarshal(data, &c)
	return c, err
}

// An engine at work truncates the state and writes it anew: for a moment it is
// empty or torn. What stays so over this many looks is damaged.
const (
	looks     = 11
	lookAgain = 30 * time.Millisecond
)

// readState reads and checks the state. Its data is nil when there is none.
func readState(dir string) (State, []byte, error) {
	for look := 1; ; look++ {
		state, data, err := lookAtState(dir)
		damaged, ok := errors.AsType[*StateDamagedError](err)
		// A state that can be read is older or another one for good.
		if !ok || damaged.Found != (State{}) || look == looks {
			return state, data, err
		}
		time.Sleep(lookAgain)
	}
}

func lookAtState(dir string) (State, []byte, error) {
	seen, err := readRecord(dir)
	if err != nil {
		return State{}, nil, err
	}
	data, err := durable.ReadFile(filepath.Join(dir, stateFile), durable.Large)
	const notState = "is no file that can be read as a state"
	var found State
	var problem string
	switch {
	case errors.Is(err, fs.ErrNotExist):
		problem = "is missing"
	case errors.Is(err, durable.ErrNotRegular), errors.Is(err, durable.ErrTooLarge):
		problem = notState
	case err != nil:
		return State{}, nil, err
	case len(data) == 0:
		problem = "is empty"
	default:
		if found, err = identify(data); err != nil {
			problem = "is not whole"
			break
		}
		switch {
		case seen == State{}:
		case found.Lineage != seen.Lineage:
			problem = "is another state than the one seen last"
		case found.Serial < seen.Serial:
			problem = "is older than the one seen last"
		}
	}
	if problem == "" {
		return found, data, nil
	}
	// An engine that was killed in its first run leaves an empty file, because
	// it makes it to lock it. Nothing was lost with it.
	if len(data) == 0 && seen == (State{}) && problem != notState {
		return State{}, nil, nil
	}
	return found, nil, &StateDamagedError{
		Path: filepath.Join(dir, stateFile), Problem: problem,
		Recorded: seen, Found: found, Backup: backup(dir, seen),
	}
}

func identify(data []byte) (State, error) {
	var c content
	if err := json.Unmarshal(data, &c); err != nil {
		return State{}, err
	}
	if c.Version == 0 || c.Lineage == "" {
		return State{}, errors.New("no version or lineage")
	}
	return State{Lineage: c.Lineage, Serial: c.Serial, SHA256: hashOf(data)}, nil
}

func hashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// backup returns the newest copy of the state that can be read: ours, else the
// engine's.
func backup(dir string, seen State) string {
	for _, name := range []string{copyFile, backupFile} {
		path := filepath.Join(dir, name)
		data, err := durable.ReadFile(path, durable.Large)
		if err != nil {
			continue
		}
		if s, err := identify(data); err == nil && (seen == State{} || s.Lineage == seen.Lineage) {
			return path
		}
	}
	return ""
}

func readRecord(dir string) (State, error) {
	var seen State
	path := filepath.Join(dir, recordFile)
	data, err := durable.ReadFile(path, durable.Large)
	if errors.Is(err, fs.ErrNotExist) {
		return seen, nil
	}
	if err != nil {
		return seen, err
	}
	if err := json.Unmarshal(data, &seen); err != nil {
		return State{}, fmt.Errorf("%s: %w", path, err)
	}
	return seen, nil
}

// noteState records the state that is there, for the next time, and makes it
// private: the engine writes it for all to read.
func noteState(dir string) error {
	for _, name := range []string{stateFile, backupFile} {
		if err := os.Chmod(filepath.Join(dir, name), 0o600); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	state, data, err := readState(dir)
	if err != nil || data == nil {
		return err
	}
	if seen, err := readRecord(dir); err != nil || seen == state {
		return err
	}
	// The copy first: a record without it would have no way back.
	if err := durable.WriteFile(filepath.Join(dir, copyFile), data, 0o600); err != nil {
		return err
	}
	record, err := encode(state)
	if err != nil {
		return err
	}
	return durable.WriteFile(filepath.Join(dir, recordFile), record, 0o600)
}
