//go:build !unix

package ui

import "time"

// waitable says no: consoles are not waited for like files here, so a question
// ends with the read that it is in.
func waitable(uintptr) bool { return false }

func waitFor(int, time.Duration) (ready, again bool, err error) { return true, false, nil }
