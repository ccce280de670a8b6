// Package queue works off durable jobs: rows that were written in the same
// transaction as the change that causes them, leased for a while by a worker,
// and deleted in the transaction that holds their result.
//
// It promises that a job is worked at least once and never by two workers whose
// results both count: every lease has an end, and a worker that lost its lease
// cannot finish the run of another. It does not promise an order beyond the
// urgency of jobs that are due together.
//
// A job is a name for work to do, not the work's data: ID and Payload never
// hold personal data.
//
// Package store keeps the rows; this package imports nothing of ours.
package queue

import (
	"context"
	"errors"
	"time"
)

// A Job is one piece of work.
type Job struct {
	ID      string    // unique among jobs that are not finished: enqueueing it again changes nothing
	Kind    string    // what to do, such as "casework.ask"
	Lane    string    // which workers do it, such as the name of a source
	Payload []byte    // small, without personal data
	RunAt   time.Time // due at this instant; the zero time is now
	Attempt int       // of this run, from 1; 0 before the first; a snoozed run does not count
	Strikes int       // runs, this one included, since Work last snoozed or retried the job itself
	Lease   string    // token of this run; empty unless claimed
	Urgency Urgency   // which of the jobs that are due is worked first
}

// Urgency orders the jobs of a lane that are due at the same time.
type Urgency int

// The urgencies, the most urgent first. A lane is worked by urgency alone: while
// there is a new application, bulk work waits.
const (
	First Urgency = iota // a family waits for its first answer
	Again                // asked before
	Bulk                 // nobody waits today
)

// Urgencies lists all urgencies, the most urgent first.
func Urgencies() []Urgency { return []Urgency{First, Again, Bulk} }

// ErrLost means that a job is no longer leased to the worker that wants to
// finish it: its lease ended and another run has it, or it is finished. What the
// worker did must not be saved.
var ErrLost = errors.New("queue: lease lost")

// A Store keeps jobs. Its methods touch only jobs whose lease is still the one
// named by the Job, and skip the others without an error.
type Store interface {
	// Claim leases at most max jobs of the lane that are due at now, the most
	// urgent first and of those the longest due, until the given instant. A job whose lease has ended is due.
	// Claim raises Attempt and Strikes by one.
	Claim(ctx context.Context, lane string, max int, now, until time.Time, owner string) ([]Job, error)

	// Next returns when the next job of the lane is due, be it that its time
	// comes or that its lease ends; false if the lane is empty.
	Next(ctx context.Context, lane string) (time.Time, bool, error)

	// Release ends the leases of jobs; each is due again at its RunAt.
	Release(ctx context.Context, jobs []Job, lastError string) error

	// Bury ends the leases of jobs and keeps them, to be looked at, without
	// making them due again.
	Bury(ctx context.Context, jobs []Job, lastError string) error
}
