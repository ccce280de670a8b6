package casework

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/jpeg"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hedui/internal/hedui"
)

// plainPDF is a page without anything on it.
var plainPDF = pdfOf("<</Type/Catalog/Pages 2 0 R>>")

// pdfOf writes a PDF of one page with a catalogue, and further objects from 4 on, with
// a table of where they are.
func pdfOf(catalogue string, further ...string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	objects := append([]string{catalogue, "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>"}, further...)
	var at []int
	for i, o := range objects {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, n := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", n)
	}
	fmt.Fprintf(&b, "trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, start)
	return b.Bytes()
}

func packed(text string) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	return b.Bytes()
}

// packedPDF is pdfOf as new programs write it: the objects lie in a compressed stream,
// and so does the table.
func packedPDF(catalogue string, further ...string) []byte {
	objects := append([]string{catalogue, "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>"}, further...)
	var index, bodies strings.Builder
	for i, o := range objects {
		fmt.Fprintf(&index, "%d %d ", i+1, bodies.Len())
		bodies.WriteString(o + " ")
	}
	stream := packed(index.String() + bodies.String())
	holder, table := len(objects)+1, len(objects)+2
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	at := b.Len()
	fmt.Fprintf(&b, "%d 0 obj\n<</Type/ObjStm/N %d/First %d/Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream\nendobj\n", holder, len(objects), index.Len(), len(stream), stream)
	var rows bytes.Buffer
	row := func(kind byte, a uint32, c byte) {
		rows.WriteByte(kind)
		_ = binary.Write(&rows, binary.BigEndian, a)
		rows.WriteByte(c)
	}
	row(0, 0, 255)
	for i := range objects {
		row(2, uint32(holder), byte(i))
	}
	row(1, uint32(at), 0)
	start := b.Len()
	row(1, uint32(start), 0)
	stream = packed(rows.String())
	fmt.Fprintf(&b, "%d 0 obj\n<</Type/XRef/Size %d/W[1 4 1]/Root 1 0 R/Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n", table, table+1, len(stream), stream, start)
	return b.Bytes()
}

// refusal is the key of what is said of a file, empty if it is taken.
func refusal(t *testing.T, body []byte) string {
	t.Helper()
	_, err := evidenceType(t.Context(), body)
	if err == nil {
		return ""
	}
	var known *hedui.Error
	if !errors.As(err, &known) || len(known.Problems) != 1 {
		t.Fatalf("refused with %v", err)
	}
	return strings.Join(append([]string{known.Problems[0].Say.Key}, known.Problems[0].Say.Args...), " ")
}

// What acts is found wherever it lies and however it is written.
func TestAPDFThatActsIsRefused(t *testing.T) {
	const catalogue = "<</Type/Catalog/Pages 2 0 R"
	for name, c := range map[string]struct {
		catalogue, further, want string
	}{
		"script at the opening":       {catalogue + "/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>>>", "", "J"},
		"script elsewhere":            {catalogue + "/OpenAction 4 0 R>>", "<</S/JavaScript/JS(app.alert\\(1\\))>>", "J"},
		"written with #xx":            {catalogue + "/OpenAction 4 0 R>>", "<</S/J#61va#53cript/#4a#53(x)>>", "J"},
		"names of scripts":            {catalogue + "/Names<</JavaScript<</Names[(a)4 0 R]>>>>>>", "<<>>", "JavaScript"},
		"names with #xx":              {catalogue + "/Names<</J#61vaScript<</Names[(a)4 0 R]>>>>>>", "<<>>", "JavaScript"},
		"a program":                   {catalogue + "/OpenAction<</S/Launch/F(cmd.exe)>>>>", "", "Launch"},
		"a program on a click":        {catalogue + "/X[[<</A<</S/Launch/F(cmd.exe)>>>>]]>>", "", "Launch"},
		"on events":                   {catalogue + "/AA<</WC 4 0 R>>>>", "<<>>", "AA"},
		"a file":                      {catalogue + "/Names<</EmbeddedFiles<</Names[(a)4 0 R]>>>>>>", "<</Type/Filespec/F(a.exe)/EF<</F 3 0 R>>>>", "EF"},
		"a file without a name":       {catalogue + "/X 4 0 R>>", "<</Type/Filespec/F(a.exe)/EF<</F 5 0 R>>>>", "EF"},
		"a form that is a program":    {catalogue + "/AcroForm<</XFA[(t)4 0 R]/Fields[]>>>>", "<<>>", "XFA"},
		"rich media":                  {catalogue + "/X 4 0 R>>", "<</Type/Annot/Subtype/RichMedia>>", "RichMedia"},
		"a form that is sent":         {catalogue + "/X 4 0 R>>", "<</S/SubmitForm/F(https://elsewhere.example)>>", "SubmitForm"},
		"another PDF that is opened":  {catalogue + "/OpenAction<</S/GoToE/T<</R/C>>>>>>", "", "GoToE"},
		"nothing leads there":         {catalogue + ">>", "<</S/JavaScript/JS(x)>>", "J"},
		"a stream's own dictionary":   {catalogue + ">>", "<</Type/EmbeddedFile/Length 1>>\nstream\nx\nendstream", "EmbeddedFile"},
		"a name that lies elsewhere":  {catalogue + "/OpenAction<</S 4 0 R>>>>", "/JavaScript", "JavaScript"},
		"an empty list of files":      {catalogue + "/Names<</EmbeddedFiles<</Names[]>>>>>>", "", ""},
		"a portfolio":                 {catalogue + "/Collection<<>>>>", "", "Collection"},
		"deeper than anybody writes":  {catalogue + "/X" + strings.Repeat("[", 300) + strings.Repeat("]", 300) + ">>", "", "problem.evidence.unreadable"},
		"a place to open at":          {catalogue + "/OpenAction[3 0 R/Fit]>>", "", ""},
		"a place, as an action":       {catalogue + "/OpenAction<</S/GoTo/D[3 0 R/Fit]>>>>", "", ""},
		"a link":                      {catalogue + "/X 4 0 R>>", "<</S/URI/URI(https://elsewhere.example)>>", ""},
		"words that mean nothing":     {catalogue + "/Lang(JavaScript)/X(/JS /Launch)>>", "", ""},
		"a script as a text, in text": {catalogue + "/X 4 0 R>>", "<</Length 31>>\nstream\nBT (/JavaScript /JS /AA) Tj ET   \nendstream", ""},
	} {
		var further []string
		if c.further != "" {
			further = []string{c.further}
		}
		files := map[string][]byte{"plain": pdfOf(c.catalogue, further...)}
		if !strings.Contains(c.further, "stream") { // no stream lies in a stream
			files["packed"] = packedPDF(c.catalogue, further...)
		}
		for form, body := range files {
			got := refusal(t, body)
			if c.want == "" && got != "" || c.want != "" && !strings.Contains(got, c.want) {
				t.Errorf("%s, %s: %q, want %q", name, form, got, c.want)
			}
		}
	}
}

// A change at the end of a file counts as the rest of it, and hides nothing of it.
func TestAPDFThatWasChangedAfterwards(t *testing.T) {
	body := slices.Clone(pdfOf("<</Type/Catalog/Pages 2 0 R>>"))
	before := bytes.LastIndex(body, []byte("xref\n0"))
	at := len(body)
	body = append(body, "1 0 obj\n<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(x)>>>>\nendobj\n"...)
	start := len(body)
	body = fmt.Appendf(body, "xref\n1 1\n%010d 00000 n \ntrailer\n<</Size 4/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n", at, before, start)
	if got := refusal(t, body); !strings.Contains(got, "problem.evidence.active") {
		t.Errorf("got %q", got)
	}
}

func TestOneFileIsOneKind(t *testing.T) {
	zip := "PK\x05\x06" + strings.Repeat("\x00", 18)
	locked := bytes.Replace(pdfOf("<</Type/Catalog/Pages 2 0 R>>", "<</Filter/Standard/V 1/R 2/O(x)/U(x)/P -4>>"), []byte("/Root 1 0 R>>"), []byte("/Root 1 0 R/Encrypt 4 0 R/ID[<00><00>]>>"), 1)
	for name, c := range map[string]struct {
		body []byte
		want string
	}{
		"a PDF":                 {plainPDF, ""},
		"a packed PDF":          {packedPDF("<</Type/Catalog/Pages 2 0 R>>"), ""},
		"a picture":             {picture(t, 1), ""},
		"with an archive":       {append(slices.Clone(plainPDF), zip...), "problem.evidence.several"},
		"a picture and archive": {append(picture(t, 1), zip...), "problem.evidence.several"},
		"a picture that is PDF": {commented(t, "%PDF-1.7\n"), "problem.evidence.several"},
		"a picture too wide":    {wide(t), "problem.evidence.pixels 100"},
		"encrypted":             {locked, "problem.evidence.unreadable"},
		"an end only":           {[]byte("%PDF-1.4\n%%EOF"), "problem.evidence.unreadable"},
		"no end":                {plainPDF[:len(plainPDF)-8], "problem.evidence.type"},
		"no catalogue":          {bytes.Replace(plainPDF, []byte("/Root 1 0 R"), []byte("/Rood 1 0 R"), 1), "problem.evidence.unreadable"},
		"a bomb":                {bomb(), "problem.evidence.unreadable"},
		"HTML":                  {[]byte("<!doctype html><script>x</script>"), "problem.evidence.type"},
		"SVG":                   {[]byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="x"/>`), "problem.evidence.type"},
		"GIF":                   {[]byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"), "problem.evidence.type"},
	} {
		if got := refusal(t, c.body); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// commented is a JPEG with a text in it.
func commented(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8)), nil); err != nil {
		t.Fatal(err)
	}
	comment := append([]byte{0xff, 0xfe, 0, byte(len(text) + 2)}, text...)
	return slices.Concat(b.Bytes()[:2], comment, b.Bytes()[2:])
}

// wide is a small PNG that says it is 60,000 by 60,000.
func wide(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	body := b.Bytes()
	binary.BigEndian.PutUint32(body[16:], 60_000)
	binary.BigEndian.PutUint32(body[20:], 60_000)
	binary.BigEndian.PutUint32(body[29:], crc32.ChecksumIEEE(body[12:29]))
	return body
}

// bomb is a PDF whose stream of objects unpacks to 300 MB.
func bomb() []byte {
	stream := packed("1 0 " + strings.Repeat(" ", 300<<20))
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	at := b.Len()
	fmt.Fprintf(&b, "4 0 obj\n<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream\nendobj\n", len(stream), stream)
	start := b.Len()
	rows := packed(string([]byte{0, 0, 0, 0, 0, 255, 2, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, byte(at), 0}))
	fmt.Fprintf(&b, "5 0 obj\n<</Type/XRef/Size 5/W[1 4 1]/Root 1 0 R/Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n", len(rows), rows, start)
	return b.Bytes()
}

// PDFs as programs write them that families and offices use.
func TestPDFsOfOthersAreTaken(t *testing.T) {
	dir := t.TempDir()
	page := filepath.Join(dir, "page.html")
	if err := os.WriteFile(page, []byte("<!doctype html><meta charset=utf-8><title>证明</title><h1>租房合同</h1><a href=https://elsewhere.example>x</a>"), 0o600); err != nil {
		t.Fatal(err)
	}
	post := filepath.Join(dir, "page.ps")
	if err := os.WriteFile(post, []byte("%!PS\n/Helvetica findfont 20 scalefont setfont 72 700 moveto (a payslip) show showpage\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	chromium, ghost := filepath.Join(dir, "chromium.pdf"), filepath.Join(dir, "ghostscript.pdf")
	for out, command := range map[string][]string{
		chromium: {"chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--user-data-dir=" + dir + "/c", "--print-to-pdf=" + chromium, "file://" + page},
		ghost:    {"gs", "-q", "-dBATCH", "-dNOPAUSE", "-dSAFER", "-sDEVICE=pdfwrite", "-sOutputFile=" + ghost, post},
	} {
		if _, err := exec.LookPath(command[0]); err != nil {
			t.Logf("%s is not here", command[0])
			continue
		}
		if text, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", command[0], err, text)
			continue
		}
		body, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		if got := refusal(t, body); got != "" {
			t.Errorf("a PDF by %s: %s", command[0], got)
		}
	}
}

func FuzzSafePDF(f *testing.F) {
	f.Add(plainPDF)
	f.Add(packedPDF("<</Type/Catalog/Pages 2 0 R/Names<</JavaScript<<>>>>>>"))
	f.Add(pdfOf("<</Type/Catalog/Pages 2 0 R/OpenAction<</S/J#61vaScript/JS(x)>>>>"))
	f.Add([]byte("%PDF-1.4\nxref\n0 99999999\ntrailer<</Size 99999999/Root 1 0 R/Prev 9>>\nstartxref\n9\n%%EOF"))
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) > 1<<16 {
			t.Skip()
		}
		say, ok := safePDF(t.Context(), body)
		if ok != (say.Key == "") {
			t.Errorf("%v with %q", ok, say.Key)
		}
	})
}
