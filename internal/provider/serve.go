package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
	"github.com/hashicorp/terraform-plugin-log/tfsdklog"
	"google.golang.org/grpc"

	"github.com/platformctl/platformctl/internal/secret"
)

// Serve runs the provider as a child of Terraform and returns when Terraform
// is done with it. It is for a process that is nothing else: it prints the
// plugin handshake to standard output, takes over the interrupt signal and
// exits the process when Terraform did not start it.
func Serve(ctx context.Context) error {
	child := func() provider.Provider {
		return &platform{getenv: os.Getenv} //nolint:forbidigo // Terraform's child gets its environment from Terraform
	}
	return providerserver.Serve(ctx, child, providerserver.ServeOpts{Address: Address})
}

// Options is what a provider inside the caller's process works with.
type Options struct {
	// Secrets stands in for the store that the configuration names, which is
	// then not opened.
	Secrets secret.Store
	// Getenv resolves the passwordEnv of connection files; nil for an empty
	// environment.
	Getenv func(string) string
}

// InProcess serves a provider for one run of Terraform, in this process, and
// returns the value of TF_REATTACH_PROVIDERS for that run. Each run needs one
// of its own, because a provider holds one configuration. It costs about a
// millisecond.
//
// The caller calls stop when Terraform has exited; stop waits until the
// provider is quiet and removes its socket. Cancelling ctx does not stop a
// provider that is serving: Terraform, when interrupted, asks it to stop what
// it is doing and still needs its answer.
//
// The Terraform SDK reads TF_LOG and the TF_LOG_* variables of this process
// here and logs to its standard error when they ask for it; when none is set
// it is silent. A caller that must be silent removes them first.
func InProcess(ctx context.Context, o Options) (reattach json.RawMessage, stop func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	if o.Getenv == nil {
		o.Getenv = func(string) string { return "" }
	}
	listener, dir, err := listen()
	if err != nil {
		return nil, nil, fmt.Errorf("opening a socket for the provider: %w", err)
	}
	grpcServer := grpc.NewServer(
		grpc.UnaryInterceptor(quiet(ctx)),
		grpc.MaxRecvMsgSize(maxMessage), grpc.MaxSendMsgSize(maxMessage),
		grpc.WaitForHandlers(true),
	)
	plugin := &tf6server.GRPCProviderPlugin{
		Name:         Address,
		GRPCProvider: providerserver.NewProtocol6(&platform{secrets: o.Secrets, getenv: o.Getenv}),
		Opts:         []tf6server.ServeOpt{tf6server.WithoutLogStderrOverride()},
	}
	if err := plugin.GRPCServer(nil, grpcServer); err != nil {
		return nil, nil, errors.Join(err, listener.Close(), os.RemoveAll(dir))
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		// It ends when it is stopped. Whatever else could end it shows as
		// Terraform's error of a plugin that does not answer.
		_ = grpcServer.Serve(listener)
	}()
	stop = sync.OnceFunc(func() {
		end(grpcServer)
		<-served
		_ = os.RemoveAll(dir)
	})
	return reattachTo(listener.Addr()), stop, nil
}

const (
	// maxMessage is what the SDK's own server allows.
	maxMessage = 256 << 20
	// endGrace is for a Terraform that is still talking; normally it is gone.
	endGrace = 2 * time.Second
)

// end lets the calls in progress finish, and after a while cancels them and
// waits for that.
func end(s *grpc.Server) {
	late := time.AfterFunc(endGrace, s.Stop)
	defer late.Stop()
	s.GracefulStop()
}

// reattachTo is the value of TF_REATTACH_PROVIDERS, by Terraform's names.
func reattachTo(address net.Addr) json.RawMessage {
	type addr struct{ Network, String string }
	type entry struct {
		Protocol        string
		ProtocolVersion int
		Pid             int
		Test            bool
		Addr            addr
	}
	value, err := json.Marshal(map[string]entry{Address: {
		Protocol: "grpc", ProtocolVersion: 6, Pid: os.Getpid(), Test: true,
		Addr: addr{Network: address.Network(), String: address.String()},
	}})
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	return value
}

// quiet keeps the SDK from its default of writing every call as a TRACE line
// to standard error, some 800 lines for one run. The SDK's sink is the one way
// to tell it otherwise without changing the environment of this process.
func quiet(ctx context.Context) grpc.UnaryServerInterceptor {
	sink := tfsdklog.ContextWithTestLogging(context.WithoutCancel(ctx), typeName)
	return func(call context.Context, req any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		return handle(withValues{call, sink}, req)
	}
}

// withValues is a context that also knows the values of another.
type withValues struct {
	context.Context
	more context.Context
}

func (c withValues) Value(key any) any {
	if v := c.Context.Value(key); v != nil {
		return v
	}
	return c.more.Value(key)
}
