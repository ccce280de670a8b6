package storetest

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// Forms are the ways in which a secret may stand in a file or a dump: as it is, where
// it is text in UTF-16 and GB 18030 too; each of these in base 64, whatever stands
// before it, and in hexadecimal; and all of that in hexadecimal once more, as PostgreSQL
// prints bytes.
func Forms(secret []byte) [][]byte {
	encoded := [][]byte{secret}
	if text := string(secret); utf8.ValidString(text) {
		var little, big []byte
		for _, unit := range utf16.Encode([]rune(text)) {
			little, big = append(little, byte(unit), byte(unit>>8)), append(big, byte(unit>>8), byte(unit))
		}
		encoded = append(encoded, little, big)
		if gb, err := simplifiedchinese.GB18030.NewEncoder().Bytes(secret); err == nil && !bytes.Equal(gb, secret) {
			encoded = append(encoded, gb)
		}
	}
	var forms [][]byte
	for _, e := range encoded {
		forms = append(forms, e)
		for before := range 3 {
			padded := append(make([]byte, before), e...)
			from, until := (before*8+5)/6, len(padded)*8/6 // what neighbours have no part in
			forms = append(forms, []byte(base64.RawStdEncoding.EncodeToString(padded))[from:until])
			if url := []byte(base64.RawURLEncoding.EncodeToString(padded))[from:until]; !bytes.Equal(url, forms[len(forms)-1]) {
				forms = append(forms, url)
			}
		}
		lower := []byte(hex.EncodeToString(e))
		forms = append(forms, lower, bytes.ToUpper(lower))
	}
	for _, f := range forms[:len(forms):len(forms)] {
		forms = append(forms, []byte(hex.EncodeToString(f)))
	}
	return forms
}
