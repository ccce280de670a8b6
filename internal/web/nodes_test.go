package web

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"hedui/exchange"
	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
	"hedui/seal"
)

// keysOf are public keys as the store holds them, and the id of the signing key.
func keysOf(t *testing.T) (text, id string) {
	t.Helper()
	sign, err1 := seal.Generate(seal.Ed25519)
	box, err2 := exchange.GenerateBox()
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	m, err := exchange.NewMessage(exchange.NewID(), time.Time{}, exchange.Keys{
		Sign: []exchange.SignPin{{Key: sign.Public()}}, Boxes: []exchange.BoxPin{{Key: box.Public()}}})
	if err != nil {
		t.Fatal(err)
	}
	return string(m.Body), sign.KeyID()
}

// county makes the desk that of Haishu, with registers of others, and writes what it
// knows of them.
func county(t *testing.T, write func(context.Context, *store.Tx) error, elsewhere ...hedui.Register) *casework.Desk {
	t.Helper()
	d := prepared(t, storetest.Engines()[0].Fresh(t), nil)
	d.Node, d.Division = "haishu", "330203"
	d.Registers = append(d.Registers, elsewhere...)
	d.KeyIDs = func() (sign, box string) { return "own-sign", "own-box" }
	works(t, d)
	sealedCase(t, d)
	if write == nil {
		return d
	}
	if err := d.DB.InTx(t.Context(), func(tx *store.Tx) error { return write(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
	return d
}

var downAt = time.Date(2026, 11, 25, 2, 31, 7, 0, time.UTC) // 10:31 in Ningbo

func parentRow(keys string) store.Peer {
	return store.Peer{Name: "ningbo", Division: "330200", Level: "prefecture", Role: store.ParentRole, Keys: keys, ChangedAt: downAt, ChangedBy: "o"}
}

func TestEveryPageOfACountySaysThatTheLinkIsDown(t *testing.T) {
	keys, _ := keysOf(t)
	d := county(t, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.SavePeer(ctx, parentRow(keys)); err != nil {
			return err
		}
		_, err := tx.SaveLink(ctx, store.Link{Peer: "ningbo", Since: downAt, Reason: "down"})
		if err != nil {
			return err
		}
		return tx.AddParcels(ctx, store.Parcel{ID: exchange.NewID(), Peer: "ningbo", Kind: "questions", Body: []byte("{}"), CreatedAt: downAt})
	})
	reader := officer("reader", hedui.ReadCases, hedui.ReadIncidents)
	const zh = "与市级平台（宁波市）的链路自 2026-11-25 10:31 起中断：本区县的登记、授权和本地数据查询照常；市级反馈在恢复后自动补上。待送消息 1 件。"
	const en = "The link to the city&#39;s platform (Ningbo) has been down since 2026-11-25 10:31"
	for _, path := range []string{"/", "/sources", "/nodes", "/nowhere", "/link"} {
		_, body, _ := get(t, d, reader, true, path)
		if !strings.Contains(body, zh) || !strings.Contains(body, `href="/nodes?lang=zh">查看节点状态`) {
			t.Errorf("%s does not say that the link is down", path)
		}
		if _, body, _ = get(t, d, reader, true, path+"?lang=en"); !strings.Contains(body, en) || !strings.Contains(body, "Messages that wait: 1.") {
			t.Errorf("%s does not say so in English", path)
		}
	}
	if _, body, _ := get(t, d, officer("clerk", hedui.ReadCases), true, "/"); !strings.Contains(body, zh) || strings.Contains(body, "/nodes") {
		t.Error("whoever may not see the nodes is led there, or is not told of the link")
	}
	if _, body, _ := get(t, d, reader, false, "/"); strings.Contains(body, "链路") {
		t.Error("a stranger is told how the link stands")
	}
}

func TestTheLineGoesWhenTheLinkIsBack(t *testing.T) {
	keys, _ := keysOf(t)
	d := county(t, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.SavePeer(ctx, parentRow(keys)); err != nil {
			return err
		}
		_, err := tx.SaveLink(ctx, store.Link{Peer: "ningbo", Since: downAt, Reason: "down"})
		return err
	})
	begun := time.Now()
	clerk := officer("clerk", hedui.ReadCases)
	down := func() bool {
		_, body, _ := get(t, d, clerk, true, "/link")
		return strings.Contains(body, "中断")
	}
	if !down() {
		t.Fatal("the link is not told to be down")
	}
	if err := d.DB.InTx(t.Context(), func(tx *store.Tx) error {
		_, err := tx.SaveLink(t.Context(), store.Link{Peer: "ningbo", Up: true, Since: begun})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if again := down(); !again && time.Since(begun) < time.Second { // or the machine is too slow to see it
		t.Error("every page reads the link anew")
	}
	time.Sleep(1100 * time.Millisecond)
	if down() {
		t.Error("the line stays after the link is back")
	}
}

func TestThePageOfNodesSaysHowTheyStand(t *testing.T) {
	keys, id := keysOf(t)
	asked, askedID := keysOf(t)
	at := time.Now()
	d := county(t, func(ctx context.Context, tx *store.Tx) error {
		child := func(name string) store.Peer {
			return store.Peer{Name: name, Division: "330203", Level: "county", Role: store.ChildRole, Keys: keys, ChangedAt: at, ChangedBy: "o"}
		}
		out := child("out")
		out.Revoked = true
		for _, p := range []store.Peer{child("away"), out, child("new"), parentRow(keys)} {
			if err := tx.SavePeer(ctx, p); err != nil {
				return err
			}
		}
		_, err := tx.SaveLink(ctx, store.Link{Peer: "ningbo", Up: true, Since: downAt})
		if err == nil {
			_, err = tx.SaveLink(ctx, store.Link{Peer: "away", Since: downAt, Reason: "silent"})
		}
		if err != nil {
			return err
		}
		for name, e := range map[string]store.Enrolment{
			"wants": {State: store.Asked, Request: asked, ExpiresAt: at.Add(time.Hour), Secret: []byte("secret-of-code")},
			"late":  {State: store.Invited, ExpiresAt: at.Add(-time.Hour)},
			"soon":  {State: store.Invited, ExpiresAt: at.Add(time.Hour)},
		} {
			e.Name, e.Division, e.Level, e.ChangedAt, e.ChangedBy = name, "330212", "county", at, "o"
			if err := tx.SaveEnrolment(ctx, e); err != nil {
				return err
			}
		}
		for _, i := range []store.Incident{
			{Reason: "unknown_peer", Remote: "203.0.113.9", Key: "stranger-key", Last: downAt, Count: 1},
			{Reason: "unknown_peer", Remote: "203.0.113.9", Key: "stranger-key", Last: downAt.Add(time.Minute), Count: 6},
			{Peer: "ningbo", Reason: "signature", Envelope: "envelope-7", Last: downAt, Count: 1},
			{Last: downAt, Count: 900},
			{Reason: "of_the_future", Last: downAt, Count: 1},
		} {
			if err := tx.AddIncident(ctx, "2026-11-25", i); err != nil {
				return err
			}
		}
		return nil
	}, hedui.Register{Category: "land", Scope: "330212", Source: hedui.AtNode("elsewhere")})
	for l, want := range map[string][]string{
		"zh": {"own-sign", "own-box", "海曙区 330203", "正常，自 2026-11-25 10:31:07", "中断，自 2026-11-25 10:31:07", "对方没有动静", "已撤销", "尚未连接过", "尚未登记",
			id, "上级 · 宁波市 330200", "等待批准", askedID, "批准 wants，", "邀请码已过期", "有效至", "共 7 次", "203.0.113.9", "stranger-key", "未登记的节点", "envelope-7",
			"签名不符", "来源过多", "代码 of_the_future", `http-equiv="refresh" content="5"`, `aria-current="page">节点`},
		"en": {"Haishu District 330203", "Up since 2026-11-25 10:31:07", "Down since", "nothing is heard", "Shut out since", "Never connected", "Not enrolled", "parent · Ningbo 330200",
			"waits for approval", "approve wants;", "the code has run out", "7 times", "A node that is not enrolled", "The signature is wrong", "code of_the_future"},
	} {
		code, body, _ := get(t, d, officer("reader", hedui.ReadIncidents), true, "/nodes?lang="+l)
		if code != http.StatusOK {
			t.Fatalf("status %d", code)
		}
		for _, w := range want {
			if !strings.Contains(body, w) {
				t.Errorf("%s: page lacks %q", l, w)
			}
		}
		if strings.Contains(body, "⟦") || strings.Contains(body, "secret-of-code") {
			t.Errorf("%s: a text is missing, or a code is shown", l)
		}
		if strings.Index(body, "<b>ningbo</b>") > strings.Index(body, "<b>away</b>") {
			t.Errorf("%s: the parent does not stand first", l)
		}
	}
}

func TestAPageOfNodesWithoutAnySaysWhatWillAppear(t *testing.T) {
	d := county(t, nil)
	reader := officer("reader", hedui.ReadIncidents)
	_, body, _ := get(t, d, reader, true, "/nodes")
	for _, w := range []string{"还没有与其他节点相连", "没有邀请过下级节点", "没有拒绝过"} {
		if !strings.Contains(body, w) {
			t.Errorf("page lacks %q", w)
		}
	}
	if strings.Contains(body, "link.js") || strings.Contains(body, `id="apart"`) {
		t.Error("a node without a parent asks after its link")
	}
	far := reader
	far.Division = "330212"
	if code, body, _ := get(t, d, far, true, "/nodes"); code != http.StatusForbidden || strings.Contains(body, "own-sign") {
		t.Errorf("an officer of another county: %d", code)
	}
	alone := prepared(t, storetest.Engines()[0].Fresh(t), nil)
	if _, body, _ = get(t, alone, reader, true, "/nodes"); !strings.Contains(body, "不与其他节点相连") {
		t.Error("a node without a name does not say so")
	}
}

// Whatever can be refused, by the wire or behind it, has a text and an advice.
func TestEveryReasonOfARefusalHasWordsAndAnAdvice(t *testing.T) {
	reasons := []string{"many", "other"}
	for _, dir := range []string{"../../exchange", "../casework", "../federation"} {
		reasons = append(reasons, reasonsIn(t, dir)...)
	}
	for _, must := range []string{"unknown_peer", "busy", "unasked", "declined"} {
		if !strings.Contains(" "+strings.Join(reasons, " ")+" ", " "+must+" ") {
			t.Errorf("%s was not found in the code", must)
		}
	}
	for _, r := range reasons {
		if !lang.Has("refused."+r) || !lang.Has("remedy."+r) {
			t.Errorf("%s has no words or no advice", r)
		}
	}
}

// reasonsIn returns the constants of type Reason and the reasons in literals of
// exchange.Refusal.
func reasonsIn(t *testing.T, dir string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%d files in %s: %v", len(paths), dir, err)
	}
	var found []string
	add := func(e ast.Expr) {
		if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if s, err := strconv.Unquote(lit.Value); err == nil {
				found = append(found, s)
			}
		}
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				if id, ok := n.Type.(*ast.Ident); ok && id.Name == "Reason" && len(n.Values) == 1 {
					add(n.Values[0])
				}
			case *ast.CompositeLit:
				if sel, ok := n.Type.(*ast.SelectorExpr); ok && sel.Sel.Name == "Refusal" {
					for _, field := range n.Elts {
						if kv, ok := field.(*ast.KeyValueExpr); ok {
							add(kv.Value)
						}
					}
				}
			}
			return true
		})
	}
	return found
}
