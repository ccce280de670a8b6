package sim

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"

	"golang.org/x/text/encoding/simplifiedchinese"

	"hedui/day"
	"hedui/money"
)

// fundColumns are the columns of an account.
var fundColumns = []string{
	"zjhm", "xm", "ret", "grzh", "dwmc", "jcjs", "grbl", "dwbl", "yjce", "ye", "zt", "zjny", "tqyy", "tqrq", "tqje",
	"dkyh", "dkje", "dkqs", "dkfs", "dkyhk", "dkyhje", "dkhkzh",
}

// funds answers a list of questions with one of accounts: ret 0 with an account,
// 1001 for none, 2003 for another name. The last row counts.
func (c *City) funds(request []byte) ([]byte, error) {
	text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(request)
	if err != nil {
		return nil, err
	}
	questions, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil || len(questions) == 0 || len(questions[0]) != 5 {
		return nil, errors.Join(errors.New("sim: a request that is none"), err)
	}
	rows := [][]string{fundColumns}
	for _, q := range questions[1:] {
		rows = append(rows, c.fundAnswer(q[2], claim{q[0], q[1], q[3], q[4]}))
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	if err := w.WriteAll(rows); err != nil {
		return nil, err
	}
	fmt.Fprintf(&b, "合计,%d,%s\r\n", len(rows)-1, c.now().Format("20060102150405"))
	return simplifiedchinese.GB18030.NewEncoder().Bytes(b.Bytes())
}

func (c *City) fundAnswer(purpose string, k claim) []string {
	row, ret := object(nil), "-403"
	if c.live("housing_fund", purpose, k) {
		i, m := c.search("housing_fund", k.id, k.name)
		if ret = [...]string{unknown: "1001", misnamed: "2003", matched: "0", unreadable: "-400"}[m]; m == matched {
			if row = c.fundRow(i); row == nil {
				ret = "1001"
			}
		}
	}
	if row == nil {
		row = object{"zjhm": k.id, "xm": k.name}
	}
	row["ret"] = ret
	cells := make([]string, len(fundColumns))
	for i, key := range fundColumns {
		if row[key] != nil {
			cells[i] = fmt.Sprint(row[key])
		}
	}
	return cells
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
		row["tqyy"], row["tqrq"], row["tqje"] = []string{"06", "01"}[r.IntN(2)], write(last.AddMonths(-7).Add(11), compact), fen(taken)
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
	row["dkyh"], row["dkje"], row["dkqs"], row["dkfs"] = "中国建设银行宁波分行", fen(loan), 360, "1"
	row["dkyhk"], row["dkyhje"], row["dkhkzh"] = fen(monthly), fen(monthly.MulDiv(int64(12+n), 1)), fmt.Sprintf("6217%012d", 1000+n)
}

func monthsBetween(from, to day.Day) int {
	return (to.Year()-from.Year())*12 + int(to.Month()) - int(from.Month())
}
