package book

import (
	"slices"
	"strings"
)

// A Change is an entry that differs between two sets of books. An empty side has
// no such entry.
type Change struct {
	Was, Is *Entry
	Keys    []string // what differs within the entry
}

// Changes lists the entries that differ, book by book.
func Changes(was, is *Library) []Change {
	var all []Change
	old := was.entries()
	for _, b := range is.Books {
		for _, e := range b.Entries {
			o := old[b.Name+" "+e.ID()]
			delete(old, b.Name+" "+e.ID())
			if o == nil {
				all = append(all, Change{Is: e})
			} else if keys := e.differs(o); len(keys) > 0 {
				all = append(all, Change{o, e, keys})
			}
		}
	}
	for _, b := range was.Books {
		for _, e := range b.Entries {
			if old[b.Name+" "+e.ID()] == e {
				all = append(all, Change{Was: e})
			}
		}
	}
	return all
}

func (l *Library) entries() map[string]*Entry {
	all := map[string]*Entry{}
	for _, b := range l.Books {
		for _, e := range b.Entries {
			all[b.Name+" "+e.ID()] = e
		}
	}
	return all
}

func (e *Entry) differs(o *Entry) []string {
	keys := e.Keys()
	for _, k := range o.Keys() {
		if !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	keys = slices.DeleteFunc(keys, func(k string) bool { return e.Says(k) == o.Says(k) })
	for what, same := range map[string]bool{"title": e.Title == o.Title, "clause": e.ClauseText() == o.ClauseText(), "override": e.Override == o.Override, "remove": e.Remove == o.Remove} {
		if !same {
			keys = append(keys, what)
		}
	}
	slices.Sort(keys)
	return keys
}

// Says is what the entry has under a key, in one text.
func (e *Entry) Says(key string) string {
	switch key {
	case "title":
		return e.Title.Zh + " / " + e.Title.En
	case "clause":
		return e.ClauseText()
	}
	if list := e.List(key); list != nil {
		return "[" + strings.Join(list, ", ") + "]"
	}
	return e.Text(key)
}

// Moved is what a case says by one set of books and not by the other: a line with - for
// what is gone, with + for what is new. None means that it comes out the same.
func Moved(c *Case, was, is *Library) []string {
	summary := func(l *Library) []string {
		o, err := c.Run(l, false)
		if err != nil {
			return []string{err.Error()}
		}
		return o.Summary()
	}
	a, b := summary(was), summary(is)
	var lines []string
	for _, l := range a {
		if !slices.Contains(b, l) {
			lines = append(lines, "- "+l)
		}
	}
	for _, l := range b {
		if !slices.Contains(a, l) {
			lines = append(lines, "+ "+l)
		}
	}
	return lines
}
