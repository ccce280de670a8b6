package e2e

import (
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// The story of both families of the article, from the counter to the archive, by the pages alone: each officer in a browser of their own.
func TestStory(t *testing.T) {
	for _, family := range []struct {
		name       string
		node       int
		household  []person
		conclusion string
		items      int // to explain
	}{
		{"Wang", haishu, wang, "存在疑似信息", 2},
		{"Li", yinzhou, li, "未发现收入和财产信息", 0},
	} {
		t.Run(family.name, func(t *testing.T) {
			t.Parallel()
			signer, signedIn := as(t, family.node, "signer"), time.Now() // early, so that the proof is old when it comes to the seal
			clerk := as(t, family.node, "clerk")
			number := register(clerk, family.household)
			attachScans(clerk, number)

			commissioner := as(t, family.node, "commissioner")
			find(commissioner, number)
			acts(commissioner, "委托核对")
			receiver := as(t, family.node, "receiver")
			find(receiver, number)
			reader := as(t, family.node, "reader")
			find(reader, number)
			liaison := as(t, family.node, "liaison")
			watchGrid(reader, func() { acts(receiver, "受理并发出查询") }, func() { answerByHand(liaison, family.household) })

			reviewer := as(t, family.node, "reviewer")
			find(reviewer, number)
			acts(reviewer, "审核同意")
			seal(signer, number, signedIn.Add(stepUp))
			find(commissioner, number)
			commissioner.says(family.conclusion)
			fetchReport(commissioner)
			find(commissioner, number)
			acts(commissioner, "接收报告")
			if family.items > 0 { // what was found is a question to the family; its answers make the second version
				explain(commissioner, reviewer, number, family.items)
				find(reviewer, number)
				reviewer.waits(`document.querySelector(".state strong").textContent.startsWith("已汇总")`)
				reviewer.open(reviewer.path())
				acts(reviewer, "审核同意")
				seal(signer, number, time.Time{})
				find(commissioner, number)
				commissioner.says("第 2 版")
				acts(commissioner, "接收报告")
			}
			decide(commissioner, number)
			find(receiver, number)
			receiver.says("不予救助", "财产不符合规定")
			receiver.unfold("归档…")
			acts(receiver, "归档")
			receiver.says("已归档")
			clerk.open("/intake")
			clerk.follow(number)
			clerk.says("已归档")
		})
	}
}

// decide tells what the office has decided: first without the reason that it needs.
func decide(p *tab, number string) {
	p.Helper()
	p.open("/?list=undecided")
	p.follow(number)
	p.follow("登记办理决定")
	p.choose("#outcome", "refused")
	if code := p.press("登记"); code != 422 {
		p.Fatalf("a refusal without a reason: %d", code)
	}
	p.says("该决定须选择理由")
	p.choose("#ground", "property")
	if code := p.press("登记"); code != 200 {
		p.Fatalf("the decision: %d:\n%s", code, p.text())
	}
	p.says("不予救助")
	p.open("/?list=undecided")
	if eval[bool](p, fmt.Sprintf("document.body.textContent.includes(%q)", number)) {
		p.Fatal("the case still waits for the decision")
	}
}

// attachScans gives each consent of a case a scan, from the clerk's own page of it.
func attachScans(p *tab, number string) {
	p.Helper()
	scan := filepath.Join(p.TempDir(), "scan.png")
	if err := os.WriteFile(scan, decoded(p, onePixel), 0o600); err != nil {
		p.Fatal(err)
	}
	p.follow(number)
	signOnScreen(p)
	for eval[int](p, `document.querySelectorAll("input[type=file]").length`) > 0 {
		p.do("choose a scan", chromedp.SetUploadFiles(chromedp.CSS("input[type=file]"), []string{scan}))
		if code := p.moves("attach it", chromedp.Click(chromedp.CSS(".upload button"))); code != 200 {
			p.Fatalf("scan: %d:\n%s", code, p.text())
		}
		p.says("扫描件已附上")
	}
}

// signOnScreen has the first consent of a case signed with the mouse; at first somebody forgets to tick.
func signOnScreen(p *tab) {
	p.Helper()
	p.follow("屏幕签署")
	box := eval[[]float64](p, `(() => { const pad = document.getElementById("pad"); pad.scrollIntoView(); const b = pad.getBoundingClientRect(); return [b.x, b.y, b.width, b.height] })()`)
	at := func(x, y float64) (float64, float64) { return box[0] + x*box[2], box[1] + y*box[3] }
	for _, line := range [][][2]float64{{{0.1, 0.2}, {0.4, 0.2}}, {{0.1, 0.5}, {0.4, 0.5}}, {{0.25, 0.2}, {0.25, 0.8}}, {{0.1, 0.8}, {0.4, 0.8}}} {
		for i, point := range line {
			x, y := at(point[0], point[1])
			kind := input.DispatchMouseEventTypeMouseMoved
			if i == 0 {
				kind = input.DispatchMouseEventTypeMousePressed
			}
			p.do("draw", chromedp.MouseEvent(kind, x, y, chromedp.ButtonType(input.MouseButtonLeft)))
		}
		x, y := at(line[1][0], line[1][1])
		p.do("lift the pen", chromedp.MouseEvent(input.DispatchMouseEventTypeMouseReleased, x, y, chromedp.ButtonType(input.MouseButtonLeft)))
	}
	drawn := p.value("#strokes")
	if code := p.press("确认签署"); code != 422 || p.value("#strokes") != drawn {
		p.Fatalf("signed without a tick: %d, %q of %q:\n%s", code, p.value("#strokes"), drawn, p.text())
	}
	p.do("tick everything", chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("[name=agree]").forEach((box) => box.click())`))
	if code := p.press("确认签署"); code != 200 {
		p.Fatalf("signed: %d:\n%s", code, p.text())
	}
	p.says("授权书已签署并保存", "已附")
}

// onePixel is a picture.
const onePixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

func decoded(p *tab, text string) []byte {
	p.Helper()
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		p.Fatal(err)
	}
	return b
}

// watchGrid sees that a page of a case follows the answers of the departments without being loaded anew.
func watchGrid(p *tab, begin, answer func()) {
	p.Helper()
	p.do("mark the page", chromedp.Evaluate[chromedp.Void](`window.loadedOnce = true; document.getElementById("moving").dataset.rev`))
	begin()
	p.waits(`document.querySelectorAll(".grid .waiting").length > 0`)
	answer()
	p.waits(`document.querySelectorAll(".grid .waiting").length === 0 && document.querySelectorAll(".grid .mark").length > 0`)
	p.waits(`document.querySelector(".state strong").textContent.startsWith("已汇总")`)
	if !eval[bool](p, "window.loadedOnce === true") {
		p.Fatal("the page was loaded anew")
	}
}

// answerByHand answers for the archives of land, where nobody is registered, until each of the household has an answer.
func answerByHand(p *tab, household []person) {
	p.Helper()
	var surnames []string
	for _, one := range household {
		surnames = append(surnames, strconv.Quote(string([]rune(one.name)[:1])+"*"))
	}
	deadline := time.Now().Add(patience)
	for answered := 0; answered < len(household); {
		p.open("/worklist")
		entry := eval[string](p, fmt.Sprintf(`[...document.querySelectorAll("td a[href^='/worklist/']")].find((a) => [%s].some((n) => a.textContent.startsWith(n)))?.getAttribute("href") ?? ""`, strings.Join(surnames, ", ")))
		switch {
		case entry != "":
			p.open(entry)
			p.do("choose the outcome", chromedp.Click(chromedp.CSS("#o-none")))
			p.fill("#as_of", time.Now().In(time.FixedZone("Beijing", 8*60*60)).Format(time.DateOnly))
			p.fill("#by", "档案岗")
			if code := p.moves("answer", chromedp.Click(chromedp.CSS(".do button"))); code != 200 || p.path() != "/worklist" {
				p.Fatalf("answered: %d at %s:\n%s", code, p.path(), p.text())
			}
			answered++
		case time.Now().After(deadline):
			p.Fatalf("only %d on the list:\n%s", answered, p.text())
		}
	}
}

// seal signs the report. The proof of the signer is old by then, so the page asks for the password first and leads back to the case.
func seal(p *tab, number string, stale time.Time) {
	p.Helper()
	time.Sleep(time.Until(stale.Add(2 * time.Second)))
	find(p, number)
	p.unfold("签发报告…")
	p.press("签发报告")
	switch {
	case p.path() == "/sign-in/again":
		p.fill("#password", begun.passwords["signer"])
		p.press("确认")
		p.says(number)
		p.unfold("签发报告…")
		acts(p, "签发报告")
	case !stale.IsZero():
		p.Fatalf("the seal does not ask for a proof: %s:\n%s", p.path(), p.text())
	default:
		p.says("已办理：签发报告")
	}
}

// explain takes the items of a case through their two officers: what the family says, and that somebody else has read it.
func explain(first, second *tab, number string, items int) {
	first.Helper()
	find(first, number)
	list := eval[[]string](first, `[...document.querySelectorAll("[aria-labelledby=items] td a")].map((a) => a.getAttribute("href"))`)
	if len(list) != items {
		first.Fatalf("items to explain: %v", list)
	}
	for _, item := range list {
		first.open(item)
		first.do("choose the outcome", chromedp.Click(chromedp.CSS("#o-confirmed")))
		first.fill("#text", "家庭确认情况如此")
		first.press("提交说明")
		first.says("已提交，等待另一人复核")
		second.open(item)
		second.press("同意")
		second.says("已复核同意")
	}
}

// fetchReport opens the sealed report, after another proof, and lets "hedui verify" judge the copy that the browser gets.
func fetchReport(p *tab) {
	p.Helper()
	base := strings.TrimSuffix(eval[string](p, `document.querySelector(".reports a").getAttribute("href")`), ".html")
	p.follow("HTML")
	if p.path() != "/sign-in/again" { // the proof is still fresh, but may not be when the file is fetched
		p.open("/sign-in/again?next=" + base + ".html")
	}
	p.fill("#password", begun.passwords["commissioner"])
	p.press("确认")
	if p.path() != base+".html" {
		p.Fatalf("no report, but %s:\n%s", p.address(), p.text())
	}
	file := p.saves(base+".pdf", "report.pdf")
	trust := filepath.Join(begun.dir, "demo", "trust.pem")
	out, err := exec.CommandContext(within(p), "../bin/hedui", "--lang", "zh", "verify", "--trust", trust, file).CombinedOutput()
	if err != nil {
		p.Fatalf("hedui verify: %v\n%s", err, out)
	}
}
