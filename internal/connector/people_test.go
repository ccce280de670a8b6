package connector

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/idcard"
	"hedui/source"
)

// now is the time of every clock in these tests.
var now = time.Date(2013, 3, 20, 9, 0, 0, 0, day.Beijing)

func person(name string, birth string, serial int) source.Person {
	n, ok := idcard.Make("330200", day.Must(birth), serial)
	if !ok {
		panic("no such number")
	}
	return source.Person{Name: name, ID: n}
}

// The people of the tests; nobody of them exists.
var (
	wang = person("王小海", "1968-05-04", 101)
	li   = person("李鄞州", "1971-11-30", 203)
	chen = person("阿依古丽·买买提", "1985-02-11", 42)
	zeng = person("曾无名", "1956-08-01", 77)
	baby = person("王新生", "2011-06-01", 11)
	all  = []source.Person{wang, li, chen, zeng, baby}
)

func short15(p source.Person) string {
	s, _ := p.ID.Short()
	return s
}

func query(t testing.TB, p source.Person, id string, c catalog.Code) source.Query {
	t.Helper()
	return queryFor(t, p, id, c, "dibao")
}

func queryFor(t testing.TB, p source.Person, id string, c catalog.Code, purpose string) source.Query {
	t.Helper()
	m, err := source.Mint(source.Terms{
		Number: "M-" + id, Consent: "C-" + id, Purpose: purpose, Person: p,
		Categories: []catalog.Code{c}, From: now.Add(-time.Hour), Until: now.Add(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	q, err := m.Query(id, c, source.Window{From: day.Must("2012-03-20"), To: day.Must("2013-03-20")}, now)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// load reads a file that must be sound and points it at the server.
func load(t testing.TB, yaml, at string) *Config {
	t.Helper()
	cfg, err := Load("test.yaml", []byte(yaml))
	if err != nil {
		t.Fatal(err)
	}
	if at == "" {
		return cfg
	}
	if cfg, err = cfg.At(at); err != nil {
		t.Fatal(err)
	}
	return cfg
}

func clock() time.Time { return now }

// serve starts a department and returns its address.
func serve(t testing.TB, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// leaks reports whether a text holds a number or a name of somebody.
func leaks(text string) bool {
	for _, p := range all {
		if strings.Contains(text, p.ID.Reveal()) || strings.Contains(text, p.Name) || short15(p) != "" && strings.Contains(text, short15(p)) {
			return true
		}
	}
	return false
}
