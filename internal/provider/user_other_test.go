//go:build !unix

package provider

import "syscall"

// asUser does nothing: nobody here is root.
func asUser(uint32, uint32) *syscall.SysProcAttr { return nil }
