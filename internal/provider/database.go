package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/setdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// databaseResource is platformctl_postgresql_database: a database that only
// its owner may connect to.
type databaseResource struct {
	backend *backend
}

var (
	_ resource.ResourceWithConfigure   = (*databaseResource)(nil)
	_ resource.ResourceWithImportState = (*databaseResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*databaseResource)(nil)
)

type databaseModel struct {
	ID              types.String `tfsdk:"id"`
	Name            types.String `tfsdk:"name"`
	Owner           types.String `tfsdk:"owner"`
	ConnectionLimit types.Int64  `tfsdk:"connection_limit"`
	Extensions      types.Set    `tfsdk:"extensions"`
	Accessible      types.Bool   `tfsdk:"accessible"`
	Public          types.Bool   `tfsdk:"public"`
	Mark            types.String `tfsdk:"mark"`
	Host            types.String `tfsdk:"host"`
	Port            types.Int64  `tfsdk:"port"`
	SSLMode         types.String `tfsdk:"sslmode"`
}

func (r *databaseResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = typeName + "_postgresql_database"
}

func (r *databaseResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	owner := nameAttribute("The role that owns the database. What is inside keeps its owner when this changes.")
	owner.PlanModifiers = nil
	resp.Schema = schema.Schema{
		MarkdownDescription: "A PostgreSQL database that nobody but its owner may connect to. Import it by its name. " +
			"Destroying it ends its connections and drops it with all that is in it.",
		Attributes: map[string]schema.Attribute{
			"id":               idAttribute(),
			"name":             nameAttribute("The name of the database; another name is another database."),
			"owner":            owner,
			"connection_limit": connectionLimitAttribute("How many connections the database takes at once; -1, the default, for any number."),
			"extensions":       extensionsAttribute(),
			"accessible": schema.BoolAttribute{
				MarkdownDescription: "Whether the database takes connections. Always true after an apply.",
				Computed:            true,
				Default:             booldefault.StaticBool(true),
			},
			"public": schema.BoolAttribute{
				MarkdownDescription: "Whether every role may connect. Always false after an apply.",
				Computed:            true,
				Default:             booldefault.StaticBool(false),
			},
			"mark": markAttribute(),
			"host": schema.StringAttribute{
				MarkdownDescription: "The host of the server, as in the connection file.",
				Computed:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"port": schema.Int64Attribute{
				MarkdownDescription: "The port of the server, as in the connection file.",
				Computed:            true,
				PlanModifiers:       []planmodifier.Int64{int64planmodifier.UseStateForUnknown()},
			},
			"sslmode": schema.StringAttribute{
				MarkdownDescription: "How connections to the server are encrypted, by libpq's names.",
				Computed:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
		},
	}
}

func extensionsAttribute() schema.SetAttribute {
	return schema.SetAttribute{
		MarkdownDescription: "Extensions that the database must have, with what they require. One that leaves this set " +
			"is dropped unless something uses it. Others, such as the owner's own, are not touched.",
		ElementType: types.StringType,
		Optional:    true,
		Computed:    true,
		Default:     setdefault.StaticValue(types.SetValueMust(types.StringType, nil)),
		Validators: []validator.Set{
			setvalidator.ValueStringsAre(textRule{"the name of an extension", checkExtension}),
		},
	}
}

func (r *databaseResource) Configure(_ context.Context, req resource.ConfigureRequest, _ *resource.ConfigureResponse) {
	r.backend, _ = req.ProviderData.(*backend)
}

func (r *databaseResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	planMark(ctx, r.backend, req, resp)
}

func (r *databaseResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	importByName(ctx, req, resp)
}

func (r *databaseResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan databaseModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	want := plan.wanted(ctx, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	err := r.backend.createDatabase(ctx, want)
	// On an error nothing goes to the state, even if the database is there by
	// now: Terraform would call it tainted and drop it next time. A create
	// that finds it finishes it instead.
	report(ctx, &resp.Diagnostics, fmt.Sprintf("creating database %q", want.name), err)
	if err != nil || !r.locate(&plan, &resp.Diagnostics) {
		return
	}
	plan.ID = plan.Name
	plan.Mark = types.StringValue(r.backend.mark)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
}

func (r *databaseResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state databaseModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	managed := stringsOf(ctx, state.Extensions, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	found, err := r.backend.readDatabase(ctx, state.Name.ValueString(), state.Mark, managed)
	report(ctx, &resp.Diagnostics, fmt.Sprintf("reading database %q", state.Name.ValueString()), err)
	if err != nil {
		return
	}
	if found == nil {
		resp.State.RemoveResource(ctx)
		return
	}
	state.Owner = types.StringValue(found.owner)
	state.ConnectionLimit = types.Int64Value(int64(found.limit))
	state.Accessible = types.BoolValue(found.accessible)
	state.Public = types.BoolValue(found.public)
	// A nil slice would become a null set, which is not an empty one.
	extensions, diags := types.SetValueFrom(ctx, types.StringType, append([]string{}, found.extensions...))
	state.Extensions = extensions
	resp.Diagnostics.Append(diags...)
	if !r.locate(&state, &resp.Diagnostics) {
		return
	}
	state.ID = state.Name
	state.Mark = types.StringValue(found.mark)
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
}

func (r *databaseResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state databaseModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	want := plan.wanted(ctx, &resp.Diagnostics)
	had := stringsOf(ctx, state.Extensions, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	err := r.backend.updateDatabase(ctx, want, state.Mark, had)
	report(ctx, &resp.Diagnostics, fmt.Sprintf("changing database %q", want.name), err)
	if err != nil {
		return
	}
	plan.Mark = types.StringValue(r.backend.mark)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
}

func (r *databaseResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state databaseModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	err := r.backend.dropDatabase(ctx, state.Name.ValueString(), state.Mark)
	report(ctx, &resp.Diagnostics, fmt.Sprintf("dropping database %q", state.Name.ValueString()), err)
}

// locate fills in where clients find the database.
func (r *databaseResource) locate(m *databaseModel, diags *diag.Diagnostics) bool {
	at, err := r.backend.server.address()
	if err != nil {
		diags.AddError("cannot tell where the database is", err.Error())
		return false
	}
	m.Host = types.StringValue(at.host)
	m.Port = types.Int64Value(int64(at.port))
	m.SSLMode = types.StringValue(at.sslmode)
	return !diags.HasError()
}

func (m *databaseModel) wanted(ctx context.Context, diags *diag.Diagnostics) wantedDatabase {
	return wantedDatabase{
		name:       m.Name.ValueString(),
		owner:      m.Owner.ValueString(),
		limit:      int(m.ConnectionLimit.ValueInt64()),
		extensions: stringsOf(ctx, m.Extensions, diags),
	}
}

// stringsOf returns nil for a null set, which is not an empty one.
func stringsOf(ctx context.Context, set types.Set, diags *diag.Diagnostics) []string {
	if set.IsNull() || set.IsUnknown() {
		return nil
	}
	names := []string{}
	diags.Append(set.ElementsAs(ctx, &names, false)...)
	return names
}
