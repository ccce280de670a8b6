package sim

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"hedui/money"
)

// businessOffice is the administration for industry and commerce: signed calls,
// lists in pages of the caller's size, an HTTP 404 with a body for "none", capital
// in 万元 as text, the long words of the register for states and positions, 长期 for a
// term without an end.
func businessOffice() department {
	return department{
		id: "business", delay: 12 * time.Millisecond, perSecond: 100,
		knows: func(c *City, r *http.Request, body []byte, _ object) bool { return c.signed("business", r, body) },
		refuses: func(w http.ResponseWriter, why refusal) {
			status := [...]int{http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests, http.StatusBadRequest}[why]
			reply(w, status, object{"code": status, "message": http.StatusText(status)})
		},
		routes: []route{{"business", "/gsj/api/person/enterprises", func(in object) (string, []claim) {
			return in.text("usage"), []claim{claimOf(in, "certNo", "personName", "authorizationNo", "authorizationToken")}
		}, (*City).businesses}},
	}
}

// maxPage is the most entries on a page of the business register.
const maxPage = 50

func (c *City) businesses(w http.ResponseWriter, in object) {
	page, size := number(in.text("pageNo")), number(in.text("pageSize"))
	n, bad := page.Int64()
	each, worse := size.Int64()
	if bad != nil || worse != nil || n < 1 || n > 1000 || each < 1 || each > maxPage {
		reply(w, http.StatusBadRequest, object{"code": 400, "message": "pageNo, pageSize"})
		return
	}
	first := n == 1 // the pages behind it belong to the same search
	i, m := c.lookUp("business", in.text("certNo"), in.text("personName"), first)
	switch {
	case m == unreadable:
		reply(w, http.StatusBadRequest, object{"code": 400, "message": "certNo"})
	case m == misnamed:
		reply(w, http.StatusOK, object{"code": 20001, "message": "姓名与证件号码不匹配"})
	case m == unknown || c.people[i].owns == none:
		reply(w, http.StatusNotFound, object{"code": 404, "message": "未查询到企业信息"})
	default:
		rows := c.businessRows(i)
		from := min(int((n-1)*each), len(rows))
		reply(w, http.StatusOK, object{"code": 200, "timestamp": c.now().Format("2006-01-02 15:04:05"), "data": object{
			"total": len(rows), "pageNo": n, "list": rows[from:min(from+int(each), len(rows))]}})
	}
}

// saltStalls is beyond the salts of the months.
const saltStalls = 1 << 15

// businessRows: what somebody owns now, and for one trader in twenty the stalls
// of earlier seasons, long cancelled.
func (c *City) businessRows(i int32) []object {
	rows := []object{c.businessRow(i)}
	r := c.draw(i, saltStalls)
	if int(i) < len(fixtures) || r.IntN(20) != 0 {
		return rows
	}
	for n := range 11 + r.IntN(20) {
		opened := c.today().AddMonths(-12 - 4*n)
		if opened.Before(c.people[i].born.AddMonths(12 * 18)) {
			break
		}
		rows = append(rows, object{
			"regNo": fmt.Sprintf("330200%09d", 600_000_000+int(i)*100+n), "entName": c.name(i) + "第" + strconv.Itoa(n+1) + "号摊位", "name": c.name(i),
			"entType": "个体工商户", "position": "经营者", "fundAmount": wan(money.Of(3000)), "regState": "注销",
			"estDate": opened.String(), "apprDate": opened.AddMonths(3).String(), "opFrom": opened.String(), "opTo": opened.AddMonths(3).String(),
			"opScope": "日用百货零售", "regOrg": counties[c.homes[c.people[i].household].county].name + "市场监督管理局",
		})
	}
	return rows
}

func (c *City) businessRow(i int32) object {
	p := &c.people[i]
	f := &c.firms[p.owns]
	capital := money.Of(int64(f.capital))
	county := counties[f.county]
	row := object{
		"regNo": c.regNo(p.owns), "uniscid": c.unified(p.owns), "entName": c.firmName(p.owns), "name": c.name(f.owner),
		"regState": [...]string{"存续（在营、开业、在册）", "吊销，未注销", "注销"}[f.status],
		"estDate":  f.founded.String(), "apprDate": f.founded.AddMonths(30).String(), "opFrom": f.founded.String(), "opTo": "长期",
		"dom": street(f.county, c.draw(p.owns, saltFirm)) + strconv.Itoa(10+int(p.owns)%200) + "号", "regOrg": county.name + "市场监督管理局",
		"opScope": [...]string{"企业管理咨询、信息技术服务", "餐饮服务", "日用百货、五金销售", "机械零部件制造、加工"}[f.sector],
	}
	if f.kind == soleTrader {
		row["entType"], row["position"], row["fundAmount"] = "个体工商户", "经营者", wan(capital)
		return row
	}
	row["entType"] = "有限责任公司"
	if f.kind == singleLimited {
		row["entType"] = "一人有限责任公司"
	}
	row["position"], row["regCap"] = "投资人", wan(capital)
	if f.owner == i {
		row["position"] = "法定代表人"
	}
	share := c.share(i)
	row["subConAm"], row["conProp"] = wan(capital.MulDiv(int64(share), 100)), share
	if f.founded.Year() < 2014 { // until then capital had to be paid in
		row["recCap"] = wan(capital)
	}
	row["investors"] = c.investors(f)
	return row
}

func (c *City) investors(f *firm) []object {
	capital := money.Of(int64(f.capital))
	list := []object{{"inv": c.name(f.owner), "cerNo": c.number(f.owner).Reveal(), "subConAm": wan(capital.MulDiv(int64(f.share), 100)), "conProp": f.share}}
	if f.partner != none {
		rest := 100 - int64(f.share)
		list = append(list, object{"inv": c.name(f.partner), "cerNo": c.number(f.partner).Reveal(), "subConAm": wan(capital.MulDiv(rest, 100)), "conProp": rest})
	}
	return list
}
