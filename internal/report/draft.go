package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"hedui/catalog"
	"hedui/internal/hedui"
	"hedui/seal"
	"hedui/source"
)

// What Prepare refuses. The texts say where, never what a person entered.
var (
	// ErrLeak means that a full identity number would have been let out.
	ErrLeak = errors.New("report: a full identity number is in the report")
	// ErrIncomplete means that something that must be said is not.
	ErrIncomplete = errors.New("report: not complete")
	// ErrSealed means that a draft was to be sealed a second time.
	ErrSealed = errors.New("report: draft is sealed already")
)

// A Draft is a checked report with its exact bytes, not yet sealed. Store the
// bytes first, then seal, then compare.
type Draft struct {
	content Content
	json    []byte
	sealed  atomic.Bool
}

// Sealed is a report with its detached seal.
type Sealed struct {
	Content Content
	JSON    []byte
	Seal    seal.Seal // of an opened report without its sections

	detached []byte // as stored, of an opened report
}

// Prepare checks the content and writes its JSON, twice, to be sure that the same
// content always has the same bytes.
func Prepare(c Content) (*Draft, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	first, err := encode(c)
	if err != nil {
		return nil, err
	}
	again, err := decode(first)
	if err != nil {
		return nil, err
	}
	second, err := encode(again)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(first, second) {
		return nil, fmt.Errorf("report: written twice, the report differs")
	}
	if bytes.Contains(first, []byte("⟦")) {
		return nil, fmt.Errorf("%w: a text is missing", ErrIncomplete)
	}
	if err := c.checkLeaks(); err != nil {
		return nil, err
	}
	return &Draft{content: again, json: first}, nil
}

// JSON returns the report as it will be sealed. It is the caller's own copy.
func (d *Draft) JSON() []byte { return bytes.Clone(d.json) }

// Content returns what the report says.
func (d *Draft) Content() Content { return d.content }

// Seal seals the draft. A draft is sealed once: the second call fails with
// [ErrSealed], also if the first one did not come to its end.
func (d *Draft) Seal(signer seal.Signer, at time.Time) (Sealed, error) {
	if d.sealed.Swap(true) {
		return Sealed{}, ErrSealed
	}
	s, err := seal.MakeJSONSeal(signer, subject(d.content.Number, d.content.Version), at, d.json)
	if err != nil {
		return Sealed{}, err
	}
	return Sealed{Content: d.content, JSON: d.JSON(), Seal: s}, nil
}

// Digest is the SHA-256 of the sealed JSON, hexadecimal; empty for a preview.
func (s Sealed) Digest() string { return s.Seal.Digest }

// Detached returns the seal as the file that stands beside the JSON.
func (s Sealed) Detached() ([]byte, error) {
	if s.detached != nil {
		return bytes.Clone(s.detached), nil
	}
	return s.Seal.Encode()
}

// Open reads a stored report and its seal back. It compares the digest and does
// not check the signature: for files from elsewhere there is [Verify].
func Open(doc, detached []byte) (Sealed, error) {
	s, err := seal.Head(detached)
	if err != nil {
		return Sealed{}, err
	}
	digest, err := seal.Digest(s.Algorithm, doc)
	if err != nil {
		return Sealed{}, err
	}
	if digest != s.Digest {
		return Sealed{}, seal.ErrDigest
	}
	c, err := Parse(doc)
	return Sealed{c, bytes.Clone(doc), s, bytes.Clone(detached)}, err
}

// Parse reads the JSON of a report. Unknown members and other forms are errors.
func Parse(doc []byte) (Content, error) { return decode(doc) }

func subject(number string, version int) string { return fmt.Sprintf("%s v%d", number, version) }

func encode(c Content) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(c); err != nil {
		return nil, fmt.Errorf("report: write JSON: %w", err)
	}
	return b.Bytes(), nil
}

func decode(doc []byte) (Content, error) {
	var c Content
	d := json.NewDecoder(bytes.NewReader(doc))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return Content{}, fmt.Errorf("report: not a report: %w", quiet(err))
	}
	if c.Form != Form {
		return Content{}, fmt.Errorf("report: not of the form %q", Form)
	}
	return c, nil
}

// quiet keeps values of the document out of an error.
func quiet(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("JSON syntax at byte %d", syntax.Offset)
	}
	return errors.New("JSON of another shape")
}

func (c Content) check() error {
	switch {
	case c.Form != Form || c.Title == "" || c.Number == "" || c.Version < 1:
		return fmt.Errorf("%w: title, number or version", ErrIncomplete)
	case !slices.Contains(hedui.Conclusions(), c.Conclusion.Code) || c.Conclusion.Text == "":
		return fmt.Errorf("%w: conclusion is not one of the list", ErrIncomplete)
	case len(c.Lead) != 2 || c.Unknown == "" || len(c.Notices) == 0 || len(c.Members) == 0:
		return fmt.Errorf("%w: lead, notices or members", ErrIncomplete)
	case !validSalt(c.Salt):
		return fmt.Errorf("%w: salt", ErrIncomplete)
	}
	return c.checkGrid()
}

// checkGrid holds the grid against the programme: every usual category, no other
// but those that may be asked, every person, and every cell without a result named
// as a gap.
func (c Content) checkGrid() error {
	programme := hedui.Programme(c.Case.Programme.Code)
	usual := programme.Usual()
	got := []catalog.Code{}
	for _, row := range c.Categories {
		got = append(got, row.Code)
	}
	want := slices.DeleteFunc(programme.Categories(), func(code catalog.Code) bool {
		return !slices.Contains(usual, code) && !slices.Contains(got, code)
	})
	if len(want) == 0 || !slices.Equal(want, got) {
		return fmt.Errorf("%w: categories are not those of the programme", ErrIncomplete)
	}
	for _, row := range c.Categories {
		if err := c.checkPersons(row); err != nil {
			return err
		}
		for _, cell := range row.Persons {
			if !c.named(row, cell) {
				return fmt.Errorf("%w: %s: person %d has no result and is in no list of gaps", ErrIncomplete, row.Code, cell.Person)
			}
		}
	}
	return nil
}

// checkPersons wants a cell for every person, and no two of one register.
func (c Content) checkPersons(row Category) error {
	type asked struct {
		person int
		scope  string
	}
	seen, persons := map[asked]bool{}, map[int]bool{}
	for _, cell := range row.Persons {
		k := asked{cell.Person, cell.Scope.Code}
		if _, known := c.Person(cell.Person); !known || seen[k] {
			return fmt.Errorf("%w: %s names nobody of the case, or one register twice", ErrIncomplete, row.Code)
		}
		seen[k], persons[cell.Person] = true, true
	}
	if len(persons) != len(c.Members)+len(c.Obligors) {
		return fmt.Errorf("%w: %s does not name every person", ErrIncomplete, row.Code)
	}
	return nil
}

func (c Content) named(row Category, cell Cell) bool {
	switch cell.Outcome {
	case source.Found, source.None, source.IdentityDoubt:
		return true
	case source.NotCovered:
		if row.settled(cell.Person) {
			return true
		}
	case source.Failed, source.Refused:
	default:
		return false
	}
	return slices.ContainsFunc(slices.Concat(c.Gaps, c.NotCovered), func(g Gap) bool {
		return g.Category == row.Code && g.Scope == cell.Scope && strings.Contains(g.Text, g.Name) && slices.Contains(g.Persons, cell.Person)
	})
}

// checkLeaks looks for full identity numbers in every text of the report. Public
// company codes are left out, as are salt and digests, which are random.
func (c Content) checkLeaks() error {
	c.Salt = ""
	if c.Previous != nil {
		c.Previous = &Previous{c.Previous.Version, c.Previous.MadeAt, ""}
	}
	c.History = slices.Clone(c.History)
	for i := range c.History {
		c.History[i].Digest = ""
	}
	c.Categories = slices.Clone(c.Categories)
	for i, row := range c.Categories {
		row.Persons = slices.Clone(row.Persons)
		for j := range row.Persons {
			row.Persons[j].Hash = ""
		}
		c.Categories[i] = row
	}
	tables := slices.Clone(c.Tables)
	for i, t := range tables {
		t.Rows = slices.Clone(t.Rows)
		known, _ := catalog.Get(t.Category)
		for j, r := range t.Rows {
			r.Values = slices.Clone(r.Values)
			for k, col := range t.Columns {
				if f, ok := known.Field(col.Key); ok && k < len(r.Values) && publicCode(f, r.Values[k]) {
					r.Values[k] = ""
				}
			}
			t.Rows[j] = r
		}
		tables[i] = t
	}
	c.Tables, c.Findings = tables, withoutDigests(c.Findings)
	doc, err := encode(c)
	if err != nil {
		return err
	}
	if n := leaks(doc); n > 0 {
		return fmt.Errorf("%w (%d)", ErrLeak, n)
	}
	return nil
}
