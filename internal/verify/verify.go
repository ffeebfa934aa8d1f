// Package verify holds the parts of a platform against each other: the ledger
// against its own chain, entities against the rules of the catalog, resources,
// requests and ledger lines against one another, and what is recorded against
// what runs.
package verify

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/platformctl/platformctl/internal/backstage"
	"github.com/platformctl/platformctl/internal/ledger"
	"github.com/platformctl/platformctl/internal/request"
	"github.com/platformctl/platformctl/internal/store"
)

// The areas that are checked.
const (
	AreaLedger    = "ledger"
	AreaCatalog   = "catalog"
	AreaResources = "resources"
	AreaLive      = "live" // Terraform's state and the servers
)

// Problem is one thing that does not agree.
type Problem struct {
	Area    string `json:"area"`
	Subject string `json:"subject"` // a file, an entity, a resource
	Problem string `json:"problem"`
}

// Check is how one area came out.
type Check struct {
	Area    string `json:"area"`
	Checked int    `json:"checked"` // how many things were looked at
	Skipped int    `json:"skipped"` // how many could not be, on this machine
}

// Report is what a verification found.
type Report struct {
	Commit   string    `json:"commit"`
	Checks   []Check   `json:"checks"`
	Problems []Problem `json:"problems"`
	Warnings []Problem `json:"warnings"` // what is only unwise: references to what is not in the catalog
}

// ErrSkipped says that a resource cannot be compared with what runs: it lives
// on another machine, or its server is stopped.
var ErrSkipped = errors.New("cannot be compared here")

// Machine is what only this machine knows.
type Machine struct {
	// Live compares a recorded resource with what runs.
	Live Live
	// Unfinished are the requests that were cut short, by resource.
	Unfinished map[string]request.Unfinished
	// States are the resources with Terraform state in this home.
	States []store.ResourceKey
}

// Live compares one recorded resource with Terraform's state and the server. It
// returns what differs, or an error that wraps ErrSkipped.
type Live func(ctx context.Context, resource store.Resource) ([]string, error)

// Run verifies the record in snapshot, and holds machine against it. It changes
// nothing. Errors are those of reading the repository.
func Run(ctx context.Context, snapshot *store.Snapshot, machine Machine) (Report, error) {
	v := &verification{snapshot: snapshot, report: Report{Commit: snapshot.Hash(), Problems: []Problem{}, Warnings: []Problem{}}}
	for _, check := range []func() error{v.files, v.ledger, v.entities, v.resources} {
		if err := check(); err != nil {
			return Report{}, err
		}
	}
	v.unregistered(machine)
	v.live(ctx, machine.Live)
	return v.report, ctx.Err()
}

type verification struct {
	snapshot *store.Snapshot
	report   Report
	entity   map[string]backstage.Entity // by reference
	ended    map[string]int              // ledger lines by request and outcome
	resource []store.Resource
}

func (v *verification) add(area, subject, format string, args ...any) {
	v.report.Problems = append(v.report.Problems, Problem{Area: area, Subject: subject, Problem: fmt.Sprintf(format, args...)})
}

func (v *verification) checked(area string, n int) {
	v.report.Checks = append(v.report.Checks, Check{Area: area, Checked: n})
}

// files reports what cannot be read at all.
func (v *verification) files() error {
	problems, err := v.snapshot.Problems()
	for _, p := range problems {
		v.add("files", p.Path, "%v", p.Err)
	}
	return err
}

// ledger checks every chain and counts the lines of each request.
func (v *verification) ledger() error {
	chains, err := v.snapshot.Chains()
	if err != nil {
		return err
	}
	v.ended = map[string]int{}
	lines := 0
	for _, chain := range chains {
		lines += len(chain.Events)
		for _, p := range ledger.Check(chain.Events) {
			v.add(AreaLedger, chain.Writer, "%v", p)
		}
		for _, event := range chain.Events {
			if event.Writer != chain.Writer {
				v.add(AreaLedger, chain.Writer, "line %d was written by %q", event.Seq, event.Writer)
			}
			switch event.Type {
			case request.EventApplied:
				v.ended[event.Request+" "+request.Applied]++
			case request.EventDestroyed:
				v.ended[event.Request+" "+request.Removed]++
			}
		}
	}
	v.checked(AreaLedger, lines)
	return nil
}

// entities holds each entity against the rules, and its references against the
// catalog.
func (v *verification) entities() error {
	v.entity = map[string]backstage.Entity{}
	for e, err := range v.snapshot.Entities() {
		if err != nil {
			return err
		}
		v.entity[e.Ref().String()] = e
	}
	for ref, e := range v.entity {
		var invalid *backstage.ValidationError
		if err := e.Validate(); errors.As(err, &invalid) {
			for _, p := range invalid.Problems {
				v.add(AreaCatalog, ref, "%s: %s", p.Field, p.Problem)
			}
		} else if err != nil {
			v.add(AreaCatalog, ref, "%v", err)
		}
		for _, r := range e.Relations() {
			if _, found := v.entity[r.Target.String()]; !found {
				v.report.Warnings = append(v.report.Warnings, Problem{
					Area: AreaCatalog, Subject: ref, Problem: fmt.Sprintf("%s %s, which is not in the catalog", r.Type, r.Target),
				})
			}
		}
	}
	v.checked(AreaCatalog, len(v.entity))
	return nil
}

// resources holds resources, their entities, their requests and the ledger
// against each other.
func (v *verification) resources() error {
	var err error
	if v.resource, err = v.snapshot.Resources(); err != nil {
		return err
	}
	recorded := map[string]bool{}
	for _, r := range v.resource {
		recorded[r.Name] = true
		if err := v.one(r); err != nil {
			return err
		}
	}
	for ref, e := range v.entity {
		if e.Kind == backstage.KindResource && e.Metadata.Annotations[request.AnnotationRequest] != "" && !recorded[e.Metadata.Name] {
			v.add(AreaResources, ref, "is in the catalog and has no resource")
		}
	}
	for made, err := range v.snapshot.Requests() {
		if err != nil {
			return err
		}
		if n := v.ended[made.ID+" "+made.Outcome]; n != 1 {
			v.add(AreaResources, "request "+made.ID, "has %d lines in the ledger instead of 1", n)
		}
	}
	v.checked(AreaResources, len(v.resource))
	sortProblems(v.report.Problems)
	sortProblems(v.report.Warnings)
	return nil
}

func sortProblems(problems []Problem) {
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return slices.Compare([]string{a.Area, a.Subject, a.Problem}, []string{b.Area, b.Subject, b.Problem})
	})
}

func (v *verification) one(r store.Resource) error {
	spec := r.Record.Spec
	e, found := v.entity["resource:default/"+r.Name]
	if !found {
		v.add(AreaResources, r.Name, "has no entity in the catalog")
	}
	for key, want := range map[string]string{
		request.AnnotationRequest: spec.Request, request.AnnotationCapability: spec.Capability,
		request.AnnotationTier: spec.Tier, request.AnnotationEnvironment: spec.Environment,
	} {
		if have := e.Metadata.Annotations[key]; found && have != want {
			v.add(AreaResources, r.Name, "annotation %s of its entity is %q, not %q", key, have, want)
		}
	}
	made, found, err := v.snapshot.Request(spec.Request)
	if err != nil {
		return err
	}
	switch {
	case !found:
		v.add(AreaResources, r.Name, "its request %s is not in the record", spec.Request)
	case made.Name != r.Name:
		v.add(AreaResources, r.Name, "its request %s is about %q", spec.Request, made.Name)
	case made.Outcome != request.Applied:
		v.add(AreaResources, r.Name, "its request %s has %s it", spec.Request, made.Outcome)
	}
	return nil
}

// unregistered reports what this machine has and the record does not know of.
func (v *verification) unregistered(machine Machine) {
	for _, name := range slices.Sorted(maps.Keys(machine.Unfinished)) {
		v.add(AreaLive, name, "its %s is unfinished since step %s", machine.Unfinished[name].Verb(), machine.Unfinished[name].Step)
	}
	for _, key := range machine.States {
		known := slices.ContainsFunc(v.resource, func(r store.Resource) bool {
			return r.Name == key.Name && r.Environment == key.Environment
		})
		if _, open := machine.Unfinished[key.Name]; !known && !open {
			v.add(AreaLive, key.Name, "Terraform has state of it in %s, and it is not in the record", key.Environment)
		}
	}
}

// live compares every resource with what runs.
func (v *verification) live(ctx context.Context, live Live) {
	check := Check{Area: AreaLive}
	for _, r := range v.resource {
		problems, err := live(ctx, r)
		if errors.Is(err, ErrSkipped) {
			check.Skipped++
			continue
		}
		check.Checked++
		if err != nil {
			v.add(AreaLive, r.Name, "%v", err)
		}
		for _, p := range problems {
			v.add(AreaLive, r.Name, "%s", p)
		}
	}
	v.report.Checks = append(v.report.Checks, check)
}
