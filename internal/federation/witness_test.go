package federation

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"hedui/internal/audit"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
)

// holds is how far a peer has cosigned the log of this node.
func (at *place) holds(t *testing.T, peer string) (size int64) {
	t.Helper()
	err := at.DB.Read(t.Context(), func(tx *store.Tx) error {
		notes, err := tx.Cosigned(t.Context(), 0)
		if err != nil {
			return err
		}
		list, err := tx.PeerLogs(t.Context())
		for _, p := range list {
			v, bad := audit.ParseVerifier(p.Key)
			if p.Peer != peer || bad != nil {
				continue
			}
			for _, note := range notes {
				c, err := audit.Trust{at.log.Verifier(), v}.Open(note)
				if err != nil {
					return err
				}
				if len(c.Witnesses) > 0 {
					size = max(size, c.Size)
				}
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return size
}

func (at *place) recordMore(t *testing.T, n int, word string) {
	t.Helper()
	err := at.DB.InTx(t.Context(), func(tx *store.Tx) error {
		var list []audit.Entry
		for i := range n {
			list = append(list, audit.New(at.now(), "clerk", "", audit.ReadCase, fmt.Sprint(word, i), ""))
		}
		return tx.Record(t.Context(), list...)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (at *place) size(t *testing.T) int64 {
	t.Helper()
	head, _, err := at.DB.LogHead(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return head.Size
}

// Hub and county cosign each other's logs. The county's operator puts an old copy of
// its database back and goes on: the hub refuses, raises an incident and keeps the
// evidence; the county itself learns that its log is not the one that was seen.
func TestPeersCosignAndFindAForkedLog(t *testing.T) {
	t.Parallel()
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			hub, county := two(t, e, 0)
			county.recordMore(t, 20, "early")
			eventually(t, "both logs are cosigned", func() bool {
				return county.holds(t, "ningbo") > 20 && hub.holds(t, "haishu") > 0
			})
			for _, at := range []*place{hub, county} {
				if c, err := at.DB.ProveLog(t.Context(), audit.Trust{at.log.Verifier()}); err != nil || !c.Sound() || len(c.Seen) != 1 {
					t.Errorf("%s: %+v, seen %+v, %v", at.Name, c.Faults, c.Seen, err)
				}
			}
			county.stop()
			back := keepCopy(t, county.o)
			county.open(t)
			want := county.size(t) + 20 // before there are more: none may come after them
			county.recordMore(t, 30, "hidden")
			eventually(t, "the hub has seen what is to be hidden", func() bool { return county.holds(t, "ningbo") >= want })
			county.stop()
			back()
			county.open(t)
			county.recordMore(t, 60, "instead")
			eventually(t, "the hub finds the fork", func() bool { return incidentOf(t, hub, "haishu", "log_fork") })
			eventually(t, "the county learns of it", func() bool { return incidentOf(t, county, "ningbo", "log_unlike") })
			var evidence string
			err := hub.DB.Read(t.Context(), func(tx *store.Tx) error {
				list, err := tx.Trail(t.Context(), store.TrailFilter{Verb: audit.LogForked, Limit: 1})
				if len(list) == 1 {
					evidence = list[0].Detail
				}
				return err
			})
			if c, bad := (audit.Trust{county.log.Verifier()}).Open(evidence); err != nil || bad != nil || c.Origin != "hedui.haishu/audit" {
				t.Errorf("the hub keeps %q as evidence: %v %v", evidence, err, bad)
			}
		})
	}
}

func incidentOf(t *testing.T, at *place, peer, reason string) (found bool) {
	t.Helper()
	err := at.DB.Read(t.Context(), func(tx *store.Tx) error {
		list, err := tx.Incidents(t.Context(), 100)
		found = slices.ContainsFunc(list, func(i store.Incident) bool { return i.Peer == peer && i.Reason == reason })
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// keepCopy copies a database that nobody serves; the function puts it back.
func keepCopy(t *testing.T, o store.Options) (back func()) {
	t.Helper()
	if !strings.HasPrefix(o.URL, "postgres") {
		db, err := os.ReadFile(o.URL)
		if err != nil {
			t.Fatal(err)
		}
		return func() {
			for _, more := range []string{"-wal", "-shm"} {
				_ = os.Remove(o.URL + more)
			}
			if err := os.WriteFile(o.URL, db, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	tables := []string{"audit_entries", "audit_hashes", "audit_head", "audit_checkpoints", "audit_cosignatures", "audit_peers", "witness_letters",
		"tallies", "case_tallies", "office_totals", "count_nodes", "count_months", "count_cells", "count_totals", "count_running"}
	run := func(form string) {
		db, err := sql.Open("pgx", o.URL)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		for _, table := range tables {
			if _, err := db.ExecContext(context.Background(), strings.ReplaceAll(form, "TABLE_", table)); err != nil {
				t.Fatal(err)
			}
		}
	}
	run(`CREATE TABLE held_TABLE_ AS SELECT * FROM TABLE_`)
	return func() {
		run(`DELETE FROM TABLE_`)
		run(`INSERT INTO TABLE_ SELECT * FROM held_TABLE_`)
	}
}
