package exchange

import (
	"fmt"
	"io"
	"slices"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/idcard"
)

// A Person is whom a question is about: the name as a check, the number as the key.
type Person struct {
	Name string
	ID   idcard.Number
}

// Format implements [fmt.Formatter]: every verb prints name and number masked.
func (p Person) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, idcard.MaskName(p.Name)+" "+p.ID.Masked())
}

// A Mandate is what the asking node vouches for: that the person's consent allows
// this question. Of the categories the consent allows only the one asked is told,
// since nobody gets more than the question needs; and so a source.Mandate is
// minted on the other side with exactly Question.Category.
type Mandate struct {
	Number  string
	Consent string    // number of the consent it rests on
	Purpose string    // programme code; one for all questions of a message
	From    time.Time // first instant, whole milliseconds
	Until   time.Time // first instant at which it no longer holds
}

// A Question asks for one category on one person.
type Question struct {
	ID       string // of the query, a UUID of version 7: the same on all nodes and whenever it is asked again
	Division string // of the case, six digits
	Scope    string // division whose register is asked, six digits
	Mandate  Mandate
	Person   Person
	Category catalog.Code
	// Signed is the mandate as text that the asking node has signed and addressed to
	// the receiver, see docs/mandate.md. Here it is a text; whoever takes the question
	// verifies it. Empty in bodies of version 1, which carry none.
	Signed   string
	From, To day.Day  // window for income; both or none
	Hops     []string // names of the nodes it has passed, the asking one first
}

// Check reports what is not as it must be in a question.
func (q Question) Check() error { return Questions{q}.check() }

// Encode writes one question for a node's own store, in the form of a body.
func (q Question) Encode() ([]byte, error) {
	qs := Questions{q}
	if err := qs.check(); err != nil {
		return nil, err
	}
	return encodeJSON(qs.wire())
}

// DecodeQuestion reads what [Question.Encode] wrote.
func DecodeQuestion(data []byte) (Question, error) {
	m := Message{Kind: KindQuestions, Body: data}
	qs, err := m.questions()
	switch {
	case err != nil:
		return Question{}, err
	case len(qs) != 1:
		return Question{}, at("question", 1, "more than one")
	}
	return qs[0], nil
}

// Questions is the body of KindQuestions.
type Questions []Question

// Via returns the question as node passes it on, or [ErrCircle] if it has passed
// the node before or has come too far.
func (q Question) Via(node string) (Question, error) {
	if slices.Contains(q.Hops, node) || len(q.Hops) >= MaxHops {
		return Question{}, ErrCircle
	}
	q.Hops = append(slices.Clone(q.Hops), node)
	return q, nil
}

// Questions reads the body of a message, and holds its header against it. The last
// hop of each question is the sender.
func (m Message) Questions() (Questions, error) {
	questions, err := m.questions()
	if err != nil {
		return nil, err
	}
	return questions, m.agrees(questions)
}

// questions reads the body alone.
func (m Message) questions() (Questions, error) {
	var w wireQuestions
	if err := m.decode(KindQuestions, &w); err != nil {
		return nil, err
	}
	if w.Version != 0 && w.Version != questionsVersion {
		return nil, fmt.Errorf("%w: questions of version %d, known is %d", ErrMalformed, w.Version, questionsVersion)
	}
	questions := make(Questions, len(w.Questions))
	for i, item := range w.Questions {
		id, err := idcard.Parse(item.Person.ID)
		if err != nil || id.Reveal() != item.Person.ID {
			return nil, at("question", i, "identity number")
		}
		questions[i] = Question{
			ID: item.ID, Division: item.Division, Scope: item.Scope, Category: item.Category, From: item.From, To: item.To, Hops: item.Hops,
			Signed: item.Signed,
			Person: Person{Name: item.Person.Name, ID: id},
			Mandate: Mandate{
				Number: item.Mandate.Number, Consent: item.Mandate.Consent, Purpose: item.Mandate.Purpose,
				From: item.Mandate.From.Time, Until: item.Mandate.Until.Time,
			},
		}
		if m.From != "" && (len(item.Hops) == 0 || item.Hops[len(item.Hops)-1] != m.From) {
			return nil, at("question", i, "last hop is not the sender")
		}
		if (item.Signed == "") != (w.Version == 0) {
			return nil, at("question", i, "signed mandate does not fit the version of the body")
		}
	}
	return questions, questions.check()
}

func (Questions) kind() Kind { return KindQuestions }

func (qs Questions) check() error {
	if err := checkCount(len(qs)); err != nil {
		return err
	}
	seen := make(map[string]bool, len(qs))
	for i, q := range qs {
		if wrong := q.wrong(); wrong != "" {
			return at("question", i, wrong)
		}
		if q.Mandate.Purpose != qs[0].Mandate.Purpose {
			return at("question", i, "another purpose than the first")
		}
		if (q.Signed == "") != (qs[0].Signed == "") {
			return at("question", i, "a signed mandate, where another has none")
		}
		if seen[q.ID] {
			return at("question", i, "the same id twice")
		}
		seen[q.ID] = true
	}
	return nil
}

// wrong names the field that is not as it must be.
func (q Question) wrong() string {
	_, err := parseID(q.ID)
	switch {
	case err != nil:
		return "id"
	case !digitsForm.MatchString(q.Division):
		return "division"
	case !digitsForm.MatchString(q.Scope):
		return "scope"
	case q.Person.Name == "" || !line(q.Person.Name, 200):
		return "name"
	case q.Person.ID.IsZero():
		return "identity number"
	case !code(string(q.Category)):
		return "category"
	case q.From.IsZero() != q.To.IsZero(), q.To.Before(q.From):
		return "window"
	case !line(q.Signed, maxSigned):
		return "signed mandate"
	case len(q.Hops) == 0 || len(q.Hops) > MaxHops || slices.ContainsFunc(q.Hops, func(n string) bool { return !nameForm.MatchString(n) }):
		return "hops"
	}
	return q.Mandate.wrong()
}

func (m Mandate) wrong() string {
	switch {
	case m.Number == "" || !line(m.Number, maxMandate):
		return "number of the mandate"
	case m.Consent == "" || !line(m.Consent, maxMandate):
		return "consent of the mandate"
	case !code(m.Purpose):
		return "purpose of the mandate"
	case m.From.IsZero() || !m.From.Before(m.Until):
		return "time of the mandate"
	}
	return ""
}

func (qs Questions) about(m *Message) {
	numbers := map[string]bool{}
	for _, q := range qs {
		numbers[q.Mandate.Number] = true
		m.Purpose, m.Mandate = q.Mandate.Purpose, q.Mandate.Number
	}
	if m.Mandates = len(numbers); m.Mandates != 1 {
		m.Mandate = ""
	}
}

// questionsVersion is the form of the body. Version 1 has no number and no signed
// mandates: a node of that version refuses version 2 as malformed, and a node of
// this one refuses version 1 with [ReasonUnsigned].
const questionsVersion = 2

// maxSigned is how long a signed mandate may be.
const maxSigned = 12 << 10

type wireQuestions struct {
	Version   int            `json:"version,omitempty"`
	Questions []wireQuestion `json:"questions"`
}

type wireQuestion struct {
	ID       string       `json:"id"`
	Division string       `json:"division"`
	Scope    string       `json:"scope"`
	Mandate  wireMandate  `json:"mandate"`
	Signed   string       `json:"signed,omitempty"`
	Person   wirePerson   `json:"person"`
	Category catalog.Code `json:"category"`
	From     day.Day      `json:"from,omitzero"`
	To       day.Day      `json:"to,omitzero"`
	Hops     []string     `json:"hops"`
}

type wireMandate struct {
	Number  string  `json:"number"`
	Consent string  `json:"consent"`
	Purpose string  `json:"purpose"`
	From    instant `json:"from"`
	Until   instant `json:"until"`
}

type wirePerson struct {
	Name string `json:"name"`
	ID   string `json:"id"`
}

func (qs Questions) wire() any {
	w := wireQuestions{Questions: make([]wireQuestion, len(qs))}
	for i, q := range qs {
		if q.Signed != "" {
			w.Version = questionsVersion
		}
		w.Questions[i] = wireQuestion{
			Signed: q.Signed,
			ID:     q.ID, Division: q.Division, Scope: q.Scope, Category: q.Category, From: q.From, To: q.To, Hops: q.Hops,
			Person: wirePerson{Name: q.Person.Name, ID: q.Person.ID.Reveal()}, // encrypted with the body
			Mandate: wireMandate{
				Number: q.Mandate.Number, Consent: q.Mandate.Consent, Purpose: q.Mandate.Purpose,
				From: instant{q.Mandate.From}, Until: instant{q.Mandate.Until},
			},
		}
	}
	return &w
}
