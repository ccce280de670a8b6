package store

import (
	"encoding/json"
	"strings"

	"hedui/catalog"
)

// Answers are the bulk of what is read, so they have a reader of their own. It knows
// only what [json.Marshal] writes of an answerBody without anything escaped; all else
// goes to package json. Texts are parts of one string, not each its own.

func readAnswer(plain []byte) (answerBody, error) {
	if body, ok := readPlainAnswer(string(plain)); ok {
		return body, nil
	}
	var body answerBody
	err := json.Unmarshal(plain, &body)
	return body, err
}

func readPlainAnswer(text string) (body answerBody, ok bool) {
	r := plainReader{text: text}
	if strings.Contains(text, `\`) || !r.skip(`{`) {
		return body, false
	}
	if r.skip(`"hash":`) {
		body.Hash = r.quoted()
		r.skip(`,`)
	}
	if r.skip(`"records":[`) {
		body.Records = r.records()
		r.skip(`,`)
	}
	if r.skip(`"allowed":`) {
		r.bad = r.bad || body.Allowed.UnmarshalText([]byte(r.quoted())) != nil
	}
	return body, r.skip(`}`) && r.text == "" && !r.bad
}

// plainReader takes a text from its beginning; bad means that it is not as expected.
type plainReader struct {
	text string
	bad  bool
}

func (r *plainReader) skip(what string) bool {
	rest, ok := strings.CutPrefix(r.text, what)
	r.text = rest
	return ok
}

func (r *plainReader) quoted() string {
	end := -1
	if r.skip(`"`) {
		end = strings.IndexByte(r.text, '"')
	}
	if end < 0 {
		r.bad = true
		return ""
	}
	s := r.text[:end]
	r.text = r.text[end+1:]
	return s
}

func (r *plainReader) records() []catalog.Record {
	var list []catalog.Record
	fields := 0
	for !r.bad && !r.skip(`]`) {
		r.bad = len(list) > 0 && !r.skip(`,`) || !r.skip(`{`)
		record := make(catalog.Record, fields)
		for !r.bad && !r.skip(`}`) {
			r.bad = len(record) > 0 && !r.skip(`,`)
			name := r.quoted()
			r.bad = r.bad || !r.skip(`:`)
			record[name] = r.quoted()
		}
		fields = len(record)
		list = append(list, record)
	}
	return list
}
