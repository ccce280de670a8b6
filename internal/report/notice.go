package report

import (
	"strconv"
	"strings"

	"hedui/catalog"
	"hedui/internal/hedui"
)

// consents names on which consents the report rests, with the versions of the texts
// that were signed.
func (m *maker) consents() string {
	newest := map[int]hedui.Consent{}
	for _, k := range m.Case.Consents {
		newest[k.Person] = k
	}
	var list []string
	for _, p := range m.Case.Persons {
		k, ok := newest[p.No]
		switch {
		case !ok:
		case k.Wording == "":
			list = append(list, zh("report.consent", strconv.Itoa(p.No), k.Number))
		default:
			list = append(list, zh("report.consent_wording", strconv.Itoa(p.No), k.Number, k.Wording))
		}
	}
	return strings.Join(list, "；")
}

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
	if b := basis(m.Assessment.Means); b != "" {
		add("basis", b)
	}
	if k := m.consents(); k != "" {
		add("consents", k)
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
