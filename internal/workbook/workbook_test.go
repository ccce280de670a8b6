package workbook

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"hedui/catalog"
	"hedui/idcard"
	"hedui/internal/hedui"
	"hedui/internal/lang"
)

var at = time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)

func book(t testing.TB, code catalog.Code) Book {
	t.Helper()
	c, ok := catalog.Get(code)
	if !ok {
		t.Fatal(code)
	}
	return Book{Node: "haishu", Source: "land", Department: "某局", Category: c, Lines: []Line{
		{"ABCDEFGH23456701", "陈试验", "330200195102100011", "最低生活保障", "M1", "2025-11-01 至 2026-10-31", "2026-11-26"},
		{"ABCDEFGH23456702", "王试验", "330200198002290018", "最低生活保障", "M2", "2025-11-01 至 2026-10-31", "2026-11-26"},
	}}
}

// edit opens a workbook, lets a clerk work in it, and saves it.
func edit(t testing.TB, data []byte, work func(f *excelize.File)) []byte {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	work(f)
	out, err := f.WriteToBuffer()
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func written(t testing.TB, b Book) []byte {
	t.Helper()
	data, err := b.Write(unsigned)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// unsigned stands where a test is not about the seal.
func unsigned([]byte) ([]byte, error) { return []byte("{}"), nil }

// put types a text under a title.
func put(t testing.TB, f *excelize.File, c catalog.Category, row int, title, text string) {
	t.Helper()
	if err := f.SetCellStr(sheetList, cellAt(t, c, row, title), text); err != nil {
		t.Fatal(err)
	}
}

func cellAt(t testing.TB, c catalog.Category, row int, title string) string {
	t.Helper()
	i := slices.IndexFunc(columnsOf(c), func(c column) bool { return c.title == title })
	name, err := excelize.CoordinatesToCellName(i+1, row)
	if err != nil {
		t.Fatalf("no column %s", title)
	}
	return name
}

func (b Book) all(ids []string) ([]Line, error) {
	return slices.DeleteFunc(slices.Clone(b.Lines), func(l Line) bool { return !slices.Contains(ids, l.ID) }), nil
}

func opened(t testing.TB, b Book, data []byte) []Answered {
	t.Helper()
	in, err := b.Open(data, b.all)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	return in.Items
}

func TestAnUntouchedWorkbookSaysNothing(t *testing.T) {
	for _, c := range catalog.All() {
		b := book(t, c.Code)
		if items := opened(t, b, written(t, b)); len(items) != 0 {
			t.Errorf("%s: %v", c.Code, items)
		}
	}
}

func TestWhatAClerkTypesIsRead(t *testing.T) {
	b := book(t, catalog.Land)
	data := edit(t, written(t, b), func(f *excelize.File) {
		for title, text := range map[string]string{"结果": "有记录", "数据截至日期": "2026-11-01", "答复人（岗位）": "档案科", "坐落": "某村", "面积（m²）": "89.5", "权利类型": "宅基地使用权"} {
			put(t, f, b.Category, 2, title, text)
		}
		put(t, f, b.Category, 4, "身份证号", "330200510210001") // a second record in a row of its own, under the old number
		put(t, f, b.Category, 4, "坐落", "某镇")
		f.SetCellFloat(sheetList, cellAt(t, b.Category, 4, "面积（m²）"), 0.1+0.2, -1, 64)
		f.SetCellInt(sheetList, cellAt(t, b.Category, 4, "取得日期"), 35977) // a spreadsheet's day: 1998-07-01
		percent, _ := f.NewStyle(&excelize.Style{NumFmt: 9})
		f.SetCellFloat(sheetList, cellAt(t, b.Category, 4, "份额（%）"), 0.5, -1, 64)
		f.SetCellStyle(sheetList, cellAt(t, b.Category, 4, "份额（%）"), cellAt(t, b.Category, 4, "份额（%）"), percent)
		put(t, f, b.Category, 3, "结果", "无记录")
	})
	items := opened(t, b, data)
	if len(items) != 2 || len(items[0].Problems)+len(items[1].Problems) > 0 {
		t.Fatalf("got %v", items)
	}
	answer, problems := items[0].Entry.Read(b.Category, idcard.Number{}, at)
	if len(problems) > 0 || len(answer.Records) != 2 {
		t.Fatalf("problems %v, %d records", problems, len(answer.Records))
	}
	if got := answer.Records[1]; got["area_m2"] != "0.3" || got["acquire_date"] != "1998-07-01" || got["share"] != "50" || got["location"] != "某镇" {
		t.Errorf("second record: area %s, acquired %s, share %s", got["area_m2"], got["acquire_date"], got["share"])
	}
	if answer.Records[0]["right_type"] != "homestead" || items[1].Entry.Outcome != "none" || !slices.Equal(items[0].Rows, []int{2, 4}) {
		t.Errorf("first record %s, second item %s, rows %v", answer.Records[0]["right_type"], items[1].Entry.Outcome, items[0].Rows)
	}
}

// Rows of rows go on with the record before them.
func TestRowsOfAFieldStandInRowsOfTheSheet(t *testing.T) {
	b := book(t, catalog.Hukou)
	data := edit(t, written(t, b), func(f *excelize.File) {
		put(t, f, b.Category, 2, "结果", "有记录")
		put(t, f, b.Category, 2, "户籍地址", "某路")
		put(t, f, b.Category, 2, "迁入迁出·日期", "2001-02-03")
		put(t, f, b.Category, 4, "身份证号", b.Lines[0].Number)
		put(t, f, b.Category, 4, "迁入迁出·日期", "2005-06-07")
	})
	items := opened(t, b, data)
	if len(items) != 1 || len(items[0].Entry.Records) != 1 || len(items[0].Entry.Records[0].Rows["moves"]) != 2 {
		t.Errorf("got %v, want one record with two moves", items)
	}
}

func TestRowsThatCannotBeTrustedAreNamed(t *testing.T) {
	b := book(t, catalog.Land)
	c := b.Category
	for name, tt := range map[string]struct {
		work func(f *excelize.File)
		want string
	}{
		"a formula": {func(f *excelize.File) {
			f.SetCellFormula(sheetList, cellAt(t, c, 2, "坐落"), `=HYPERLINK("http://x","y")`)
		}, "problem.workbook.formula"},
		"a formula outside of the table": {func(f *excelize.File) {
			put(t, f, c, 2, "结果", "无记录")
			f.SetCellFormula(sheetList, "AZ2", "=1+1")
			f.SetCellStr(sheetList, "AZ1", "备注")
		}, "problem.workbook.formula"},
		"a foreign item": {func(f *excelize.File) {
			put(t, f, c, 2, "事项编号", "ZZZZZZZZ23456701")
			put(t, f, c, 2, "结果", "无记录")
		}, "problem.workbook.foreign"},
		"somebody not asked about": {func(f *excelize.File) {
			put(t, f, c, 9, "身份证号", "330200197205200022")
			put(t, f, c, 9, "结果", "无记录")
		}, "problem.workbook.whose"},
		"rows mixed up": {func(f *excelize.File) {
			put(t, f, c, 2, "身份证号", "330200198002290018")
			put(t, f, c, 2, "结果", "无记录")
		}, "problem.workbook.mixed"},
		"names mixed up": {func(f *excelize.File) { put(t, f, c, 2, "姓名", "王试验"); put(t, f, c, 2, "结果", "无记录") }, "problem.workbook.mixed"},
		"a number that a spreadsheet has damaged": {func(f *excelize.File) {
			f.SetCellFloat(sheetList, cellAt(t, c, 2, "权利人身份证号"), 330200195102100011, -1, 64)
		}, "problem.entry.damaged"},
		"a damaged number as text": {func(f *excelize.File) {
			put(t, f, c, 2, "身份证号", "3.30200195102100E+17")
			put(t, f, c, 2, "结果", "无记录")
		}, "problem.entry.damaged"},
		"two results for one person": {func(f *excelize.File) {
			put(t, f, c, 2, "结果", "无记录")
			put(t, f, c, 4, "身份证号", b.Lines[0].Number)
			put(t, f, c, 4, "结果", "身份存疑")
		}, "problem.workbook.twice"},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, it := range opened(t, b, edit(t, written(t, b), tt.work)) {
				for _, p := range it.Problems {
					got = append(got, p.Say.Key)
					if !lang.Has(p.Say.Key) || p.Text() == "" {
						t.Errorf("no text for %s", p.Say.Key)
					}
				}
			}
			if !slices.Contains(got, tt.want) {
				t.Errorf("problems %v, want %s", got, tt.want)
			}
		})
	}
}

func TestFilesThatAreNotOfThisListAreRefused(t *testing.T) {
	b := book(t, catalog.Land)
	data := written(t, b)
	plain := excelize.NewFile()
	foreign, _ := plain.WriteToBuffer()
	bomb := bombed(t, data)
	other := b
	other.Source = "housing"
	elsewhere := b
	elsewhere.Node = "yinzhou"
	for name, tt := range map[string]struct {
		data []byte
		want string
	}{
		"nothing":             {nil, "error.workbook.broken"},
		"text":                {[]byte("事项编号,姓名"), "error.workbook.broken"},
		"cut short":           {data[:len(data)/2], "error.workbook.broken"},
		"an encrypted file":   {append([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), make([]byte, 600)...), "error.workbook.broken"},
		"another workbook":    {foreign.Bytes(), "error.workbook.other"},
		"another source":      {written(t, other), "error.workbook.source"},
		"another node":        {written(t, elsewhere), "error.workbook.source"},
		"a zip bomb":          {bomb, "error.workbook.large"},
		"a very large file":   {make([]byte, MaxFile+1), "error.workbook.large"},
		"a row far below":     {withSheet(t, data, []byte(`<worksheet><sheetData><row r="1048576"/></sheetData></worksheet>`)), "error.workbook.rows"},
		"a cell far out":      {withSheet(t, data, []byte(`<worksheet><sheetData><row r="1"><c r="XFD1"/></row></sheetData></worksheet>`)), "error.workbook.columns"},
		"macros":              {withPart(t, data, "xl/vbaProject.bin", 10), "error.workbook.macro"},
		"a column taken away": {edit(t, data, func(f *excelize.File) { put(t, f, b.Category, 1, "结果", "说明") }), "error.workbook.missing"},
		"too many rows":       {edit(t, data, func(f *excelize.File) { put(t, f, b.Category, maxRows+2, "结果", "无记录") }), "error.workbook.rows"},
	} {
		t.Run(name, func(t *testing.T) {
			in, err := b.Open(tt.data, b.all)
			var e *hedui.Error
			if in != nil || !errors.As(err, &e) || e.Kind != hedui.Invalid || e.Say.Key != tt.want || !errors.Is(err, ErrFile) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

// withPart adds a file of n zero bytes to a workbook.
func withPart(t testing.TB, data []byte, name string, n int) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.File {
		if err := w.Copy(f); err != nil {
			t.Fatal(err)
		}
	}
	part, err := w.Create(name)
	if err == nil {
		_, err = part.Write(make([]byte, n))
	}
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func bombed(t testing.TB, data []byte) []byte {
	return withPart(t, data, "xl/media/image1.png", maxOpened+1)
}

func TestAMarkedWorkbookSaysWhatBecameOfEachRowAndCanBeReadAgain(t *testing.T) {
	b := book(t, catalog.Land)
	data := edit(t, written(t, b), func(f *excelize.File) {
		put(t, f, b.Category, 2, "结果", "无记录")
		put(t, f, b.Category, 3, "姓名", "别人")
		put(t, f, b.Category, 3, "结果", "无记录")
	})
	for range 2 { // once more with what came back
		in, err := b.Open(data, b.all)
		if err != nil {
			t.Fatal(err)
		}
		data, err = in.Marked(map[int]hedui.Text{2: hedui.Say("workbook.taken"), 3: hedui.Say("workbook.not_taken")})
		if err := errors.Join(err, in.Close()); err != nil {
			t.Fatal(err)
		}
		f, err := excelize.OpenReader(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		rows, err := f.GetRows(sheetList)
		if err != nil {
			t.Fatal(err)
		}
		last := len(columnsOf(b.Category))
		if len(rows[0]) != last+1 || rows[0][last] != problemTitle || rows[1][last] != "已接收" || !strings.Contains(rows[2][last], "人员不符") || !strings.Contains(rows[2][last], "未接收") {
			t.Errorf("the last column says %v", rows)
		}
		_ = f.Close()
	}
}

// Whatever a clerk types into an exported workbook comes back as it was typed.
func TestARoundTripKeepsWhatWasTyped(t *testing.T) {
	b := book(t, catalog.Land)
	fields := slices.DeleteFunc(slices.Clone(b.Category.Fields), func(f catalog.Field) bool { return f.Type == catalog.Rows })
	data := written(t, b)
	rapid.Check(t, func(rt *rapid.T) {
		typed := map[string]string{}
		for _, f := range fields {
			if text := strings.TrimSpace(rapid.StringMatching(`[0-9A-Za-z一-龥＝=+@.,/ -]{0,12}`).Draw(rt, f.Key)); text != "" {
				typed[f.Key] = text
			}
		}
		filled := edit(t, data, func(f *excelize.File) {
			put(t, f, b.Category, 2, "结果", "有记录")
			for _, field := range fields {
				if typed[field.Key] != "" {
					put(t, f, b.Category, 2, titled(field), typed[field.Key])
				}
			}
		})
		items := opened(t, b, filled)
		if len(items) != 1 || len(items[0].Problems) > 0 {
			rt.Fatalf("got %v %v", items, items[0].Problems)
		}
		var got map[string]string
		if len(items[0].Entry.Records) > 0 {
			got = items[0].Entry.Records[0].Fields
		}
		if fmt.Sprint(got) != fmt.Sprint(typed) {
			rt.Fatalf("got %q, want %q", got, typed)
		}
	})
}

func FuzzOpen(f *testing.F) {
	b := book(f, catalog.Land)
	data := written(f, b)
	f.Add(data)
	f.Add(data[:100])
	f.Add(edit(f, data, func(x *excelize.File) { put(f, x, b.Category, 2, "结果", "无记录") }))
	f.Fuzz(func(t *testing.T, data []byte) {
		in, err := b.Open(data, b.all)
		if err != nil {
			if hedui.KindOf(err) != hedui.Invalid {
				t.Errorf("a bad file is %v", err)
			}
			return
		}
		if err := in.Close(); err != nil {
			t.Error(err)
		}
	})
}

// partOf reads one file within a workbook.
func partOf(t testing.TB, data []byte, name string) []byte {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := r.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// withSheet is a workbook whose list is other XML.
func withSheet(t testing.TB, data, sheet []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.File {
		if f.Name != sheetPart {
			err = errors.Join(err, w.Copy(f))
		}
	}
	part, err2 := w.CreateHeader(&zip.FileHeader{Name: sheetPart})
	if err2 == nil {
		_, err2 = part.Write(sheet)
	}
	if err := errors.Join(err, err2, w.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

const sheetPart = "xl/worksheets/sheet1.xml"

// Whatever stands in the list, it is read or refused, and what is read can be
// marked and read again.
func FuzzList(f *testing.F) {
	b := book(f, catalog.Land)
	b.Category.Fields = b.Category.Fields[:3]
	data := written(f, b)
	f.Add(partOf(f, data, sheetPart))
	f.Add(partOf(f, edit(f, data, func(x *excelize.File) { put(f, x, b.Category, 2, "结果", "无记录") }), sheetPart))
	f.Add([]byte(`<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1"><c r="A1" t="e"><v>#REF!</v></c></row><row r="1048576"><c r="XFD1048576"><f>A1</f><v>1E300</v></c></row></sheetData></worksheet>`))
	f.Add([]byte(`<!DOCTYPE x [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><worksheet><sheetData><row><c><v>&b;</v></c></row></sheetData></worksheet>`))
	f.Fuzz(func(t *testing.T, sheet []byte) {
		in, err := b.Open(withSheet(t, data, sheet), b.all)
		if err != nil {
			if hedui.KindOf(err) != hedui.Invalid {
				t.Errorf("a bad list is %v", err)
			}
			return
		}
		defer in.Close()
		for _, it := range in.Items {
			if len(it.Rows) == 0 {
				t.Errorf("item without a row: %v", it)
			}
			for _, p := range it.Problems {
				if p.Text() == "" || p.Row < 2 {
					t.Errorf("problem without place or text: %+v", p)
				}
			}
		}
	})
}
