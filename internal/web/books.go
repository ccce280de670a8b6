package web

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"testing/fstest"

	"hedui/day"
	"hedui/internal/hedui"
	"hedui/internal/rule/book"
	"hedui/region"
)

// booksPage is what rule books say at a place on a day, whether the worked cases come
// out, and what a book that somebody has written would change.
type booksPage struct {
	frame
	Division, Programme, On string
	Programmes              []choice
	Holds                   string
	Demo                    bool
	Sections                []bookSection
	Books                   []bookRow
	Missing                 string
	Cases                   int
	Failed                  []string
	Tried                   string   // name of the book that was handed in
	Problems                []string // of it
	Changes                 []changeRow
	Moved                   []movedRow
	Wrong                   []problemRow
}

type bookSection struct {
	Name    string
	Entries []entryRow
}

type entryRow struct{ Name, Title, Says, Origin string }

type bookRow struct{ Name, Title, Place, Days, Programmes, Count string }

type changeRow struct {
	Sign, Name string
	Keys       []string
}

type movedRow struct {
	Name  string
	Lines []string
}

func (s *Server) books(w http.ResponseWriter, r *http.Request, _ hedui.Officer) error {
	p, err := s.booksPage(r)
	if err != nil {
		return err
	}
	return render(w, http.StatusOK, "books.html", p)
}

func (s *Server) booksPage(r *http.Request) (*booksPage, error) {
	today := day.Of(s.Now())
	q := r.URL.Query()
	p := &booksPage{frame: s.frame(r, "books.title"), Division: cmp.Or(strings.TrimSpace(q.Get("division")), s.Desk.Division, "330200"),
		Programme: cmp.Or(q.Get("programme"), string(hedui.Dibao)), On: cmp.Or(q.Get("on"), today.String())}
	p.Path = "/books" // also of a page that a book has brought
	for _, one := range hedui.Programmes() {
		p.Programmes = append(p.Programmes, choice{string(one), p.T("programme." + string(one))})
	}
	for _, b := range s.Desk.Rules.Books {
		p.Books = append(p.Books, p.book(b, today))
	}
	on, err := day.Parse(p.On)
	if err != nil {
		p.Wrong, on = []problemRow{{Text: p.T("problem.officer.day")}}, today
	}
	effective, err := s.Desk.Rules.For(p.Division, hedui.Programme(p.Programme), on)
	if err != nil { // no book holds there and then
		p.Missing = p.T("rulebook.none", p.Division, p.T("programme."+p.Programme), on.String())
	} else {
		p.fill(effective)
	}
	cases, err := book.ReadCases(book.Files())
	if err != nil {
		return nil, fmt.Errorf("web: cases of the program: %w", err)
	}
	p.Cases = len(cases)
	for i := range cases {
		if !comesOut(&cases[i], s.Desk.Rules) {
			p.Failed = append(p.Failed, cases[i].Name)
		}
	}
	return p, nil
}

// comesOut reports whether a worked case comes out as it says.
func comesOut(c *book.Case, l *book.Library) bool {
	o, err := c.Run(l, false)
	return err == nil && len(o.Failed) == 0 && len(c.Expect.Compare(o)) == 0
}

func (p *booksPage) book(b *book.Book, today day.Day) bookRow {
	row := bookRow{Name: b.Name, Title: b.Title.In(p.Lang), Place: p.T("books.everywhere"), Days: b.From.String() + " –", Count: fmt.Sprint(len(b.Entries))}
	if d, ok := region.Lookup(b.Place, today); ok {
		row.Place = d.Name + " " + b.Place
	} else if hedui.PlacePrefix(b.Place) != "" {
		row.Place = b.Place
	}
	if !b.To.IsZero() {
		row.Days += " " + b.To.String()
	}
	var words []string
	for _, one := range b.Programmes {
		words = append(words, p.T("programme."+string(one)))
	}
	row.Programmes = strings.Join(words, p.T("page.comma"))
	return row
}

func (p *booksPage) fill(e *book.Effective) {
	p.Holds, p.Demo = e.Version(), e.Demo()
	for _, one := range e.Entries {
		if n := len(p.Sections); n == 0 || p.Sections[n-1].Name != one.Section {
			p.Sections = append(p.Sections, bookSection{Name: one.Section})
		}
		var says []string
		for _, k := range one.Keys() {
			says = append(says, k+": "+strings.TrimSpace(one.Says(k)))
		}
		origin := fmt.Sprintf("%s:%d", one.Book.File, one.Line)
		if text := one.ClauseText(); text != "" {
			origin += " · " + text
		}
		at := &p.Sections[len(p.Sections)-1]
		at.Entries = append(at.Entries, entryRow{one.Name, one.Title.In(p.Lang), strings.Join(says, " · "), origin})
	}
}

// tryBook checks a book that is handed in, in place of the program's of that name or
// beside them: every problem at once, or else what it would change. Nothing is kept.
func (s *Server) tryBook(w http.ResponseWriter, r *http.Request, _ hedui.Officer) error {
	body, err := s.fileOf(r)
	if err == nil && len(body) == 0 {
		err = hedui.Fail(hedui.Invalid, hedui.Say("own.no_file"), nil)
	}
	if err != nil && hedui.KindOf(err) != hedui.Invalid {
		return err
	}
	p, cause := s.booksPage(r)
	if cause != nil {
		return cause
	}
	if err != nil {
		p.Wrong = told(p.frame, err)
		return render(w, http.StatusUnprocessableEntity, "books.html", p)
	}
	if p.Tried, err = s.tried(p, body); err != nil {
		return err
	}
	code := http.StatusOK
	if len(p.Problems) > 0 {
		code = http.StatusUnprocessableEntity
	}
	return render(w, code, "books.html", p)
}

// tried fills in what is wrong with a book, or what it would change.
func (s *Server) tried(p *booksPage, body []byte) (name string, err error) {
	name = bookName(body)
	files := fstest.MapFS{name + ".yaml": {Data: body}}
	err = fs.WalkDir(book.Files(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || files[path] != nil {
			return err
		}
		text, err := fs.ReadFile(book.Files(), path)
		files[path] = &fstest.MapFile{Data: text}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("web: books: %w", err)
	}
	l, err := book.Read(files)
	if err := p.problems(err); err != nil {
		return "", err
	}
	if l != nil {
		if err := p.problems(l.Check()); err != nil {
			return "", err
		}
	}
	if len(p.Problems) > 0 {
		return name, nil
	}
	was, err := book.Read(book.Files())
	if err != nil {
		return "", fmt.Errorf("web: books of the program: %w", err)
	}
	for _, ch := range book.Changes(was, l) {
		p.Changes = append(p.Changes, changeOf(ch))
	}
	cases, err := book.ReadCases(book.Files())
	if err != nil {
		return "", fmt.Errorf("web: cases of the program: %w", err)
	}
	for i := range cases {
		if lines := book.Moved(&cases[i], was, l); len(lines) > 0 {
			p.Moved = append(p.Moved, movedRow{cases[i].Name, lines})
		}
	}
	return name, nil
}

// bookName is the name that a book gives itself, or one that is nobody's.
func bookName(body []byte) string {
	for line := range strings.Lines(string(body)) {
		if name, ok := strings.CutPrefix(line, "book:"); ok {
			name = strings.Trim(strings.TrimSpace(name), `"'`)
			if fs.ValidPath(name) && !strings.Contains(name, "/") && name != "." {
				return name
			}
		}
	}
	return "new"
}

// problems keeps what a book is refused for; any other error is returned.
func (p *booksPage) problems(err error) error {
	var bad *book.Error
	if err != nil && !errors.As(err, &bad) {
		return fmt.Errorf("web: books: %w", err)
	}
	if bad != nil {
		for _, one := range bad.Problems {
			p.Problems = append(p.Problems, one.String())
		}
	}
	return nil
}

func changeOf(ch book.Change) changeRow {
	switch {
	case ch.Was == nil:
		return changeRow{Sign: "+", Name: ch.Is.Book.Name + " " + ch.Is.ID()}
	case ch.Is == nil:
		return changeRow{Sign: "–", Name: ch.Was.Book.Name + " " + ch.Was.ID()}
	}
	row := changeRow{Sign: "≠", Name: ch.Is.Book.Name + " " + ch.Is.ID()}
	for _, k := range ch.Keys {
		row.Keys = append(row.Keys, fmt.Sprintf("%s: %s → %s", k, ch.Was.Says(k), ch.Is.Says(k)))
	}
	return row
}
