package idcard

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html/template"
	"log/slog"
	"strings"
	"testing"
)

const clear, masked = "33020019680101001X", "3302************1X"

// leaks reports whether text holds the number, in clear or in hexadecimal.
func leaks(text string) bool {
	lower := strings.ToLower(text)
	return strings.Contains(text, clear[6:14]) || strings.Contains(lower, fmt.Sprintf("%x", clear[6:14]))
}

type holder struct {
	Open   Number
	closed Number
	list   []Number
	byNum  map[Number]string
	point  *Number
	any    any
}

func holders(n Number) map[string]any {
	h := holder{n, n, []Number{n}, map[Number]string{n: "x"}, &n, n}
	return map[string]any{
		"value": n, "pointer": &n, "slice": []Number{n}, "array": [1]Number{n}, "map value": map[string]Number{"k": n},
		"map key": map[Number]int{n: 1}, "struct": h, "pointer to struct": &h, "slice of structs": []holder{h},
		"unexported only": struct{ n Number }{n}, "nested": struct{ h *holder }{&h}, "error": fmt.Errorf("about %v", n),
		"func": func() Number { return n }, "interface": []any{n, &n},
	}
}

func TestEveryVerbIsMasked(t *testing.T) {
	n := must(t, clear)
	for _, verb := range "vsqxXdcbeEfgGoOUtTpw" {
		for _, flags := range []string{"", "+", "#", "-", " ", "0", "40", ".3", "+#40"} {
			format := "%" + flags + string(verb)
			for name, v := range holders(n) {
				if got := fmt.Sprintf(format, v); leaks(got) {
					t.Errorf("%s of %s leaks: %s", format, name, got)
				}
			}
		}
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if got := fmt.Sprintf(format, n); got != masked {
			t.Errorf("%s = %s, want %s", format, got, masked)
		}
	}
	if n.String() != masked || n.GoString() != masked || fmt.Sprint(n) != masked || n.Masked() != masked {
		t.Error("String, GoString, Sprint and Masked differ")
	}
}

func TestLogsAreMasked(t *testing.T) {
	n := must(t, clear)
	var out bytes.Buffer
	for name, h := range map[string]slog.Handler{
		"text": slog.NewTextHandler(&out, nil), "json": slog.NewJSONHandler(&out, nil),
	} {
		out.Reset()
		log := slog.New(h)
		log.Info("one", "number", n)
		if !strings.Contains(out.String(), masked) {
			t.Errorf("%s: got %s, want the masked form", name, &out)
		}
		for key, v := range holders(n) {
			log.With(key, v).WithGroup("g").Info("many", slog.Any(key, v))
		}
		if leaks(out.String()) {
			t.Errorf("%s log leaks: %s", name, &out)
		}
	}
}

func TestMarshallingIsRefused(t *testing.T) {
	n := must(t, clear)
	type wrapped struct{ N Number }
	for name, v := range map[string]any{"plain": n, "pointer": &n, "wrapped": wrapped{n}, "map key": map[Number]int{n: 1}} {
		if b, err := json.Marshal(v); err == nil || leaks(err.Error()) || leaks(string(b)) {
			t.Errorf("json of %s gave %s, %v", name, b, err)
		}
		var out bytes.Buffer
		if err := gob.NewEncoder(&out).Encode(v); err == nil || leaks(err.Error()) || leaks(out.String()) {
			t.Errorf("gob of %s gave %d bytes, %v", name, out.Len(), err)
		}
		if b, err := xml.Marshal(v); err == nil || leaks(err.Error()) || leaks(string(b)) {
			t.Errorf("xml of %s gave %s, %v", name, b, err)
		}
	}
	if _, err := n.MarshalText(); err == nil {
		t.Error("MarshalText does not refuse")
	}
	if _, err := n.MarshalBinary(); err == nil {
		t.Error("MarshalBinary does not refuse")
	}
	if b, _ := json.Marshal(struct{ n Number }{n}); leaks(string(b)) {
		t.Errorf("json of an unexported field leaks: %s", b)
	}
}

func TestTemplatesAreMasked(t *testing.T) {
	var out bytes.Buffer
	page := template.Must(template.New("").Parse(`<a title="{{.}}" href="/{{.}}">{{.}}</a>{{printf "%q" .}}`))
	if err := page.Execute(&out, must(t, clear)); err != nil {
		t.Fatal(err)
	}
	if leaks(out.String()) || !strings.Contains(out.String(), masked) {
		t.Errorf("got %s", &out)
	}
}

func TestNothingLeaksThroughReadingJSON(t *testing.T) {
	var n Number
	err := json.Unmarshal([]byte(`"`+clear+`"`), &n)
	if err == nil || leaks(err.Error()) || !n.IsZero() {
		t.Errorf("reading a number from JSON gave %v, %v", n, err)
	}
}
