package connector

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// charsets are the encodings that departments write in, by the names that the
// source file and an XML declaration have for them. GB 18030 reads what GBK and
// GB 2312 write.
var charsets = map[string]encoding.Encoding{
	"gb18030": simplifiedchinese.GB18030, "gbk": simplifiedchinese.GB18030, "gb2312": simplifiedchinese.GB18030,
	"utf-8": encoding.Nop, "utf8": encoding.Nop, "us-ascii": encoding.Nop,
}

// encodingForm finds the encoding in a declaration.
var encodingForm = regexp.MustCompile(`\sencoding\s*=\s*["']([A-Za-z0-9._-]+)["']`)

var (
	errCharset = errors.New("the answer is in an encoding that is not known; it can be UTF-8, GBK or GB 18030")
	errGB      = errors.New("the answer is not in the encoding that it should be in")
	errForeign = errors.New("a value cannot be written in the encoding of the call")
)

// decodeText makes UTF-8 of what a department sent. A byte that the encoding does
// not know spoils the whole: a name with a hole would be another name.
func decodeText(body []byte, charset string) ([]byte, error) {
	from, known := charsets[strings.ToLower(charset)]
	switch {
	case !known:
		return nil, errCharset
	case from == encoding.Nop:
		if !utf8.Valid(body) {
			return nil, errUTF8
		}
		return body, nil
	}
	text, ok := decodeGB(body)
	if !ok {
		return nil, errGB
	}
	return text, nil
}

// decodeGB is GB 18030 with its areas for home-made characters, which x/text does
// not know: they become those of Unicode's private area, so that an address with
// one can be read, and a name with one agrees with no other.
func decodeGB(body []byte) ([]byte, bool) {
	var out []byte
	start := 0
	flush := func(end int) bool {
		text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(body[start:end])
		out = append(out, text...)
		return err == nil && !bytes.ContainsRune(text, utf8.RuneError)
	}
	for i := 0; i < len(body); {
		switch {
		case body[i] < 0x81 || i+1 == len(body):
			i++
			continue
		case body[i+1] >= '0' && body[i+1] <= '9':
			i += 4
			continue
		}
		if own := homeMade(body[i], body[i+1]); own != 0 {
			if !flush(i) {
				return nil, false
			}
			out = utf8.AppendRune(out, own)
			start = i + 2
		}
		i += 2
	}
	return out, flush(len(body))
}

// homeMade returns the private character of two bytes in one of the three
// user-defined areas, or 0.
func homeMade(lead, trail byte) rune {
	row, cell := rune(lead), rune(trail)
	switch {
	case lead >= 0xaa && lead <= 0xaf && trail >= 0xa1 && trail != 0xff:
		return firstPrivate + (row-0xaa)*94 + cell - 0xa1
	case lead >= 0xf8 && lead != 0xff && trail >= 0xa1 && trail != 0xff:
		return 0xe234 + (row-0xf8)*94 + cell - 0xa1
	case lead >= 0xa1 && lead <= 0xa7 && trail >= 0x40 && trail <= 0xa0 && trail != 0x7f:
		if trail > 0x7f {
			cell--
		}
		return 0xe4c6 + (row-0xa1)*96 + cell - 0x40
	}
	return 0
}

// The private characters that x/text writes as something else in GB 18030.
const firstPrivate, lastPrivate = 0xe000, 0xe864

// encodeText writes a call in the charset. What it cannot hold is written as a
// number in XML; elsewhere it is an error.
func encodeText(text, charset string, markup bool) ([]byte, error) {
	to := encoding.Encoding(simplifiedchinese.GB18030)
	switch charset {
	case "", "utf-8":
		return []byte(text), nil
	case "gbk":
		to = simplifiedchinese.GBK
	}
	enc := to.NewEncoder()
	if markup {
		enc = encoding.HTMLEscapeUnsupported(enc)
	}
	var b strings.Builder
	for _, r := range text {
		switch private := r >= firstPrivate && r <= lastPrivate; {
		case private && !markup:
			return nil, errForeign
		case private:
			fmt.Fprintf(&b, "&#%d;", r)
		default:
			b.WriteRune(r)
		}
	}
	body, err := enc.String(b.String())
	if err != nil {
		return nil, errForeign
	}
	return []byte(body), nil
}

// declared returns the encoding that the declaration of an XML document names.
func declared(body []byte) string {
	body = bytes.TrimLeft(body, " \t\r\n")
	end := bytes.Index(body[:min(len(body), 200)], []byte("?>"))
	if !bytes.HasPrefix(body, []byte("<?xml")) || end < 0 {
		return "utf-8"
	}
	if name := encodingForm.FindSubmatch(body[:end]); name != nil {
		return string(name[1])
	}
	return "utf-8"
}
