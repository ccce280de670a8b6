package hedui

import (
	"fmt"
	"slices"
	"time"

	"hedui/source"
)

// An ItemState says where one line of a manual worklist stands.
type ItemState string

// The states of an item. A letter goes out on paper; nothing else is different
// from a list.
const (
	ItemListed   ItemState = "listed"   // waits for a clerk
	ItemLettered ItemState = "lettered" // asked by a letter, waits for its reply slip
	ItemAnswered ItemState = "answered" // answered by people
	ItemReturned ItemState = "returned" // given back: the department cannot answer
	ItemEnded    ItemState = "ended"    // not wanted any more: case or consent ended, or the time is over
)

// ItemStates lists all states of an item.
func ItemStates() []ItemState {
	return []ItemState{ItemListed, ItemLettered, ItemAnswered, ItemReturned, ItemEnded}
}

// itemMoves is the life of an item. One that has ended is listed again when its
// question is put anew. What was answered or given back can be corrected, which
// leaves it answered.
var itemMoves = map[ItemState][]ItemState{
	ItemListed:   {ItemLettered, ItemAnswered, ItemReturned, ItemEnded},
	ItemLettered: {ItemAnswered, ItemReturned, ItemEnded},
	ItemAnswered: {ItemAnswered},
	ItemReturned: {ItemAnswered},
	ItemEnded:    {ItemListed},
}

// CanBecome reports whether an item may go from s to t.
func (s ItemState) CanBecome(t ItemState) bool { return slices.Contains(itemMoves[s], t) }

// Open reports whether an answer to the item is waited for.
func (s ItemState) Open() bool { return s == ItemListed || s == ItemLettered }

// ReasonListed marks a query that lies before people who have not answered yet.
const ReasonListed source.Reason = "listed"

// ReasonReturned marks a query that a department's people gave back: they cannot
// answer it.
const ReasonReturned source.Reason = "returned"

// List records that the query was put before the people of its source.
func (q *Query) List(at time.Time) {
	if q.State == Pending && q.Reason == ReasonListed {
		return
	}
	q.Post(at)
	q.Reason = ReasonListed
}

// MayAnswer reports, as a Forbidden error, why the officer must not work the list
// of a source, or nil. Whoever answers has the right and is named for the source.
func (o Officer) MayAnswer(sourceName string) error {
	if err := o.May(AnswerQueries, o.Division); err != nil {
		return err
	}
	if !slices.Contains(o.Sources, sourceName) {
		return Fail(Forbidden, Say("error.item.source"), fmt.Errorf("officer %s is not named for the source", o.ID))
	}
	return nil
}
