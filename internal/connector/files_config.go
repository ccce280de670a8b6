package connector

import (
	"crypto/md5" //nolint:gosec // departments send it against accidents on the way, not against attackers
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"regexp"
	"slices"
	"strings"
	"time"
)

// exchange is where and how files are exchanged with a department.
type exchange struct {
	directory string   // on this machine, or
	account   *account // over SFTP
	out, in   string   // directories in it: of requests, of answers
	done      string   // where answers go once they are read; "" = they stay
	keep      time.Duration
	request   requestFile
	answer    answerFile
}

func (x *exchange) directories() []string {
	all := []string{x.out, x.in}
	if x.done != "" {
		all = append(all, x.done)
	}
	return all
}

// sheet is how rows are written in a file.
type sheet struct {
	format    string // csv, fixed, xlsx or xml
	gb18030   bool
	separator rune
	header    bool
	name      string // of the worksheet; "" = the first
	columns   []column
	rows      []string // elements around a row, the root first, with xml
}

// column is one column of a table.
type column struct {
	name, title string   // in paths; in the header
	value       template // in requests
	from, width int      // bytes of the file's charset, from 0, with fixed
}

type requestFile struct {
	sheet
	file, ready pattern
	checksum    *checksum
}

// answerFile says besides how a file is found to be complete: at least by one of
// ready, checksum, trailer, control and settle.
type answerFile struct {
	sheet
	file, ready pattern
	checksum    *checksum
	trailer     *regexp.Regexp // the last row, with the number of rows
	control     pattern        // a file of its own with the number of rows …
	count       *regexp.Regexp // … and where in it
	settle      time.Duration
	batch       string // column that holds the number of the batch
	limit       int64  // bytes
	after       time.Duration
}

type checksum struct {
	file pattern
	sum  func() hash.Hash
}

var sums = map[string]func() hash.Hash{
	"md5":    md5.New,
	"sha256": sha256.New,
}

// line is what tools of the same name write.
func (c *checksum) line(body []byte, name string) string {
	h := c.sum()
	_, _ = h.Write(body) // never fails
	return hex.EncodeToString(h.Sum(nil)) + "  " + name + "\n"
}

// agrees holds the first word of a checksum file against what was received.
func (c *checksum) agrees(text, sum []byte) bool {
	words := strings.Fields(strings.TrimPrefix(string(text), "\ufeff"))
	return len(words) > 0 && strings.EqualFold(words[0], hex.EncodeToString(sum))
}

// names are the files of a request.
func (r *requestFile) names(batch string) []string {
	var all []string
	for _, p := range r.patterns() {
		all = append(all, p.fill(batch, ""))
	}
	return all
}

func (r *requestFile) patterns() []pattern { return companions(r.file, r.ready, "", r.checksum) }

func (a *answerFile) patterns() []pattern {
	return companions(a.file, a.ready, a.control, a.checksum)
}

func companions(file, ready, control pattern, sum *checksum) []pattern {
	all := []pattern{file, ready, control}
	if sum != nil {
		all = append(all, sum.file)
	}
	return slices.DeleteFunc(all, func(p pattern) bool { return p == "" })
}

// pattern is the name of a file with {batch} for the number of the batch and, in
// answers, {no} for the department's own count of corrections.
type pattern string

func (p pattern) fill(batch, no string) string {
	return strings.NewReplacer("{batch}", batch, "{no}", no).Replace(string(p))
}

// of returns what the names of a batch look like, with {no} as a group if there is one.
func (p pattern) of(batch string) *regexp.Regexp {
	form := strings.NewReplacer(`\{batch\}`, batch, `\{no\}`, `([0-9]{1,18})`, `\{any\}`, `[0-9A-Za-z]+`).Replace(regexp.QuoteMeta(string(p)))
	return regexp.MustCompile("^" + form + "$")
}

// fits reports whether a name is one of any batch.
func (p pattern) fits(name string) bool { return p.of(`[0-9]{8}-[0-9a-f]{16}`).MatchString(name) }
