package idcard

import "strings"

// MaskName shortens a name for screens and lists: the family name stays, the rest
// becomes stars (王小明 → 王**). Of a name with middle dots only the first
// character stays, so that lists of a county do not give people away.
func MaskName(name string) string {
	r := []rune(strings.TrimSpace(name))
	if len(r) == 0 {
		return ""
	}
	return string(r[0]) + strings.Repeat("*", min(len(r)-1, 3))
}
