package sim

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"hedui/day"
)

// landBureau is the bureau of land: its archive is slow, so it accepts a question
// with HTTP 202 and a ticket and has the answer a little later. Old entries have
// 15-digit numbers and names in the spelling of their day; shares are fractions,
// yes and no are words. The key is a field of the question.
func landBureau() department {
	return department{
		id: "land", delay: 20 * time.Millisecond, perSecond: 60,
		admits: func(_ *http.Request, in object) bool { return in.text("key") == keyOf("land") },
		refuses: func(w http.ResponseWriter, why refusal) {
			status := [...]int{http.StatusForbidden, http.StatusOK, http.StatusTooManyRequests, http.StatusBadRequest}[why]
			reply(w, status, object{"status": [...]string{"BAD_KEY", "NO_MANDATE", "BUSY", "BAD_REQUEST"}[why]})
		},
		routes: []route{
			{"land", "/gt/tdcx/apply", func(in object) (string, []claim) {
				return in.text("yongtu"), []claim{claimOf(in, "sfz", "xingming", "shouquan", "pingzheng")}
			}, (*City).applyForLand},
			{"land", "/gt/tdcx/result", nil, (*City).fetchLand},
		},
	}
}

// archive is how long the land bureau takes to look.
const archive = 150 * time.Millisecond

func (c *City) applyForLand(w http.ResponseWriter, in object) {
	i, m := c.search("land", in.text("sfz"), in.text("xingming"))
	if m == unreadable {
		reply(w, http.StatusOK, object{"status": "BAD_REQUEST"})
		return
	}
	t := ticket{person: i, state: m, ready: time.Now().Add(archive)}
	if c.opts.Instant {
		c.replyLand(w, t)
		return
	}
	reply(w, http.StatusAccepted, object{"status": "ACCEPTED", "ticket": c.tickets.seal(t), "waitMillis": archive.Milliseconds()})
}

func (c *City) fetchLand(w http.ResponseWriter, in object) {
	t, ok := c.tickets.open(in.text("ticket"))
	switch {
	case !ok || int(t.person) >= len(c.people):
		reply(w, http.StatusOK, object{"status": "NO_TICKET"})
	case time.Now().Before(t.ready):
		reply(w, http.StatusOK, object{"status": "PROCESSING", "ticket": in.text("ticket")})
	default:
		c.replyLand(w, t)
	}
}

func (c *City) replyLand(w http.ResponseWriter, t ticket) {
	rows := []object{}
	switch t.state {
	case misnamed:
		reply(w, http.StatusOK, object{"status": "NAME_DIFFERS"})
		return
	case matched:
		rows = c.landRows(t.person)
	}
	reply(w, http.StatusOK, object{"status": "DONE", "asOf": write(c.today().Add(1-c.today().Dom()), slashed), "list": rows})
}

// landRows: a homestead stands under the head of the household; one flat in five
// has a land certificate of its own, beside the entry in the housing register.
func (c *City) landRows(i int32) []object {
	p := &c.people[i]
	h := &c.homes[p.household]
	if h.first != i {
		return []object{}
	}
	r := c.draw(i, saltLand)
	row := object{
		"qlr": c.nameIn("land", i), "qlrzjh": c.numberIn("land", i), "zl": strings.TrimPrefix(c.address(p.household), "浙江省"),
		"tdzh": fmt.Sprintf("甬国用(%d)第%07d号", 2003+r.IntN(12), r.IntN(10_000_000)),
		"zdh":  fmt.Sprintf("%s%09d", counties[h.county].code, r.IntN(1_000_000_000)),
		"fe":   1, "diya": yesNo(false), "chafeng": yesNo(false),
	}
	switch {
	case h.home == homestead || h.home == oldHomestead:
		row["tdyt"], row["qllx"] = "072", "宅基地使用权"
		row["mj"] = fmt.Sprintf("%d.%d", 70+r.IntN(60), r.IntN(10))
		row["qdrq"] = write(p.born.AddMonths(12*24+r.IntN(12)), slashed)
		if h.home == oldHomestead {
			c.ageLandRow(i, row)
		}
	case (h.home == ownFlat || h.home == twoFlats) && r.IntN(5) == 0:
		row["tdyt"], row["qllx"], row["diya"] = "071", "国有出让", yesNo(r.IntN(3) == 0)
		row["mj"] = fmt.Sprintf("%d.%02d", 8+r.IntN(25), r.IntN(100))
		row["qdrq"] = write(c.flatBought(i), slashed)
	default:
		return []object{}
	}
	return []object{row}
}

// ageLandRow makes an entry of the nineties: the 15-digit number of that time, a
// full stop for the middle dot, no parcel number.
func (c *City) ageLandRow(i int32, row object) {
	if short, ok := c.number(i).Short(); ok && row.text("qlrzjh") == c.number(i).Reveal() {
		row["qlrzjh"] = short
	}
	row["qlr"] = strings.ReplaceAll(row.text("qlr"), "·", ".")
	row["qdrq"] = write(day.Must("1992-07-01").AddMonths(int(i)%60), slashed)
	row["tdzh"] = strings.Replace(row.text("tdzh"), "甬国用", "甬集用", 1)
	delete(row, "zdh")
}
