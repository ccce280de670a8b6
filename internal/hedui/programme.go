package hedui

import (
	"fmt"
	"slices"

	"hedui/catalog"
)

// A Programme is a kind of assistance 救助类型. It is the purpose of every query.
type Programme string

// The programmes: those of Ningbo's launch, and after them later ones.
const (
	Dibao      Programme = "dibao"      // 最低生活保障
	Medical    Programme = "medical"    // 医疗救助
	Disability Programme = "disability" // 残疾人基本生活保障
	Temporary  Programme = "temporary"  // 临时救助
	Education  Programme = "education"  // 教育救助
	Housing    Programme = "housing"    // 住房保障

	Destitute   Programme = "destitute"   // 特困人员救助供养
	Edge        Programme = "edge"        // 最低生活保障边缘家庭
	Expenditure Programme = "expenditure" // 刚性支出困难家庭
)

// Programmes lists all programmes in the order of their two-digit codes.
func Programmes() []Programme {
	return []Programme{Dibao, Medical, Disability, Temporary, Education, Housing, Destitute, Edge, Expenditure}
}

// Digits is the two-digit code of the programme within case numbers, or "" for
// an unknown one. The codes are Hedui's own; no public list fixes them.
func (p Programme) Digits() string {
	i := slices.Index(Programmes(), p)
	if i < 0 {
		return ""
	}
	return fmt.Sprintf("%02d", i+1)
}

// Categories is what may be asked for the programme: the whole catalogue for each.
func (p Programme) Categories() []catalog.Code { return p.codes(catalog.All()) }

// Usual is what a consent that names no categories covers, and what every report
// has: the launch categories, see [catalog.Category.ByName].
func (p Programme) Usual() []catalog.Code { return p.codes(catalog.Usual()) }

func (p Programme) codes(categories []catalog.Category) []catalog.Code {
	if p.Digits() == "" {
		return nil
	}
	var codes []catalog.Code
	for _, c := range categories {
		codes = append(codes, c.Code)
	}
	return codes
}

// CaseKind says why a household is verified.
type CaseKind string

// The kinds of a case.
const (
	NewApplication  CaseKind = "new_application"
	PeriodicRecheck CaseKind = "periodic_recheck"
)

// CaseKinds lists both.
func CaseKinds() []CaseKind { return []CaseKind{NewApplication, PeriodicRecheck} }
