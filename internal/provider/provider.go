// Package provider is the Terraform provider inside the platformctl binary. It
// makes PostgreSQL roles and databases on a server that exists, and hands
// generated secrets to a configuration without their ever being stored by
// Terraform.
//
// # What is ours
//
// Whatever the provider makes carries a mark: the text of the provider's
// "mark" as its COMMENT, set in the same transaction where PostgreSQL allows
// it. A create that finds the thing in place takes it over when it carries the
// mark, so that a run which died after creating is finished by running again.
// What carries no mark, or another, is never touched: creating, reading,
// changing and deleting it are errors that hold [NotManaged].
//
// # How it is run
//
// [Serve] runs it as a child of Terraform, [InProcess] inside the process that
// starts Terraform.
package provider

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/platformctl/platformctl/internal/connection"
	"github.com/platformctl/platformctl/internal/secret"
)

const (
	// Address is the provider's source address. Its host is no registry.
	Address = "platformctl.local/platform/platformctl"
	// Version is the provider's version, in mirrors and lock files.
	Version = "1.0.0"

	typeName    = "platformctl"
	defaultMark = "managed by platformctl"
)

// platform is the provider.
type platform struct {
	secrets secret.Store // stands in for the configured one when not nil
	getenv  func(string) string
}

var _ provider.ProviderWithEphemeralResources = (*platform)(nil)

// configuration is the provider block.
type configuration struct {
	Connection types.String `tfsdk:"connection"`
	Secrets    types.String `tfsdk:"secrets"`
	Identity   types.String `tfsdk:"identity"`
	Mark       types.String `tfsdk:"mark"`
}

// backend is what the provider's resources work with.
type backend struct {
	server *server
	mark   string
	store  func() (secret.Store, error)

	mu        sync.Mutex
	verifiers map[string]string // of roles that were read in this run, by name
}

func (p *platform) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = typeName
	resp.Version = Version
}

func (p *platform) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	absolute := []validator.String{textRule{"an absolute path", checkAbsolute}}
	reachable := []validator.String{textRule{"an absolute path, or the JSON text of a connection", checkConnection}}
	resp.Schema = schema.Schema{
		MarkdownDescription: "PostgreSQL roles and databases, and generated secrets, for platformctl.",
		Attributes: map[string]schema.Attribute{
			"connection": schema.StringAttribute{
				MarkdownDescription: "Absolute path of the JSON file that says where the PostgreSQL server is and who " +
					"administers it, or its content: `host`, `port`, `user`, `database`, `passwordFile` or `passwordEnv`, " +
					"`sslmode` (`disable`, `require`, `verify-ca`, `verify-full`; the default is `disable` on this machine " +
					"and `verify-full` elsewhere), `sslrootcert`. Read at the first use. `PG*` variables are ignored.",
				Optional:   true,
				Validators: reachable,
			},
			"secrets": schema.StringAttribute{
				MarkdownDescription: "Absolute path of the directory that holds generated secrets.",
				Optional:            true,
				Validators:          absolute,
			},
			"identity": schema.StringAttribute{
				MarkdownDescription: "Absolute path of a file of age identities; secrets are encrypted to them.",
				Optional:            true,
				Validators:          absolute,
			},
			"mark": schema.StringAttribute{
				MarkdownDescription: "The comment by which the provider knows what it made, `" + defaultMark +
					"` by default. Two configurations that must not take over each other's things need different marks.",
				Optional:   true,
				Validators: []validator.String{textRule{"printable ASCII", checkMark}},
			},
		},
	}
}

func (p *platform) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var c configuration
	resp.Diagnostics.Append(req.Config.Get(ctx, &c)...)
	if resp.Diagnostics.HasError() {
		return
	}
	for _, value := range []types.String{c.Connection, c.Secrets, c.Identity, c.Mark} {
		if value.IsUnknown() {
			resp.Diagnostics.AddError("the provider's configuration is not known yet",
				"It cannot hold a value that only an apply makes known.")
			return
		}
	}
	mark := defaultMark
	if !c.Mark.IsNull() {
		mark = c.Mark.ValueString()
	}
	b := &backend{
		server: &server{connection: c.Connection.ValueString(), getenv: p.getenv},
		mark:   mark,
		store:  func() (secret.Store, error) { return p.open(c) },
	}
	resp.ResourceData, resp.EphemeralResourceData = b, b
}

// open returns the store of generated secrets.
func (p *platform) open(c configuration) (secret.Store, error) {
	if p.secrets != nil {
		return p.secrets, nil
	}
	if c.Secrets.IsNull() {
		return nil, errors.New(`the provider's "secrets" is not set`)
	}
	return secret.Open(c.Secrets.ValueString(), c.Identity.ValueString())
}

func (p *platform) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		func() resource.Resource { return &roleResource{} },
		func() resource.Resource { return &databaseResource{} },
	}
}

func (p *platform) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return []func() ephemeral.EphemeralResource{
		func() ephemeral.EphemeralResource { return &secretResource{} },
	}
}

func (p *platform) DataSources(context.Context) []func() datasource.DataSource {
	return nil
}

func checkConnection(s string) error {
	if isContent(s) {
		_, err := connection.Parse("connection", []byte(s))
		return err
	}
	return checkAbsolute(s)
}

func checkAbsolute(s string) error {
	if !filepath.IsAbs(s) {
		return fmt.Errorf("%s must be an absolute path", show(s))
	}
	return nil
}
