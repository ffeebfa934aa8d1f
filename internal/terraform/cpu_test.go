//go:build unix

package terraform_test

import (
	"syscall"
	"testing"
	"time"
)

// cpu reports the processor time of this process and its children, which a busy
// machine changes less than the wall clock.
func cpu(b *testing.B) func() {
	b.Helper()
	spent := func() time.Duration {
		var sum time.Duration
		for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
			var use syscall.Rusage
			if err := syscall.Getrusage(who, &use); err != nil {
				b.Fatal(err)
			}
			sum += time.Duration(use.Utime.Nano() + use.Stime.Nano())
		}
		return sum
	}
	start := spent()
	return func() {
		b.ReportMetric(float64(spent()-start)/float64(time.Millisecond)/float64(b.N), "cpu-ms/op")
	}
}
