package terraform

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Objects returns how many managed objects the state in dir holds; 0 when there
// is no state. It is under the rules of StateInfo.
func Objects(dir string) (int, error) {
	if _, err := StateInfo(dir); err != nil {
		return 0, err
	}
	data, err := os.ReadFile(filepath.Join(dir, "terraform.tfstate"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("state: %w", err)
	}
	var state struct {
		Resources []struct {
			Mode      string            `json:"mode"`
			Instances []json.RawMessage `json:"instances"`
		} `json:"resources"`
	}
	if err := json.Unmarshal(data, &state); err != nil {
		return 0, fmt.Errorf("state: %w", err)
	}
	objects := 0
	for _, resource := range state.Resources {
		if resource.Mode == "managed" {
			objects += len(resource.Instances)
		}
	}
	return objects, nil
}
