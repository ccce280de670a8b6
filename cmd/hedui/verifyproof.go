package main

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"hedui/day"
	"hedui/internal/audit"
	"hedui/internal/report"
)

// inLog is what a report's proof says about the audit log.
type inLog struct {
	State      string              `json:"state"` // proved, none, unknown_key, broken
	Place      int64               `json:"place,omitempty"`
	Log        string              `json:"log,omitempty"`
	Size       int64               `json:"size,omitempty"` // of the checkpoint
	SignedAt   time.Time           `json:"signed_at,omitzero"`
	Cosignedby []audit.Cosignature `json:"cosigned_by,omitempty"`
}

// bad reports whether it keeps a report from being good. No proof is a fault only
// where one is required; one that is wrong always is.
func (p inLog) bad(required bool) bool { return p.State == "broken" || required && p.State != "proved" }

// proved checks the proof in a PDF, or beside a JSON report, by the keys of logs in
// the trust file.
func (v *verifyCommand) proved(path, trustFile string, r report.Result) inLog {
	text := r.Proof
	if r.Form == "json" {
		beside, err := readBounded(path+".proof", report.MaxDetached)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return inLog{State: "broken"}
		}
		text = beside
	}
	if len(text) == 0 || !r.Valid() {
		return inLog{State: "none"}
	}
	p, err := audit.ParseProof(string(text))
	if err != nil || !aboutThis(p.Entry, r) {
		return inLog{State: "broken"}
	}
	keys, err := os.ReadFile(trustFile)
	if err != nil {
		return inLog{State: "unknown_key"}
	}
	trust, err := audit.ReadTrust(keys)
	if err != nil {
		return inLog{State: "unknown_key"}
	}
	c, err := p.Check(trust)
	switch {
	case errors.Is(err, audit.ErrKey):
		return inLog{State: "unknown_key"}
	case err != nil:
		return inLog{State: "broken"}
	}
	return inLog{"proved", p.Seq, c.Origin, c.Size, c.At, c.Witnesses}
}

// aboutThis reports whether an entry is that of the report's sealing, or of the
// erasure that a certificate is of.
func aboutThis(e audit.Entry, r report.Result) bool {
	if r.Paper == (report.ErasureCertificate{}).Name() {
		return e.Verb == audit.Erased && r.Number != "" && strings.HasPrefix(e.Detail, r.Number+" ")
	}
	return e.Verb == audit.Sealed && r.Paper == "" && r.Digest != "" && (strings.HasSuffix(e.Detail, " sha256:"+r.Digest) || strings.HasSuffix(e.Detail, " sm3:"+r.Digest))
}

// print says it in one line.
func (p inLog) print(s streams) {
	if p.State != "proved" {
		s.say(s.out, "verify.log."+p.State)
		return
	}
	var by []string
	for _, w := range p.Cosignedby {
		by = append(by, audit.NodeOf(w.Witness)+" "+w.At.In(day.Beijing).Format(time.DateTime))
	}
	key := "verify.log.proved"
	if len(by) == 0 {
		key = "verify.log.alone"
	}
	s.say(s.out, key, p.Log, strconv.FormatInt(p.Place, 10), p.SignedAt.In(day.Beijing).Format(time.DateTime), strings.Join(by, ", "))
}
