package connector

import (
	"strings"

	"hedui/idcard"
	"hedui/source"
)

// verdict is how far the person of a record agrees with the person asked for.
type verdict int

const (
	agrees   verdict = iota
	unsaid           // the department does not say
	short            // agrees under the 15-digit number
	other            // somebody else's number
	disputed         // another name
)

// sameNumber holds a returned identity number, which may be masked with stars,
// against the one that was asked for.
func sameNumber(returned string, asked idcard.Number) verdict {
	if returned == "" {
		return unsaid
	}
	if strings.Contains(returned, "*") {
		return sameMasked(strings.ToUpper(returned), asked)
	}
	n, err := idcard.Parse(returned)
	switch {
	case err != nil || n != asked:
		return other
	case len(strings.TrimFunc(returned, blankRune)) == 15:
		return short
	}
	return agrees
}

func sameMasked(returned string, asked idcard.Number) verdict {
	if alike(returned, asked.Reveal()) {
		return agrees
	}
	if s, ok := asked.Short(); ok && alike(returned, s) {
		return short
	}
	return other
}

// sameName holds a returned name against the consent's. Blanks and the many
// forms of the dot in names of minorities do not count; stars stand for any
// character.
func sameName(returned, asked string) verdict {
	returned, asked = bareName(returned), bareName(asked)
	switch {
	case returned == "":
		return unsaid
	case alike(returned, asked):
		return agrees
	}
	return disputed
}

func bareName(name string) string {
	return strings.Map(func(r rune) rune {
		switch r = narrow(r); {
		case blankRune(r), strings.ContainsRune("·•・‧∙⋅．.ꞏᐧ", r):
			return -1
		case r == '＊':
			return '*'
		}
		return r
	}, strings.ToUpper(name))
}

func alike(pattern, text string) bool {
	p, t := []rune(pattern), []rune(text)
	if len(p) != len(t) || strings.Trim(pattern, "*") == "" {
		return false
	}
	for i := range p {
		if p[i] != '*' && p[i] != t[i] {
			return false
		}
	}
	return true
}

// grade is what a match is worth so far.
type grade struct {
	short, unnamed bool
	left           int // records that the filter left out
}

// check holds one record against the person; a fault ends the answer.
func check(r reading, s scope, p source.Person, g *grade) *fault {
	if r.id != nil {
		returned, ok := r.personal(r.id, s)
		if !ok || returned == "" {
			return incomplete("a record lacks its identity number")
		}
		switch sameNumber(returned, p.ID) {
		case other:
			return malformed("a record is about somebody else")
		case short:
			g.short = true
		}
	}
	if r.name == nil {
		g.unnamed = true
		return nil
	}
	returned, ok := r.personal(r.name, s)
	if !ok {
		return malformed("a record's name is not a text")
	}
	switch sameName(returned, p.Name) {
	case disputed:
		return &fault{meaning{"identity_doubt", source.ReasonName}, "the name disagrees"}
	case unsaid:
		g.unnamed = true
	}
	return nil
}

// checkEntry looks whose entry without records it is, where the entry or the
// answer around it says so: "none" about somebody else is no answer either.
func (c *Config) checkEntry(s scope, p source.Person) *fault {
	r := c.reading
	for _, at := range []**path{&r.id, &r.name} {
		if *at == nil {
			continue
		}
		v, _ := (*at).find(s)
		if (*at).base == '.' || v == nil || v == "" {
			*at = nil
		}
	}
	return check(r, s, p, &grade{})
}

func (r reading) personal(at *path, s scope) (string, bool) {
	v, _ := at.find(s)
	text, ok := plain(v)
	return converter{blank: r.blank}.given(text, nil), ok
}

// match names the grade.
func (c *Config) match(g grade) source.Match {
	switch {
	case g.short, c.request.id15 && c.reading.id == nil:
		return source.MatchID15
	case !g.unnamed:
		return source.MatchIDName
	}
	return c.reading.checked
}
