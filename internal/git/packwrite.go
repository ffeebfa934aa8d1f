package git

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/idxfile"
	"github.com/go-git/go-git/v5/plumbing/hash"

	"github.com/platformctl/platformctl/internal/durable"
)

// tempPack begins the names of packs in the making. git prune removes what is
// called tmp_, should we be killed and never come back.
const tempPack = "tmp_pack_platformctl_"

// largeObject is the size from which an object is deflated fast rather than
// well: the ledger of a month, the trees of large directories. Consolidation
// makes deltas of them.
const largeObject = 16 << 10

// writePack stores objects as one pack and returns when it is on disk. Nothing
// refers to them yet, so a crash leaves at most unused files.
func (o *objects) writePack(list []packed) error {
	if len(list) == 0 { // all are there, of a commit that was not finished
		return durable.SyncDir(filepath.Join(o.dirs[0], "pack"))
	}
	_, err := o.storePack(len(list), func(w *packWriter) error {
		for _, obj := range list {
			if _, err := w.add(obj.hash, obj.object); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}

// storePack stores the pack of count objects that fill writes, and its index,
// and returns its path without extension. The index gets its name last: git
// sees a pack by its index.
func (o *objects) storePack(count int, fill func(*packWriter) error) (string, error) {
	dir := filepath.Join(o.dirs[0], "pack")
	if err := durable.MkdirAll(dir, 0o777); err != nil {
		return "", err
	}
	var index *idxfile.MemoryIndex
	pack, err := newTemp(dir, func(f io.Writer) (err error) {
		index, err = writePackTo(f, count, fill)
		return err
	})
	if err != nil {
		return "", err
	}
	defer func() { _ = os.Remove(pack.Name()) }() // unless it got its name
	idx, err := newTemp(dir, func(f io.Writer) error {
		_, err := idxfile.NewEncoder(f).Encode(index)
		return err
	})
	if err != nil {
		_ = pack.Close()
		return "", err
	}
	defer func() { _ = os.Remove(idx.Name()) }()
	if err := parallel([]*os.File{pack, idx}, finish); err != nil {
		return "", err
	}
	name := filepath.Join(dir, "pack-"+plumbing.Hash(index.PackfileChecksum).String())
	if err := os.Rename(pack.Name(), name+".pack"); err != nil {
		return "", err
	}
	if err := os.Rename(idx.Name(), name+".idx"); err != nil {
		return "", err
	}
	return name, durable.SyncDir(dir)
}

// packWriter writes the entries of a pack.
type packWriter struct {
	out     io.Writer
	offset  int64
	index   idxfile.Writer
	scratch bytes.Buffer
	deflate map[int]*zlib.Writer // by level: making one costs more than using it
}

func writePackTo(f io.Writer, count int, fill func(*packWriter) error) (*idxfile.MemoryIndex, error) {
	sum := hash.New(hash.CryptoType)
	w := &packWriter{out: io.MultiWriter(f, sum), deflate: map[int]*zlib.Writer{}}
	if err := w.index.OnHeader(uint32(count & math.MaxUint32)); err != nil {
		return nil, err
	}
	w.scratch.WriteString(packMagic)
	w.scratch.Write(bigEndian(count))
	if err := w.flush(); err != nil {
		return nil, err
	}
	if err := fill(w); err != nil {
		return nil, err
	}
	name := Hash(sum.Sum(nil))
	if err := writeAll(f, name[:]); err != nil {
		return nil, err
	}
	if err := w.index.OnFooter(name); err != nil {
		return nil, err
	}
	return w.index.Index()
}

func (w *packWriter) flush() error {
	n, err := w.scratch.WriteTo(w.out)
	w.offset += n
	return err
}

// add writes a whole object and returns where it is.
func (w *packWriter) add(h Hash, obj object) (int64, error) {
	return w.entry(h, obj.kind, nil, obj.data)
}

// addDelta writes an object as a delta of the one at base.
func (w *packWriter) addDelta(h Hash, base int64, delta []byte) (int64, error) {
	return w.entry(h, plumbing.OFSDeltaObject, distance(w.offset-base), delta)
}

func (w *packWriter) entry(h Hash, kind plumbing.ObjectType, base, data []byte) (int64, error) {
	size := len(data)
	b := byte(kind&7)<<4 | byte(size&15)
	for size >>= 4; size > 0; size >>= 7 {
		w.scratch.WriteByte(b | 0x80)
		b = byte(size & 0x7f)
	}
	w.scratch.WriteByte(b)
	w.scratch.Write(base)
	if err := w.compress(data); err != nil {
		return 0, err
	}
	at := w.offset
	w.index.Add(h, uint64(at&math.MaxInt64), crc32.ChecksumIEEE(w.scratch.Bytes()))
	return at, w.flush()
}

func (w *packWriter) compress(data []byte) error {
	level := zlib.DefaultCompression
	if len(data) > largeObject {
		level = zlib.BestSpeed
	}
	z := w.deflate[level]
	if z == nil {
		var err error
		if z, err = zlib.NewWriterLevel(&w.scratch, level); err != nil {
			return err
		}
		w.deflate[level] = z
	}
	z.Reset(&w.scratch)
	return errors.Join(writeAll(z, data), z.Close())
}

// distance encodes how far back a base is.
func distance(n int64) []byte {
	out := []byte{byte(n & 0x7f)}
	for n >>= 7; n > 0; n >>= 7 {
		n--
		out = append([]byte{0x80 | byte(n&0x7f)}, out...)
	}
	return out
}

func bigEndian(n int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(n&math.MaxUint32)) }

// newTemp makes a read-only file that is not synced yet.
func newTemp(dir string, fill func(io.Writer) error) (*os.File, error) {
	f, err := os.CreateTemp(dir, tempPack)
	if err != nil {
		return nil, err
	}
	buffered := bufio.NewWriterSize(f, 64<<10)
	if err := errors.Join(fill(buffered), buffered.Flush(), f.Chmod(0o444)); err != nil {
		_ = f.Close()
		_ = os.Remove(f.Name())
		return nil, fmt.Errorf("write pack: %w", err)
	}
	return f, nil
}

// finish syncs and closes a file.
func finish(f *os.File) error { return errors.Join(f.Sync(), f.Close()) }

// parallel does the same to each of list at once: several syncs take little
// longer than one.
func parallel[T any](list []T, do func(T) error) error {
	failures := make([]error, len(list))
	var group sync.WaitGroup
	for i, v := range list {
		group.Go(func() { failures[i] = do(v) })
	}
	group.Wait()
	return errors.Join(failures...)
}

func writeAll(w io.Writer, data []byte) error {
	_, err := w.Write(data)
	return err
}

// removeTemps removes what a killed process left of packs. Only the holder of
// the lock may call it.
func (o *objects) removeTemps() error {
	dir := filepath.Join(o.dirs[0], "pack")
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), tempPack) {
			if err := os.Remove(filepath.Join(dir, entry.Name())); err != nil && !isAbsent(err) {
				return err
			}
		}
	}
	return nil
}
