package seal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	maxDepth  = 64
	maxLeaves = 1 << 20
)

func sameLeaves(a, b []leaf) bool {
	byPath := func(x, y leaf) int { return strings.Compare(x.path, y.path) }
	a, b = slices.Clone(a), slices.Clone(b)
	slices.SortFunc(a, byPath)
	slices.SortFunc(b, byPath)
	return slices.Equal(a, b)
}

// leaves reads a JSON document strictly.
func leaves(doc []byte) ([]leaf, error) {
	// encoding/json would quietly replace broken UTF-8, and its token reader
	// checks less of the syntax than Valid does.
	if !utf8.Valid(doc) || !json.Valid(doc) {
		return nil, fmt.Errorf("%w: not one JSON value in UTF-8", ErrMalformed)
	}
	w := walker{dec: json.NewDecoder(bytes.NewReader(doc))}
	w.dec.UseNumber()
	if err := w.value("", ""); err != nil {
		return nil, fmt.Errorf("%w: JSON: %w", ErrMalformed, err)
	}
	return w.leaves, nil
}

type walker struct {
	dec    *json.Decoder
	leaves []leaf
}

func (w *walker) value(path, shape string) error {
	token, err := w.dec.Token()
	if err != nil {
		return err
	}
	l := leaf{path: path, shape: shape}
	switch t := token.(type) {
	case json.Delim:
		if len(shape) == maxDepth {
			return errors.New("nested too deeply")
		}
		if t == '{' {
			return w.object(path, shape)
		}
		return w.array(path, shape)
	case string:
		l.kind, l.value = "string", t
	case json.Number:
		l.kind, l.value = "number", t.String()
	case bool:
		l.kind, l.value = "bool", strconv.FormatBool(t)
	default:
		l.kind = "null"
	}
	return w.add(l)
}

func (w *walker) object(path, shape string) error {
	seen := map[string]bool{}
	for w.dec.More() {
		token, err := w.dec.Token()
		if err != nil {
			return err
		}
		name, ok := token.(string)
		if !ok || seen[name] {
			return errors.New("an object has the same member twice")
		}
		seen[name] = true
		if err := w.value(path+"/"+escape(name), shape+"o"); err != nil {
			return err
		}
	}
	return w.end(len(seen), leaf{path: path, shape: shape, kind: "object"})
}

func (w *walker) array(path, shape string) error {
	n := 0
	for ; w.dec.More(); n++ {
		if err := w.value(path+"/"+strconv.Itoa(n), shape+"a"); err != nil {
			return err
		}
	}
	return w.end(n, leaf{path: path, shape: shape, kind: "array"})
}

// end reads the closing bracket; a container without members is a leaf.
func (w *walker) end(members int, empty leaf) error {
	if _, err := w.dec.Token(); err != nil {
		return err
	}
	if members > 0 {
		return nil
	}
	return w.add(empty)
}

func (w *walker) add(l leaf) error {
	if len(w.leaves) == maxLeaves {
		return errors.New("too many values")
	}
	w.leaves = append(w.leaves, l)
	return nil
}

func escape(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}
