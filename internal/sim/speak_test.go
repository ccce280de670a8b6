package sim

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// now is the clock of the cities in these tests.
var now = time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC)

// A user is who presents a token of WS-Security, and how.
type user struct {
	name, password, kind string
	nonce                string
	at                   time.Time
}

func hedui() user { return user{"hedui", "demo-police", "PasswordDigest", rand.Text(), now} }

// soapCall is a call in GBK as the police wants it.
func soapCall(path, element, content string, u user) call {
	created := u.at.UTC().Format(time.RFC3339)
	secret := u.password
	if u.kind == "PasswordDigest" {
		sum := sha1.Sum([]byte(u.nonce + created + u.password))
		secret = base64.StdEncoding.EncodeToString(sum[:])
	}
	text := `<?xml version="1.0" encoding="GBK"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header><w:Security xmlns:w="` + securitySpace + `"><w:UsernameToken>` +
		"<w:Username>" + u.name + `</w:Username><w:Password Type="http://x.example/p#` + u.kind + `">` + secret + "</w:Password><w:Nonce>" + base64.StdEncoding.EncodeToString([]byte(u.nonce)) +
		"</w:Nonce><w:Created>" + created + "</w:Created></w:UsernameToken></w:Security></s:Header><s:Body><g:" + element + ` xmlns:g="urn:ga">` + content + "</g:" + element + "></s:Body></s:Envelope>"
	body, err := simplifiedchinese.GBK.NewEncoder().String(text)
	if err != nil {
		panic(err)
	}
	return call{department: "police", path: path, body: body,
		header: map[string]string{"Content-Type": "text/xml; charset=GBK", "SOAPAction": `"urn:ga:` + element + `"`}}
}

func hukouCall(id, name string) call {
	return soapCall("/ga/services/rkk", "plcx", "<head><yt>dibao</yt></head><body><ry><sfzh>"+id+"</sfzh><xm>"+name+"</xm><sqh>SQ1</sqh></ry></body>", hedui())
}

func vehicleCall(id string) call {
	return soapCall("/ga/services/cgs", "jdccx", "<head><yt>dibao</yt><sqh>SQ1</sqh></head><body><sfzmhm>"+id+"</sfzmhm></body>", hedui())
}

// tokenCall asks for a token.
func tokenCall(secret string) call {
	basic := base64.StdEncoding.EncodeToString([]byte("hedui:" + secret))
	return call{department: "hrss", path: "/rsj/oauth2/token", header: map[string]string{"Authorization": "Basic " + basic},
		form: url.Values{"grant_type": {"client_credentials"}, "scope": {"query"}}}
}

// granted returns the header of a token.
func (c *City) grantedHeader(t testing.TB) map[string]string {
	t.Helper()
	_, body, _ := c.post(t, tokenCall("demo-hrss"))
	var out struct {
		Token string `json:"access_token"`
		Life  int    `json:"expires_in"`
	}
	if err := json.Unmarshal([]byte(body), &out); err != nil || out.Token == "" || out.Life != 600 {
		t.Fatalf("no token: %s", body)
	}
	return map[string]string{"Authorization": "Bearer " + out.Token}
}

// signedCall is a call as the business register wants it.
func signedCall(body, secret, nonce string, at time.Time) call {
	const path = "/gsj/api/person/enterprises"
	sum := sha256.Sum256([]byte(body))
	stamp := strconv.FormatInt(at.UnixMilli(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "POST\n%s\n\n%x\n%s\n%s", path, sum, stamp, nonce)
	return call{department: "business", path: path, body: body, header: map[string]string{
		"X-App-Id": "hedui", "X-Timestamp": stamp, "X-Nonce": nonce, "X-Signature": hex.EncodeToString(mac.Sum(nil))}}
}

func businessCall(id string) call {
	return signedCall(fmt.Sprintf(`{"certNo":%q,"usage":"dibao","authorizationNo":"SQ1","pageNo":1,"pageSize":10}`, id), "demo-business", rand.Text(), now)
}

func TestPoliceChecksTheUserNameToken(t *testing.T) {
	c := open(t, Options{Instant: true})
	with := func(change func(*user)) call {
		u := hedui()
		change(&u)
		return soapCall("/ga/services/rkk", "plcx", "<head><yt>dibao</yt></head><body><ry><sfzh>"+wang+"</sfzh><sqh>SQ1</sqh></ry></body>", u)
	}
	again := hukouCall(wang, "王志强")
	if status, body, _ := c.post(t, again); status != 200 || !strings.Contains(body, "<jgdm>1</jgdm>") {
		t.Fatalf("a sound call: %d %s", status, body)
	}
	action := hukouCall(wang, "王志强")
	action.header["SOAPAction"] = `"urn:ga:jdccx"`
	charset := hukouCall(wang, "王志强")
	charset.header["Content-Type"] = "text/xml; charset=utf-8"
	tests := []struct {
		name, want string
		call       call
	}{
		{"the same token twice", "FailedAuthentication", again},
		{"another user", "FailedAuthentication", with(func(u *user) { u.name = "someone" })},
		{"a wrong password", "FailedAuthentication", with(func(u *user) { u.password = "guess" })},
		{"a password in clear", "FailedAuthentication", with(func(u *user) { u.kind = "PasswordText" })},
		{"an old token", "FailedAuthentication", with(func(u *user) { u.at = now.Add(-6 * time.Minute) })},
		{"a token of tomorrow", "FailedAuthentication", with(func(u *user) { u.at = now.Add(24 * time.Hour) })},
		{"a short nonce", "FailedAuthentication", with(func(u *user) { u.nonce = "x" })},
		{"no mandate", "Client.9403", soapCall("/ga/services/rkk", "plcx", "<head><yt>dibao</yt></head><body><ry><sfzh>"+wang+"</sfzh></ry></body>", hedui())},
		{"one person of two without mandate", "Client.9403", soapCall("/ga/services/rkk", "plcx", "<head><yt>dibao</yt></head><body><ry><sfzh>"+wang+"</sfzh><sqh>SQ1</sqh></ry><ry><sfzh>"+li+"</sfzh></ry></body>", hedui())},
		{"another action", "soapenv:Client<", action},
		{"another encoding", "soapenv:Client<", charset},
		{"no XML", "soapenv:Client<", call{department: "police", path: "/ga/services/rkk", body: "{}", header: action.header}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, body, _ := c.post(t, tt.call)
			if status != 500 || !strings.Contains(body, "Fault>") || !strings.Contains(body, tt.want) {
				t.Errorf("got %d %s, want 500 and a fault with %s", status, body, tt.want)
			}
		})
	}
	if got, want := c.Asked("hukou", c.number(0)), 1; got != want {
		t.Errorf("searched %d times, want %d", got, want)
	}
}

func TestHRSSWantsATokenThatHolds(t *testing.T) {
	var past atomic.Int64 // the city looks at its clock by itself
	c := open(t, Options{Now: func() time.Time { return now.Add(time.Duration(past.Load())) }, Instant: true})
	job := func(header map[string]string) string {
		_, body, _ := c.post(t, call{department: "hrss", path: "/rsj/jyk/query", header: header,
			body: fmt.Sprintf(`{"purpose":"dibao","mandateNo":"SQ1","aac002":%q}`, boy)})
		return body
	}
	header := c.grantedHeader(t)
	if got := job(header); !strings.Contains(got, `"resultCode":"-2"`) {
		t.Errorf("with a token: %s", got)
	}
	for name, bad := range map[string]map[string]string{
		"no token": nil, "the secret itself": {"Authorization": "Bearer demo-hrss"}, "a longer life": {"Authorization": strings.Replace(header["Authorization"], "Bearer 1", "Bearer 2", 1)},
		"another scheme": {"Authorization": strings.Replace(header["Authorization"], "Bearer", "Basic", 1)},
	} {
		if got := job(bad); !strings.Contains(got, `"resultCode":"-91"`) {
			t.Errorf("%s: %s", name, got)
		}
	}
	past.Store(int64(tokenLife))
	if got := job(header); !strings.Contains(got, `"resultCode":"-91"`) {
		t.Errorf("after its end: %s", got)
	}
	if status, body, _ := c.post(t, tokenCall("guess")); status != 401 || !strings.Contains(body, "invalid_client") {
		t.Errorf("a wrong secret: %d %s", status, body)
	}
	other := tokenCall("demo-hrss")
	other.form = url.Values{"grant_type": {"password"}}
	if status, body, _ := c.post(t, other); status != 400 || strings.Contains(body, "access_token") {
		t.Errorf("another grant: %d %s", status, body)
	}
	if err := c.SetFault("hrss", Fault{Kind: Down}); err != nil {
		t.Fatal(err)
	}
	if status, _, _ := c.post(t, tokenCall("demo-hrss")); status != 0 {
		t.Errorf("a department that is down gives a token: %d", status)
	}
}

func TestInsuranceComesBackLater(t *testing.T) {
	c := open(t, Options{Seed: 4})
	header := c.grantedHeader(t)
	_, body, _ := c.post(t, call{department: "hrss", path: "/rsj/sbk/batchQuery", header: header,
		body: fmt.Sprintf(`{"purpose":"dibao","list":[{"aac002":%q,"mandateNo":"SQ1"},{"aac002":%q,"mandateNo":"SQ1"}]}`, chen, wang)})
	var accepted struct{ ResultCode, Ticket string }
	if err := json.Unmarshal([]byte(body), &accepted); err != nil || accepted.ResultCode != "2" || accepted.Ticket == "" {
		t.Fatalf("got %s", body)
	}
	fetch := func(c *City, ticket string) string {
		_, body, _ := c.post(t, call{department: "hrss", path: "/rsj/sbk/batchResult", header: header, body: fmt.Sprintf(`{"ticket":%q}`, ticket)})
		return body
	}
	if raw, err := base64.RawURLEncoding.DecodeString(accepted.Ticket); err != nil || strings.Contains(string(raw), "1951") {
		t.Errorf("the ticket tells who was asked about, or is none: %v", err)
	}
	restarted := open(t, Options{Seed: 4})
	for _, city := range []*City{c, restarted} {
		got := fetch(city, accepted.Ticket)
		for strings.Contains(got, `"resultCode":"2"`) && wait(t.Context(), 10*time.Millisecond) {
			got = fetch(city, accepted.Ticket)
		}
		if !strings.Contains(got, `"resultCode":"1"`) || !strings.Contains(got, `"aic160":29000`) || !strings.Contains(got, `"state":"EMPTY"`) {
			t.Errorf("later: %s", got)
		}
	}
	if got := fetch(c, accepted.Ticket[1:]); !strings.Contains(got, "-95") {
		t.Errorf("a damaged ticket: %s", got)
	}
	if got, want := c.Asked("social_insurance", c.number(10)), 1; got != want {
		t.Errorf("searched %d times, want %d", got, want)
	}
}

func TestBusinessChecksTheSignature(t *testing.T) {
	c := open(t, Options{Instant: true})
	body := fmt.Sprintf(`{"certNo":%q,"usage":"dibao","authorizationNo":"SQ1","pageNo":1,"pageSize":10}`, wang)
	sound := signedCall(body, "demo-business", "n1", now)
	if status, got, _ := c.post(t, sound); status != 200 || !strings.Contains(got, `"total":1`) {
		t.Fatalf("a sound call: %d %s", status, got)
	}
	altered := signedCall(body, "demo-business", "n2", now)
	altered.body = strings.Replace(body, wang, li, 1)
	later := signedCall(body, "demo-business", "n3", now)
	later.header["X-Timestamp"] = strconv.FormatInt(now.Add(time.Minute).UnixMilli(), 10)
	tests := []struct {
		name string
		call call
	}{
		{"the same call twice", sound},
		{"another secret", signedCall(body, "guess", "n4", now)},
		{"another body", altered},
		{"another time than the signed one", later},
		{"an old call", signedCall(body, "demo-business", "n5", now.Add(-window-time.Second))},
		{"no number", signedCall(body, "demo-business", "", now)},
		{"no signature", call{department: "business", path: sound.path, body: body}},
	}
	for _, tt := range tests {
		if status, got, _ := c.post(t, tt.call); status != 401 || strings.Contains(got, "total") {
			t.Errorf("%s: %d %s, want 401", tt.name, status, got)
		}
	}
	if status, _, _ := c.post(t, signedCall(strings.Replace(body, "dibao", "", 1), "demo-business", "n6", now)); status != http.StatusForbidden {
		t.Errorf("no purpose: %d, want 403", status)
	}
}

func TestBusinessPages(t *testing.T) {
	c := open(t, Options{Instant: true, Population: 3000})
	for i := range c.people {
		if c.people[i].owns == none {
			continue
		}
		rows := c.businessRows(int32(i))
		if len(rows) < 12 {
			continue
		}
		_, n := c.Person(i)
		seen := map[string]bool{}
		for page := 1; page <= len(rows)/5+2; page++ {
			_, body, _ := c.post(t, signedCall(fmt.Sprintf(`{"certNo":%q,"usage":"dibao","authorizationNo":"SQ1","pageNo":%d,"pageSize":5}`, n.Reveal(), page), "demo-business", rand.Text(), now))
			var out struct {
				Data struct {
					Total int
					List  []struct{ RegNo string }
				}
			}
			if err := json.Unmarshal([]byte(body), &out); err != nil || out.Data.Total != len(rows) || len(out.Data.List) > 5 {
				t.Fatalf("page %d: %v %s", page, err, body)
			}
			for _, row := range out.Data.List {
				seen[row.RegNo] = true
			}
		}
		if len(seen) != len(rows) || c.Asked("business", n) != 1 {
			t.Errorf("%d different entries of %d, searched %d times", len(seen), len(rows), c.Asked("business", n))
		}
		return
	}
	t.Error("nobody has more entries than a page holds")
}

func TestNoncesAreForgottenOnlyWhenTheyAreTooOld(t *testing.T) {
	var n nonces
	if !n.fresh("a", now) || n.fresh("a", now.Add(2*window)) || n.fresh("", now) {
		t.Error("a number is taken twice, or none is taken for one")
	}
	if !n.fresh("b", now.Add(3*window)) || n.fresh("a", now.Add(4*window)) {
		t.Error("forgotten with the first change")
	}
	if !n.fresh("a", now.Add(9*window)) {
		t.Error("kept for ever")
	}
}

// A department that fails in XML fails as such departments do.
func TestPoliceFailsInItsOwnWay(t *testing.T) {
	c := open(t, Options{Instant: true, Faults: map[string]Fault{"police": {Kind: Garbage}}})
	_, bodies := statuses(t, c, 2, hukouCall(wang, "王志强"))
	if !strings.Contains(bodies[0], "Envelope") || strings.Contains(bodies[0], "</") && strings.HasSuffix(bodies[0], "Envelope>") || !strings.Contains(bodies[1], "<html>") {
		t.Errorf("garbage: %q", bodies)
	}
	if err := c.SetFault("police", Fault{Kind: Flaky, Every: 1}); err != nil {
		t.Fatal(err)
	}
	got, bodies := statuses(t, c, 2, hukouCall(wang, "王志强"))
	if got[0] != 500 || !strings.Contains(bodies[0], "soapenv:Server") || strings.Contains(bodies[1], "</soapenv:Envelope>") {
		t.Errorf("flaky: %v %q", got, bodies)
	}
}

func FuzzReadSOAP(f *testing.F) {
	sound := hukouCall(wang, "王志强")
	f.Add([]byte(sound.body))
	f.Add([]byte("<a/>"))
	f.Add([]byte(`<?xml version="1.0" encoding="GBK"?><!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>`))
	c := build(f, Options{Instant: true})
	police := police()
	f.Fuzz(func(t *testing.T, body []byte) {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		for name, value := range sound.header {
			r.Header.Set(name, value)
		}
		in, err := readSOAP(r, body)
		if (in == nil) != (err != nil) {
			t.Fatalf("an object %v and error %v", in != nil, err)
		}
		if err == nil && !bytes.Equal(body, []byte(sound.body)) && police.knows(c, r, body, in) && in.at("token").text("Nonce") == "" {
			t.Fatal("known without a number")
		}
	})
}
