// Package catalog holds the categories of data that departments answer with, as
// data: fields, types, units, code lists, sensitivity and the owning department
// by date, so that a report of 2013 still names the local tax bureau. The twelve
// launch categories and the later ones lie in data/categories.yaml, their code
// lists in data/lists.yaml; both are embedded and read once. A later category is
// data only: see [Category.ByName], [Category.Class] and [Field.Says].
//
// A [Record] is what every source's answer is turned into: field key → canonical
// text. The text of a value follows from the type of its field, see [Type].
// The package describes and checks; it neither judges nor converts what a
// department sends.
package catalog

import (
	"slices"

	"hedui/day"
)

// A Code names a category everywhere: in files, in the store, on the wire.
type Code string

// The launch categories, C01 to C12: those that code has rules for. The later ones
// have no constant, because no code names them.
const (
	Hukou           Code = "hukou"            // 户籍
	Vehicle         Code = "vehicle"          // 车辆
	Marriage        Code = "marriage"         // 婚姻
	Death           Code = "death"            // 死亡
	LocalTax        Code = "local_tax"        // 地税个人涉税
	NationalTax     Code = "national_tax"     // 国税
	SocialInsurance Code = "social_insurance" // 社保
	Employment      Code = "employment"       // 就业
	Land            Code = "land"             // 土地登记
	Housing         Code = "housing"          // 住房
	HousingFund     Code = "housing_fund"     // 住房公积金
	Business        Code = "business"         // 工商注册
)

// A Bearing says on which side of a household's circumstances a category bears.
type Bearing string

// The bearings.
const (
	Status   Bearing = "status"   // who belongs to the household, and in what state
	Income   Bearing = "income"   //
	Property Bearing = "property" //
	Spending Bearing = "spending" //
)

// A Type fixes the canonical text of a value.
type Type string

// The types. Nothing else may stand in a record; an empty value means, like an
// absent one, that the source did not state it.
const (
	Text    Type = "text"    // free text of one line
	Coded   Type = "code"    // a code of Field.List; unknown codes are kept as they came
	Date    Type = "date"    // "2006-01-02"
	Month   Type = "month"   // "2006-01"
	Money   Type = "money"   // "1234.50": yuan with two decimals
	Decimal Type = "decimal" // "12.5" or "12.50": a register's precision is kept
	Percent Type = "percent" // "25": a decimal from 0 to 100
	Count   Type = "count"   // "3": a whole number, not negative
	Bool    Type = "bool"    // "true" or "false"
	IDCard  Type = "idcard"  // an identity number of 18 characters, see package idcard
	USCC    Type = "uscc"    // a code of package uscc in its canonical form
	Rows    Type = "rows"    // a JSON array of objects with the keys of Field.Fields
)

// The grades of [Field.Sensitivity].
const (
	Public    = 1 // anyone may look it up, as in the company register
	Personal  = 2 // ordinary personal data
	Sensitive = 3 // income, property, health, family: the law asks for strict protection
	Secret    = 4 // identity numbers and financial accounts; masked wherever shown
)

// A Category is one kind of data that a department holds.
type Category struct {
	Code   Code      `yaml:"code"`
	ID     string    `yaml:"id"` // "C01", "C02" …, the order on reports
	Name   string    `yaml:"name"`
	NameEn string    `yaml:"name_en"`
	Bears  []Bearing `yaml:"bears"`
	// ByName means that only a consent that names the category covers it: it came
	// after the launch, or the law asks for a consent of its own.
	ByName bool `yaml:"by_name"`
	// Class is the class of declared property that records of the category are
	// compared with by what [Field.Says]; empty = by rules of their own, or not.
	Class    string  `yaml:"class"`
	Owners   []Owner `yaml:"owners"` // oldest first, without gaps
	Notice   string  `yaml:"notice"` // what this register cannot know; printed on reports
	NoticeEn string  `yaml:"notice_en"`
	Fields   []Field `yaml:"fields"`
}

// A Field is one item of a category, or one column of its rows.
type Field struct {
	Key         string  `yaml:"key"` // snake_case, unique within the category or the rows
	Name        string  `yaml:"name"`
	NameEn      string  `yaml:"name_en"`
	Type        Type    `yaml:"type"`
	Unit        string  `yaml:"unit"` // as printed in Chinese; empty without a unit
	UnitEn      string  `yaml:"unit_en"`
	List        string  `yaml:"list"`        // code list, with type code only
	Sensitivity int     `yaml:"sensitivity"` // Public (1) to Secret (4)
	Per         Period  `yaml:"per"`         // money that is an amount a month; empty for a sum
	Says        Role    `yaml:"says"`        // what it tells the comparison of [Category.Class]
	Fields      []Field `yaml:"fields"`      // columns, with type rows only
}

// A Period is what an amount of money is for.
type Period string

// PerMonth is the only period of the catalogue's amounts.
const PerMonth Period = "month"

// A Role is what a field tells of the property that a record is about.
type Role string

// The roles.
const (
	SaysAmount    Role = "amount"     // money: what it is worth, or a part of it
	SaysThing     Role = "thing"      // text: the number that tells it from another
	SaysOverLimit Role = "over_limit" // bool: instead of amounts, whether the limit is exceeded
	SaysLimit     Role = "limit"      // money: that limit
)

// An Owner is the department that holds a category from From on and before
// Until; a zero Until means to this day.
type Owner struct {
	Name   string  `yaml:"name"`
	NameEn string  `yaml:"name_en"`
	From   day.Day `yaml:"from"`
	Until  day.Day `yaml:"until"`
}

// All returns the categories in the order of their ids. They are shared: do not
// change them. It panics if the embedded files are broken, which a test excludes.
func All() []Category { return slices.Clone(embedded().categories) }

// Usual returns the categories that a consent covers if it names none, and that
// every report has: all but those with [Category.ByName].
func Usual() []Category {
	return slices.DeleteFunc(All(), func(c Category) bool { return c.ByName })
}

// Get returns the category with the code.
func Get(code Code) (Category, bool) {
	all := embedded().categories
	i := slices.IndexFunc(all, func(c Category) bool { return c.Code == code })
	if i < 0 {
		return Category{}, false
	}
	return all[i], true
}

// Field returns the field with the key.
func (c Category) Field(key string) (Field, bool) { return field(c.Fields, key) }

// Column returns the sub-field of rows with the key.
func (f Field) Column(key string) (Field, bool) { return field(f.Fields, key) }

// Saying returns the fields with the role, in their order.
func (c Category) Saying(r Role) []Field {
	return slices.DeleteFunc(slices.Clone(c.Fields), func(f Field) bool { return f.Says != r })
}

func field(fields []Field, key string) (Field, bool) {
	i := slices.IndexFunc(fields, func(f Field) bool { return f.Key == key })
	if i < 0 {
		return Field{}, false
	}
	return fields[i], true
}

// OwnerOn returns the department that held the category on day d. There is none
// before the launch on 2013-03-01.
func (c Category) OwnerOn(d day.Day) (Owner, bool) {
	i := slices.IndexFunc(c.Owners, func(o Owner) bool {
		return !d.Before(o.From) && (o.Until.IsZero() || d.Before(o.Until))
	})
	if i < 0 {
		return Owner{}, false
	}
	return c.Owners[i], true
}

// BearsOn reports whether the category bears on b.
func (c Category) BearsOn(b Bearing) bool { return slices.Contains(c.Bears, b) }
