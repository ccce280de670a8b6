package federation

import (
	"encoding/json"
	"fmt"

	"hedui/exchange"
	"hedui/region"
)

// card is what one node's officer gives to another's, so that a node that is no
// neighbour can be written to: public keys only.
type card struct {
	Name     string          `json:"name"`
	Division string          `json:"division"`
	Level    region.Kind     `json:"level"`
	Keys     json.RawMessage `json:"keys"`
}

// Card writes the node's card. Whoever uses it compares the KeyIDs with what the
// node's officer reads out.
func (n *Node) Card() ([]byte, error) {
	me := n.identity().Peer()
	keys, err := writeKeys(exchange.Keys{Sign: me.Sign, Boxes: me.Boxes})
	if err != nil {
		return nil, err
	}
	return json.MarshalIndent(card{me.Name, me.Division, me.Level, json.RawMessage(keys)}, "", "  ")
}

// ReadCard reads what [Node.Card] wrote.
func ReadCard(text []byte) (exchange.Peer, error) {
	var c card
	if err := json.Unmarshal(text, &c); err != nil {
		return exchange.Peer{}, fmt.Errorf("federation: card: %w", err)
	}
	keys, err := readKeys(string(c.Keys))
	if err != nil {
		return exchange.Peer{}, fmt.Errorf("federation: card: %w", err)
	}
	p := exchange.Peer{Name: c.Name, Division: c.Division, Level: c.Level, Sign: keys.Sign, Boxes: keys.Boxes}
	return p, p.Check()
}

// Me is how the node shows itself now.
func (n *Node) Me() exchange.Identity { return n.identity() }
