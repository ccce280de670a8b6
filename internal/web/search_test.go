package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"hedui/day"
	"hedui/internal/audit"
	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
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
		"an identity number": {reader, "/find", "330200197503030412", http.StatusUnprocessableEntity, "事由"},
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

// An identity number finds a case for who works on it and says why, and for nobody else:
// what is said then is the same as for a number that nobody has.
func TestAnIdentityNumberFindsOwnWorkOnly(t *testing.T) {
	d, id := desk(t)
	number := storetest.ID(t, day.Must("1970-01-01"), 11).Reveal() // of the sealed case
	stranger := storetest.ID(t, day.Must("1944-04-04"), 77).Reveal()
	opener, worked := officer("all", hedui.OpenCases), officer("second", hedui.ReadCases)
	for name, tt := range map[string]struct {
		o                 hedui.Officer
		path, number, why string
		code              int
		want              string
	}{
		"who opened it":          {opener, "/find/own", number, "present", http.StatusSeeOther, "/own/" + id},
		"who reviewed it":        {worked, "/find", number, "work", http.StatusSeeOther, "/cases/" + id},
		"written wide":           {worked, "/find", wide(number), "work", http.StatusSeeOther, "/cases/" + id},
		"for whom it waits":      {officer("taker", hedui.ReadCases, hedui.CommissionCases), "/find", number, "work", http.StatusSeeOther, "/cases/" + id},
		"without a reason":       {worked, "/find", number, "", http.StatusUnprocessableEntity, "事由"},
		"with one of his own":    {worked, "/find", number, "curious", http.StatusUnprocessableEntity, "事由"},
		"who only may read":      {officer("reader", hedui.ReadCases), "/find", number, "work", http.StatusNotFound, "没有找到此人"},
		"who verifies":           {officer("verifier", hedui.ReadCases, hedui.VerifyCases), "/find", number, "work", http.StatusSeeOther, "/cases/" + id},
		"another clerk":          {officer("x", hedui.OpenCases), "/find/own", number, "work", http.StatusNotFound, "没有找到此人"},
		"a person of no case":    {worked, "/find", stranger, "work", http.StatusNotFound, "没有找到此人"},
		"who has only looked it": {officer("reader", hedui.ReadCases), "/find", number, "complaint", http.StatusNotFound, "没有找到此人"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "who has only looked it" {
				if code, _, _ := get(t, d, tt.o, true, "/cases/"+id); code != http.StatusOK {
					t.Fatal(code)
				}
			}
			code, page, h := send(t, d, tt.o, true, http.MethodPost, tt.path, url.Values{"number": {tt.number}, "why": {tt.why}})
			if code != tt.code || !strings.Contains(page+h.Get("Location"), tt.want) || strings.Contains(page+h.Get("Location"), tt.number) {
				t.Errorf("got %d %s, want %d with %q", code, h.Get("Location"), tt.code, tt.want)
			}
		})
	}
	searches := 0
	err := d.DB.Read(t.Context(), func(tx *store.Tx) error {
		return tx.EachEntry(t.Context(), time.Now().Add(-time.Hour), time.Now().Add(time.Hour), []audit.Verb{audit.Searched}, func(e audit.Entry) {
			searches++
			if !slices.Contains(casework.SearchReasons(), e.Detail) || e.Case != "" && e.Case != id {
				t.Errorf("the search is recorded as %v", e)
			}
		})
	})
	if err != nil || searches != 9 {
		t.Errorf("%d searches are recorded, want 9: also those that find nothing; %v", searches, err)
	}
}
