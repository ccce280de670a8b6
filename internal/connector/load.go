package connector

import (
	"maps"
	"regexp"
	"slices"
	"time"

	"hedui/catalog"
	"hedui/source"
)

// Most that a file may ask for.
const (
	maxBatch       = 1000
	maxConcurrency = 64
	maxPerSecond   = 10000
	maxTimeout     = 10 * time.Minute
	maxRefresh     = 366 * 24 * time.Hour
	maxLater       = 30 * 24 * time.Hour
)

var (
	nameForm   = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	headerForm = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")
)

// loader reads one file. What it needs of one part for another stands here.
type loader struct {
	reader
	cfg *Config
}

// Load reads a source file; name is what problems call it. The error is a
// *[FileError] with everything that is wrong. Load opens no other file and asks
// nobody: a secret is read when a call is made.
func Load(name string, yaml []byte) (*Config, error) {
	l := &loader{cfg: &Config{}}
	if root, ok := l.root(yaml); ok {
		l.file(root)
	}
	if len(l.problems) > 0 {
		return nil, &FileError{Name: name, Problems: sortProblems(l.problems)}
	}
	return l.cfg, nil
}

// kinds are the ways in which departments give data: the keys that a file has
// for each besides those of every file, what reads them, and what carries the
// questions.
var kinds = map[string]struct {
	keys []string
	load func(*loader, object)
	open func(*Config, Options) medium // nil where people answer
}{
	"http":     {[]string{"auth", "tls", "request", "answer"}, (*loader).http, openDesk},
	"sql":      {[]string{"database", "query", "answer"}, (*loader).sql, openFrontEnd},
	"files":    {[]string{"exchange", "request", "answer"}, (*loader).files, openCourier},
	"letter":   {[]string{"answers_within", "liaison", "addressee", "address", "basis"}, (*loader).letter, nil},
	"worklist": {[]string{"answers_within", "liaison"}, (*loader).worklist, nil},
}

// common are the keys of every file.
var common = []string{"name", "kind", "department", "category", "refresh"}

// mapping are the keys of a file for a source that a machine answers. Where
// people do, the entry form comes from the catalogue.
var mapping = []string{"answers_within", "cache", "limits", "fields", "ignore", "closed", "when", "test_person"}

func (l *loader) file(root place) {
	kind := l.kind(root)
	l.cfg.kind = kind
	people := kinds[kind].open == nil
	keys := append(slices.Clone(common), kinds[kind].keys...)
	if !people {
		keys = append(keys, mapping...)
	}
	o := l.object(root, keys...)
	if p, ok := l.need(o, "name", "write a short name in plain letters, such as housing-fund"); ok {
		name, ok := l.text(p)
		if ok && (!nameForm.MatchString(name) || len(name) > 60) {
			l.bad(p, "must be small letters, digits and hyphens, such as housing-fund")
		}
		l.cfg.info.Name = name
	}
	if p, ok := l.need(o, "department", "write the name of the body that answers, in Chinese"); ok {
		l.department(p)
	}
	l.category(o)
	l.cfg.info.Refresh = l.duration(o, "refresh", maxRefresh)
	if !slices.Contains(kinds[kind].keys, "answers_within") { // where people answer, it may be working days
		l.cfg.info.AnswersWithin = l.duration(o, "answers_within", maxLater)
	}
	l.cfg.info.Cache = l.duration(o, "cache", maxCache)
	l.limits(o)
	kinds[kind].load(l, o)
	if people {
		return
	}
	if p, ok := l.need(o, "fields", "map at least one field of the catalogue"); ok {
		l.cfg.fields = l.fields(p, l.cfg.category.Fields)
		if len(l.cfg.fields) == 0 && len(l.problems) == 0 {
			l.bad(p, "is empty; map at least one field of the catalogue")
		}
	}
	if p, ok := o.get("ignore"); ok {
		l.cfg.ignore = l.texts(p)
	}
	l.cfg.closed = l.boolean(o, "closed")
	if p, ok := o.get("test_person"); ok {
		l.cfg.testPerson = l.absolute(p, "/etc/hedui/test-person.yaml")
	}
	if p, ok := o.get("when"); ok {
		l.cfg.when = l.formula(p, true)
	}
}

// kind looks ahead at how the department is reached, because that decides which
// keys the file may have.
func (l *loader) kind(root place) string {
	var ahead reader // what is wrong with the file is told once
	p, given := ahead.object(root).get("kind")
	if !given {
		return "http"
	}
	word, ok := l.text(p)
	if _, known := kinds[word]; ok && known {
		return word
	}
	if ok {
		l.bad(p, "%s", choice(word, slices.Sorted(maps.Keys(kinds))))
	}
	return "http"
}

// http reads what an interface over HTTP needs.
func (l *loader) http(o object) {
	l.auth(o)
	l.tls(o)
	if p, ok := l.need(o, "request", "say where and how to ask"); ok {
		l.cfg.request = l.request(p, false)
	}
	if p, ok := l.need(o, "answer", "say where in the answer things stand"); ok {
		l.answer(p)
	}
	l.checkHTTP(o)
}

func (l *loader) category(o object) {
	p, ok := l.need(o, "category", "name the category of the catalogue that this source answers")
	if !ok {
		return
	}
	code, ok := l.text(p)
	if !ok {
		return
	}
	var known []string
	for _, c := range catalog.All() {
		known = append(known, string(c.Code))
	}
	if l.cfg.category, ok = catalog.Get(catalog.Code(code)); !ok {
		l.bad(p, "%s", choice(code, known))
		return
	}
	l.cfg.info.Categories = []catalog.Code{catalog.Code(code)}
}

func (l *loader) limits(o object) {
	if p, ok := o.get("limits"); ok {
		lim := l.object(p, "batch", "concurrency", "per_second", "timeout", "daily", "reserved", "hours", "maintenance")
		l.cfg.info.Limits = source.Limits{
			Batch:       l.whole(lim, "batch", maxBatch),
			Concurrency: l.whole(lim, "concurrency", maxConcurrency),
			PerSecond:   l.number(lim, "per_second", 0.001, maxPerSecond),
			Timeout:     l.duration(lim, "timeout", maxTimeout),
		}
		l.protection(lim)
	}
	l.cfg.info.Limits = l.cfg.info.Limits.WithDefaults()
}
