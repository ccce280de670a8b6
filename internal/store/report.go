package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"hedui/internal/hedui"
)

// A ReportState says whether a report is sealed.
type ReportState string

// The states of a report. What will be sealed is stored first, as prepared.
const (
	Prepared ReportState = "prepared"
	Sealed   ReportState = "sealed"
)

// A Report is one version of a case's report.
type Report struct {
	Case       string
	Version    int // from 1
	Number     string
	Conclusion hedui.Conclusion
	State      ReportState
	MadeAt     time.Time
	SealedAt   time.Time
	Digest     string // of Content, "sha256:…"
	Copies     int    // drawn by NextCopy
	Content    []byte // the bytes that are sealed
	Seal       []byte // detached; nil until sealed
	PDF        []byte // signed; nil until sealed, or if there is none
}

// ErrNoReport is the cause of a NotFound error where a report is missing.
var ErrNoReport = errors.New("store: no such report")

func noReport() error {
	return hedui.Fail(hedui.NotFound, hedui.Say("error.no_report"), ErrNoReport)
}

func reportAAD(caseID string, version int, column string) []byte {
	return aad("reports", caseID+"/"+strconv.Itoa(version), column)
}

// AddReport stores a prepared report. A version that the case has already, or a
// number that another case has, is a Conflict: no report is made twice.
func (tx *Tx) AddReport(ctx context.Context, r Report) error {
	if err := tx.loadKeys(ctx, []string{r.Case}); err != nil {
		return fmt.Errorf("add report: %w", err)
	}
	content, err := tx.box(r.Case, reportAAD(r.Case, r.Version, "content"), r.Content)
	if err != nil {
		return fmt.Errorf("add report: %w", err)
	}
	changed, err := tx.exec(ctx, `INSERT INTO reports (case_id, version, number, conclusion, state, made_at, sealed_at, digest, copies, content)
		VALUES ($1, $2, $3, $4, 'prepared', $5, 0, $6, 0, $7) ON CONFLICT DO NOTHING`,
		r.Case, r.Version, r.Number, string(r.Conclusion), micros(r.MadeAt), r.Digest, content)
	switch {
	case err != nil:
		return fmt.Errorf("add report: %w", err)
	case changed == 0:
		return moved()
	}
	return nil
}

// SealReport writes SealedAt, Seal and PDF of a prepared report, named by Case and
// Version. It is a Conflict if the report is sealed already or if Digest is not
// the one that was prepared.
func (tx *Tx) SealReport(ctx context.Context, r Report) error {
	if err := tx.loadKeys(ctx, []string{r.Case}); err != nil {
		return fmt.Errorf("seal report: %w", err)
	}
	seal, err := tx.box(r.Case, reportAAD(r.Case, r.Version, "seal"), r.Seal)
	if err != nil {
		return fmt.Errorf("seal report: %w", err)
	}
	pdf, err := tx.box(r.Case, reportAAD(r.Case, r.Version, "pdf"), r.PDF)
	if err != nil {
		return fmt.Errorf("seal report: %w", err)
	}
	changed, err := tx.exec(ctx, `UPDATE reports SET state = 'sealed', sealed_at = $4, seal = $5, pdf = $6
		WHERE case_id = $1 AND version = $2 AND digest = $3 AND state = 'prepared'`,
		r.Case, r.Version, r.Digest, micros(r.SealedAt), seal, pdf)
	switch {
	case err != nil:
		return fmt.Errorf("seal report: %w", err)
	case changed == 0:
		return moved()
	}
	return nil
}

// DropReport removes a report that was prepared and will not be sealed, because
// the case was sent back. A sealed one is a Conflict; none at all is no error.
func (tx *Tx) DropReport(ctx context.Context, caseID string, version int) error {
	var state string
	err := tx.tx.QueryRowContext(ctx, `SELECT state FROM reports WHERE case_id = $1 AND version = $2`, caseID, version).Scan(&state)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return fmt.Errorf("drop report: %w", err)
	case state != string(Prepared):
		return moved()
	}
	if _, err := tx.exec(ctx, `DELETE FROM reports WHERE case_id = $1 AND version = $2 AND state = 'prepared'`, caseID, version); err != nil {
		return fmt.Errorf("drop report: %w", err)
	}
	return nil
}

const reportColumns = `case_id, version, number, conclusion, state, made_at, sealed_at, digest, copies`

// Report returns a version of a case's report; NotFound if there is none.
func (tx *Tx) Report(ctx context.Context, caseID string, version int) (Report, error) {
	if err := tx.loadKeys(ctx, []string{caseID}); err != nil {
		return Report{}, fmt.Errorf("report: %w", err)
	}
	row := tx.tx.QueryRowContext(ctx, `SELECT `+reportColumns+`, content, seal, pdf FROM reports
		WHERE case_id = $1 AND version = $2`, caseID, version)
	var content, seal, pdf []byte
	r, err := scanReport(row, &content, &seal, &pdf)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return Report{}, noReport()
	case err != nil:
		return Report{}, fmt.Errorf("report: %w", err)
	}
	for _, part := range []struct {
		column string
		box    []byte
		plain  *[]byte
	}{{"content", content, &r.Content}, {"seal", seal, &r.Seal}, {"pdf", pdf, &r.PDF}} {
		if *part.plain, err = tx.unbox(caseID, reportAAD(caseID, version, part.column), part.box); err != nil {
			return Report{}, fmt.Errorf("report: %w", err)
		}
	}
	return r, nil
}

// Reports lists the versions of a case's report, oldest first, without Content,
// Seal and PDF.
func (tx *Tx) Reports(ctx context.Context, caseID string) ([]Report, error) {
	var list []Report
	err := tx.each(ctx, func(rows *sql.Rows) error {
		r, err := scanReport(rows)
		list = append(list, r)
		return err
	}, `SELECT `+reportColumns+` FROM reports WHERE case_id = $1 ORDER BY version`, caseID)
	if err != nil {
		return nil, fmt.Errorf("reports: %w", err)
	}
	return list, nil
}

func scanReport(row interface{ Scan(...any) error }, more ...any) (r Report, err error) {
	var conclusion, state string
	var made, sealed int64
	err = row.Scan(append([]any{&r.Case, &r.Version, &r.Number, &conclusion, &state, &made, &sealed, &r.Digest, &r.Copies}, more...)...)
	r.Conclusion, r.State = hedui.Conclusion(conclusion), ReportState(state)
	r.MadeAt, r.SealedAt = instant(made), instant(sealed)
	return r, err
}
