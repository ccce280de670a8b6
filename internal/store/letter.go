package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"hedui/day"
	"hedui/internal/hedui"
)

const letterColumns = `number, case_id, division, programme, addressee, state, issued_at, due_at, expires_at, sent_on, sent, way, tracking,
	failed_on, why, reminders, reminded_at, replied_on, scan, digest, taken_by, closed_by, changed_at`

// SaveLetters writes letters, new ones and such that were loaded before in the same
// transaction.
func (tx *Tx) SaveLetters(ctx context.Context, letters ...hedui.Letter) error {
	rows := make([][]any, len(letters))
	for i := range letters {
		l := &letters[i]
		rows[i] = []any{l.Number, l.Case, l.Division, string(l.Programme), l.Addressee, string(l.State), micros(l.IssuedAt), micros(l.DueAt), micros(l.ExpiresAt),
			dayText(l.SentOn), l.Sent, l.Way, l.Tracking, dayText(l.FailedOn), l.Why, l.Reminders, micros(l.RemindedAt), dayText(l.RepliedOn), l.Scan, l.Digest,
			l.TakenBy, l.ClosedBy, micros(l.ChangedAt)}
	}
	err := tx.insert(ctx, `INSERT INTO letters (`+letterColumns+`)`, rows, `ON CONFLICT (number) DO UPDATE SET state = excluded.state, due_at = excluded.due_at,
		sent_on = excluded.sent_on, sent = excluded.sent, way = excluded.way, tracking = excluded.tracking, failed_on = excluded.failed_on, why = excluded.why,
		reminders = excluded.reminders, reminded_at = excluded.reminded_at, replied_on = excluded.replied_on, scan = excluded.scan, digest = excluded.digest,
		taken_by = excluded.taken_by, closed_by = excluded.closed_by, changed_at = excluded.changed_at`)
	if err != nil {
		return fmt.Errorf("save letters: %w", err)
	}
	return nil
}

func dayText(d day.Day) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}

// A LetterFilter says which letters are listed; what is empty matches all.
type LetterFilter struct {
	Sources    []string // with an item of one of them
	Division   string   // how its code begins
	Programmes []hedui.Programme
	Reader     string // id of the officer, whose connections are left out; empty = all
	Office     string

	State     hedui.LetterState // empty = those that are open, or all of a case, or with a number
	LateAt    time.Time         // late at this instant, and waiting for a reply; zero = all
	Addressee string
	Number    string // a part of it
	Case      string
	After     string // only what comes after the letter with this number: the last of the page before
	Limit     int    // 0 = 100
}

// letterOrder is how letters stand: those that wait for a reply first, by when it is due.
const letterOrder = `CASE WHEN state = 'replied' THEN 1 ELSE 0 END, due_at, number`

// Letters lists letters, what is due first in front; those whose reply is here last.
func (tx *Tx) Letters(ctx context.Context, f LetterFilter) ([]hedui.Letter, error) {
	if f.Limit <= 0 {
		f.Limit = defaultLimit
	}
	condition, args := tx.letterWhere(f)
	args = append(args, f.Limit)
	return tx.letters(ctx, fmt.Sprintf(`WHERE %s ORDER BY %s LIMIT $%d`, condition, letterOrder, len(args)), args...)
}

// Addressees lists the bodies that the letters of a filter were written to.
func (tx *Tx) Addressees(ctx context.Context, f LetterFilter) ([]string, error) {
	f.Addressee, f.After = "", ""
	condition, args := tx.letterWhere(f)
	var list []string
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var one string
		err := rows.Scan(&one)
		list = append(list, one)
		return err
	}, `SELECT DISTINCT addressee FROM letters WHERE `+condition+` ORDER BY addressee`, args...)
	if err != nil {
		return nil, fmt.Errorf("addressees: %w", err)
	}
	return list, nil
}

func (tx *Tx) letterWhere(f LetterFilter) (condition string, args []any) {
	where := []string{"1 = 1"}
	add := func(condition string, arg any) {
		args = append(args, arg)
		where = append(where, strings.ReplaceAll(condition, "$n", fmt.Sprintf("$%d", len(args))))
	}
	switch {
	case f.State != "":
		add("state = $n", string(f.State))
	case f.Case == "" && f.Number == "":
		where = append(where, "state IN ('issued', 'sent', 'failed', 'replied')")
	}
	if len(f.Sources) > 0 {
		add("EXISTS (SELECT 1 FROM worklist w WHERE w.letter = letters.number AND w.source "+tx.db.engine.in(len(args)+1)+")", tx.db.engine.list(f.Sources))
	}
	if f.Division != "" {
		add("substr(division, 1, length($n)) = $n", f.Division)
	}
	if len(f.Programmes) > 0 {
		add("programme "+tx.db.engine.in(len(args)+1), tx.db.engine.list(texts(f.Programmes)))
	}
	if f.Reader != "" {
		args = append(args, f.Reader, f.Office)
		where = append(where, "NOT "+fmt.Sprintf(aside, "letters.case_id", len(args)-1, len(args)))
	}
	if !f.LateAt.IsZero() {
		add("due_at <= $n AND state IN ('issued', 'sent', 'failed')", micros(f.LateAt))
	}
	if f.Addressee != "" {
		add("addressee = $n", f.Addressee)
	}
	if f.Number != "" {
		add("number LIKE $n", "%"+f.Number+"%")
	}
	if f.Case != "" {
		add("case_id = $n", f.Case)
	}
	if f.After != "" {
		add("("+letterOrder+") > (SELECT "+letterOrder+" FROM letters WHERE number = $n)", f.After)
	}
	return strings.Join(where, " AND "), args
}

// Letter returns a letter, which in a transaction that writes stays as it is for all
// others until the end; NotFound if there is none.
func (tx *Tx) Letter(ctx context.Context, number string) (hedui.Letter, error) {
	list, err := tx.letters(ctx, `WHERE number = $1`+tx.lockRows(), number)
	if err == nil && len(list) == 0 {
		return hedui.Letter{}, notFound()
	}
	if err != nil {
		return hedui.Letter{}, err
	}
	return list[0], nil
}

func (tx *Tx) letters(ctx context.Context, rest string, args ...any) ([]hedui.Letter, error) {
	var list []hedui.Letter
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var l hedui.Letter
		var programme, state, sent, failed, replied string
		var issued, due, expires, reminded, changed int64
		err := rows.Scan(&l.Number, &l.Case, &l.Division, &programme, &l.Addressee, &state, &issued, &due, &expires, &sent, &l.Sent, &l.Way, &l.Tracking,
			&failed, &l.Why, &l.Reminders, &reminded, &replied, &l.Scan, &l.Digest, &l.TakenBy, &l.ClosedBy, &changed)
		l.Programme, l.State = hedui.Programme(programme), hedui.LetterState(state)
		l.IssuedAt, l.DueAt, l.ExpiresAt, l.RemindedAt, l.ChangedAt = instant(issued), instant(due), instant(expires), instant(reminded), instant(changed)
		for text, to := range map[*string]*day.Day{&sent: &l.SentOn, &failed: &l.FailedOn, &replied: &l.RepliedOn} {
			if err == nil && *text != "" {
				*to, err = day.Parse(*text)
			}
		}
		list = append(list, l)
		return err
	}, `SELECT `+letterColumns+` FROM letters `+rest, args...)
	if err != nil {
		return nil, fmt.Errorf("letters: %w", err)
	}
	return list, nil
}

// ItemsOfLetters returns the items of letters, whatever their state.
func (tx *Tx) ItemsOfLetters(ctx context.Context, numbers []string) ([]Item, error) {
	return tx.items(ctx, `WHERE letter `+tx.db.engine.in(1)+` ORDER BY letter, id`, tx.db.engine.list(numbers))
}

// endLetters moves letters on whose last open item has ended: $1 is the instant, and
// the condition says which items did. If others were answered the reply is here.
func (tx *Tx) endLetters(ctx context.Context, at time.Time, items string, args ...any) error {
	_, err := tx.exec(ctx, `UPDATE letters SET changed_at = $1, state = CASE WHEN EXISTS (SELECT 1 FROM worklist o WHERE o.letter = letters.number AND o.state <> 'ended')
		THEN 'replied' ELSE 'ended' END WHERE state IN ('issued', 'sent', 'failed') AND number IN (SELECT letter FROM worklist WHERE letter <> '' AND `+items+`)
		AND NOT EXISTS (SELECT 1 FROM worklist o WHERE o.letter = letters.number AND o.state = 'lettered')`, append([]any{micros(at)}, args...)...)
	return err
}

// AddLetterScan keeps the scan of a reply under the key of its case.
func (tx *Tx) AddLetterScan(ctx context.Context, caseID, letter string, body []byte) error {
	if err := tx.loadKeys(ctx, []string{caseID}); err != nil {
		return fmt.Errorf("add scan of a reply: %w", err)
	}
	box, err := tx.box(caseID, aad("letter_scans", letter, "body"), body)
	if err == nil {
		_, err = tx.exec(ctx, `INSERT INTO letter_scans (letter, case_id, body) VALUES ($1, $2, $3)`, letter, caseID, box)
	}
	if err != nil {
		return fmt.Errorf("add scan of a reply: %w", err)
	}
	return nil
}

// LetterScan returns the scan of the reply to a letter of a case; NotFound if there
// is none.
func (tx *Tx) LetterScan(ctx context.Context, caseID, letter string) ([]byte, error) {
	if err := tx.loadKeys(ctx, []string{caseID}); err != nil {
		return nil, fmt.Errorf("scan of a reply: %w", err)
	}
	var box []byte
	err := tx.tx.QueryRowContext(ctx, `SELECT body FROM letter_scans WHERE letter = $1 AND case_id = $2`, letter, caseID).Scan(&box)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, notFound()
	case err != nil:
		return nil, fmt.Errorf("scan of a reply: %w", err)
	}
	return tx.unbox(caseID, aad("letter_scans", letter, "body"), box)
}
