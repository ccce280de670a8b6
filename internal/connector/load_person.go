package connector

import (
	"hedui/day"
	"hedui/idcard"
	"hedui/source"
)

// sexes are those of GB/T 2261.1, for a register that has no codes of its own.
var sexes = map[string]idcard.Sex{"1": idcard.Male, "2": idcard.Female, "男": idcard.Male, "女": idcard.Female}

// person reads where a record says whose it is.
func (l *loader) person(o object) {
	w := &l.cfg.reading.whose
	w.checked = source.MatchID
	p, ok := o.get("person")
	if !ok {
		return
	}
	in := l.object(p, "id", "former_id", "name", "other_names", "birth", "sex", "checked")
	w.id, w.formerID, w.name = l.optional(in, "id"), l.optional(in, "former_id"), l.optional(in, "name")
	if at, ok := in.get("other_names"); ok {
		for _, one := range l.list(at) {
			if at := l.path(one); at != nil {
				w.others = append(w.others, *at)
			}
		}
	}
	if at, ok := in.get("birth"); ok {
		l.birth(at)
	}
	if at, ok := in.get("sex"); ok {
		l.sex(at)
	}
	w.checked = source.Match(l.word(in, "checked", string(source.MatchID), string(source.MatchIDName)))
	l.checkPerson(in)
}

// checkPerson finds keys that have no use without others.
func (l *loader) checkPerson(in object) {
	for _, need := range []struct{ key, other, why string }{
		{"former_id", "id", "a former number stands beside the present one"},
		{"other_names", "name", "other names stand beside the present one"},
		{"birth", "name", "without a number, name and birthday must both agree"},
		{"sex", "birth", "it is looked at where there is no number"},
	} {
		p, given := in.get(need.key)
		if _, ok := in.get(need.other); given && !ok {
			l.bad(p, "needs person.%s: %s", need.other, need.why)
		}
	}
}

func (l *loader) birth(p place) {
	w := &l.cfg.reading.whose
	w.layout = []layout{"2006-01-02"}
	if _, short := scalar(p.node); short {
		w.birth = l.path(p)
		return
	}
	in := l.object(p, "at", "format")
	at := l.required(in, "at", "write where the birthday stands")
	w.birth = &at
	if f, ok := in.get("format"); ok {
		w.layout = l.layouts(f)
	}
}

func (l *loader) sex(p place) {
	w := &l.cfg.reading.whose
	w.sexes = sexes
	if _, short := scalar(p.node); short {
		w.sex = l.path(p)
		return
	}
	in := l.object(p, "at", "codes")
	at := l.required(in, "at", "write where the sex stands")
	w.sex = &at
	codes, ok := l.need(in, "codes", `say what the codes mean, such as {"1": male, "0": female}`)
	if !ok {
		return
	}
	w.sexes = map[string]idcard.Sex{}
	all := l.object(codes)
	for _, key := range all.keys {
		switch l.word(all, key, "male", "female") {
		case "male":
			w.sexes[key] = idcard.Male
		case "female":
			w.sexes[key] = idcard.Female
		}
	}
}

// readDay reads a day in one of the layouts.
func readDay(layouts []layout, s string) (day.Day, bool) {
	t, ok := readTime(layouts, s)
	if !ok {
		return day.Day{}, false
	}
	return day.Of(t), true
}
