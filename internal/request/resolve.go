package request

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/platformctl/platformctl/internal/backstage"
	"github.com/platformctl/platformctl/internal/capability"
	"github.com/platformctl/platformctl/internal/platform"
)

// resolve fills in what the ask leaves open and finds what it speaks of.
func (f *flight) resolve(ctx context.Context) error {
	var err error
	if f.snapshot, err = f.Record.Snapshot(ctx); err != nil {
		return err
	}
	set, err := f.Capabilities(f.snapshot)
	if err != nil {
		return err
	}
	if f.def, err = set.Get(f.ask.Capability); err != nil {
		return err
	}
	if err := f.fillFromExisting(f.ask.Name); err != nil {
		return err
	}
	if f.ask.Type, err = choose("type", f.ask.Type, f.def.Types()); err != nil {
		return err
	}
	if f.ask.Tier, err = choose("tier", f.ask.Tier, f.def.Tiers(f.ask.Type)); err != nil {
		return err
	}
	if err := f.resolveTeam(); err != nil {
		return err
	}
	if err := f.resolveEnvironment(ctx); err != nil {
		return err
	}
	return f.resolveName()
}

// fillFromExisting takes what the ask leaves open from the resource called name.
func (f *flight) fillFromExisting(name string) error {
	f.existing = nil
	if name == "" {
		return nil
	}
	if err := platform.CheckName("name", name); err != nil {
		return err
	}
	resource, found, err := f.snapshot.ResourceByName(name)
	if err != nil || !found {
		return err
	}
	f.existing = &resource
	have := resource.Record.Spec
	if name := capability.NameOf(have.Capability); name != f.ask.Capability {
		return &ConflictError{Name: resource.Name, Environment: have.Environment, Differs: []Difference{{"capability", name, f.ask.Capability}}}
	}
	for _, field := range []struct {
		ask  *string
		have string
	}{
		{&f.ask.Type, capability.TypeOf(have.Capability)},
		{&f.ask.Tier, have.Tier},
		{&f.ask.Team, have.Team},
		{&f.ask.Environment, have.Environment},
	} {
		if *field.ask == "" {
			*field.ask = field.have
		}
	}
	return nil
}

// choose returns what was given if it is among the choices, and the only choice
// if nothing was given.
func choose(field, given string, choices []string) (string, error) {
	switch {
	case given == "" && len(choices) == 1:
		return choices[0], nil
	case given == "":
		return "", &MissingError{Field: field, Choices: choices}
	case !slices.Contains(choices, given):
		return "", &platform.UnknownError{What: field, Name: given, Known: choices}
	}
	return given, nil
}

// resolveTeam finds the team. Only a missing or refused one makes it look at
// all teams: that reads every entity of the catalog.
func (f *flight) resolveTeam() error {
	if f.ask.Team == "" {
		teams, err := f.teams()
		if err != nil {
			return err
		}
		if len(teams) != 1 {
			return &MissingError{Field: "team", Choices: teams}
		}
		f.ask.Team = teams[0]
	}
	if err := platform.CheckName("team", f.ask.Team); err != nil {
		return err
	}
	_, known, err := f.snapshot.Entity(teamRef(f.ask.Team))
	if err != nil {
		return err
	}
	if !known && f.snapshot.Config().Spec.Teams == platform.TeamsClosed {
		teams, err := f.teams()
		if err != nil {
			return err
		}
		return &platform.UnknownError{What: "team", Name: f.ask.Team, Known: teams}
	}
	f.plan.NewTeam = !known
	return nil
}

// teams lists the teams of the platform, without the one that owns it.
func (f *flight) teams() ([]string, error) {
	owner, err := OwnerRef(f.snapshot.Config())
	if err != nil {
		return nil, err
	}
	var names []string
	for entity, err := range f.snapshot.Entities() {
		if err != nil {
			return nil, err
		}
		if entity.Kind == "Group" && entity.Ref() != owner {
			names = append(names, entity.Metadata.Name)
		}
	}
	slices.Sort(names)
	return names, nil
}

func (f *flight) resolveEnvironment(ctx context.Context) error {
	var err error
	f.env, err = platform.Place(ctx, f.snapshot.Config(), platform.Ask{Environment: f.ask.Environment, Tier: f.ask.Tier})
	if err != nil {
		return err
	}
	f.ask.Environment = f.env.Name
	return nil
}

func (f *flight) resolveName() error {
	if f.ask.Name == "" {
		f.ask.Name = f.ask.Team + "-" + f.ask.Type
		if f.env.Name != f.snapshot.Config().DefaultEnvironment().Name {
			f.ask.Name += "-" + f.env.Name
		}
		if err := f.fillFromExisting(f.ask.Name); err != nil {
			return err
		}
	}
	if f.existing != nil {
		if err := f.compatible(); err != nil {
			return err
		}
	}
	return f.hold(false)
}

// compatible refuses an ask that would have to replace the resource it names.
func (f *flight) compatible() error {
	have := f.existing.Record.Spec
	conflict := &ConflictError{Name: f.ask.Name, Environment: have.Environment}
	for _, d := range []Difference{
		{"capability", capability.NameOf(have.Capability), f.ask.Capability},
		{"type", capability.TypeOf(have.Capability), f.ask.Type},
		{"tier", have.Tier, f.ask.Tier},
		{"environment", have.Environment, f.ask.Environment},
		{"team", have.Team, f.ask.Team},
	} {
		if d.Have != d.Want {
			conflict.Differs = append(conflict.Differs, d)
		}
	}
	if len(conflict.Differs) > 0 {
		return conflict
	}
	return nil
}

// hold finds out who has the state and the secrets of the resource, and refuses
// one that somebody else has: without them it would be made again, and get
// another password behind the back of those who use it.
func (f *flight) hold(create bool) error {
	own, err := f.Writer(create)
	if err != nil || f.existing == nil {
		f.holder = own
		return err
	}
	have := f.existing.Record.Spec
	f.holder = have.Writer
	switch {
	case have.Machine != "" && have.Machine != f.Machine:
		return &ElsewhereError{Name: f.ask.Name, Machine: have.Machine}
	case have.Writer != "" && have.Writer != own:
		return &ElsewhereError{Name: f.ask.Name, Machine: have.Machine, User: true}
	}
	return nil
}

// validate resolves the definition with the inputs of the ask, and finds the
// component that will use the resource.
func (f *flight) validate(context.Context) error {
	inputs := maps.Clone(f.ask.Inputs)
	if f.existing != nil {
		// What is not named stays as it was asked for before.
		inputs = maps.Clone(f.existing.Record.Spec.Inputs)
		if inputs == nil {
			inputs = map[string]any{}
		}
		maps.Copy(inputs, f.ask.Inputs)
		if f.ask.For == "" {
			f.ask.For = f.existing.Record.Spec.For
		}
	}
	f.ask.Inputs = inputs
	var err error
	if f.res, err = f.definitionFor(inputs); err != nil {
		return err
	}
	if f.existing != nil {
		if err := f.immutable(); err != nil {
			return err
		}
	}
	if f.ask.For != "" {
		if err := f.findComponent(); err != nil {
			return err
		}
	}
	f.target, err = f.Target(f.env)
	return err
}

// immutable refuses a change of an input that cannot be changed in place.
func (f *flight) immutable() error {
	changed := f.res.ImmutableChange(f.existing.Record.Spec.Inputs)
	if len(changed) == 0 {
		return nil
	}
	before, err := f.definitionFor(f.existing.Record.Spec.Inputs)
	if err != nil {
		return err
	}
	conflict := &ConflictError{Name: f.ask.Name, Environment: f.env.Name}
	for _, field := range changed {
		conflict.Differs = append(conflict.Differs, Difference{
			Field: field, Have: fmt.Sprint(before.Inputs[field]), Want: fmt.Sprint(f.res.Inputs[field]),
		})
	}
	return conflict
}

// definitionFor resolves the definition for the ask with the given inputs.
func (f *flight) definitionFor(inputs map[string]any) (*capability.Resolution, error) {
	return f.def.Resolve(capability.Ask{
		Type: f.ask.Type, Tier: f.ask.Tier, Team: f.ask.Team, Name: f.ask.Name,
		Environment: capability.Environment{
			Name: f.env.Name, Target: f.env.Target, Production: f.env.Production, Values: f.env.Values,
		},
		Inputs: inputs,
	})
}

// findComponent checks the reference given with For and makes it canonical.
func (f *flight) findComponent() error {
	ref, err := backstage.ParseRef(f.ask.For, backstage.Ref{Kind: "component", Namespace: "default"})
	if err != nil {
		return fmt.Errorf("for: %w", err)
	}
	entity, found, err := f.snapshot.Entity(ref)
	if err != nil {
		return err
	}
	if !found || entity.Kind != backstage.KindComponent {
		return &platform.UnknownError{What: "component", Name: f.ask.For, Known: f.components()}
	}
	f.ask.For = ref.String()
	return nil
}

// components lists those there are, by name when a name was given.
func (f *flight) components() []string {
	var list []string
	for entity, err := range f.snapshot.Entities() {
		switch {
		case err != nil || entity.Kind != backstage.KindComponent:
		case strings.ContainsAny(f.ask.For, ":/"):
			list = append(list, entity.Ref().String())
		default:
			list = append(list, entity.Metadata.Name)
		}
	}
	return list
}

// OwnerRef is the group that runs the platform.
func OwnerRef(cfg platform.Config) (backstage.Ref, error) {
	return backstage.ParseRef(cfg.Spec.Owner, backstage.Ref{Kind: "group", Namespace: "default"})
}

func teamRef(name string) backstage.Ref {
	return backstage.Ref{Kind: "group", Namespace: "default", Name: name}
}

func resourceRef(name string) backstage.Ref {
	return backstage.Ref{Kind: "resource", Namespace: "default", Name: name}
}
