package main

import (
	"context"
	"fmt"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/exchange"
	"hedui/internal/casework"
	"hedui/internal/federation"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/store"
	"hedui/region"
)

// orders is everything that can be asked of a node from outside the console.
var orders = map[string]orderFunc{
	"node/status":   ordered(orderStatus),
	"node/invite":   ordered(orderInvite),
	"node/decide":   ordered(orderDecide),
	"node/revoke":   ordered(orderRevoke),
	"node/rotate":   ordered(orderRotate),
	"node/join":     ordered(orderJoin),
	"node/card":     ordered(orderCard),
	"node/handover": ordered(orderHandOver),
	"node/takeover": ordered(orderTakeOver),
	"node/handed":   ordered(orderHandedOver),
	"node/sources":  ordered(orderSources),
	"node/handle":   ordered(orderAlert),
	"case/requery":  ordered(orderRequery),
	"case/decide":   ordered(orderDecideCase),
	"case/open":     ordered(orderOpen),
	"case/find":     ordered(orderFind),
	"case/act":      ordered(orderAct),
	"case/look":     ordered(orderLook),
	"case/download": ordered(orderDownload),
	"case/paper":    ordered(orderPaper),
	"case/notices":  ordered(orderNotices),
	"case/noticed":  ordered(orderNoticed),
	"case/publish":  ordered(orderPublish),

	"sign-in/reset": ordered(orderReset),

	"officer/list":    ordered(orderOfficers),
	"officer/add":     ordered(orderAddOfficer),
	"officer/grant":   ordered(orderGrant),
	"officer/lock":    ordered(orderLock),
	"officer/unlock":  ordered(orderUnlock),
	"officer/end":     ordered(orderEnd),
	"officer/declare": ordered(orderDeclare),
	"officer/retract": ordered(orderRetract),
	"office/add":      ordered(orderAddOffice),

	"key/list": ordered(orderKeys),

	"concern/list":   ordered(orderConcernList),
	"concern/settle": ordered(orderConcernSettle),
	"concern/reopen": ordered(orderConcernReopen),
	"mirror/code":    ordered(orderMirrorCode),
	"mirror/list":    ordered(orderMirrorList),
	"mirror/answer":  ordered(orderMirrorAnswer),

	"consent/list":     ordered(orderConsents),
	"consent/withdraw": ordered(orderWithdraw),
	"consent/scan":     ordered(orderScan),
	"consent/fetch":    ordered(orderFetchScan),

	"erase/due":         ordered(orderEraseDue),
	"erase/propose":     ordered(orderErasePropose),
	"erase/confirm":     ordered(orderEraseConfirm),
	"erase/reject":      ordered(orderEraseReject),
	"erase/hold":        ordered(orderEraseHold),
	"erase/lift":        ordered(orderEraseLift),
	"erase/run":         ordered(orderEraseRun),
	"erase/again":       ordered(orderEraseAgain),
	"erase/certificate": ordered(orderEraseCertificate),

	"explain/list":        ordered(orderExplanations),
	"explain/enter":       ordered(orderExplain),
	"explain/attach":      ordered(orderAttach),
	"explain/settle":      ordered(orderSettle),
	"explain/send_back":   ordered(orderSendBack),
	"explain/suspend":     ordered(orderSuspendClaim),
	"explain/evidence":    ordered(orderEvidence),
	"explain/corrections": ordered(orderCorrections),
	"explain/correct":     ordered(orderCorrected),
	"explain/reminders":   ordered(orderReminders),
	"explain/handle":      ordered(orderReminded),

	"statistics/show":  ordered(orderStatistics),
	"statistics/file":  ordered(orderStatisticsFile),
	"statistics/enter": ordered(orderEnterTotals),

	"audit/show":   ordered(orderTrail),
	"audit/export": ordered(orderCopyLog),

	"worklist/list":    ordered(orderList),
	"worklist/show":    ordered(orderItem),
	"worklist/answer":  ordered(orderAnswer),
	"worklist/correct": ordered(orderCorrect),
	"worklist/return":  ordered(orderReturn),
	"worklist/export":  ordered(orderExport),
	"worklist/import":  ordered(orderImport),
	"worklist/letter":  ordered(orderLetter),
	"worklist/reprint": ordered(orderReprint),

	"worklist/letters":    ordered(orderLetters),
	"worklist/sent":       ordered(orderLetterSent),
	"worklist/failed":     ordered(orderLetterFailed),
	"worklist/reminder":   ordered(orderLetterReminder),
	"worklist/reply":      ordered(orderLetterReply),
	"worklist/reply_scan": ordered(orderReplyScan),
	"worklist/compared":   ordered(orderLetterCompared),
}

type none struct{}

func (n *node) federated() (*federation.Node, error) {
	if n.peers == nil {
		return nil, hedui.Fail(hedui.Conflict, hedui.Say("error.node.alone"), nil)
	}
	return n.peers, nil
}

func orderStatus(ctx context.Context, n *node, o hedui.Officer, _ none) (any, error) {
	peers, err := n.federated()
	if err != nil {
		return nil, err
	}
	return peers.Status(ctx, o)
}

type inviteArgs struct {
	Name     string        `json:"name"`
	Division string        `json:"division"`
	Level    region.Kind   `json:"level"`
	Life     time.Duration `json:"life"`
}

type inviteAnswer struct {
	Code string `json:"code"`
}

func orderInvite(ctx context.Context, n *node, o hedui.Officer, a inviteArgs) (any, error) {
	peers, err := n.federated()
	if err != nil {
		return nil, err
	}
	code, err := peers.Invite(ctx, o, a.Name, a.Division, a.Level, a.Life)
	return inviteAnswer{code.Reveal()}, err
}

type nameArgs struct {
	Name    string `json:"name"`
	Approve bool   `json:"approve,omitempty"`
}

func orderDecide(ctx context.Context, n *node, o hedui.Officer, a nameArgs) (any, error) {
	peers, err := n.federated()
	if err != nil {
		return nil, err
	}
	return none{}, peers.Decide(ctx, o, a.Name, a.Approve)
}

func orderRevoke(ctx context.Context, n *node, o hedui.Officer, a nameArgs) (any, error) {
	peers, err := n.federated()
	if err != nil {
		return nil, err
	}
	return none{}, peers.Revoke(ctx, o, a.Name)
}

type rotateArgs struct {
	Overlap time.Duration `json:"overlap"`
}

func orderRotate(ctx context.Context, n *node, o hedui.Officer, a rotateArgs) (any, error) {
	peers, err := n.federated()
	if err != nil {
		return nil, err
	}
	return none{}, peers.Rotate(ctx, o, a.Overlap)
}

type joinArgs struct {
	URL  string `json:"url"`
	Code string `json:"code"`
}

type joinAnswer struct {
	Pending   bool   `json:"pending"`
	Parent    string `json:"parent,omitempty"`
	Sign, Box string // KeyIDs to be read out to the parent's officer
}

func orderJoin(ctx context.Context, n *node, o hedui.Officer, a joinArgs) (any, error) {
	peers, err := n.federated()
	if err != nil {
		return nil, err
	}
	if n.parentName == "" {
		return nil, hedui.Fail(hedui.Invalid, hedui.Say("error.node.no_parent"), nil)
	}
	if a.URL == "" {
		a.URL = n.urls[0]
	}
	code, err := exchange.ParseCode(a.Code)
	if err != nil {
		return nil, hedui.Fail(hedui.Invalid, hedui.Say("error.node.code"), nil)
	}
	var answer joinAnswer
	answer.Sign, answer.Box = peers.Ring.KeyIDs()
	parent, err := peers.Join(ctx, o, a.URL, code)
	switch reason := exchange.ReasonOf(err); {
	case err == nil:
		answer.Parent = parent.Name
		return answer, nil
	case reason == exchange.ReasonPending:
		answer.Pending = true
		return answer, nil
	case lang.Has("error.node.join." + string(reason)):
		return nil, hedui.Fail(hedui.Forbidden, hedui.Say("error.node.join."+string(reason)), nil)
	case reason == "" && hedui.KindOf(err) == hedui.Internal:
		return nil, hedui.Fail(hedui.Unavailable, hedui.Say("error.node.unreachable", a.URL), err)
	}
	return nil, err
}

type openArgs struct {
	Draft string     `json:"draft"`
	Form  hedui.Form `json:"form"`
}

type caseAnswer struct {
	ID     string      `json:"id"`
	Number string      `json:"number,omitempty"`
	Stage  hedui.Stage `json:"stage,omitempty"`
}

func orderOpen(ctx context.Context, n *node, o hedui.Officer, a openArgs) (any, error) {
	c, err := n.desk.Register(ctx, o, a.Draft, a.Form)
	if err != nil {
		return nil, err
	}
	return caseAnswer{c.ID, c.Number, c.Stage}, nil
}

func orderFind(ctx context.Context, n *node, o hedui.Officer, a openArgs) (any, error) {
	id, err := n.desk.CaseOf(ctx, o, a.Form)
	return caseAnswer{ID: id}, err
}

type caseArgs struct {
	ID      string `json:"id"`
	Act     string `json:"act,omitempty"`
	Reason  string `json:"reason,omitempty"` // where the act needs one
	Version int    `json:"version,omitempty"`
	Form    string `json:"form,omitempty"`
}

func orderAct(ctx context.Context, n *node, o hedui.Officer, a caseArgs) (any, error) {
	c, err := n.desk.Take(ctx, o, a.ID, a.Act, a.Reason)
	if err != nil {
		return nil, err
	}
	return caseAnswer{c.ID, c.Number, c.Stage}, nil
}

type decideArgs struct {
	ID string `json:"id"`
	hedui.Decision
}

func orderDecideCase(ctx context.Context, n *node, o hedui.Officer, a decideArgs) (any, error) {
	c, err := n.desk.Decide(ctx, o, a.ID, a.Decision)
	if err != nil {
		return nil, err
	}
	return caseAnswer{c.ID, c.Number, c.Stage}, nil
}

// lookAnswer is a case without the persons in it.
type lookAnswer struct {
	caseAnswer
	Consents []consentAnswer `json:"consents"`
	Queries  []queryAnswer   `json:"queries"`
	Reports  []reportVersion `json:"reports"`

	Conclusion hedui.Conclusion `json:"conclusion,omitempty"` // once registers have answered, as of now
	Means      *hedui.Means     `json:"means,omitempty"`
	Decision   *hedui.Decision  `json:"decision,omitempty"`
	Erasure    *hedui.Erasure   `json:"erasure,omitempty"` // proposed, held, erased: then nothing else is there
}

type consentAnswer struct {
	Number string `json:"number"`
	Form   string `json:"form,omitempty"` // number of the printed form
	Person int    `json:"person"`

	State      hedui.ConsentState `json:"state"`
	Categories []catalog.Code     `json:"categories"`
	Offices    []string           `json:"offices,omitempty"` // to whom the report may go; none = not narrowed
	Witness    string             `json:"witness,omitempty"`
	Wording    string             `json:"wording,omitempty"`
	SignedOn   string             `json:"signed_on"`
	Until      string             `json:"until"` // last day
	Scan       string             `json:"scan,omitempty"`
	Document   string             `json:"document"`
}

// consentsOf are the consents of a case as they stand at an instant.
func consentsOf(c *hedui.Case, at time.Time) []consentAnswer {
	list := []consentAnswer{}
	for _, k := range c.Consents {
		list = append(list, consentAnswer{Number: k.Number, Form: k.Form, Person: k.Person, State: c.ConsentState(k, at), Categories: k.Categories,
			Offices: k.Offices, Witness: k.Witness, Wording: k.Wording, SignedOn: day.Of(k.SignedAt).String(),
			Until: day.Of(k.Until.Add(-time.Second)).String(), Scan: k.Scan, Document: k.Document})
	}
	return list
}

type queryAnswer struct {
	ID         string `json:"id"`
	Person     int    `json:"person"`
	Category   string `json:"category"`
	Scope      string `json:"scope"`
	State      string `json:"state"`
	Outcome    string `json:"outcome"`
	Reason     string `json:"reason,omitempty"`
	AnsweredBy string `json:"answered_by,omitempty"`
}

type reportVersion struct {
	Number     string `json:"number"`
	Version    int    `json:"version"`
	Conclusion string `json:"conclusion"`
}

func orderLook(ctx context.Context, n *node, o hedui.Officer, a caseArgs) (any, error) {
	v, err := n.desk.Look(ctx, o, a.ID)
	if casework.IsErased(err) {
		e, err := n.desk.Erasure(ctx, o, a.ID)
		return lookAnswer{caseAnswer: caseAnswer{e.Case, e.CaseNumber, e.Stage}, Consents: []consentAnswer{}, Queries: []queryAnswer{}, Reports: []reportVersion{}, Erasure: &e.Erasure}, err
	}
	if err != nil {
		return nil, err
	}
	answer := lookAnswer{caseAnswer: caseAnswer{v.Case.ID, v.Case.Number, v.Case.Stage}, Consents: []consentAnswer{}, Queries: []queryAnswer{}, Reports: []reportVersion{}}
	if d, ok := v.Case.Decided(); ok {
		answer.Decision = &d
	}
	if v.Erasure.State != hedui.Kept {
		answer.Erasure = &v.Erasure
	}
	if v.Worked() {
		answer.Conclusion, answer.Means = v.Assessment.Conclusion, v.Assessment.Means
	}
	answer.Consents = consentsOf(v.Case, time.Now())
	for _, q := range v.Grid {
		answer.Queries = append(answer.Queries, queryAnswer{q.ID, q.Person, string(q.Category), q.Scope, string(q.State),
			string(q.Outcome), string(q.Reason), n.answeredBy(q)})
	}
	for _, r := range v.Reports {
		if !r.SealedAt.IsZero() {
			answer.Reports = append(answer.Reports, reportVersion{r.Number, r.Version, string(r.Conclusion)})
		}
	}
	return answer, nil
}

// answeredBy names the node that asked the department, this one if it did itself.
func (n *node) answeredBy(q hedui.Query) string {
	if q.AnsweredBy == "" && q.State == hedui.Answered && !q.AskedAt.IsZero() {
		return n.name
	}
	return q.AnsweredBy
}

func orderDownload(ctx context.Context, n *node, o hedui.Officer, a caseArgs) (any, error) {
	return n.desk.Copy(ctx, o, a.ID, a.Version, a.Form)
}

// printStatus tells how a node stands with its peers.
func (s streams) printStatus(st federation.Status) {
	s.say(s.out, "node.self", st.Name, st.Division, st.Sign, st.Box)
	for _, p := range st.Peers {
		key := "node.up"
		switch {
		case p.Revoked:
			key = "node.revoked"
		case p.Link.Since.IsZero():
			key = "node.never"
		case !p.Link.Up:
			key = "node.down"
		}
		s.say(s.out, key, p.Name, lang.Text(s.lang, "node.role."+string(p.Role)), p.Division, clock(p.Link.Since), s.linkReason(p.Link.Reason))
		if p.Waiting > 0 {
			s.say(s.out, "node.waiting", fmt.Sprint(p.Waiting), clock(p.Oldest))
		}
	}
	for _, e := range st.Enrolments {
		if e.State != store.Approved {
			s.say(s.out, "node.enrolment", e.Name, e.Division, lang.Text(s.lang, "node.enrolment."+string(e.State)), clock(e.ExpiresAt), federation.KeysOf(e))
		}
	}
	for _, i := range st.Incidents {
		s.say(s.out, "node.incident", clock(i.Last), fmt.Sprint(i.Count), i.Reason, i.Peer, i.Remote, i.Key)
	}
}

// clock is an instant as an operator reads it.
func clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(day.Beijing).Format(time.DateTime)
}

// linkReason is why a link is down, in words.
func (s streams) linkReason(reason string) string {
	switch {
	case reason == "":
		return ""
	case lang.Has("link." + reason):
		return lang.Text(s.lang, "link."+reason)
	}
	return lang.Text(s.lang, "link.other", reason)
}
