package web

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"hedui/internal/audit"
	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
	"hedui/seal"
)

// While the audit log cannot be written nothing is changed, reading goes on and the
// page says so; what was looked at meanwhile is recorded afterwards, with its time.
func TestAFullDiskStopsChangesAndNotReading(t *testing.T) {
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			o := e.Fresh(t)
			full := func() (free func()) { return storetest.Full(t, o, "audit_entries") }
			if e.Name == "sqlite" { // a disk that is really full: a small one in memory, which only root may make
				o, full = smallDisk(t)
			}
			d, id := deskOn(t, o)
			free := full()
			stopped(t, d, id)
			free()
			var entries []audit.Entry
			for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
				n, _ := d.Pending() // before the entries are read: what is pending after that is not among them
				err := d.DB.Read(t.Context(), func(tx *store.Tx) (err error) {
					entries, err = tx.Entries(t.Context(), id)
					return err
				})
				if err == nil && n == 0 {
					break
				} else if time.Now().After(end) {
					t.Fatalf("%d looks are still not recorded: %v", n, err)
				}
			}
			looks := 0
			for _, e := range entries {
				if e.Verb == audit.ReadCase && strings.HasPrefix(e.Officer, "look") {
					looks++
				}
			}
			if looks != 30 {
				t.Errorf("%d looks are recorded, want 30", looks)
			}
			if _, body, _ := get(t, d, officer("x", hedui.ReadCases), true, "/?lang=en"); strings.Contains(body, "cannot be written") {
				t.Errorf("the page still says that the disk is full")
			}
		})
	}
}

// stopped tries what must go and what must not while nothing can be written.
func stopped(t *testing.T, d *casework.Desk, id string) {
	t.Helper()
	all := officer("all", hedui.Rights()...)
	for i := range 30 {
		who := officer("look"+string(rune('A'+i)), hedui.ReadCases)
		if code, body, _ := get(t, d, who, true, "/cases/"+id); code != http.StatusOK || !strings.Contains(body, "王") {
			t.Fatalf("look %d on a full disk: %d", i, code)
		}
	}
	if _, body, _ := get(t, d, all, true, "/?lang=en"); !strings.Contains(body, "cannot be written") || !strings.Contains(body, "look(s)") {
		t.Errorf("the page does not say that the disk is full")
	}
	before, err := d.Stage(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.Deliver(t.Context(), all, id)
	var e *hedui.Error
	if !errors.As(err, &e) || e.Kind != hedui.Unavailable || e.Say.Key != "error.disk_full" {
		t.Errorf("a change on a full disk: %v", err)
	}
	if after, err := d.Stage(t.Context(), id); err != nil || after != before {
		t.Errorf("the case went from %s to %s: %v", before, after, err)
	}
	code, body, _ := get(t, d, all, true, "/cases/"+id+"/reports/1.pdf")
	if code != http.StatusServiceUnavailable || !strings.Contains(body, lang.Text(lang.Chinese, "error.disk_full")) {
		t.Errorf("a print, which is counted: %d %s", code, body)
	}
}

// smallDisk makes a small disk with room for a database; full fills it up.
func smallDisk(t *testing.T) (o store.Options, full func() (free func())) {
	t.Helper()
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=16m,mode=0700"); err != nil {
		t.Skip("no small disk can be made here:", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Error(err)
		}
	})
	filler := filepath.Join(disk, "filler")
	return store.Options{URL: filepath.Join(disk, "hedui.db"), Master: seal.NewKey(), Blind: seal.NewKey()}, func() func() {
		f, err := os.Create(filler)
		if err != nil {
			t.Fatal(err)
		}
		for _, size := range []int{64 << 10, 4 << 10, 1} {
			for err = nil; err == nil; {
				_, err = f.Write(make([]byte, size))
			}
			if !errors.Is(err, syscall.ENOSPC) {
				t.Fatal(err)
			}
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		return func() {
			if err := os.Remove(filler); err != nil {
				t.Error(err)
			}
		}
	}
}
