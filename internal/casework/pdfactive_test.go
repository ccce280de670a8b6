package casework

import (
	"bytes"
	"compress/zlib"
	"errors"
	"strings"
	"testing"

	"hedui/internal/hedui"
)

// packed is an object stream with the objects.
func packed(objects string) string {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, _ = w.Write([]byte(objects))
	_ = w.Close()
	return "4 0 obj\n<</Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length 99>>\nstream\n" + b.String() + "\nendstream\nendobj\n"
}

func TestActivePDFsAreRefused(t *testing.T) {
	for name, c := range map[string]struct{ inside, want string }{
		"pages only":                 {"1 0 obj\n<</Type /Catalog /OpenAction [3 0 R /Fit]>>\nendobj", ""},
		"a picture that spells it":   {"5 0 obj\n<</Subtype /Image /Length 30>>\nstream\n\xff\xd8 /JS /JavaScript /Launch \nendstream\nendobj", ""},
		"packed pages":               {packed("1 0 <</Type /Catalog>>"), ""},
		"script":                     {"1 0 obj\n<</OpenAction <</S /JavaScript /JS (app.alert(1))>>>>\nendobj", "problem.evidence.active"},
		"script with escapes":        {"1 0 obj\n<</OpenAction <</S /J#61vaScript /#4a#53 (x)>>>>\nendobj", "problem.evidence.active"},
		"packed script":              {packed("1 0 <</S /JavaScript /JS (x)>>"), "problem.evidence.active"},
		"packed with an escape":      {strings.Replace(packed("1 0 <</S /Launch>>"), "/ObjStm", "/Obj#53tm", 1), "problem.evidence.active"},
		"an attachment":              {"1 0 obj\n<</Names <</EmbeddedFiles 7 0 R>>>>\nendobj", "problem.evidence.active"},
		"a form that sends":          {"1 0 obj\n<</A <</S /SubmitForm>>>>\nendobj", "problem.evidence.active"},
		"a password":                 {"trailer <</Encrypt 9 0 R>>", "problem.evidence.locked"},
		"packed and broken":          {"4 0 obj\n<</Type /ObjStm>>\nstream\nnothing\nendstream", "problem.evidence.locked"},
		"packed without end":         {packed(strings.Repeat("1 0 <</Type /Page>>", mostObjects/18)), "problem.evidence.locked"},
		"a name that only begins so": {"1 0 obj\n<</JSON 1 /Launcher 2>>\nendobj", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := evidenceType([]byte("%PDF-1.7\n" + c.inside + "\n%%EOF"))
			var known *hedui.Error
			got := ""
			if errors.As(err, &known) && len(known.Problems) == 1 {
				got = known.Problems[0].Say.Key
			}
			if got != c.want || (err == nil) != (c.want == "") {
				t.Errorf("got %q %v, want %q", got, err, c.want)
			}
		})
	}
}

func FuzzInertPDF(f *testing.F) {
	f.Add([]byte("%PDF-1.7\n" + packed("1 0 <</S /JavaScript>>") + "%%EOF"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := inertPDF(data); err != nil && hedui.KindOf(err) != hedui.Invalid {
			t.Errorf("%v", err)
		}
	})
}
