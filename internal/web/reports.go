package web

import (
	"net/http"
	"strconv"
	"strings"

	"hedui/internal/hedui"
)

// report gives one copy of a sealed report: "1.html", "1.pdf", "1.json" or its
// detached seal "1.json.sig". Copies for reading are counted.
func (s *Server) report(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	name, form, _ := strings.Cut(r.PathValue("file"), ".")
	version, err := strconv.Atoi(name)
	if err != nil {
		return hedui.Fail(hedui.NotFound, hedui.Say("error.not_found"), nil)
	}
	types := map[string]string{
		"html": "text/html; charset=utf-8", "pdf": "application/pdf",
		"json": "application/json", "json.sig": "application/json",
	}
	contentType, ok := types[form]
	if !ok {
		return hedui.Fail(hedui.NotFound, hedui.Say("error.not_found"), nil)
	}
	file, err := s.Desk.Copy(r.Context(), o, r.PathValue("id"), version, form)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Disposition", `inline; filename="`+file.Name+`"`)
	_, err = w.Write(file.Body)
	return err
}

type sourcesPage struct {
	frame
	Rows []sourceRow
}

type sourceRow struct{ Name, Department, State, Class, Calls string }

func (s *Server) sources(w http.ResponseWriter, r *http.Request, _ hedui.Officer) error {
	p := sourcesPage{frame: s.frame(r, "page.sources")}
	p.Refresh = 5
	for _, src := range s.Desk.SourceStates() {
		row := sourceRow{src.Name, src.Department, p.T("page.source_ok"), "ok", strconv.FormatInt(src.Calls, 10)}
		if src.Open {
			row.State, row.Class = p.T("page.source_down"), "failed"
		}
		p.Rows = append(p.Rows, row)
	}
	return render(w, http.StatusOK, "sources.html", p)
}
