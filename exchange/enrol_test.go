package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// memRegistrar keeps one code for each name.
type memRegistrar struct {
	mu       sync.Mutex
	secrets  map[string][]byte
	used     map[string]Enrolment
	approved map[string]bool
}

func newRegistrar(t testing.TB, name string, c Code) *memRegistrar {
	t.Helper()
	secret, err := c.Secret(name)
	if err != nil {
		t.Fatal(err)
	}
	return &memRegistrar{secrets: map[string][]byte{name: secret}, used: map[string]Enrolment{}, approved: map[string]bool{}}
}

func (r *memRegistrar) Secret(_ context.Context, name string) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if secret, ok := r.secrets[name]; ok {
		return secret, nil
	}
	return nil, ErrCode
}

func (r *memRegistrar) Enrol(_ context.Context, e Enrolment) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if was, ok := r.used[e.Name]; ok && !was.Same(e) {
		return ErrCodeUsed
	}
	r.used[e.Name] = e
	if !r.approved[e.Name] {
		return ErrPending
	}
	return nil
}

func (r *memRegistrar) approve(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.approved[name] = true
}

func TestCodeIsReadAsPeopleTypeIt(t *testing.T) {
	c := NewCode()
	if len(c.Reveal()) != 19 {
		t.Errorf("a code of %d characters, want 19", len(c.Reveal()))
	}
	want, err := c.Secret("haishu")
	if err != nil {
		t.Fatal(err)
	}
	o, il := strings.NewReplacer("0", "o"), strings.NewReplacer("1", "l")
	for _, typed := range []string{c.Reveal(), strings.ToLower(c.Reveal()), strings.ReplaceAll(c.Reveal(), "-", " "), o.Replace(c.Reveal()), il.Replace(c.Reveal())} {
		read, err := ParseCode(typed)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := read.Secret("haishu"); err != nil || !slices.Equal(got, want) {
			t.Error("a code typed another way is another code")
		}
	}
	if got, _ := c.Secret("yinzhou"); slices.Equal(got, want) {
		t.Error("two names have one secret")
	}
	for _, bad := range []string{"", "ABCD", c.Reveal() + "A", strings.Repeat("U", 16), "王王王王王王"} {
		if _, err := ParseCode(bad); !errors.Is(err, ErrCode) {
			t.Errorf("got %v, want %v", err, ErrCode)
		}
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		if got := fmt.Sprintf(verb, c); got != codeLabel {
			t.Errorf("%s prints %s", verb, got)
		}
	}
}

func TestEnrolmentIsChecked(t *testing.T) {
	haishu, c := newHaishu(t), NewCode()
	r := newRegistrar(t, "haishu", c)
	make := func(me Identity, c Code) []byte {
		data, err := RequestEnrolment(me, c, noon)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	good := make(haishu, c)
	yinzhou := newNode(t, "yinzhou", "330212", "county")
	// signed by whoever has the code, with the keys of another
	stolen := yinzhou
	stolen.Name, stolen.Public, stolen.Signer = "haishu", haishu.Public, foreign{yinzhou.Signer, haishu.Public.KeyID()}
	for _, test := range []struct {
		name  string
		data  []byte
		after time.Duration
		want  error
	}{
		{"good", good, 0, nil},
		{"wrong code", make(haishu, NewCode()), 0, ErrCode},
		{"unknown name", make(yinzhou, c), 0, ErrCode},
		{"without its key", make(stolen, c), 0, ErrSignature},
		{"replayed later", good, DefaultSkew + time.Second, ErrExpired},
		{"from the future", good, -DefaultSkew - time.Second, ErrClock},
		{"nothing", nil, 0, ErrMalformed},
		{"too large", slices.Repeat([]byte(" "), maxEnrolment+1), 0, ErrTooLarge},
	} {
		e, err := OpenEnrolment(context.Background(), test.data, r, noon.Add(test.after), DefaultSkew)
		if !errors.Is(err, test.want) || test.want == nil && err != nil {
			t.Errorf("%s: got %v, want %v", test.name, err, test.want)
		}
		if err == nil && (e.Name != "haishu" || !e.Sign.Equal(haishu.Public) || !e.Box.Equal(haishu.Boxes[0].Public())) {
			t.Errorf("%s: got another enrolment", test.name)
		}
	}
	for i := range good {
		altered := slices.Clone(good)
		altered[i] ^= 1
		if _, err := OpenEnrolment(context.Background(), altered, r, noon, DefaultSkew); ReasonOf(err) == "" {
			t.Errorf("byte %d changed: got %v", i, err)
		}
	}
	down := errors.New("store is down")
	if _, err := OpenEnrolment(context.Background(), good, brokenRegistrar{down}, noon, DefaultSkew); !errors.Is(err, down) {
		t.Errorf("store down: got %v", err)
	}
}

type foreign struct {
	signer interface {
		Algorithm() string
		Sign([]byte) ([]byte, error)
	}
	id string
}

func (f foreign) Algorithm() string                   { return f.signer.Algorithm() }
func (f foreign) KeyID() string                       { return f.id }
func (f foreign) Sign(message []byte) ([]byte, error) { return f.signer.Sign(message) }

type brokenRegistrar struct{ err error }

func (b brokenRegistrar) Secret(context.Context, string) ([]byte, error) { return nil, b.err }
func (b brokenRegistrar) Enrol(context.Context, Enrolment) error         { return b.err }

func TestAnswerToAnEnrolmentIsChecked(t *testing.T) {
	hub, haishu, c := newHub(t), newHaishu(t), NewCode()
	r := newRegistrar(t, "haishu", c)
	request, err := RequestEnrolment(haishu, c, noon)
	if err != nil {
		t.Fatal(err)
	}
	e, err := OpenEnrolment(context.Background(), request, r, noon, DefaultSkew)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := AnswerEnrolment(hub, e, r.secrets["haishu"], noon)
	if err != nil {
		t.Fatal(err)
	}
	parent, err := OpenAnswer(answer, request, haishu, c, noon, DefaultSkew)
	if err != nil || parent.Name != "ningbo" || !parent.Sign[0].Key.Equal(hub.Public) {
		t.Errorf("got %s, %v", parent.Name, err)
	}
	if _, err := OpenAnswer(answer, request, haishu, NewCode(), noon, DefaultSkew); !errors.Is(err, ErrCode) {
		t.Errorf("answer under another code: got %v", err)
	}
	later, err := RequestEnrolment(haishu, c, noon.Add(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenAnswer(answer, later, haishu, c, noon, DefaultSkew); !errors.Is(err, ErrNotForMe) {
		t.Errorf("answer to another request: got %v", err)
	}
	if _, err := OpenAnswer(request, request, haishu, c, noon, DefaultSkew); !errors.Is(err, ErrCode) {
		t.Errorf("the request as its own answer: got %v", err)
	}
	var w wireSigned
	if err := json.Unmarshal(answer, &w); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(request)+string(w.Body), strings.ReplaceAll(c.Reveal(), "-", "")) {
		t.Error("the code travels")
	}
}

func TestNodeEnrolsOverTheWire(t *testing.T) {
	p := newPair(t)
	nobody := of()
	p.knows.Store(&nobody)
	c := NewCode()
	r := newRegistrar(t, "haishu", c)
	p.handler.Registrar = r
	enrol := func(me Identity, c Code) (Peer, error) {
		return Enrol(context.Background(), p.client.URL, me, c, time.Now())
	}
	if _, err := enrol(p.haishu, NewCode()); !errors.Is(err, ErrCode) {
		t.Errorf("wrong code: got %v", err)
	}
	p.incident(t, ReasonCode)
	if _, err := enrol(p.haishu, c); !errors.Is(err, ErrPending) {
		t.Errorf("before approval: got %v", err)
	}
	if _, err := enrol(newHaishu(t), c); !errors.Is(err, ErrCodeUsed) {
		t.Errorf("the same code with other keys: got %v", err)
	}
	p.incident(t, ReasonCodeUsed)
	r.approve("haishu")
	parent, err := enrol(p.haishu, c)
	if err != nil || !parent.Sign[0].Key.Equal(p.hub.Public) {
		t.Fatalf("after approval: %v", err)
	}
	children, pinned := Only(r.used["haishu"].Peer()), Only(parent)
	p.knows.Store(&children)
	p.childKnows.Store(&pinned)
	p.run(t)
	p.link(t, true, "")

	// somebody in the middle passes on what haishu sent
	request, err := RequestEnrolment(p.haishu, c, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.post(t, newNode(t, "yinzhou", "330212", "county"), PathEnrol, typeJSON, request); !errors.Is(err, ErrKey) {
		t.Errorf("passed on by another: got %v", err)
	}
}
