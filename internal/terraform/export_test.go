package terraform

// Literal is what makes strings mean themselves in our provider's configuration.
var Literal = literal

// StateInfo identifies the state in dir, under the rules of [Outputs].
func StateInfo(dir string) (State, error) {
	state, _, err := readState(dir)
	return state, err
}
