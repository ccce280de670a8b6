package report

import (
	"embed"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// ErrFont means that the program was built without the font of the reports.
var ErrFont = errors.New("report: the font is not built in; run \"make assets\" and build again")

// The font is copied there by "make assets" and not committed.
//
//go:embed font
var fontFiles embed.FS

// A face is one weight: the whole font, and once for the process a part of it
// with the common characters, from which most reports are served five times
// faster than from the whole.
type face struct {
	whole, common []byte
	has           map[rune]bool // what the whole font can draw, up to U+FFFF
}

type faces struct{ regular, bold face }

// loadFaces reads both weights once for the process. What it returns is only
// read afterwards, so reports may be printed at the same time.
var loadFaces = sync.OnceValues(func() (faces, error) {
	regular, err := loadFace("font/NotoSansSC-Regular.ttf")
	if err != nil {
		return faces{}, err
	}
	bold, err := loadFace("font/NotoSansSC-Bold.ttf")
	return faces{regular, bold}, err
})

func loadFace(name string) (face, error) {
	data, err := fontFiles.ReadFile(name)
	if err != nil {
		return face{}, ErrFont
	}
	has, err := readCmap(data)
	if err != nil {
		return face{}, fmt.Errorf("report: font %s: %w", name, err)
	}
	return face{data, fpdf.UTF8CutFont(data, commonRunes()), has}, nil
}

// cut returns a font with the given characters only. The whole font is read just
// for characters that are not common.
func (f face) cut(runes map[rune]bool) []byte {
	from := f.common
	for r := range runes {
		if !isCommon(r) {
			from = f.whole
			break
		}
	}
	return fpdf.UTF8CutFont(from, string(slices.Sorted(maps.Keys(runes))))
}

// nameRunes are characters outside GB 2312 that people are often named with.
const nameRunes = "喆堃珺玥璟琰祎翀玙頔赟犇骉珅媖婳婵嫚孋孖尧屾峤崟巍弢彧忞恺悫戬旸旻昇昉昊昕昪昫昱晅晊晗晞晟晧晳暐暘曈朤杋枻柷栐栩桢梽棽椤楠榕樾橦歆毓氘氚汧沄沨沺泂泓泠洺浛浠浥涔涵淏淯淼湉湜湲滢滦漪漷澔澍澧濛濮瀚瀛炅炘炜炟炫炻烜烨焓焜焱煊煐煜熇熙熠熹燊燚燨牁玎玏玘玚玠玢玧玫玭玹玽珂珈珉珏珑珖珙珝珞珣珩珮珲珽琇琍琎琏琚琛琠琤琦琨琪琬琭琮琯琲琳琴琵琼瑀瑁瑄瑅瑆瑒瑗瑛瑜瑞瑟瑢瑧瑨瑭瑱瑶瑷瑸瑾璁璆璇璈璋璐璘璜璠璞璟璥璨璩璪璮璱璿瓀甯畯皓皛皞皦睿矞砉硙祐祺禔禛禤稷穆竑笙筠筱篪粲纮绂绖绚綦綮缃缙缦翊翎翙翚翯聿聪胤脩芃芊芮芸苒苡茜茗荃莀莹莙菀菡萱葳蓁蓉蓓蔓蔚蕊蕙蕤薇薏虓衎裎褀觌訚詠谞谦豳赑赪赫趯轩辀逄逯遄遒邈邕邗邰郅郗郜郢酆釔鈊鉴鋆鋐鍇鎏鑫钊钏钐铄铉铖铠锆锟镕镗镠镡镱闳闿阇阊隽雍雯霁霂霈霖霭靓靖靳韫韬韶頔顼颉颋颖颙颢飏飒饴馥馨騄騋騏驎驍骁骅骉骊骎骏骐骢骥骦鬯魁鲲鳐鳜鴻鸢鸾鹂鹄鹏鹓鹭麒麟黛黼鼐龑龢"

// common holds Latin, punctuation, full-width forms, the 6,763 characters of
// GB 2312 and frequent characters of names.
var common = sync.OnceValue(func() map[rune]bool {
	set := map[rune]bool{}
	for _, block := range [][2]rune{{0x20, 0x17F}, {0x2000, 0x206F}, {0x2190, 0x2193}, {0x2460, 0x2473}, {0x3000, 0x301F}, {0xFF00, 0xFFEE}} {
		for r := block[0]; r <= block[1]; r++ {
			set[r] = true
		}
	}
	for _, r := range nameRunes {
		set[r] = true
	}
	decoder := simplifiedchinese.GBK.NewDecoder()
	for hi := byte(0xA1); hi <= 0xF7; hi++ {
		for lo := byte(0xA1); lo <= 0xFE; lo++ {
			if s, err := decoder.Bytes([]byte{hi, lo}); err == nil {
				for _, r := range string(s) {
					set[r] = r != '\uFFFD'
				}
			}
		}
	}
	return set
})

func isCommon(r rune) bool { return common()[r] }

func commonRunes() string {
	var b strings.Builder
	for _, r := range slices.Sorted(maps.Keys(common())) {
		b.WriteRune(r)
	}
	return b.String()
}

// drawable replaces what the font cannot draw by a marked substitute with the
// code point, 〔U+20BB7〕: the character stays in the JSON, and nobody reads a
// wrong name. The PDF library cannot take characters above U+FFFF at all.
func (f faces) drawable(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n' || r == '\t':
			b.WriteRune(' ')
		case r > 0xFFFF || !f.regular.has[r] || !f.bold.has[r]:
			fmt.Fprintf(&b, "〔U+%04X〕", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

var errCmap = errors.New("no character map of format 4")

// readCmap lists the characters a TrueType font maps (OpenType, table "cmap",
// format 4: the one the PDF library uses too).
func readCmap(font []byte) (map[rune]bool, error) {
	cmap, ok := tableOf(font, "cmap")
	if !ok || len(cmap) < 4 {
		return nil, errCmap
	}
	for i := range int(binary.BigEndian.Uint16(cmap[2:])) {
		if 12+8*i > len(cmap) {
			return nil, errCmap
		}
		at := int(binary.BigEndian.Uint32(cmap[8+8*i:]))
		if at+14 <= len(cmap) && binary.BigEndian.Uint16(cmap[at:]) == 4 {
			return readSegments(cmap[at:])
		}
	}
	return nil, errCmap
}

func tableOf(font []byte, tag string) ([]byte, bool) {
	if len(font) < 12 {
		return nil, false
	}
	for i := range int(binary.BigEndian.Uint16(font[4:])) {
		entry := 12 + 16*i
		if entry+16 > len(font) {
			return nil, false
		}
		from, size := int(binary.BigEndian.Uint32(font[entry+8:])), int(binary.BigEndian.Uint32(font[entry+12:]))
		if string(font[entry:entry+4]) == tag && from+size <= len(font) {
			return font[from : from+size], true
		}
	}
	return nil, false
}

func readSegments(t []byte) (map[rune]bool, error) {
	double := int(binary.BigEndian.Uint16(t[6:])) // twice the number of segments
	if len(t) < 16+4*double {
		return nil, errCmap
	}
	u16 := func(at int) int {
		if at < 0 || at+2 > len(t) {
			return 0
		}
		return int(binary.BigEndian.Uint16(t[at:]))
	}
	set := map[rune]bool{}
	for i := 0; i < double; i += 2 {
		end, start := u16(14+i), u16(16+double+i)
		delta, offsetAt := u16(16+2*double+i), 16+3*double+i
		for r := start; r <= end && r < 0xFFFF; r++ {
			glyph := r
			if offset := u16(offsetAt); offset != 0 {
				if glyph = u16(offsetAt + offset + 2*(r-start)); glyph == 0 {
					continue
				}
			}
			if (glyph+delta)&0xFFFF != 0 {
				set[rune(r)] = true //nolint:gosec // below 0xFFFF
			}
		}
	}
	return set, nil
}
