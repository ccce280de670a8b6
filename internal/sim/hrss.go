package sim

import (
	"net/http"
	"time"

	"hedui/day"
	"hedui/money"
)

// hrss is the bureau of human resources and social security: the codes of its
// ministry for field names (aac002 is the identity number), amounts in fen, days
// in milliseconds, months as 200601. A call needs a token that is fetched first
// and does not hold for long. Insurance takes lists, accepts them and has the
// answer a little later; employment takes one person and does not know those under
// 16 or from elsewhere.
func hrss() department {
	terms := func(in object) (string, []claim) {
		return in.text("purpose"), []claim{claimOf(in, "aac002", "aac003", "mandateNo", "mandateSigned")}
	}
	listed := func(in object) (string, []claim) {
		return in.text("purpose"), claimsOf(in.list("list"), "aac002", "aac003", "mandateNo", "mandateSigned")
	}
	return department{
		id: "hrss", delay: 25 * time.Millisecond, perSecond: 80,
		knows: func(c *City, r *http.Request, _ []byte, _ object) bool { return c.granted("hrss", r) },
		token: "/rsj/oauth2/token",
		refuses: func(w http.ResponseWriter, why refusal) {
			status := [...]int{http.StatusUnauthorized, http.StatusOK, http.StatusTooManyRequests, http.StatusBadRequest}[why]
			reply(w, status, object{"resultCode": [...]string{"-91", "-93", "-99", "-90"}[why], "resultData": nil})
		},
		routes: []route{
			{"social_insurance", "/rsj/sbk/batchQuery", listed, (*City).insurances},
			{"social_insurance", "/rsj/sbk/batchResult", nil, (*City).fetchInsurances},
			{"employment", "/rsj/jyk/query", terms, (*City).jobs},
		},
	}
}

// insuranceRows: months of contributions to the pension, and the last month of
// the other schemes and of what is received.
func (c *City) insuranceRows(i int32, from, to string) []object {
	p := &c.people[i]
	if !p.alive() {
		return nil
	}
	last := monthStart(c.today(), -1)
	switch {
	case p.earning():
		return c.staffRows(i, c.months(from, to, p.since))
	case p.work == flexible:
		var rows []object
		for _, m := range c.months(from, to, p.since) {
			row := c.insuranceRow(i, "110", m, "PAYING")
			row["aab019"], row["aae180"], row["aae022"] = "91", fen(p.base()), fen(p.base().MulDiv(20, 100))
			rows = append(rows, row)
		}
		return rows
	case p.work == retired || p.work == resident:
		return []object{c.pensionRow(i, last)}
	case p.work == jobless && c.draw(i, saltJob).IntN(2) == 0:
		row := c.insuranceRow(i, "210", last, "RECEIVING")
		row["ajc095"] = fen(money.Of(benefit))
		return []object{row}
	case int(i) >= len(fixtures) && c.draw(i, saltInsurance).IntN(100) < 60:
		row := c.insuranceRow(i, "390", last, "PAYING")
		row["aab019"], row["aae022"] = "92", fen(money.Of(450))
		return []object{row}
	}
	return nil
}

func (c *City) insuranceRow(i int32, scheme string, month day.Day, state string) object {
	p := &c.people[i]
	row := object{
		"aac001": c.number(i).Reveal(), "aac002": c.numberIn("social_insurance", i), "aac003": c.nameIn("social_insurance", i),
		"aae140": scheme, "aae002": write(month, "200601"), "aac031": state,
	}
	if !p.since.IsZero() {
		row["aac049"] = millis(monthStart(p.since, 0))
	}
	return row
}

func (c *City) staffRows(i int32, months []day.Day) []object {
	p := &c.people[i]
	var rows []object
	add := func(scheme string, m day.Day, personal, unit int64) {
		row := c.insuranceRow(i, scheme, m, "PAYING")
		row["aab004"], row["aab019"], row["aae180"] = c.firmName(p.employer), unitKind(c.firms[p.employer].kind), fen(p.base())
		row["aae022"], row["aae020"] = fen(p.base().MulDiv(personal, 1000)), fen(p.base().MulDiv(unit, 1000))
		rows = append(rows, row)
	}
	for n, m := range months {
		add("110", m, 80, 150)
		if n == len(months)-1 {
			add("310", m, 20, 85)
			add("210", m, 5, 5)
		}
	}
	return rows
}

func unitKind(k firmKind) string {
	switch k {
	case public:
		return "20"
	case soleTrader:
		return "80"
	}
	return "10"
}

func (c *City) pensionRow(i int32, month day.Day) object {
	p := &c.people[i]
	scheme := "110"
	if p.work == resident {
		scheme = "170"
	}
	row := c.insuranceRow(i, scheme, month, "RECEIVING")
	row["aic160"], row["aic162"] = fen(money.Of(int64(p.wage))), millis(p.since)
	delete(row, "aac049")
	if p.work == resident {
		row["zyjcyl"] = fen(money.Of(centralPart))
	}
	return row
}

// jobs answers resultCode 1 found, 0 none, -2 too young, -3 from elsewhere, -4
// another name.
func (c *City) jobs(w http.ResponseWriter, in object) {
	i, m := c.search("employment", in.text("aac002"), in.text("aac003"))
	code := "0"
	var data object
	switch {
	case m == unreadable:
		code = "-90"
	case m == unknown:
		code = "-3"
	case m == misnamed:
		code = "-4"
	case c.people[i].age(c.today()) < workAge:
		code = "-2"
	case c.people[i].has(outside) && !c.people[i].earning():
		code = "-3"
	default:
		if data = c.jobRow(i); data != nil {
			code = "1"
		}
	}
	text := map[string]string{"1": "成功", "0": "无登记信息", "-2": "未满16周岁，不在登记范围", "-3": "非本市登记人员", "-4": "姓名不符", "-90": "参数错误"}
	reply(w, http.StatusOK, object{"resultCode": code, "resultMsg": text[code], "resultTime": c.opts.Now().UnixMilli(), "resultData": data})
}

func (c *City) jobRow(i int32) object {
	p := &c.people[i]
	if !p.alive() {
		return nil
	}
	row := object{
		"aac002": c.numberIn("employment", i), "aac003": c.nameIn("employment", i), "rylb": "1", "ccd001": millis(p.since.Add(12)),
		"jbjg": counties[c.homes[p.household].county].name + "就业管理服务中心",
	}
	switch p.work {
	case employee:
		row["jyxs"], row["aab004"] = "1", c.firmName(p.employer)
	case owner, selfEmployed:
		row["jyxs"], row["aab004"] = "2", c.firmName(p.owns)
	case flexible:
		row["jyxs"] = "3"
	case jobless:
		r := c.draw(i, saltJob)
		row["jyxs"], row["rylb"] = "5", []string{"1", "2"}[r.IntN(2)]
		row["sydjrq"], row["syyy"] = millis(c.today().AddMonths(-2-r.IntN(8))), []string{"11", "12", "13"}[r.IntN(3)]
		delete(row, "ccd001")
		if c.draw(i, saltJob).IntN(2) == 0 { // the same draw as for the benefit
			row["ajc098"], row["ajc099"] = 1+r.IntN(12), millis(c.today().AddMonths(1+r.IntN(12)))
		}
	default:
		return nil
	}
	return row
}
