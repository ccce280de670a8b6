package connector

import (
	"fmt"
	"regexp"
	"strings"

	"hedui/source"
)

// meaning is what a code says about a query: a word of docs/source-file.md and
// the reason behind it.
type meaning struct {
	word   string
	reason source.Reason
}

// meanings lists the words with the reasons they have by themselves.
var meanings = []meaning{
	{"ok", ""}, {"none", ""}, {"later", ""},
	{"not_covered", source.ReasonOutside},
	{"identity_doubt", source.ReasonName},
	{"refused", source.ReasonDeclined},
	{"failed", source.ReasonUnknownCode},
	{"throttled", source.ReasonThrottled},
	{"down", source.ReasonDown},
	{"slow", source.ReasonSlow},
	{"credentials", source.ReasonCredentials},
}

var reasonForm = regexp.MustCompile(`^[a-z][a-z_]{0,39}$`)

func parseMeaning(s string) (meaning, error) {
	word, reason, given := strings.Cut(s, "/")
	var words []string
	for _, m := range meanings {
		words = append(words, m.word)
		if m.word != word {
			continue
		}
		if given && (m.reason == "" || !reasonForm.MatchString(reason)) {
			return meaning{}, fmt.Errorf("%q: a reason is small letters and _ behind one of the words that need one, such as refused/consent", clip(s))
		}
		if given {
			m.reason = source.Reason(reason)
		}
		return m, nil
	}
	return meaning{}, fmt.Errorf("meaning %s", choice(word, words))
}

func failed(r source.Reason) meaning { return meaning{"failed", r} }

// ok reports whether the answer is to be read on.
func (m meaning) ok() bool { return m.word == "ok" }

// unavailable reports whether the department could not look at all.
func (m meaning) unavailable() bool {
	switch m.word {
	case "throttled", "down", "slow", "credentials":
		return true
	}
	return false
}

// outcome is what m makes of one query.
func (m meaning) outcome() source.Outcome {
	switch m.word {
	case "none":
		return source.None
	case "not_covered":
		return source.NotCovered
	case "identity_doubt":
		return source.IdentityDoubt
	case "refused":
		return source.Refused
	}
	return source.Failed
}

// httpMeaning is what an HTTP status means where the file does not say.
func httpMeaning(code int) meaning {
	switch {
	case code >= 200 && code < 300:
		return meaning{word: "ok"}
	case code == 401, code == 403, code == 407:
		return meaning{"credentials", source.ReasonCredentials}
	case code == 408, code == 504:
		return meaning{"slow", source.ReasonSlow}
	case code == 429:
		return meaning{"throttled", source.ReasonThrottled}
	case code == 404, code == 410, code >= 500, code < 400:
		return meaning{"down", source.ReasonDown}
	}
	return failed(source.ReasonMalformed)
}
