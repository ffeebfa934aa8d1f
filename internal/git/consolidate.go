package git

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/platformctl/platformctl/internal/durable"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/hash"
)

const (
	// maxPacks is how many packs pile up before they are consolidated. Each
	// commit adds one. It is below the 50 at which git tidies up by itself.
	maxPacks = 40
	// smallPack is how many objects a pack of one commit has at most. What is
	// larger has its deltas already and is copied as it is.
	smallPack = 100
	// window is how many objects of the same kind and about the same size are
	// tried as the base of a delta, chain how long a chain of deltas gets.
	window = 10
	chain  = 40
	// maxMerged keeps offsets below the 2 GiB from which git needs more bits.
	maxMerged = 1 << 30
)

// consolidate makes one pack of many when there are too many. A pack is taken
// while it is not much larger than the smaller ones together, so that each
// object is copied a few times only, however many commits there are. Old packs
// are removed when the new one is on disk. Every object is kept, also one that
// nothing refers to.
func (s *Session) consolidate() error {
	o := s.repo.objects
	packs, err := o.candidates()
	if err != nil || len(packs) <= maxPacks {
		return err
	}
	count, size := 0, int64(0)
	var taken []*pack
	for i, p := range packs {
		info, err := os.Stat(p.path + ".pack")
		if err != nil {
			return err
		}
		if size += info.Size(); size > maxMerged || i >= maxPacks/2 && p.count > 2*count {
			break
		}
		count += p.count
		taken = append(taken, p)
	}
	if len(taken) < 2 {
		return nil
	}
	name, err := o.merge(taken)
	if err != nil {
		return fmt.Errorf("consolidate packs: %w", err)
	}
	if _, err := o.list(true); err != nil {
		return err
	}
	for _, p := range taken {
		if p.path == name {
			continue
		}
		for _, extension := range []string{".idx", ".pack"} {
			if err := os.Remove(p.path + extension); err != nil && !isAbsent(err) {
				return fmt.Errorf("consolidate packs: %w", err)
			}
		}
	}
	return nil
}

// candidates lists the packs of this repository that are nothing but a pack
// and an index, the smallest first: what git keeps more files about is git's.
func (o *objects) candidates() ([]*pack, error) {
	dir := filepath.Join(o.dirs[0], "pack")
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) <= 2*maxPacks {
		return nil, err
	}
	files := map[string]int{}
	for _, entry := range entries {
		stem, _, _ := strings.Cut(entry.Name(), ".")
		files[filepath.Join(dir, stem)]++
		if strings.HasPrefix(stem, "multi-pack-index") {
			return nil, nil
		}
	}
	packs, err := o.list(true)
	if err != nil {
		return nil, err
	}
	var out []*pack
	for path, n := range files {
		if p := packs[path]; p != nil && n == 2 {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b *pack) int {
		return cmp.Or(cmp.Compare(a.count, b.count), strings.Compare(a.path, b.path))
	})
	return out, nil
}

// merge stores the objects of packs as one pack: large ones are copied whole,
// objects of small ones become deltas of each other.
func (o *objects) merge(packs []*pack) (string, error) {
	seen := map[Hash]bool{}
	var whole []*pack
	var list []sized
	for _, p := range slices.Backward(packs) { // the largest first
		if p.count > smallPack && !p.overlaps(seen) {
			whole = append(whole, p)
			for i := range p.count {
				seen[p.hash(i)] = true
			}
			continue
		}
		more, err := o.inventory(p, seen)
		if err != nil {
			return "", err
		}
		list = append(list, more...)
	}
	sortForDeltas(list)
	return o.storePack(len(seen), func(w *packWriter) error {
		for _, p := range whole {
			if err := w.copyPack(p); err != nil {
				return err
			}
		}
		return o.writeDeltas(w, list)
	})
}

func (p *pack) overlaps(seen map[Hash]bool) bool {
	for i := range p.count {
		if seen[p.hash(i)] {
			return true
		}
	}
	return false
}

// copyPack copies the entries of a pack. A delta says how far back its base
// is, so it holds wherever the pack is put.
func (w *packWriter) copyPack(p *pack) error {
	f, err := durable.Open(p.path + ".pack")
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	sum := hash.New(hash.CryptoType)
	body := io.TeeReader(io.LimitReader(f, info.Size()-hashSize), sum)
	if _, err := io.CopyN(io.Discard, body, int64(packHeader)); err != nil {
		return err
	}
	shift := w.offset - int64(packHeader)
	n, err := io.Copy(w.out, body)
	if err != nil {
		return err
	}
	var want Hash
	if _, err := io.ReadFull(f, want[:]); err != nil || Hash(sum.Sum(nil)) != want {
		return &CorruptError{p.path + ".pack", "its checksum is wrong"}
	}
	w.offset += n
	for i := range p.count {
		w.index.Add(p.hash(i), uint64((p.offset(i)+shift)&math.MaxInt64), p.checksum(i))
	}
	return nil
}

// writeDeltas writes objects, each as a delta of one just before it where that
// saves much.
func (o *objects) writeDeltas(w *packWriter, list []sized) error {
	var recent []base
	for _, item := range list {
		obj, err := o.read(item.hash)
		if err != nil {
			return err
		}
		b, err := writeBest(w, base{hash: item.hash, object: obj}, recent)
		if err != nil {
			return err
		}
		if recent = append(recent, b); len(recent) > window {
			recent = recent[1:]
		}
	}
	return nil
}

// sized is an object by its kind and size.
type sized struct {
	hash Hash
	kind plumbing.ObjectType
	size int64
}

// inventory lists the objects of a pack that were not seen yet.
func (o *objects) inventory(p *pack, seen map[Hash]bool) ([]sized, error) {
	file, err := p.open()
	if err != nil {
		return nil, err
	}
	var list []sized
	x := &inflater{source: bufio.NewReader(nil)}
	for _, i := range p.inOrder() {
		h := p.hash(i)
		if seen[h] {
			continue
		}
		seen[h] = true
		e, err := x.header(file, p.offset(i))
		if err == nil && e.isDelta() {
			e.object, err = o.read(h)
			e.size = int64(len(e.data))
		}
		if err != nil {
			return nil, err
		}
		list = append(list, sized{h, e.kind, e.size})
	}
	return list, nil
}

// sortForDeltas puts versions of one file or directory beside each other: they
// differ little in size, and the newest, which is read most and so is best
// whole, is mostly the largest.
func sortForDeltas(list []sized) {
	slices.SortFunc(list, func(a, b sized) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(b.size, a.size), bytes.Compare(a.hash[:], b.hash[:]))
	})
}

// inOrder lists the places in the index by where their objects lie in the pack.
// Read so, the base of a delta was read just before.
func (p *pack) inOrder() []int {
	places := make([]int, p.count)
	for i := range places {
		places[i] = i
	}
	slices.SortFunc(places, func(a, b int) int { return cmp.Compare(p.offset(a), p.offset(b)) })
	return places
}

// base is an object that was written and can be the base of a delta.
type base struct {
	object
	hash   Hash
	offset int64
	depth  int
}

// writeBest writes an object as a delta of the recent one that it has most in
// common with, or whole when that saves little.
func writeBest(w *packWriter, b base, recent []base) (base, error) {
	best, shared := -1, len(b.data)/2
	for i, other := range recent {
		if other.kind != b.kind || other.depth >= chain {
			continue
		}
		if prefix, suffix := common(other.data, b.data); prefix+suffix > shared {
			best, shared = i, prefix+suffix
		}
	}
	var err error
	if best < 0 {
		b.offset, err = w.add(b.hash, b.object)
		return b, err
	}
	b.depth = recent[best].depth + 1
	b.offset, err = w.addDelta(b.hash, recent[best].offset, delta(recent[best].data, b.data))
	return b, err
}

// common returns how many bytes a and b share at their beginnings, and how
// many of the rest at their ends. The files of a record change in one place or
// grow at the end, so nothing cleverer is needed.
func common(a, b []byte) (prefix, suffix int) {
	const block = 4 << 10 // compared at once
	n := min(len(a), len(b))
	for n-prefix >= block && bytes.Equal(a[prefix:prefix+block], b[prefix:prefix+block]) {
		prefix += block
	}
	for prefix < n && a[prefix] == b[prefix] {
		prefix++
	}
	a, b, n = a[prefix:], b[prefix:], n-prefix
	for n-suffix >= block && bytes.Equal(a[len(a)-suffix-block:len(a)-suffix], b[len(b)-suffix-block:len(b)-suffix]) {
		suffix += block
	}
	for suffix < n && a[len(a)-1-suffix] == b[len(b)-1-suffix] {
		suffix++
	}
	return prefix, suffix
}

// delta encodes b as changes to a: copy, insert, copy.
func delta(a, b []byte) []byte {
	prefix, suffix := common(a, b)
	out := appendSize(appendSize(nil, len(a)), len(b))
	out = appendCopy(out, 0, prefix)
	for middle := b[prefix : len(b)-suffix]; len(middle) > 0; {
		n := min(len(middle), 127)
		out = append(append(out, byte(n)), middle[:n]...)
		middle = middle[n:]
	}
	return appendCopy(out, len(a)-suffix, suffix)
}

func appendSize(out []byte, n int) []byte {
	for ; n > 127; n >>= 7 {
		out = append(out, byte(n&0x7f)|0x80)
	}
	return append(out, byte(n&0x7f))
}

// appendCopy encodes copies of up to 64 KiB - 1: offset and size follow as
// the bytes of them that are not zero, which the first byte names.
func appendCopy(out []byte, offset, size int) []byte {
	for size > 0 {
		n := min(size, 0xffff)
		at := len(out)
		out = append(out, 0x80)
		for i, b := range []int{offset, offset >> 8, offset >> 16, offset >> 24, n, n >> 8} {
			if b &= 0xff; b != 0 {
				out[at] |= 1 << i
				out = append(out, byte(b))
			}
		}
		offset, size = offset+n, size-n
	}
	return out
}
