package sim

import (
	"fmt"
	"net/http"

	"hedui/day"
	"hedui/money"
)

// funds answers ret 0 with an account, 1001 for none, 2003 for another name.
func (c *City) funds(w http.ResponseWriter, in object) {
	i, m := c.search("housing_fund", in.text("zjhm"), in.text("xm"))
	var account object
	if m == matched {
		account = c.fundRow(i)
	}
	switch {
	case m == unreadable:
		reply(w, http.StatusOK, object{"ret": -400, "msg": "证件号码错误"})
	case m == misnamed:
		reply(w, http.StatusOK, object{"ret": 2003, "msg": "户名与证件号不符"})
	case account == nil:
		reply(w, http.StatusOK, object{"ret": 1001, "msg": "无账户"})
	default:
		reply(w, http.StatusOK, object{"ret": 0, "sjsj": c.opts.Now().Unix(), "data": object{"zhxx": account}})
	}
}

// fundRow is the account of someone paid by a firm that takes part, or the sealed
// one of some who lost their work.
func (c *City) fundRow(i int32) object {
	p := &c.people[i]
	rate := c.fundRate(i)
	r := c.draw(i, saltFund)
	last, state, wage, unit := monthStart(c.today(), -1), "01", p.wage, ""
	switch {
	case rate > 0:
		unit = c.firmName(p.employer)
	case p.work == jobless && p.alive() && r.IntN(3) == 0:
		last, state, wage, rate = monthStart(c.today(), -9), "03", 5200, 8
	default:
		return nil
	}
	base := money.Of(int64(wage))
	monthly := base.MulDiv(2*rate, 100)
	paid := min(max(monthsBetween(p.since, last), 1), 60)
	row := object{
		"grzh": fmt.Sprintf("%012d", 330200000000+int64(i)), "dwmc": unit, "jcjs": fen(base),
		"grbl": number(fmt.Sprintf("%.2f", float64(rate)/100)), "dwbl": number(fmt.Sprintf("%.2f", float64(rate)/100)),
		"yjce": fen(monthly), "ye": fen(monthly.MulDiv(int64(paid), 1)), "zt": state, "zjny": write(last, "200601"),
		"xm": c.nameIn("housing_fund", i), "zjhm": c.numberIn("housing_fund", i),
	}
	if int(i) < len(fixtures) {
		return row
	}
	if paid > 24 && r.IntN(4) == 0 {
		taken := monthly.MulDiv(12, 1)
		row["ye"] = fen(monthly.MulDiv(int64(paid), 1) - taken)
		row["tqmx"] = []object{{"yy": []string{"06", "01"}[r.IntN(2)], "rq": write(last.AddMonths(-7).Add(11), compact), "je": fen(taken)}}
	}
	if h := &c.homes[p.household]; h.first == i && h.home == ownFlat && r.IntN(3) == 0 {
		c.lend(row, r.IntN(40))
	}
	return row
}

// lend adds a loan of which n years have been repaid.
func (c *City) lend(row object, n int) {
	loan := money.Of(int64(300_000 + n*10_000))
	monthly := loan.MulDiv(45, 10_000)
	row["dkxx"] = object{
		"yh": "中国建设银行宁波分行", "je": fen(loan), "qs": 360, "fs": "1",
		"yhk": fen(monthly), "yhje": fen(monthly.MulDiv(int64(12+n), 1)), "hkzh": fmt.Sprintf("6217%012d", 1000+n),
	}
}

func monthsBetween(from, to day.Day) int {
	return (to.Year()-from.Year())*12 + int(to.Month()) - int(from.Month())
}
