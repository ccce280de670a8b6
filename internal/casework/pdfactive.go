package casework

import (
	"bytes"
	"compress/zlib"
	"encoding/hex"
	"io"
	"regexp"
	"slices"

	"hedui/internal/hedui"
)

// A PDF can hold more than pages. What a family or a scanner hands in needs none of
// these; whoever opens it must not run what a stranger has put in.
var activeNames = []string{"JavaScript", "JS", "Launch", "EmbeddedFile", "EmbeddedFiles", "RichMedia", "XFA", "SubmitForm", "ImportData", "Movie", "GoToE"}

var (
	pdfStream = regexp.MustCompile(`(?s)stream\r?\n(.*?)endstream`)
	pdfName   = regexp.MustCompile(`/([^\x00\t\n\f\r /<>\[\](){}%]+)`)
	pdfEscape = regexp.MustCompile(`#[0-9A-Fa-f]{2}`)
)

// mostObjects bounds what is unpacked of a PDF, in bytes.
const mostObjects = 32 << 20

// inertPDF reports, as an Invalid error, a PDF with script, attachments or actions that
// reach outside, or one that cannot be looked into. It looks at the names of all
// objects, those in object streams too, but not into pictures and text. That is no
// proof against a reader with defects of its own.
func inertPDF(body []byte) error {
	bad := func(key string) error {
		return hedui.Problems([]hedui.Problem{{Field: "evidence", Say: hedui.Say(key)}})
	}
	outside := make([]byte, 0, len(body)/4)
	left := int64(mostObjects)
	last := 0
	for _, m := range pdfStream.FindAllSubmatchIndex(body, -1) {
		outside = append(outside, body[last:m[0]]...)
		last = m[1]
		dict := body[max(0, m[0]-1024):m[0]]
		if i := bytes.LastIndex(dict, []byte("obj")); i >= 0 {
			dict = dict[i:]
		}
		if !slices.Contains(namesOf(dict), "ObjStm") {
			continue
		}
		unpacked, err := unpack(body[m[2]:m[3]], &left)
		if err != nil {
			return bad("problem.evidence.locked")
		}
		outside = append(append(outside, '\n'), unpacked...)
	}
	outside = append(outside, body[last:]...)
	for _, name := range namesOf(outside) {
		switch {
		case name == "Encrypt":
			return bad("problem.evidence.locked")
		case slices.Contains(activeNames, name):
			return bad("problem.evidence.active")
		}
	}
	return nil
}

// namesOf are the names in a piece of PDF, with what is written as #41 read.
func namesOf(text []byte) []string {
	var names []string
	for _, m := range pdfName.FindAllSubmatch(text, -1) {
		names = append(names, string(pdfEscape.ReplaceAllFunc(m[1], func(s []byte) []byte {
			b, err := hex.DecodeString(string(s[1:]))
			if err != nil {
				return s
			}
			return b
		})))
	}
	return names
}

func unpack(stream []byte, left *int64) ([]byte, error) {
	r, err := zlib.NewReader(bytes.NewReader(stream))
	if err != nil {
		return nil, err
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, *left+1))
	if *left -= int64(len(data)); *left < 0 {
		return nil, io.ErrShortBuffer
	}
	return data, err
}
