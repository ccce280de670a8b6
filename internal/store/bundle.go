package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"hedui/catalog"
	"hedui/idcard"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/source"
)

// A Bundle is everything a node holds of one case, to be given to another node.
type Bundle struct {
	Case    *hedui.Case
	Queries []hedui.Query
	Reports []Report // all versions, whole
	Copies  []Copy
	Entries []audit.Entry
}

// Bundle collects a case; NotFound if there is none or it was erased.
func (tx *Tx) Bundle(ctx context.Context, id string) (Bundle, error) {
	var b Bundle
	var err error
	if b.Case, err = tx.Case(ctx, id); err != nil {
		return b, err
	}
	if b.Queries, err = tx.Queries(ctx, id); err != nil {
		return b, err
	}
	versions, err := tx.Reports(ctx, id)
	if err != nil {
		return b, err
	}
	for _, v := range versions {
		r, err := tx.Report(ctx, id, v.Version)
		if err != nil {
			return b, err
		}
		b.Reports = append(b.Reports, r)
	}
	if b.Copies, err = tx.Copies(ctx, id); err != nil {
		return b, err
	}
	b.Entries, err = tx.Entries(ctx, id)
	return b, err
}

// bundleVersion names the form of [Bundle.Encode].
const bundleVersion = 1

type bundleBody struct {
	Version int             `json:"v"`
	Case    json.RawMessage `json:"case"`
	Queries []queryBody     `json:"queries"`
	Reports []reportBody    `json:"reports"`
	Copies  []copyBody      `json:"copies"`
	Entries []string        `json:"entries"` // in their canonical bytes
}

// The bodies have the fields of the rooms' own types in the same order, so that a
// field added there does not compile here before it is named.
type queryBody struct {
	ID         string           `json:"id"`
	Case       string           `json:"case"`
	Person     int              `json:"person"`
	Category   catalog.Code     `json:"category"`
	Scope      string           `json:"scope"`
	Source     string           `json:"source"`
	AnsweredBy string           `json:"answered_by"`
	Department string           `json:"department"`
	State      hedui.QueryState `json:"state"`
	Attempts   int              `json:"attempts"`
	Token      string           `json:"token"`
	CreatedAt  time.Time        `json:"created_at"`
	AskedAt    time.Time        `json:"asked_at"`
	AnsweredAt time.Time        `json:"answered_at"`
	AsOf       time.Time        `json:"as_of"`
	Outcome    source.Outcome   `json:"outcome"`
	Match      source.Match     `json:"match"`
	Allowed    idcard.Allowance `json:"allowed,omitempty"`
	Reason     source.Reason    `json:"reason"`
	Hash       string           `json:"hash"`
	Records    []catalog.Record `json:"records"`
	HeldUntil  time.Time        `json:"held_until,omitzero"`
	Basis      string           `json:"basis,omitempty"`
	TakenFrom  string           `json:"taken_from,omitempty"`
}

type reportBody struct {
	Case       string           `json:"case"`
	Version    int              `json:"version"`
	Number     string           `json:"number"`
	Conclusion hedui.Conclusion `json:"conclusion"`
	State      ReportState      `json:"state"`
	MadeAt     time.Time        `json:"made_at"`
	SealedAt   time.Time        `json:"sealed_at"`
	Digest     string           `json:"digest"`
	Copies     int              `json:"copies"`
	Content    []byte           `json:"content"`
	Seal       []byte           `json:"seal"`
	PDF        []byte           `json:"pdf"`
}

type copyBody struct {
	Case    string    `json:"case"`
	Version int       `json:"version"`
	N       int       `json:"n"`
	Reader  string    `json:"reader"`
	At      time.Time `json:"at"`
	Digest  string    `json:"digest"`
}

// Encode writes the bundle with all numbers and names in clear: encrypt it before
// it leaves the program.
func (b Bundle) Encode() ([]byte, error) {
	plain, err := marshalCase(b.Case)
	if err != nil {
		return nil, fmt.Errorf("encode bundle: %w", err)
	}
	body := bundleBody{Version: bundleVersion, Case: plain}
	for _, q := range b.Queries {
		body.Queries = append(body.Queries, queryBody(q))
	}
	for _, r := range b.Reports {
		body.Reports = append(body.Reports, reportBody(r))
	}
	for _, c := range b.Copies {
		body.Copies = append(body.Copies, copyBody(c))
	}
	for _, e := range b.Entries {
		body.Entries = append(body.Entries, string(e.Canonical()))
	}
	data, err := json.Marshal(body)
	if err != nil {
		return nil, errors.New("encode bundle: value has no JSON form") // the cause may quote it
	}
	return data, nil
}

// errBundle refuses what Encode of this version has not written. Something in it
// that is not understood would be lost.
var errBundle = errors.New("store: not a case as this version writes it")

// DecodeBundle reads what Encode wrote, and nothing else. Everything in it must
// be of the one case.
func DecodeBundle(data []byte) (Bundle, error) {
	var body bundleBody
	if json.Unmarshal(data, &body) != nil || body.Version != bundleVersion {
		return Bundle{}, errBundle
	}
	var b Bundle
	var err error
	if b.Case, err = unmarshalCase(body.Case); err != nil {
		return Bundle{}, errBundle // the cause may quote it
	}
	for _, q := range body.Queries {
		b.Queries = append(b.Queries, hedui.Query(q))
	}
	for _, r := range body.Reports {
		b.Reports = append(b.Reports, Report(r))
	}
	for _, c := range body.Copies {
		b.Copies = append(b.Copies, Copy(c))
	}
	for _, line := range body.Entries {
		e, err := audit.Parse([]byte(line))
		if err != nil {
			return Bundle{}, errBundle
		}
		b.Entries = append(b.Entries, e)
	}
	if again, err := b.Encode(); err != nil || !bytes.Equal(again, data) {
		return Bundle{}, errBundle
	}
	return b, b.whole()
}

// whole checks that all of the bundle is about its case.
func (b Bundle) whole() error {
	id := b.Case.ID
	for _, q := range b.Queries {
		if q.Case != id {
			return errBundle
		}
	}
	for _, r := range b.Reports {
		if r.Case != id {
			return errBundle
		}
	}
	for _, c := range b.Copies {
		if c.Case != id {
			return errBundle
		}
	}
	for _, e := range b.Entries {
		if e.Case != id {
			return errBundle
		}
	}
	return nil
}

// AddBundle writes a case with everything that belongs to it under a new key. It
// is a Conflict if the case, its number, one of its queries or reports, is here.
func (tx *Tx) AddBundle(ctx context.Context, b Bundle) error {
	if err := tx.CreateCase(ctx, b.Case); err != nil {
		return err
	}
	ids := make([]string, len(b.Queries))
	for i, q := range b.Queries {
		ids[i] = q.ID
	}
	switch known, err := tx.texts(ctx, `SELECT id FROM queries WHERE id `+tx.db.engine.in(1)+` LIMIT 1`, tx.db.engine.list(ids)); {
	case err != nil:
		return fmt.Errorf("add bundle: %w", err)
	case len(known) > 0:
		return moved()
	}
	if err := tx.AddQueries(ctx, b.Queries); err != nil {
		return err
	}
	for _, r := range b.Reports {
		if err := tx.AddReport(ctx, r); err != nil {
			return err
		}
		if r.State == Sealed {
			if err := tx.SealReport(ctx, r); err != nil {
				return err
			}
		}
		if _, err := tx.exec(ctx, `UPDATE reports SET copies = $3 WHERE case_id = $1 AND version = $2`, r.Case, r.Version, r.Copies); err != nil {
			return fmt.Errorf("add bundle: %w", err)
		}
	}
	for _, c := range b.Copies {
		if err := tx.AddCopy(ctx, c); err != nil {
			return err
		}
	}
	return tx.Record(ctx, b.Entries...)
}
