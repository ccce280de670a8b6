// Package uscc holds the codes by which registers know a company or another
// organisation: the unified social credit code of GB 32100-2015, and what came
// before it and still sits in older data – the 15-digit registration number of
// the market regulator (GS 15-2006) and the nine-character organisation code of
// GB 11714. Data of 2013 holds no unified code at all.
//
// A [Code] is valid by construction. It is public and prints in clear.
package uscc

// A Kind tells which of the three codes a [Code] is.
type Kind string

// The kinds of code.
const (
	KindUSCC         Kind = "uscc"         // unified social credit code, 18 characters, since October 2015
	KindRegistration Kind = "registration" // business registration number, 15 digits
	KindOrganisation Kind = "organisation" // organisation code, 8 characters and a check character
)

// A Code is a valid code of one kind in its canonical form. Only [Parse] and the
// Make functions give a non-zero one. Codes compare with ==.
type Code struct{ s string }

// IsZero reports whether c holds no code.
func (c Code) IsZero() bool { return c.s == "" }

// String returns the code in capitals without blanks or hyphens.
func (c Code) String() string { return c.s }

// Kind returns which code it is, or nothing for the zero Code.
func (c Code) Kind() Kind {
	switch len(c.s) {
	case 18:
		return KindUSCC
	case 15:
		return KindRegistration
	case 9:
		return KindOrganisation
	}
	return ""
}

// Division returns the six digits of the division of the registering office,
// which may no longer exist; organisation codes have none.
func (c Code) Division() string {
	switch c.Kind() {
	case KindUSCC:
		return c.s[2:8]
	case KindRegistration:
		return c.s[:6]
	}
	return ""
}

// Organisation returns the nine-character organisation code, alone or from
// inside a unified code, and nothing for a registration number. It joins the old
// data of an organisation with the new.
func (c Code) Organisation() string {
	switch c.Kind() {
	case KindUSCC:
		return c.s[8:17]
	case KindOrganisation:
		return c.s
	}
	return ""
}

// MarshalText writes the form of [Code.String].
func (c Code) MarshalText() ([]byte, error) { return []byte(c.s), nil }

// UnmarshalText reads what [Parse] reads; nothing is the zero Code.
func (c *Code) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*c = Code{}
		return nil
	}
	v, err := Parse(string(text))
	if err == nil {
		*c = v
	}
	return err
}
