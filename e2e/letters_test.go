package e2e

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// A node by itself, whose one department has neither a machine nor a clerk at a list: it is asked by letter.
const letterNode = `node: haishu
division: "330203"
issuer: 区核对中心（演示）
page: 127.0.0.1:%d
registers:
  - {source: letter.yaml, scope: "330203"}
sign_in: {second_factor: optional}
orders: trusted
officers:
  - {id: clerk, name: 登记岗, office: 街道, roles: [clerk]}
  - {id: commissioner, name: 委托岗, office: 民政局, roles: [commissioner]}
  - {id: receiver, name: 受理岗, office: 核对中心, roles: [receiver, verifier]}
  - {id: reviewer, name: 审核岗, office: 核对中心, roles: [reviewer]}
  - {id: signer, name: 签发岗, office: 核对中心, roles: [signer]}
  - {id: letters, name: 发函岗, office: 核对中心, roles: [liaison], sources: [archive]}
  - {id: security, name: 安全岗, office: 核对中心, roles: [security_admin]}
`

const letterSource = `name: archive
kind: letter
department: 区房产档案馆（演示）
category: housing
answers_within: 5wd
basis: [《社会救助暂行办法》（国务院令第649号）第五十八条]
`

// withLetters starts such a node, on which one family waits for the archive, and returns its directory.
func withLetters(t *testing.T) (dir, address string) {
	t.Helper()
	port, err := freePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	family, err := os.ReadFile("testdata/gao.yaml")
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	for name, text := range map[string]string{"node.yaml": fmt.Sprintf(letterNode, port), "letter.yaml": letterSource,
		"gao.yaml": regexp.MustCompile(`categories: \[.*`).ReplaceAllString(string(family), "categories: [housing]")} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, order := range [][]string{{"serve"}, {"case", "run", filepath.Join(dir, "gao.yaml"), "--out", dir}} { // the second waits for the archive until it is ended
		cmd := exec.Command("../bin/hedui", append([]string{"--lang", "zh"}, append(order, "--config", filepath.Join(dir, "node.yaml"))...)...)
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = cmd.Process.Signal(os.Interrupt)
			_ = cmd.Wait()
		})
		address = "http://127.0.0.1:" + strconv.Itoa(port)
		for end := time.Now().Add(patience); ; time.Sleep(200 * time.Millisecond) {
			answer, err := http.Get(address + "/static/style.css")
			if err == nil {
				_ = answer.Body.Close()
				break
			}
			if time.Now().After(end) {
				t.Fatalf("the node is not there: %v", err)
			}
		}
	}
	return dir, address
}

// asAnew signs an officer of the node in for the first time.
func asAnew(t *testing.T, dir, address, officer string) *tab {
	t.Helper()
	said, err := exec.Command("../bin/hedui", "--lang", "zh", "sign-in", "reset", officer, "--config", filepath.Join(dir, "node.yaml")).CombinedOutput()
	initial := regexp.MustCompile(`[a-z0-9]{5}(-[a-z0-9]{5}){3}`).FindString(string(said))
	if err != nil || initial == "" {
		t.Fatalf("no password for %s: %v: %s", officer, err, said)
	}
	p := visit(t, haishu)
	p.node = address
	p.open("/sign-in")
	p.fill("#id", officer)
	p.fill("#password", initial)
	p.press("登录")
	const own = "一个只为试验用的口令 2026"
	p.fill("#old", initial)
	p.fill("#password", own)
	p.fill("#repeat", own)
	p.moves("change the password", chromedp.Click(chromedp.CSS("main form button")))
	return p
}

// A letter on its pages, from the worklist to its closed reply, in both languages, by day and by night, on a phone and at a desk.
func TestLetters(t *testing.T) {
	if asked == "" {
		t.Skip("HEDUI_TEST_BROWSER is not set")
	}
	dir, address := withLetters(t)
	letters, verifier := asAnew(t, dir, address, "letters"), asAnew(t, dir, address, "receiver")
	for end := time.Now().Add(patience); ; time.Sleep(200 * time.Millisecond) {
		if letters.open("/worklist"); eval[bool](letters, `document.querySelector("td a[href^='/worklist/']") !== null`) {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("nothing on the list:\n%s", letters.text())
		}
	}
	item := hrefOf(letters, "td a[href^='/worklist/']")
	letters.press("出协查函")
	letters.open("/letters")
	letters.says("区房产档案馆（演示）", "已开具，未寄送")
	letter := hrefOf(letters, "td a[href^='/letters/']")
	look := func(p *tab, what string) {
		t.Helper()
		for _, language := range []string{"zh", "en"} {
			for _, path := range []string{letter, "/letters"} {
				if code := p.open(inLanguage(path, language)); code != 200 {
					t.Errorf("%s: %s: %d", what, path, code)
				}
				inspectHere(p, what+" at "+path+" in "+language)
			}
		}
	}
	look(letters, "issued")
	today := time.Now().In(time.FixedZone("Beijing", 8*3600)).Format(time.DateOnly)
	letters.open(letter)
	letters.choose("#send-way", "fax")
	letters.fill("#send-tracking", "不是单号")
	letters.press("登记寄送")
	letters.says("这种方式没有单号，请留空", "单号只含字母、数字和连字符")
	inspectHere(letters, "a sending that comes back")
	letters.choose("#send-way", "post")
	letters.fill("#send-on", today)
	letters.fill("#send-tracking", "XA12345678901")
	letters.press("登记寄送")
	letters.says("已登记寄送", "XA12345678901", "已寄送，待回函")
	look(letters, "sent")
	letters.open(letter)
	letters.unfold("登记未送达…")
	letters.choose("#fail-why", "moved")
	letters.press("登记未送达")
	letters.says("未送达", "地址变更")
	letters.choose("#send-way", "hand")
	letters.press("登记寄送")
	letters.says("专人送达")
	letters.press("登记回函")
	letters.says("没有收到文件")
	inspectHere(letters, "a reply that comes back")
	scan := filepath.Join(dir, "reply.png")
	if err := os.WriteFile(scan, slip(t), 0o600); err != nil {
		t.Fatal(err)
	}
	letters.do("choose the scan", chromedp.SetUploadFiles(chromedp.CSS("input[type=file]"), []string{scan}))
	letters.press("登记回函")
	letters.says("回函已登记", "查看回函扫描件")
	letters.open(item)
	letters.do("none", chromedp.Click(chromedp.CSS("#o-none")))
	letters.fill("#as_of", today)
	letters.fill("#by", "档案科")
	letters.moves("answer", chromedp.Click(chromedp.CSS(".do button"))) // the first button of that name is for the return key alone
	letters.open(letter)
	letters.says("等另一人对照扫描件比对后办结")
	look(letters, "replied")
	look(verifier, "to be compared")
	verifier.open(letter)
	verifier.press("比对无误，办结")
	verifier.says("已办结", "receiver")
	look(verifier, "closed")
	verifier.open("/letters?state=closed")
	verifier.says("区房产档案馆（演示）")
	if kind := eval[string](verifier, fmt.Sprintf(`(() => { const r = new XMLHttpRequest(); r.open("GET", %q, false); r.send(); return r.getResponseHeader("Content-Type") })()`, letter+"/scan")); !strings.HasPrefix(kind, "image/png") {
		t.Errorf("the scan is %s", kind)
	}
	verifier.open(letter)
	verifier.follow("打开案件")
	verifier.says(strings.TrimPrefix(letter, "/letters/"))
	inspectHere(verifier, "a case with a letter")
}

// slip is the picture of a reply slip on which nothing can be read.
func slip(t *testing.T) []byte {
	t.Helper()
	picture := image.NewGray(image.Rect(0, 0, 60, 80))
	for i := range 60 {
		picture.SetGray(i, i, color.Gray{Y: 200})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
