package request

import (
	"context"
	"fmt"
	"slices"

	"github.com/platformctl/platformctl/internal/backstage"
	"github.com/platformctl/platformctl/internal/ledger"
	"github.com/platformctl/platformctl/internal/store"
)

// EventDestroyed is the type of the ledger line of a resource's end.
const EventDestroyed = "platformctl.resource.destroyed"

// deregister takes the resource out of the record, in one commit. What never
// came into it does not go out of it.
func (d *demolition) deregister(ctx context.Context) error {
	if d.existing == nil {
		return nil
	}
	snapshot, err := d.Record.Snapshot(ctx)
	if err != nil {
		return err
	}
	ref := resourceRef(d.ask.Name).String()
	d.tell(StepCommit, "start", "removing "+ref)
	if err := d.record(ctx, snapshot, d.end); err != nil {
		d.tell(StepCommit, "failed", "removing "+ref)
		return err
	}
	d.tell(StepCommit, "done", "removed "+ref+" from the catalog")
	return nil
}

// end is everything that a destroy writes into the record.
func (d *demolition) end(snapshot *store.Snapshot) (store.Change, error) {
	now := d.Now().UTC()
	actor, err := d.Actor(snapshot.Config().Spec.Identify)
	if err != nil {
		return store.Change{}, err
	}
	request := d.request(now, actor)
	request.Capability, request.Inputs, request.Outcome = d.what, nil, Removed
	data := d.eventData()
	data["capability"] = d.what
	put, err := d.detached(snapshot)
	if err != nil {
		return store.Change{}, err
	}
	ref := resourceRef(d.ask.Name)
	return store.Change{
		Message:       fmt.Sprintf("destroy: %s %s of %s", d.what, d.ask.Name, d.ask.Team),
		Time:          now,
		Put:           put,
		Delete:        []backstage.Ref{ref},
		DropResources: []store.ResourceKey{{Environment: d.env.Name, Name: d.ask.Name}},
		Request:       request,
		Events: []ledger.Event{{
			ID: d.NewID(), Time: now, Actor: actor, Request: d.id, Type: EventDestroyed, Subject: ref.String(), Data: data,
		}},
		Check: func(tip *store.Snapshot) error {
			have, found, err := tip.ResourceByName(d.ask.Name)
			if err != nil {
				return err
			}
			if !found || have.Record.Spec.Request != d.existing.Record.Spec.Request {
				return &ChangedError{Name: d.ask.Name}
			}
			return unmoved(snapshot, tip, put)
		},
	}, nil
}

// dependents are the entities that depend on the resource.
func (d *demolition) dependents(snapshot *store.Snapshot) ([]backstage.Entity, error) {
	var list []backstage.Entity
	for entity, err := range snapshot.Entities() {
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(entity.Relations(), func(r backstage.Relation) bool {
			return r.Type == backstage.DependsOn && r.Target.String() == resourceRef(d.ask.Name).String()
		}) {
			list = append(list, entity)
		}
	}
	return list, nil
}

// detached are the dependents without their dependency on the resource; none
// unless that was asked for.
func (d *demolition) detached(snapshot *store.Snapshot) ([]backstage.Entity, error) {
	if !d.ask.Destroy.Detach {
		return nil, nil
	}
	list, err := d.dependents(snapshot)
	for _, entity := range list {
		depends, _ := entity.Spec["dependsOn"].([]any)
		rest := slices.DeleteFunc(slices.Clone(depends), func(value any) bool {
			text, _ := value.(string)
			ref, err := backstage.ParseRef(text, backstage.Ref{Namespace: entity.Ref().Namespace})
			return err == nil && ref.String() == resourceRef(d.ask.Name).String()
		})
		if entity.Spec["dependsOn"] = rest; len(rest) == 0 {
			delete(entity.Spec, "dependsOn")
		}
	}
	return list, err
}

func refsOf(entities []backstage.Entity) []string {
	refs := make([]string, len(entities))
	for i, entity := range entities {
		refs[i] = entity.Ref().String()
	}
	return refs
}
