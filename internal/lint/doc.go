// Package lint holds no code, only the tests of .golangci.yml: violations
// planted into a copy of the layout must be reported, so that a rule that no
// longer bites is noticed.
package lint
