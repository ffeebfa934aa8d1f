package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/platformctl/platformctl/internal/index"
	"github.com/platformctl/platformctl/internal/store"
)

// completer lists the values of one kind, as "value\tdescription".
type completer func(ctx context.Context, s *session, snapshot *store.Snapshot) []cobra.Completion

// complete makes a completion function of list. An error completes nothing: a
// shell has no place for it.
func (app *App) complete(list completer) cobra.CompletionFunc {
	return func(cmd *cobra.Command, given []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(given) > 0 {
			return nil, cobra.ShellCompDirectiveDefault
		}
		return app.completions(cmd.Context(), list)
	}
}

func (app *App) completions(ctx context.Context, list completer) ([]cobra.Completion, cobra.ShellCompDirective) {
	s, err := app.open(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	snapshot, err := s.Snapshot(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return list(ctx, s, snapshot), cobra.ShellCompDirectiveNoFileComp
}

// completeFlags completes the flags of a request.
func (app *App) completeFlags(cmd *cobra.Command) {
	for flag, list := range map[string]completer{
		"type": completeTypes, "tier": completeTiers, "team": completeTeams, "env": completeEnvironments,
	} {
		_ = cmd.RegisterFlagCompletionFunc(flag, func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return app.completions(cmd.Context(), list)
		})
	}
}

func completeCapabilities(_ context.Context, s *session, snapshot *store.Snapshot) []cobra.Completion {
	return eachCapability(s, snapshot, func(row capabilityRow) []cobra.Completion {
		return []cobra.Completion{cobra.CompletionWithDesc(row.Name, row.Title)}
	})
}

func completeTypes(_ context.Context, s *session, snapshot *store.Snapshot) []cobra.Completion {
	return eachCapability(s, snapshot, func(row capabilityRow) []cobra.Completion { return row.Types })
}

func completeTiers(_ context.Context, s *session, snapshot *store.Snapshot) []cobra.Completion {
	return eachCapability(s, snapshot, func(row capabilityRow) []cobra.Completion { return row.Tiers })
}

func eachCapability(s *session, snapshot *store.Snapshot, values func(capabilityRow) []cobra.Completion) []cobra.Completion {
	set, err := s.capabilities(snapshot)
	if err != nil {
		return nil
	}
	var list []cobra.Completion
	for _, entry := range set.Entries() {
		if entry.Err != nil {
			continue
		}
		row := capabilityRow{Name: entry.Name}
		row.fill(entry.Definition)
		list = append(list, values(row)...)
	}
	return list
}

func completeTeams(ctx context.Context, s *session, _ *store.Snapshot) []cobra.Completion {
	return completeKind(ctx, s, index.Filter{Kind: "group"}, false)
}

func completeEntities(ctx context.Context, s *session, _ *store.Snapshot) []cobra.Completion {
	return completeKind(ctx, s, index.Filter{}, true)
}

func completeKind(ctx context.Context, s *session, filter index.Filter, refs bool) []cobra.Completion {
	entities, err := index.New(s).List(ctx, filter)
	if err != nil {
		return nil
	}
	list := make([]cobra.Completion, len(entities))
	for i, e := range entities {
		name := e.Metadata.Name
		if refs {
			name = e.Ref().String()
		}
		list[i] = cobra.CompletionWithDesc(name, e.Metadata.Title)
	}
	return list
}

func completeResources(ctx context.Context, s *session, _ *store.Snapshot) []cobra.Completion {
	resources, err := s.index().Resources(ctx)
	if err != nil {
		return nil
	}
	list := make([]cobra.Completion, len(resources))
	for i, r := range resources {
		list[i] = cobra.CompletionWithDesc(r.Name, r.Capability+" of "+r.Team)
	}
	return list
}

func completeEnvironments(_ context.Context, _ *session, snapshot *store.Snapshot) []cobra.Completion {
	var list []cobra.Completion
	for _, env := range snapshot.Config().Spec.Environments {
		list = append(list, cobra.CompletionWithDesc(env.Name, "target "+env.Target))
	}
	return list
}
