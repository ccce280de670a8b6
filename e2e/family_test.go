package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// A person is one who stands on the form of a family. Numbers are synthetic: the division 330200 in them was never issued to a person.
type person struct{ name, id, relation, capacity, guardian string }

// The two families of the article, as the demo has them.
var (
	wang = []person{{name: "王志强", id: "330200198002290018"}}
	li   = []person{{name: "李国良", id: "33020019680101001X"}, {name: "周秀芬", id: "330200197205200022", relation: "spouse"},
		{name: "李明浩", id: "330200200509090031", relation: "son", capacity: "limited", guardian: "1"},
		{name: "李明轩", id: "330200201311200017", relation: "son", capacity: "none", guardian: "1"}}
)

// Pairs of persons whom the city does not know, one for each test that needs a household of its own.
var (
	zhang = []person{{name: "张建军", id: "330200198506120039"}, {name: "张小雨", id: "33020020140405002X", relation: "daughter", capacity: "none", guardian: "1"}}
	wu    = []person{{name: "吴海燕", id: "330200198609210045"}, {name: "吴德明", id: "330200196202020072", relation: "father"}}
	zhao  = []person{{name: "赵立新", id: "330200197007070052"}}
	qian  = []person{{name: "钱文静", id: "330200199108180065"}}
	feng  = []person{{name: "冯晓东", id: "33020019930303002X"}}
	chen  = []person{{name: "陈立民", id: "330200197108080030"}}
)

// write fills the form of registration in, on which the clerk stands. The last press is left to the caller.
func write(p *tab, household []person) {
	p.Helper()
	today := time.Now().In(time.FixedZone("Beijing", 8*60*60))
	for i, one := range household {
		if i > 0 {
			p.press("再加一人")
		}
		at := fmt.Sprintf("#persons-%d-", i)
		p.fill(at+"name", one.name)
		p.fill(at+"id", one.id)
		for field, value := range map[string]string{"relation": one.relation, "capacity": one.capacity, "guardian": one.guardian} {
			if value != "" {
				p.choose(at+field, value)
			}
		}
	}
	for i, one := range household {
		at := fmt.Sprintf("#consents-%d-", i)
		p.fill(at+"signed_on", today.Format(time.DateOnly))
		p.fill(at+"until", today.AddDate(1, 0, 0).Format(time.DateOnly))
		p.fill(at+"witness", "街道经办（演示）")
		if one.guardian != "" {
			p.choose(at+"signer", one.guardian)
		}
	}
}

// register takes a household through the form and returns the number of its case.
func register(p *tab, household []person) (number string) {
	p.Helper()
	p.open("/intake/new")
	write(p, household)
	if code := p.press("登记"); code != 200 || p.path() != "/intake" {
		p.Fatalf("registered: %d at %s:\n%s", code, p.path(), p.text())
	}
	return registered(p)
}

var caseNumber = regexp.MustCompile(`已登记案件 (\d{18,24})`)

// registered is the number of the case that the page says to have been registered.
func registered(p *tab) string {
	p.Helper()
	m := caseNumber.FindStringSubmatch(p.text())
	if m == nil {
		p.Fatalf("no case was registered:\n%s", p.text())
	}
	return m[1]
}

// find opens a case by its number, from the first page of who looks for it.
func find(p *tab, number string) {
	p.Helper()
	p.open("/")
	p.fill("#number", number)
	if code := p.press("查找"); code != 200 {
		p.Fatalf("find %s: %d:\n%s", number, code, p.text())
	}
	p.says(number)
}

// acts presses the button of an act on the page of a case and sees that it was done.
func acts(p *tab, act string) {
	p.Helper()
	if code := p.press(act); code != 200 {
		p.Fatalf("%s: %d:\n%s", act, code, p.text())
	}
	p.says("已办理：" + act)
}

// saves fetches an address as the browser of the person does, and keeps what it gets in a file.
func (p *tab) saves(address, name string) string {
	p.Helper()
	const script = `(async () => { const r = await fetch(%q); if (r.status !== 200) throw new Error(r.status);
		return btoa(Array.from(new Uint8Array(await r.arrayBuffer()), (b) => String.fromCharCode(b)).join("")) })()`
	body := get(p, "fetch "+address, chromedp.Evaluate[string](fmt.Sprintf(script, address), chromedp.EvalAwaitPromise))
	path := filepath.Join(p.TempDir(), name)
	if err := os.WriteFile(path, decoded(p, body), 0o600); err != nil {
		p.Fatal(err)
	}
	return path
}

// within runs a test's own command with an end.
func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}
