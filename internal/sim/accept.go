package sim

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"net/http"
	"time"
)

// insuranceDesk is how long the insurance bureau takes to gather what it has on a
// list of persons.
const insuranceDesk = 100 * time.Millisecond

// An acceptance is what was asked about a list of persons, and when the answer is
// ready. Sealed it is a ticket that tells nobody who was asked about; nothing has
// to be kept, and a city with the same seed honours it after a restart.
type acceptance struct {
	Ready    int64 // milliseconds since 1970
	From, To string
	Persons  []accepted
}

type accepted struct {
	ID     string
	Person int32
	State  match
}

func sealer(seed uint64) cipher.AEAD {
	block, _ := aes.NewCipher(binary.BigEndian.AppendUint64([]byte("accepted"), seed)) // 16 bytes
	aead, _ := cipher.NewGCMWithRandomNonce(block)                                     // AES has the size it wants
	return aead
}

func (c *City) ticketFor(a acceptance) string {
	text, _ := json.Marshal(a)                                                            // plain fields
	return base64.RawURLEncoding.EncodeToString(sealer(c.seed).Seal(nil, nil, text, nil)) //nolint:gosec // the nonce is random, and within
}

func (c *City) acceptanceOf(ticket string) (a acceptance, ok bool) {
	sealed, err := base64.RawURLEncoding.DecodeString(ticket)
	if err != nil {
		return a, false
	}
	text, err := sealer(c.seed).Open(nil, nil, sealed, nil)
	return a, err == nil && json.Unmarshal(text, &a) == nil
}

// insurances searches for a list of persons and gives a ticket; an instant city
// answers at once.
func (c *City) insurances(w http.ResponseWriter, in object) {
	a := acceptance{Ready: time.Now().Add(insuranceDesk).UnixMilli(), From: in.text("ksny"), To: in.text("jsny")}
	for _, who := range in.list("list") {
		i, m := c.search("social_insurance", who.text("aac002"), who.text("aac003"))
		a.Persons = append(a.Persons, accepted{who.text("aac002"), i, m})
	}
	if c.opts.Instant {
		c.replyInsurances(w, a)
		return
	}
	reply(w, http.StatusOK, object{"resultCode": "2", "resultMsg": "已受理", "ticket": c.ticketFor(a)})
}

func (c *City) fetchInsurances(w http.ResponseWriter, in object) {
	a, ok := c.acceptanceOf(in.text("ticket"))
	switch {
	case !ok:
		reply(w, http.StatusOK, object{"resultCode": "-95", "resultMsg": "受理号无效", "resultData": nil})
	case time.Now().UnixMilli() < a.Ready:
		reply(w, http.StatusOK, object{"resultCode": "2", "resultMsg": "处理中", "ticket": in.text("ticket")})
	default:
		c.replyInsurances(w, a)
	}
}

func (c *City) replyInsurances(w http.ResponseWriter, a acceptance) {
	data := []object{}
	for _, p := range a.Persons {
		entry := object{"aac002": p.ID, "state": "EMPTY", "rows": nil}
		switch {
		case p.State == unreadable:
			entry["state"] = "BADID"
		case p.State == misnamed:
			entry["state"] = "NAME"
		case p.State == matched && int(p.Person) < len(c.people):
			if rows := c.insuranceRows(p.Person, a.From, a.To); len(rows) > 0 {
				entry["state"], entry["rows"] = "FOUND", rows
			}
		}
		data = append(data, entry)
	}
	reply(w, http.StatusOK, object{"resultCode": "1", "resultTime": c.opts.Now().UnixMilli(), "resultData": data})
}
