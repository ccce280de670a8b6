package casework

import (
	"context"
	"fmt"
	_ "image/jpeg" // a form of evidence
	_ "image/png"  // another
	"net/http"
	"slices"
	"time"

	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
)

// maxEvidence is how large a piece of evidence may be.
const maxEvidence = 5 << 20

// fileEndings are how names of what may be attached end, by type.
var fileEndings = map[string]string{"application/pdf": ".pdf", "image/png": ".png", "image/jpeg": ".jpg"}

// evidenceType finds out what a file is by its content: a name says nothing. What
// could do more than be looked at is refused.
func evidenceType(ctx context.Context, body []byte) (string, error) {
	wrong := func(say hedui.Text) (string, error) {
		return "", hedui.Problems([]hedui.Problem{{Field: "evidence", Say: say}})
	}
	if len(body) > maxEvidence {
		return wrong(hedui.Say("problem.evidence.size", fmt.Sprint(maxEvidence>>20)))
	}
	kind := http.DetectContentType(body)
	say, ok := hedui.Say("problem.evidence.type"), false
	switch kind {
	case "application/pdf":
		say, ok = safePDF(ctx, body)
	case "image/png", "image/jpeg":
		say, ok = safePicture(body)
	}
	if !ok {
		return wrong(say)
	}
	return kind, nil
}

// Attach adds a file to an item: a PDF, PNG or JPEG, found out by its content. The
// same file once more changes nothing.
func (d *Desk) Attach(ctx context.Context, o hedui.Officer, ref ItemRef, body []byte) (hedui.Explanation, error) {
	kind, err := evidenceType(ctx, body)
	if err != nil {
		return hedui.Explanation{}, err
	}
	return d.onItem(ctx, o, ref, itemAct{audit.EvidenceAdded, func(c *hedui.Case) error { return c.MayExplain(o) },
		func(tx *store.Tx, c *hedui.Case, e *hedui.Explanation, at time.Time) error {
			v := hedui.Evidence{ID: store.NewItemID(), Type: kind, Size: len(body), Digest: digestOf(body), By: o.ID, At: at}
			had := len(e.Evidence)
			if err := e.Attach(v); err != nil || len(e.Evidence) == had {
				return err
			}
			return tx.AddEvidence(ctx, c.ID, e.ID, v.ID, body)
		}})
}

// Evidence gives an officer one file of an item; that it was read is recorded. What
// does not fit its digest any more is an error.
func (d *Desk) Evidence(ctx context.Context, o hedui.Officer, id, evidence string) (File, error) {
	if !plausibleID(id) || !plausibleID(evidence) {
		return File{}, notFound()
	}
	var file File
	err := d.DB.Read(ctx, func(tx *store.Tx) error {
		c, err := opened(ctx, tx, o, hedui.ReadCases, id)
		if err != nil {
			return err
		}
		items, err := tx.Explanations(ctx, id)
		if err != nil {
			return err
		}
		for _, e := range items {
			i := slices.IndexFunc(e.Evidence, func(v hedui.Evidence) bool { return v.ID == evidence })
			if i < 0 {
				continue
			}
			file.Body, err = tx.Evidence(ctx, id, evidence)
			if c.Taken != nil && hedui.KindOf(err) == hedui.NotFound {
				return hedui.Fail(hedui.NotFound, hedui.Say("error.evidence.left", c.Taken.From), err)
			}
			if err != nil {
				return err
			}
			if digestOf(file.Body) != e.Evidence[i].Digest {
				return fmt.Errorf("casework: evidence %s is not what was attached", evidence)
			}
			file.Name = evidence + fileEndings[e.Evidence[i].Type]
			return nil
		}
		return notFound()
	})
	if err != nil {
		return File{}, d.refused(ctx, o, id, audit.EvidenceRead, err)
	}
	if err := d.remember(ctx, audit.New(d.Now(), o.ID, o.Office, audit.EvidenceRead, id, evidence)); err != nil {
		return File{}, err // nothing is shown that is not recorded
	}
	return file, nil
}
