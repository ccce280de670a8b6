package audit

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// proofHead is the first line of a proof (C2SP tlog-proof).
const proofHead = "c2sp.org/tlog-proof@v1"

// A Proof shows without the log that an entry is in it: the entry itself, its
// place, the hashes that lead from it to the root, and a signed checkpoint with
// that root.
type Proof struct {
	Entry      Entry
	Seq        int64
	Path       tlog.RecordProof
	Checkpoint string // signed
}

// Text writes the proof as C2SP tlog-proof; its extra data is the canonical line
// of the entry.
func (p Proof) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nextra %s\nindex %d\n", proofHead, base64.StdEncoding.EncodeToString(p.Entry.Canonical()), p.Seq)
	writeHashes(&b, p.Path)
	b.WriteString("\n" + p.Checkpoint)
	return b.String()
}

// ParseProof reads what [Proof.Text] wrote, and no other form. Nothing of it is
// believed before [Proof.Check].
func ParseProof(text string) (Proof, error) {
	var p Proof
	head, checkpoint, ok := strings.Cut(text, "\n\n")
	lines := strings.Split(head, "\n")
	if !ok || len(lines) < 3 || lines[0] != proofHead {
		return p, ErrForm
	}
	extra, isExtra := strings.CutPrefix(lines[1], "extra ")
	index, isIndex := strings.CutPrefix(lines[2], "index ")
	entry, err1 := base64.StdEncoding.DecodeString(extra)
	seq, err2 := strconv.ParseInt(index, 10, 64)
	path, err3 := parseHashes(lines[3:])
	if !isExtra || !isIndex || err1 != nil || err2 != nil || err3 != nil {
		return p, ErrForm
	}
	e, err := Parse(entry)
	if err != nil {
		return p, err
	}
	if p = (Proof{e, seq, path, checkpoint}); p.Text() != text {
		return p, ErrForm
	}
	return p, nil
}

// Check proves that the entry is in the log that signed the checkpoint.
func (p Proof) Check(t Trust) (Checkpoint, error) {
	c, err := t.Open(p.Checkpoint)
	if err != nil {
		return c, err
	}
	if err := tlog.CheckRecord(p.Path, c.Size, c.Root, p.Seq, p.Entry.Leaf()); err != nil {
		return c, fmt.Errorf("audit: entry %s is not at place %d: %w", p.Entry.ID, p.Seq, err)
	}
	return c, nil
}

func writeHashes(b *strings.Builder, hashes []tlog.Hash) {
	for _, h := range hashes {
		b.WriteString(h.String() + "\n")
	}
}

func parseHashes(lines []string) ([]tlog.Hash, error) {
	var hashes []tlog.Hash
	for _, line := range lines {
		h, err := tlog.ParseHash(line)
		if err != nil {
			return nil, ErrForm
		}
		hashes = append(hashes, h)
	}
	return hashes, nil
}

// A Request asks a witness to cosign a checkpoint: the body of add-checkpoint of
// C2SP tlog-witness.
type Request struct {
	Old        int64 // size of the checkpoint that the witness has seen last; 0 = none
	Proof      tlog.TreeProof
	Checkpoint string // signed
}

// Text writes the request.
func (r Request) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "old %d\n", r.Old)
	writeHashes(&b, r.Proof)
	b.WriteString("\n" + r.Checkpoint)
	return b.String()
}

// ParseRequest reads what [Request.Text] wrote, and no other form.
func ParseRequest(text string) (Request, error) {
	head, checkpoint, ok := strings.Cut(text, "\n\n")
	lines := strings.Split(head, "\n")
	old, isOld := strings.CutPrefix(lines[0], "old ")
	size, err1 := strconv.ParseInt(old, 10, 64)
	proof, err2 := parseHashes(lines[1:])
	r := Request{size, proof, checkpoint}
	if !ok || !isOld || err1 != nil || err2 != nil || size < 0 || r.Text() != text {
		return Request{}, ErrForm
	}
	return r, nil
}

// Follows reports whether a checkpoint goes on from one that was seen before,
// which the proof shows; before may be the zero Checkpoint.
func (c Checkpoint) Follows(before Checkpoint, proof tlog.TreeProof) bool {
	switch {
	case c.Size < before.Size:
		return false
	case c.Size == before.Size:
		return c.Root == before.Root || before.Origin == ""
	case before.Size == 0:
		return true
	}
	return tlog.CheckTree(proof, c.Size, c.Root, before.Size, before.Root) == nil
}
