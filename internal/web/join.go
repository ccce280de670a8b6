package web

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"hedui/catalog"
	"hedui/internal/casework"
	"hedui/internal/checkup"
	"hedui/internal/connector"
	"hedui/internal/hedui"
)

// joinPage shows how far each source has come with joining, and tries a file that is
// handed in.
type joinPage struct {
	frame
	Rows     []joinRow
	Wrong    []problemRow
	Text     string // as it was pasted, without secrets
	Tried    bool
	Problems []faultRow
	Count    string // of the problems
	Facts    []fact // what a sound file says
	Same     string // there is a source of that name already
}

type joinRow struct {
	Address, Name, Department string
	Steps                     []joinStep
	Problems                  []faultRow
}

// A joinStep is one step with its state: a sign and words.
type joinStep struct{ Class, Said, Note string }

type faultRow struct{ Where, Say string }

type fact struct{ Name, Value string }

func (s *Server) join(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	p, err := s.joinPage(r, o)
	if err != nil {
		return err
	}
	return render(w, http.StatusOK, "join.html", p)
}

func (s *Server) joinPage(r *http.Request, o hedui.Officer) (*joinPage, error) {
	p := &joinPage{frame: s.frame(r, "join.title")}
	p.Path = "/sources/join"
	list, err := s.Desk.Joining(r.Context(), o)
	for _, j := range list {
		p.Rows = append(p.Rows, p.joinRow(j))
	}
	return p, err
}

func (f frame) joinRow(j casework.Joined) joinRow {
	row := joinRow{Address: "/sources/" + url.PathEscape(j.Source) + "?lang=" + string(f.Lang), Name: j.Source, Department: j.Department}
	good := func(said, note string) { row.Steps = append(row.Steps, joinStep{"ok", "✓ " + said, note}) }
	bad := func(said, note string) { row.Steps = append(row.Steps, joinStep{"refused", "✗ " + said, note}) }
	wait := func(said, note string) { row.Steps = append(row.Steps, joinStep{"waiting", "… " + said, note}) }
	none := func(said string) { row.Steps = append(row.Steps, joinStep{"none", "– " + said, ""}) }
	file := j.File
	digest := strings.TrimPrefix(file.Digest, "sha256:")
	switch {
	case !j.Kept:
		none(f.T("join.no_file"))
	case digest == "":
		bad(f.T("sheet.file.gone"), f.T("sheet.file.gone.do"))
	default:
		good(file.Name, digest[:12])
	}
	switch {
	case digest == "":
		none(f.T("source.step.not_checked"))
	case len(file.Problems) > 0:
		bad(f.T("join.problems", strconv.Itoa(len(file.Problems))), f.T("join.before"))
		row.Problems = f.faultRows(file.Problems)
	case j.Changed:
		wait(f.T("join.changed"), f.T("join.changed_do"))
	default:
		good(f.T("join.valid"), "")
	}
	switch {
	case file.Config == nil:
		none(f.T("source.step.not_checked"))
	case len(file.Unreadable) > 0:
		bad(f.T("sheet.file.names", strings.Join(file.Unreadable, " ")), f.T("sheet.file.names.do"))
	case file.Person != "":
		wait(f.T("sheet."+file.Person), f.T("sheet."+file.Person+".do"))
	default:
		good(f.T("join.checked"), "")
	}
	switch {
	case j.People:
		none(f.T("join.people"))
	case j.Last == nil:
		wait(f.T("source.check.never"), "")
	case !j.Last.Ready:
		bad(f.T("join.unready"), clock(j.Last.EndedAt))
	case j.OfOther:
		wait(f.T("join.other"), clock(j.Last.EndedAt))
	default:
		good(f.T("join.ready"), clock(j.Last.EndedAt))
	}
	if j.Since.IsZero() {
		none(f.T("join.unused"))
	} else {
		good(f.T("join.since", minute(j.Since)), "")
	}
	return row
}

func (f frame) faultRows(list []connector.Problem) []faultRow {
	rows := make([]faultRow, len(list))
	for i, one := range list {
		rows[i] = faultRow{strings.TrimSpace(f.T("join.where", strconv.Itoa(one.Line), strconv.Itoa(one.Column)) + " " + one.Field), one.Say}
	}
	return rows
}

// inlineSecret is a secret that stands in a source file itself.
var inlineSecret = regexp.MustCompile(`(?m)(\bsecret\s*:\s*)("[^"\n]*"|'[^'\n]*'|[^\s,}#][^,}\n]*)`)

// tryJoin checks a source file that is handed in: every problem at once, or what the
// file says. It is not kept, no file that it names is opened, and nobody is asked.
func (s *Server) tryJoin(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	body, err := s.fileOf(r)
	text := r.PostFormValue("text")
	if err == nil && len(body) == 0 {
		body = []byte(text)
	}
	if err == nil && strings.TrimSpace(string(body)) == "" {
		err = hedui.Fail(hedui.Invalid, hedui.Say("join.nothing"), nil)
	}
	if err == nil && len(text) >= maxText { // the rest of it was not read
		err = hedui.Fail(hedui.Invalid, hedui.Say("join.long"), nil)
	}
	if err != nil && hedui.KindOf(err) != hedui.Invalid {
		return err
	}
	p, cause := s.joinPage(r, o)
	if cause != nil {
		return cause
	}
	p.Text = inlineSecret.ReplaceAllString(text, "${1}***")
	if err != nil {
		p.Wrong = told(p.frame, err)
		return render(w, http.StatusUnprocessableEntity, "join.html", p)
	}
	p.Tried = true
	file := checkup.Dry(body)
	p.Problems, p.Count = p.faultRows(file.Problems), strconv.Itoa(len(file.Problems))
	if file.Config == nil {
		return render(w, http.StatusUnprocessableEntity, "join.html", p)
	}
	p.facts(file.Config, s.Now())
	if name := file.Config.Info().Name; slices.ContainsFunc(p.Rows, func(row joinRow) bool { return row.Name == name }) {
		p.Same = p.T("join.same", name)
	}
	return render(w, http.StatusOK, "join.html", p)
}

// facts are what a file says, in words, for somebody to hold against what was agreed.
func (p *joinPage) facts(cfg *connector.Config, now time.Time) {
	info := cfg.Info()
	row := p.frame.source(casework.SourceView{Info: info, Mode: casework.SourceUnasked}, now)
	category, _ := catalog.Get(info.Categories[0])
	whole := slices.DeleteFunc(cfg.Mapped(), func(key string) bool { return strings.Contains(key, ".") })
	add := func(key, value string) {
		if value != "" {
			p.Facts = append(p.Facts, fact{p.T(key), value})
		}
	}
	add("join.name", info.Name)
	add("join.kind", cfg.Kind())
	add("join.department", info.Department)
	add("page.category", row.Categories)
	if info.Manual == nil {
		add("join.fields", p.T("join.fields_of", strconv.Itoa(len(whole)), strconv.Itoa(len(category.Fields))))
		l := info.Limits.WithDefaults()
		add("join.limits", p.T("join.limits_of", strconv.Itoa(l.Batch), strconv.Itoa(l.Concurrency), strconv.FormatFloat(l.PerSecond, 'f', -1, 64), l.Timeout.String()))
		person := "join.person_none"
		if cfg.TestPerson() != "" {
			person = "join.person_named"
		}
		add("sheet.check.person", p.T(person))
	}
	add("join.promise", row.Promise)
	add("join.hours", strings.Join(append(row.Hours, row.Maintenance...), p.T("page.comma")))
}
