package casework

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/report"
	"hedui/internal/rule"
	"hedui/internal/store"
	"hedui/seal"
)

// Review is the agreement of a second person with the summary. Whatever changes
// after it takes the case back to its summary, so what is sealed is what was
// reviewed.
func (d *Desk) Review(ctx context.Context, o hedui.Officer, id string) (*hedui.Case, error) {
	return d.act(ctx, o, id, audit.Reviewed, func(tx *store.Tx, c *hedui.Case, at time.Time) (string, error) {
		if err := c.Review(o, at); err != nil {
			return "", err
		}
		items, err := d.askFamily(ctx, tx, c, at)
		if err != nil {
			return "", err
		}
		return "", c.Unexplained(items, at)
	})
}

// Seal makes the next version of the report, stores its exact bytes, seals them
// once, and compares. It stands in one transaction: a crash leaves either no
// version or a sealed one, never two.
func (d *Desk) Seal(ctx context.Context, o hedui.Officer, id string) (*hedui.Case, error) {
	return d.act(ctx, o, id, audit.Sealed, func(tx *store.Tx, c *hedui.Case, at time.Time) (string, error) {
		if err := d.canSign(at); err != nil {
			return "", err
		}
		if err := c.Seal(o, at); err != nil {
			return "", err
		}
		content, err := d.content(ctx, tx, c, at)
		if err != nil {
			return "", err
		}
		draft, err := report.Prepare(content)
		if err != nil {
			return "", err
		}
		r := store.Report{Case: c.ID, Version: c.Version, Number: content.Number, Conclusion: content.Conclusion.Code,
			MadeAt: at, Content: draft.JSON()}
		if r.Digest, err = sealedDigest(d.Signer.Algorithm(), r.Content); err != nil {
			return "", err
		}
		if err := tx.AddReport(ctx, r); err != nil {
			return "", err
		}
		if err := tx.Record(ctx, audit.New(at, o.ID, o.Office, audit.Prepared, c.ID, r.Digest)); err != nil {
			return "", err
		}
		return content.Number + " " + r.Digest, d.sealStored(ctx, tx, draft, r, at)
	})
}

const digestPrefix, gmPrefix = "sha256:", "sm3:"

// sealedDigest is the digest of a report as its seal has it, with the hash's name.
func sealedDigest(algorithm string, content []byte) (string, error) {
	digest, err := seal.Digest(algorithm, content)
	if algorithm == seal.SM2SM3 {
		return gmPrefix + digest, err
	}
	return digestPrefix + digest, err
}

// isDigestOf reports whether a digest of either hash is that of the content.
func isDigestOf(digest string, content []byte) bool {
	algorithm := seal.P256SHA256
	if strings.HasPrefix(digest, gmPrefix) {
		algorithm = seal.SM2SM3
	}
	own, err := sealedDigest(algorithm, content)
	return err == nil && own == digest
}

// bareDigest is a digest without the name of its hash.
func bareDigest(digest string) string {
	_, bare, _ := strings.Cut(digest, ":")
	return bare
}

func digestOf(body []byte) string {
	sum := sha256.Sum256(body)
	return digestPrefix + hex.EncodeToString(sum[:])
}

// canSign reports whether key and certificate fit and hold: a report must not be
// sealed of which no copy can be signed.
func (d *Desk) canSign(at time.Time) error {
	trust, err := seal.ParseTrust(seal.CertificatePEM(d.Certificate))
	if err != nil {
		return fmt.Errorf("casework: certificate: %w", err)
	}
	if _, ok := trust.Certificate(d.Signer.KeyID()); !ok {
		return errors.New("casework: the certificate is not that of the sealing key")
	}
	if at.Before(d.Certificate.NotBefore) || at.After(d.Certificate.NotAfter) {
		return fmt.Errorf("casework: the certificate holds from %s to %s; make a new one",
			d.Certificate.NotBefore.Format(time.DateOnly), d.Certificate.NotAfter.Format(time.DateOnly))
	}
	return nil
}

// sealStored seals a draft and holds the result against what was stored.
func (d *Desk) sealStored(ctx context.Context, tx *store.Tx, draft *report.Draft, r store.Report, at time.Time) error {
	sealed, err := draft.Seal(d.Signer, at)
	if err != nil {
		return err
	}
	stored, err := tx.Report(ctx, r.Case, r.Version)
	if err != nil {
		return err
	}
	if !bytes.Equal(stored.Content, sealed.JSON) {
		return fmt.Errorf("casework: what was sealed is not what was stored")
	}
	detached, err := sealed.Detached()
	if err != nil {
		return err
	}
	stored.SealedAt, stored.Seal = at, detached
	return tx.SealReport(ctx, stored)
}

// content builds what the report says. Every version of a report has the number
// of the first.
func (d *Desk) content(ctx context.Context, tx *store.Tx, c *hedui.Case, at time.Time) (report.Content, error) {
	queries, err := tx.Queries(ctx, c.ID)
	if err != nil {
		return report.Content{}, err
	}
	in := report.Input{Case: c, Queries: hedui.Newest(queries), Version: c.Version, At: at, Issuer: d.Issuer,
		Salt: seal.NewSalt(), Reviewer: hand(c.Reviewer()), Signer: hand(c.Signer()), Promised: d.promises()}
	if in.Letters, err = lettersOf(ctx, tx, c.ID, queries); err != nil {
		return report.Content{}, err
	}
	items, err := tx.Explanations(ctx, c.ID)
	if err != nil {
		return report.Content{}, err
	}
	if c.Elsewhere, err = tx.Elsewhere(ctx, c, c.AppliedOn.AddMonths(-elsewhereMonths)); err != nil {
		return report.Content{}, err
	}
	if in.Assessment, err = rule.Verify(d.Rules, c, in.Queries, items, day.Of(d.Now()), lang.Chinese); err != nil {
		return report.Content{}, err
	}
	dl, ok := d.deadlinesOf(c, c.AcceptedAt)
	if !ok {
		return report.Content{}, fmt.Errorf("casework: no deadlines for %s", c.Division)
	}
	in.ValidUntil = day.Of(dl.Validity.After(at, d.Calendar).Add(-time.Second))
	in.ObjectionDays = day.Of(dl.Objection.After(at, d.Calendar).Add(-time.Second)).Sub(day.Of(at))
	if in.Earlier, err = earlier(ctx, tx, c); err != nil {
		return report.Content{}, err
	}
	if c.Version == 1 {
		numbers, err := d.numbers(ctx, tx, hedui.ReportSeries, c, at, 1)
		if err != nil {
			return report.Content{}, err
		}
		in.Number = numbers[0]
		return report.New(in)
	}
	versions, err := tx.Reports(ctx, c.ID)
	if err != nil {
		return report.Content{}, err
	}
	for _, v := range versions {
		if v.Version < c.Version {
			in.History = append(in.History, report.Past{Version: v.Version, MadeAt: v.MadeAt,
				Conclusion: report.Word{Code: string(v.Conclusion)}, Digest: bareDigest(v.Digest)})
		}
	}
	before, err := tx.Report(ctx, c.ID, c.Version-1)
	if err != nil {
		return report.Content{}, err
	}
	previous, err := report.Parse(before.Content)
	if err != nil {
		return report.Content{}, err
	}
	in.Number, in.Previous, in.PreviousDigest = before.Number, &previous, bareDigest(before.Digest)
	return report.New(in)
}

// lettersOf are the letters by which departments were asked, by query. A correction
// is a query of its own and comes from the letter of the one that it corrects.
func lettersOf(ctx context.Context, tx *store.Tx, id string, queries []hedui.Query) (map[string]report.Lettered, error) {
	letters, err := tx.Letters(ctx, store.LetterFilter{Case: id, Limit: mostLetters})
	if err != nil || len(letters) == 0 {
		return nil, err
	}
	byNumber := map[string]report.Lettered{}
	var numbers []string
	for _, l := range letters {
		numbers = append(numbers, l.Number)
		byNumber[l.Number] = report.Lettered{Number: l.Number, IssuedOn: day.Of(l.IssuedAt), RepliedOn: l.RepliedOn}
	}
	items, err := tx.ItemsOfLetters(ctx, numbers)
	if err != nil {
		return nil, err
	}
	type cell struct {
		person          int
		category        catalog.Code
		scope, answerer string
	}
	of := func(q hedui.Query) cell { return cell{q.Person, q.Category, q.Scope, q.Source} }
	asked := map[cell]report.Lettered{}
	for _, it := range items {
		if i := slices.IndexFunc(queries, func(q hedui.Query) bool { return q.ID == it.About }); i >= 0 && it.State != hedui.ItemEnded {
			asked[of(queries[i])] = byNumber[it.Letter]
		}
	}
	found := map[string]report.Lettered{}
	for _, q := range queries {
		if l, ok := asked[of(q)]; ok {
			found[q.ID] = l
		}
	}
	return found, nil
}

// earlier is the newest report of an earlier case of the applicant under the same
// programme and in the same division, or nil. It is of the same office and purpose; what is taken from it are sums.
func earlier(ctx context.Context, tx *store.Tx, c *hedui.Case) (*report.Content, error) {
	list, err := tx.CasesOf(ctx, c.Applicant().ID)
	if err != nil {
		return nil, err
	}
	for _, s := range list {
		if s.ID >= c.ID || s.Version == 0 || s.Persons == 0 || s.Programme != c.Programme || s.Division != c.Division {
			continue
		}
		other, err := tx.Case(ctx, s.ID)
		if err != nil {
			return nil, err
		}
		if other.Applicant().ID != c.Applicant().ID { // named in the household of somebody else
			continue
		}
		r, err := tx.Report(ctx, s.ID, s.Version)
		if errors.Is(err, store.ErrNoReport) { // it went along with a case that was handed over
			continue
		}
		if err != nil {
			return nil, err
		}
		was, err := report.Parse(r.Content)
		return &was, err
	}
	return nil, nil
}

func hand(step hedui.Step) report.Hand {
	return report.Hand{ID: step.Officer, Name: step.Name, Office: step.Office, At: step.At}
}

// A File is one copy of a report.
type File struct {
	Name string // numbers only
	Body []byte
}

// Copy gives an officer one copy of a sealed report: form is "html", "pdf",
// "json", "json.sig" or "json.proof". Copies for people are counted, carry their reader and the
// time on every page, and are recorded before they are handed out.
func (d *Desk) Copy(ctx context.Context, o hedui.Officer, id string, version int, form string) (File, error) {
	if !plausibleID(id) {
		return File{}, notFound()
	}
	at := d.Now()
	var r store.Report
	n := 0
	err := d.DB.InTx(ctx, func(tx *store.Tx) error {
		c, err := opened(ctx, tx, o, hedui.PrintReports, id)
		if err != nil {
			return err
		}
		if err := c.MayReceive(o); err != nil {
			return err
		}
		counted := form == "pdf" || form == "html"
		if gone := c.Gone(); counted && gone != nil { // copies are counted where the case is
			return gone
		}
		if r, err = tx.Report(ctx, id, version); err != nil {
			return err
		}
		if r.SealedAt.IsZero() {
			return hedui.Fail(hedui.NotFound, hedui.Say("error.no_report"), nil)
		}
		verb := audit.ReadReport
		if counted {
			verb = audit.Printed
			if n, err = tx.NextCopy(ctx, id, version); err != nil {
				return err
			}
			if err := tx.AddCopy(ctx, store.Copy{Case: id, Version: version, N: n, Reader: o.ID, At: at}); err != nil {
				return err
			}
		}
		return tx.Record(ctx, audit.New(at, o.ID, o.Office, verb, id, fmt.Sprintf("%s v%d %s copy %d", r.Number, version, form, n)))
	})
	if err != nil {
		return File{}, d.refused(ctx, o, id, audit.Printed, err)
	}
	file := File{Name: fmt.Sprintf("%s-v%d.%s", r.Number, version, form)}
	proof, err := d.proof(ctx, r.Case, audit.Sealed, r.Digest)
	if err != nil {
		return file, err
	}
	if file.Body, err = d.render(r, report.Copy{N: n, Reader: o.Name, ReaderOffice: o.Office, At: at}, form, proof); err != nil || n == 0 {
		return file, err
	}
	digest := digestOf(file.Body)
	// The reader may have gone away; the copy was made all the same.
	ctx = context.WithoutCancel(ctx)
	return file, d.DB.InTx(ctx, func(tx *store.Tx) error {
		return tx.SetCopyDigest(ctx, id, version, n, digest)
	})
}

func (d *Desk) render(r store.Report, copy report.Copy, form string, proof []byte) ([]byte, error) {
	switch form {
	case "json":
		return r.Content, nil
	case "json.sig":
		return r.Seal, nil
	case "json.proof":
		if len(proof) == 0 {
			return nil, hedui.Fail(hedui.NotFound, hedui.Say("error.no_proof"), nil)
		}
		return proof, nil
	}
	sealed, err := report.Open(r.Content, r.Seal)
	if err != nil {
		return nil, err
	}
	switch form {
	case "html":
		page, err := d.Layout.HTML(sealed, copy)
		return withProof(page, proof), err
	case "pdf":
		return d.Layout.PDF(sealed, copy, &report.Signing{Signer: d.Signer, Certificate: d.Certificate, At: copy.At, Proof: proof})
	}
	return nil, notFound()
}
