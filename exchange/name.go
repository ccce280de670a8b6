package exchange

import (
	"fmt"
	"regexp"
	"unicode"
	"unicode/utf8"

	"hedui/region"
)

const (
	maxName    = 32
	maxMandate = 64
)

var (
	nameForm   = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)
	reasonForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)
	digitsForm = regexp.MustCompile(`^[0-9]{6}$`)
)

// CheckName reports whether a text is a node's name: a small letter, then at most
// 31 small letters, digits and hyphens. Names are the same on all nodes of a tree.
func CheckName(name string) error {
	if !nameForm.MatchString(name) {
		return fmt.Errorf("%w: a node's name is a small letter, then up to 31 small letters, digits, hyphens", ErrMalformed)
	}
	return nil
}

func checkNode(name, division string, level region.Kind) error {
	if err := CheckName(name); err != nil {
		return err
	}
	if !digitsForm.MatchString(division) {
		return fmt.Errorf("%w: node %s: a division has six digits", ErrMalformed, name)
	}
	switch level {
	case region.KindProvince, region.KindPrefecture, region.KindCounty, region.KindLocal:
		return nil
	}
	return fmt.Errorf("%w: node %s: unknown level", ErrMalformed, name)
}

// code reports whether s is a word of small letters, digits, hyphens, underscores.
func code(s string) bool { return nameForm.MatchString(s) || reasonForm.MatchString(s) }

// line reports whether s is at most limit bytes of one line that can be printed.
func line(s string, limit int) bool {
	if len(s) > limit || !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}
