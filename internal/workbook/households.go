package workbook

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"hedui/internal/hedui"
)

// A Household is what the rows of a workbook say about one household: every row is a
// person, and the household number joins them. Its form holds what was typed, word
// for word where the workbook's word is none of the program's.
type Household struct {
	Key      string // its number in the workbook
	Rows     []int  // of the sheet, from 2, in the order of the persons
	Form     hedui.Form
	Problems []Problem

	cells [][]string // of each row, in the order of the columns
	lines [3][]int   // person, from 0, of each income, property and spending
	nth   [3][]int   // and its group of columns, from 1
}

// Format implements [fmt.Formatter]: it prints without what was typed.
func (h Household) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "household in %d row(s), %d problem(s)", len(h.Rows), len(h.Problems))
}

// Sizes of a workbook of households.
const (
	MaxPersons    = 5000    // rows in one workbook
	MaxHouseholds = 4 << 20 // bytes of its file
	declared      = 3       // groups of columns for income, and as many for property
	receipts      = 2       // for spending
)

const sheetHouseholds = "家庭"

// A houseColumn is a column of the workbook of households.
type houseColumn struct {
	key, title string
	must       bool
	once       bool // of the whole household: it stands with its first person
	kind       columnKind
	words      []word // that may stand there, if that is a list
	help       string // key of a text
}

type columnKind int

const (
	textColumn columnKind = iota
	dayColumn
	sumColumn
	flagColumn
)

// A word is a code of the program and what a clerk reads and chooses for it.
type word struct{ code, text string }

func wordsFor[T ~string](prefix string, codes []T) []word {
	list := make([]word, len(codes))
	for i, c := range codes {
		list[i] = word{string(c), zh(prefix + string(c))}
	}
	return list
}

// houseColumns are the columns of the workbook, in their order.
func houseColumns() []houseColumn {
	list := []houseColumn{
		{key: "house", title: "户编号", must: true, help: "bulk.help.house"},
		{key: "name", title: "姓名", must: true},
		{key: "id", title: "公民身份号码", must: true, help: "bulk.help.id"},
		{key: "relation", title: "与申请人关系", must: true, words: wordsFor("relation.", hedui.Relations()), help: "bulk.help.relation"},
		{key: "programme", title: "救助类型", must: true, once: true, words: wordsFor("programme.", hedui.Programmes())},
		{key: "kind", title: "申请种类", once: true, words: wordsFor("kind.", hedui.CaseKinds()), help: "bulk.help.kind"},
		{key: "division", title: "区县代码", once: true, help: "bulk.help.division"},
		{key: "office", title: "委托单位", once: true, help: "bulk.help.office"},
		{key: "applied_on", title: "申请日期", once: true, kind: dayColumn, help: "bulk.help.applied_on"},
		{key: "urgent", title: "急难", once: true, kind: flagColumn},
		{key: "alone", title: "单独申请", once: true, kind: flagColumn},
		{key: "urban", title: "城镇", once: true, kind: flagColumn},
		{key: "number", title: "授权书编号", help: "bulk.help.consent"},
		{key: "signed_on", title: "授权签署日期", kind: dayColumn},
		{key: "until", title: "授权有效期至", kind: dayColumn},
		{key: "signer", title: "授权签署人", help: "bulk.help.signer"},
		{key: "witness", title: "见证人"},
		{key: "role", title: "身份", words: wordsFor("intake.role.", []hedui.Role{hedui.Member, hedui.Obligor}), help: "bulk.help.role"},
		{key: "capacity", title: "行为能力", words: wordsFor("capacity.", hedui.Capacities()), help: "bulk.help.capacity"},
		{key: "guardian", title: "监护人", help: "bulk.help.guardian"},
		{key: "student", title: "在校学生", kind: flagColumn},
		{key: "study", title: "学业", words: wordsFor("intake.study.", hedui.Studies())},
		{key: "marital", title: "婚姻状况", words: wordsFor("intake.marital.", hedui.MaritalStatuses())},
		{key: "disability", title: "残疾等级", words: []word{{"1", "1"}, {"2", "2"}, {"3", "3"}, {"4", "4"}}},
		{key: "disability_kind", title: "残疾类别", words: wordsFor("intake.disability.", hedui.DisabilityKinds())},
		{key: "ill", title: "重病", kind: flagColumn},
		{key: "dependent", title: "靠家庭供养", kind: flagColumn},
		{key: "apart", title: "分开居住", kind: flagColumn},
		{key: "registered", title: "户籍区县代码", help: "bulk.help.registered"},
		{key: "notes", title: "备注"},
	}
	group := func(n int, parts ...houseColumn) {
		for i := 1; i <= n; i++ {
			for _, c := range parts {
				c.key, c.title = c.key+strconv.Itoa(i), c.title+strconv.Itoa(i)
				if c.kind == sumColumn {
					c.title += "（元）"
				}
				list = append(list, c)
			}
		}
	}
	group(declared, houseColumn{key: "income.class", title: "收入类别", words: wordsFor("class.", hedui.IncomeClasses())}, houseColumn{key: "income.sum", title: "月收入", kind: sumColumn})
	group(declared, houseColumn{key: "property.class", title: "财产类别", words: wordsFor("class.", hedui.PropertyClasses())}, houseColumn{key: "property.sum", title: "财产价值", kind: sumColumn})
	group(receipts, houseColumn{key: "spending.kind", title: "支出类别", words: wordsFor("intake.spending.", hedui.SpendingKinds())}, houseColumn{key: "spending.sum", title: "支出", kind: sumColumn},
		houseColumn{key: "spending.repaid", title: "已报销", kind: sumColumn}, houseColumn{key: "spending.on", title: "支出日期", kind: dayColumn})
	for i := range list {
		if list[i].kind == flagColumn {
			list[i].words = []word{{"true", "是"}, {"", "否"}}
		}
	}
	return list
}

// A gathering puts rows together to households, in the order in which they begin.
type gathering struct {
	columns []houseColumn
	list    []*Household
	by      map[string]*Household
	persons int
}

func newGathering() *gathering {
	return &gathering{columns: houseColumns(), by: map[string]*Household{}}
}

// add takes one row of the sheet; one without a word is none.
func (g *gathering) add(n int, cells []string, bad []Problem) error {
	if !slices.ContainsFunc(cells, func(s string) bool { return s != "" }) && len(bad) == 0 {
		return nil
	}
	if g.persons++; g.persons > MaxPersons {
		return refuse("error.workbook.rows", strconv.Itoa(MaxPersons))
	}
	key := cells[0]
	h := g.by[key]
	if h == nil || key == "" { // without a number it belongs to nobody
		h = &Household{Key: key}
		g.by[key], g.list = h, append(g.list, h)
		if key == "" {
			h.Problems = append(h.Problems, Problem{n, g.columns[0].title, hedui.Say("problem.empty")})
		}
	}
	h.Rows, h.cells, h.Problems = append(h.Rows, n), append(h.cells, cells), append(h.Problems, bad...)
	return nil
}

// households reads what was gathered into forms.
func (g *gathering) households() []*Household {
	for _, h := range g.list {
		g.read(h)
	}
	return g.list
}

// read makes the form of a household.
func (g *gathering) read(h *Household) {
	at := map[string]int{}
	for i, c := range g.columns {
		at[c.key] = i
	}
	names := make([]string, len(h.cells))
	for i, cells := range h.cells {
		names[i] = cells[at["name"]]
	}
	f := &h.Form
	for i, cells := range h.cells {
		row := func(key string) string {
			c := g.columns[at[key]]
			return codeOf(c, cells[at[key]])
		}
		flag := func(key string) bool { return row(key) == "true" }
		who := func(key string) int { return personOf(cells[at[key]], names) }
		g.check(h, i)
		if i == 0 {
			f.Programme, f.Kind, f.Division, f.Office, f.AppliedOn = row("programme"), row("kind"), row("division"), row("office"), row("applied_on")
			f.Urgent, f.Alone, f.Urban = flag("urgent"), flag("alone"), flag("urban")
		}
		grade, _ := strconv.Atoi(row("disability")) // what is no grade is a problem already
		f.Persons = append(f.Persons, hedui.FormPerson{Name: row("name"), ID: row("id"), Role: row("role"), Relation: row("relation"), Capacity: row("capacity"),
			Guardian: who("guardian"), Student: flag("student"), Notes: row("notes"), Registered: row("registered"), Study: row("study"), Disability: grade,
			DisabilityKind: row("disability_kind"), Ill: flag("ill"), Dependent: flag("dependent"), Apart: flag("apart"), Marital: row("marital")})
		if row("signed_on")+row("until")+row("number") != "" {
			f.Consents = append(f.Consents, hedui.FormConsent{Number: row("number"), Person: i + 1, Signer: who("signer"), Witness: row("witness"), SignedOn: row("signed_on"), Until: row("until")})
		}
		for n := 1; n <= declared; n++ {
			no := strconv.Itoa(n)
			if class, sum := row("income.class"+no), row("income.sum"+no); class+sum != "" {
				f.Income = append(f.Income, hedui.FormIncome{Person: i + 1, Class: class, Monthly: sum})
				h.lines[0], h.nth[0] = append(h.lines[0], i), append(h.nth[0], n)
			}
			if class, sum := row("property.class"+no), row("property.sum"+no); class+sum != "" {
				f.Property = append(f.Property, hedui.FormProperty{Person: i + 1, Class: class, Value: sum})
				h.lines[1], h.nth[1] = append(h.lines[1], i), append(h.nth[1], n)
			}
		}
		for n := 1; n <= receipts; n++ {
			no := strconv.Itoa(n)
			s := hedui.FormSpending{Person: i + 1, Kind: row("spending.kind" + no), Amount: row("spending.sum" + no), Repaid: row("spending.repaid" + no), On: row("spending.on" + no)}
			if s.Kind+s.Amount+s.Repaid+s.On != "" {
				f.Spending = append(f.Spending, s)
				h.lines[2], h.nth[2] = append(h.lines[2], i), append(h.nth[2], n)
			}
		}
	}
	for i := range f.Consents {
		f.Consents[i].Programme = f.Programme
		f.Consents[i].Document = strings.TrimSpace("授权书 " + f.Consents[i].Number) // the paper in the file; its scan can be attached to the case
	}
}

// check finds words that are not of a list, and what the rows of one household say differently.
func (g *gathering) check(h *Household, i int) {
	for at, c := range g.columns {
		text := h.cells[i][at]
		switch {
		case text == "":
		case c.once && i > 0 && codeOf(c, text) != codeOf(c, h.cells[0][at]):
			h.Problems = append(h.Problems, Problem{h.Rows[i], c.title, hedui.Say("bulk.differs")})
		case len(c.words) > 0 && !slices.ContainsFunc(c.words, func(w word) bool { return w.text == text || w.code == text }):
			h.Problems = append(h.Problems, Problem{h.Rows[i], c.title, hedui.Say("bulk.choice")})
		}
	}
}

// codeOf is the code of what was chosen in a column, or what was typed.
func codeOf(c houseColumn, text string) string {
	for _, w := range c.words {
		if w.text == text {
			return w.code
		}
	}
	return text
}

// personOf is the line, from 1, of somebody who is named in a household by the line
// or by the name; 0 = nobody is named, -1 = nobody is meant for certain.
func personOf(text string, names []string) int {
	if text == "" {
		return 0
	}
	if n, err := strconv.Atoi(text); err == nil {
		return n
	}
	found := -1
	for i, name := range names {
		if name == text {
			if found > 0 {
				return -1
			}
			found = i + 1
		}
	}
	return found
}

// Place gives a problem of the form the row and the column where it was typed.
func (h *Household) Place(p hedui.Problem) Problem {
	out := Problem{Row: h.Rows[0], Say: p.Say}
	if p.Say.Key == "problem.choice" { // which names codes; the list is in the sheet
		out.Say = hedui.Say("bulk.choice")
	}
	list, rest, ok := strings.Cut(p.Field, "[")
	key, person, no := p.Field, 0, ""
	if ok {
		index, part, _ := strings.Cut(rest, "]")
		n, _ := strconv.Atoi(index)
		part, _, _ = strings.Cut(strings.TrimPrefix(part, "."), "[")
		key = part
		at := slices.Index([]string{"income", "property", "spending"}, list)
		switch {
		case at >= 0 && n < len(h.lines[at]):
			person, no = h.lines[at][n], strconv.Itoa(h.nth[at][n])
			key = list + "." + map[string]string{"class": "class", "kind": "kind", "monthly": "sum", "value": "sum", "amount": "sum", "repaid": "repaid", "on": "on"}[part] + no
		case list == "consents" && n < len(h.Form.Consents):
			person = h.Form.Consents[n].Person - 1
		case list == "persons":
			person = n
		}
		if list == "persons" && key == "consent" {
			key = "signed_on"
		}
	}
	if person < len(h.Rows) {
		out.Row = h.Rows[person]
	}
	for _, c := range houseColumns() {
		if c.key == key {
			out.Column = c.title
		}
	}
	return out
}

// Add puts problems to those of the household, each once: what was found while the
// sheet was read is not said again by the form.
func (h *Household) Add(problems ...Problem) {
	for _, p := range problems {
		if !slices.ContainsFunc(h.Problems, func(q Problem) bool { return q.Row == p.Row && q.Column == p.Column && q.Say.Key == p.Say.Key }) {
			h.Problems = append(h.Problems, p)
		}
	}
}
