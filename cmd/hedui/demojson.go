package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"hedui/catalog"
	"hedui/idcard"
	"hedui/internal/hedui"
	"hedui/internal/lang"
)

// The JSON of the demo.
type (
	demoJSON struct {
		Cases []caseJSON `json:"cases"`
		Trust string     `json:"trust"`
	}
	caseJSON struct {
		ID        string        `json:"id"`
		Name      string        `json:"name"`
		Node      string        `json:"node"`
		Programme string        `json:"programme"`
		State     string        `json:"state"`
		Report    reportJSON    `json:"report"`
		Grid      []gridJSON    `json:"grid"`
		Findings  []findingJSON `json:"findings"`
		Seconds   float64       `json:"seconds"`
	}
	reportJSON struct {
		Number     string `json:"number"`
		Version    int    `json:"version"`
		Conclusion string `json:"conclusion"`
		JSON       string `json:"json"`
		HTML       string `json:"html"`
		PDF        string `json:"pdf"`
	}
	gridJSON struct {
		Category   string       `json:"category"`
		Outcome    string       `json:"outcome"`
		AnsweredBy string       `json:"answered_by"` // nodes that asked a department, widest register first
		AsOf       *time.Time   `json:"as_of"`
		Millis     int64        `json:"millis"`
		Members    []memberJSON `json:"members"`
	}
	memberJSON struct {
		Member     string `json:"member"`
		Scope      string `json:"scope,omitempty"` // division of the register asked
		Outcome    string `json:"outcome"`
		Reason     string `json:"reason,omitempty"`
		AnsweredBy string `json:"answered_by,omitempty"` // node that asked the department
		Millis     int64  `json:"millis"`
	}
	findingJSON struct {
		Kind     string `json:"kind"`
		Category string `json:"category"`
		Member   string `json:"member"`
		Declared string `json:"declared"`
		Found    string `json:"found"`
		Reason   string `json:"reason"`
	}
)

func (s *story) printJSON(w io.Writer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	doc := demoJSON{Cases: []caseJSON{}, Trust: s.tiers.trust()}
	for _, ch := range s.chapters {
		doc.Cases = append(doc.Cases, ch.json(s.lang))
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(doc)
}

// json says what the sealed report says, and where the case stands now.
func (ch chapter) json(l lang.Lang) caseJSON {
	c := ch.view.Case
	out := caseJSON{
		ID: c.Number, Node: ch.node.name, Name: ch.family.title() + " " + idcard.MaskName(c.Applicant().Name), Programme: string(c.Programme), State: string(c.Stage),
		Report: reportJSON{ch.said.Number, ch.said.Version, string(ch.said.Conclusion.Code),
			ch.files["json"], ch.files["html"], ch.files["pdf"]},
		Grid: []gridJSON{}, Findings: []findingJSON{}, Seconds: ch.seconds,
	}
	for _, row := range ch.said.Categories {
		g := gridJSON{Category: string(row.Code), Outcome: string(row.Outcome), AnsweredBy: ch.answeredBy(row.Code), Millis: row.Millis, Members: []memberJSON{}}
		if !row.AsOf.IsZero() {
			g.AsOf = &row.AsOf
		}
		for _, cell := range row.Persons {
			by := cell.AnsweredBy
			if by == "" && !cell.AnsweredAt.IsZero() {
				by = ch.node.name
			}
			g.Members = append(g.Members, memberJSON{memberName(c, cell.Person), cell.Scope.Code, string(cell.Outcome), inLanguage(l, cell.Reason), by, cell.Millis})
		}
		out.Grid = append(out.Grid, g)
	}
	for _, f := range ch.said.Findings {
		out.Findings = append(out.Findings, findingJSON{string(f.Kind), string(f.Category), memberName(c, f.Person),
			f.Declared.String(), f.Found.String(), ch.reason(l, f)})
	}
	return out
}

func memberName(c *hedui.Case, no int) string {
	p, ok := c.Person(no)
	if !ok {
		return ""
	}
	return fmt.Sprintf("%d %s", p.No, idcard.MaskName(p.Name))
}

// answeredBy names the nodes that have asked a department about a category.
func (ch chapter) answeredBy(code catalog.Code) string {
	var names []string
	for _, q := range ch.view.Grid {
		if by := ch.node.answeredBy(q); q.Category == code && by != "" && !slices.Contains(names, by) {
			names = append(names, by)
		}
	}
	return strings.Join(names, ",")
}
