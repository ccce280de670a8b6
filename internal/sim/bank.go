package sim

import (
	"fmt"
	"net/http"
	"sync"
	"time"
)

// bank is the banks' association: it collects a batch of persons with HTTP 202 and
// the number of the batch, asks its members, and has one answer for each person a
// little later: over the limit or not, never an amount. It compares number and name
// itself. Whoever asks learns the limit too; it is one for a person, because the
// association is never told who lives with whom.
func bank() department {
	listed := func(in object) (string, []claim) {
		return in.text("yt"), claimsOf(in.list("rows"), "zjhm", "xm", "sqs", "sqpz")
	}
	return department{
		id: "bank", delay: 20 * time.Millisecond, perSecond: 40,
		admits: func(r *http.Request, _ object) bool { return r.Header.Get("Authorization") == "Bearer "+keyOf("bank") },
		refuses: func(w http.ResponseWriter, why refusal) {
			status := [...]int{http.StatusUnauthorized, http.StatusOK, http.StatusTooManyRequests, http.StatusBadRequest}[why]
			reply(w, status, object{"zt": [...]string{"BAD_KEY", "NO_MANDATE", "BUSY", "BAD_REQUEST"}[why]})
		},
		routes: []route{
			{"deposits", "/yhxh/plcx/submit", listed, (*City).submitToBanks},
			{"deposits", "/yhxh/plcx/result", nil, (*City).fetchFromBanks},
		},
	}
}

const (
	clearing = 200 * time.Millisecond // how long the members take
	keptFor  = time.Hour              // how long a batch can be fetched
	maxBatch = 40                     // persons in a batch
	limitWan = "3.00"                 // demo value: 30,000 yuan, written in ten thousands
	saltBank = 8000                   // behind those of all months
)

// batches are what the association has collected. They are gone after a restart:
// an unknown number is answered as such, and whoever asked asks anew.
type batches struct {
	mu   sync.Mutex
	next int
	open map[string]collected
}

type collected struct {
	rows  []object
	ready time.Time
}

func (b *batches) keep(rows []object, ready time.Time) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.open == nil {
		b.open = map[string]collected{}
	}
	for no, old := range b.open {
		if ready.Sub(old.ready) > keptFor {
			delete(b.open, no)
		}
	}
	b.next++
	no := fmt.Sprintf("YH%d-%06d", ready.UnixMilli(), b.next)
	b.open[no] = collected{rows, ready}
	return no
}

func (b *batches) get(no string) (collected, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	k, ok := b.open[no]
	return k, ok
}

func (c *City) submitToBanks(w http.ResponseWriter, in object) {
	list := in.list("rows")
	if len(list) > maxBatch {
		reply(w, http.StatusOK, object{"zt": "BAD_REQUEST"})
		return
	}
	rows := []object{}
	for _, who := range list {
		id := who.text("zjhm")
		i, m := c.search("deposits", id, who.text("xm"))
		rows = append(rows, object{"zjhm": id, "jg": c.savingsAnswer(i, m)})
	}
	if c.opts.Instant {
		c.replyBanks(w, rows)
		return
	}
	no := c.batches.keep(rows, time.Now().Add(clearing))
	reply(w, http.StatusAccepted, object{"zt": "ACCEPTED", "pch": no})
}

func (c *City) fetchFromBanks(w http.ResponseWriter, in object) {
	k, ok := c.batches.get(in.text("pch"))
	switch {
	case !ok:
		reply(w, http.StatusOK, object{"zt": "NO_BATCH"})
	case time.Now().Before(k.ready):
		reply(w, http.StatusOK, object{"zt": "CLEARING", "pch": in.text("pch")})
	default:
		c.replyBanks(w, k.rows)
	}
}

func (c *City) replyBanks(w http.ResponseWriter, rows []object) {
	reply(w, http.StatusOK, object{"zt": "DONE", "yerq": write(c.today().Add(-1), "20060102"),
		"xe": limitWan, "rows": rows})
}

// savingsAnswer is 1 over the limit, 0 not over it, 2 no account with any bank, 3
// another name, 4 no identity number.
func (c *City) savingsAnswer(i int32, m match) string {
	switch {
	case m == unreadable:
		return "4"
	case m == misnamed:
		return "3"
	case m == unknown || !c.people[i].alive() || c.people[i].age(c.today()) < workAge:
		return "2"
	case c.overLimit(i):
		return "1"
	}
	return "0"
}

// overLimit draws who has saved more. The fixed families have not: their stories
// are told without a bank.
func (c *City) overLimit(i int32) bool {
	if int(i) < len(fixtures) {
		return false
	}
	p := &c.people[i]
	of := 3 // in a hundred
	switch {
	case p.work == owner || p.work == selfEmployed:
		of = 35
	case p.earning():
		of = 15
	case p.work == retired:
		of = 10
	}
	return c.draw(i, saltBank).IntN(100) < of
}
