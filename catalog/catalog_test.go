package catalog

import (
	"strings"
	"testing"

	"hedui/day"
)

func TestEmbeddedFilesAreSound(t *testing.T) {
	if _, err := load(); err != nil {
		t.Fatal(err)
	}
}

func TestTwelveLaunchCategoriesInOrder(t *testing.T) {
	want := []Code{Hukou, Vehicle, Marriage, Death, LocalTax, NationalTax, SocialInsurance,
		Employment, Land, Housing, HousingFund, Business}
	all := Usual()
	if len(all) != len(want) {
		t.Fatalf("got %d categories, want %d", len(all), len(want))
	}
	for i, c := range all {
		if c.Code != want[i] {
			t.Errorf("category %d: got %s, want %s", i+1, c.Code, want[i])
		}
		if got, ok := Get(c.Code); !ok || got.ID != c.ID {
			t.Errorf("Get(%s): got %s, %t", c.Code, got.ID, ok)
		}
	}
	if _, ok := Get("weather"); ok {
		t.Error("Get of an unknown code: got a category")
	}
}

func TestLaterCategoriesAreAskedByNameOnly(t *testing.T) {
	want := strings.Fields("deposits securities insurance disability medical vessel farm_machine education prison funeral third_party_payment")
	later := All()[len(Usual()):]
	if len(later) != len(want) {
		t.Fatalf("got %d later categories, want %d", len(later), len(want))
	}
	for i, c := range later {
		if string(c.Code) != want[i] || !c.ByName {
			t.Errorf("%s: got %s, by name %t", want[i], c.Code, c.ByName)
		}
		// Without an amount or a yes and no there would be nothing to compare.
		if c.Class != "" && len(c.Saying(SaysAmount)) == 0 {
			t.Errorf("%s is declared as %s and no field says an amount", c.Code, c.Class)
		}
	}
}

func TestALimitComesWithItsAnswer(t *testing.T) {
	for _, c := range All() {
		over, limit := c.Saying(SaysOverLimit), c.Saying(SaysLimit)
		if len(over) != len(limit) || len(over) > 1 {
			t.Errorf("%s: %d fields say over the limit and %d the limit", c.Code, len(over), len(limit))
		}
	}
}

// What the rooms above rely on: key and type for life.
var agreed = map[Code]string{
	Hukou:           "name:text id_no:idcard household_no:text relation_to_head:code registered_address:text division_code:text household_type:code cancel_flag:bool cancel_reason:code cancel_on:date moves:rows",
	Vehicle:         "plate_no:text plate_type:code brand:text model:text vehicle_type:code first_reg_date:date usage:code status:code inspection_valid_to:date original_value:money current_value:money ownership_changes:rows",
	Marriage:        "spouse_name:text spouse_id_no:idcard marital_status:code reg_type:code reg_date:date reg_organ:text",
	Death:           "deceased_name:text id_no:idcard death_date:date death_place:text death_cause:text funeral_home:text cremation_date:date",
	LocalTax:        "taxpayer_name:text id_no:idcard tax_item:code period_from:date period_to:date income_amount:money exempt_income:money taxable_income:money tax_amount:money paid_date:date withholding_unit:text company_name:text company_tax_no:text share:percent",
	NationalTax:     "company_name:text tax_reg_no:text sales:money tax_due:money registered_capital:money taxpayer_status:code period_from:date period_to:date",
	SocialInsurance: "insurance_no:text unit_name:text insured_type:code contribution_base:money month:month personal_amount:money unit_amount:money pension_received:money unemployment_benefit:money retire_date:date status:code",
	Employment:      "employment_reg_date:date unemployment_reg_date:date form:code unit:text person_category:code benefit_months_left:count",
	Land:            "certificate_no:text location:text parcel_no:text land_use:code right_type:code area_m2:decimal acquire_date:date share:percent",
	Housing:         "certificate_no:text location:text area:decimal planned_use:code nature:code co_ownership:code share:percent right_holder:text reg_date:date value:money right_status:code transactions:rows",
	HousingFund:     "account_no:text unit:text deposit_base:money monthly_deposit:money balance:money status:code last_paid_month:month withdrawals:rows loan_bank:text loan_amount:money loan_monthly_repay:money",
	Business:        "uscc:uscc reg_no:text name:text type:code legal_rep:text position:code registered_capital:money paid_in:money subscribed:money share:percent scope:text address:text authority:text found_date:date approved_date:date status:code investors:rows",
}

func TestAgreedKeysKeepTheirTypes(t *testing.T) {
	for code, fields := range agreed {
		c, _ := Get(code)
		for _, want := range strings.Fields(fields) {
			key, typ, _ := strings.Cut(want, ":")
			f, ok := c.Field(key)
			if !ok || string(f.Type) != typ {
				t.Errorf("%s.%s: got %q, want %q", code, key, f.Type, typ)
			}
		}
	}
}

var launch = day.Must("2013-03-01")

func TestSomebodyOwnsEveryCategoryEveryDaySinceTheLaunch(t *testing.T) {
	end := day.Must("2030-01-01")
	for _, c := range All() {
		if o, ok := c.OwnerOn(launch.Add(-1)); ok {
			t.Errorf("%s before the launch: got owner %s", c.Code, o.Name)
		}
		for d := launch; d.Before(end); d = d.Add(1) {
			if _, ok := c.OwnerOn(d); !ok {
				t.Fatalf("%s on %s: nobody owns it", c.Code, d)
			}
		}
	}
}

func TestEightDepartmentsAtTheLaunch(t *testing.T) {
	departments := map[string]bool{}
	for _, c := range Usual() {
		o, _ := c.OwnerOn(launch)
		departments[o.Name] = true
	}
	if len(departments) != 8 {
		t.Errorf("got %d departments, want 8: %v", len(departments), departments)
	}
}

func TestOwnersFollowTheReorganisations(t *testing.T) {
	tests := []struct {
		code Code
		on   string
		want string
	}{
		{LocalTax, "2013-03-01", "地方税务局"},
		{LocalTax, "2018-06-14", "地方税务局"},
		{LocalTax, "2018-06-15", "税务局"},
		{NationalTax, "2018-06-15", "税务局"},
		{Business, "2013-12-31", "工商行政管理局"},
		{Business, "2016-01-01", "市场监督管理局"},
		{Housing, "2014-06-01", "住房和城乡建设委员会"},
		{Housing, "2016-06-01", "国土资源局"},
		{Housing, "2024-06-01", "自然资源和规划局"},
		{Land, "2013-03-01", "国土资源局"},
		{Land, "2019-01-01", "自然资源和规划局"},
		{Marriage, "2024-06-01", "民政局"},
	}
	for _, tt := range tests {
		c, _ := Get(tt.code)
		if got, _ := c.OwnerOn(day.Must(tt.on)); got.Name != tt.want {
			t.Errorf("%s on %s: got %s, want %s", tt.code, tt.on, got.Name, tt.want)
		}
	}
}

func TestBrokenFilesAreRefused(t *testing.T) {
	categories, _ := files.ReadFile("data/categories.yaml")
	lists, _ := files.ReadFile("data/lists.yaml")
	tests := []struct {
		name      string
		old, new  string // in either file, first occurrence
		complaint string
	}{
		{"unknown key of the format", "  name_en: marriage\n", "  name_en: marriage\n  colour: red\n", "colour"},
		{"field twice", "key: former_name", "key: name", "twice"},
		{"key not snake_case", "key: former_name", "key: FormerName", "snake_case"},
		{"unknown type", "name: 曾用名, name_en: former name, type: text", "name: 曾用名, name_en: former name, type: string", "unknown type"},
		{"list that does not exist", "list: plate_type", "list: plates", `no list "plates"`},
		{"code without a list", "type: code, list: plate_type", "type: code", "go together"},
		{"no English name", "name_en: former name, ", "", "no name"},
		{"sensitivity out of range", "type: code, list: sex, sensitivity: 2", "type: code, list: sex, sensitivity: 5", "sensitivity 5"},
		{"identity number not secret", "type: idcard, sensitivity: 4", "type: idcard, sensitivity: 3", "identity number"},
		{"gap between owners", "until: 2018-06-15", "until: 2018-06-01", "next from"},
		{"impossible day", "until: 2018-06-15", "until: 2018-06-31", "day"},
		{"no notice", "  notice_en: Earth", "  notice: Earth", ""},
		{"unknown bearing", "bears: [property, income]", "bears: [wealth]", "unknown bearing"},
		{"out of order", "id: C02", "id: C03", "out of order"},
		{"code of a list twice", `code: "9", name: 未说明的性别`, `code: "1", name: 未说明的性别`, "twice"},
		{"period of a text", "name_en: insurance number, type: text", "name_en: insurance number, type: text, per: month", "per is month"},
		{"another period", "type: money, per: month", "type: money, per: week", "per is month"},
		{"amount of a text", "name_en: account number, type: text, sensitivity: 4, says: thing", "name_en: account number, type: text, sensitivity: 4, says: amount", `does not say "amount"`},
		{"unknown role", "says: over_limit", "says: maybe", `does not say "maybe"`},
		{"declared, and no property", "  bears: [status]\n  by_name: true\n", "  bears: [status]\n  by_name: true\n  class: other\n", "without bearing on property"},
		{"list twice", "- id: marital_status", "- id: sex", "twice"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := strings.Replace(string(categories), tt.old, tt.new, 1)
			l := strings.Replace(string(lists), tt.old, tt.new, 1)
			if c == string(categories) && l == string(lists) {
				t.Fatal("the test changes nothing")
			}
			_, err := parse([]byte(c), []byte(l))
			if err == nil {
				t.Fatal("got no error")
			}
			if !strings.Contains(err.Error(), tt.complaint) {
				t.Errorf("got %v, want a word on %q", err, tt.complaint)
			}
		})
	}
}

func TestListsNameCodesInBothLanguages(t *testing.T) {
	tests := []struct{ list, code, zh, en string }{
		{"sex", "1", "男", "male"},
		{"marital_status", "40", "离婚", "divorced"},
		{"relation", "12", "妻", "wife"},
		{"vehicle_status", "P", "达到报废标准公告牌证作废", "due for scrapping and plates void"},
		{"business_status", "revoked", "吊销未注销", "revoked but not cancelled"},
		{"household_type", "01", "农业户口", "agricultural"},
	}
	for _, tt := range tests {
		l, ok := CodeList(tt.list)
		if !ok {
			t.Errorf("no list %s", tt.list)
			continue
		}
		zh, en, ok := l.Name(tt.code)
		if !ok || zh != tt.zh || en != tt.en {
			t.Errorf("%s %s: got %q, %q, %t", tt.list, tt.code, zh, en, ok)
		}
	}
	if _, ok := CodeList("weather"); ok {
		t.Error("CodeList of an unknown id: got a list")
	}
	sex, _ := CodeList("sex")
	if _, _, ok := sex.Name("M"); ok {
		t.Error("Name of an unknown code: got a name")
	}
}

func TestEveryListIsUsed(t *testing.T) {
	used := map[string]bool{}
	for _, c := range All() {
		for _, f := range c.Fields {
			used[f.List] = true
			for _, col := range f.Fields {
				used[col.List] = true
			}
		}
	}
	for _, l := range CodeLists() {
		if !used[l.ID] {
			t.Errorf("list %s: no field uses it", l.ID)
		}
	}
}
