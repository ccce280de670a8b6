package casework

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"maps"
	"slices"
	"time"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"

	"hedui/internal/hedui"
)

// What is given as evidence is opened by officers, on machines with readers of any
// age. So it may show, and nothing else: no script, no program, no further file, no
// form of its own making, and it is one kind of file only.

// Bounds of reading a PDF of at most [maxEvidence].
const (
	pdfPatience = 10 * time.Second
	pdfOpened   = 64 << 20 // bytes of one stream once it is unpacked
	pdfObjects  = 100_000
	pdfDepth    = 200
	maxPixels   = 100_000_000
)

// activeKeys are entries of a PDF's dictionaries that make it act, hold a further
// file, or be a form that is a program (ISO 32000-2: 12.6.3, 12.6.4.17, 7.11.4, 12.7.8,
// 13.7; 7.7.4 for the names). A place to open at, as /OpenAction may be, is harmless, and so is a list
// /EmbeddedFiles: a file in it has /EF.
var activeKeys = []string{"AA", "JS", "JavaScript", "EF", "RF", "RichMediaContent", "RichMediaSettings", "XFA", "Launch", "Collection"}

// activeNames are values of /S, /Type and /Subtype that do so (ISO 32000-2, 12.6.4.1 and
// 12.5.6.1). Links, to a page or an address, do nothing by themselves.
var activeNames = []string{"JavaScript", "Launch", "SubmitForm", "ImportData", "GoToE", "Rendition", "Movie", "Sound", "RichMedia", "RichMediaExecute",
	"EmbeddedFile", "FileAttachment", "Screen", "3D"}

// safePicture says what is wrong with a PNG or JPEG, or nothing.
func safePicture(body []byte) (hedui.Text, bool) {
	c, _, err := image.DecodeConfig(bytes.NewReader(body))
	switch {
	case err != nil:
		return hedui.Say("problem.evidence.type"), false
	case c.Width <= 0 || c.Height <= 0 || c.Width > maxPixels/c.Height:
		return hedui.Say("problem.evidence.pixels", fmt.Sprint(maxPixels/1_000_000)), false
	case bytes.Contains(body[:min(len(body), 1024)], []byte("%PDF-")), hasArchive(body):
		return hedui.Say("problem.evidence.several"), false
	}
	return hedui.Text{}, true
}

// hasArchive reports whether a ZIP ends where the file ends: readers of archives look
// for it there, whatever the file begins with.
func hasArchive(body []byte) bool {
	const farthest = 22 + 1<<16 // its last record and comment
	return bytes.Contains(body[max(0, len(body)-farthest):], []byte("PK\x05\x06"))
}

// safePDF says what is wrong with a PDF, or nothing.
func safePDF(ctx context.Context, body []byte) (hedui.Text, bool) {
	if !bytes.HasPrefix(body, []byte("%PDF-")) || !bytes.Contains(body[max(0, len(body)-1024):], []byte("%%EOF")) {
		return hedui.Say("problem.evidence.type"), false
	}
	if hasArchive(body) {
		return hedui.Say("problem.evidence.several"), false
	}
	objects, err := readPDF(ctx, body)
	if err != nil {
		return hedui.Say("problem.evidence.unreadable"), false
	}
	w := pdfWalk{left: 4 * pdfObjects}
	for _, o := range objects {
		if w.look(o, 0); w.found != "" || w.left < 0 {
			break
		}
	}
	switch {
	case w.found != "":
		return hedui.Say("problem.evidence.active", w.found), false
	case w.left < 0:
		return hedui.Say("problem.evidence.unreadable"), false
	}
	return hedui.Text{}, true
}

// readPDF reads every object there is, those in compressed streams too. One that is
// encrypted cannot be looked into, and is an error.
func readPDF(ctx context.Context, body []byte) (objects []types.Object, err error) {
	defer func() { // what it cannot read is no PDF for us, however it says so
		if p := recover(); p != nil {
			objects, err = nil, fmt.Errorf("casework: reading a PDF panicked: %T", p)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, pdfPatience)
	defer cancel()
	limits := model.DefaultResourceLimits()
	limits.MaxStreamBytes, limits.MaxDecodeBytes = maxEvidence, pdfOpened
	limits.MaxObjectCount, limits.MaxXRefEntries, limits.MaxObjectStreamCount = pdfObjects, pdfObjects, pdfObjects
	limits.MaxRecursionDepth = pdfDepth
	// Written out: the library's own default reads a file in the home directory.
	read, err := pdfcpu.ReadWithContext(ctx, bytes.NewReader(body), &model.Configuration{
		Reader15: true, ValidationMode: model.ValidationStrict, Offline: true, Limits: limits})
	switch {
	case err != nil:
		return nil, fmt.Errorf("casework: read PDF: %w", err)
	case read.Encrypt != nil:
		return nil, errors.New("casework: read PDF: encrypted")
	case read.Root == nil:
		return nil, errors.New("casework: read PDF: no catalogue")
	}
	for _, n := range slices.Sorted(maps.Keys(read.Table)) {
		e := read.Table[n]
		if e == nil || e.Object == nil {
			continue
		}
		o := e.Object
		if packed, ok := o.(types.LazyObjectStreamObject); ok { // nobody has asked for it so far
			if o, err = packed.DecodedObject(ctx); err != nil {
				return nil, fmt.Errorf("casework: read PDF: object in a stream: %w", err)
			}
		}
		objects = append(objects, o)
	}
	return objects, nil
}

// pdfWalk looks through objects; found is the first thing that acts.
type pdfWalk struct {
	found string
	left  int // values that are still looked at
}

func (w *pdfWalk) look(o types.Object, depth int) {
	if w.left--; w.left < 0 || w.found != "" {
		return
	}
	if depth > pdfDepth {
		w.left = -1
		return
	}
	switch o := o.(type) {
	case types.Dict:
		w.dict(o, depth)
	case types.StreamDict:
		w.dict(o.Dict, depth)
	case *types.StreamDict:
		w.dict(o.Dict, depth)
	case types.ObjectStreamDict:
		w.dict(o.Dict, depth)
	case types.XRefStreamDict:
		w.dict(o.Dict, depth)
	case types.Array:
		for _, one := range o {
			w.look(one, depth+1)
		}
	case types.Name:
		if depth == 0 && slices.Contains(activeNames, plainName(string(o))) { // what a dictionary may refer to
			w.found = plainName(string(o))
		}
	case nil, types.StringLiteral, types.HexLiteral, types.Integer, types.Float, types.Boolean, types.IndirectRef, *types.IndirectRef:
	default: // of a kind that the library has and this walk does not know
		w.left = -1
	}
}

func (w *pdfWalk) dict(d types.Dict, depth int) {
	for key, value := range d {
		key = plainName(key)
		name, isName := value.(types.Name)
		switch {
		case slices.Contains(activeKeys, key):
			w.found = key
		case isName && (key == "S" || key == "Type" || key == "Subtype") && slices.Contains(activeNames, plainName(string(name))):
			w.found = plainName(string(name))
		default:
			w.look(value, depth+1)
		}
		if w.found != "" {
			return
		}
	}
}

// plainName is a name without #xx (ISO 32000-2, 7.3.5); one that cannot be read stays.
func plainName(name string) string {
	if plain, err := types.DecodeName(name); err == nil {
		return plain
	}
	return name
}
