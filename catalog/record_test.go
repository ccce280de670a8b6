package catalog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hedui/day"
	"hedui/money"
)

const (
	wang = "33020019680101001X" // synthetic: the division is a city code
	code = "91330203MA2ABCD133"
)

func TestRecordPrintsItsSizeOnly(t *testing.T) {
	r := Record{"name": "王某某", "id_no": wang}
	const want = "record(2 fields)"
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if got := fmt.Sprintf(verb, r); got != want {
			t.Errorf("%s: got %s, want %s", verb, got, want)
		}
	}
	if got := fmt.Sprint([]Record{r}); got != "["+want+"]" {
		t.Errorf("in a slice: got %s", got)
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("answer", "record", r)
	if !strings.Contains(log.String(), want) || strings.Contains(log.String(), wang) {
		t.Errorf("logged %s", log.String())
	}
}

func TestRecordSurvivesJSON(t *testing.T) {
	want := Record{"name": "王某某", "balance": "1234.50"}
	b, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got Record
	if err := json.Unmarshal(b, &got); err != nil || !reflect.DeepEqual(map[string]string(got), map[string]string(want)) {
		t.Errorf("got %s back, %v", b, err)
	}
}

func TestRecordReadsValues(t *testing.T) {
	r := Record{"balance": "1234.50", "on": "2013-03-01", "month": "2013-02", "share": "12.5",
		"debt": "-3", "empty": "", "rows": `[{"date":"2013-03-01"}]`, "none": "[]"}
	if got, ok := r.Money("balance"); !ok || got != money.Fen(123450) {
		t.Errorf("Money: got %v, %t", got, ok)
	}
	if got, ok := r.Day("on"); !ok || got != day.Must("2013-03-01") {
		t.Errorf("Day: got %v, %t", got, ok)
	}
	if got, ok := r.Month("month"); !ok || got != day.Must("2013-02-01") {
		t.Errorf("Month: got %v, %t", got, ok)
	}
	if num, den, ok := r.Fraction("share"); !ok || num != 125 || den != 10 {
		t.Errorf("Fraction: got %d/%d, %t", num, den, ok)
	}
	if num, den, ok := r.Fraction("debt"); !ok || num != -3 || den != 1 {
		t.Errorf("Fraction: got %d/%d, %t", num, den, ok)
	}
	if rows, ok := r.Rows("rows"); !ok || len(rows) != 1 || rows[0]["date"] != "2013-03-01" {
		t.Errorf("Rows: got %d rows, %t", len(rows), ok)
	}
	for _, key := range []string{"empty", "absent", "none", "rows"} {
		_, m := r.Money(key)
		_, d := r.Day(key)
		_, mo := r.Month(key)
		_, _, f := r.Fraction(key)
		if m || d || mo || f {
			t.Errorf("%s: got a value", key)
		}
	}
	if _, ok := r.Rows("none"); ok {
		t.Error("no rows: got rows")
	}
}

func TestRowsTextReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(rapid.MapOf(rapid.StringMatching("[a-z]+"), rapid.String()), 1, 4).Draw(t, "rows")
		records := make([]Record, len(rows))
		for i, row := range rows {
			records[i] = row
		}
		got, ok := Record{"r": RowsText(records)}.Rows("r")
		if !ok || !reflect.DeepEqual(got, records) {
			t.Fatalf("%d rows did not read back", len(rows))
		}
	})
	if got := RowsText(nil); got != "[]" {
		t.Errorf("no rows: got %s", got)
	}
}
