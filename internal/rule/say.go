package rule

import (
	"strings"

	"hedui/internal/hedui"
)

// stated says the variant of a text that fits what a record states: of the pairs
// of name and value, those without a value are left out, so that nothing missing
// is printed as empty or as zero. The names of the others end the key, or "bare"
// if there are none.
func stated(prefix string, namesAndValues ...string) hedui.Text {
	var names, values []string
	for i := 0; i+1 < len(namesAndValues); i += 2 {
		if namesAndValues[i+1] != "" {
			names, values = append(names, namesAndValues[i]), append(values, namesAndValues[i+1])
		}
	}
	if len(names) == 0 {
		names = []string{"bare"}
	}
	return hedui.Say(prefix+strings.Join(names, "."), values...)
}

// during says a text with the period of a record, or without one unless both of
// its ends are stated. It has a variant for the amount, and one without.
func during(prefix, from, to, amount string) hedui.Text {
	if from == "" || to == "" {
		return stated(prefix, "amount", amount)
	}
	if amount == "" {
		return hedui.Say(prefix+"period", from, to)
	}
	return hedui.Say(prefix+"period.amount", from, to, amount)
}
