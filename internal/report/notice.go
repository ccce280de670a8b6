package report

import (
	"strconv"

	"hedui/catalog"
)

// notices lists what every reader is told. The order is that of the report.
func (m *maker) notices(c Content) []Notice {
	list := []Notice{}
	add := func(topic string, args ...string) {
		list = append(list, Notice{zh("report.notice." + topic + ".topic"), zh("report.notice."+topic, args...)})
	}
	add("verify")
	add("none")
	add("registers", date(c.CheckedFrom), date(c.CheckedTo))
	for _, o := range c.overdue() {
		add("overdue", o...)
	}
	if m.Basis != "" {
		add("basis", mask(m.Basis))
	}
	add("use", c.Case.Office, c.Case.Programme.Text)
	add("secrecy")
	if m.ObjectionDays > 0 {
		add("objection", strconv.Itoa(m.ObjectionDays))
	}
	add("validity", c.ValidUntil.String())
	for _, row := range c.Categories {
		if known, ok := catalog.Get(row.Code); ok && known.Notice != "" {
			list = append(list, Notice{zh("report.notice.category.topic", row.Name), known.Notice})
		}
	}
	return list
}
