package sim

import (
	"sync"

	"hedui/catalog"
	"hedui/idcard"
)

// A counter remembers what the registers were asked.
type counter struct {
	mu    sync.Mutex
	calls map[catalog.Code]int
	asked map[search]int
}

type search struct {
	category catalog.Code
	id       idcard.Number
}

func (k *counter) call(c catalog.Code) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.calls == nil {
		k.calls = map[catalog.Code]int{}
	}
	k.calls[c]++
}

func (k *counter) ask(c catalog.Code, id idcard.Number) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.asked == nil {
		k.asked = map[search]int{}
	}
	k.asked[search{c, id}]++
}

func (k *counter) callsOf(c catalog.Code) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.calls[c]
}

func (k *counter) askedFor(c catalog.Code, id idcard.Number) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.asked[search{c, id}]
}
