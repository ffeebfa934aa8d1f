package platform

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/platformctl/platformctl/internal/durable"

	"github.com/platformctl/platformctl/internal/strictyaml"
)

// Settings are the user's own, for every platform. All may be empty.
type Settings struct {
	// Platform is a location, see [ParseLocation]; a relative directory counts
	// from that of the settings file.
	Platform string `yaml:"platform,omitempty" json:"platform,omitempty"`
	// Team is the one that asks when none is named.
	Team string `yaml:"team,omitempty" json:"team,omitempty"`
	// Identity is the absolute path of a file of age identities, which turns
	// on the encryption of secrets.
	Identity string `yaml:"identity,omitempty" json:"identity,omitempty"`
}

// SettingsFile returns the path of the user's settings.
func SettingsFile(home Home) string { return filepath.Join(home.Config, "settings.yaml") }

// ReadSettings reads the user's settings; without a file they are empty.
// Errors are [*strictyaml.Error], [*LocationError], [*NameError] and
// [*ConfigError] for what the file says, else those of reading it.
func ReadSettings(home Home) (Settings, error) {
	var s Settings
	path := SettingsFile(home)
	data, err := durable.ReadFile(path, durable.Small)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("read user settings: %w", err)
	}
	if err := strictyaml.Decode(path, data, &s); err != nil {
		return Settings{}, err
	}
	if err := s.validate(home); err != nil {
		return Settings{}, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

func (s Settings) validate(home Home) error {
	if s.Platform != "" {
		if _, err := ParseLocation(s.Platform, home.Config); err != nil {
			return err
		}
	}
	if s.Team != "" {
		if err := CheckName("team", s.Team); err != nil {
			return err
		}
	}
	if s.Identity != "" && !filepath.IsAbs(s.Identity) {
		return &ConfigError{"identity", "must be an absolute path, not " + show(s.Identity)}
	}
	return nil
}
