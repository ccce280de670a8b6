package report

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"hedui/catalog"
	"hedui/internal/hedui"
	"hedui/seal"
)

// printed prints a copy, or skips where the font is not built in.
func printed(t testing.TB, s Sealed, c Copy, sign *Signing) []byte {
	t.Helper()
	pdf, err := PDF(s, c, sign)
	if errors.Is(err, ErrFont) && os.Getenv("HEDUI_TEST_TOOLS") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return pdf
}

// tool runs a program over a file, or skips where it is not installed;
// HEDUI_TEST_TOOLS=1 makes that a failure.
func tool(t testing.TB, pdf []byte, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		if os.Getenv("HEDUI_TEST_TOOLS") != "" {
			t.Fatal(err)
		}
		t.Skipf("%s is not installed", name)
	}
	file := filepath.Join(t.TempDir(), "report.pdf")
	if err := os.WriteFile(file, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	for i, a := range args {
		args[i] = strings.ReplaceAll(a, "FILE", file)
	}
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil && name != "pdfsig" { // which fails for an untrusted certificate
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}

// pageTexts is the text of each page without blanks.
func pageTexts(t testing.TB, pdf []byte) []string {
	t.Helper()
	pages := strings.Split(tool(t, pdf, "pdftotext", "-layout", "FILE", "-"), "\f")
	for i, p := range pages {
		pages[i] = strings.Join(strings.Fields(p), "")
	}
	return pages[:len(pages)-1]
}

func TestPDFSignatureIsValidForOthers(t *testing.T) {
	key, sign, _ := testKey(t)
	out := tool(t, printed(t, sealed(t, wang(t), key), firstCopy, sign), "pdfsig", "-nocert", "FILE")
	for _, want := range []string{"Signature is Valid", "Total document signed", "海曙区居民家庭经济状况核对中心"} {
		if !strings.Contains(out, want) {
			t.Errorf("pdfsig lacks %q:\n%s", want, out)
		}
	}
}

func TestPDFSaysWhoReadsItOnEveryPage(t *testing.T) {
	key, sign, _ := testKey(t)
	s := sealed(t, li(t), key)
	c := firstCopy
	c.N = 3
	pages := pageTexts(t, printed(t, s, c, sign))
	for i, p := range pages {
		for _, want := range []string{"第3次打印", "林晓", "海曙区民政局", "2013-03-1817:54", fmt.Sprintf("第%d页共%d页", i+1, len(pages)), s.Content.Number} {
			if !strings.Contains(p, want) {
				t.Errorf("page %d lacks %q", i+1, want)
			}
		}
	}
	raw := strings.Join(strings.Fields(tool(t, printed(t, s, c, sign), "pdftotext", "-raw", "FILE", "-")), "")
	if n := strings.Count(raw, "第3次打印·林晓"); n < 4*len(pages) {
		t.Errorf("the watermark and the foot stand %d times on %d pages", n, len(pages))
	}
	all := strings.Join(pages, "")
	for _, want := range []string{"〔U+20BB7〕", "核对范围内未发现收入和财产信息", "住房公积金：未反馈", s.Digest()[:20], s.Seal.KeyID} {
		if !strings.Contains(all, want) {
			t.Errorf("PDF lacks %q", want)
		}
	}
	if strings.Index(pages[0], s.Content.Lead[0][:9]) > strings.Index(pages[0], "共同生活家庭成员") {
		t.Error("the most important lines do not come first")
	}
	for _, p := range li(t).Case.Persons {
		if strings.Contains(all, p.ID.Reveal()) {
			t.Errorf("PDF holds the full number of person %d", p.No)
		}
	}
}

func TestPDFOfALargeHousehold(t *testing.T) {
	in := li(t)
	for no := 6; no <= hedui.MaxPersons; no++ {
		in.Case.Persons = append(in.Case.Persons, hedui.Person{No: no, Name: fmt.Sprintf("李亲属%d", no), ID: id(t, "1980-01-02", no),
			Role: hedui.Obligor, Relation: hedui.OtherKin, Capacity: hedui.FullCapacity})
	}
	in.Queries = answered(in.Case)
	var records []catalog.Record
	for i := range 200 {
		records = append(records, catalog.Record{"month": fmt.Sprintf("20%02d-%02d", i/12, i%12+1), "contribution_base": fmt.Sprintf("%d.00", 2000+i),
			"unit_name": "宁波市" + strings.Repeat("某某有限公司", 1+i%30), "insured_type": "pension"})
	}
	set(in.Queries, 2, catalog.SocialInsurance, found(records...))
	set(in.Queries, 3, catalog.Business, found(catalog.Record{"name": "甲", "scope": strings.Repeat("五金、建材、日用百货的批发、零售。", 400)}))
	key, sign, trust := testKey(t)
	s := sealed(t, in, key)
	pdf := printed(t, s, firstCopy, sign)
	if name := os.Getenv("HEDUI_TEST_KEEP"); name != "" {
		_ = os.WriteFile(name, pdf, 0o600)
	}
	if r := verify(t, pdf, nil, trust); !r.Valid() {
		t.Errorf("got %+v", r)
	}
	pages := pageTexts(t, pdf)
	// Without layout: the watermark would stand between the words of a line.
	all := strings.Join(strings.Fields(tool(t, pdf, "pdftotext", "-raw", "FILE", "-")), "")
	if len(pages) < 12 || !strings.Contains(all, "（续）") || !strings.Contains(all, "2,199.00元") || !strings.Contains(all, "李亲属40") {
		t.Errorf("%d pages, or something is missing", len(pages))
	}
	continued := 0
	for _, p := range pages {
		if strings.Contains(p, "（续）") && strings.Contains(p, "反馈时间") {
			continued++
		}
	}
	if continued < 4 {
		t.Errorf("the head of a table is repeated on %d pages only", continued)
	}
}

func TestPDFIsTheSameEachTimeAndAtTheSameTime(t *testing.T) {
	key, _, _ := testKey(t)
	s := sealed(t, wang(t), key)
	want := printed(t, s, firstCopy, nil)
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			got, err := PDF(s, firstCopy, nil)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("another PDF of the same copy (%v)", err)
			}
		})
	}
	wait.Wait()
}

func TestVerifyPDFNamesWhatWasAltered(t *testing.T) {
	key, sign, trust := testKey(t)
	s := sealed(t, li(t), key)
	pdf := printed(t, s, firstCopy, sign)
	own, ok := ownSeal(pdf)
	if !ok {
		t.Fatal("PDF without its own seal")
	}
	inPart := func(part string) []byte {
		i := slices.IndexFunc(own.Sections, func(s seal.Section) bool { return strings.HasSuffix(s.Name, " "+part) })
		from, n := 0, 0
		if _, err := fmt.Sscanf(own.Sections[i].Name, "%d+%d", &from, &n); err != nil {
			t.Fatal(err)
		}
		bad := bytes.Clone(pdf)
		bad[from+n/2] ^= 1
		return bad
	}
	at, _ := findRange(pdf)
	with := func(i int, b byte) []byte {
		bad := bytes.Clone(pdf)
		bad[i] = b
		return bad
	}
	_, _, strangers := testKey(t)
	tests := []struct {
		name    string
		file    []byte
		trust   *seal.Trust
		verdict Verdict
		altered []string
	}{
		{"untouched", pdf, trust, Valid, nil},
		{"second page", inPart("page 2"), trust, Altered, []string{"page 2"}},
		{"setup of the first page", inPart("page_setup 1"), trust, Altered, []string{"page setup 1"}},
		{"metadata", inPart("metadata"), trust, Altered, []string{"metadata"}},
		{"font", inPart("font"), trust, Altered, []string{"font"}},
		{"catalogue of the update", bytes.Replace(pdf, []byte("/SigFlags 3"), []byte("/SigFlags 1"), 1), trust, Altered, []string{"seal"}},
		{"added to", append(bytes.Clone(pdf), "\n% more\n"...), trust, Extended, nil},
		{"bytes inserted in front", slices.Concat(pdf[:2000], []byte("xx"), pdf[2000:]), trust, Altered, nil},
		{"cut off", pdf[:len(pdf)-100], trust, Truncated, nil},
		{"cut off in the middle", pdf[:len(pdf)/2], trust, Truncated, nil},
		{"signature value", with(at.hexAt+900, pdf[at.hexAt+900]^1), trust, Forged, nil},
		{"signature in capitals", bytes.Replace(pdf, pdf[at.hexAt:at.hexAt+400], bytes.ToUpper(pdf[at.hexAt:at.hexAt+400]), 1), trust, Forged, nil},
		{"padding of the signature", with(at.hexEnd-2, '1'), trust, Forged, nil},
		{"a stranger's key", pdf, strangers, Untrusted, nil},
		{"never signed", printed(t, s, firstCopy, nil), trust, Unsealed, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := verify(t, tt.file, nil, tt.trust)
			if r.Verdict != tt.verdict || tt.altered != nil && !slices.Equal(altered(r), tt.altered) {
				t.Errorf("got %s %q, want %s %q", r.Verdict, altered(r), tt.verdict, tt.altered)
			}
		})
	}
	r := verify(t, pdf, nil, trust)
	if r.Number != s.Content.Number || r.Version != 1 || r.Copy != 1 || r.Digest != s.Digest() || !r.SealedAt.Equal(sign.At) || r.By == "" {
		t.Errorf("got %+v", r)
	}
}

func TestEveryAlteredByteOfAPDFIsSeen(t *testing.T) {
	key, sign, trust := testKey(t)
	pdf := printed(t, sealed(t, wang(t), key), firstCopy, sign)
	at, _ := findRange(pdf)
	list := positions(len(pdf), 150)
	for i := at.hexAt - 60; i < at.hexAt+2000; i += 7 {
		list = append(list, i)
	}
	for _, i := range list {
		bad := bytes.Clone(pdf)
		bad[i] ^= 1 << (i % 8)
		if r, err := Verify(bad, nil, trust); err == nil && r.Valid() {
			t.Errorf("byte %d of %d (signature %d to %d): altered, and found valid", i, len(pdf), at.hexAt, at.hexEnd)
		}
	}
}

func TestSealedPartsCoverThePrintedDocument(t *testing.T) {
	key, _, _ := testKey(t)
	pdf := printed(t, sealed(t, wang(t), key), firstCopy, nil)
	o, err := readOutline(pdf)
	if err != nil {
		t.Fatal(err)
	}
	end := 0
	for _, s := range o.parts(pdf, seal.P256SHA256) {
		from, n := 0, 0
		if _, err := fmt.Sscanf(s.Name, "%d+%d", &from, &n); err != nil || from != end {
			t.Fatalf("part %q does not begin at %d", s.Name, end)
		}
		end = from + n
	}
	if end != len(pdf) {
		t.Errorf("parts end at %d of %d", end, len(pdf))
	}
}

func TestLinesBreakByTheRules(t *testing.T) {
	measure := func(s string) float64 { return float64(len([]rune(s))) }
	for text, want := range map[string][]string{
		"":             {""},
		"一二三四五六七":      {"一二三四五", "六七"},
		"一二三四五。六":      {"一二三四", "五。六"},
		"一二三四（五六）":     {"一二三四", "（五六）"},
		"ab cdefg hi":  {"ab", "cdefg", "hi"},
		"abcdefghijkl": {"abcde", "fghij", "kl"},
		"1,234.50元":    {"1,234", ".50元"},
		"一 二　三四五六":     {"一 二　三", "四五六"},
	} {
		if got := wrap(text, 5, measure); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func BenchmarkPDF(b *testing.B) {
	key, sign, _ := testKey(b)
	in := li(b)
	in.Case.Persons = in.Case.Persons[:4]
	in.Queries = slices.DeleteFunc(in.Queries, func(q hedui.Query) bool { return q.Person > 4 })
	s := sealed(b, in, key)
	size := len(printed(b, s, firstCopy, sign)) // the font is read once
	for b.Loop() {
		printed(b, s, firstCopy, sign)
	}
	b.ReportMetric(float64(size), "bytes")
}

func BenchmarkVerifyPDF(b *testing.B) {
	key, sign, trust := testKey(b)
	pdf := printed(b, sealed(b, li(b), key), firstCopy, sign)
	for b.Loop() {
		if r := verify(b, pdf, nil, trust); !r.Valid() {
			b.Fatal(r.Verdict)
		}
	}
}

func BenchmarkPrepareAndSeal(b *testing.B) {
	key, _, _ := testKey(b)
	for b.Loop() {
		sealed(b, li(b), key)
	}
}
