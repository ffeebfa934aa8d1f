package capability

import (
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/platformctl/platformctl/internal/strictyaml"
)

// compiledType is a type made ready for requests.
type compiledType struct {
	inputs          *inputSchema
	implementations []implementation
	env             map[string]any // of *template
}

// implementation is an Implementation made ready.
type implementation struct {
	field     string // path in capability.yaml
	match     Match
	local     fs.FS // the module's files when it lies in the capability, else nil
	variables map[string]any
	providers map[string]any
}

// Load reads and checks the capability in directory dir of fsys.
//
// Errors are *FileError when a file is missing, too large or none, else
// *strictyaml.Error when capability.yaml cannot be parsed and *DefinitionError
// when it says what cannot be.
func Load(fsys fs.FS, dir string) (*Definition, error) {
	files, err := fs.Sub(fsys, dir)
	if err != nil {
		return nil, err
	}
	name := path.Join(dir, FileName)
	data, err := readFile(files, FileName)
	if err != nil {
		return nil, &FileError{File: name, Err: err}
	}
	d := &Definition{files: files}
	if err := strictyaml.Decode(name, data, d); err != nil {
		return nil, err
	}
	if d.lock, err = readFile(files, LockFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, &FileError{File: path.Join(dir, LockFile), Err: err}
	}
	c := &checker{def: d, dir: path.Base(dir)}
	c.definition()
	if len(c.problems) > 0 {
		return nil, &DefinitionError{File: name, Problems: c.problems}
	}
	if d.digest, err = treeDigest(files); err != nil {
		return nil, &FileError{File: dir, Err: err}
	}
	return d, nil
}

// readFile reads a file that is no larger than the reader of it takes.
func readFile(fsys fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, shortPathError(err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("is no regular file")
	}
	if info.Size() > strictyaml.MaxSize {
		return nil, fmt.Errorf("is larger than %d bytes", strictyaml.MaxSize)
	}
	return fs.ReadFile(fsys, name)
}

// shortPathError leaves out the path, which the caller names in full.
func shortPathError(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}
