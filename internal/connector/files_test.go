package connector

import (
	"bytes"
	"crypto/md5" // as departments use it
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"hedui/catalog"
	"hedui/source"
)

// fundYAML joins a fund by files. What stands in for DIR and between the marks
// differs between tests.
const fundYAML = `name: fund
kind: files
department: 宁波市住房公积金管理中心
category: housing_fund
limits: {batch: 10, per_second: 10000, timeout: 5s}
exchange: {directory: "DIR", out: to, in: from, done: read}
request:
  format: csv
  file: "HD_{batch}.csv"
  columns:
    - {name: zjhm, value: "{id}"}
    - {name: xm, value: "{name}"}
    - {name: yt, value: "{purpose}"}
    - {name: sqsbh, value: "{mandate}"}
    - {name: cxbh, value: "{query}"}
  ready: "HD_{batch}.ok"
answer:
  format: csv
  file: "HD_{batch}_A.csv"
  ready: "HD_{batch}_A.ok"
  after: 20ms
  persons: {key: zjhm, status: {at: jg, codes: {"1": ok, "0": none, "2": identity_doubt}}}
  person: {id: zjhm, name: xm}
  as_of: {header: Last-Modified, format: http}
fields:
  account_no: {at: grzh, required: true}
  balance: {at: ye, required: true}
`

// an office is a place of exchange on the disk and the source that uses it.
type office struct {
	source.Source
	dir   string
	log   bytes.Buffer
	clock time.Time
}

// newOffice makes one; pairs replace texts of fundYAML.
func newOffice(t testing.TB, pairs ...string) *office {
	t.Helper()
	o := &office{dir: t.TempDir(), clock: now}
	for _, dir := range []string{"to", "from", "read"} {
		if err := os.Mkdir(filepath.Join(o.dir, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	cfg := load(t, strings.ReplaceAll(strings.NewReplacer(pairs...).Replace(fundYAML), "DIR", o.dir), "")
	o.Source = New(cfg, Options{Now: func() time.Time { return o.clock }, Log: slog.New(slog.NewTextHandler(&o.log, nil))})
	return o
}

// ask asks about persons and returns what comes, with the queries.
func (o *office) ask(t testing.TB, persons ...source.Person) ([]source.Query, string) {
	t.Helper()
	var queries []source.Query
	for i, p := range persons {
		queries = append(queries, query(t, p, fmt.Sprint("Q", i), catalog.HousingFund))
	}
	answers, err := o.Ask(t.Context(), queries)
	if err != nil || answers[0].Later == nil {
		t.Fatalf("asking: %+v %v, want later", answers, err)
	}
	token := answers[0].Later.Token
	for i := range queries {
		queries[i] = queries[i].WithToken(token)
	}
	batch, _, ok := parseToken(token)
	if !ok {
		t.Fatalf("token %q", token)
	}
	return queries, batch
}

// fetch comes back once and tells what there is, one word a person.
func (o *office) fetch(t testing.TB, queries []source.Query) ([]source.Answer, string) {
	t.Helper()
	answers, err := o.Ask(t.Context(), queries)
	if err != nil {
		return nil, string(reasonOf(err))
	}
	if err := source.CheckAnswers(queries, answers); err != nil {
		t.Fatal(err)
	}
	var words []string
	for _, a := range answers {
		switch {
		case a.Later != nil:
			words = append(words, "later")
		case a.Reason != "":
			words = append(words, string(a.Outcome)+"/"+string(a.Reason))
		default:
			words = append(words, string(a.Outcome))
		}
	}
	return answers, strings.Join(words, " ")
}

func (o *office) write(t testing.TB, name, body string) {
	t.Helper()
	path := filepath.Join(o.dir, name)
	if err := errors.Join(os.WriteFile(path, []byte(body), 0o600), os.Chtimes(path, o.clock, o.clock)); err != nil {
		t.Fatal(err)
	}
}

func (o *office) names(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(o.dir, dir))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// row is a line of a good answer.
func row(p source.Person, code string) string {
	return p.ID.Reveal() + "," + p.Name + "," + code + ",330200000001,1234.50\n"
}

const head = "zjhm,xm,jg,grzh,ye\n"

func TestAnAnswerComesInAFile(t *testing.T) {
	o := newOffice(t)
	queries, batch := o.ask(t, wang, li, zeng)
	request, err := os.ReadFile(filepath.Join(o.dir, "to", "HD_"+batch+".csv"))
	if err != nil {
		t.Fatal(err)
	}
	want := "zjhm,xm,yt,sqsbh,cxbh\n" + wang.ID.Reveal() + ",王小海,dibao,M-Q0,Q0\n" + li.ID.Reveal() + ",李鄞州,dibao,M-Q1,Q1\n" + zeng.ID.Reveal() + ",曾无名,dibao,M-Q2,Q2\n"
	if string(request) != want {
		t.Errorf("request:\n%s\nwant\n%s", request, want)
	}
	if got := strings.Join(o.names(t, "to"), " "); got != "HD_"+batch+".csv HD_"+batch+".ok" || leaks(got) {
		t.Errorf("in to: %s", got)
	}
	if _, got := o.fetch(t, queries); got != "later later later" {
		t.Errorf("at once: %s", got)
	}
	o.write(t, "from/HD_"+batch+"_A.csv", head+row(wang, "1")+row(wang, "1")+row(li, "0")+row(zeng, "2"))
	if _, got := o.fetch(t, queries); got != "later later later" {
		t.Errorf("before the ready file: %s", got)
	}
	o.write(t, "from/HD_"+batch+"_A.ok", "")
	answers, got := o.fetch(t, queries[:2])
	if got != "found none" || len(answers[0].Records) != 2 || answers[0].Match != source.MatchIDName || answers[0].Records[0]["balance"] != "1234.50" {
		t.Fatalf("got %s: %+v", got, answers[0])
	}
	if left := append(o.names(t, "to"), o.names(t, "from")...); len(left) > 0 {
		t.Errorf("after the answer there are still %v", left)
	}
	if got := len(o.names(t, "read")); got != 2 {
		t.Errorf("%d files are put aside, want answer and ready file", got)
	}
	if _, got := o.fetch(t, queries[2:]); got != "identity_doubt/name" { // comes back by itself
		t.Errorf("the third: %s", got)
	}
	if strings.Contains(o.log.String(), "discarded") {
		t.Errorf("people of the same batch are called strangers: %s", &o.log)
	}
}

// Whoever puts files aside can be stopped after any of them: the answer stays whole.
func TestAnAnswerHalfPutAsideIsWhole(t *testing.T) {
	for _, moved := range []string{"_A.csv", "_A.ok", "_A.md5"} {
		o := newOffice(t, "ready: \"HD_{batch}_A.ok\"", `ready: "HD_{batch}_A.ok"
  checksum: {file: "HD_{batch}_A.md5", algorithm: md5}`)
		queries, batch := o.ask(t, wang, li)
		body := head + row(wang, "1") + row(li, "0")
		o.write(t, "from/HD_"+batch+"_A.csv", body)
		o.write(t, "from/HD_"+batch+"_A.md5", fmt.Sprintf("%x", md5.Sum([]byte(body))))
		o.write(t, "from/HD_"+batch+"_A.ok", "")
		if err := os.Rename(filepath.Join(o.dir, "from", "HD_"+batch+moved), filepath.Join(o.dir, "read", "HD_"+batch+moved)); err != nil {
			t.Fatal(err)
		}
		if _, got := o.fetch(t, queries); got != "found none" {
			t.Errorf("%s is put aside already: %s", moved, got)
		}
		if in, aside := o.names(t, "from"), o.names(t, "read"); len(in) > 0 || len(aside) != 3 {
			t.Errorf("%s was put aside already: then %v lies in from and %v in read", moved, in, aside)
		}
	}
}

func TestAskingTwiceWritesTheSameFile(t *testing.T) {
	o := newOffice(t)
	_, first := o.ask(t, wang, li)
	before, _ := os.ReadFile(filepath.Join(o.dir, "to", "HD_"+first+".csv"))
	_, second := o.ask(t, wang, li)
	after, _ := os.ReadFile(filepath.Join(o.dir, "to", "HD_"+second+".csv"))
	if first != second || !bytes.Equal(before, after) || len(o.names(t, "to")) != 2 {
		t.Errorf("batches %s and %s, files %v", first, second, o.names(t, "to"))
	}
	if _, other := o.ask(t, wang); other == first {
		t.Error("another batch has the same number")
	}
	o.clock = now.Add(24 * time.Hour)
	if batchOf(nil, o.clock) == batchOf(nil, now) {
		t.Error("another day has the same number")
	}
}

// What is wrong with a file makes its answers failed, with a reason that the
// department can act on.
func TestBadFiles(t *testing.T) {
	gb := func(s string) string {
		text, err := simplifiedchinese.GB18030.NewEncoder().String(s)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	good := head + row(wang, "1") + row(li, "0")
	charset := []string{"answer:\n  format: csv", "answer:\n  format: csv\n  charset: gb18030"}
	both := func(s string) string { return s + " " + s }
	tests := []struct {
		name  string
		pairs []string
		body  string
		want  string
		say   string
	}{
		{"good", nil, good, "found none", ""},
		{"with a BOM", nil, "\ufeff" + good, "found none", ""},
		{"line breaks of Windows", nil, strings.ReplaceAll(good, "\n", "\r\n"), "found none", ""},
		{"blanks at the ends of cells", nil, head + wang.ID.Reveal() + "  , 王小海 ,1 ,330200000001　, 1234.50\n" + row(li, "0"), "found none", ""},
		{"a quoted cell with a line break", nil, head + wang.ID.Reveal() + ",王小海,1,\"3302\n0000\",\"1,234.50\"\n" + row(li, "0"), "found none", ""},
		{"the last row without line break", nil, strings.TrimSuffix(good, "\n"), "found none", ""},
		{"blank rows", nil, head + "\n,,,,\n" + row(wang, "1") + row(li, "0"), "found none", ""},
		{"GB 18030", charset, gb(good), "found none", ""},
		{"UTF-8 where GB 18030 was agreed", charset, good, both("failed/malformed"), "set answer.charset"},
		{"GB 18030 where UTF-8 was agreed", nil, gb(good), both("failed/malformed"), "not UTF-8"},
		{"UTF-16", nil, "\xff\xfez\x00j\x00h\x00m\x00", both("failed/malformed"), "not UTF-8"},
		{"half a character", charset, gb(head) + wang.ID.Reveal() + ",\xcd,1,1,1\n", both("failed/malformed"), "row 2"},
		{"a quote that is not closed", nil, head + "\"" + row(wang, "1") + row(li, "0"), both("failed/malformed"), "quotes"},
		{"a quote that is not closed in a long file", nil, head + "\"" + strings.Repeat(row(wang, "1"), 40_000), both("failed/malformed"), "does not end"},
		{"a quote in the middle of a cell", nil, head + "3\"3" + row(wang, "1"), both("failed/malformed"), "quotes"},
		{"a ragged row", nil, head + row(wang, "1") + li.ID.Reveal() + ",李鄞州\n", both("failed/malformed"), "row 3 has 2 columns and not 5"},
		{"a row with a cell too many", nil, head + strings.TrimSuffix(row(wang, "1"), "\n") + ",x\n", both("failed/malformed"), "6 columns"},
		{"the header twice", nil, good + head, both("failed/malformed"), "row 4 is the header again"},
		{"a column twice in the header", nil, "zjhm,xm,jg,grzh,ye,ye\n", both("failed/malformed"), "same name"},
		{"a column without name", nil, "zjhm,xm,,grzh,ye\n", both("failed/malformed"), "column 3"},
		{"a column that was renamed", nil, "zjhm,xm,jg,grzh,yue\n", both("failed/malformed"), "column ye is missing"},
		{"nothing", nil, "", both("failed/malformed"), "empty"},
		{"a page of the web", nil, "<html>系统维护</html>", both("failed/malformed"), "missing"},
		{"no row about a person", nil, head + row(wang, "1"), "found failed/incomplete", "no entry"},
		{"a damaged number", nil, head + strings.Replace(row(wang, "1"), wang.ID.Reveal(), "3.30102E+17", 1), both("failed/malformed"), "last digits are lost"},
		{"no number", nil, head + "abc" + row(wang, "1"), both("failed/malformed"), "row 2: the identity number cannot be read"},
		{"an empty number", nil, head + ",王小海,1,1,1\n", both("failed/malformed"), "nothing says whose"},
		{"an amount that is none", nil, head + strings.Replace(row(wang, "1"), "1234.50", "many", 1) + row(li, "0"), "failed/malformed none", "balance"},
		{"an unknown result code", nil, head + row(wang, "7") + row(li, "0"), "failed/unknown_code none", "does not list"},
		{"rows that disagree", nil, head + row(wang, "1") + row(wang, "0") + row(li, "0"), "failed/malformed none", "disagree"},
		{"another name", nil, head + strings.Replace(row(wang, "1"), "王小海", "王大海", 1) + row(li, "0"), "identity_doubt/name none", ""},
		{"more rows than any register has", nil, head + strings.Repeat(row(wang, "1"), 300) + row(li, "0"), "failed/malformed none", "more records"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := newOffice(t, tt.pairs...)
			queries, batch := o.ask(t, wang, li)
			o.write(t, "from/HD_"+batch+"_A.ok", "")
			o.write(t, "from/HD_"+batch+"_A.csv", tt.body)
			if _, got := o.fetch(t, queries); got != tt.want {
				t.Errorf("got %s, want %s\n%s", got, tt.want, &o.log)
			}
			if !strings.Contains(o.log.String(), tt.say) || leaks(o.log.String()) {
				t.Errorf("log without %q, or with a person:\n%s", tt.say, &o.log)
			}
		})
	}
}

func TestRowsAboutStrangersAreDiscardedAndSaid(t *testing.T) {
	lay := func(o *office, batch string) {
		o.write(t, "from/HD_"+batch+"_A.ok", "")
		o.write(t, "from/HD_"+batch+"_A.csv", head+row(wang, "1")+row(li, "0")+row(zeng, "1")+row(zeng, "1")+row(chen, "1"))
	}
	o := newOffice(t)
	queries, batch := o.ask(t, wang, li)
	lay(o, batch)
	if _, got := o.fetch(t, queries); got != "found none" || !strings.Contains(o.log.String(), "people=2") || leaks(o.log.String()) {
		t.Errorf("got %s and log %s, want both answered and two strangers told", got, &o.log)
	}
	// After a restart nobody remembers whom the batch was about, but how many.
	again := newOffice(t)
	lay(again, batch)
	if _, got := again.fetch(t, queries); got != "found none" || !strings.Contains(again.log.String(), "people=2") {
		t.Errorf("after a restart: got %s and log %s", got, &again.log)
	}
}

// How a file is known to be whole: what is missing may still come, and what stays
// wrong is broken.
func TestOnlyWholeFilesAreTaken(t *testing.T) {
	md5 := "checksum: {file: \"HD_{batch}_A.csv.md5\", algorithm: md5}"
	good := head + row(wang, "1")
	sum := sums["md5"]()
	_, _ = sum.Write([]byte(good))
	right := fmt.Sprintf("%X *HD.csv\n", sum.Sum(nil))
	control := `control: {file: "HD_{batch}_A.ctl", count: "rows=([0-9]+)"}`
	trailer := `trailer: "END,([0-9]+),*"`
	tests := []struct {
		name, by string
		files    map[string]string // suffix of the name → content
		want     []string          // at each coming back
	}{
		{"a right checksum", md5, map[string]string{"csv": good, "csv.md5": right}, []string{"found"}},
		{"no checksum yet", md5, map[string]string{"csv": good}, []string{"later", "later"}},
		{"a wrong checksum", md5, map[string]string{"csv": good + " ", "csv.md5": right}, []string{"later", "failed/incomplete"}},
		{"an empty checksum", md5, map[string]string{"csv": good, "csv.md5": ""}, []string{"later", "failed/incomplete"}},
		{"half a file with a checksum", md5, map[string]string{"csv": good[:40], "csv.md5": right}, []string{"later", "failed/incomplete"}},
		{"a right trailer", trailer, map[string]string{"csv": good + "END,1,,,\n"}, []string{"found"}},
		{"a short trailer", trailer, map[string]string{"csv": good + "END,1\n"}, []string{"found"}},
		{"no trailer", trailer, map[string]string{"csv": good}, []string{"later", "failed/incomplete"}},
		{"half a row", trailer, map[string]string{"csv": good[:40]}, []string{"later", "failed/malformed"}},
		{"a trailer that counts other rows", trailer, map[string]string{"csv": good + "END,2\n"}, []string{"later", "failed/incomplete"}},
		{"rows behind the trailer", trailer, map[string]string{"csv": good + "END,1\n" + row(wang, "1")}, []string{"later", "failed/malformed"}},
		{"a control file", control, map[string]string{"csv": good, "ctl": "rows=1\n"}, []string{"found"}},
		{"a control file that counts other rows", control, map[string]string{"csv": good, "ctl": "rows=3\n"}, []string{"later", "failed/incomplete"}},
		{"no control file", control, map[string]string{"csv": good}, []string{"later", "later"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := newOffice(t, "ready: \"HD_{batch}_A.ok\"", tt.by)
			queries, batch := o.ask(t, wang)
			for suffix, body := range tt.files {
				o.write(t, "from/HD_"+batch+"_A."+suffix, body)
			}
			for i, want := range tt.want {
				if _, got := o.fetch(t, queries); got != want {
					t.Errorf("at time %d: got %s, want %s\n%s", i+1, got, want, &o.log)
				}
			}
		})
	}
}

func TestAFileThatStandsStillIsWhole(t *testing.T) {
	o := newOffice(t, "ready: \"HD_{batch}_A.ok\"", "settle: 30s")
	queries, batch := o.ask(t, wang)
	steps := []struct {
		after time.Duration
		body  string
		want  string
	}{
		{0, head, "later"}, {20 * time.Second, "", "later"}, {20 * time.Second, head + row(wang, "1"), "later"},
		{20 * time.Second, "", "later"}, {10 * time.Second, "", "found"},
	}
	for i, s := range steps {
		o.clock = o.clock.Add(s.after)
		if s.body != "" {
			o.write(t, "from/HD_"+batch+"_A.csv", s.body)
		}
		if _, got := o.fetch(t, queries); got != s.want {
			t.Errorf("step %d: got %s, want %s", i, got, s.want)
		}
	}
}

func TestTheLastCorrectionHolds(t *testing.T) {
	o := newOffice(t, "_A.", "_R{no}.")
	queries, batch := o.ask(t, wang)
	name := "from/HD_" + batch + "_R"
	o.write(t, name+"9.csv", head+row(wang, "0"))
	o.write(t, name+"9.ok", "")
	o.write(t, name+"10.csv", head+row(wang, "1"))
	o.write(t, name+"10x.csv", "no answer")
	if _, got := o.fetch(t, queries); got != "later" {
		t.Errorf("while the correction is written: %s", got)
	}
	o.write(t, name+"10.ok", "")
	if _, got := o.fetch(t, queries); got != "found" {
		t.Errorf("the correction: %s", got)
	}
	o.write(t, name+"10.csv", head+row(wang, "1")) // repeated
	o.write(t, name+"10.ok", "")
	if _, got := o.fetch(t, queries); got != "found" {
		t.Errorf("a repeated file: %s", got)
	}
}

func TestWhatIsNoFileIsNotRead(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(head+row(wang, "1")), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, lay := range map[string]func(o *office, path string) error{
		"a link": func(o *office, path string) error { return os.Symlink(secret, path) },
		"a link within": func(o *office, path string) error {
			o.write(t, "from/x", head+row(wang, "1"))
			return os.Symlink("x", path)
		},
		"a directory":           func(_ *office, path string) error { return os.Mkdir(path, 0o700) },
		"larger than the limit": func(_ *office, path string) error { return sparse(path, 2<<20) },
		"two gigabytes":         func(_ *office, path string) error { return sparse(path, 2<<30) },
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, "  after:", "  limit: 1\n  after:")
			queries, batch := o.ask(t, wang)
			o.write(t, "from/HD_"+batch+"_A.ok", "")
			if err := lay(o, filepath.Join(o.dir, "from", "HD_"+batch+"_A.csv")); err != nil {
				t.Fatal(err)
			}
			if _, got := o.fetch(t, queries); got != "failed/malformed" {
				t.Errorf("got %s", got)
			}
		})
	}
	o := newOffice(t)
	for _, token := range []string{"../../etc/passwd.1", "20130320-0123456789abcdef", "20130320-0123456789abcdef.x", "x.1"} {
		if _, got := o.fetch(t, []source.Query{query(t, wang, "Q", catalog.HousingFund).WithToken(token)}); got != "failed/malformed" {
			t.Errorf("token %q: %s", token, got)
		}
	}
	// A directory that leads out is refused by the system.
	out := newOffice(t)
	if err := errors.Join(os.Remove(filepath.Join(out.dir, "to")), os.Symlink(t.TempDir(), filepath.Join(out.dir, "to"))); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Ask(t.Context(), []source.Query{query(t, wang, "Q", catalog.HousingFund)}); err == nil {
		t.Error("a request was written through a link that leads out")
	}
}

// sparse makes a file that is large and takes no room.
func sparse(path string, size int64) error {
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		return err
	}
	return os.Truncate(path, size)
}

func TestTheRowsOfABatchBelongToIt(t *testing.T) {
	o := newOffice(t, "  after:", "  batch: pc\n  after:")
	queries, batch := o.ask(t, wang)
	for pc, want := range map[string]string{batch: "found", "20130101-0000000000000000": "failed/malformed"} {
		o.write(t, "from/HD_"+batch+"_A.ok", "")
		o.write(t, "from/HD_"+batch+"_A.csv", "pc,"+head+pc+","+row(wang, "1"))
		if _, got := o.fetch(t, queries); got != want {
			t.Errorf("%s: got %s, want %s", pc, got, want)
		}
	}
}

// A process that dies while it writes leaves nothing that anybody reads.
func TestHalfARequestIsNotSeen(t *testing.T) {
	root, err := visitDirectory(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.leave(nil)
	d := &dying{depot: root.depot}
	if err := layDown(t.Context(), d, ".", "HD_1.csv", []byte("half")); !errors.Is(err, fs.ErrClosed) {
		t.Fatalf("got %v", err)
	}
	infos, err := root.list(t.Context(), ".")
	if err != nil || len(infos) != 1 || !partPattern.fits(infos[0].Name()) {
		t.Errorf("there is %v (%v), want nothing but a part", infos, err)
	}
}

// dying is a depot whose user is killed before it can rename.
type dying struct{ depot }

func (d *dying) rename(string, string) error { return fs.ErrClosed }
func (d *dying) remove(string) error         { return nil }

func TestOldFilesAreSwept(t *testing.T) {
	o := newOffice(t)
	other := "20130101-0123456789abcdef"
	for _, name := range []string{"to/HD_" + other + ".csv", "to/HD_" + other + ".ok", "to/.hedui-ABC.part", "read/HD_" + other + "_A.csv", "to/ours.txt", "read/notes.txt", "from/HD_" + other + "_A.csv"} {
		o.write(t, name, "x")
		if err := os.Chtimes(filepath.Join(o.dir, name), now, now.Add(-31*24*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	o.write(t, "read/HD_20130318-0123456789abcdef_A.csv", "x")
	o.ask(t, wang)
	got := append(append(o.names(t, "read"), o.names(t, "from")...), o.names(t, "to")...)
	got = slices.DeleteFunc(got, func(s string) bool { return strings.HasPrefix(s, "HD_20130320") })
	want := []string{"HD_20130318-0123456789abcdef_A.csv", "notes.txt", "HD_" + other + "_A.csv", "ours.txt"}
	if !slices.Equal(got, want) {
		t.Errorf("left are %v, want %v", got, want)
	}
}

func TestAnExchangeThatIsNotThere(t *testing.T) {
	o := newOffice(t)
	if err := os.RemoveAll(o.dir); err != nil {
		t.Fatal(err)
	}
	q := query(t, wang, "Q", catalog.HousingFund)
	if _, err := o.Ask(t.Context(), []source.Query{q}); reasonOf(err) != source.ReasonDown || strings.Contains(err.Error(), o.dir) {
		t.Errorf("got %v, want down without the directory's name", err)
	}
	if err := o.Source.(*site).Reach(t.Context()); err == nil {
		t.Error("a directory that is not there is reached")
	}
	if err := newOffice(t).Source.(*site).Reach(t.Context()); err != nil {
		t.Error(err)
	}
}

// One person whose name does not fit must not keep the others from being asked
// about.
func TestAPersonWhoCannotBeWrittenFailsAlone(t *testing.T) {
	formula := source.Person{Name: "=HYPERLINK()", ID: li.ID}
	o := newOffice(t)
	queries := []source.Query{query(t, wang, "Q1", catalog.HousingFund), query(t, formula, "Q2", catalog.HousingFund)}
	if _, got := o.fetch(t, queries); got != "later failed/malformed" {
		t.Errorf("got %s", got)
	}
}
