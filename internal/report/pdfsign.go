package report

import (
	"bytes"
	"encoding/hex"

	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"hedui/seal"
)

// A signed PDF is the printed document, byte for byte, and one incremental update
// (ISO 32000-1 § 7.5.6) after it with
//
//   - a stream /Type /HeduiSeal: a seal.Seal of the printed document, its sections
//     named "offset+length part", made with the same key, so that what was altered
//     can be named and nobody can rename it;
//   - a stream /Type /HeduiProof, where there is one: the proof that the sealing of
//     the report is in the audit log;
//   - an invisible signature field with a PKCS #7 signature of every byte of the
//     file but its own hexadecimal value (§ 12.8).
//
// This code knows the library's output only: a classic cross-reference table, one
// /Root, the catalogue without /AcroForm, pages without /Annots.

// cmsRoom is how many bytes are kept for the CMS; ours has about a thousand.
const cmsRoom = 4096

const (
	sealHead  = "<</Type /HeduiSeal /Length "
	proofHead = "<</Type /HeduiProof /Length "
	rangeRoom = "[0 0000000000 0000000000 0000000000]"
)

var (
	reStart = regexp.MustCompile(`startxref\s+(\d+)\s+%%EOF\s*$`)
	reRoot  = regexp.MustCompile(`/Root (\d+) 0 R`)
	reInfo  = regexp.MustCompile(`/Info (\d+) 0 R`)
	reSize  = regexp.MustCompile(`/Size (\d+)`)
	reKids  = regexp.MustCompile(`/Kids \[(\d+) 0 R`)
	reEntry = regexp.MustCompile(`(?m)^(\d{10}) \d{5} n`)
)

// outline is what must be known of a printed PDF to go on after it.
type outline struct {
	xref, root, info, size, page int
	offsets                      []int // of the objects, ascending
}

func readOutline(pdf []byte) (outline, error) {
	var o outline
	var err error
	find := func(re *regexp.Regexp, in []byte) int {
		m := re.FindSubmatch(in)
		if m == nil {
			err = fmt.Errorf("report: PDF without %s", re)
			return 0
		}
		n, e := strconv.Atoi(string(m[1]))
		if e != nil {
			err = fmt.Errorf("report: PDF: number of %s: %w", re, e)
		}
		return n
	}
	if o.xref = find(reStart, pdf); err != nil || o.xref >= len(pdf) {
		return o, fmt.Errorf("report: PDF without cross-reference table")
	}
	tail := pdf[o.xref:]
	o.root, o.info, o.size, o.page = find(reRoot, tail), find(reInfo, tail), find(reSize, tail), find(reKids, pdf)
	for _, m := range reEntry.FindAllSubmatch(tail, -1) {
		n, _ := strconv.Atoi(string(m[1]))
		if n <= 0 || n >= o.xref {
			return o, fmt.Errorf("report: PDF: object outside the file")
		}
		o.offsets = append(o.offsets, n)
	}
	slices.Sort(o.offsets)
	return o, err
}

// parts divides a printed PDF into named sections without a gap.
func (o outline) parts(pdf []byte, algorithm string) []seal.Section {
	var list []seal.Section
	add := func(from, to int, name string) {
		if from < to {
			list = append(list, seal.Section{Name: fmt.Sprintf("%d+%d %s", from, to-from, name), Digest: sum(algorithm, pdf[from:to])})
		}
	}
	bounds := append(slices.Clone(o.offsets), o.xref)
	add(0, bounds[0], "structure")
	page := 0
	content := map[string]int{} // object → page whose content it is
	for i := range len(o.offsets) {
		body := pdf[bounds[i]:bounds[i+1]]
		number, _, _ := strings.Cut(string(body[:min(20, len(body))]), " ")
		name := "structure"
		switch {
		case bytes.Contains(body, []byte("/Type /Page\n")):
			page++
			name = fmt.Sprintf("page_setup %d", page)
			if m := reContents.FindSubmatch(body); m != nil {
				content[string(m[1])] = page
			}
		case content[number] > 0:
			name = fmt.Sprintf("page %d", content[number])
		case number == strconv.Itoa(o.info):
			name = "metadata"
		case bytes.Contains(body, []byte("/Font")) || bytes.Contains(body, []byte("/Length1")) || bytes.Contains(body, []byte("/CIDSystemInfo")) || bytes.Contains(body, []byte("stream\n")):
			name = "font"
		}
		add(bounds[i], bounds[i+1], name)
	}
	add(o.xref, len(pdf), "structure")
	return list
}

var reContents = regexp.MustCompile(`/Contents (\d+) 0 R`)

// A stamp is what the signature of a PDF says: what was signed, by whom, why and
// where.
type stamp struct{ subject, name, reason, place string }

func (s Sealed) stamp(copy Copy) stamp {
	c := s.Content
	return stamp{pdfSubject(s, copy), c.Issuer, zh("report.reason.sign", c.Number, strconv.Itoa(c.Version)), c.Case.Division.Text}
}

// signPDF appends the update to a printed PDF.
func signPDF(pdf []byte, of stamp, sign Signing) ([]byte, error) {
	o, err := readOutline(pdf)
	if err != nil {
		return nil, err
	}
	own, err := seal.MakeSeal(sign.Signer, of.subject, sign.At, pdf, o.parts(pdf, sign.Signer.Algorithm()))
	if err != nil {
		return nil, err
	}
	manifest, err := own.Encode()
	if err != nil {
		return nil, err
	}
	u := &update{out: bytes.NewBuffer(bytes.Clone(pdf)), offsets: map[int]int{}}
	u.out.WriteByte('\n')
	field, sig, stream := o.size, o.size+1, o.size+2
	if err := u.extend(pdf, o.root, fmt.Sprintf("/AcroForm <</Fields [%d 0 R] /SigFlags 3>>\n/HeduiSeal %d 0 R\n%s", field, stream, proofEntry(stream+1, sign.Proof))); err != nil {
		return nil, err
	}
	if err := u.extend(pdf, o.page, fmt.Sprintf("/Annots [%d 0 R]\n", field)); err != nil {
		return nil, err
	}
	u.put(field, fmt.Sprintf("<</Type /Annot /Subtype /Widget /FT /Sig /T (Hedui) /F 132 /Rect [0 0 0 0] /P %d 0 R /V %d 0 R>>", o.page, sig))
	u.put(stream, fmt.Sprintf("%s%d>>\nstream\n%s\nendstream", sealHead, len(manifest), manifest))
	next := stream + 1
	if len(sign.Proof) > 0 {
		u.put(next, fmt.Sprintf("%s%d>>\nstream\n%s\nendstream", proofHead, len(sign.Proof), sign.Proof))
		next++
	}
	u.signature(sig, of, sign)
	u.close(o, next)
	return u.sign(sign)
}

// proofEntry names the stream of the proof in the catalogue.
func proofEntry(n int, proof []byte) string {
	if len(proof) == 0 {
		return ""
	}
	return fmt.Sprintf("/HeduiProof %d 0 R\n", n)
}

// pdfSubject names the copy and the JSON it shows.
func pdfSubject(s Sealed, copy Copy) string {
	return fmt.Sprintf("%s copy %d of %s", subject(s.Content.Number, s.Content.Version), copy.N, s.Digest())
}

type update struct {
	out                    *bytes.Buffer
	offsets                map[int]int
	rangeAt, hexAt, hexEnd int
}

func (u *update) put(n int, body string) {
	u.offsets[n] = u.out.Len()
	fmt.Fprintf(u.out, "%d 0 obj\n%s\nendobj\n", n, body)
}

// extend writes an object of the printed PDF again with more entries.
func (u *update) extend(pdf []byte, n int, entries string) error {
	head := fmt.Appendf(nil, "\n%d 0 obj\n", n)
	i := bytes.LastIndex(pdf, head)
	if i < 0 {
		return fmt.Errorf("report: PDF without object %d", n)
	}
	body, _, ok := bytes.Cut(pdf[i+len(head):], []byte("endobj"))
	end := bytes.LastIndex(body, []byte(">>"))
	if !ok || end < 0 {
		return fmt.Errorf("report: PDF: object %d has no end", n)
	}
	u.put(n, string(body[:end])+entries+">>")
	return nil
}

// signature writes the signature dictionary with room for what is known last.
func (u *update) signature(n int, of stamp, sign Signing) {
	u.offsets[n] = u.out.Len()
	fmt.Fprintf(u.out, "%d 0 obj\n<</Type /Sig /Filter /Adobe.PPKLite /SubFilter /adbe.pkcs7.detached\n/Name %s /Reason %s /Location %s /M (D:%sZ)\n/ByteRange ",
		n, pdfString(of.name), pdfString(of.reason), pdfString(of.place), sign.At.UTC().Format("20060102150405"))
	u.rangeAt = u.out.Len()
	u.out.WriteString(rangeRoom + "\n/Contents ")
	u.hexAt = u.out.Len()
	u.out.WriteString("<" + strings.Repeat("0", 2*cmsRoom) + ">")
	u.hexEnd = u.out.Len()
	u.out.WriteString(">>\nendobj\n")
}

// close writes the cross-reference section and the trailer.
func (u *update) close(o outline, size int) {
	xref := u.out.Len()
	u.out.WriteString("xref\n")
	var numbers []int
	for n := range u.offsets {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	for _, n := range numbers {
		fmt.Fprintf(u.out, "%d 1\n%010d 00000 n \n", n, u.offsets[n])
	}
	fmt.Fprintf(u.out, "trailer\n<</Size %d /Root %d 0 R /Info %d 0 R /Prev %d>>\nstartxref\n%d\n%%%%EOF\n", size, o.root, o.info, o.xref, xref)
}

// sign fills in the byte range and the signature of everything else.
func (u *update) sign(sign Signing) ([]byte, error) {
	b := u.out.Bytes()
	written := fmt.Sprintf("[0 %d %d %d]", u.hexAt, u.hexEnd, len(b)-u.hexEnd)
	copy(b[u.rangeAt:u.rangeAt+len(rangeRoom)], fmt.Sprintf("%-*s", len(rangeRoom), written))
	der, err := seal.SignCMS(sign.Signer, sign.Certificate, io.MultiReader(bytes.NewReader(b[:u.hexAt]), bytes.NewReader(b[u.hexEnd:])), sign.At)
	if err != nil {
		return nil, err
	}
	if len(der) > cmsRoom {
		return nil, fmt.Errorf("report: CMS of %d bytes does not fit", len(der))
	}
	hex.Encode(b[u.hexAt+1:], der)
	return b, nil
}

// pdfString writes text as UTF-16BE in hexadecimal: any language, no escapes.
func pdfString(s string) string {
	var b strings.Builder
	b.WriteString("<FEFF")
	for _, u := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&b, "%04X", u)
	}
	return b.String() + ">"
}

// sum is the digest that goes with a signature algorithm; an unknown one has none.
func sum(algorithm string, data []byte) string {
	digest, err := seal.Digest(algorithm, data)
	if err != nil {
		return ""
	}
	return digest
}
