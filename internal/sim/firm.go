package sim

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"hedui/day"
	"hedui/money"
	"hedui/uscc"
)

// A firm is whoever employs or does business: companies, sole traders and public
// bodies.
type firm struct {
	founded day.Day
	owner   int32 // legal representative, or none
	partner int32 // second investor, or none
	capital int32 // yuan
	county  uint8
	kind    firmKind
	sector  sector
	status  firmStatus
	share   uint8 // percent of the owner; the partner has the rest
}

type firmKind uint8

const (
	limited firmKind = iota
	singleLimited
	soleTrader
	public // schools, hospitals: in no business register
)

type sector uint8

// Services and restaurants pay business tax to the local bureau; trade and
// industry pay value-added tax to the national one.
const (
	services sector = iota
	catering
	trade
	industry
)

type firmStatus uint8

const (
	active firmStatus = iota
	revoked
	cancelled
)

var (
	brands  = []rune("诚达信宏远盛华泰恒瑞丰鑫隆兴嘉和海天明正安平永康甬江东方")
	trades  = [...]string{"信息咨询", "餐饮管理", "贸易", "机械制造"}
	shops   = [...]string{"理发店", "小吃店", "小卖部", "五金加工店"}
	offices = strings.Fields("第一小学 中心医院 实验中学 社区卫生服务中心 图书馆 环境卫生管理所")
)

// local reports whether the firm files with the local tax bureau.
func (f *firm) local() bool { return f.sector == services || f.sector == catering }

func (c *City) firmName(i int32) string {
	if int(i) < len(fixedFirmNames) {
		return fixedFirmNames[i]
	}
	f := &c.firms[i]
	r := c.draw(i, saltFirm)
	place := strings.TrimRight(counties[f.county].name, "区县市")
	brand := string(brands[r.IntN(len(brands))]) + string(brands[r.IntN(len(brands))])
	switch f.kind {
	case public:
		return "宁波市" + counties[f.county].name + offices[r.IntN(len(offices))]
	case soleTrader:
		return "宁波市" + counties[f.county].name + brand + shops[f.sector]
	}
	return "宁波" + place + brand + trades[f.sector] + "有限公司"
}

// regNo is the 15-digit registration number of the business register.
func (c *City) regNo(i int32) string {
	code, _ := uscc.MakeRegistration(counties[c.firms[i].county].code, int(i)+10000)
	return code.String()
}

// organisation is the nine-character organisation code.
func organisation(i int32) string {
	code, _ := uscc.MakeOrganisation(fmt.Sprintf("7%07d", i))
	return code.String()
}

// unified is the unified social credit code that firms got after 2015; the
// register never wrote one on a licence that was revoked before.
func (c *City) unified(i int32) string {
	f := &c.firms[i]
	if f.status != active {
		return ""
	}
	entity := "91"
	if f.kind == soleTrader {
		entity = "92"
	}
	code, _ := uscc.MakeUSCC(entity, counties[f.county].code, organisation(i)[:8])
	return code.String()
}

// taxNo is what the tax bureaux call a firm: a sole trader by the owner's number.
func (c *City) taxNo(i int32) string {
	f := &c.firms[i]
	if f.kind == soleTrader && f.owner != none {
		return c.number(f.owner).Reveal()
	}
	return counties[f.county].code + organisation(i)
}

// quarterTax is what a firm pays in the given quarter of its life: small beside
// its capital, never nothing while it is active.
func (c *City) quarterTax(i int32, quarter int) money.Fen {
	f := &c.firms[i]
	if f.status != active {
		return 0
	}
	r := rand.New(rand.NewPCG(uint64(i)+7, uint64(quarter))) //nolint:gosec // an index
	return money.Of(int64(f.capital)).MulDiv(int64(6+r.IntN(7)), 1000) + money.Fen(r.IntN(10000))
}
