package hedui

import (
	_ "embed"
	"sync"

	"hedui/day"
)

// A Wording is one version of the text of the consent form.
type Wording struct {
	Version string  `yaml:"version"`
	From    day.Day `yaml:"from"`   // first day on which forms are printed with it
	Until   day.Day `yaml:"until"`  // last day on which it may be signed; zero = no end
	Digest  string  `yaml:"digest"` // of the Chinese text
}

//go:embed data/wordings.yaml
var wordings []byte

// Wordings are all versions of the consent form's text, oldest first.
var Wordings = sync.OnceValues(func() ([]Wording, error) {
	return readDated[Wording]("wordings", wordings)
})

// signable reports whether the wording could be signed on a day.
func (w Wording) signable(on day.Day) bool {
	return !on.Before(w.From) && (w.Until.IsZero() || !on.After(w.Until))
}

// wordingOf is the version that was printed newest on a day, or the named one; ok is
// false where it could not be signed then.
func wordingOf(version string, on day.Day) (string, bool) {
	list, err := Wordings()
	newest, ok := "", err == nil && version == ""
	for _, w := range list {
		if w.signable(on) && (version == "" || w.Version == version) {
			newest, ok = w.Version, true
		}
	}
	return newest, ok
}
