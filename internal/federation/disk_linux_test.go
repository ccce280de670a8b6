package federation

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"hedui/internal/store"
	"hedui/internal/store/storetest"
	"hedui/seal"
)

// The same with a disk that is really full: a small one in memory, which only root
// may make.
func TestAFullDiskLosesNothing(t *testing.T) {
	t.Parallel()
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=16m,mode=0700"); err != nil {
		t.Skip("no small disk can be made here:", err)
	}
	o := store.Options{URL: filepath.Join(disk, "hedui.db"), Master: seal.NewKey(), Blind: seal.NewKey()}
	hub := buildOn(t, o, filepath.Join(t.TempDir(), "ring"), plot{name: "ningbo", division: "330200", level: "prefecture", registers: []string{"hukou 330200 here", "housing 330200 here"}})
	t.Cleanup(func() {
		hub.stop()
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Error(err)
		}
	})
	county := build(t, storetest.Engines()[0], plot{name: "haishu", division: "330203", level: "county", parent: hub, registers: []string{
		"land 330203 here", "hukou 330200 ningbo", "housing 330200 ningbo"}})
	join(t, hub, county)
	county.answered(t, county.accept(t, 1, ""))

	filler := filepath.Join(disk, "filler")
	fill(t, filler)
	var cases []string
	for n := range 20 { // more than what the database has free inside
		cases = append(cases, county.accept(t, 2+n, ""))
	}
	eventually(t, "the disk is too full to take a letter", func() bool {
		return errors.Is(os.WriteFile(filepath.Join(disk, "probe"), make([]byte, 8192), 0o600), syscall.ENOSPC) && county.waiting(t, "ningbo") > 0
	})
	time.Sleep(300 * time.Millisecond)
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	for _, id := range cases {
		county.answered(t, id)
	}
	onceEach(t, 21, hub, county)
}

// fill writes until the disk takes no more.
func fill(t *testing.T, name string) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, size := range []int{64 << 10, 4 << 10, 1} {
		for {
			if _, err := f.Write(make([]byte, size)); err != nil {
				if !errors.Is(err, syscall.ENOSPC) {
					t.Fatal(err)
				}
				break
			}
		}
	}
}
