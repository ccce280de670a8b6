package connector

import (
	"strconv"

	"hedui/source"
)

// meaning reads a meaning; words, if given, limit what it may be.
func (l *loader) meaning(o object, key string, otherwise meaning, words ...string) meaning {
	p, ok := o.get(key)
	if !ok {
		return otherwise
	}
	return l.meaningAt(p, words...)
}

func (l *loader) meaningAt(p place, words ...string) meaning {
	s, ok := l.text(p)
	if !ok {
		return meaning{}
	}
	m, err := parseMeaning(s)
	if err != nil {
		l.bad(p, "%v", err)
		return meaning{}
	}
	for _, w := range words {
		if m.word == w {
			return m
		}
	}
	if len(words) > 0 {
		l.bad(p, "%s", choice(m.word, words))
	}
	return m
}

func (l *loader) httpCodes(o object) map[int]meaning {
	p, ok := o.get("http")
	if !ok {
		return nil
	}
	codes := l.object(p)
	all := make(map[int]meaning, len(codes.keys))
	for _, key := range codes.keys {
		code, err := strconv.Atoi(key)
		if err != nil || code < 200 || code > 599 {
			l.bad(codes.values[key], "is no HTTP status; use a number from 200 to 599")
			continue
		}
		all[code] = l.meaningAt(codes.values[key])
	}
	return all
}

func (l *loader) statuses(o object) []status {
	p, ok := o.get("status")
	if !ok {
		return nil
	}
	var all []status
	for _, one := range l.list(p) {
		s := l.object(one, "at", "codes", "other", "absent")
		st := status{
			at:     l.required(s, "at", "write the path of the code"),
			other:  l.meaning(s, "other", failed(source.ReasonUnknownCode)),
			absent: l.meaning(s, "absent", failed(source.ReasonIncomplete)),
			codes:  map[string]meaning{},
		}
		if p, ok := l.need(s, "codes", `say what the codes mean, such as {"0": ok, "1": none}`); ok {
			codes := l.object(p)
			for _, key := range codes.keys {
				st.codes[key] = l.meaningAt(codes.values[key])
			}
		}
		st.fault = l.cfg.reading.soap && o.field == "answer" && st.at.atFault()
		for _, m := range st.codes {
			if st.fault && m.ok() {
				l.bad(one, "a fault is never ok; say what becomes of the query, such as refused, down or failed/malformed")
				break
			}
		}
		all = append(all, st)
	}
	return all
}

// meansLater reports whether a code of the whole answer or of an entry means later.
func (r *reading) meansLater() bool {
	all := r.status
	if r.persons != nil {
		all = append(all[:len(all):len(all)], r.persons.status...)
	}
	for _, m := range r.http {
		if m.word == "later" {
			return true
		}
	}
	for _, s := range all {
		if s.other.word == "later" || s.absent.word == "later" {
			return true
		}
		for _, m := range s.codes {
			if m.word == "later" {
				return true
			}
		}
	}
	return false
}
