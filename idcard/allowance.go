package idcard

import (
	"errors"
	"strings"
)

// An Allowance is a set of differences in spelling that were passed over where two
// numbers or names were found to agree. It holds no personal data: it is for the
// operator and for whoever reconciles registers.
type Allowance uint32

// The allowances. Those of names from Unreadable on leave part of the name open.
const (
	ShortNumber  Allowance = 1 << iota // 15 digits for 18
	FormerNumber                       // a number that the person had before
	LooseNumber                        // full-width, lower-case or look-alike characters, blanks, leftovers of a spreadsheet
	MaskedNumber                       // stars in the number
	Blank                              // blanks and invisible marks within a name
	Width                              // full-width and compatibility characters, accents
	Case                               // small and capital letters
	Dot                                // another sign for the middle dot, or none
	Variant                            // traditional, simplified or variant characters
	Order                              // another order of Latin names
	Remark                             // something in brackets behind the name
	OtherName                          // a former name, a married name, an alias
	MaskedName                         // stars in the name
	Unreadable                         // home-made glyphs, question marks and boxes in place of characters
	Pinyin                             // Latin letters in place of a character
	Cut                                // a long name cut off by an old system
)

var allowances = []string{
	"short_number", "former_number", "loose_number", "masked_number", "blank", "width", "case", "dot", "variant", "order",
	"remark", "other_name", "masked_name", "unreadable", "pinyin", "cut",
}

// open are the allowances after which a name is only partly known.
const open = Unreadable | Pinyin | Cut

// Has reports whether a holds one of b.
func (a Allowance) Has(b Allowance) bool { return a&b != 0 }

// String lists the allowances, parted by commas; none is empty.
func (a Allowance) String() string {
	var words []string
	for i, word := range allowances {
		if a&(1<<i) != 0 {
			words = append(words, word)
		}
	}
	return strings.Join(words, ",")
}

// MarshalText writes what [Allowance.String] gives.
func (a Allowance) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads what MarshalText wrote. Words of a later version are an error.
func (a *Allowance) UnmarshalText(text []byte) error {
	*a = 0
	for word := range strings.SplitSeq(string(text), ",") {
		known := word == ""
		for i, w := range allowances {
			if w == word {
				*a, known = *a|1<<i, true
			}
		}
		if !known {
			return errors.New("idcard: unknown allowance")
		}
	}
	return nil
}
