// Package lang holds every text a person reads, Chinese first and English beside
// it. A text is found by a key; what is put into it stands as {0}, {1}, …
// Texts never hold personal data.
package lang

import (
	"embed"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
)

// A Lang is a language of the console and of messages.
type Lang string

// The languages. Chinese is what an unknown choice becomes.
const (
	Chinese Lang = "zh"
	English Lang = "en"
)

// Langs lists the languages, Chinese first.
func Langs() []Lang { return []Lang{Chinese, English} }

//go:embed texts/*.yaml
var files embed.FS

type pair struct {
	Zh string `yaml:"zh"`
	En string `yaml:"en"`
}

// load reads all texts once. The files are part of the program, so a fault in
// them is a programmer's mistake and stops it at the first text.
var load = sync.OnceValue(func() map[string]pair {
	all := map[string]pair{}
	entries, err := files.ReadDir("texts")
	if err != nil {
		panic(err)
	}
	for _, e := range entries {
		data, err := files.ReadFile("texts/" + e.Name())
		if err != nil {
			panic(err)
		}
		var part map[string]pair
		if err := yaml.UnmarshalWithOptions(data, &part, yaml.Strict()); err != nil {
			panic(fmt.Sprintf("lang: %s: %v", e.Name(), err))
		}
		for key, p := range part {
			if _, twice := all[key]; twice {
				panic("lang: key twice: " + key)
			}
			all[key] = p
		}
	}
	return all
})

// Has reports whether there is a text for key.
func Has(key string) bool {
	_, ok := load()[key]
	return ok
}

// Keys lists all keys in order.
func Keys() []string { return slices.Sorted(maps.Keys(load())) }

// Text returns the text of key in language l with args put in. A key without a
// text comes back in brackets, so that a page still shows where it is missing.
func Text(l Lang, key string, args ...string) string {
	p, ok := load()[key]
	if !ok {
		return "⟦" + key + "⟧"
	}
	text := p.Zh
	if l == English {
		text = p.En
	}
	if len(args) == 0 {
		return text
	}
	pairs := make([]string, 0, 2*len(args))
	for i, a := range args {
		pairs = append(pairs, "{"+strconv.Itoa(i)+"}", a)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}
