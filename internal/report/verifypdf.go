package report

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"hedui/internal/hedui"
	"hedui/seal"
)

var reRange = regexp.MustCompile(`/ByteRange \[0 (\d{1,9}) (\d{1,9}) (\d{1,9})\]`)

// A signed range of a PDF: bytes before and after the signature's value.
type signedRange struct {
	hexAt, hexEnd, end int
}

func verifyPDF(file []byte, trust *seal.Trust) Result {
	r := Result{Form: "pdf"}
	own, hasOwn := ownSeal(file)
	if hasOwn {
		r.claim(own)
	}
	r.Proof, _ = ownStream(file, proofHead)
	at, ok := findRange(file)
	switch {
	case !ok && hasOwn, !ok && !complete(file), ok && at.hexEnd > len(file):
		r.Verdict = Truncated
		return r
	case !ok:
		r.Verdict = Unsealed
		return r
	}
	moved := at.end != len(file)
	cms, err := contents(file, at)
	if err != nil {
		r.Verdict = Forged
		if parts := alteredParts(file, own, hasOwn, moved, trust); moved && parts[0].Name != "seal" {
			r.Verdict, r.Altered = Altered, parts
		}
		return r
	}
	content := func() io.Reader {
		return io.MultiReader(bytes.NewReader(file[:at.hexAt]), bytes.NewReader(file[at.hexEnd:min(at.end, len(file))]))
	}
	signed, err := seal.VerifyCMS(content(), cms, trust)
	if signed.KeyID != "" {
		r.By, r.KeyID, r.SealedAt = signed.Name, signed.KeyID, signed.At
	}
	r.Verdict, _ = judge(err)
	switch {
	case r.Verdict == Malformed:
		r.Verdict = Forged
	case r.Verdict == Valid && !hasOwn:
		r.Verdict = Mismatch
	case r.Verdict == Valid && moved:
		r.added(len(file) - at.end)
	case r.Verdict == Altered && at.end > len(file) && !complete(file):
		r.Verdict = Truncated
	case r.Verdict == Altered:
		r.Altered = alteredParts(file, own, hasOwn, moved, trust)
	}
	return r
}

// complete reports whether the file ends as a PDF does.
func complete(file []byte) bool {
	return bytes.HasSuffix(bytes.TrimRight(file, "\r\n"), []byte("%%EOF"))
}

// claim reads whose copy the PDF's own seal says it is.
func (r *Result) claim(own seal.Seal) {
	if number, kind, ok := strings.Cut(own.Subject, paperSubject); ok {
		r.Number, r.Paper, r.KeyID, r.SealedAt = number, kind, own.KeyID, own.SealedAt
		return
	}
	_, _ = fmt.Sscanf(own.Subject, "%s v%d copy %d of %s", &r.Number, &r.Version, &r.Copy, &r.Digest)
	r.KeyID, r.SealedAt = own.KeyID, own.SealedAt
}

// findRange finds the signature. Only one that begins where ours begins counts.
func findRange(file []byte) (signedRange, bool) {
	m := reRange.FindSubmatch(file)
	if m == nil {
		return signedRange{}, false
	}
	v := [3]int{}
	for i := range v {
		v[i], _ = strconv.Atoi(string(m[i+1])) // at most nine digits
	}
	at := signedRange{v[0], v[1], v[1] + v[2]}
	return at, at.hexAt > 0 && at.hexEnd-at.hexAt == 2*cmsRoom+2
}

// contents reads the signature's value in the one form it is written in: 0 and
// lower-case hexadecimal between angle brackets.
func contents(file []byte, at signedRange) ([]byte, error) {
	if at.hexEnd > len(file) || file[at.hexAt] != '<' || file[at.hexEnd-1] != '>' {
		return nil, seal.ErrMalformed
	}
	written := file[at.hexAt+1 : at.hexEnd-1]
	cms := make([]byte, cmsRoom)
	if _, err := hex.Decode(cms, written); err != nil || hex.EncodeToString(cms) != string(written) {
		return nil, seal.ErrMalformed
	}
	return cms, nil
}

// ownSeal reads the seal of the printed document's parts.
func ownSeal(file []byte) (seal.Seal, bool) {
	body, ok := ownStream(file, sealHead)
	if !ok {
		return seal.Seal{}, false
	}
	s, err := seal.DecodeSeal(body)
	return s, err == nil
}

// ownStream finds the last stream that begins so.
func ownStream(file []byte, head string) ([]byte, bool) {
	i := bytes.LastIndex(file, []byte(head))
	if i < 0 {
		return nil, false
	}
	size, _, ok := bytes.Cut(file[i+len(head):min(len(file), i+len(head)+40)], []byte(">>\nstream\n"))
	n, err := strconv.Atoi(string(size))
	from := i + len(head) + len(size) + len(">>\nstream\n")
	if !ok || err != nil || n < 0 || n > MaxDetached || from+n > len(file) {
		return nil, false
	}
	return file[from : from+n], true
}

// alteredParts compares the printed document part by part with its own seal, if
// that is genuine. Where the length has changed only the first part is sure.
func alteredParts(file []byte, own seal.Seal, hasOwn, moved bool, trust *seal.Trust) []Alteration {
	inSeal := []Alteration{{"seal", hedui.Say("verify.part.seal")}}
	verifier, err := trust.Verifier(own.KeyID)
	if !hasOwn || err != nil {
		return inSeal
	}
	var now []seal.Section
	size := 0
	for _, s := range own.Sections {
		from, n := 0, 0
		if _, err := fmt.Sscanf(s.Name, "%d+%d ", &from, &n); err != nil || from < 0 || n < 0 || from > MaxFile || n > MaxFile {
			return inSeal
		}
		from, size = min(from, len(file)), max(size, from+n)
		now = append(now, seal.Section{Name: s.Name, Digest: sum(own.Algorithm, file[from:min(from+n, len(file))])})
	}
	_, list := judge(own.Check(file[:min(size, len(file))], now, verifier))
	var parts []Alteration
	for _, a := range list {
		if a.Name == seal.WholeDocument {
			continue
		}
		_, name, _ := strings.Cut(a.Name, " ")
		if p := partOf(name); len(parts) == 0 || parts[len(parts)-1].Name != p.Name {
			parts = append(parts, p)
		}
	}
	switch {
	case len(parts) == 0:
		return inSeal
	case moved || len(parts) > 1 && len(list) > len(own.Sections)/2:
		return []Alteration{parts[0], {"moved", hedui.Say("verify.part.shifted")}}
	}
	return parts
}

// partOf writes the name of a part: "page 2", "font", "metadata", "structure".
func partOf(name string) Alteration {
	kind, page, _ := strings.Cut(name, " ")
	if page == "" {
		return Alteration{name, hedui.Say("verify.part." + kind)}
	}
	return Alteration{strings.ReplaceAll(kind, "_", " ") + " " + page, hedui.Say("verify.part."+kind, page)}
}
