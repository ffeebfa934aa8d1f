//go:build !linux

package e2e

import "syscall"

// There are no namespaces here: mounting fails, and the test is skipped.
func asRootOfItsOwn() *syscall.SysProcAttr     { return nil }
func withMountsOfItsOwn() *syscall.SysProcAttr { return nil }
