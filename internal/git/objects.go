package git

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/platformctl/platformctl/internal/durable"

	"github.com/go-git/go-git/v5/plumbing"
)

// Limits on what is read into memory: a record holds small files.
const (
	maxObject = 64 << 20
	maxCache  = 16 << 20
)

// object is one object of git.
type object struct {
	kind plumbing.ObjectType
	data []byte
}

// objects finds objects by hash, in packs and loose. Packs come and go while
// it is used: other processes commit and consolidate. Files of packs are kept
// open until the garbage collector closes them.
type objects struct {
	dirs      []string  // this repository's, then the alternates'
	inflaters sync.Pool // of *inflater: a new one costs more than most objects

	mu        sync.Mutex
	packs     map[string]*pack // by path; nil: not listed yet
	cache     map[location]object
	cacheSize int
}

// location is where in a pack an object is.
type location struct {
	pack   *pack
	offset int64
}

func newObjects(dir string) *objects {
	return &objects{dirs: append([]string{dir}, alternates(dir)...), cache: map[location]object{}}
}

// alternates are the object directories that a repository borrows from, one
// level deep.
func alternates(dir string) []string {
	data, err := durable.ReadFile(filepath.Join(dir, "info", "alternates"), durable.Small)
	if err != nil {
		return nil
	}
	var dirs []string
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			dirs = append(dirs, resolve(dir, line))
		}
	}
	return dirs
}

// read returns the object h, checked against its name. It must not be changed.
func (o *objects) read(h Hash) (object, error) {
	obj, at, err := o.load(h, 0)
	if err != nil {
		return object{}, err
	}
	if _, known := o.cached(at); known {
		return obj, nil
	}
	if plumbing.ComputeHash(obj.kind, obj.data) != h {
		return object{}, &CorruptError{h.String(), "its content has another hash"}
	}
	o.keep(at, obj)
	return obj, nil
}

// packed reports whether an object is in a pack that is known.
func (o *objects) packed(h Hash) bool {
	packs, err := o.list(false)
	if err != nil {
		return false
	}
	_, found := locate(packs, h)
	return found
}

// cached returns what was read from a place before, and checked.
func (o *objects) cached(at location) (object, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	obj, found := o.cache[at]
	return obj, found
}

// keep caches small objects. The cache is emptied when it is full: a record's
// working set is far below that.
func (o *objects) keep(at location, obj object) {
	if at.pack == nil || len(obj.data) > maxCache/16 {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.cacheSize += len(obj.data); o.cacheSize > maxCache {
		clear(o.cache)
		o.cacheSize = len(obj.data)
	}
	o.cache[at] = obj
}

// load looks through the packs that are known, then for a loose object, then
// for packs that came since. depth counts the deltas that led here.
func (o *objects) load(h Hash, depth int) (object, location, error) {
	packs, err := o.list(false)
	if err != nil {
		return object{}, location{}, err
	}
	for range 3 {
		if at, found := locate(packs, h); found {
			obj, err := o.at(at, depth)
			if !errors.Is(err, fs.ErrNotExist) {
				return obj, at, err
			}
		} else if obj, err := o.loose(h); !errors.Is(err, ErrMissing) {
			return obj, location{}, err
		}
		// Not there, or in a pack that was consolidated away.
		if packs, err = o.list(true); err != nil {
			return object{}, location{}, err
		}
	}
	return object{}, location{}, fmt.Errorf("%s: %w", h, ErrMissing)
}

func locate(packs map[string]*pack, h Hash) (location, bool) {
	for _, p := range packs {
		if offset, found := p.find(h); found {
			return location{p, offset}, true
		}
	}
	return location{}, false
}

// list returns the packs there are. The map must not be changed.
func (o *objects) list(again bool) (map[string]*pack, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.packs != nil && !again {
		return o.packs, nil
	}
	packs := map[string]*pack{}
	for _, dir := range o.dirs {
		names, err := packNames(dir)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			p := o.packs[name]
			if p == nil {
				p, err = openPack(name)
			}
			switch {
			case errors.Is(err, fs.ErrNotExist): // gone since the listing
			case err != nil:
				return nil, err
			default:
				packs[name] = p
			}
		}
	}
	o.packs = packs
	return packs, nil
}

// packNames lists the packs below an object directory, as paths without
// extension.
func packNames(dir string) ([]string, error) {
	dir = filepath.Join(dir, "pack")
	entries, err := os.ReadDir(dir)
	if err != nil && !isAbsent(err) {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		if name, found := strings.CutSuffix(entry.Name(), ".idx"); found && strings.HasPrefix(name, "pack-") {
			names = append(names, filepath.Join(dir, name))
		}
	}
	return names, nil
}

// loose reads an object that has a file of its own.
func (o *objects) loose(h Hash) (object, error) {
	name := h.String()
	for _, dir := range o.dirs {
		f, err := durable.Open(filepath.Join(dir, name[:2], name[2:]))
		if isAbsent(err) {
			continue
		}
		if err != nil {
			return object{}, err
		}
		obj, err := readLoose(f)
		_ = f.Close()
		if err != nil {
			return object{}, &CorruptError{name, err.Error()}
		}
		return obj, nil
	}
	return object{}, fmt.Errorf("%s: %w", h, ErrMissing)
}

// readLoose reads "<type> <size>\0<data>", deflated.
func readLoose(r io.Reader) (object, error) {
	inflated, err := zlib.NewReader(r)
	if err != nil {
		return object{}, err
	}
	buffered := bufio.NewReader(inflated)
	header, err := buffered.ReadString(0)
	if err != nil {
		return object{}, err
	}
	word, length, _ := strings.Cut(strings.TrimSuffix(header, "\x00"), " ")
	kind, err := plumbing.ParseObjectType(word)
	if err != nil {
		return object{}, err
	}
	size, err := strconv.ParseInt(length, 10, 64)
	if err != nil {
		return object{}, err
	}
	data, err := readExactly(buffered, size)
	return object{kind, data}, err
}

// readExactly reads what must be size bytes, neither more nor fewer.
func readExactly(r io.Reader, size int64) ([]byte, error) {
	if size < 0 || size > maxObject {
		return nil, fmt.Errorf("%d bytes are more than %d", size, maxObject)
	}
	var out bytes.Buffer
	out.Grow(int(min(size, 1<<20)) + bytes.MinRead)
	n, err := out.ReadFrom(io.LimitReader(r, size+1))
	if err != nil {
		return nil, err
	}
	if n != size {
		return nil, fmt.Errorf("its size is not the %d bytes it says", size)
	}
	return out.Bytes(), nil
}
