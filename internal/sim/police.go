package sim

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"hedui/day"
	"hedui/money"
)

// police is the public security bureau: SOAP in GBK with a user name token,
// pinyin names, days as 20060102. The household register takes lists and answers
// each person under a code of his own; the vehicle register answers with XML as a
// text inside the XML.
func police() department {
	return department{
		id: "police", delay: 15 * time.Millisecond, perSecond: 100, broken: soapBreakage,
		reads: readSOAP,
		knows: func(c *City, _ *http.Request, _ []byte, in object) bool { return c.tokened("police", in.at("token")) },
		refuses: func(w http.ResponseWriter, why refusal) {
			code := [...]string{"wsse:FailedAuthentication", "soapenv:Client.9403", "soapenv:Server.9429", "soapenv:Client"}[why]
			text := [...]string{"用户名令牌无效", "未提供用途或授权号", "访问过于频繁", "报文格式错误"}[why]
			soapFault(w, code, text)
		},
		routes: []route{
			{"hukou", "/ga/services/rkk", func(in object) (string, []claim) {
				return in.at("head").text("yt"), claimsOf(in.at("body").several("ry"), "sfzh", "xm", "sqh", "sqpz")
			}, (*City).hukou},
			{"vehicle", "/ga/services/cgs", func(in object) (string, []claim) {
				head, body := in.at("head"), in.at("body")
				return head.text("yt"), []claim{{body.text("sfzmhm"), body.text("xm"), head.text("sqh"), head.text("sqpz")}}
			}, (*City).vehicles},
		},
	}
}

func (c *City) hukou(w http.ResponseWriter, in object) {
	results := []object{}
	for _, who := range in.at("body").several("ry") {
		results = append(results, c.hukouOf(who.text("sfzh"), who.text("xm")))
	}
	replySOAP(w, http.StatusOK, `<ns2:plcxResponse xmlns:ns2="urn:ga">`+markup(
		entry{"head", object{"fhdm": "0000", "fhxx": "成功", "sjsj": c.now().Format("20060102150405")}},
		entry{"body", []entry{{"jgs", len(results)}, {"jg", results}}},
	)+"</ns2:plcxResponse>")
}

// hukouOf answers for one person: jgdm 1 found, 0 none, 3 another name, 5 not a
// number, 9 registered outside the city.
func (c *City) hukouOf(id, name string) object {
	i, m := c.search("hukou", id, name)
	switch {
	case m == unreadable:
		return object{"sfzh": id, "jgdm": "5", "jgsm": "证件号码有误"}
	case m == misnamed:
		return object{"sfzh": id, "jgdm": "3", "jgsm": "姓名不符"}
	case m == unknown && !strings.HasPrefix(id, "3302"), m == matched && c.people[i].has(outside):
		return object{"sfzh": id, "jgdm": "9", "jgsm": "非本市户籍"}
	case m == unknown:
		return object{"sfzh": id, "jgdm": "0", "jgsm": "查无此人"}
	}
	return object{"sfzh": id, "jgdm": "1", "ryxx": c.hukouRow(i)}
}

// hukouRow has the sex as 1 male, 0 female, and no former name where there is none.
func (c *City) hukouRow(i int32) object {
	p := &c.people[i]
	h := &c.homes[p.household]
	county := counties[h.county]
	address := c.address(p.household)
	kind := "2"
	if h.rural {
		kind = "1"
	}
	nation := "01"
	if p.surname == dotted {
		nation = "05"
	}
	row := object{
		"xm": c.nameIn("hukou", i), "sfzh": c.numberIn("hukou", i), "xb": flag(p.male()), "mz": nation,
		"csrq": write(p.born, compact), "hh": fmt.Sprintf("%s%07d", county.code, p.household+1),
		"yhzgx": fmt.Sprintf("%02d", p.relation), "hjdz": address, "hjqh": county.code,
		"pcs": strings.TrimPrefix(address, "浙江省宁波市")[:len("海曙区白云")] + "派出所", "hklb": kind, "zxbs": "0",
	}
	r := c.draw(i, saltHukou)
	if int(i) >= len(fixtures) && r.IntN(40) == 0 {
		row["cym"] = string([]rune(c.name(i))[:1]) + "小" + string(manly[r.IntN(len(manly))])
	}
	if int(i) >= len(fixtures) && r.IntN(12) == 0 && p.age(census) > 20 {
		row["qyxx"] = []object{{"fx": "1", "rq": write(p.born.AddMonths(12*19), compact), "dd": "浙江省舟山市普陀区", "yy": "投靠亲属"}}
	}
	if !p.alive() {
		row["zxbs"], row["zxyy"], row["zxrq"] = "1", "01", write(p.died.Add(20), compact)
	}
	return row
}

// vehicles answers jg 1 found, 0 none, -1 not a number, -3 another name, in a
// text that is XML again.
func (c *City) vehicles(w http.ResponseWriter, in object) {
	body := in.at("body")
	i, m := c.search("vehicle", body.text("sfzmhm"), "")
	answer := []entry{{"jg", "0"}, {"msg", "无机动车登记信息"}, {"sl", 0}}
	switch {
	case m == unreadable:
		answer = []entry{{"jg", "-1"}, {"msg", "身份证明号码有误"}}
	case m == unknown || c.people[i].vehicle == noVehicle || !c.people[i].alive():
	case body.text("xm") != "" && !c.accepts("vehicle", i, body.text("xm")):
		answer = []entry{{"jg", "-3"}, {"msg", "姓名与证件号码不符"}}
	default:
		w.Header().Set("Last-Modified", c.opts.Now().UTC().Truncate(24*time.Hour).Format(http.TimeFormat))
		answer = []entry{{"jg", "1"}, {"sl", 1}, {"clxx", []entry{{"cl", c.vehicleRow(i)}}}}
	}
	inner := `<?xml version="1.0" encoding="GBK"?>` + markup(entry{"root", answer})
	replySOAP(w, http.StatusOK, `<ns2:jdccxResponse xmlns:ns2="urn:ga"><return xsi:type="xsd:string"><![CDATA[`+inner+"]]></return></ns2:jdccxResponse>")
}

// vehicleRow joins state letters as the register does ("GQ") and knows no present
// value: whoever wants one has to estimate.
func (c *City) vehicleRow(i int32) object {
	p := &c.people[i]
	r := c.draw(i, saltVehicle)
	today := c.today()
	first := today.AddMonths(-6 - r.IntN(110))
	model := []struct {
		brand, model string
		price        int64
	}{{"大众牌", "SVW7147", 118000}, {"吉利美日牌", "MR7152", 76000}, {"比亚迪牌", "BYD7009", 129800}, {"五菱牌", "LZW6442", 45800}, {"丰田牌", "GTM7200", 189800}}[r.IntN(5)]
	row := object{
		"hpzl": "02", "cllx": "K33", "syxz": "A", "zt": "A", "clpp": model.brand, "clxh": model.model,
		"hphm":   fmt.Sprintf("浙B%c%04d", "ABCDEFGH"[r.IntN(8)], r.IntN(10000)),
		"clsbdh": fmt.Sprintf("LSVFA49J%09d", r.IntN(1_000_000_000)),
	}
	price, valid := money.Of(model.price), nextInspection(first, today)
	switch p.vehicle {
	case oldCar:
		row["zt"], valid = "GQ", today.AddMonths(-3-r.IntN(20))
	case wreck:
		first, valid = day.Must("1999-04-20"), day.Must("2006-04-30")
		row["zt"], row["clpp"], row["clxh"], row["cllx"], price = "P", "奥拓牌", "SC7080", "K43", money.Of(42800)
	case lorry:
		row["hpzl"], row["cllx"], row["syxz"], row["clpp"], row["clxh"], price = "01", "H31", "F", "江淮牌", "HFC1043", money.Of(86000)
	case motorbike:
		row["hpzl"], row["cllx"], row["clpp"], row["clxh"], price = "07", "M21", "钱江牌", "QJ125", money.Of(6800)
	}
	row["ccdjrq"], row["jyyxqz"], row["gcjg"] = first.String(), valid.String(), price.String()
	row["syr"], row["sfzmhm"] = c.nameIn("vehicle", i), idNumber(c.numberIn("vehicle", i))
	return row
}

func nextInspection(first, today day.Day) day.Day {
	valid := first.AddMonths(24)
	for valid.Before(today) {
		valid = valid.AddMonths(24)
	}
	return valid
}

// idNumber is the number with blanks behind it, as fixed-width columns give it.
func idNumber(n string) string { return n + "  " }
