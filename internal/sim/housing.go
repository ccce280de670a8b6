package sim

import (
	"fmt"
	"strings"

	"hedui/day"
	"hedui/money"
)

// housingCommission is the commission of housing. It has no service: requests are
// laid down as files and answered by a nightly job. Homes are exchanged as
// workbooks in a directory, with amounts in 万元 and days as spreadsheets count
// them; the housing fund as CSV in GB 18030 over SFTP, with amounts in fen, rates
// as fractions, a checksum and a last row that counts.
func housingCommission() department {
	return department{id: "housing", drops: []drop{
		{"housing", "housing", "FW_", ".xlsx", (*City).houses},
		{"housing_fund", "fund", "GJJ_", ".csv", (*City).funds},
	}}
}

// homeColumns are the columns of a home: what a register row calls it and what
// stands in the header.
var homeColumns = []struct{ key, title string }{
	{"zjhm", "证件号码"}, {"qlr", "权利人"}, {"jg", "查询结果"}, {"sjrq", "数据日期"}, {"cqzh", "产权证号"}, {"zl", "坐落"},
	{"jzmj", "建筑面积(平方米)"}, {"ghyt", "规划用途"}, {"fwxz", "房屋性质"}, {"fwlx", "房屋类型"}, {"fwjg", "房屋结构"}, {"gyfs", "共有方式"},
	{"bl", "所占份额"}, {"djrq", "登记日期"}, {"gmjg", "购买价格(万元)"}, {"djjz", "登记价值(万元)"}, {"qszt", "权属状态"},
	{"gyrxm", "共有人"}, {"gyrzjhm", "共有人证件号码"}, {"gyrbl", "共有人份额"},
	{"jyfs", "取得方式"}, {"jyrq", "交易日期"}, {"jydf", "交易对方"}, {"jyje", "交易金额(万元)"},
	{"zlq", "租赁起"}, {"zlz", "租赁止"}, {"yzj", "月租金(万元)"},
}

// houses answers a workbook of questions with one of homes.
func (c *City) houses(request []byte) ([]byte, error) {
	rows, err := readWorkbook(request)
	if err != nil {
		return nil, err
	}
	var out []object
	for _, q := range rows {
		id, name := q["zjhm"], q["qlrmc"]
		answer := func(code string) object { return object{"zjhm": id, "qlr": name, "jg": code, "sjrq": c.today()} }
		if !c.live("housing", q["yt"], claim{id, name, q["sqsbh"], q["sqpz"]}) {
			out = append(out, answer("403"))
			continue
		}
		i, m := c.search("housing", id, name)
		switch {
		case m == unreadable:
			out = append(out, answer("400"))
			continue
		case m == misnamed:
			out = append(out, answer("205"))
			continue
		case m == unknown || len(c.houseRows(i)) == 0:
			out = append(out, answer("404"))
			continue
		}
		for _, row := range c.houseRows(i) {
			row["jg"], row["sjrq"] = "200", c.today()
			out = append(out, row)
		}
	}
	return writeWorkbook("房产信息", out)
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
			row["gyrxm"], row["gyrzjhm"], row["gyrbl"] = c.name(other), c.number(other).Reveal(), part(f, i != h.first)
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
		"fwlx": "1", "fwjg": []string{"3", "4"}[r.IntN(2)], "gyfs": f.mode, "djrq": bought,
		"gmjg": number(wan(price)), "djjz": number(wan(price.MulDiv(13, 10))), "qszt": "1",
		"jyfs": "01", "jyrq": bought.Add(-40), "jydf": "宁波市房地产开发公司", "jyje": number(wan(price)),
	}
	if r.IntN(3) == 0 {
		row["qszt"] = "2"
	}
	if f.second && r.IntN(2) == 0 {
		today := c.today()
		row["zlq"], row["zlz"], row["yzj"] = today.AddMonths(-7), today.AddMonths(5), number(wan(money.Of(int64(1500+r.IntN(20)*100))))
	}
	return row
}
