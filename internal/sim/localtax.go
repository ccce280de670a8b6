package sim

import (
	"net/http"
	"strconv"
	"time"

	"hedui/day"
	"hedui/money"
)

// localTax is the local tax bureau: names in capitals, basic authentication,
// HTTP 200 for everything with a code inside (E404 is "nobody of that number"),
// amounts with commas, days as 2006年01月02日, kinds as Chinese words.
func localTax() department {
	return department{
		id: "local_tax", delay: 40 * time.Millisecond, perSecond: 40,
		admits: func(r *http.Request, _ object) bool {
			user, password, ok := r.BasicAuth()
			return ok && user == "hedui" && password == keyOf("local_tax")
		},
		refuses: func(w http.ResponseWriter, why refusal) {
			if why == throttled {
				http.Error(w, "请求过于频繁", http.StatusTooManyRequests)
				return
			}
			code := [...]string{"E401", "E403", "", "E400"}[why]
			reply(w, http.StatusOK, object{"code": code, "msg": [...]string{"账号或密码错误", "缺少用途或授权书编号", "", "参数错误"}[why]})
		},
		routes: []route{{"local_tax", "/dsj/grss/query", func(in object) (string, string) {
			return in.text("YTDM"), in.text("SQSBH")
		}, (*City).localTaxes}},
	}
}

func (c *City) localTaxes(w http.ResponseWriter, in object) {
	i, m := c.search("local_tax", in.text("ZJHM"), in.text("XM"))
	var rows []object
	switch m {
	case unreadable:
		reply(w, http.StatusOK, object{"code": "E400", "msg": "证件号码格式错误"})
		return
	case misnamed:
		reply(w, http.StatusOK, object{"code": "E409", "msg": "姓名与证件号码不一致"})
		return
	case matched:
		rows = c.localTaxRows(i, in.text("SSQ_Q"), in.text("SSQ_Z"))
	}
	if len(rows) == 0 {
		reply(w, http.StatusOK, object{"code": "E404", "msg": "查无此人"})
		return
	}
	reply(w, http.StatusOK, object{"code": "0", "msg": "OK", "result": object{
		"SJRQ": write(c.today().Add(-1), han), "TOTAL": strconv.Itoa(len(rows)), "LIST": rows,
	}})
}

func (c *City) localTaxRows(i int32, from, to string) []object {
	p := &c.people[i]
	var rows []object
	if p.earning() {
		for _, m := range c.months(from, to, p.since) {
			rows = append(rows, c.wageTaxRow(i, m))
		}
	}
	if p.owns != none && c.firms[p.owns].local() && c.firms[p.owns].status == active {
		rows = append(rows, c.firmTaxRows(i, c.months(from, to, c.firms[p.owns].founded))...)
	}
	return rows
}

func (c *City) wageTaxRow(i int32, month day.Day) object {
	pay := c.pay(i, month)
	taxable, tax := c.incomeTax(i, pay)
	row := c.taxRow(i, "自然人", "工资、薪金所得", month, monthStart(month, 1).Add(-1), tax)
	row["SRE"], row["YNSSDE"], row["MSSR"] = pay.Grouped(), taxable.Grouped(), "-"
	row["KJDWMC"] = c.firmName(c.people[i].employer)
	return row
}

func (c *City) taxRow(i int32, role, item string, from, to day.Day, tax money.Fen) object {
	return object{
		"NSRMC": c.nameIn("local_tax", i), "SFZJHM": c.numberIn("local_tax", i), "NSRLX": role, "ZSPM": item,
		"SSQQ": write(from, han), "SSQZ": write(to, han), "RKJE": tax.Grouped(), "RKRQ": write(to.Add(14), han),
	}
}

// firmTaxRows are the payments of the person's firm by quarters, and for whoever
// has a share in a company one entry as its investor.
func (c *City) firmTaxRows(i int32, months []day.Day) []object {
	p := &c.people[i]
	f := &c.firms[p.owns]
	var rows []object
	total := money.Fen(0)
	for _, m := range months {
		if m.Month()%3 != 0 {
			continue // quarters are filed when they end
		}
		tax := c.quarterTax(p.owns, m.Year()*4+int(m.Month())/3)
		total += tax
		from, to := monthStart(m, -2), monthStart(m, 1).Add(-1)
		switch {
		case f.kind == soleTrader:
			row := c.taxRow(i, "个体工商户", "经营所得", from, to, tax.MulDiv(1, 4))
			row["SRE"] = (money.Of(12000) + tax.MulDiv(20, 1)).Grouped()
			rows = append(rows, c.withFirm(row, p.owns))
		case f.owner == i:
			rows = append(rows, c.withFirm(c.taxRow(i, "法定代表人", "企业所得税", from, to, tax), p.owns))
		}
	}
	if f.kind != soleTrader && len(months) > 0 {
		row := c.taxRow(i, "投资人", "其他税费", months[0], monthStart(months[len(months)-1], 1).Add(-1), 0)
		row["QYNSZE"], row["TZBL"] = total.Grouped(), strconv.Itoa(c.share(i))+"%"
		delete(row, "RKJE")
		delete(row, "RKRQ")
		rows = append(rows, c.withFirm(row, p.owns))
	}
	return rows
}

func (c *City) withFirm(row object, firm int32) object {
	row["QYMC"], row["QYSBH"] = c.firmName(firm), c.taxNo(firm)
	return row
}

// share is the percentage that person i holds of his or her firm.
func (c *City) share(i int32) int {
	f := &c.firms[c.people[i].owns]
	if f.owner == i {
		return int(f.share)
	}
	return 100 - int(f.share)
}
