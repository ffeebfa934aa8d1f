package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/platformctl/platformctl/internal/backstage"
	"github.com/platformctl/platformctl/internal/capability"
	"github.com/platformctl/platformctl/internal/store"
)

func completeCapabilities(ctx context.Context, a *asked) []cobra.Completion {
	set, err := a.capabilities(a.snapshot)
	if err != nil {
		return nil
	}
	var list []cobra.Completion
	for _, name := range set.Names() {
		if !a.matches(name) {
			continue
		}
		title := ""
		if ctx.Err() == nil {
			definition, err := set.Get(name)
			if err != nil {
				continue // a broken one cannot be asked for
			}
			title = definition.Title()
		}
		list = append(list, cobra.CompletionWithDesc(name, title))
	}
	return list
}

// definitions are the capability that stands before the word, else all of them.
// A broken one hides no other.
func (a *asked) definitions(ctx context.Context) []*capability.Definition {
	set, err := a.capabilities(a.snapshot)
	if err != nil {
		return nil
	}
	names := set.Names()
	if len(a.args) > 0 {
		names = a.args[:1]
	}
	var list []*capability.Definition
	for i, name := range names {
		if i > 0 && ctx.Err() != nil {
			break
		}
		if definition, err := set.Get(name); err == nil {
			list = append(list, definition)
		}
	}
	return list
}

// types are those of a definition that the word is about.
func (a *asked) types(d *capability.Definition) []string {
	types := d.Types()
	if named := a.flag("type"); named != "" {
		return slices.DeleteFunc(types, func(typ string) bool { return typ != named })
	}
	return types
}

func completeTypes(ctx context.Context, a *asked) []cobra.Completion {
	var list []cobra.Completion
	for _, d := range a.definitions(ctx) {
		for _, typ := range d.Types() {
			list = append(list, cobra.CompletionWithDesc(typ, d.Title()))
		}
	}
	return list
}

func completeTiers(ctx context.Context, a *asked) []cobra.Completion {
	var list []cobra.Completion
	seen := map[string]bool{}
	for _, d := range a.definitions(ctx) {
		for _, typ := range a.types(d) {
			for _, tier := range tierViews(d, typ) {
				if !seen[tier.Name] {
					seen[tier.Name] = true
					list = append(list, cobra.CompletionWithDesc(tier.Name, tier.about()))
				}
			}
		}
	}
	return list
}

// completeInputs completes key=value: the inputs that the tier leaves open, and
// after the = the values of those that have a list of them.
func completeInputs(ctx context.Context, a *asked) []cobra.Completion {
	key, _, valued := strings.Cut(a.prefix, "=")
	var list []cobra.Completion
	for _, d := range a.definitions(ctx) {
		for _, typ := range a.types(d) {
			for _, input := range d.Inputs(typ) {
				locked := slices.Contains(d.Spec.Types[typ].Tiers[a.flag("tier")].Lock, input.Name)
				switch {
				case locked:
				case !valued:
					list = append(list, cobra.CompletionWithDesc(input.Name+"=", aboutInput(input)))
				case input.Name == key:
					list = append(list, inputValues(input)...)
				}
			}
		}
	}
	return list
}

func aboutInput(in capability.Input) string {
	about := in.Type
	if in.Required {
		about += ", required"
	}
	if in.Description != "" {
		about += ": " + in.Description
	}
	return about
}

// inputValues are the values that an input can have, when there is a list of
// them, else its default.
func inputValues(in capability.Input) []cobra.Completion {
	values := in.Enum
	switch {
	case len(values) > 0:
	case in.Type == "boolean":
		values = []any{true, false}
	case in.Default != nil && (in.Type == "integer" || in.Type == "number" || in.Type == "string"):
		values = []any{in.Default}
	}
	list := make([]cobra.Completion, len(values))
	for i, value := range values {
		list[i] = fmt.Sprintf("%s=%v", in.Name, value)
		if in.Default == value {
			list[i] = cobra.CompletionWithDesc(list[i], "default")
		}
	}
	return list
}

// completeEnvironments offers the environments that serve the tier, if one
// stands before the word.
func completeEnvironments(_ context.Context, a *asked) []cobra.Completion {
	var list []cobra.Completion
	for _, env := range a.snapshot.Config().Spec.Environments {
		if tier := a.flag("tier"); tier != "" && !env.Serves(tier) {
			continue
		}
		about := "target " + env.Target
		if env.Production {
			about += ", production"
		}
		list = append(list, cobra.CompletionWithDesc(env.Name, about))
	}
	return list
}

func completeTeams(ctx context.Context, a *asked) []cobra.Completion {
	return a.entities(ctx, backstage.KindGroup, func(ref backstage.Ref) string { return ref.Name })
}

func completeOwners(ctx context.Context, a *asked) []cobra.Completion {
	return append(completeTeams(ctx, a), a.entities(ctx, backstage.KindUser, shortRef)...)
}

func completeComponents(ctx context.Context, a *asked) []cobra.Completion {
	return a.entities(ctx, backstage.KindComponent, a.ref)
}

func completeEntities(ctx context.Context, a *asked) []cobra.Completion {
	kinds, err := a.snapshot.EntityKinds()
	if err != nil {
		return nil
	}
	var list []cobra.Completion
	for _, kind := range kinds {
		list = append(list, a.entities(ctx, kind, a.ref)...)
	}
	return list
}

// ref writes a reference in the form that the word has: kind:name where that is
// enough, kind:namespace/name once a / is typed, and the bare name when what is
// typed begins it.
func (a *asked) ref(ref backstage.Ref) string {
	switch {
	case strings.Contains(a.prefix, "/"):
		return ref.String()
	case a.prefix != "" && a.matches(ref.Name) && !a.matches(ref.Kind+":"):
		return ref.Name
	}
	return shortRef(ref)
}

func shortRef(ref backstage.Ref) string {
	if ref.Namespace != backstage.DefaultNamespace {
		return ref.String()
	}
	return ref.Kind + ":" + ref.Name
}

// entities lists the entities of a kind in the form that write gives them.
func (a *asked) entities(ctx context.Context, kind string, write func(backstage.Ref) string) []cobra.Completion {
	refs, err := a.snapshot.EntityRefs(kind)
	if err != nil {
		return nil
	}
	var list []cobra.Completion
	for _, ref := range refs {
		value, title := write(ref), ""
		if !a.matches(value) {
			continue
		}
		if ctx.Err() == nil {
			if entity, found, err := a.snapshot.Entity(ref); err == nil && found {
				title = entity.Metadata.Title
			}
		}
		list = append(list, cobra.CompletionWithDesc(value, title))
	}
	return list
}

// completeResources offers what is in the record, and what is not there yet
// because its first request was cut short.
func completeResources(ctx context.Context, a *asked) []cobra.Completion {
	keys, err := a.snapshot.ResourceKeys()
	if err != nil {
		return nil
	}
	list := completeUnfinished(ctx, a)
	listed := map[string]bool{}
	for _, completion := range list {
		name, _, _ := strings.Cut(completion, "\t")
		listed[name] = true
	}
	for _, key := range keys {
		if !a.matches(key.Name) || listed[key.Name] {
			continue
		}
		about := ""
		if ctx.Err() == nil {
			about = aboutResource(a.snapshot, key)
		}
		list = append(list, cobra.CompletionWithDesc(key.Name, about))
	}
	return list
}

func aboutResource(snapshot *store.Snapshot, key store.ResourceKey) string {
	r, found, err := snapshot.Resource(key.Environment, key.Name)
	if err != nil || !found {
		return ""
	}
	spec := r.Record.Spec
	return fmt.Sprintf("%s, %s, of %s", spec.Capability, spec.Tier, spec.Team)
}

// completeUnfinished offers the resources whose request was cut short.
func completeUnfinished(_ context.Context, a *asked) []cobra.Completion {
	unfinished, err := a.unfinished()
	if err != nil {
		return nil
	}
	var list []cobra.Completion
	for name := range unfinished {
		list = append(list, cobra.CompletionWithDesc(name, "unfinished since "+formatTime(unfinished[name].Since)))
	}
	slices.Sort(list)
	return list
}

// catalogField completes a flag of `catalog list` with what entities have there.
func catalogField(field func(backstage.Entity) []string) completer {
	return func(ctx context.Context, a *asked) []cobra.Completion {
		seen := map[string]bool{}
		var list []cobra.Completion
		for entity, err := range a.snapshot.Entities() {
			if err != nil || ctx.Err() != nil {
				break
			}
			for _, value := range field(entity) {
				if value != "" && !seen[value] {
					seen[value] = true
					list = append(list, value)
				}
			}
		}
		slices.Sort(list)
		return list
	}
}
