package web

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"hedui/internal/casework"
	"hedui/internal/hedui"
)

// report gives one copy of a sealed report: "1.html", "1.pdf", "1.json" or its
// detached seal "1.json.sig". Copies for reading are counted.
func (s *Server) report(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	if onlyGet(w, r) {
		return nil
	}
	name, form, _ := strings.Cut(r.PathValue("file"), ".")
	version, err := strconv.Atoi(name)
	if err != nil {
		return hedui.Fail(hedui.NotFound, hedui.Say("error.not_found"), nil)
	}
	types := map[string]string{
		"html": "text/html; charset=utf-8", "pdf": "application/pdf",
		"json": "application/json", "json.sig": "application/json", "json.proof": "text/plain; charset=utf-8",
	}
	contentType, ok := types[form]
	if !ok {
		return hedui.Fail(hedui.NotFound, hedui.Say("error.not_found"), nil)
	}
	file, err := s.Desk.Copy(r.Context(), o, r.PathValue("id"), version, form)
	if err != nil {
		return s.noVersion(r, o, name, err)
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Disposition", `inline; filename="`+file.Name+`"`)
	_, err = w.Write(file.Body)
	return err
}

// noVersion tells a version that does not exist from a case without any report.
func (s *Server) noVersion(r *http.Request, o hedui.Officer, version string, cause error) error {
	var e *hedui.Error
	if !errors.As(cause, &e) || e.Say.Key != "error.no_report" {
		return cause
	}
	v, err := s.Desk.Look(r.Context(), o, r.PathValue("id"))
	if err != nil || len(v.Reports) == 0 || v.Reports[0].SealedAt.IsZero() {
		return cause
	}
	return hedui.Fail(hedui.NotFound, hedui.Say("error.no_version", version), nil)
}

// trust gives the certificate by which anyone can check our reports offline. It
// is public; a key never leaves by this door.
func (s *Server) trust(w http.ResponseWriter, r *http.Request) {
	text, err := s.Desk.Trust(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/x-pem-file")
	w.Header().Set("Content-Disposition", `attachment; filename="trust.pem"`)
	_, _ = w.Write(text) // who asked is gone if it fails
}

// sendFile gives a paper to the browser, to be shown or printed there.
func sendFile(w http.ResponseWriter, file casework.File) error {
	contentType := "application/octet-stream"
	for ending, of := range map[string]string{".pdf": "application/pdf", ".png": "image/png", ".jpg": "image/jpeg"} {
		if strings.HasSuffix(file.Name, ending) {
			contentType = of
		}
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Disposition", `inline; filename="`+file.Name+`"`)
	_, err := w.Write(file.Body)
	return err
}
