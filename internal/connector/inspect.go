package connector

import (
	"os"
	"strings"
	"unicode/utf8"
)

// Kind is how the department is reached: one of [Kinds].
func (c *Config) Kind() string { return c.kind }

// TestPerson is the file that names somebody on whom the source may be tried; empty if
// there is none.
func (c *Config) TestPerson() string { return c.testPerson }

// Unreadable lists the keys of the file that name other files – secrets,
// certificates – which cannot be read, or are empty. What is in them is not looked at.
func (c *Config) Unreadable() []string {
	var keys []string
	for _, one := range []struct{ key, path string }{{"secret_file", c.auth.secretFile}, {"certificate_file", c.auth.identity.certificateFile},
		{"key_file", c.auth.identity.keyFile}, {"ca_file", c.auth.identity.caFile}, {"ca_file", c.database.ca}} {
		if one.path == "" {
			continue
		}
		if info, err := os.Stat(one.path); err != nil || info.Size() == 0 || !readable(one.path) {
			keys = append(keys, one.key)
		}
	}
	return keys
}

func readable(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	_ = f.Close()
	return true
}

// Mapped lists the catalogue fields that the file fills, in the order of the
// file; columns of rows as "moves.date".
func (c *Config) Mapped() []string { return fieldKeys(c.fields, "") }

func fieldKeys(fields []field, prefix string) []string {
	var keys []string
	for _, f := range fields {
		keys = append(keys, prefix+f.key)
		keys = append(keys, fieldKeys(f.fields, prefix+f.key+".")...)
	}
	return keys
}

// strange tells whoever listens of the keys of a record that the file neither
// maps nor ignores. Only a key that looks like one is told: a department may use
// an identity number as a key.
func (c *Config) strange(record any) {
	object, _ := record.(map[string]any)
	if c.stranger == nil || object == nil {
		return
	}
	taken := c.taken()
	for key := range object {
		switch {
		case taken[key]:
		case utf8.RuneCountInString(key) > 40, figures(key) > 5, strings.ContainsAny(key, "\n\r\t"):
			c.stranger("?")
		default:
			c.stranger(key)
		}
	}
}

func figures(s string) int {
	return len(s) - len(strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return -1
		}
		return r
	}, s))
}
