package sim

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"hedui/day"
	"hedui/money"
)

// housingCommission is the commission of housing: for homes nested envelopes and
// amounts in 万元, for the housing fund amounts in fen and rates as fractions.
// Both want their key in a header.
func housingCommission() department {
	return department{
		id: "housing", delay: 35 * time.Millisecond, perSecond: 60,
		admits: func(r *http.Request, _ object) bool { return r.Header.Get("X-Token") == keyOf("housing") },
		refuses: func(w http.ResponseWriter, why refusal) {
			status := [...]int{http.StatusOK, http.StatusOK, http.StatusTooManyRequests, http.StatusBadRequest}[why]
			code := [...]int{401, 403, 429, 400}[why]
			reply(w, status, object{"response": object{"head": object{"code": code}}, "ret": -code})
		},
		routes: []route{
			{"housing", "/zjw/fwxx/query", func(in object) (string, string) {
				head := in.at("request").at("head")
				return head.text("purpose"), head.text("authCode")
			}, (*City).houses},
			{"housing_fund", "/gjj/grzh/query", func(in object) (string, string) {
				return in.text("cxyt"), in.text("sqsbh")
			}, (*City).funds},
		},
	}
}

func (c *City) houses(w http.ResponseWriter, in object) {
	body := in.at("request").at("body")
	i, m := c.search("housing", body.text("zjhm"), body.text("qlrmc"))
	head := object{"code": 200, "time": c.now().Format("2006-01-02 15:04:05")}
	switch m {
	case unreadable:
		reply(w, http.StatusOK, object{"response": object{"head": object{"code": 400}}})
		return
	case misnamed:
		reply(w, http.StatusOK, object{"response": object{"head": object{"code": 205}}})
		return
	}
	rows := []object{}
	if m == matched {
		rows = c.houseRows(i)
	}
	reply(w, http.StatusOK, object{"response": object{"head": head, "body": object{"fwxx": object{"count": len(rows), "rows": rows}}}})
}

// A flat belongs to the head of the household, alone, jointly with the spouse, or in shares.
type flat struct {
	mode   string // 0 alone, 1 joint, 2 in shares
	share  int    // percent of the head where in shares
	second bool
}

func (c *City) flats(h *household) []flat {
	if h.home != ownFlat && h.home != twoFlats {
		return nil
	}
	head := &c.people[h.first]
	f := flat{mode: "0", share: 100}
	if head.spouse != none && c.people[head.spouse].household == head.household {
		switch n := c.draw(h.first, saltHouse).IntN(10); {
		case n < 5:
			f.mode = "1"
		case n < 7:
			f.mode, f.share = "2", 50
		}
	}
	if h.home == ownFlat {
		return []flat{f}
	}
	return []flat{f, {mode: "0", share: 100, second: true}}
}

func (c *City) flatBought(head int32) day.Day {
	return c.people[head].born.AddMonths(12*22 + c.draw(head, saltHouse+1000).IntN(60))
}

// houseRows are the flats in which person i has a right.
func (c *City) houseRows(i int32) []object {
	p := &c.people[i]
	h := &c.homes[p.household]
	rows := []object{}
	for n, f := range c.flats(h) {
		spouse := c.people[h.first].spouse
		if i != h.first && (f.mode == "0" || i != spouse) {
			continue
		}
		row := c.flatRow(h, f, n)
		row["qlr"], row["zjhm"], row["bl"] = c.nameIn("housing", i), c.numberIn("housing", i), part(f, i == h.first)
		if f.mode != "0" {
			other := spouse
			if i == spouse {
				other = h.first
			}
			row["gyr"] = []object{{"xm": c.name(other), "zjhm": c.number(other).Reveal(), "bl": part(f, i != h.first)}}
		}
		rows = append(rows, row)
	}
	return rows
}

// part is a share as a fraction; joint owners have none of their own.
func part(f flat, head bool) any {
	switch {
	case f.mode == "1":
		return nil
	case head:
		return number(fmt.Sprintf("%.2f", float64(f.share)/100))
	}
	return number(fmt.Sprintf("%.2f", float64(100-f.share)/100))
}

// flatRow is what both owners see of a flat.
func (c *City) flatRow(h *household, f flat, n int) object {
	r := c.draw(h.first, saltHouse+2000+uint64(n)) //nolint:gosec // 0 or 1
	bought := c.flatBought(h.first).AddMonths(24 * n)
	area := 52 + r.IntN(90)
	price := money.Of(int64(area) * int64(6000+r.IntN(160)*100))
	address := strings.TrimPrefix(c.address(c.people[h.first].household), "浙江省")
	if f.second {
		address = fmt.Sprintf("%s%d弄%d号%d01室", street(h.county, r), 1+r.IntN(300), 1+r.IntN(30), 2+r.IntN(10))
	}
	row := object{
		"cqzh": fmt.Sprintf("甬房权证字第%09d号", r.IntN(1_000_000_000)), "zl": address,
		"jzmj": number(fmt.Sprintf("%d.%02d", area, r.IntN(100))), "ghyt": "10", "fwxz": []string{"1", "1", "2", "5"}[r.IntN(4)],
		"fwlx": "1", "fwjg": []string{"3", "4"}[r.IntN(2)], "gyfs": f.mode, "djrq": write(bought, compact),
		"gmjg": number(wan(price)), "djjz": number(wan(price.MulDiv(13, 10))), "qszt": "1",
		"jyjl": []object{{"fs": "01", "rq": write(bought.Add(-40), compact), "df": "宁波市房地产开发公司", "je": number(wan(price))}},
	}
	if r.IntN(3) == 0 {
		row["qszt"] = "2"
	}
	if f.second && r.IntN(2) == 0 {
		today := c.today()
		row["zlqx"] = object{"q": write(today.AddMonths(-7), compact), "z": write(today.AddMonths(5), compact), "yzj": number(wan(money.Of(int64(1500 + r.IntN(20)*100))))}
	}
	return row
}
