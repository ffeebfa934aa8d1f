package setup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/hashicorp/go-version"
	"github.com/hashicorp/hc-install/product"
	"github.com/hashicorp/hc-install/releases"
)

const (
	// A fixed version, so that every machine gets the one that was tested.
	terraformVersion = "1.11.4"
	releasesURL      = "https://releases.hashicorp.com"

	probeTimeout    = 5 * time.Second
	downloadTimeout = 10 * time.Minute
)

// release is a version of Terraform on a server laid out like HashiCorp's.
type release struct {
	url, version string
	key          string // armored public key of the signer; "" is HashiCorp's
}

func (o Options) fromHashiCorp(ctx context.Context) error {
	r := release{url: releasesURL, version: terraformVersion}
	if err := r.reachable(ctx); err != nil {
		return fmt.Errorf("download of Terraform %s: %w", r.version, err)
	}
	o.Step("downloading Terraform " + r.version + " from " + r.url)
	if err := o.download(ctx, r); err != nil {
		return fmt.Errorf("download of Terraform %s: %w", r.version, err)
	}
	return nil
}

// reachable asks the server for one page, so that a machine without a network
// is told so in seconds: the client that downloads retries for much longer.
func (r release) reachable(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, r.url+"/terraform/"+r.version+"/index.json", nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	_ = resp.Body.Close() // a HEAD has none
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %q", req.URL, resp.Status)
	}
	return nil
}

// download brings the program of the release to bin/terraform, its signature
// and checksum checked.
func (o Options) download(ctx context.Context, r release) error {
	v, err := version.NewVersion(r.version)
	if err != nil {
		return err
	}
	incoming, remove, err := o.incoming()
	if err != nil {
		return err
	}
	defer remove()
	source := &releases.ExactVersion{
		Product: product.Terraform, Version: v, InstallDir: incoming, Timeout: downloadTimeout,
		ApiBaseURL: r.url, ArmoredPublicKey: r.key,
	}
	path, err := source.Install(ctx)
	if e, ok := errors.AsType[*fs.PathError](err); ok && e.Op == "chmod" {
		// hc-install v0.10.0 loses its error about an archive that it refuses,
		// and fails when it does not find what it did not unpack. So it must
		// be given an empty directory.
		return errors.New("the archive was refused: its checksum is not the signed one, or it was cut off")
	}
	if err != nil {
		return err
	}
	if err := os.Chmod(path, 0o755); err != nil { // hc-install leaves it to its owner alone
		return err
	}
	bin := filepath.Join(o.Tools, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return err
	}
	return os.Rename(path, filepath.Join(bin, filepath.Base(path)))
}
