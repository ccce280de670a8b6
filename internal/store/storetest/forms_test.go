package storetest

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"testing"
	"unicode/utf16"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// A name is found however it was written down, wherever it stands.
func TestFormsFindANameInAnyCoat(t *testing.T) {
	name := "汪试验"
	gb, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(name))
	if err != nil {
		t.Fatal(err)
	}
	var little []byte
	for _, u := range utf16.Encode([]rune(name)) {
		little = append(little, byte(u), byte(u>>8))
	}
	coats := map[string][]byte{"UTF-8": []byte(name), "GB 18030": gb, "UTF-16": little, "hexadecimal": []byte(hex.EncodeToString([]byte(name))),
		"hexadecimal of GB 18030": []byte(fmt.Sprintf("%X", gb))}
	for before := range 4 {
		text := bytes.Repeat([]byte("x"), before)
		coats[fmt.Sprintf("base 64 after %d", before)] = []byte(base64.StdEncoding.EncodeToString(append(append(text, name...), "tail"...)))
		coats[fmt.Sprintf("base 64 for URLs of GB 18030 after %d", before)] = []byte(base64.URLEncoding.EncodeToString(append(append(text, gb...), "tail"...)))
	}
	coats["as PostgreSQL prints base 64"] = []byte(hex.EncodeToString([]byte(base64.StdEncoding.EncodeToString([]byte("ab" + name)))))
	for coat, text := range coats {
		if in := Holds(map[string][]byte{"file": slices.Concat([]byte("before "), text, []byte(" after"))}, []byte(name)); len(in) != 1 {
			t.Errorf("not found: %s", coat)
		}
	}
	if in := Holds(map[string][]byte{"file": []byte("李试验 330200")}, []byte(name)); len(in) != 0 {
		t.Errorf("found where it is not: %v", in)
	}
}
