package staff

import (
	"context"
	"errors"
	"testing"

	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
	"hedui/seal"
)

// Where other processes share the database, a new key is not used before they can have it.
func TestOtherProcessesGetTheKeyFirst(t *testing.T) {
	for _, e := range storetest.Engines() {
		if e.Name != "postgres" { // SQLite is served by one
			continue
		}
		o, next := e.Fresh(t), seal.NewKey()
		o.Find = func(string) (seal.Key, error) { return next, nil }
		r := openRoster(t, storetest.Open(t, o))
		other := storetest.Open(t, o)
		if _, err := other.SeeProcess(t.Context(), rosterDay); err != nil {
			t.Fatal(err)
		}
		made := false
		keys := &Keys{DB: r.DB, Now: r.Now, Next: func(context.Context, []store.MasterKey) (string, bool, error) {
			id, err := next.ID()
			fresh := !made
			made = true
			return id, fresh, err
		}}
		quiet := func(int, int) {}
		_, err := keys.RotateMaster(t.Context(), r.as(t, "sec"), quiet)
		var known *hedui.Error
		if !errors.As(err, &known) || known.Kind != hedui.Conflict || known.Say.Key != "error.key.others" {
			t.Fatalf("the first time: got %v", err)
		}
		rotation, err := keys.RotateMaster(t.Context(), r.as(t, "sec"), quiet)
		if err != nil || rotation.Version != 2 || len(rotation.Masters) != 1 {
			t.Errorf("the second time: got %+v %v", rotation, err)
		}
	}
}
