package provider

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// unlimited and maxConnections bound a connection limit, by PostgreSQL's rules.
const (
	unlimited      = -1
	maxConnections = 1<<18 - 1
)

// roleResource is platformctl_postgresql_role: a role that can log in and has
// no privileges of its own.
type roleResource struct {
	backend *backend
}

var (
	_ resource.ResourceWithConfigure   = (*roleResource)(nil)
	_ resource.ResourceWithImportState = (*roleResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*roleResource)(nil)
)

type roleModel struct {
	ID              types.String `tfsdk:"id"`
	Name            types.String `tfsdk:"name"`
	Password        types.String `tfsdk:"password_wo"`
	PasswordVersion types.Int64  `tfsdk:"password_wo_version"`
	PasswordIntact  types.Bool   `tfsdk:"password_intact"`
	ConnectionLimit types.Int64  `tfsdk:"connection_limit"`
	Login           types.Bool   `tfsdk:"login"`
	Privileged      types.Bool   `tfsdk:"privileged"`
	Mark            types.String `tfsdk:"mark"`
}

func (r *roleResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = typeName + "_postgresql_role"
}

func (r *roleResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A PostgreSQL role that can log in and has no privileges of its own. " +
			"Import it by its name.",
		Attributes: map[string]schema.Attribute{
			"id":   idAttribute(),
			"name": nameAttribute("The name of the role; another name is another role."),
			"password_wo": schema.StringAttribute{
				MarkdownDescription: "The password, printable ASCII. It is in no plan and no state, and the server gets a SCRAM-SHA-256 verifier instead.",
				Required:            true,
				WriteOnly:           true,
				Sensitive:           true,
				Validators:          []validator.String{textRule{"printable ASCII", checkPassword}},
			},
			"password_wo_version": schema.Int64Attribute{
				MarkdownDescription: "The password is set again when this number changes, which is how another one reaches a role whose administrator is no superuser.",
				Optional:            true,
			},
			"password_intact": schema.BoolAttribute{
				MarkdownDescription: "Whether the role still has the password that was set last. Always true after an apply, " +
					"and as long as the administrator is no superuser, who alone can tell.",
				Computed: true,
				Default:  booldefault.StaticBool(true),
			},
			"connection_limit": connectionLimitAttribute("How many connections the role may have at once; -1, the default, for any number."),
			"login": schema.BoolAttribute{
				MarkdownDescription: "Whether the role can log in, with a password that does not expire. Always true after an apply.",
				Computed:            true,
				Default:             booldefault.StaticBool(true),
			},
			"privileged": schema.BoolAttribute{
				MarkdownDescription: "Whether the role is a superuser or may create databases or roles, replicate, or bypass row security. Always false after an apply.",
				Computed:            true,
				Default:             booldefault.StaticBool(false),
			},
			"mark": markAttribute(),
		},
	}
}

func (r *roleResource) Configure(_ context.Context, req resource.ConfigureRequest, _ *resource.ConfigureResponse) {
	r.backend, _ = req.ProviderData.(*backend)
}

func (r *roleResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	planMark(ctx, r.backend, req, resp)
	if r.backend != nil && !req.Plan.Raw.IsNull() && !req.State.Raw.IsNull() {
		r.planPassword(ctx, req, resp)
	}
}

// planPassword plans to set the password again when the configured one is not
// the one that the role has, as when the secret store lost it.
func (r *roleResource) planPassword(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	var name, password types.String
	var intact types.Bool
	resp.Diagnostics.Append(req.State.GetAttribute(ctx, path.Root("name"), &name)...)
	resp.Diagnostics.Append(req.State.GetAttribute(ctx, path.Root("password_intact"), &intact)...)
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("password_wo"), &password)...)
	if resp.Diagnostics.HasError() || password.IsNull() || password.IsUnknown() || !intact.ValueBool() {
		return // it is planned already, or cannot be
	}
	// A plan without refresh is one without a server: then nothing is known of
	// the password. An apply meets the server's error elsewhere.
	verifier, err := r.backend.verifierOf(ctx, name.ValueString())
	if err != nil || verifier == "" || verifies(verifier, password.ValueString()) {
		return
	}
	resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("password_intact"), types.BoolUnknown())...)
}

func (r *roleResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	importByName(ctx, req, resp)
}

func (r *roleResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan roleModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	verifier := verifierFrom(ctx, req.Config.GetAttribute, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	err := r.backend.createRole(ctx, plan.wanted(verifier))
	report(ctx, &resp.Diagnostics, fmt.Sprintf("creating role %q", plan.Name.ValueString()), err)
	if err != nil {
		return
	}
	plan.ID = plan.Name
	plan.Mark = types.StringValue(r.backend.mark)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(resp.Private.SetKey(ctx, passwordKey, fingerprintOf(verifier))...)
}

func (r *roleResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state roleModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	password, diags := req.Private.GetKey(ctx, passwordKey)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	found, err := r.backend.readRole(ctx, state.Name.ValueString(), state.Mark)
	report(ctx, &resp.Diagnostics, fmt.Sprintf("reading role %q", state.Name.ValueString()), err)
	if err != nil {
		return
	}
	if found == nil {
		resp.State.RemoveResource(ctx)
		return
	}
	state.ID = state.Name
	r.backend.remember(found)
	state.ConnectionLimit = types.Int64Value(int64(found.limit))
	state.Login = types.BoolValue(found.login && !found.expires)
	intact := found.verifier == "" || password == nil || bytes.Equal(password, fingerprintOf(found.verifier))
	state.PasswordIntact = types.BoolValue(intact)
	state.Privileged = types.BoolValue(found.privileged())
	state.Mark = types.StringValue(found.mark)
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
}

func (r *roleResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state roleModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	verifier := ""
	if !plan.PasswordVersion.Equal(state.PasswordVersion) || !plan.PasswordIntact.Equal(state.PasswordIntact) {
		verifier = verifierFrom(ctx, req.Config.GetAttribute, &resp.Diagnostics)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	err := r.backend.updateRole(ctx, plan.wanted(verifier), state.Mark)
	report(ctx, &resp.Diagnostics, fmt.Sprintf("changing role %q", plan.Name.ValueString()), err)
	if err != nil {
		return
	}
	plan.Mark = types.StringValue(r.backend.mark)
	plan.PasswordIntact = types.BoolValue(true)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	if verifier != "" {
		resp.Diagnostics.Append(resp.Private.SetKey(ctx, passwordKey, fingerprintOf(verifier))...)
	}
}

func (r *roleResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state roleModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	err := r.backend.dropRole(ctx, state.Name.ValueString(), state.Mark)
	report(ctx, &resp.Diagnostics, fmt.Sprintf("dropping role %q", state.Name.ValueString()), err)
}

// wanted is the plan without Terraform's types; verifier is "" to leave the
// password as it is.
func (m *roleModel) wanted(verifier string) wantedRole {
	return wantedRole{name: m.Name.ValueString(), limit: int(m.ConnectionLimit.ValueInt64()), verifier: verifier}
}

// verifierFrom reads the write-only password, which only the configuration
// holds, and returns what the server is told instead of it.
func verifierFrom(ctx context.Context, get func(context.Context, path.Path, any) diag.Diagnostics, diags *diag.Diagnostics) string {
	at := path.Root("password_wo")
	var password types.String
	diags.Append(get(ctx, at, &password)...)
	if diags.HasError() {
		return ""
	}
	// The value of an ephemeral resource is known for the first time now.
	if err := checkPassword(password.ValueString()); err != nil {
		diags.AddAttributeError(at, "invalid value of password_wo", err.Error())
		return ""
	}
	verifier, err := scramVerifier(password.ValueString())
	if err != nil {
		diags.AddAttributeError(at, "cannot prepare the password", err.Error())
	}
	return verifier
}

// passwordKey is where the resource's private state keeps the fingerprint of
// the verifier that was set last.
const passwordKey = "password"

// fingerprintOf returns a hash of a verifier, itself a salted hash of the
// password, as the JSON that private state is made of.
func fingerprintOf(verifier string) []byte {
	return fmt.Appendf(nil, `"%x"`, sha256.Sum256([]byte(verifier)))
}

func idAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: "The name.",
		Computed:            true,
		PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
	}
}

func nameAttribute(about string) schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: about + " 1 to 63 characters: a-z, 0-9 and _, not starting with a digit.",
		Required:            true,
		Validators:          []validator.String{identifierRule()},
		PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
	}
}

func connectionLimitAttribute(about string) schema.Int64Attribute {
	return schema.Int64Attribute{
		MarkdownDescription: about,
		Optional:            true,
		Computed:            true,
		Default:             int64default.StaticInt64(unlimited),
		Validators:          []validator.Int64{int64validator.Between(unlimited, maxConnections)},
	}
}

func markAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: "The comment on it, by which the provider knows it as its own.",
		Computed:            true,
	}
}
