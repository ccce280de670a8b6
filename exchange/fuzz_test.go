package exchange

import (
	"bytes"
	"testing"
	"time"

	"hedui/seal"
)

// What split accepts has no second spelling: the header written again is the
// header that was read.
func FuzzSplit(f *testing.F) {
	hub, haishu := newHub(f), newHaishu(f)
	for _, body := range bodies(f) {
		data, err := Seal(haishu, hub.Peer(), message(f, body, noon), noon)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	gm := newSuiteLink(f, seal.GM)
	data, err := Seal(gm.haishu, gm.hubPeer(), message(f, questions(f, 1, noon), noon), noon)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, _, err := Open(gm.hub, gm.known(), data, noon, DefaultSkew); err != nil && ReasonOf(err) == "" {
			t.Errorf("suite gm: got %v, want a typed error", err)
		}
		_, _, err := Open(hub, of(haishu), data, noon, DefaultSkew)
		if err != nil && ReasonOf(err) == "" {
			t.Errorf("got %v, want a typed error", err)
		}
		p, err := split(data)
		if err != nil {
			return
		}
		again, err := p.header.encode()
		if err != nil || !bytes.Equal(again, p.bound) {
			t.Errorf("the header has two spellings: %v", err)
		}
		if len(p.bound)+4+len(p.sealed)+len(p.sign) != len(data) {
			t.Error("bytes of the envelope belong to nothing")
		}
	})
}

func FuzzBatch(f *testing.F) {
	for _, parcels := range [][]parcel{nil, {{NewID(), []byte("x")}}, {{NewID(), nil}, {NewID(), []byte("yz")}}} {
		data, err := encodeBatch(parcels)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		parcels, err := decodeBatch(data)
		if err != nil {
			return
		}
		if again, err := encodeBatch(parcels); err != nil || !bytes.Equal(again, data) {
			t.Errorf("a batch has two spellings: %v", err)
		}
	})
}

func FuzzBody(f *testing.F) {
	kinds := []Kind{KindQuestions, KindReplies, KindCancels, KindNotices, KindKeys, KindCounts, KindMonthCounts, KindWantedCounts}
	for _, body := range bodies(f) {
		for i, kind := range kinds {
			if kind == body.kind() {
				f.Add(uint8(i), message(f, body, noon).Body)
			}
		}
	}
	f.Fuzz(func(t *testing.T, kind uint8, data []byte) {
		m := Message{ID: NewID(), Kind: kinds[int(kind)%len(kinds)], ExpiresAt: noon.Add(time.Hour), Body: data}
		if m.Kind == KindQuestions { // the header would agree
			var w wireQuestions
			if decodeJSON(data, &w) != nil || len(w.Questions) == 0 {
				return
			}
			numbers := map[string]bool{}
			for _, q := range w.Questions {
				numbers[q.Mandate.Number] = true
			}
			m.Purpose, m.Mandates = w.Questions[0].Mandate.Purpose, len(numbers)
			if m.Mandates == 1 {
				m.Mandate = w.Questions[0].Mandate.Number
			}
		}
		body, err := read(m)
		if err != nil {
			if ReasonOf(err) == "" {
				t.Errorf("got %v, want a typed error", err)
			}
			return
		}
		again, err := NewMessage(m.ID, m.ExpiresAt, body)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		if _, err := read(again); err != nil {
			t.Errorf("what was written cannot be read: %v", err)
		}
	})
}

func FuzzEnrolment(f *testing.F) {
	c := NewCode()
	r := newRegistrar(f, "haishu", c)
	data, err := RequestEnrolment(newHaishu(f), c, noon)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := OpenEnrolment(t.Context(), data, r, noon, DefaultSkew); err != nil && ReasonOf(err) == "" {
			t.Errorf("got %v, want a typed error", err)
		}
	})
}
