package sim

import (
	"fmt"
	"slices"
	"strconv"

	"hedui/day"
	"hedui/idcard"
)

// A Family is one that lives in every simulated city, whatever its seed and
// size, with a story that demonstrations and tests can rely on.
type Family struct {
	Key      string // "wang"
	Story    string // what is special about it, in English
	Division string // county code of where it applies
	Members  []Member
}

// A Member is a person of a [Family].
type Member struct {
	Name       string // as the family writes it on the form
	Registered string // as the registers have it; the same but in the identity-doubt family
	ID         idcard.Number
	Relation   string // to the applicant: self spouse son daughter parent
	Apart      bool   // known to the registers, not named on the application
}

// A fixture is a member of a fixed family with what the registers hold on him or her.
// Fixtures take the first places of every city, so that nothing about them
// depends on the seed; links between them are these places.
type fixture struct {
	key, id, name, form, relation string
	apart                         bool
	home                          home // of the household that begins here
	p                             person
}

// firms of the fixed families, by their index.
const (
	wangFirm int32 = iota
	zengFirm
	zhouFirm
	huFirm
)

var fixedFirms = []firm{
	wangFirm: {founded: day.Must("2010-05-18"), owner: 0, partner: none, capital: 500_000, county: countyIndex("330203"), kind: singleLimited, sector: services, share: 100},
	zengFirm: {founded: day.Must("2014-08-06"), owner: 15, partner: none, capital: 1_000_000, county: countyIndex("330206"), kind: singleLimited, sector: trade, status: revoked, share: 100},
	zhouFirm: {founded: day.Must("2003-03-12"), owner: none, partner: none, capital: 5_000_000, county: countyIndex("330282"), kind: limited, sector: industry, share: 100},
	huFirm:   {founded: day.Must("2008-11-03"), owner: none, partner: none, capital: 2_000_000, county: countyIndex("330211"), kind: limited, sector: trade, share: 100},
}

var fixedFirmNames = []string{"宁波海曙诚达信息咨询有限公司", "宁波北仑远盛贸易有限公司", "宁波慈溪宏泰机械制造有限公司", "宁波镇海海丰贸易有限公司"}

var stories = []Family{
	{Key: "wang", Division: "330203", Story: "declares nothing; one company and the tax it pays"},
	{Key: "li", Division: "330212", Story: "cancer, a son with intellectual disability, a son at school; the registers hold no means"},
	{Key: "zhang", Division: "330205", Story: "a car given up for scrap long ago still stands in the register"},
	{Key: "sun", Division: "330211", Story: "applies alone; the marriage register knows a husband, who earns"},
	{Key: "zhao", Division: "330281", Story: "the name on the form is not the one in the registers: identity doubt"},
	{Key: "chen", Division: "330226", Story: "a homestead in the old land register under the 15-digit number"},
	{Key: "mai", Division: "330206", Story: "a name with a middle dot that the land register writes otherwise, and a 15-digit number"},
	{Key: "zeng", Division: "330206", Story: "legal representative of a company, revoked and never cancelled, that she says is not hers"},
	{Key: "zhou", Division: "330282", Story: "declares a wage of 1,500 yuan; tax, insurance and fund agree on 4,800"},
}

var fixtures = []fixture{
	{key: "wang", id: "330200198002290018", name: "王志强", relation: "self", p: person{relation: 2, marital: 10, owns: wangFirm, employer: none, spouse: none}},
	{key: "li", id: "33020019680101001X", name: "李国良", relation: "self", p: person{relation: 2, marital: 20, owns: none, employer: none, spouse: 2, married: day.Must("2003-05-12")}},
	{key: "li", id: "330200197205200022", name: "周秀芬", relation: "spouse", p: person{relation: 12, marital: 20, owns: none, employer: none, spouse: 1, married: day.Must("2003-05-12")}},
	{key: "li", id: "330200200509090031", name: "李明浩", relation: "son", p: person{relation: 22, marital: 10, owns: none, employer: none, spouse: none}},
	{key: "li", id: "330200201311200017", name: "李明轩", relation: "son", p: person{relation: 23, marital: 10, owns: none, employer: none, spouse: none}},
	{key: "zhang", id: "330200197206080018", name: "张卫东", relation: "self", p: person{relation: 2, marital: 10, owns: none, employer: none, spouse: none, vehicle: wreck}},
	{key: "zhang", id: "330200194903150022", name: "何桂珍", relation: "parent", p: person{relation: 52, marital: 10, owns: none, employer: none, spouse: none, work: resident, wage: 320, since: day.Must("2010-01-01")}},
	{key: "sun", id: "33020019920412002X", name: "孙丽娟", relation: "self", p: person{relation: 2, marital: 20, owns: none, employer: none, spouse: 8, married: day.Must("2015-10-08")}},
	{key: "sun", id: "330200199001230034", name: "胡振华", relation: "spouse", apart: true, p: person{relation: 11, marital: 20, owns: none, employer: huFirm, spouse: 7, married: day.Must("2015-10-08"), work: employee, wage: 7200, since: day.Must("2016-03-01")}},
	{key: "zhao", id: "330200199507030021", name: "赵雨桐", form: "赵雨婷", relation: "self", p: person{relation: 2, marital: 10, owns: none, employer: none, spouse: none}},
	{key: "chen", id: "330200195102100011", name: "陈阿根", relation: "self", home: oldHomestead, p: person{relation: 2, marital: 10, owns: none, employer: none, spouse: none, work: resident, wage: 290, since: day.Must("2011-02-10")}},
	{key: "mai", id: "330200198508160042", name: "阿依古丽·买买提", relation: "self", home: oldHomestead, p: person{surname: dotted, relation: 2, marital: 10, owns: none, employer: none, spouse: none}},
	{key: "zhou", id: "330200198803050014", name: "周永强", relation: "self", p: person{relation: 2, marital: 20, owns: none, employer: zhouFirm, spouse: 13, married: day.Must("2013-02-14"), work: employee, wage: 4800, since: day.Must("2017-06-01")}},
	{key: "zhou", id: "33020019891017002X", name: "郑晓燕", relation: "spouse", p: person{relation: 12, marital: 20, owns: none, employer: none, spouse: 12, married: day.Must("2013-02-14")}},
	{key: "zhou", id: "330200201505060024", name: "周欣怡", relation: "daughter", p: person{relation: 30, marital: 10, owns: none, employer: none, spouse: none}},
	{key: "zeng", id: "330200196908250021", name: "曾月娥", relation: "self", p: person{relation: 2, marital: 10, owns: zengFirm, employer: none, spouse: none}},
}

// Families returns the fixed families. Their numbers, names and stories are the
// same in every city.
func Families() []Family {
	families := slices.Clone(stories)
	for _, x := range fixtures {
		n, err := idcard.Parse(x.id)
		if err != nil {
			continue // a test parses them all
		}
		m := Member{Name: x.name, Registered: x.name, ID: n, Relation: x.relation, Apart: x.apart}
		if x.form != "" {
			m.Name = x.form
		}
		i := slices.IndexFunc(families, func(f Family) bool { return f.Key == x.key })
		families[i].Members = append(families[i].Members, m)
	}
	return families
}

// resettle puts the fixed families into the empty city.
func (c *City) resettle() error {
	c.firms = slices.Clone(fixedFirms)
	for i, x := range fixtures {
		n, err := idcard.Parse(x.id)
		if err != nil {
			return fmt.Errorf("sim: fixed person %d: %w", i, err)
		}
		if i == 0 || x.apart || fixtures[i-1].key != x.key {
			f := stories[slices.IndexFunc(stories, func(f Family) bool { return f.Key == x.key })]
			h := household{first: int32(i), county: countyIndex(f.Division), home: x.home, rural: x.home == oldHomestead}
			c.homes = append(c.homes, h)
		}
		p := x.p
		p.born, p.household = n.Birth(), int32(len(c.homes))-1 //nolint:gosec // few
		serial, _ := strconv.Atoi(x.id[14:17])
		p.serial = uint16(serial) //nolint:gosec // three digits
		if n.Male() {
			p.traits |= male
		}
		c.byKey[key(p.born, p.serial)] = int32(i)
		c.people = append(c.people, p)
		c.homes[p.household].size++
	}
	return nil
}
