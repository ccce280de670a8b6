package web

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/width"

	"hedui/day"
	"hedui/internal/casework"
	"hedui/internal/hedui"
)

// decisionPage is the form in which an office tells what it has decided.
type decisionPage struct {
	frame
	ID, Number, Programme, Stage string
	Rows                         []decisionRow
	Problems                     []problemRow
	Said                         string // why it cannot be entered at all
	Open                         bool   // it can be entered

	values map[string]string
	wrong  map[string][]string
	table  hedui.DecisionTable
	kind   hedui.CaseKind
}

// A decisionRow is a decision that was entered, the one that counts first.
type decisionRow struct {
	Outcome, Ground, On, Number, Version, By, At string
	Counts                                       bool
}

func (f frame) decisionRows(c *hedui.Case) []decisionRow {
	var rows []decisionRow
	for i, d := range slices.Backward(c.Decisions) {
		row := decisionRow{Outcome: f.T("decision.outcome." + d.Outcome), On: d.On.String(), Number: d.Number, Version: f.T("step.version", strconv.Itoa(d.Version)),
			By: d.Name, At: clock(d.At), Counts: i == len(c.Decisions)-1}
		if d.Ground != "" {
			row.Ground = f.T("decision.ground." + d.Ground)
		}
		rows = append(rows, row)
	}
	return rows
}

func (s *Server) decision(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	v, err := s.Desk.Look(r.Context(), o, r.PathValue("id"))
	if err != nil {
		return err
	}
	p, err := s.decisionPage(r, o, v, map[string]string{"on": day.Of(s.Now()).String()})
	if err != nil {
		return err
	}
	return render(w, http.StatusOK, "decision.html", p)
}

func (s *Server) decisionPage(r *http.Request, o hedui.Officer, v casework.View, values map[string]string) (*decisionPage, error) {
	c := v.Case
	p := &decisionPage{frame: s.frame(r, "decision.title"), ID: c.ID, Number: c.Number, values: values, wrong: map[string][]string{}, kind: c.Kind}
	p.Path = "/cases/" + c.ID + "/decision" // also of a page that a form has brought
	p.Programme, p.Stage, p.Rows = p.T("programme."+string(c.Programme)), p.T("stage."+string(c.Stage)), p.decisionRows(c)
	err := c.MayDecide(o)
	if hedui.KindOf(err) == hedui.Forbidden && err != nil {
		return nil, err
	}
	p.Open = err == nil
	if err != nil {
		p.Said = p.T("error.decision.stage")
	}
	if p.table, err = hedui.DecisionTableOn(day.Of(s.Now())); err != nil {
		return nil, err
	}
	return p, nil
}

// Field is a field of the form.
func (p *decisionPage) Field(name string) field {
	f := field{Name: name, ID: name, Label: p.T("decision." + name), Value: p.values[name], Wrong: p.wrong[name]}
	switch name {
	case "outcome":
		for _, one := range p.table.For(p.kind) {
			f.Options = append(f.Options, choice{one.Name, p.T("decision.outcome." + one.Name)})
		}
	case "ground":
		for _, one := range p.table.Grounds {
			f.Options = append(f.Options, choice{one, p.T("decision.ground." + one)})
		}
	}
	return f
}

// decide enters what the office has decided, or shows the form with what was typed
// and every problem in it.
func (s *Server) decide(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	id, values := r.PathValue("id"), map[string]string{}
	for _, name := range []string{"outcome", "ground", "on", "number"} {
		values[name] = r.PostFormValue(name)
	}
	on, bad := day.Parse(strings.TrimSpace(width.Narrow.String(values["on"])))
	told := hedui.Decision{Outcome: values["outcome"], Ground: values["ground"], Number: values["number"], On: on}
	_, err := s.Desk.Decide(r.Context(), o, id, told)
	if err == nil {
		lead(w, r, "/cases/"+id+"?lang="+string(langOf(r))+"&done=decide#decision")
		return nil
	}
	var known *hedui.Error
	kind := hedui.KindOf(err)
	if !onPage(err) || !errors.As(err, &known) {
		return err
	}
	v, cause := s.Desk.Look(r.Context(), o, id)
	if cause != nil {
		return cause
	}
	p, cause := s.decisionPage(r, o, v, values)
	if cause != nil {
		return cause
	}
	for _, one := range known.Problems {
		say := p.say(one.Say)
		if one.Field == "on" && values["on"] != "" && bad != nil {
			say = p.T("problem.day.form")
		}
		p.wrong[one.Field] = append(p.wrong[one.Field], say)
		p.Problems = append(p.Problems, problemRow{Anchor: one.Field, Text: say})
	}
	return render(w, status[kind], "decision.html", p)
}
