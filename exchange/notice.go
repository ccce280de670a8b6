package exchange

import (
	"time"
)

// A Cancel takes a question back: the answer is not wanted any more, and a
// department that was not asked yet must not be.
type Cancel struct {
	Query  string    // Question.ID
	Reason string    // one word: "withdrawn", "terminated"
	At     time.Time // whole milliseconds
}

// Cancels is the body of KindCancels.
type Cancels []Cancel

// A Notice tells something that is no answer, such as that a question was put
// to the department and waits there. It holds no personal data.
type Notice struct {
	Word   string            // what happened, one word: "asked", "waiting", "categories"
	Query  string            // Question.ID, if it is about one
	At     time.Time         // whole milliseconds
	Detail map[string]string // at most 16 words with texts of at most 200 bytes
}

// Notices is the body of KindNotices.
type Notices []Notice

// Cancels reads the body of a message.
func (m Message) Cancels() (Cancels, error) {
	var w wireCancels
	if err := m.decode(KindCancels, &w); err != nil {
		return nil, err
	}
	cancels := make(Cancels, len(w.Cancels))
	for i, item := range w.Cancels {
		cancels[i] = Cancel{Query: item.Query, Reason: item.Reason, At: item.At.Time}
	}
	return cancels, m.agrees(cancels)
}

// Notices reads the body of a message.
func (m Message) Notices() (Notices, error) {
	var w wireNotices
	if err := m.decode(KindNotices, &w); err != nil {
		return nil, err
	}
	notices := make(Notices, len(w.Notices))
	for i, item := range w.Notices {
		notices[i] = Notice{Word: item.Word, Query: item.Query, At: item.At.Time, Detail: item.Detail}
	}
	return notices, m.agrees(notices)
}

func (Cancels) kind() Kind { return KindCancels }
func (Notices) kind() Kind { return KindNotices }

func (Cancels) about(*Message) {}
func (Notices) about(*Message) {}

func (cs Cancels) check() error {
	if err := checkCount(len(cs)); err != nil {
		return err
	}
	for i, c := range cs {
		if _, err := parseID(c.Query); err != nil || !code(c.Reason) || c.At.IsZero() {
			return at("cancel", i, "query, reason or time")
		}
	}
	return nil
}

func (ns Notices) check() error {
	if err := checkCount(len(ns)); err != nil {
		return err
	}
	for i, n := range ns {
		if _, err := parseID(n.Query); n.Query != "" && err != nil {
			return at("notice", i, "query")
		}
		if !code(n.Word) || n.At.IsZero() || len(n.Detail) > 16 {
			return at("notice", i, "word, time or detail")
		}
		for key, text := range n.Detail {
			if !code(key) || !line(text, 200) {
				return at("notice", i, "detail")
			}
		}
	}
	return nil
}

type wireCancels struct {
	Cancels []wireCancel `json:"cancels"`
}

type wireCancel struct {
	Query  string  `json:"query"`
	Reason string  `json:"reason"`
	At     instant `json:"at"`
}

type wireNotices struct {
	Notices []wireNotice `json:"notices"`
}

type wireNotice struct {
	Word   string            `json:"word"`
	Query  string            `json:"query,omitempty"`
	At     instant           `json:"at"`
	Detail map[string]string `json:"detail,omitempty"`
}

func (cs Cancels) wire() any {
	w := wireCancels{Cancels: make([]wireCancel, len(cs))}
	for i, c := range cs {
		w.Cancels[i] = wireCancel{Query: c.Query, Reason: c.Reason, At: instant{c.At}}
	}
	return &w
}

func (ns Notices) wire() any {
	w := wireNotices{Notices: make([]wireNotice, len(ns))}
	for i, n := range ns {
		w.Notices[i] = wireNotice{Word: n.Word, Query: n.Query, At: instant{n.At}, Detail: n.Detail}
	}
	return &w
}
