package exchange

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"
	"unicode/utf8"
)

// instant is a time in JSON: UTC, to the millisecond, in one spelling.
type instant struct{ time.Time }

const instantForm = "2006-01-02T15:04:05.000Z"

// MarshalJSON hides that of time.Time.
func (i instant) MarshalJSON() ([]byte, error) {
	return i.UTC().AppendFormat(nil, `"`+instantForm+`"`), nil
}

// UnmarshalJSON hides that of time.Time.
func (i *instant) UnmarshalJSON(data []byte) error {
	t, err := time.Parse(`"`+instantForm+`"`, string(data))
	if err != nil || t.Format(`"`+instantForm+`"`) != string(data) {
		return errors.New("not an instant")
	}
	i.Time = t
	return nil
}

func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, errors.New("exchange: encode: value has no JSON form") // the cause may quote it
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// decodeJSON reads strictly: one value in UTF-8, every member known and once, in
// its own spelling, optional members left out rather than empty. White space,
// the order of members and escapes in texts are free. No error quotes the data.
func decodeJSON(data []byte, into any) error {
	bad := fmt.Errorf("%w: not the JSON expected", ErrMalformed)
	if !utf8.Valid(data) {
		return bad
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if dec.Decode(into) != nil {
		return bad
	}
	again, err := encodeJSON(into)
	if err != nil {
		return bad
	}
	if bytes.Equal(data, again) { // as this package writes it
		return nil
	}
	// encoding/json overlooks members that come twice, are empty or are
	// capitalised; what it made of the data must say the same as the data.
	given, err1 := plain(data)
	understood, err2 := plain(again)
	if err1 != nil || err2 != nil || !reflect.DeepEqual(given, understood) {
		return bad
	}
	return nil
}

// plain reads one JSON value as maps, slices, texts and numbers as written.
func plain(data []byte) (any, error) {
	if !json.Valid(data) {
		return nil, ErrMalformed
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	return plainValue(dec, 0)
}

func plainValue(dec *json.Decoder, depth int) (any, error) {
	token, err := dec.Token()
	if err != nil || depth > 16 {
		return nil, ErrMalformed
	}
	switch token {
	case json.Delim('{'):
		object := map[string]any{}
		for dec.More() {
			name, err := dec.Token()
			key, ok := name.(string)
			if _, twice := object[key]; err != nil || !ok || twice {
				return nil, ErrMalformed
			}
			if object[key], err = plainValue(dec, depth+1); err != nil {
				return nil, err
			}
		}
		_, err = dec.Token()
		return object, err
	case json.Delim('['):
		array := []any{}
		for dec.More() {
			value, err := plainValue(dec, depth+1)
			if err != nil {
				return nil, err
			}
			array = append(array, value)
		}
		_, err = dec.Token()
		return array, err
	}
	return token, nil
}
