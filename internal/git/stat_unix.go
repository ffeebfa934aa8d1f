//go:build unix

package git

import (
	"math"

	"golang.org/x/sys/unix"
)

// statOf returns what lstat says of a file.
func statOf(path string) (fileStat, error) {
	var stat unix.Stat_t
	if err := unix.Lstat(path, &stat); err != nil {
		return fileStat{}, err
	}
	changed, changedNanos := stat.Ctim.Unix()
	modified, modifiedNanos := stat.Mtim.Unix()
	return fileStat{
		changed: low(changed), changedNanos: low(changedNanos),
		modified: low(modified), modifiedNanos: low(modifiedNanos),
		dev: low(stat.Dev), ino: low(stat.Ino), uid: stat.Uid, gid: stat.Gid, size: low(stat.Size),
	}, nil
}

// low returns the low 32 bits, which is what git keeps of each of these.
func low[T int32 | int64 | uint64](v T) uint32 { return uint32(uint64(v) & math.MaxUint32) }
