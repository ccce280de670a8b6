package connector

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"hash/maphash"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"hedui/source"
)

// errNotYet means that an answer file is not complete: the department is at it.
var errNotYet = errors.New("not there yet")

// maxNote is more than any file holds that says something about another file.
const maxNote = 64 << 10

// arrival is an answer file with what belongs to it.
type arrival struct {
	batch, no string
	name      string
	lying                      // the answer itself
	files     map[string]lying // all of the batch
	answer    *answerFile
}

// lying is where a file lies, and how it looks.
type lying struct {
	dir  string
	info fs.FileInfo
}

// names are the files of the answer.
func (a *arrival) names() []string {
	var all []string
	for _, p := range a.answer.patterns() {
		all = append(all, p.fill(a.batch, a.no))
	}
	return all
}

// whole reports whether everything that belongs to the answer was found.
func (a *arrival) whole() bool {
	return !slices.ContainsFunc(a.names(), func(name string) bool { return a.files[name].info == nil })
}

// find looks for the answer to a batch, first where the department lays it, then
// where it was put aside for a person of the batch who came back earlier. Of
// several corrections the last holds, complete or not. Whoever stopped while files
// were put aside has left some here and some there: they belong together.
func (c *courier) find(ctx context.Context, d depot, batch string) (*arrival, error) {
	x := c.cfg.files
	form := x.answer.file.of(batch)
	files := map[string]lying{}
	var last *arrival
	for _, dir := range x.directories()[1:] {
		infos, err := d.list(ctx, dir)
		if err != nil {
			return nil, err
		}
		found := last != nil
		for _, info := range infos {
			name := info.Name()
			if _, known := files[name]; known || !strings.Contains(name, batch) {
				continue
			}
			files[name] = lying{dir, info}
			m := form.FindStringSubmatch(name)
			if m == nil || found {
				continue
			}
			a := &arrival{batch: batch, name: name, lying: files[name], files: files, answer: &x.answer}
			if len(m) > 1 {
				a.no = m[1]
			}
			if last == nil || later18(a.no, last.no) {
				last = a
			}
		}
		if last != nil && last.whole() {
			break
		}
	}
	return last, nil
}

// later18 compares two counts of at most 18 digits.
func later18(a, b string) bool {
	m, _ := strconv.ParseInt(a, 10, 64)
	n, _ := strconv.ParseInt(b, 10, 64)
	return m > n || m == n && a > b
}

// receive reads the answer in one go and holds it against what shows that it is
// whole. What is not whole may still be on its way; if it looks the same the next
// time, it is broken.
func (c *courier) receive(ctx context.Context, d depot, a *arrival, queries []source.Query, persons int) (reply, error) {
	r := reply{code: http.StatusOK, at: c.now(), fetch: true, header: http.Header{"Last-Modified": {a.info.ModTime().UTC().Format(http.TimeFormat)}}}
	switch {
	case !a.info.Mode().IsRegular():
		r.fault = malformed("the answer is a link or a directory where a file should be")
		return r, nil
	case a.info.Size() > a.answer.limit:
		r.fault = malformed("the answer is larger than " + strconv.FormatInt(a.answer.limit>>20, 10) + " MB; if that is right, raise answer.limit")
		return r, nil
	}
	notes, err := c.notes(d, a)
	if err != nil {
		return r, err
	}
	if s := a.answer.settle; s > 0 {
		if since, before := c.steady(a.dir+"/"+a.name, a.info); !before || since < s {
			return r, errNotYet
		}
	}
	g, err := c.gather(ctx, d, a, queries)
	if err != nil {
		return r, err
	}
	f := g.fault
	whole := f == nil || a.answer.ready != "" || a.answer.checksum != nil || a.answer.settle > 0
	if said := a.incomplete(g, notes); said != "" {
		f, whole = incomplete(said), false
	}
	if f != nil {
		if _, before := c.steady(a.dir+"/"+a.name, a.info); !whole && !before {
			return r, errNotYet
		}
		r.fault = f
		return r, nil
	}
	c.strangers(ctx, a.batch, g, persons)
	r.top = map[string]any{"rows": g.kept, "trailer": g.trailer}
	r.body = []byte(hex.EncodeToString(g.digest))
	return r, nil
}

// notes are what files beside the answer say.
type notes struct {
	checksum, control []byte
}

// notes reads them; while one is missing the answer is not there.
func (c *courier) notes(d depot, a *arrival) (notes, error) {
	var n notes
	if a.answer.ready != "" && a.files[a.answer.ready.fill(a.batch, a.no)].info == nil {
		return n, errNotYet
	}
	read := func(p pattern) ([]byte, error) {
		name := p.fill(a.batch, a.no)
		note := a.files[name]
		if note.info == nil || !note.info.Mode().IsRegular() {
			return nil, errNotYet
		}
		f, err := d.open(note.dir+"/"+name, false)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, errNotYet
		}
		if err != nil {
			return nil, err
		}
		text, err := io.ReadAll(io.LimitReader(f, maxNote))
		return text, errors.Join(err, f.Close())
	}
	var err error
	if a.answer.checksum != nil {
		if n.checksum, err = read(a.answer.checksum.file); err != nil {
			return n, err
		}
	}
	if a.answer.control != "" {
		n.control, err = read(a.answer.control)
	}
	return n, err
}

// incomplete says why the answer is not whole, or nothing. Rows are counted only
// where all could be read.
func (a *arrival) incomplete(g *gathering, n notes) string {
	if a.answer.checksum != nil && !a.answer.checksum.agrees(n.checksum, g.sum) {
		return "the checksum disagrees"
	}
	if g.fault != nil {
		return ""
	}
	if a.answer.control != "" {
		if say := counted(a.answer.count, string(n.control), g.rows); say != "" {
			return say
		}
	}
	if a.answer.trailer != nil {
		return counted(a.answer.trailer, g.end, g.rows)
	}
	return ""
}

// counted holds the number of rows against the one that the department says.
func counted(form *regexp.Regexp, text string, rows int) string {
	m := form.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return "the number of rows is missing; the file may be cut off"
	}
	if count, err := strconv.Atoi(m[1]); err != nil || count != rows {
		return "there are fewer or more rows than the department says"
	}
	return ""
}

// gathering is what was taken out of one answer file.
type gathering struct {
	kept        []any // rows about the persons of the queries
	rows        int
	others      map[uint64]bool // who else has rows
	keys        int             // persons of the queries with rows
	trailer     []any
	end         string // the trailer as one text
	fault       *fault
	digest, sum []byte
}

// gather reads the file as a stream and keeps the rows of the persons asked
// about. A file that changes meanwhile is not there yet.
func (c *courier) gather(ctx context.Context, d depot, a *arrival, queries []source.Query) (*gathering, error) {
	f, err := d.open(a.dir+"/"+a.name, false)
	if errors.Is(err, fs.ErrNotExist) { // put aside for another person of the batch
		return nil, errNotYet
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	in := &intake{ctx: ctx, r: f, left: a.answer.limit, digest: sha256.New()}
	if a.answer.checksum != nil {
		in.sum = a.answer.checksum.sum()
	}
	g := &gathering{others: map[uint64]bool{}}
	p := &picker{c: c, g: g, a: a, owners: c.cfg.reading.persons.owners(queries), counts: map[string]int{}}
	g.fault = a.answer.read(in, a.info.Size(), c.cfg.columnsMeant(), p.take, p.last)
	if _, err := io.Copy(io.Discard, in); g.fault == nil && in.err == nil && err != nil { // what stands behind a fault counts for the checksum
		in.err = err
	}
	after, err := f.Stat()
	switch {
	case in.err != nil:
		return nil, in.err
	case err != nil:
		return nil, err
	case in.read != a.info.Size(), after.Size() != a.info.Size(), !after.ModTime().Equal(a.info.ModTime()):
		return nil, errNotYet
	}
	g.digest = in.digest.Sum(nil)
	if in.sum != nil {
		g.sum = in.sum.Sum(nil)
	}
	g.rows, g.keys = p.rows, len(p.counts)
	return g, nil
}

// intake reads and measures what is received.
type intake struct {
	ctx         context.Context //nolint:containedctx // of one read, which takes no context itself
	r           io.Reader
	left, read  int64
	digest, sum hash.Hash
	err         error // of the medium, not of the content
}

// Read implements [io.Reader].
func (in *intake) Read(p []byte) (int, error) {
	if in.err = in.ctx.Err(); in.err != nil {
		return 0, in.err
	}
	if in.left <= 0 {
		return 0, io.EOF // it has grown since it was measured; the caller sees that
	}
	n, err := in.r.Read(p[:min(int64(len(p)), in.left)])
	in.left, in.read = in.left-int64(n), in.read+int64(n)
	_, _ = in.digest.Write(p[:n]) // never fails
	if in.sum != nil {
		_, _ = in.sum.Write(p[:n])
	}
	if err != nil && !errors.Is(err, io.EOF) {
		in.err = err
	}
	return n, err
}

// picker sorts rows by their persons.
type picker struct {
	c      *courier
	g      *gathering
	a      *arrival
	owners map[string]int
	counts map[string]int
	rows   int
}

// take looks at row n of the file.
func (p *picker) take(n int, row map[string]any) *fault {
	p.rows++
	at := func(say string) *fault { return malformed("row " + strconv.Itoa(n) + ": " + say) }
	ps := p.c.cfg.reading.persons
	if b := p.a.answer.batch; b != "" {
		if got, _ := plain(row[b]); got != p.a.batch {
			return at("it belongs to another batch")
		}
	}
	v, _ := ps.key.find(scope{row, row, row})
	key, single := plain(v)
	switch {
	case !single || key == "":
		return at("nothing says whose it is")
	case ps.by == "id":
		n, ok := number(key)
		if !ok && spoilt.MatchString(key) {
			return at("a spreadsheet has turned the identity number into a rounded one, so its last digits are lost; the department must write the column as text")
		}
		if !ok {
			return at("the identity number cannot be read")
		}
		key = n.Reveal()
	}
	if _, asked := p.owners[key]; !asked {
		p.g.others[maphash.String(p.c.seed, key)] = true
		return nil
	}
	if p.counts[key]++; p.counts[key] <= maxRecords+1 { // one more is enough to be refused
		p.g.kept = append(p.g.kept, row)
	}
	return nil
}

// spoilt are numbers as spreadsheets write long ones.
var spoilt = regexp.MustCompile(`^[0-9]([.,][0-9]+)?[eE]\+?[0-9]+$`)

// last reports whether the row is the trailer.
func (p *picker) last(cells []string) bool {
	if p.a.answer.trailer == nil {
		return false
	}
	text := strings.Join(cells, string(p.a.answer.separator))
	if !p.a.answer.trailer.MatchString(text) {
		return false
	}
	p.g.end = text
	p.g.trailer = []any{}
	for _, cell := range cells {
		p.g.trailer = append(p.g.trailer, cell)
	}
	return true
}

// strangers says how many of those who have rows were not asked about. Rows of
// others of the batch, who come back by themselves, are none.
func (c *courier) strangers(ctx context.Context, batch string, g *gathering, persons int) {
	c.mu.Lock()
	asked, known := c.asked[batch]
	c.mu.Unlock()
	n := max(0, len(g.others)+g.keys-persons) // at least, when the batch was written by another process
	if known {
		n = 0
		for other := range g.others {
			if !asked[other] {
				n++
			}
		}
	}
	if n > 0 {
		c.log.LogAttrs(ctx, slog.LevelWarn, "an answer file has rows about people who were not asked about; they were discarded",
			slog.String("source", c.cfg.info.Name), slog.String("batch", batch), slog.Int("people", n))
	}
}

// columnsMeant are the columns that the mapping reads: each must be there.
func (c *Config) columnsMeant() []string {
	bare := *c
	bare.ignore = nil
	meant := bare.taken()
	if c.files.answer.batch != "" {
		meant[c.files.answer.batch] = true
	}
	return slices.Collect(maps.Keys(meant))
}
