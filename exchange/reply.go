package exchange

import (
	"fmt"
	"io"
	"slices"
	"time"

	"hedui/catalog"
)

// A Reply answers one question. Outcome, Match and Reason are the words of
// package source: "found", "id+name", "declined". It prints without its records.
type Reply struct {
	Query      string           // Question.ID
	Outcome    string           // found, none, not_covered, identity_doubt, refused, failed
	Records    []catalog.Record // with found only, in catalogue form
	Match      string           // with found only
	AsOf       time.Time        // state of the register, whole milliseconds; zero if the source does not say
	Hash       string           // "sha256:…" over what the department sent; empty if nothing came
	Reason     string           // one word, with the last four outcomes
	Department string           // the body that answered, in Chinese; empty if none was asked
	AnsweredBy string           // name of the node that asked the department
	Scope      string           // division the register speaks for: the city's, or one county's
	At         time.Time        // when the node had the answer
}

// Format implements [fmt.Formatter]: query, outcome and the number of records.
func (r Reply) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, fmt.Sprintf("reply(%s %s, %d records)", r.Query, r.Outcome, len(r.Records)))
}

// Replies is the body of KindReplies.
type Replies []Reply

// Replies reads the body of a message.
func (m Message) Replies() (Replies, error) {
	var w wireReplies
	if err := m.decode(KindReplies, &w); err != nil {
		return nil, err
	}
	replies := make(Replies, len(w.Replies))
	for i, item := range w.Replies {
		replies[i] = Reply{
			Query: item.Query, Outcome: item.Outcome, Records: item.Records, Match: item.Match, AsOf: item.AsOf.Time,
			Hash: item.Hash, Reason: item.Reason, Department: item.Department, AnsweredBy: item.AnsweredBy,
			Scope: item.Scope, At: item.At.Time,
		}
	}
	return replies, m.agrees(replies)
}

func (Replies) kind() Kind { return KindReplies }

func (Replies) about(*Message) {} // whoever asked knows purpose and mandate

func (rs Replies) check() error {
	if err := checkCount(len(rs)); err != nil {
		return err
	}
	for i, r := range rs {
		if wrong := r.wrong(); wrong != "" {
			return at("reply", i, wrong)
		}
	}
	return nil
}

func (r Reply) wrong() string {
	_, err := parseID(r.Query)
	switch {
	case err != nil:
		return "query"
	case r.At.IsZero():
		return "time of answer"
	case !line(r.Hash, 80):
		return "hash"
	case !line(r.Department, 200):
		return "department"
	case !nameForm.MatchString(r.AnsweredBy):
		return "answered_by"
	case !digitsForm.MatchString(r.Scope):
		return "scope"
	case slices.ContainsFunc(r.Records, func(c catalog.Record) bool { return c == nil }):
		return "records"
	}
	return r.wrongOutcome()
}

// wrongOutcome holds the laws of source.CheckAnswers: silence is never "none".
func (r Reply) wrongOutcome() string {
	switch r.Outcome {
	case "found":
		if len(r.Records) == 0 || r.Match == "" || !line(r.Match, maxName) || r.Reason != "" {
			return "found needs records and a match"
		}
		return ""
	case "none":
		if r.Reason != "" {
			return "none has no reason"
		}
	case "not_covered", "identity_doubt", "refused", "failed":
		if !code(r.Reason) {
			return "needs a reason"
		}
	default:
		return "unknown outcome"
	}
	if len(r.Records) != 0 || r.Match != "" {
		return "records without found"
	}
	return ""
}

type wireReplies struct {
	Replies []wireReply `json:"replies"`
}

type wireReply struct {
	Query      string           `json:"query"`
	Outcome    string           `json:"outcome"`
	Records    []catalog.Record `json:"records,omitempty"`
	Match      string           `json:"match,omitempty"`
	AsOf       instant          `json:"as_of,omitzero"`
	Hash       string           `json:"hash,omitempty"`
	Reason     string           `json:"reason,omitempty"`
	Department string           `json:"department,omitempty"`
	AnsweredBy string           `json:"answered_by"`
	Scope      string           `json:"scope"`
	At         instant          `json:"at"`
}

func (rs Replies) wire() any {
	w := wireReplies{Replies: make([]wireReply, len(rs))}
	for i, r := range rs {
		w.Replies[i] = wireReply{
			Query: r.Query, Outcome: r.Outcome, Records: r.Records, Match: r.Match, AsOf: instant{r.AsOf}, Hash: r.Hash,
			Reason: r.Reason, Department: r.Department, AnsweredBy: r.AnsweredBy, Scope: r.Scope, At: instant{r.At},
		}
	}
	return &w
}
