package connector

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// maxNodes is more elements and attributes than any department sends about a
// batch. It bounds the memory that an answer of many tiny elements takes.
const maxNodes = 200_000

// Errors of parseXML. None quotes the text.
var (
	errXML   = errors.New("the answer is not XML")
	errType  = errors.New("the answer is a web page, or has a document type: nothing with entities of its own is read")
	errNodes = errors.New("the answer has more elements than any department sends")
	errAttr  = errors.New("the answer has an attribute twice in one element")
)

// Namespaces whose attributes say how something was sent, and nothing about it.
const (
	schemaSpace   = "http://www.w3.org/2001/XMLSchema-instance"
	soap11Space   = "http://schemas.xmlsoap.org/soap/envelope/"
	soap12Space   = "http://www.w3.org/2003/05/soap-envelope"
	encodingSpace = "http://schemas.xmlsoap.org/soap/encoding/"
)

// element is an element while it is read.
type element struct {
	name   xml.Name
	object map[string]any
	text   strings.Builder
	null   bool // xsi:nil
}

// parseXML reads one document, which is UTF-8 by now, into the tree that JSON
// with the same content has: an object with the root element as its only key.
// Names lose their prefix, elements of one name are a list, attributes have an @
// before their name, and a text beside attributes or elements is "#text". It
// opens nothing, and knows no entities but the five of XML itself.
func parseXML(text []byte) (any, error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if !utf8.Valid(text) {
		return nil, errUTF8
	}
	dec := xml.NewDecoder(bytes.NewReader(text))
	dec.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // decoded already
	top := &element{object: map[string]any{}}
	stack := []*element{top}
	nodes := 0
	for {
		t, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, errXML
		}
		in := stack[len(stack)-1]
		switch t := t.(type) {
		case xml.Directive:
			return nil, errType
		case xml.StartElement:
			if in == top && len(top.object) > 0 {
				return nil, errXML // a second root
			}
			if nodes += 1 + len(t.Attr); nodes > maxNodes {
				return nil, errNodes
			}
			if len(stack) > maxDepth {
				return nil, errDepth
			}
			inner, err := opened(t)
			if err != nil {
				return nil, err
			}
			stack = append(stack, inner)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
			stack[len(stack)-1].add(in.name.Local, in.value())
		case xml.CharData:
			if in == top && len(bytes.TrimSpace(t)) > 0 {
				return nil, errXML
			}
			in.text.Write(t)
		}
	}
	if len(stack) != 1 || len(top.object) != 1 {
		return nil, errXML
	}
	return top.object, nil
}

func opened(t xml.StartElement) (*element, error) {
	e := &element{name: t.Name, object: map[string]any{}}
	seen := map[xml.Name]bool{}
	for _, a := range t.Attr {
		if seen[a.Name] {
			return nil, errAttr
		}
		seen[a.Name] = true
		switch {
		case a.Name.Space == schemaSpace && a.Name.Local == "nil":
			e.null = a.Value == "true" || a.Value == "1"
		case a.Name.Space == "xmlns", a.Name.Space == "" && a.Name.Local == "xmlns",
			a.Name.Space == schemaSpace, a.Name.Space == encodingSpace, a.Name.Space == soap11Space, a.Name.Space == soap12Space:
		default:
			e.add("@"+a.Name.Local, a.Value)
		}
	}
	return e, nil
}

// add puts v under key: alone, or into the list of those that were there before.
func (e *element) add(key string, v any) {
	before, twice := e.object[key]
	list, many := before.([]any)
	switch {
	case !twice:
		e.object[key] = v
	case many:
		e.object[key] = append(list, v)
	default:
		e.object[key] = []any{before, v}
	}
}

// value is what the element is in the tree.
func (e *element) value() any {
	text := e.text.String()
	if strings.TrimFunc(text, blankRune) == "" {
		text = "" // blanks between elements, or nothing
	}
	switch {
	case e.null && text == "" && len(e.object) == 0:
		return nil
	case len(e.object) == 0:
		return text
	case text != "":
		e.add("#text", text)
	}
	return e.object
}

// hollow reports whether v is an element in which no other element stands.
func hollow(v any) bool {
	switch v := v.(type) {
	case string:
		return strings.TrimFunc(v, blankRune) == ""
	case map[string]any:
		for key := range v {
			if !strings.HasPrefix(key, "@") {
				return false
			}
		}
		return true
	}
	return false
}

// unescapable reports whether s holds a character that XML cannot carry.
func unescapable(s string) bool {
	return !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == '\ufffe' || r == '\uffff' || r == utf8.RuneError
	})
}

// escapeXML writes s as a text or the value of an attribute.
func escapeXML(s string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(s)); err != nil { // a Builder takes everything
		return ""
	}
	return b.String()
}
