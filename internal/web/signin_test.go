package web

import (
	"context"
	"encoding/json"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"
	"github.com/pquerna/otp/totp"
	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/op"

	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/staff"
)

// house is a console with a door, served as it is in use, and who works there.
type house struct {
	*httptest.Server
	door   *staff.Door
	origin string
	mu     sync.Mutex
	ahead  time.Duration // of the true time
	staff  map[string]hedui.Officer
}

func (h *house) now() time.Time { h.mu.Lock(); defer h.mu.Unlock(); return time.Now().Add(h.ahead) }

func (h *house) wait(d time.Duration) { h.mu.Lock(); defer h.mu.Unlock(); h.ahead += d }

func (h *house) officer(_ context.Context, id string) (hedui.Officer, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	o, ok := h.staff[id]
	if !ok {
		return o, hedui.Fail(hedui.Forbidden, hedui.Say("error.officer", id), nil)
	}
	return o, nil
}

var keeper = hedui.Officer{ID: "security", Division: "330200", Rights: []hedui.Right{hedui.GrantRoles}}

func opened(t *testing.T, d *casework.Desk, secure bool, configure func(*staff.Door)) *house {
	t.Helper()
	h := &house{staff: map[string]hedui.Officer{"security": keeper, "zhang": officer("zhang", hedui.ReadCases, hedui.PrintReports), "id2": officer("id2", hedui.ReadCases, hedui.PrintReports)}}
	var handler http.Handler
	start, scheme := httptest.NewServer, "http"
	if secure {
		start, scheme = httptest.NewTLSServer, "https"
	}
	h.Server = start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(h.Close)
	u, _ := url.Parse(h.URL)
	h.origin = scheme + "://localhost:" + u.Port()
	h.door = &staff.Door{DB: d.DB, Officers: h.officer, Node: "ningbo", Origin: h.origin, Now: h.now, Rules: staff.Rules{Cost: staff.Cost{Memory: 64, Passes: 1, Lanes: 1}}}
	if configure != nil {
		configure(h.door)
	}
	if err := h.door.Prepare(); err != nil {
		t.Fatal(err)
	}
	in := &SignIn{Door: h.door, Node: "ningbo", Secure: secure}
	made, err := (&Server{Desk: d, Who: in.Who, SignIn: in, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: h.now}).Handler()
	if err != nil {
		t.Fatal(err)
	}
	handler = made
	return h
}

func (h *house) reset(t *testing.T, id string, r staff.Reset) string {
	t.Helper()
	text, err := h.door.Reset(t.Context(), keeper, id, r)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// A browser keeps cookies, follows where it is led, and remembers where it is.
type browser struct {
	*http.Client
	t      *testing.T
	origin string
	header http.Header
	code   int
	at     *url.URL
	body   string
	type_  string
}

func (h *house) browser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := h.Client()
	copied := *client
	copied.Jar = jar
	if tr, ok := copied.Transport.(*http.Transport); ok {
		tr = tr.Clone()
		if tr.TLSClientConfig != nil {
			tr.TLSClientConfig.ServerName = "example.com" // of the test's certificate
		}
		copied.Transport = tr
	}
	return &browser{Client: &copied, t: t, origin: h.origin}
}

func (b *browser) do(method, address string, form url.Values) string {
	b.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = b.origin + address
	}
	req, err := http.NewRequest(method, address, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for k, v := range b.header {
		req.Header[k] = v
	}
	resp, err := b.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	b.code, b.at, b.body, b.type_ = resp.StatusCode, resp.Request.URL, string(body), resp.Header.Get("Content-Type")
	if strings.Contains(b.body, "⟦") {
		b.t.Errorf("%s: a text is missing", b.at)
	}
	return b.body
}

func (b *browser) get(address string) string { b.t.Helper(); return b.do(http.MethodGet, address, nil) }

// submit sends the form of the page that is shown whose action begins so, with its
// hidden fields, as a browser would.
func (b *browser) submit(action string, fields ...string) string {
	b.t.Helper()
	for _, form := range regexp.MustCompile(`(?s)<form[^>]*action="([^"]*)".*?</form>`).FindAllStringSubmatch(b.body, -1) {
		to := strings.ReplaceAll(form[1], "&amp;", "&")
		if !strings.HasPrefix(to, action) {
			continue
		}
		values := url.Values{}
		for _, in := range regexp.MustCompile(`<input type="hidden" name="([^"]*)"(?: value="([^"]*)")?>`).FindAllStringSubmatch(form[0], -1) {
			values.Set(in[1], html.UnescapeString(in[2]))
		}
		for i := 0; i < len(fields); i += 2 {
			values.Set(fields[i], fields[i+1])
		}
		return b.do(http.MethodPost, to, values)
	}
	b.t.Fatalf("%s has no form for %s:\n%s", b.at, action, b.body)
	return ""
}

// on fails the test if the browser is not on a page.
func (b *browser) on(code int, path, text string) {
	b.t.Helper()
	if b.code != code || b.at.Path != path || !strings.Contains(b.body, text) {
		b.t.Fatalf("at %s: %d, want %s: %d with %q\n%.3000s", b.at, b.code, path, code, text, b.body)
	}
}

func (h *house) codeOf(t *testing.T, page string) string {
	t.Helper()
	secret := regexp.MustCompile(`class="secret">([A-Z2-7 ]+)<`).FindStringSubmatch(page)
	if secret == nil {
		t.Fatal("the page shows no secret")
	}
	text, err := totp.GenerateCode(strings.ReplaceAll(secret[1], " ", ""), h.now())
	if err != nil {
		t.Fatal(err)
	}
	return text
}

const goodPassword = "松树 gabel 73 Wolkenbruch"

// The story of an officer's first day: led from a case to the sign-in page, through
// the change of the initial password and an authenticator app, and back to the case.
func TestAnOfficersFirstDay(t *testing.T) {
	d, id := desk(t)
	h := opened(t, d, false, nil)
	b := h.browser(t)
	b.get("/cases/" + id + "?lang=en")
	b.on(200, "/sign-in", "Sign in")
	b.submit("/sign-in?", "id", "zhang", "password", "guess")
	b.on(422, "/sign-in", "do not fit")
	if !strings.Contains(b.body, `value="zhang"`) || strings.Contains(b.body, "guess") {
		t.Error("the id is not kept, or the password is")
	}
	initial := h.reset(t, "zhang", staff.Reset{})
	b.submit("/sign-in?", "id", "zhang", "password", initial)
	b.on(200, "/account/password", "initial password")
	if b.get("/cases/" + id); b.at.Path != "/account/password" {
		t.Errorf("with an initial password one gets to %s", b.at)
	}
	b.get("/account/password?lang=en&next=" + url.QueryEscape("/cases/"+id+"?lang=en"))
	b.submit("/account/password", "old", initial, "password", goodPassword, "repeat", "other")
	b.on(422, "/account/password", `id="repeat-wrong"`)
	b.submit("/account/password", "old", initial, "password", "password1234", "repeat", "password1234")
	b.on(422, "/account/password", `id="password-wrong"`)
	b.submit("/account/password", "old", "wrong", "password", goodPassword, "repeat", goodPassword)
	b.on(422, "/account/password", `id="old-wrong"`)
	b.submit("/account/password", "old", initial, "password", goodPassword, "repeat", goodPassword)
	b.on(200, "/account/second", "authenticator app")
	next := regexp.MustCompile(`href="(/account/app[^"]*)"`).FindStringSubmatch(b.body)[1]
	page := b.get(strings.ReplaceAll(next, "&amp;", "&"))
	b.on(200, "/account/app", `<path d="M`)
	b.submit("/account/app", "code", "000000")
	b.on(422, "/account/app", `id="code-wrong"`)
	b.submit("/account/app", "code", h.codeOf(t, page))
	b.on(200, "/account/recovery", "Make new codes")
	b.submit("/account/recovery")
	codes := regexp.MustCompile(`<code>([A-Z2-7-]+)</code>`).FindAllStringSubmatch(b.body, -1)
	if len(codes) != 10 {
		t.Fatalf("%d recovery codes", len(codes))
	}
	b.get(strings.ReplaceAll(regexp.MustCompile(`href="([^"]*)">I have kept`).FindStringSubmatch(b.body)[1], "&amp;", "&"))
	b.on(200, "/cases/"+id, "None found")

	b.get("/account?lang=en")
	b.on(200, "/account", "Authenticator app")
	b.submit("/sign-out")
	b.on(200, "/sign-in", "Sign in")
	if b.get("/"); b.at.Path != "/sign-in" {
		t.Errorf("signed out, and at %s", b.at)
	}
	// The second day, with a recovery code.
	b.submit("/sign-in?", "id", "zhang", "password", goodPassword)
	b.on(200, "/sign-in/second", "验证码")
	b.submit("/sign-in/second", "code", "123456")
	b.on(422, "/sign-in/second", "验证码不对")
	b.submit("/sign-in/second", "code", codes[0][1])
	b.on(200, "/", "案件")
}

// A report takes a fresh proof; so does what another script asks.
func TestStepUpBeforeAReport(t *testing.T) {
	d, id := desk(t)
	h := opened(t, d, false, func(d *staff.Door) { d.Rules.Optional = true })
	b := h.browser(t)
	password := h.reset(t, "zhang", staff.Reset{Settled: true})
	b.get("/")
	b.submit("/sign-in?", "id", "zhang", "password", password)
	b.on(200, "/", "案件")
	report := "/cases/" + id + "/reports/1.json"
	if b.get(report); b.code != 200 || b.at.Path != report {
		t.Errorf("fresh from sign-in: %d at %s", b.code, b.at)
	}
	h.wait(6 * time.Minute)
	b.get("/cases/" + id)
	b.on(200, "/cases/"+id, "第 1 版")
	b.get(report)
	b.on(200, "/sign-in/again", "再次确认身份")
	b.submit("/sign-in/again", "password", "wrong")
	b.on(422, "/sign-in/again", "不对")
	b.submit("/sign-in/again", "password", password)
	if b.code != 200 || b.at.Path != report || !strings.Contains(b.type_, "json") {
		t.Errorf("after the proof: %d at %s", b.code, b.at)
	}
	h.wait(6 * time.Minute)
	b.header = http.Header{"Sec-Fetch-Mode": {"cors"}, "Sec-Fetch-Site": {"same-origin"}}
	if b.get(report); b.code != http.StatusForbidden {
		t.Errorf("a script gets %d", b.code)
	}
	b.header = nil
	if b.get("/account/recovery?lang=en"); b.at.Path != "/sign-in/again" {
		t.Errorf("recovery codes without a fresh proof at %s", b.at)
	}
	// A right that one does not have is refused before any proof is asked for.
	h.mu.Lock()
	h.staff["zhang"] = officer("zhang", hedui.ReadCases)
	h.mu.Unlock()
	if b.get(report); b.code != http.StatusForbidden || b.at.Path != report {
		t.Errorf("without the right: %d at %s", b.code, b.at)
	}
	h.mu.Lock()
	delete(h.staff, "zhang")
	h.mu.Unlock()
	if b.get("/cases/" + id); b.at.Path != "/sign-in" {
		t.Errorf("an officer who is locked gets to %s", b.at)
	}
	if b.get("/account"); b.at.Path != "/sign-in" {
		t.Errorf("an officer who is locked gets to %s", b.at)
	}
}

// fullKey makes a key whose coordinates both begin with a byte that is not zero: of
// one in 128 the virtual authenticator leaves that byte out, and is refused.
func fullKey() virtualwebauthn.Credential {
	const full = 77 // bytes of a COSE key on P-256
	for {
		if key := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2); len(key.Key.AttestationData()) == full {
			return key
		}
	}
}

func TestPasskeys(t *testing.T) {
	d, id := desk(t)
	h := opened(t, d, false, nil)
	b := h.browser(t)
	initial := h.reset(t, "zhang", staff.Reset{})
	b.get("/cases/" + id)
	b.submit("/sign-in?", "id", "zhang", "password", initial)
	b.submit("/account/password", "old", initial, "password", goodPassword, "repeat", goodPassword)
	b.on(200, "/account/second", "通行密钥")
	b.get("/account/passkey")
	b.on(200, "/account/passkey", `data-passkey="create"`)
	rp := virtualwebauthn.RelyingParty{Name: "Hedui ningbo", ID: "localhost", Origin: h.origin}
	device, key := virtualwebauthn.NewAuthenticator(), fullKey()
	make := func() string {
		t.Helper()
		asked := b.do(http.MethodPost, "/account/passkey/options", url.Values{})
		options, err := virtualwebauthn.ParseAttestationOptions(asked)
		if err != nil {
			t.Fatalf("%v: %s", err, asked)
		}
		if !strings.Contains(asked, `"userVerification":"required"`) || !strings.Contains(asked, `"residentKey":"required"`) || options.UserName != "zhang" || strings.Contains(options.UserID, "zhang") {
			t.Errorf("options %s", asked)
		}
		device.Options.UserHandle = []byte(options.UserID)
		return virtualwebauthn.CreateAttestationResponse(rp, device, key, *options)
	}
	b.get("/account/passkey")
	page := b.body
	made := make()
	b.body = page
	b.submit("/account/passkey", "name", "窗口\x00电脑", "response", made)
	b.on(200, "/account/recovery", "恢复码")
	if b.get("/account"); !strings.Contains(b.body, "窗口 电脑") {
		t.Error("the passkey has no name")
	}
	b.submit("/sign-out")

	answer := func(rp virtualwebauthn.RelyingParty) string {
		t.Helper()
		options, err := virtualwebauthn.ParseAssertionOptions(b.do(http.MethodPost, "/sign-in/passkey/options", url.Values{}))
		if err != nil {
			t.Fatalf("%v: %s", err, b.body)
		}
		key.Counter++
		return virtualwebauthn.CreateAssertionResponse(rp, device, key, *options)
	}
	send := func(response string) {
		t.Helper()
		b.do(http.MethodPost, "/sign-in/passkey", url.Values{"response": {response}, "next": {"/cases/" + id}})
	}
	send(answer(virtualwebauthn.RelyingParty{Name: "x", ID: "localhost", Origin: "http://localhost.example:" + b.at.Port()}))
	b.on(422, "/sign-in/passkey", "通行密钥不能用")
	first := answer(rp)
	send(first)
	b.on(200, "/cases/"+id, "王**")
	send(first) // a replay, in an open session: the challenge is used up
	b.on(409, "/sign-in/passkey", "")
	b.submit("/sign-out")
	send(first)
	if b.code == 200 {
		t.Errorf("a replayed answer signs in: at %s", b.at)
	}
	for _, bad := range []string{"", "{}", "null", `{"id":"AA"}`, strings.Repeat("x", 100<<10), first[:len(first)/2]} {
		answer(rp)
		if send(bad); b.code < 400 {
			t.Errorf("response %.20q: %d", bad, b.code)
		}
	}
	device.Options.UserNotVerified = true
	send(answer(rp))
	b.on(422, "/sign-in/passkey", "通行密钥不能用")
	device.Options.UserNotVerified = false
	key.Counter = 0 // a copy of the authenticator
	send(answer(rp))
	b.on(422, "/sign-in/passkey", "通行密钥不能用")
	key.Counter = 1000
	send(answer(rp))
	b.on(200, "/cases/"+id, "王**")

	h.wait(6 * time.Minute) // the step-up
	b.get("/cases/" + id + "/reports/1.json")
	b.on(200, "/sign-in/again", `data-passkey="get"`)
	b.do(http.MethodPost, "/sign-in/passkey", url.Values{"response": {answer(rp)}, "next": {"/cases/" + id + "/reports/1.json"}})
	if b.code != 200 || !strings.Contains(b.type_, "json") {
		t.Errorf("after the passkey: %d at %s", b.code, b.at)
	}
	b.get("/account") // the last second proof stays
	if strings.Contains(b.body, "/account/drop") {
		t.Error("the last second proof can be removed")
	}
	b.submit("/sign-out")
	b.submit("/sign-in?", "id", "zhang", "password", goodPassword) // as the second proof
	b.on(200, "/sign-in/second", `data-passkey="get"`)
	send(answer(rp))
	b.on(200, "/cases/"+id, "王**")
}

// The provider is a real one: the OpenID provider of the zitadel project.
func provider(t *testing.T, back string) (issuer, client, secret string) {
	t.Helper()
	var handler http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	u, _ := url.Parse(server.URL)
	issuer = "http://localhost:" + u.Port()
	store := storage.NewStorageWithClients(storage.NewUserStore(issuer), map[string]*storage.Client{"hedui": storage.WebClient("hedui", "geheim", back)})
	handler = exampleop.SetupServer(issuer, store, nil, false, op.WithAllowInsecure(), op.WithLogger(slog.New(slog.DiscardHandler)))
	return issuer, "hedui", "geheim"
}

func TestAnOfficesProvider(t *testing.T) {
	d, id := desk(t)
	h := opened(t, d, false, func(d *staff.Door) {
		d.Rules.Optional = true
		d.Office = &staff.Provider{Name: "统一身份认证"}
		d.Office.Issuer, d.Office.ClientID, d.Office.Secret = provider(t, d.Origin+"/sign-in/office/back")
	})
	b := h.browser(t)
	b.get("/cases/" + id)
	b.on(200, "/sign-in", "统一身份认证")
	link := regexp.MustCompile(`href="(/sign-in/office[^"]*)"`).FindStringSubmatch(b.body)[1]
	link = strings.ReplaceAll(link, "&amp;", "&")
	asIn := func(user string) {
		t.Helper()
		b.get(link)
		if b.at.Path != "/login/username" {
			t.Fatalf("not at the provider but at %s: %s", b.at, b.body)
		}
		q := b.at.Query()
		b.do(http.MethodPost, "http://"+b.at.Host+"/login/username", url.Values{"id": {q.Get("authRequestID")}, "username": {user}, "password": {"verysecure"}})
	}
	asIn("test-user2") // whose sub is id2, an officer
	b.on(200, "/cases/"+id, "王**")
	h.wait(6 * time.Minute)
	b.get("/cases/" + id + "/reports/1.json")
	b.on(200, "/sign-in/again", "统一身份认证")
	b.submit("/sign-out")
	asIn("test-user@localhost") // id1, who is none
	b.on(422, "/sign-in/office/back", "没有对应的经办人")

	// A state that is not that of this browser, one that is used again, none at all.
	for _, query := range []string{"", "?code=x", "?state=x&code=y", "?state=&code=", "?error=access_denied&state=x"} {
		if b.get("/sign-in/office/back" + query); b.code != http.StatusConflict {
			t.Errorf("%q: %d", query, b.code)
		}
	}
	other := h.browser(t)
	other.Client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == "/sign-in/office/back" {
			return http.ErrUseLastResponse
		}
		return nil
	}
	other.get(link)
	q := other.at.Query()
	other.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == "/sign-in/office/back" {
			return http.ErrUseLastResponse
		}
		return nil
	}
	req, err := http.NewRequest(http.MethodPost, "http://"+other.at.Host+"/login/username", strings.NewReader(url.Values{"id": {q.Get("authRequestID")}, "username": {"test-user2"}, "password": {"verysecure"}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := other.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	back := resp.Header.Get("Location")
	if !strings.Contains(back, "/sign-in/office/back?") {
		t.Fatalf("led to %q", back)
	}
	if b.get(back); b.code != http.StatusConflict { // an attacker hands their own answer to somebody else
		t.Errorf("another browser's answer: %d at %s", b.code, b.at)
	}
	if other.get(back); other.code != 200 || other.at.Path != "/cases/"+id {
		t.Errorf("the right browser: %d at %s", other.code, other.at)
	}
	if other.get(back); other.code != http.StatusConflict {
		t.Errorf("the answer counts twice: %d at %s", other.code, other.at)
	}
}

func TestAProviderThatIsAway(t *testing.T) {
	d, _ := desk(t)
	h := opened(t, d, false, func(d *staff.Door) {
		d.Office = &staff.Provider{Name: "统一身份认证", Issuer: "http://127.0.0.1:1", ClientID: "x", Secret: "y"}
	})
	b := h.browser(t)
	b.get("/sign-in/office")
	b.on(503, "/sign-in/office", "暂时没有响应")
}

func TestSameSite(t *testing.T) {
	for address, want := range map[string]string{
		"/cases/x?lang=en": "/cases/x?lang=en", "/": "/", "": "/", "//evil.example": "/", "///evil.example": "/", `/\evil.example`: "/", `\\evil.example`: "/",
		"https://evil.example/": "/", "evil.example": "/", "javascript:alert(1)": "/", "/%2f/evil.example": "/", "/x/../../evil": "/", "/\tevil": "/", "/a\r\nSet-Cookie: x": "/",
		"/.//evil.example": "/", "/cases//x": "/", "/sign-out": "/", "/sign-in?next=/sign-in": "/", "/sign-in/second": "/", "/cases/x#part": "/cases/x", "http:/cases": "/",
		"/cases/" + strings.Repeat("x", 2000): "/", "/%5cevil.example": "/", "/@evil.example": "/@evil.example",
	} {
		if got := sameSite(address); got != want {
			t.Errorf("sameSite(%.40q) = %q, want %q", address, got, want)
		}
	}
	d, _ := desk(t)
	h := opened(t, d, false, func(d *staff.Door) { d.Rules.Optional = true })
	password := h.reset(t, "zhang", staff.Reset{Settled: true})
	for _, next := range []string{"//evil.example", "https://evil.example/", `/\evil.example`} {
		b := h.browser(t)
		b.get("/sign-in?next=" + url.QueryEscape(next))
		b.do(http.MethodPost, "/sign-in", url.Values{"id": {"zhang"}, "password": {password}, "next": {next}})
		if "http://"+b.at.Host != h.origin || b.at.Path != "/" {
			t.Errorf("%s leads to %s", next, b.at)
		}
	}
}

// Every page of the door is asked as nobody, and refuses what is not for nobody.
func TestEveryDoorRouteAsNobody(t *testing.T) {
	d, _ := desk(t)
	h := opened(t, d, false, nil)
	for _, r := range doorRoutes {
		method, path, _ := strings.Cut(r.pattern, " ")
		b := h.browser(t)
		form := url.Values(nil)
		if method == http.MethodPost {
			form = url.Values{"id": {"x"}}
		}
		b.do(method, path, form)
		if r.need != anybody && b.at.Path != "/sign-in" {
			t.Errorf("%s as nobody: %d at %s", r.pattern, b.code, b.at)
		}
		if b.code >= 500 && !strings.HasSuffix(path, "/office") {
			t.Errorf("%s as nobody: %d", r.pattern, b.code)
		}
	}
	for _, r := range routes() { // and every route of the console leads to the sign-in page
		method, path, _ := strings.Cut(r.pattern, " ")
		b := h.browser(t)
		b.do(method, strings.NewReplacer("{$}", "", "{id}", "x", "{file}", "1.json", "{act}", "accept", "{draft}", "begun", "{number}", "S1", "{concern}", "2026-11-23-ab").Replace(path), nil)
		if refused := method == http.MethodPost && b.code == http.StatusUnauthorized; !refused && b.at.Path != "/sign-in" {
			t.Errorf("%s as nobody: %d at %s", r.pattern, b.code, b.at)
		}
	}
	b := h.browser(t)
	for _, public := range []string{"/trust.pem", "/static/style.css"} {
		if b.get(public); b.code != 200 || b.at.Path != public {
			t.Errorf("%s: %d at %s", public, b.code, b.at)
		}
	}
	if b.get("/nowhere"); b.code != 404 {
		t.Errorf("no such page: %d", b.code)
	}
}

// Every page of the door, in both languages, for somebody who may see it.
func TestDoorPagesInBothLanguages(t *testing.T) {
	d, _ := desk(t)
	h := opened(t, d, false, func(d *staff.Door) { d.Rules.Optional = true })
	b := h.browser(t)
	b.get("/")
	b.submit("/sign-in?", "id", "zhang", "password", h.reset(t, "zhang", staff.Reset{Settled: true}))
	for _, path := range []string{"/sign-in/again", "/account", "/account/password", "/account/second", "/account/app", "/account/passkey", "/account/recovery"} {
		for _, l := range []string{"zh", "en"} {
			b.get(path + "?lang=" + l)
			b.on(200, path, "<h1>")
			if strings.Contains(b.body, "style=") || strings.Contains(b.body, "<script>") || strings.Contains(b.body, "onclick") {
				t.Errorf("%s: what the content security policy forbids", path)
			}
			for _, label := range regexp.MustCompile(`<label for="([^"]*)"`).FindAllStringSubmatch(b.body, -1) {
				if !strings.Contains(b.body, `<input id="`+label[1]+`"`) {
					t.Errorf("%s: the label of %s has no field", path, label[1])
				}
			}
		}
	}
}

// What is far too long, or no form at all, is refused like any other wrong password.
func TestAbsurdForms(t *testing.T) {
	d, _ := desk(t)
	h := opened(t, d, false, nil)
	b := h.browser(t)
	for name, form := range map[string]url.Values{
		"a huge password": {"id": {"zhang"}, "password": {strings.Repeat("p", 100<<10)}},
		"a huge form":     {"id": {"zhang"}, "password": {strings.Repeat("p", 10<<20)}},
		"zero bytes":      {"id": {"zh\x00ang"}, "password": {"\x00"}},
		"no UTF-8":        {"id": {"\xff\xfe"}, "password": {"\xff"}},
		"nothing":         {},
	} {
		if b.do(http.MethodPost, "/sign-in", form); b.code != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", name, b.code)
		}
	}
	for _, cookie := range []string{"", "x", strings.Repeat("A", 3000), "a=b", "\"q\"", "%00"} {
		b := h.browser(t)
		b.header = http.Header{"Cookie": {"hedui-ningbo=" + cookie + "; hedui-ningbo-known=" + cookie}}
		if b.get("/account"); b.at.Path != "/sign-in" || b.code != 200 {
			t.Errorf("cookie %.10q: %d at %s", cookie, b.code, b.at)
		}
	}
}

func TestCookiesOverTLS(t *testing.T) {
	d, _ := desk(t)
	h := opened(t, d, true, func(d *staff.Door) { d.Rules.Optional = true })
	b := h.browser(t)
	b.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	req, err := http.NewRequest(http.MethodPost, h.origin+"/sign-in", strings.NewReader(url.Values{"id": {"zhang"}, "password": {h.reset(t, "zhang", staff.Reset{Settled: true})}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := b.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if len(resp.Cookies()) != 2 {
		t.Fatalf("%d cookies", len(resp.Cookies()))
	}
	for _, c := range resp.Cookies() {
		if !strings.HasPrefix(c.Name, "__Host-hedui-ningbo") || !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" || c.SameSite != http.SameSiteLaxMode {
			t.Errorf("cookie %s", c.Raw)
		}
	}
	if resp.Header.Get("Strict-Transport-Security") == "" {
		t.Error("no HSTS")
	}
}

func TestWhatOtherSitesSendIsRefused(t *testing.T) {
	d, _ := desk(t)
	h := opened(t, d, false, func(d *staff.Door) { d.Rules.Optional = true })
	b := h.browser(t)
	password := h.reset(t, "zhang", staff.Reset{Settled: true})
	b.header = http.Header{"Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Mode": {"navigate"}}
	for _, r := range doorRoutes {
		if method, path, _ := strings.Cut(r.pattern, " "); method == http.MethodPost {
			if b.do(method, path, url.Values{"id": {"zhang"}, "password": {password}}); b.code != http.StatusForbidden {
				t.Errorf("%s from another site: %d", r.pattern, b.code)
			}
		}
	}
}

// A page that asks by itself keeps nobody signed in, and learns that the session is
// over.
func TestWhatAsksByItselfIsNoUse(t *testing.T) {
	d, id := desk(t)
	h := opened(t, d, false, func(d *staff.Door) { d.Rules.Optional = true })
	b := h.browser(t)
	b.get("/")
	b.submit("/sign-in?", "id", "zhang", "password", h.reset(t, "zhang", staff.Reset{Settled: true}))
	script := http.Header{"Sec-Fetch-Mode": {"cors"}, "Sec-Fetch-Site": {"same-origin"}}
	reload := http.Header{"Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Site": {"same-origin"}}
	person := http.Header{"Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Site": {"same-origin"}, "Sec-Fetch-User": {"?1"}}
	h.wait(20 * time.Minute)
	b.header = script
	if b.get("/cases/" + id + "/live?seen=old"); b.code != 200 {
		t.Fatalf("live: %d", b.code)
	}
	b.header = reload
	b.get("/cases/" + id)
	b.on(200, "/cases/"+id, "王**")
	h.wait(11 * time.Minute)
	b.header = script
	if b.get("/cases/" + id + "/live?seen=old"); b.code != http.StatusUnauthorized {
		t.Errorf("31 minutes without use: %d", b.code)
	}
	b.header = nil
	b.get("/")
	b.submit("/sign-in?", "id", "zhang", "password", h.reset(t, "zhang", staff.Reset{Settled: true}))
	h.wait(20 * time.Minute)
	b.header = person
	b.get("/cases/" + id)
	h.wait(11 * time.Minute)
	if b.get("/cases/" + id); b.at.Path != "/cases/"+id {
		t.Errorf("used 11 minutes ago, and at %s", b.at)
	}
	var sessions []string
	for _, c := range b.Jar.Cookies(b.at) {
		sessions = append(sessions, c.Name)
	}
	if text, _ := json.Marshal(sessions); string(text) != `["hedui-ningbo","hedui-ningbo-known"]` {
		t.Errorf("cookies %s", text)
	}
}

func TestBrowsersHaveNames(t *testing.T) {
	for agent, want := range map[string]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36":           "Chrome · Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36 Edg/141.0": "Edge · Windows",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15":    "Safari · macOS",
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0":                                                "Firefox · Linux",
		"": "", "curl/8": "", "<script>": "",
	} {
		if got := browserOf(agent); got != want {
			t.Errorf("%q is called %q, want %q", agent, got, want)
		}
	}
}

// The signer is asked to prove who they are before they seal, and comes back to the case.
func TestStepUpBeforeTheSeal(t *testing.T) {
	d, id := desk(t)
	if _, err := d.Deliver(t.Context(), officer("office", hedui.CommissionCases), id); err != nil {
		t.Fatal(err)
	}
	h := opened(t, d, false, func(d *staff.Door) { d.Rules.Optional = true })
	h.staff["zhang"] = officer("zhang", hedui.ReadCases, hedui.SealReports)
	b := h.browser(t)
	password := h.reset(t, "zhang", staff.Reset{Settled: true})
	b.get("/cases/" + id)
	b.submit("/sign-in?", "id", "zhang", "password", password)
	b.on(200, "/cases/"+id, "第 1 版")
	h.wait(6 * time.Minute)
	seal := "/cases/" + id + "/acts/seal"
	b.do(http.MethodPost, seal, url.Values{"seen": {"x"}})
	b.on(200, "/sign-in/again", "再次确认身份")
	b.submit("/sign-in/again", "password", password)
	b.on(200, "/cases/"+id, "第 1 版")
	b.do(http.MethodPost, seal, url.Values{"seen": {"x"}})
	b.on(409, seal, "有了变化") // the proof is fresh: now it is looked at
}
