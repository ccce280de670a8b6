package main

import (
	"fmt"
	"runtime/debug"
)

type versionCommand struct{}

// Run prints what the build says of itself: version, revision, Go.
func (versionCommand) Run(s streams) error {
	_, err := fmt.Fprintln(s.out, version())
	return err
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "hedui (unknown)"
	}
	setting := map[string]string{}
	for _, x := range info.Settings {
		setting[x.Key] = x.Value
	}
	line := "hedui " + info.Main.Version
	if rev := setting["vcs.revision"]; rev != "" {
		line += " " + rev[:min(12, len(rev))]
	}
	if setting["vcs.modified"] == "true" {
		line += " (modified)"
	}
	return line + " " + info.GoVersion
}
