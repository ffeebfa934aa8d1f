package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/platformctl/platformctl/internal/secret"
)

// secretResource is platformctl_secret. Terraform opens it at plan and again
// at apply and stores nothing of it, so it must answer both times alike: the
// value is made once, at the first use of its reference.
type secretResource struct {
	backend *backend
}

var _ ephemeral.EphemeralResourceWithConfigure = (*secretResource)(nil)

type secretModel struct {
	Ref   types.String `tfsdk:"ref"`
	Value types.String `tfsdk:"value"`
}

func (r *secretResource) Metadata(_ context.Context, _ ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = typeName + "_secret"
}

func (r *secretResource) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A generated secret, made at the first use of its reference.",
		Attributes: map[string]schema.Attribute{
			"ref": schema.StringAttribute{
				MarkdownDescription: "Where the secret is kept: up to five names of `a-z`, `0-9` and `-`, joined by `/`.",
				Required:            true,
				Validators:          []validator.String{textRule{"a reference of a secret", secret.CheckRef}},
			},
			"value": schema.StringAttribute{
				MarkdownDescription: "The secret: 32 letters and digits.",
				Computed:            true,
				Sensitive:           true,
			},
		},
	}
}

func (r *secretResource) Configure(_ context.Context, req ephemeral.ConfigureRequest, _ *ephemeral.ConfigureResponse) {
	r.backend, _ = req.ProviderData.(*backend)
}

func (r *secretResource) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	var m secretModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	value, err := r.value(m.Ref.ValueString())
	if err != nil {
		resp.Diagnostics.AddError(fmt.Sprintf("cannot provide the secret %q", m.Ref.ValueString()), err.Error())
		return
	}
	m.Value = types.StringValue(value)
	resp.Diagnostics.Append(resp.Result.Set(ctx, &m)...)
}

func (r *secretResource) value(ref string) (string, error) {
	store, err := r.backend.store()
	if err != nil {
		return "", err
	}
	return store.GetOrCreate(ref)
}
