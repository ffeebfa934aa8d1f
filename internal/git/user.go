package git

import (
	"bytes"
	"cmp"
	"path/filepath"

	"github.com/platformctl/platformctl/internal/durable"

	"github.com/go-git/go-git/v5/config"
)

// UserEmail returns the address that a commit of this person would carry:
// $GIT_AUTHOR_EMAIL, else user.email of the first of $GIT_CONFIG_GLOBAL,
// ~/.gitconfig, git/config in the XDG directory and /etc/gitconfig that has one.
// Without any it is empty. Files that cannot be read are passed over, as git does.
func UserEmail(getenv func(string) string) string {
	if email := getenv("GIT_AUTHOR_EMAIL"); email != "" {
		return email
	}
	home := cmp.Or(getenv("HOME"), getenv("USERPROFILE")) // the second one on Windows
	xdg := getenv("XDG_CONFIG_HOME")
	if xdg == "" {
		xdg = filepath.Join(home, ".config")
	}
	files := []string{filepath.Join(home, ".gitconfig"), filepath.Join(xdg, "git", "config"), "/etc/gitconfig"}
	if global := getenv("GIT_CONFIG_GLOBAL"); global != "" {
		files = []string{global, "/etc/gitconfig"}
	}
	for _, file := range files {
		data, err := durable.ReadFile(file, durable.Small)
		if err != nil {
			continue
		}
		cfg, err := config.ReadConfig(bytes.NewReader(data))
		if err == nil && cfg.User.Email != "" {
			return cfg.User.Email
		}
	}
	return ""
}
