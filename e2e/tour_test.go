package e2e

import (
	"bytes"
	"cmp"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// The pictures of docs/tour.md.
const tour = "../docs/tour"

// stops are the pictures of the tour: who sees what, and on what.
var stops = []struct {
	name    string
	officer string
	at      func(p *tab) string
	phone   bool
}{
	{"sign-in", "", fixed("/sign-in"), false},
	{"registration", "clerk", fixed("/intake"), false},
	{"form", "clerk", formOf, false},
	{"own-case", "clerk", looks["GET /own/{id}"].at, false},
	{"bulk", "clerk", uploadOf, false},
	{"cases", "receiver", fixed("/?list=all"), false},
	{"case", "receiver", caseOf, false},
	{"case-phone", "receiver", caseOf, true},
	{"item", "commissioner", itemOf, false},
	{"item-phone", "commissioner", itemOf, true},
	{"corrections", "receiver", fixed("/corrections"), false},
	{"worklist", "liaison", fixed("/worklist"), false},
	{"answer", "liaison", looks["GET /worklist/{entry}"].at, false},
	{"report", "reader", looks["GET /cases/{id}/reports/{file}"].at, false},
	{"public-list", "reader", fixed("/?list=public"), false},
	{"requests", "commissioner", fixed("/requests"), false},
	{"sources", "reader", fixed("/sources"), false},
	{"nodes", "reader", fixed("/nodes"), false},
	{"audit", "auditor", fixed("/audit"), false},
	{"concerns", "auditor", fixed("/concerns"), false},
	{"statistics", "reader", fixed("/statistics"), false},
	{"books", "reader", fixed("/books"), false},
	{"erasures", "reader", fixed("/erasures"), false},
	{"officers", "operator", fixed("/officers"), false},
	{"officer", "operator", fixed("/officers/clerk"), false},
	{"rights", "security", fixed("/rights"), false},
	{"keys", "security", fixed("/keys"), false},
	{"account", "clerk", fixed("/account"), false},
	{"help", "clerk", fixed("/help"), false},
	{"mirror", "", fixed("/mirror"), false},
	{"mirror-phone", "", fixed("/mirror"), true},
}

// formOf is a form that is half filled in. The persons are synthetic.
func formOf(p *tab) string {
	p.open("/intake/new")
	write(p, zhang)
	p.press("保存，以后再填")
	return p.path()
}

// TestTour makes the pictures anew, where HEDUI_TOUR says so: "make tour".
func TestTour(t *testing.T) {
	if os.Getenv("HEDUI_TOUR") == "" {
		t.Skip("HEDUI_TOUR is not set: make tour")
	}
	prepare(t)
	tabs := map[string]*tab{}
	for _, stop := range stops {
		p := tabs[stop.officer]
		switch {
		case p != nil:
		case stop.officer == "":
			p = visit(t, haishu)
		default:
			p = as(t, haishu, stop.officer)
		}
		tabs[stop.officer] = p
		command(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "light"}}})
		width, height := int64(1280), int64(900)
		if stop.phone {
			width = 420
		}
		p.do("width", chromedp.EmulateViewport(width, height))
		p.open(stop.at(p))
		if p.path() == "/sign-in/again" {
			p.fill("#password", begun.passwords[stop.officer])
			p.moves("confirm", chromedp.Click(chromedp.CSS("main form button")))
		}
		p.do("look at no field", chromedp.Evaluate[chromedp.Void]("document.activeElement.blur(); scrollTo(0, 0)"))
		small := fewColours(t, get(p, "picture", chromedp.CaptureScreenshot()))
		if err := os.WriteFile(filepath.Join(tour, stop.name+".png"), small, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// fewColours makes a picture small: a page has few colours, and the edges of its letters can do with the nearest.
func fewColours(t *testing.T, picture []byte) []byte {
	t.Helper()
	full, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	size := full.Bounds()
	seen := map[color.RGBA]int{}
	for y := size.Min.Y; y < size.Max.Y; y++ {
		for x := size.Min.X; x < size.Max.X; x++ {
			seen[color.RGBAModel.Convert(full.At(x, y)).(color.RGBA)]++
		}
	}
	colours := make([]color.RGBA, 0, len(seen))
	for c := range seen {
		colours = append(colours, c)
	}
	slices.SortFunc(colours, func(a, b color.RGBA) int {
		return cmp.Or(seen[b]-seen[a], int(a.R)-int(b.R), int(a.G)-int(b.G), int(a.B)-int(b.B))
	})
	var palette color.Palette // the most frequent ones that can be told apart
	for _, c := range colours {
		if len(palette) == 64 {
			break
		}
		if !slices.ContainsFunc(palette, func(p color.Color) bool { return near(p.(color.RGBA), c) }) {
			palette = append(palette, c)
		}
	}
	small := image.NewPaletted(size, palette)
	draw.Draw(small, size, full, size.Min, draw.Src)
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, small); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func near(a, b color.RGBA) bool {
	apart := func(x, y uint8) int { return max(int(x)-int(y), int(y)-int(x)) }
	return apart(a.R, b.R)+apart(a.G, b.G)+apart(a.B, b.B) < 6
}

// Every picture of the tour is there, is small, and stands on the page; and each stop has its picture.
func TestTourIsWhole(t *testing.T) {
	text, err := os.ReadFile("../docs/tour.md")
	if err != nil {
		t.Fatal(err)
	}
	var shown []string
	for _, m := range regexp.MustCompile(`\]\(tour/([a-z-]+)\.png\)`).FindAllStringSubmatch(string(text), -1) {
		shown = append(shown, m[1])
	}
	var total int64
	for _, stop := range stops {
		if !slices.Contains(shown, stop.name) {
			t.Errorf("docs/tour.md does not show %s", stop.name)
		}
		info, err := os.Stat(filepath.Join(tour, stop.name+".png"))
		if err != nil {
			t.Error(err)
			continue
		}
		if total += info.Size(); info.Size() > 120<<10 {
			t.Errorf("%s: %d KB, more than 120", stop.name, info.Size()>>10)
		}
	}
	files, err := os.ReadDir(tour)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(stops) || len(shown) != len(stops) || total > 2500<<10 {
		t.Errorf("%d files, %d shown, %d stops, %d KB", len(files), len(shown), len(stops), total>>10)
	}
}
