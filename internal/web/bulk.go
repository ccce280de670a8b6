package web

import (
	"net/http"
	"strconv"

	"hedui/internal/hedui"
	"hedui/internal/workbook"
)

// bulkPage is where a clerk hands in a workbook with many households.
type bulkPage struct {
	frame
	Limit   string // how large it may be
	Wrong   []problemRow
	Uploads []uploadRow
}

type uploadRow struct {
	Address, At, State                           string
	Persons, Households, Opened, Drafts, Refused string
}

func (s *Server) bulk(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	p, err := s.bulkPage(r, o)
	if err != nil {
		return err
	}
	return render(w, http.StatusOK, "bulk.html", p)
}

func (s *Server) bulkPage(r *http.Request, o hedui.Officer) (*bulkPage, error) {
	list, err := s.Desk.BulkUploads(r.Context(), o)
	if err != nil {
		return nil, err
	}
	p := &bulkPage{frame: s.frame(r, "bulk.title")}
	p.Limit = p.T("bulk.hand_hint", strconv.Itoa(workbook.MaxPersons), strconv.Itoa(workbook.MaxHouseholds>>20))
	for _, u := range list {
		p.Uploads = append(p.Uploads, uploadRow{Address: "/intake/bulk/" + u.ID + "?lang=" + string(p.Lang), At: minute(u.At), State: p.T("bulk.state." + string(u.State)),
			Persons: strconv.Itoa(u.Persons), Households: strconv.Itoa(u.Households), Opened: strconv.Itoa(u.Opened), Drafts: strconv.Itoa(u.Drafts), Refused: strconv.Itoa(u.Refused)})
	}
	return p, nil
}

func (s *Server) bulkTemplate(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	file, err := s.Desk.BulkTemplate(r.Context(), o)
	if err != nil {
		return err
	}
	return sendWorkbook(w, file)
}

// takeBulk takes a workbook and leads to the page that tells what becomes of it.
func (s *Server) takeBulk(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	body, err := s.fileOf(r)
	if err == nil && len(body) == 0 {
		err = hedui.Fail(hedui.Invalid, hedui.Say("own.no_file"), nil)
	}
	var u hedui.Upload
	if err == nil {
		u, err = s.Desk.BulkRegister(r.Context(), o, body)
	}
	if err == nil {
		lead(w, r, "/intake/bulk/"+u.ID+"?lang="+string(langOf(r))+"&done=taken")
		return nil
	}
	kind := hedui.KindOf(err)
	if !onPage(err) {
		return err
	}
	p, cause := s.bulkPage(r, o)
	if cause != nil {
		return cause
	}
	p.Wrong = told(p.frame, err)
	for i := range p.Wrong {
		p.Wrong[i].Anchor = "file" // there is no other field
	}
	return render(w, status[kind], "bulk.html", p)
}

// uploadPage is one workbook, and what became of its households.
type uploadPage struct {
	frame
	ID, Progress string
	Done, All    int // of the bar; 0 of 0 where nothing moves
	Made         string
	Wrong        []problemRow
	Counts       []countRow
	Returned     bool
	Password     string // of the workbook that came back
	Problems     []problemRow
	Cut          string // that there are more problems
	Rows         []householdRow
	More         string
	Takeable     bool
}

type countRow struct{ Label, N string }

type householdRow struct{ Line, Address, Text, Stage string }

func (s *Server) upload(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	p, err := s.uploadPage(r, o)
	if err != nil {
		return err
	}
	switch done := r.URL.Query().Get("done"); done {
	case "taken", "back":
		if p.Refresh > 0 { // it says so until it is done
			p.Made = p.T("bulk.done." + done)
		}
	}
	return render(w, http.StatusOK, "upload.html", p)
}

func (s *Server) uploadPage(r *http.Request, o hedui.Officer) (*uploadPage, error) {
	id := r.PathValue("upload")
	after, _ := strconv.Atoi(r.URL.Query().Get("after")) // what is no row is the beginning
	v, err := s.Desk.BulkUpload(r.Context(), o, id, after)
	if err != nil {
		return nil, err
	}
	p := &uploadPage{frame: s.frame(r, "bulk.title"), ID: id, Returned: v.Returned, Password: v.Password, Takeable: v.Takeable}
	p.Path = "/intake/bulk/" + id
	p.Title = p.T("bulk.upload", minute(v.At))
	if v.Moving() {
		p.moves()
	}
	p.Progress = p.T("bulk.state." + string(v.State))
	if v.State == hedui.UploadWaiting {
		p.Done, p.All = v.Done, v.Households
		p.Progress += " · " + p.T("bulk.progress", strconv.Itoa(v.Done), strconv.Itoa(v.Households))
	}
	for _, c := range []struct {
		key string
		n   int
	}{{"bulk.persons", v.Persons}, {"bulk.households", v.Households}, {"bulk.opened", v.Opened}, {"bulk.drafts", v.Drafts}, {"bulk.same", v.Same}, {"bulk.refused", v.Refused}, {"bulk.withdrawn", v.Withdrawn}} {
		if c.n > 0 {
			p.Counts = append(p.Counts, countRow{p.T(c.key), strconv.Itoa(c.n)})
		}
	}
	for _, one := range v.Problems {
		where := p.T("bulk.row", strconv.Itoa(one.Row))
		if one.Column != "" {
			where += " · " + one.Column
		}
		p.Problems = append(p.Problems, problemRow{Where: where, Text: p.say(one.Say)})
	}
	if v.Cut {
		p.Cut = p.T("bulk.first", strconv.Itoa(len(v.Problems)))
	}
	for _, h := range v.Came {
		row := householdRow{Line: strconv.Itoa(h.Row), Address: "/own/" + h.Case + "?lang=" + string(p.Lang), Text: h.Number, Stage: p.word("stage.", string(h.Stage))}
		if h.Case == "" {
			row.Address, row.Text = "/intake/"+h.Draft+"?lang="+string(p.Lang), p.T("bulk.form")
		}
		p.Rows = append(p.Rows, row)
	}
	if v.More > 0 {
		p.More = p.Path + "?lang=" + string(p.Lang) + "&after=" + strconv.Itoa(v.More)
	}
	return p, nil
}

// uploadProblems gives the workbook of what has problems. It holds whole numbers, so it
// takes a fresh proof.
func (s *Server) uploadProblems(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	if onlyGet(w, r) || !s.provedAnew(w, r, "/intake/bulk/"+r.PathValue("upload")+"?lang="+string(langOf(r))) {
		return nil
	}
	file, err := s.Desk.BulkProblems(r.Context(), o, r.PathValue("upload"))
	if err != nil {
		return err
	}
	return sendWorkbook(w, file)
}

func (s *Server) withdrawUpload(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	err := s.Desk.BulkWithdraw(r.Context(), o, r.PathValue("upload"))
	if err == nil {
		lead(w, r, "/intake/bulk/"+r.PathValue("upload")+"?lang="+string(langOf(r))+"&done=back")
		return nil
	}
	if hedui.KindOf(err) != hedui.Conflict {
		return err
	}
	p, cause := s.uploadPage(r, o)
	if cause != nil {
		return cause
	}
	p.Wrong = told(p.frame, err)
	return render(w, http.StatusConflict, "upload.html", p)
}
