package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"hedui/internal/hedui"
)

// A number leads to its case, however it was typed; another one, or a case out of
// reach, is said not to be there, and nothing typed comes back in an address.
func TestANumberLeadsToItsCase(t *testing.T) {
	d, id := desk(t)
	reader, clerk := officer("r", hedui.ReadCases), officer("all", hedui.OpenCases)
	c, err := d.OwnCase(t.Context(), clerk, id)
	if err != nil {
		t.Fatal(err)
	}
	far := reader
	far.Division = "330100"
	spaced := "　" + c.Number[:6] + " " + strings.Map(func(r rune) rune { return r + 0xFEE0 }, c.Number[6:]) + " "
	for name, tt := range map[string]struct {
		o            hedui.Officer
		path, number string
		code         int
		want         string // in the address or on the page
	}{
		"as it is":           {reader, "/find", c.Number, http.StatusSeeOther, "/cases/" + id},
		"with spaces, wide":  {reader, "/find", spaced, http.StatusSeeOther, "/cases/" + id},
		"from another city":  {far, "/find", c.Number, http.StatusNotFound, "没有找到"},
		"a clerk's own":      {clerk, "/find/own", c.Number, http.StatusSeeOther, "/own/" + id},
		"another clerk's":    {officer("x", hedui.OpenCases), "/find/own", c.Number, http.StatusNotFound, "没有找到"},
		"an identity number": {reader, "/find", "330200197503030412", http.StatusUnprocessableEntity, "不是身份证号"},
		"a digit wrong":      {reader, "/find", c.Number[:len(c.Number)-1] + "x", http.StatusUnprocessableEntity, "每一位"},
		"nothing":            {clerk, "/find/own", " ", http.StatusUnprocessableEntity, "每一位"},
	} {
		t.Run(name, func(t *testing.T) {
			code, page, h := send(t, d, tt.o, true, http.MethodPost, tt.path, url.Values{"number": {tt.number}})
			if code != tt.code || !strings.Contains(page+h.Get("Location"), tt.want) || strings.Contains(page, "330200197503030412") {
				t.Errorf("got %d %s, want %d with %q", code, h.Get("Location"), tt.code, tt.want)
			}
		})
	}
}
