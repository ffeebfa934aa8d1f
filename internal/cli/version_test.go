package cli

import (
	"runtime/debug"
	"testing"
)

func TestBuild(t *testing.T) {
	checkout := &debug.BuildInfo{
		Main:     debug.Module{Version: "v1.2.4-0.20260102030405-aaaa"},
		Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "aaaa"}, {Key: "vcs.time", Value: "2026-01-02T03:04:05Z"}},
	}
	for name, tt := range map[string]struct {
		linked Build
		info   *debug.BuildInfo
		want   Build
	}{
		"release":        {Build{"v1.2.3", "bbbb", "2026-01-01T00:00:00Z"}, checkout, Build{"v1.2.3", "bbbb", "2026-01-01T00:00:00Z"}},
		"without commit": {Build{Version: "dev"}, checkout, Build{Version: "dev"}},
		"go build":       {Build{}, checkout, Build{"v1.2.4-0.20260102030405-aaaa", "aaaa", "2026-01-02T03:04:05Z"}},
		"go install":     {Build{}, &debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}}, Build{Version: "v1.2.3"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tt.linked.or(tt.info); got != tt.want {
				t.Errorf("or() = %+v, want %+v", got, tt.want)
			}
		})
	}
}
