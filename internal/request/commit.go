package request

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/platformctl/platformctl/internal/backstage"
	"github.com/platformctl/platformctl/internal/ledger"
	"github.com/platformctl/platformctl/internal/store"
)

// Annotations of a resource's entity.
const (
	AnnotationRequest     = "platformctl.io/request-id"
	AnnotationCapability  = "platformctl.io/capability"
	AnnotationTier        = "platformctl.io/tier"
	AnnotationEnvironment = "platformctl.io/environment"
	AnnotationMachine     = "platformctl.io/machine"
)

// EventApplied is the type of the ledger line of a request that was applied.
const EventApplied = "platformctl.request.applied"

// commit registers the resource: entity, resource, request and ledger lines in
// one commit. A request that is already in the record is not written again.
func (f *flight) commit(ctx context.Context) error {
	snapshot, err := f.Record.Snapshot(ctx)
	if err != nil {
		return err
	}
	if made, registered, err := snapshot.Request(f.id); err != nil || registered {
		if err == nil && !f.isRequest(made) {
			err = &UsedIDError{ID: f.id, Name: made.Name}
		}
		return err
	}
	ref := resourceRef(f.ask.Name).String()
	f.tell(StepCommit, "start", "registering "+ref)
	if err := f.record(ctx, snapshot, f.change); err != nil {
		f.tell(StepCommit, "failed", "registering")
		return err
	}
	f.tell(StepCommit, "done", "registered "+ref)
	return nil
}

// builder makes the change that ends a request from the record as it is.
type builder func(*store.Snapshot) (store.Change, error)

// record commits the change, made anew as often as the record has moved.
func (f *flight) record(ctx context.Context, snapshot *store.Snapshot, build builder) error {
	for tries := 0; ; tries++ {
		change, err := build(snapshot)
		if err != nil {
			return err
		}
		_, err = f.Record.Commit(ctx, change)
		if err == nil || !errors.Is(err, errStale) || tries == maxTries {
			return err
		}
		if snapshot, err = f.Record.Snapshot(ctx); err != nil {
			return err
		}
	}
}

// tryCommit finds out, before anything is applied, whether a person's work in
// the platform's directory would keep the request from being registered.
func (f *flight) tryCommit(ctx context.Context, build builder) error {
	snapshot, err := f.Record.Snapshot(ctx)
	if err != nil {
		return err
	}
	if _, registered, err := snapshot.Request(f.id); err != nil || registered {
		return err
	}
	change, err := build(snapshot)
	if err != nil {
		return err
	}
	change.Trial = true
	if _, err := f.Record.Commit(ctx, change); !errors.Is(err, errStale) {
		return err
	}
	return nil
}

// change is everything that the request writes into the record.
func (f *flight) change(snapshot *store.Snapshot) (store.Change, error) {
	now := f.Now().UTC()
	actor, err := f.Actor(snapshot.Config().Spec.Identify)
	if err != nil {
		return store.Change{}, err
	}
	put, events, err := f.entities(snapshot)
	if err != nil {
		return store.Change{}, err
	}
	events = append(events, ledger.Event{
		Type: EventApplied, Subject: resourceRef(f.ask.Name).String(), Data: f.eventData(),
	})
	for i := range events {
		events[i].ID, events[i].Time, events[i].Actor, events[i].Request = f.NewID(), now, actor, f.id
	}
	resource := f.resource(now)
	return store.Change{
		Message:  fmt.Sprintf("request: %s %s for %s", f.res.Capability, f.ask.Name, f.ask.Team),
		Time:     now,
		Put:      put,
		Resource: &resource,
		Request:  f.request(now, actor),
		Events:   events,
		Check:    f.check(snapshot, put),
	}, nil
}

// maxTries bounds how often a change is made anew.
const maxTries = 20

// errStale says that an entity which the change writes has changed since it was
// read: the change has to be made anew.
var errStale = errors.New("the record has moved")

// check returns what holds the tip against the snapshot that the change was made
// from: nobody has taken the name, and no entity of the change would overwrite
// what somebody else wrote meanwhile.
func (f *flight) check(from *store.Snapshot, put []backstage.Entity) func(*store.Snapshot) error {
	return func(tip *store.Snapshot) error {
		now, found, err := tip.ResourceByName(f.ask.Name)
		if err != nil {
			return err
		}
		if found && (f.existing == nil || now.Record.Spec.Request != f.existing.Record.Spec.Request) {
			return &ConflictError{Name: f.ask.Name, Environment: now.Environment, Differs: []Difference{
				{Field: "request", Have: now.Record.Spec.Request, Want: f.id},
			}}
		}
		if tip.Hash() == from.Hash() {
			return nil
		}
		return unmoved(from, tip, put)
	}
}

// unmoved is errStale when one of the entities was written between two commits.
func unmoved(from, tip *store.Snapshot, entities []backstage.Entity) error {
	for _, entity := range entities {
		before, _, errBefore := from.Entity(entity.Ref())
		after, _, errAfter := tip.Entity(entity.Ref())
		if err := errors.Join(errBefore, errAfter); err != nil {
			return err
		}
		if !reflect.DeepEqual(before, after) {
			return errStale
		}
	}
	return nil
}

// entities are the resource itself and what it refers to: the team, the
// capability's own entities where they are new or changed, the component.
func (f *flight) entities(snapshot *store.Snapshot) ([]backstage.Entity, []ledger.Event, error) {
	put := []backstage.Entity{f.entity()}
	var events []ledger.Event
	_, known, err := snapshot.Entity(teamRef(f.ask.Team))
	if err != nil {
		return nil, nil, err
	}
	if !known {
		put = append(put, TeamEntity(f.ask.Team, ""))
		events = append(events, ledger.Event{Type: "platformctl.team.registered", Subject: teamRef(f.ask.Team).String()})
	}
	published, err := f.def.Entities()
	if err != nil {
		return nil, nil, err
	}
	for _, entity := range published {
		have, found, err := snapshot.Entity(entity.Ref())
		if err != nil {
			return nil, nil, err
		}
		if !found || have.Metadata.Annotations[AnnotationCapability] != entity.Metadata.Annotations[AnnotationCapability] {
			put = append(put, entity)
		}
	}
	if f.ask.For != "" {
		user, err := f.dependent(snapshot)
		if err != nil {
			return nil, nil, err
		}
		put = append(put, user)
	}
	return put, events, nil
}

// entity is the Backstage Resource of what was requested.
func (f *flight) entity() backstage.Entity {
	annotations := map[string]string{
		AnnotationRequest:     f.id,
		AnnotationCapability:  f.res.Capability,
		AnnotationTier:        f.ask.Tier,
		AnnotationEnvironment: f.env.Name,
		// Terraform's state and the secrets are there, whatever the target is.
		AnnotationMachine: f.Machine,
	}
	return backstage.Entity{
		APIVersion: "backstage.io/v1alpha1",
		Kind:       "Resource",
		Metadata: backstage.Metadata{
			Name: f.ask.Name, Namespace: "default",
			Title:       fmt.Sprintf("%s: %s", f.def.Title(), f.ask.Name),
			Description: fmt.Sprintf("%s (%s, %s) of %s", f.def.Title(), f.ask.Type, f.ask.Tier, f.ask.Team),
			Annotations: annotations,
			Tags:        []string{f.ask.Type, f.ask.Tier},
		},
		Spec: map[string]any{
			"type":      f.ask.Capability,
			"owner":     teamRef(f.ask.Team).String(),
			"dependsOn": []any{f.def.ComponentRef(f.ask.Type).String()},
		},
	}
}

// dependent is the component named by For with a dependency on the resource.
func (f *flight) dependent(snapshot *store.Snapshot) (backstage.Entity, error) {
	ref, err := backstage.ParseRef(f.ask.For, backstage.Ref{Kind: "component", Namespace: "default"})
	if err != nil {
		return backstage.Entity{}, err
	}
	user, found, err := snapshot.Entity(ref)
	if err != nil {
		return backstage.Entity{}, err
	}
	if !found {
		return backstage.Entity{}, fmt.Errorf("%s is no longer in the catalog", f.ask.For)
	}
	depends, _ := user.Spec["dependsOn"].([]any)
	if want := resourceRef(f.ask.Name).String(); !slices.Contains(depends, any(want)) {
		user.Spec["dependsOn"] = append(slices.Clone(depends), want)
	}
	return user, nil
}

// TeamEntity is the Backstage Group of a team. Without a title it has none.
func TeamEntity(name, title string) backstage.Entity {
	return backstage.Entity{
		APIVersion: "backstage.io/v1alpha1",
		Kind:       "Group",
		Metadata:   backstage.Metadata{Name: name, Namespace: "default", Title: title},
		Spec:       map[string]any{"type": "team", "children": []any{}},
	}
}

func (f *flight) resource(now time.Time) store.Resource {
	created := now
	if f.existing != nil {
		created = f.existing.Record.Spec.Created
	}
	resource := store.Resource{
		Environment: f.env.Name, Name: f.ask.Name, Main: f.rendered.Main, Variables: f.rendered.Variables,
		Lock: f.rendered.Lock,
	}
	resource.Record.Metadata.Name = f.ask.Name
	spec := &resource.Record.Spec
	spec.Capability, spec.Digest, spec.Tier = f.res.Capability, f.def.Digest(), f.ask.Tier
	spec.Module = f.rendered.Digest
	spec.Environment, spec.Team, spec.For = f.env.Name, f.ask.Team, f.ask.For
	spec.Inputs, spec.Request, spec.Needs = f.ask.Inputs, f.id, f.rendered.Needs
	spec.Created, spec.Updated, spec.Machine = created, now, f.Machine
	spec.Writer = f.holder
	return resource
}

func (f *flight) request(now time.Time, actor string) *store.Request {
	frozen := &store.Request{
		ID: f.id, Capability: f.res.Capability, Name: f.ask.Name, Team: f.ask.Team, Tier: f.ask.Tier,
		Environment: f.env.Name, Inputs: f.ask.Inputs, Mode: "auto", Actor: actor,
		Created: f.journal.began(now), Finished: now, Outcome: Applied,
	}
	for _, t := range f.times {
		frozen.Steps = append(frozen.Steps, store.StepTime{Name: t.Name, Millis: t.Millis})
	}
	return frozen
}

// eventData is what the ledger keeps of a request: what adoption and lead-time
// figures are computed from, and no input value.
func (f *flight) eventData() map[string]any {
	steps := make([]any, 0, len(f.times))
	total := int64(0)
	for _, t := range f.times {
		steps = append(steps, map[string]any{"name": t.Name, "millis": t.Millis})
		total += t.Millis
	}
	return map[string]any{
		"capability": f.res.Capability, "type": f.ask.Type, "tier": f.ask.Tier, "environment": f.env.Name,
		"team": teamRef(f.ask.Team).String(), "mode": "auto", "steps": steps, "millis": total,
		"add": f.changes.Add, "change": f.changes.Change, "destroy": f.changes.Destroy,
	}
}
