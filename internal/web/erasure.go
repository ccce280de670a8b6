package web

import (
	"net/http"

	"hedui/internal/casework"
	"hedui/internal/hedui"
)

type erasedPage struct {
	frame
	Number, Programme, Stage, On, Why, Certificate, Address string
}

// showErased says of a case that its data was erased, and leads to the certificate.
func (s *Server) showErased(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	v, err := s.Desk.Erasure(r.Context(), o, r.PathValue("id"))
	if err != nil {
		return err
	}
	p := erasedPage{frame: s.frame(r, "page.erased"), Number: v.CaseNumber, On: clock(v.Decided.At), Certificate: v.Number}
	p.Title = p.T("page.case") + " " + v.CaseNumber
	p.Programme, p.Stage = p.T("programme."+string(v.Programme)), p.T("stage."+string(v.Stage))
	switch {
	case v.Rule != nil:
		term := p.say(v.Rule.Keep.Say())
		p.Why = p.T("paper.erasure.term", p.T("erasure.event."+string(v.Rule.Event)), clock(v.Since), term)
	case v.Reason != "":
		p.Why = p.T("erasure.reason." + v.Reason)
	}
	if v.Number != "" {
		p.Address = r.URL.Path + "/erasure.pdf?lang=" + string(p.Lang)
	}
	return render(w, http.StatusOK, "erased.html", p)
}

// erasureCertificate prints the certificate of a case that was erased.
func (s *Server) erasureCertificate(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	if r.Method != http.MethodGet { // HEAD would be recorded as a print that nobody gets
		w.Header().Set("Allow", http.MethodGet)
		w.WriteHeader(http.StatusMethodNotAllowed)
		return nil
	}
	file, err := s.Desk.ErasureCertificate(r.Context(), o, r.PathValue("id"), casework.PaperOrder{Form: "pdf", Lang: langOf(r)})
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/pdf")
	w.Header().Set("Content-Disposition", `inline; filename="`+file.Name+`"`)
	_, err = w.Write(file.Body)
	return err
}
