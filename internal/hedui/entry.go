package hedui

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"hedui/catalog"
	"hedui/day"
	"hedui/idcard"
	"hedui/money"
	"hedui/source"
	"hedui/uscc"
)

// An Entry is what a department's people say to one item of their list, as they
// typed it, in a form, a workbook or on a reply slip.
type Entry struct {
	Outcome string        `json:"outcome"`         // a word of [source.Outcomes]
	AsOf    string        `json:"as_of,omitempty"` // state of the register, a day
	By      string        `json:"by"`              // who answers: a post or a desk, as on the slip
	Records []EntryRecord `json:"records,omitempty"`
}

// An EntryRecord is one record as typed: field key → text, and the rows of the
// fields that have rows.
type EntryRecord struct {
	Fields map[string]string              `json:"fields,omitempty"`
	Rows   map[string][]map[string]string `json:"rows,omitempty"`
}

// Format implements [fmt.Formatter]: an entry prints as its size.
func (e Entry) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "entry(%s, %d records)", e.Outcome, len(e.Records))
}

// EntryOutcomes are the outcomes that people may answer with.
func EntryOutcomes() []source.Outcome {
	return []source.Outcome{source.Found, source.None, source.NotCovered, source.IdentityDoubt, source.Refused}
}

// Most that an entry may hold.
const (
	maxEntryRecords = 200
	maxEntryText    = 500
)

// entryReasons say why there is no record, where somebody will ask.
var entryReasons = map[source.Outcome]source.Reason{
	source.NotCovered: source.ReasonOutside, source.IdentityDoubt: source.ReasonName, source.Refused: source.ReasonDeclined,
}

// Read turns an entry about a person into the answer that a machine would have
// given, or names everything that is wrong with it. The hash is SHA-256 over what
// was entered in canonical form.
func (e Entry) Read(category catalog.Category, about idcard.Number, at time.Time) (source.Answer, []Problem) {
	r := entryReader{about: about}
	a := source.Answer{Outcome: source.Outcome(strings.TrimSpace(e.Outcome))}
	if !slices.Contains(EntryOutcomes(), a.Outcome) {
		r.bad("outcome", "problem.entry.outcome")
	}
	a.Reason = entryReasons[a.Outcome]
	a.AsOf = r.asOf(e.AsOf, a.Outcome, at)
	by := oneLine(e.By)
	switch {
	case by == "":
		r.bad("by", "problem.entry.by")
	case utf8.RuneCountInString(by) > 60:
		r.bad("by", "problem.text", "60")
	}
	switch {
	case a.Outcome == source.Found && len(e.Records) == 0:
		r.bad("records", "problem.entry.records")
	case a.Outcome != source.Found && len(e.Records) > 0:
		r.bad("records", "problem.entry.no_records")
	case len(e.Records) > maxEntryRecords:
		r.bad("records", "problem.entry.many", fmt.Sprint(maxEntryRecords))
	default:
		for i, typed := range e.Records {
			a.Records = append(a.Records, r.record(category, typed, fmt.Sprintf("records[%d].", i)))
		}
	}
	if a.Outcome == source.Found {
		a.Match = source.MatchIDName // the clerk has compared both
	}
	if len(r.problems) > 0 {
		return source.Answer{}, r.problems
	}
	canonical, _ := json.Marshal(struct { // texts always encode
		Outcome source.Outcome   `json:"outcome"`
		AsOf    string           `json:"as_of"`
		By      string           `json:"by"`
		Records []catalog.Record `json:"records"`
	}{a.Outcome, dayText(a.AsOf), by, a.Records})
	sum := sha256.Sum256(canonical)
	a.Hash = "sha256:" + hex.EncodeToString(sum[:])
	return a, nil
}

func dayText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return day.Of(t).String()
}

type entryReader struct {
	about    idcard.Number
	problems []Problem
}

func (r *entryReader) bad(field, key string, args ...string) {
	r.problems = append(r.problems, Problem{field, Say(key, args...)})
}

// asOf reads the day of the register's state: whoever has searched says when.
func (r *entryReader) asOf(typed string, o source.Outcome, at time.Time) time.Time {
	text := plainText(typed)
	if text == "" {
		if o == source.Found || o == source.None {
			r.bad("as_of", "problem.entry.as_of")
		}
		return time.Time{}
	}
	d, err := day.Parse(dated(text, false))
	switch {
	case err != nil:
		r.bad("as_of", "problem.entry.date")
		return time.Time{}
	case d.After(day.Of(at)):
		r.bad("as_of", "problem.entry.future")
	}
	return d.Start()
}

func (r *entryReader) record(category catalog.Category, typed EntryRecord, prefix string) catalog.Record {
	before := len(r.problems)
	record := r.fields(category.Fields, typed.Fields, prefix)
	for _, key := range []string{"id_no", "right_holder_id_no"} { // not in rows: those are about others, such as co-holders
		if value := record[key]; value != "" && !r.about.IsZero() && value != r.about.Reveal() {
			r.bad(prefix+key, "problem.entry.other")
		}
	}
	for _, key := range slices.Sorted(maps.Keys(typed.Rows)) {
		f, ok := category.Field(key)
		if !ok || f.Type != catalog.Rows {
			r.bad(prefix+shownKey(key), "problem.entry.field")
			continue
		}
		var rows []catalog.Record
		for i, one := range typed.Rows[key] {
			if row := r.fields(f.Fields, one, fmt.Sprintf("%s%s[%d].", prefix, key, i)); len(row) > 0 {
				rows = append(rows, row)
			}
		}
		if len(rows) > 0 {
			record[key] = catalog.RowsText(rows)
		}
	}
	if len(record) == 0 && len(r.problems) == before {
		r.bad(strings.TrimSuffix(prefix, "."), "problem.entry.empty")
	}
	return record
}

// fields reads the fields that are filled in.
func (r *entryReader) fields(known []catalog.Field, typed map[string]string, prefix string) catalog.Record {
	record := catalog.Record{}
	for _, key := range slices.Sorted(maps.Keys(typed)) {
		text := plainText(typed[key])
		if text == "" {
			continue
		}
		i := slices.IndexFunc(known, func(f catalog.Field) bool { return f.Key == key && f.Type != catalog.Rows })
		switch {
		case i < 0:
			r.bad(prefix+shownKey(key), "problem.entry.field")
			continue
		case utf8.RuneCountInString(text) > maxEntryText:
			r.bad(prefix+key, "problem.text", fmt.Sprint(maxEntryText))
			continue
		}
		value, problem := canonicalOf(known[i], text)
		if problem == "" && len((catalog.Category{Fields: known}).Check(catalog.Record{key: value})) > 0 {
			problem = string(known[i].Type)
		}
		if problem != "" {
			r.bad(prefix+key, "problem.entry."+problem)
			continue
		}
		record[key] = value
	}
	return record
}

var keyForm = regexp.MustCompile(`^[a-z][a-z_]{0,39}$`)

// shownKey keeps what was typed in the place of a key out of problems, unless it
// looks like one.
func shownKey(key string) string {
	if keyForm.MatchString(key) {
		return key
	}
	return "?"
}

// canonicalOf turns a text as people type it into that of the catalogue. What it
// cannot read it returns as it is, or with the last word of the problem's key.
func canonicalOf(f catalog.Field, text string) (value, problem string) {
	folded := strings.Map(halfWidth, text)
	switch f.Type {
	case catalog.Coded:
		return codeOf(f.List, text), ""
	case catalog.Date:
		return dated(folded, false), ""
	case catalog.Month:
		return dated(folded, true), ""
	case catalog.Money:
		fen, err := money.Parse(strings.TrimSuffix(folded, "元"))
		if err != nil || fen < 0 {
			return "", string(catalog.Money)
		}
		return fen.String(), ""
	case catalog.Decimal, catalog.Percent, catalog.Count:
		folded = strings.TrimSpace(strings.TrimSuffix(strings.TrimSuffix(folded, f.Unit), "%"))
		if strings.HasPrefix(folded, "-") {
			return "", string(f.Type)
		}
		return folded, ""
	case catalog.Bool:
		return truths[strings.ToLower(folded)], map[bool]string{false: string(catalog.Bool)}[truths[strings.ToLower(folded)] != ""]
	case catalog.IDCard:
		n, err := idcard.Parse(folded)
		var why *idcard.Error
		if errors.As(err, &why) && why.Reason == idcard.ReasonDamaged {
			return "", "damaged"
		} else if err != nil {
			return "", string(catalog.IDCard)
		}
		return n.Reveal(), ""
	case catalog.USCC:
		c, err := uscc.Parse(folded)
		if err != nil {
			return "", string(catalog.USCC)
		}
		return c.String(), ""
	}
	return text, ""
}

// truths are the words for yes and no.
var truths = map[string]string{"是": "true", "有": "true", "true": "true", "y": "true", "1": "true",
	"否": "false", "无": "false", "false": "false", "n": "false", "0": "false"}

// codeOf finds a code by itself or by its name. A word that the list lacks is kept
// as it is, as a department's own codes are: reports show it as unknown.
func codeOf(list, text string) string {
	known, _ := catalog.CodeList(list)
	for _, item := range known.Items {
		if text == item.Code || text == item.Name || strings.EqualFold(text, item.NameEn) {
			return item.Code
		}
	}
	return text
}

// layouts are the ways in which people write days and months.
var (
	dayLayouts   = []string{"2006-1-2", "2006/1/2", "2006.1.2", "2006年1月2日", "20060102"}
	monthLayouts = []string{"2006-1", "2006/1", "2006.1", "2006年1月", "200601"}
)

// dated returns a day, or a month, in the form of the catalogue; what is none, or
// lies where no register has entries, comes back as a text that is none either.
func dated(text string, month bool) string {
	layouts, form := dayLayouts, time.DateOnly
	if month {
		layouts, form = monthLayouts, "2006-01"
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, strings.Map(halfWidth, text)); err == nil && t.Year() >= 1850 && t.Year() < 2200 {
			return t.Format(form)
		}
	}
	return "?"
}

func halfWidth(r rune) rune {
	if r >= '！' && r <= '～' {
		return r - ('！' - '!')
	}
	return r
}

// plainText cuts blanks, and control characters within.
func plainText(s string) string { return oneLine(strings.TrimPrefix(s, "\ufeff")) }

func oneLine(s string) string {
	return strings.TrimSpace(strings.Join(strings.FieldsFunc(s, unicode.IsControl), " "))
}
