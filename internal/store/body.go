package store

import (
	"encoding/json"
	"fmt"

	"hedui/idcard"
	"hedui/internal/hedui"
)

// A case is written as its own JSON, with one difference: an identity number
// refuses to be encoded, so each person is written with the number in clear.
// This is the only place in which the store reveals numbers for writing, and
// what is written here is encrypted before it leaves the program.
type caseBody struct {
	hedui.Case
	Persons []personBody `json:"persons"` // stands before Case.Persons
}

type personBody struct {
	hedui.Person
	ID string `json:"id"` // stands before Person.ID
}

func marshalCase(c *hedui.Case) ([]byte, error) {
	body := caseBody{Case: *c, Persons: make([]personBody, len(c.Persons))}
	for i, p := range c.Persons {
		body.Persons[i] = personBody{p, p.ID.Reveal()}
	}
	return json.Marshal(body)
}

func unmarshalCase(plain []byte) (*hedui.Case, error) {
	var body caseBody
	if err := json.Unmarshal(plain, &body); err != nil {
		return nil, fmt.Errorf("case body: %w", err)
	}
	c := &body.Case
	c.Persons = make([]hedui.Person, len(body.Persons))
	for i, p := range body.Persons {
		c.Persons[i] = p.Person
		if p.ID == "" {
			continue
		}
		id, err := idcard.Parse(p.ID)
		if err != nil {
			return nil, fmt.Errorf("case body: person %d: %w", i+1, err)
		}
		c.Persons[i].ID = id
	}
	return c, nil
}
