package git

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sort"
	"sync"

	"github.com/platformctl/platformctl/internal/durable"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
)

// Layout of an index file of version 2: header, 256 running counts, then
// hashes, checksums and offsets, each as one array, offsets beyond 2 GiB, and
// two hashes at the end.
const (
	packMagic  = "PACK\x00\x00\x00\x02"
	packHeader = len(packMagic) + 4
	idxMagic   = "\xfftOc\x00\x00\x00\x02"
	idxFanout  = len(idxMagic)
	idxHashes  = idxFanout + 256*4
	idxEntry   = hashSize + 4 + 4
	idxTrailer = 2 * hashSize
	hashSize   = 20
	// maxDepth is beyond what git makes (4095); a longer chain is a loop.
	maxDepth = 5000
)

// pack is a pack file with its index. The index is kept in memory as it is on
// disk; what it leads to is checked by hash, so it is not checked itself.
type pack struct {
	path  string // without extension
	idx   []byte
	count int

	open func() (io.ReaderAt, error)
}

func openPack(path string) (*pack, error) {
	idx, err := durable.ReadFile(path+".idx", durable.Large)
	if err != nil {
		return nil, err
	}
	open := sync.OnceValues(func() (io.ReaderAt, error) { return durable.Open(path + ".pack") })
	return newPack(path, idx, open)
}

func newPack(path string, idx []byte, open func() (io.ReaderAt, error)) (*pack, error) {
	p := &pack{path: path, idx: idx, open: open}
	if len(idx) < idxHashes+idxTrailer || string(idx[:idxFanout]) != idxMagic {
		return nil, &CorruptError{path + ".idx", "it is no index of version 2"}
	}
	p.count = p.fanout(255)
	if len(idx) < idxHashes+p.count*idxEntry+idxTrailer {
		return nil, &CorruptError{path + ".idx", "it is too short"}
	}
	return p, nil
}

// fanout is the number of objects whose first byte is at most b.
func (p *pack) fanout(b int) int {
	return int(binary.BigEndian.Uint32(p.idx[idxFanout+4*b:]))
}

// hash is the hash of the object in place i of the index.
func (p *pack) hash(i int) Hash {
	return Hash(p.idx[idxHashes+i*hashSize:])
}

// find returns where in the pack an object is.
func (p *pack) find(h Hash) (int64, bool) {
	from, to := 0, min(p.fanout(int(h[0])), p.count)
	if h[0] > 0 {
		from = min(p.fanout(int(h[0])-1), to)
	}
	i := from + sort.Search(to-from, func(i int) bool {
		at := idxHashes + (from+i)*hashSize
		return bytes.Compare(p.idx[at:at+hashSize], h[:]) >= 0
	})
	if i == to || p.hash(i) != h {
		return 0, false
	}
	return p.offset(i), true
}

// checksum is the CRC-32 of the entry in place i of the index.
func (p *pack) checksum(i int) uint32 {
	return binary.BigEndian.Uint32(p.idx[idxHashes+p.count*hashSize+4*i:])
}

func (p *pack) offset(i int) int64 {
	offsets := idxHashes + p.count*(hashSize+4)
	small := binary.BigEndian.Uint32(p.idx[offsets+4*i:])
	if small>>31 == 0 {
		return int64(small)
	}
	at := offsets + 4*p.count + 8*int(small&^(1<<31))
	if at+8 > len(p.idx)-idxTrailer {
		return -1 // fails as a damaged entry
	}
	return int64(binary.BigEndian.Uint64(p.idx[at:]) & math.MaxInt64)
}

// at reads the object at a place and applies its deltas. depth counts the
// deltas that led here.
func (o *objects) at(place location, depth int) (object, error) {
	file, err := place.pack.open()
	if err != nil {
		return object{}, err
	}
	var deltas [][]byte
	for ; depth < maxDepth; depth++ {
		if base, found := o.cached(place); found {
			return patch(base, deltas)
		}
		e, err := o.readEntry(file, place.offset)
		if err != nil {
			return object{}, &CorruptError{fmt.Sprintf("%s.pack at %d", place.pack.path, place.offset), err.Error()}
		}
		switch e.kind {
		case plumbing.OFSDeltaObject:
			deltas, place.offset = append(deltas, e.data), e.base
		case plumbing.REFDeltaObject:
			base, _, err := o.load(e.baseHash, depth+1)
			if err != nil {
				return object{}, err
			}
			return patch(base, append(deltas, e.data))
		default:
			return patch(e.object, deltas)
		}
	}
	return object{}, &CorruptError{place.pack.path + ".pack", "its deltas run in a circle"}
}

// patch applies deltas, the last one first.
func patch(base object, deltas [][]byte) (object, error) {
	for _, delta := range slices.Backward(deltas) {
		data, err := packfile.PatchDelta(base.data, delta)
		if err != nil {
			return object{}, &CorruptError{"delta", err.Error()}
		}
		base.data = data
	}
	return base, nil
}

// entry is one object as it lies in a pack. For a delta, base or baseHash says
// what it applies to, and size and data are the delta's.
type entry struct {
	object
	size     int64
	base     int64
	baseHash Hash
}

func (e entry) isDelta() bool {
	return e.kind == plumbing.OFSDeltaObject || e.kind == plumbing.REFDeltaObject
}

func (o *objects) readEntry(file io.ReaderAt, offset int64) (entry, error) {
	x, _ := o.inflaters.Get().(*inflater)
	if x == nil {
		x = &inflater{source: bufio.NewReader(nil)}
	}
	defer o.inflaters.Put(x)
	e, err := x.header(file, offset)
	if err != nil {
		return entry{}, err
	}
	e.data, err = x.inflate(e.size)
	return e, err
}

// header reads what comes before the data of an entry.
func (x *inflater) header(file io.ReaderAt, offset int64) (entry, error) {
	if offset < 0 {
		return entry{}, errors.New("no such place")
	}
	r := x.source
	r.Reset(io.NewSectionReader(file, offset, math.MaxInt64-offset))
	var e entry
	first, err := r.ReadByte()
	if err != nil {
		return entry{}, err
	}
	e.kind, e.size = plumbing.ObjectType(first>>4&7), int64(first&15)
	for b, shift := first, 4; b&0x80 != 0; shift += 7 {
		if b, err = r.ReadByte(); err != nil {
			return entry{}, err
		}
		if shift > 32 {
			return entry{}, fmt.Errorf("its size is more than %d", maxObject)
		}
		e.size |= int64(b&0x7f) << shift
	}
	switch e.kind {
	case plumbing.CommitObject, plumbing.TreeObject, plumbing.BlobObject, plumbing.TagObject:
	case plumbing.OFSDeltaObject:
		back, err := readDistance(r)
		if err != nil || back <= 0 || back >= offset {
			return entry{}, errors.New("the base of its delta is nowhere")
		}
		e.base = offset - back
	case plumbing.REFDeltaObject:
		if _, err := io.ReadFull(r, e.baseHash[:]); err != nil {
			return entry{}, err
		}
	default:
		return entry{}, fmt.Errorf("type %d is unknown", e.kind)
	}
	return e, nil
}

// readDistance reads the distance to a base, git's "offset encoding".
func readDistance(r io.ByteReader) (int64, error) {
	b, err := r.ReadByte()
	if err != nil {
		return 0, err
	}
	n := int64(b & 0x7f)
	for b&0x80 != 0 {
		if b, err = r.ReadByte(); err != nil {
			return 0, err
		}
		if n > 1<<55 {
			return 0, errors.New("distance is too large")
		}
		n = (n+1)<<7 | int64(b&0x7f)
	}
	return n, nil
}

// inflater reads deflated data from its source.
type inflater struct {
	source *bufio.Reader
	z      io.ReadCloser
}

// inflate reads data that must have size bytes.
func (x *inflater) inflate(size int64) ([]byte, error) {
	var err error
	if reset, ok := x.z.(zlib.Resetter); ok {
		err = reset.Reset(x.source, nil)
	} else {
		x.z, err = zlib.NewReader(x.source)
	}
	if err != nil {
		return nil, err
	}
	return readExactly(x.z, size)
}
