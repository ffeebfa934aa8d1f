package cli

import (
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// strictFlags makes the flags of cmd and of all commands below it refuse an
// empty value and a second one: one of two values would be dropped unseen, and
// an empty one is mostly a variable of a script that is not set. Lists, which
// may be given again, are left alone.
func strictFlags(cmd *cobra.Command) {
	for _, flags := range []*pflag.FlagSet{cmd.Flags(), cmd.PersistentFlags()} {
		flags.VisitAll(func(f *pflag.Flag) {
			_, list := f.Value.(pflag.SliceValue)
			_, done := f.Value.(*strictValue)
			if !list && !done {
				f.Value = &strictValue{Value: f.Value}
			}
		})
	}
	for _, sub := range cmd.Commands() {
		strictFlags(sub)
	}
}

// strictValue is a flag's value that is set once, and not to nothing.
type strictValue struct {
	pflag.Value
	set bool
}

// Set refuses what the flag would swallow. A switch may be given again as long
// as it says the same.
func (v *strictValue) Set(s string) error {
	isSwitch := v.Type() == "bool"
	before := v.String()
	if s == "" {
		return errors.New("must not be empty")
	}
	if v.set && !isSwitch {
		return errors.New("is given twice")
	}
	if err := v.Value.Set(s); err != nil {
		if isSwitch {
			return errors.New("must be true or false")
		}
		return err
	}
	if v.set && v.String() != before {
		return errors.New("is given twice, as " + before + " and as " + v.String())
	}
	v.set = true
	return nil
}
