package main

import (
	"fmt"
	"runtime/debug"
)

type versionCommand struct{}

// Run prints what the build says of itself: version, revision, Go.
func (versionCommand) Run(s streams) error {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		fmt.Fprintln(s.out, "hedui (unknown)")
		return nil
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
	_, err := fmt.Fprintf(s.out, "%s %s\n", line, info.GoVersion)
	return err
}
