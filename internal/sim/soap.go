package sim

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
)

const (
	soapSpace     = "http://schemas.xmlsoap.org/soap/envelope/"
	securitySpace = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
)

// A node is one element of a message as it came.
type node struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Children []node     `xml:",any"`
	Text     string     `xml:",chardata"`
}

func (n node) child(space, name string) (node, bool) {
	i := slices.IndexFunc(n.Children, func(c node) bool {
		return c.XMLName.Local == name && (space == "*" || c.XMLName.Space == space)
	})
	if i < 0 {
		return node{}, false
	}
	return n.Children[i], true
}

// object is the element as an object: each child that holds children is one, or
// a list of them.
func (n node) object() object {
	o := object{}
	for _, c := range n.Children {
		name := c.XMLName.Local
		var v any = strings.TrimSpace(c.Text)
		if len(c.Children) > 0 {
			v = map[string]any(c.object())
		}
		before, twice := o[name]
		switch list, many := before.([]any); {
		case many:
			o[name] = append(list, v)
		case twice:
			o[name] = []any{before, v}
		default:
			o[name] = v
		}
	}
	return o
}

// several returns the objects under key, also where there is only one.
func (o object) several(key string) []object {
	if one := o.at(key); one != nil {
		return []object{one}
	}
	return o.list(key)
}

// readSOAP takes an envelope of version 1.1 in GBK, with the action that says the
// same as the element in its body. The user name token stands under "token".
func readSOAP(r *http.Request, body []byte) (object, error) {
	if kind := strings.ToLower(r.Header.Get("Content-Type")); !strings.HasPrefix(kind, "text/xml") || !strings.Contains(kind, "charset=gbk") {
		return nil, errors.New("sim: not text/xml in GBK")
	}
	dec := xml.NewDecoder(bytes.NewReader(body))
	dec.CharsetReader = func(charset string, in io.Reader) (io.Reader, error) {
		if !strings.EqualFold(charset, "gbk") {
			return nil, errors.New("sim: not GBK")
		}
		return simplifiedchinese.GBK.NewDecoder().Reader(in), nil
	}
	var envelope node
	if err := dec.Decode(&envelope); err != nil {
		return nil, err
	}
	content, ok := envelope.child(soapSpace, "Body")
	if envelope.XMLName != (xml.Name{Space: soapSpace, Local: "Envelope"}) || !ok || len(content.Children) != 1 {
		return nil, errors.New("sim: no envelope")
	}
	call := content.Children[0]
	if r.Header.Get("SOAPAction") != `"urn:ga:`+call.XMLName.Local+`"` {
		return nil, errors.New("sim: another action")
	}
	in := call.object()
	in["call"] = call.XMLName.Local
	head, _ := envelope.child(soapSpace, "Header")
	security, _ := head.child(securitySpace, "Security")
	token, _ := security.child(securitySpace, "UsernameToken")
	out := token.object()
	if password, ok := token.child(securitySpace, "Password"); ok {
		for _, a := range password.Attrs {
			_, kind, _ := strings.Cut(a.Value, "#")
			out["PasswordType"] = kind
		}
	}
	in["token"] = map[string]any(out)
	return in, nil
}

// An entry is one element to write: a text, or elements.
type entry struct {
	name string
	v    any // string, object, []object or []entry
}

// markup writes elements; the keys of an object in the order of the alphabet.
func markup(entries ...entry) string {
	var b strings.Builder
	for _, e := range entries {
		switch v := e.v.(type) {
		case []object: // each in an element of its own
			for _, one := range v {
				b.WriteString(markup(entry{e.name, one}))
			}
			continue
		case nil:
			continue
		case object:
			var inner []entry
			for key, value := range v {
				inner = append(inner, entry{key, value})
			}
			slices.SortFunc(inner, func(a, b entry) int { return strings.Compare(a.name, b.name) })
			fmt.Fprintf(&b, "<%s>%s</%[1]s>", e.name, markup(inner...))
		case []entry:
			fmt.Fprintf(&b, "<%s>%s</%[1]s>", e.name, markup(v...))
		default:
			fmt.Fprintf(&b, "<%s>%s</%[1]s>", e.name, escape(fmt.Sprint(v)))
		}
	}
	return b.String()
}

func escape(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder takes everything
	return b.String()
}

// replySOAP sends the content of a body in GBK; what GBK does not know goes as a
// number.
func replySOAP(w http.ResponseWriter, status int, content string) {
	text := `<?xml version="1.0" encoding="GBK"?>` + "\n" + `<soapenv:Envelope xmlns:soapenv="` + soapSpace +
		`" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"><soapenv:Body>` + content + "</soapenv:Body></soapenv:Envelope>"
	w.Header().Set("Content-Type", "text/xml; charset=GBK")
	w.WriteHeader(status)
	out := encoding.HTMLEscapeUnsupported(simplifiedchinese.GBK.NewEncoder()).Writer(w)
	_, _ = io.WriteString(out, text)
}

// soapFault sends a fault, which SOAP 1.1 does with HTTP 500.
func soapFault(w http.ResponseWriter, code, text string) {
	replySOAP(w, http.StatusInternalServerError, `<soapenv:Fault xmlns:wsse="`+securitySpace+`">`+markup(entry{"faultcode", code}, entry{"faultstring", text})+"</soapenv:Fault>")
}

// soapBreakage is half an envelope, and the fault of a program that fell over.
var soapBreakage = breakage{
	crash: func(w http.ResponseWriter) {
		soapFault(w, "soapenv:Server", "java.lang.NullPointerException")
	},
	half: func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "text/xml; charset=GBK")
		_, _ = w.Write([]byte(`<?xml version="1.0" encoding="GBK"?><soapenv:Envelope xmlns:soapenv="` + soapSpace + `"><soapenv:Body><plcxResponse><head><fhdm>0000</fhdm></head><body><jg><xm>`))
	},
}
