package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// thing is something on the server that may or may not be ours.
type thing struct {
	kind string // "role" or "database"
	name string
	mark string // its comment, "" for none
}

// mustBeOurs returns a NotManaged problem unless the thing carries our mark.
func (b *backend) mustBeOurs(t thing) error {
	if t.mark == b.mark {
		return nil
	}
	return &Problem{
		fmt.Sprintf("%s %q exists and %s", t.kind, t.name, NotManaged),
		fmt.Sprintf("It is left untouched. %s; of ours it would be %q.", t.comment(), b.mark),
	}
}

// mustBeKnown is mustBeOurs for what is in Terraform's state, where known is
// the comment that was last seen; null for an import in progress. It may
// differ from our mark when that was changed in the configuration. An import
// is somebody's word that the thing is ours, unless a comment says otherwise.
func (b *backend) mustBeKnown(t thing, known types.String) error {
	if t.mark == b.mark || !known.IsNull() && t.mark == known.ValueString() || known.IsNull() && t.mark == "" {
		return nil
	}
	expected := b.mark
	if known.ValueString() != "" {
		expected = known.ValueString()
	}
	restore, err := literal(expected)
	if err != nil {
		return err
	}
	return &Problem{
		fmt.Sprintf("%s %q %s", t.kind, t.name, NotManaged),
		fmt.Sprintf("It is left untouched. %s where %q was expected: either it was made anew by somebody else, "+
			"or its comment was changed. If it is ours, this brings it back:\n\n  COMMENT ON %s %s IS %s;",
			t.comment(), expected, t.sqlKind(), ident(t.name), restore),
	}
}

func (t thing) comment() string {
	if t.mark == "" {
		return "It has no comment"
	}
	return "Its comment is " + show(t.mark)
}

func (t thing) sqlKind() string {
	if t.kind == kindRole {
		return "ROLE"
	}
	return "DATABASE"
}

// The kinds of things.
const (
	kindRole     = "role"
	kindDatabase = "database"
)

// planMark plans our mark, so that a lost or changed one shows in the plan.
func planMark(ctx context.Context, b *backend, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if b == nil {
		return
	}
	if req.Plan.Raw.IsNull() {
		resp.Diagnostics.Append(checkMarkGoes(ctx, b, req)...)
		return
	}
	resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("mark"), b.mark)...)
}

// checkMarkGoes refuses to destroy what the state knows under another mark than
// the configured one: the state is of something else.
func checkMarkGoes(ctx context.Context, b *backend, req resource.ModifyPlanRequest) diag.Diagnostics {
	var name, mark types.String
	diags := req.State.GetAttribute(ctx, path.Root("name"), &name)
	diags.Append(req.State.GetAttribute(ctx, path.Root("mark"), &mark)...)
	if !diags.HasError() && mark.ValueString() != "" && mark.ValueString() != b.mark {
		diags.AddError(
			fmt.Sprintf("what the state calls %q %s here", name.ValueString(), NotManaged),
			fmt.Sprintf("It is left untouched. Its comment is %s; of ours it would be %q: either the state is that of another "+
				"resource, or the mark was changed in the configuration, and an apply brings it along.", show(mark.ValueString()), b.mark),
		)
	}
	return diags
}

// importByName begins an import; the read that follows does the rest.
func importByName(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	if err := checkIdentifier(req.ID); err != nil {
		resp.Diagnostics.AddError("invalid import id", "The id is the name, which "+err.Error()+".")
		return
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("name"), req.ID)...)
}
