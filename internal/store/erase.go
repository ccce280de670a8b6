package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"hedui/internal/hedui"
	"hedui/seal"
)

// remains are the parts of a case that are deleted or emptied with its key, by the
// kind under which a certificate counts them. Those that wipe write a byte over
// what was encrypted, so that a key that comes back from an old copy of the database
// opens nothing here. Parcels lie under a key of the node: they must go by themselves.
var remains = []struct {
	kind, statement string
	wipe            bool // $2 is what is written over it
}{
	{"parcels", `DELETE FROM parcels WHERE id IN (SELECT token FROM queries WHERE case_id = $1 AND token <> '')`, false},
	{"content", `UPDATE cases SET summary = $2, body = $2 WHERE id = $1`, true},
	{"answers", `UPDATE queries SET answer = $2 WHERE case_id = $1 AND answer IS NOT NULL`, true},
	{"", `UPDATE queries SET token = '', basis = '' WHERE case_id = $1`, false},
	{"reports", `UPDATE reports SET content = $2, pdf = NULL WHERE case_id = $1`, true},
	{"", `UPDATE reports SET seal = $2 WHERE case_id = $1 AND seal IS NOT NULL`, true},
	{"", `DELETE FROM mirror_sessions WHERE blind IN (SELECT blind FROM case_persons WHERE case_id = $1)`, false},
	{"", `DELETE FROM mirror_codes WHERE case_id = $1`, false},
	{"requests", `DELETE FROM mirror_requests WHERE case_id = $1`, false},
	{"", `DELETE FROM upload_households WHERE case_id = $1`, false},
	{"persons", `DELETE FROM case_persons WHERE case_id = $1`, false},
	{"drafts", `DELETE FROM drafts WHERE substr(id, 1, 5) = 'item:' AND substr(id, 6, 16) IN (SELECT id FROM worklist WHERE case_id = $1)`, false},
	{"items", `DELETE FROM worklist WHERE case_id = $1`, false},
	{"", `DELETE FROM explanation_records WHERE case_id = $1`, false},
	{"explanations", `DELETE FROM explanations WHERE case_id = $1`, false},
	{"evidence", `DELETE FROM evidence WHERE case_id = $1`, false},
	{"scans", `DELETE FROM consent_scans WHERE case_id = $1`, false},
	{"letters", `DELETE FROM letters WHERE case_id = $1`, false},
	{"replies", `DELETE FROM letter_scans WHERE case_id = $1`, false},
	{"corrections", `DELETE FROM corrections WHERE case_id = $1`, false},
	{"", `DELETE FROM reminders WHERE case_id = $1`, false},
	{"", `DELETE FROM case_tallies WHERE case_id = $1`, false}, // what it has added to the counts stays there
	{"", `DELETE FROM case_keys WHERE case_id = $1`, false},
}

// EraseCase destroys the key of a case and with it names, numbers, declarations,
// answers and reports, and forgets which persons it was about. What is left is
// that there was a case, and its audit entries. It returns what was destroyed; erased
// once more, that is nothing. On SQLite the key is overwritten in
// the file, and the log emptied, right after the commit: if a reader is in the way
// for longer than a connection waits, [DB.InTx] says [hedui.Unavailable] although
// the case is erased, and [DB.Scrub] tries again. PostgreSQL frees its place
// for other keys, which overwrite it in time. Copies of the database that were made
// before still hold it.
func (tx *Tx) EraseCase(ctx context.Context, id string) ([]hedui.Destroyed, error) {
	var rev int64
	err := tx.tx.QueryRowContext(ctx, `UPDATE cases SET rev = rev + 1, counted = rev + 1, running = 0, consent_until = 0 WHERE id = $1 RETURNING rev`, id).Scan(&rev)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, notFound()
	case err != nil:
		return nil, fmt.Errorf("erase case: %w", err)
	}
	var had bool
	if err := tx.tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM case_keys WHERE case_id = $1)`, id).Scan(&had); err != nil {
		return nil, fmt.Errorf("erase case: %w", err)
	}
	counts := map[string]int{}
	for _, part := range remains {
		args := []any{id}
		if part.wipe {
			args = append(args, []byte{0})
		}
		n, err := tx.exec(ctx, part.statement, args...)
		if err != nil {
			return nil, fmt.Errorf("erase case: %w", err)
		}
		if part.kind != "" && n > 0 {
			counts[part.kind] = int(n)
		}
	}
	delete(tx.keys, id)
	delete(tx.persons, id)
	tx.erased, tx.gone = true, append(tx.gone, id)
	if !had {
		return nil, nil
	}
	var list []hedui.Destroyed
	for _, kind := range hedui.DestroyedKinds() {
		if n := counts[kind]; n > 0 {
			list = append(list, hedui.Destroyed{Kind: kind, N: n})
		}
	}
	return list, nil
}

// Questions reads which questions of a case there are, without what came of them:
// id, source, state and number of each.
func (tx *Tx) Questions(ctx context.Context, caseID string) ([]hedui.Query, error) {
	var list []hedui.Query
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var state string
		q := hedui.Query{Case: caseID}
		err := rows.Scan(&q.ID, &q.Source, &state, &q.Token)
		q.State = hedui.QueryState(state)
		list = append(list, q)
		return err
	}, `SELECT id, source, state, token FROM queries WHERE case_id = $1 ORDER BY id`, caseID)
	if err != nil {
		return nil, fmt.Errorf("questions: %w", err)
	}
	return list, nil
}

// EndQuestions gives up what of a case is not answered, and drops its jobs: those of
// the questions, and those of a lane whose payload is the case. What works on one of
// them finds its job gone.
func (tx *Tx) EndQuestions(ctx context.Context, caseID, lane string, jobs []string, at time.Time) error {
	_, err := tx.exec(ctx, `UPDATE queries SET state = 'cancelled', outcome = 'failed', reason = $3, answered_at = $2
		WHERE case_id = $1 AND state NOT IN ('answered', 'cancelled')`, caseID, micros(at), string(hedui.ReasonEnded))
	if err == nil {
		_, err = tx.exec(ctx, `DELETE FROM jobs WHERE lane = $1 AND payload = $2`, lane, []byte(caseID))
	}
	if err != nil {
		return fmt.Errorf("end questions: %w", err)
	}
	return tx.DropJobs(ctx, jobs)
}

// KeyFingerprint tells the key of a case from all others and tells nothing of it: a
// keyed hash of the case's id. It stays the same when the key is wrapped anew.
// NotFound if the case was erased.
func (tx *Tx) KeyFingerprint(ctx context.Context, id string) (string, error) {
	if err := tx.loadKeys(ctx, []string{id}); err != nil {
		return "", fmt.Errorf("fingerprint of a key: %w", err)
	}
	key, err := tx.key(id)
	if err != nil {
		return "", err
	}
	return seal.Blind(key, "erasure", id)
}

// Scrub does once more what follows from an erasure: what was overwritten leaves the
// log of the database.
func (db *DB) Scrub(ctx context.Context) error {
	return db.wrap("scrub", db.engine.scrub(ctx, db.write))
}

// truncateLog moves what a commit has overwritten from the log of SQLite into the
// file and empties the log, where the old bytes still lie. A reader that keeps it
// from doing so is an error: SQLite itself only mentions it in its answer.
func truncateLog(ctx context.Context, db *sql.DB) error {
	var busy, frames, moved int
	if err := db.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &frames, &moved); err != nil {
		return err
	}
	if busy != 0 {
		return hedui.Fail(hedui.Unavailable, hedui.Say("error.unavailable"), errors.New("store: a reader keeps the log of the database from being emptied"))
	}
	return nil
}

// vacuumKeys frees the places of deleted keys in PostgreSQL for what comes next, and
// of what did not lie under such a key but under one of the node.
func vacuumKeys(ctx context.Context, db *sql.DB) error {
	_, err := db.ExecContext(ctx, `VACUUM case_keys, node_keys, parcels, drafts, uploads`)
	return err
}
