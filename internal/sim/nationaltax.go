package sim

import (
	"encoding/json"
	"net/http"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// nationalTax is the national tax bureau: an old system that speaks GB 18030,
// wants its key within the body, and puts the records as a text of JSON into a
// field of JSON. Days are 2006/1/2, amounts are numbers.
func nationalTax() department {
	return department{
		id: "national_tax", delay: 60 * time.Millisecond, perSecond: 50,
		admits: func(_ *http.Request, in object) bool { return in.text("APPKEY") == keyOf("national_tax") },
		refuses: func(w http.ResponseWriter, why refusal) {
			status := http.StatusOK
			if why == throttled {
				status = http.StatusTooManyRequests
			}
			text := [...]string{"密钥错误", "用途或授权号为空", "请求过于频繁", "报文错误"}[why]
			replyGB(w, status, object{"RTN_CODE": [...]string{"91", "93", "99", "90"}[why], "RTN_MSG": text})
		},
		routes: []route{{"national_tax", "/gs/services/nsrxx", func(in object) (string, string) {
			return in.text("YT"), in.text("SQWH")
		}, (*City).nationalTaxes}},
	}
}

func replyGB(w http.ResponseWriter, status int, out object) {
	text, _ := json.Marshal(out)
	body, err := simplifiedchinese.GB18030.NewEncoder().Bytes(text)
	if err != nil {
		body = text
	}
	w.Header().Set("Content-Type", "text/plain; charset=GBK")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func (c *City) nationalTaxes(w http.ResponseWriter, in object) {
	i, m := c.search("national_tax", in.text("SFZHM"), in.text("XM"))
	rows := []object{}
	switch m {
	case unreadable:
		replyGB(w, http.StatusOK, object{"RTN_CODE": "90", "RTN_MSG": "身份证号码错误"})
		return
	case misnamed:
		replyGB(w, http.StatusOK, object{"RTN_CODE": "12", "RTN_MSG": "姓名不一致"})
		return
	case matched:
		rows = c.nationalTaxRows(i, in.text("SSQQ"), in.text("SSQZ"))
	}
	data, _ := json.Marshal(object{"ROWS": rows})
	replyGB(w, http.StatusOK, object{
		"RTN_CODE": "00", "RTN_MSG": "成功", "DATA_DATE": write(c.today().Add(-1), slashed), "RTN_DATA": string(data),
	})
}

// nationalTaxRows: a firm in trade or industry files sales each quarter under its
// legal representative; a firm that was revoked has long stopped to.
func (c *City) nationalTaxRows(i int32, from, to string) []object {
	rows := []object{}
	p := &c.people[i]
	if p.owns == none {
		return rows
	}
	f := &c.firms[p.owns]
	if f.owner != i || f.local() || f.status != active {
		return rows
	}
	kind := "1"
	if f.kind == soleTrader {
		kind = "3"
	}
	for _, m := range c.months(from, to, f.founded) {
		if m.Month()%3 != 0 {
			continue
		}
		tax := c.quarterTax(p.owns, m.Year()*4+int(m.Month())/3)
		rows = append(rows, object{
			"NSRSBH": c.taxNo(p.owns), "NSRMC": c.firmName(p.owns), "NSRLX_DM": kind, "NSRZT_DM": "03",
			"SSQ_Q": write(monthStart(m, -2), slashed), "SSQ_Z": write(monthStart(m, 1).Add(-1), slashed),
			"XSSR": number(tax.MulDiv(33, 1).String()), "YNSE": number(tax.String()), "ZCZB": f.capital,
		})
	}
	return rows
}
