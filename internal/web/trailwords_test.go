package web

import (
	"strings"
	"testing"

	"hedui/internal/audit"
	"hedui/internal/lang"
)

func TestDetailsOfTheTrailAreWords(t *testing.T) {
	for _, c := range []struct {
		verb           audit.Verb
		detail, zh, en string
	}{
		{audit.Asked, "hukou=found×1 land=sent×2", "户籍（有记录） 土地登记（已转送）×2", "household registration (Found) land registration (passed on)×2"},
		{audit.Printed, "B1 v1 pdf copy 2", "B1 v1 pdf 第2份", "B1 v1 pdf copy 2"},
		{audit.ReadReport, "B1 v1 json copy 0", "B1 v1 json", "B1 v1 json"},
		{audit.Accepted, "due 2026-11-27T15:16:31Z", "期限 2026-11-27 23:16:31", "due 2026-11-27 23:16:31"},
		{audit.RolesGranted, "receiver verifier", "核对中心受理 核对中心经办", "receiver verifier"},
		{audit.ListImported, "land taken=2 same=0 refused=1", "土地登记 收下（2） 此前已收（0） 未收（1）", "land registration taken (2) taken before (0) not taken (1)"},
		{audit.TotalEntered, "330203 2026-11 new_application=120", "330203 2026-11 新申请（120）", "330203 2026-11 New application (120)"},
		{audit.Refused, string(audit.ReadCase), "想要：查看了案件", "the act: looked at case"},
		{audit.Asked, "code_of_tomorrow=odd×3 sha256:ab", "code_of_tomorrow（odd）×3 sha256:ab", "code_of_tomorrow (odd)×3 sha256:ab"},
	} {
		e := audit.Entry{Verb: c.verb, Detail: c.detail}
		if zh, en := detailWords(lang.Chinese, e), detailWords(lang.English, e); zh != c.zh || en != c.en {
			t.Errorf("%s %s:\ngot  %q %q\nwant %q %q", c.verb, c.detail, zh, en, c.zh, c.en)
		}
	}
}

func TestEveryActHasAName(t *testing.T) {
	for _, v := range audit.Verbs() {
		for _, l := range lang.Langs() {
			if name := actName(l, v); name == "" || strings.ContainsAny(name, "{}") {
				t.Errorf("%s in %s: %q", v, l, name)
			}
		}
	}
	if got, want := TrailSentence(lang.Chinese, audit.Entry{Officer: "w", Verb: audit.TotalEntered, Detail: "330203 2026-11 new_application=120"}), "w 录入了基数：330203 2026-11 新申请（120）"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
