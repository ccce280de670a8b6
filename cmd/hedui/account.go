package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"hedui/catalog"
	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/report"
)

// close writes the report's files and tells what the report says. The time is
// told only of a case that was begun in this run.
func (s *story) close(ctx context.Context, i int, f family, id string, took time.Duration, fresh bool) error {
	v, err := s.tiers.of(f).desk.Look(ctx, commissioner, id)
	if err != nil {
		return err
	}
	ch := chapter{family: f, node: s.tiers.of(f), view: v, seconds: took.Seconds()}
	if ch.files, ch.said, err = s.export(ctx, ch.node, v); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.chapters[i] = ch
	conclusion := lang.Text(s.lang, "conclusion."+string(ch.said.Conclusion.Code))
	if ch.said.Conclusion.Code == hedui.Incomplete && len(ch.said.Gaps) == 0 {
		conclusion = lang.Text(s.lang, "report.partial")
	}
	if fresh {
		s.tellStep(f, "demo.conclusion_in", conclusion, strconv.FormatFloat(took.Seconds(), 'f', 2, 64))
	} else {
		s.tellStep(f, "demo.conclusion", conclusion)
	}
	for _, x := range ch.said.Findings {
		tableLine(s.account, "· "+lang.Text(s.lang, "finding."+string(x.Kind)), categoryName(s.lang, x.Category), ch.reason(s.lang, x))
	}
	var told []catalog.Code // a category of several persons is told once
	for _, g := range ch.said.Gaps {
		if slices.Contains(told, g.Category) {
			continue
		}
		told = append(told, g.Category)
		cells := []string{"· " + lang.Text(s.lang, "outcome."+string(g.Outcome)), categoryName(s.lang, g.Category)}
		if why := ch.why(g); why != "" {
			cells = append(cells, inLanguage(s.lang, why))
		}
		tableLine(s.account, cells...)
	}
	for _, form := range []string{"pdf", "html", "json"} {
		tableLine(s.account, ch.files[form])
	}
	return nil
}

// reason is the reason of a finding of the report, which speaks Chinese; in
// English it is that of the same finding as it stands now.
func (ch chapter) reason(l lang.Lang, f report.Finding) string {
	if l == lang.Chinese {
		return f.Reason
	}
	for _, now := range ch.view.Assessment.Findings {
		if now.Kind == f.Kind && now.Category == f.Category && now.Person == f.Person &&
			lang.Text(lang.Chinese, now.Reason.Key, now.Reason.Args...) == f.Reason {
			return lang.Text(l, now.Reason.Key, now.Reason.Args...)
		}
	}
	return f.Reason
}

// why is the reason the report gives for the first person of a gap, or "".
func (ch chapter) why(g report.Gap) string {
	for _, row := range ch.said.Categories {
		for _, cell := range row.Persons {
			if row.Code == g.Category && cell.Scope == g.Scope && slices.Contains(g.Persons, cell.Person) && cell.Outcome == g.Outcome {
				return cell.Reason
			}
		}
	}
	return ""
}

// inLanguage finds a reason of a report again in another language.
func inLanguage(l lang.Lang, sentence string) string {
	for _, key := range lang.Keys() {
		if lang.Text(lang.Chinese, key) == sentence {
			return lang.Text(l, key)
		}
	}
	return sentence
}

func categoryName(l lang.Lang, code catalog.Code) string {
	c, ok := catalog.Get(code)
	switch {
	case !ok:
		return string(code)
	case l == lang.English:
		return c.NameEn
	}
	return c.Name
}

// export writes one copy of the newest report into the directory and returns
// what it says. File names hold numbers only. Files of a version that are there
// already stay.
func (s *story) export(ctx context.Context, n *node, v casework.View) (map[string]string, report.Content, error) {
	dir := filepath.Join(s.tiers.dir, "reports")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, report.Content{}, fmt.Errorf("reports: %w", err)
	}
	newest := v.Reports[len(v.Reports)-1]
	base := filepath.Join(dir, fmt.Sprintf("%s-v%d.", newest.Number, newest.Version))
	files := map[string]string{}
	var said report.Content
	for _, form := range []string{"json", "json.sig", "json.proof", "html", "pdf"} {
		files[form] = base + form
		_, err := os.Stat(files[form])
		there := err == nil
		if there && form != "json" { // the report itself is read in any case
			continue
		}
		file, err := n.desk.Copy(ctx, commissioner, v.Case.ID, newest.Version, form)
		if err != nil {
			return nil, said, err
		}
		if form == "json" {
			if said, err = report.Parse(file.Body); err != nil {
				return nil, said, err
			}
		}
		if there {
			continue
		}
		if err := writeWhole(files[form], file.Body); err != nil {
			return nil, said, fmt.Errorf("reports: %w", err)
		}
	}
	return files, said, nil
}

// writeWhole writes a file that is there in full or not at all, also when the
// program is killed meanwhile.
func writeWhole(path string, body []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".part-*")
	if err != nil {
		return err
	}
	_, err = f.Write(body)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
