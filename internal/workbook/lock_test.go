package workbook

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"hedui/catalog"
	"hedui/internal/hedui"
)

func TestALockedWorkbookOpensWithItsPasswordOnly(t *testing.T) {
	b := book(t, catalog.Land)
	plain := written(t, b)
	password := Password()
	if !regexp.MustCompile(`^[A-Z2-7]{4}-[A-Z2-7]{5}-[A-Z2-7]{4}$`).MatchString(password) || password == Password() {
		t.Fatalf("password %s", password)
	}
	locked, err := Lock(plain, password)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range b.Lines {
		if bytes.Contains(locked, []byte(l.Number)) || bytes.Contains(locked, []byte(l.Name)) {
			t.Error("a person stands in it in clear")
		}
	}
	if got, at, err := Unlock(locked, []string{Password(), password}); err != nil || at != 1 || !bytes.Equal(got[:len(plain)], plain) {
		t.Errorf("with its password: at %d, %v", at, err)
	}
	if got, at, err := Unlock(plain, []string{password}); err != nil || at != -1 || !bytes.Equal(got, plain) {
		t.Errorf("one that is not encrypted: at %d, %v", at, err)
	}
	bad := map[string][]byte{
		"another password": locked,
		"cut short":        locked[:len(locked)/2],
		"only its head":    locked[:100],
		"too laborious":    append(bytes.Clone(locked), `spinCount="10000000"`...),
		"too large":        append(bytes.Clone(locked), make([]byte, MaxFile)...),
	}
	for name, data := range bad {
		if _, _, err := Unlock(data, []string{Password()}); hedui.KindOf(err) != hedui.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What was signed can be read back after a clerk's work, and only what a clerk may
// not change counts.
func TestTheStatementOutlivesAClerksWork(t *testing.T) {
	b := book(t, catalog.Land)
	b.Export = Export{Number: "E20261123-0001", Until: at}
	var signed []byte
	data, err := b.Write(func(body []byte) ([]byte, error) { signed = bytes.Clone(body); return []byte(`{"seal":1}`), nil })
	if err != nil {
		t.Fatal(err)
	}
	read := func(data []byte) []byte {
		t.Helper()
		number, body, seal, err := Statement(data)
		if err != nil || number != "E20261123-0001" || string(seal) != `{"seal":1}` {
			t.Fatalf("%s %s: %v", number, seal, err)
		}
		return body
	}
	if got := read(data); !bytes.Equal(got, signed) || !json.Valid(got) {
		t.Errorf("got\n%s\nwant\n%s", got, signed)
	}
	worked := edit(t, data, func(f *excelize.File) {
		put(t, f, b.Category, 2, "结果", "有记录")
		put(t, f, b.Category, 2, "坐落", "某村")
		if err := f.DuplicateRowTo(sheetList, 2, 4); err != nil { // copied, for a second record
			t.Fatal(err)
		}
		put(t, f, b.Category, 5, "身份证号", b.Lines[0].Number) // and one without an id
		if err := f.DuplicateRowTo(sheetList, 2, 6); err != nil {
			t.Fatal(err)
		}
		if err := f.RemoveRow(sheetList, 2); err != nil { // the order has changed
			t.Fatal(err)
		}
	})
	if got := read(worked); !bytes.Equal(got, signed) {
		t.Errorf("after a clerk's work\n%s\nwant\n%s", got, signed)
	}
	altered := edit(t, data, func(f *excelize.File) { put(t, f, b.Category, 3, "姓名", "李试验") })
	if got := read(altered); bytes.Equal(got, signed) || !strings.Contains(string(got), "李试验") {
		t.Error("another person is not noticed")
	}
	if _, _, _, err := Statement([]byte("PK")); hedui.KindOf(err) != hedui.Invalid {
		t.Errorf("no workbook: %v", err)
	}
}

func FuzzUnlock(f *testing.F) {
	locked, err := Lock([]byte("PK\x03\x04"), "x")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(locked)
	f.Add(append(bytes.Clone(container), make([]byte, 600)...))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, _, err := Unlock(data, []string{"x", "y"}); err != nil && hedui.KindOf(err) != hedui.Invalid {
			t.Fatal(err)
		}
	})
}
