package connector

import (
	"bytes"
	"errors"
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
	text, err := from.NewDecoder().Bytes(body)
	if err != nil || bytes.ContainsRune(text, utf8.RuneError) {
		return nil, errGB
	}
	return text, nil
}

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
	body, err := enc.String(text)
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
