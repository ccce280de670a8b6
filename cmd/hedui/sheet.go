package main

import (
	"fmt"
	"strconv"
	"time"

	"hedui/day"
	"hedui/internal/checkup"
	"hedui/internal/lang"
)

var marks = map[string]string{checkup.OK: "✓", checkup.Warning: "!", checkup.NotReady: "✗", checkup.Skipped: "-"}

// printSheet writes the sheet for people.
func printSheet(st streams, s *checkup.Sheet) {
	if s.Source != "" {
		st.say(st.out, "sheet.title", s.Department, s.Category)
		st.say(st.out, "sheet.of", s.Source, s.Kind, s.File, s.Digest[:len("sha256:")+12])
	}
	st.say(st.out, "sheet.at", s.CheckedAt.In(day.Beijing).Format(time.DateTime), s.Program)
	if m := s.Mandate; m != nil {
		st.say(st.out, "sheet.mandate", m.Number, m.Purpose, m.Until.In(day.Beijing).Format(time.TimeOnly), m.StatedBy)
	}
	fmt.Fprintln(st.out)
	for i, l := range s.Lines {
		fmt.Fprintf(st.out, "%s %s %s\n", marks[l.State], pad(lang.Text(s.Lang, "sheet.check."+l.Check), 12), l.Say)
		if l.Why != "" {
			fmt.Fprintf(st.out, "  %s %s\n", pad("", 12), l.Why)
		}
		again := i+1 < len(s.Lines) && s.Lines[i+1].Do == l.Do // what is to be done is said once
		if l.Do != "" && l.State != checkup.OK && !again {
			fmt.Fprintf(st.out, "  %s → %s\n", pad("", 12), l.Do)
		}
	}
	if len(s.Sample) > 0 {
		fmt.Fprintln(st.out)
		if s.Records > 0 {
			st.say(st.out, "sheet.sample", strconv.Itoa(s.Records))
		}
		for _, v := range s.Sample {
			fmt.Fprintf(st.out, "  %s %s %s\n", pad(v.Key, 28), pad(v.Name, 24), v.Shape)
		}
	}
	fmt.Fprintln(st.out)
	key := "sheet.ready"
	if !s.Ready {
		key = "sheet.unready"
	}
	st.say(st.out, key, strconv.Itoa(s.Count(checkup.NotReady)), strconv.Itoa(s.Count(checkup.Warning)))
}

// pad fills a text up to n columns.
func pad(text string, n int) string {
	for i := columnsOf(text); i < n; i++ {
		text += " "
	}
	return text
}
