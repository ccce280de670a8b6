package connector

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
	"pgregory.net/rapid"

	"hedui/catalog"
	"hedui/source"
)

// workbook makes a workbook of cells; a text that begins with = is a formula.
func workbook(t testing.TB, cells [][]any) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	for y, row := range cells {
		for x, v := range row {
			at, err := excelize.CoordinatesToCellName(x+1, y+1)
			if err != nil {
				t.Fatal(err)
			}
			if text, ok := v.(string); ok && strings.HasPrefix(text, "=") {
				err = f.SetCellFormula("Sheet1", at, text)
			} else {
				err = f.SetCellValue("Sheet1", at, v)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// part replaces one part of a workbook, or adds it.
func part(t testing.TB, body []byte, name, text string) []byte {
	t.Helper()
	in, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	out := zip.NewWriter(&b)
	put := func(name string, r io.Reader) {
		w, err := out.Create(name)
		if err == nil {
			_, err = io.Copy(w, r)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range in.File {
		if f.Name == name {
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		put(f.Name, r)
	}
	put(name, strings.NewReader(text))
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestBadWorkbooks(t *testing.T) {
	header := []any{"zjhm", "xm", "jg", "grzh", "ye"}
	of := func(id, balance any) [][]any {
		return [][]any{header, {id, "王小海", "1", "330200000001", balance}}
	}
	id := wang.ID.Reveal()
	good := workbook(t, of(id, 1234.5))
	const sheet1 = "xl/worksheets/sheet1.xml"
	tests := []struct {
		name string
		body []byte
		want string
		say  string
	}{
		{"good", good, "found", ""},
		{"empty cells at the end", workbook(t, append(of(id, "12"), []any{li.ID.Reveal(), "李鄞州", "0"})), "found", ""},
		{"a binary fraction", workbook(t, of(id, 0.1+0.2)), "found", ""},
		{"a number where a text should be", workbook(t, of(330200196805041019.0, 1)), "failed/malformed", "more than 15 digits"},
		{"a number turned into a text", workbook(t, of("3.30102E+17", 1)), "failed/malformed", "last digits are lost"},
		{"a formula", workbook(t, of(id, "=1+1")), "failed/malformed", "cell E2 holds a formula"},
		{"cut off", good[:len(good)/2], "failed/malformed", "cut off"},
		{"no workbook", []byte("zjhm,xm"), "failed/malformed", "no workbook"},
		{"nothing", nil, "failed/malformed", "no workbook"},
		{"a zip with something else", part(t, zipOf(t), "readme.txt", "x"), "failed/malformed", "workbook"},
		{"a sheet that breaks off", part(t, good, sheet1, `<worksheet><sheetData><row r="1"><c r="A1" t="str"><v>zjhm</v></c></row>`), "failed/malformed", "damaged"},
		{"a text that is not there", part(t, good, sheet1, `<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>99</v></c></row></sheetData></worksheet>`), "failed/malformed", "not there"},
		{"an error value", part(t, good, sheet1, `<worksheet><sheetData><row r="1"><c r="A1" t="e"><v>#REF!</v></c></row></sheetData></worksheet>`), "failed/malformed", "error value"},
		{"a bomb", part(t, good, sheet1, strings.Repeat(" ", 64<<20)), "failed/malformed", "many times as large"},
		{"a row far down", part(t, good, sheet1, `<worksheet><sheetData><row r="1048577"><c r="A1" t="str"><v>x</v></c></row></sheetData></worksheet>`), "failed/malformed", ""},
		{"a cell far out", part(t, good, sheet1, `<worksheet><sheetData><row r="1"><c r="XFD1" t="str"><v>x</v></c></row></sheetData></worksheet>`), "failed/malformed", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := newOffice(t, "answer:\n  format: csv\n  file: \"HD_{batch}_A.csv\"", "answer:\n  format: xlsx\n  file: \"HD_{batch}_A.xlsx\"")
			queries, batch := o.ask(t, wang)
			o.write(t, "from/HD_"+batch+"_A.ok", "")
			o.write(t, "from/HD_"+batch+"_A.xlsx", string(tt.body))
			answers, got := o.fetch(t, queries)
			if got != tt.want || !strings.Contains(o.log.String(), tt.say) || leaks(o.log.String()) {
				t.Errorf("got %s, want %s with %q\n%s", got, tt.want, tt.say, &o.log)
			}
			if tt.name == "a binary fraction" && answers[0].Records[0]["balance"] != "0.30" {
				t.Errorf("balance %q", answers[0].Records[0]["balance"])
			}
		})
	}
}

func zipOf(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := zip.NewWriter(&b).Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestFixedWidthAnswers(t *testing.T) {
	columns := `columns: [{name: zjhm, width: 18}, {name: xm, from: 20, width: 16}, {name: jg, width: 1}, {name: grzh, width: 12}, {name: ye, width: 10}]`
	fixed := []string{"answer:\n  format: csv", "answer:\n  format: fixed\n  charset: gb18030\n  trailer: \"T([0-9]+)\"\n  " + columns}
	line := func(p source.Person, code string) string {
		name, err := simplifiedchinese.GB18030.NewEncoder().String(p.Name)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%-18s %s%s%12s%10s\r\n", p.ID.Reveal(), name+strings.Repeat(" ", 16-len(name)), code, "330200000001", "1234.50")
	}
	for name, c := range map[string]struct{ body, want, say string }{
		"good":                         {line(wang, "1") + line(li, "0") + "T0000000002\r\n", "found none", ""},
		"a line that breaks off":       {line(wang, "1") + line(li, "0")[:30] + "\r\nT2\r\n", "failed/malformed failed/malformed", "row 2: it is shorter"},
		"a line that is too long":      {line(wang, "1") + strings.Replace(line(li, "0"), "\r", "x\r", 1) + "T2\r\n", "failed/malformed failed/malformed", "longer"},
		"a column that is moved":       {strings.Replace(line(wang, "1"), " ", "", 1) + line(li, "0") + "T2\r\n", "failed/malformed failed/malformed", "row 1"},
		"a line missing in the middle": {line(wang, "1") + "T2\r\n", "later later", ""},
		"UTF-8":                        {fmt.Sprintf("%-18s %s       0%12s%10s\r\nT1\r\n", li.ID.Reveal(), "李鄞州", "1", "1"), "failed/malformed failed/malformed", "answer.charset"},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, fixed...)
			queries, batch := o.ask(t, wang, li)
			o.write(t, "from/HD_"+batch+"_A.ok", "")
			o.write(t, "from/HD_"+batch+"_A.csv", c.body)
			if _, got := o.fetch(t, queries); got != c.want || !strings.Contains(o.log.String(), c.say) {
				t.Errorf("got %s, want %s with %q\n%s", got, c.want, c.say, &o.log)
			}
		})
	}
}

func TestXMLAnswers(t *testing.T) {
	pairs := []string{"answer:\n  format: csv", "answer:\n  format: xml\n  rows: ROWDATA/FAMILY/PEOPLE",
		"request:\n  format: csv", "request:\n  format: xml\n  rows: ROOT/FAMILY"}
	people := func(p source.Person, code string) string {
		return "<PEOPLE><zjhm>" + p.ID.Reveal() + "</zjhm><xm>" + p.Name + "</xm><jg>" + code + "</jg><grzh>330200000001</grzh><ye>1234.50</ye></PEOPLE>"
	}
	const bomb = `<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx"><!ENTITY y "&x;&x;&x;">]>`
	for name, c := range map[string]struct{ body, want string }{
		"two families":        {"<ROWDATA><FAMILY>" + people(wang, "1") + "</FAMILY><FAMILY>" + people(li, "0") + people(zeng, "1") + "</FAMILY></ROWDATA>", "found none"},
		"nobody":              {"<ROWDATA/>", "failed/incomplete failed/incomplete"},
		"another root":        {"<ROWS/>", "failed/malformed failed/malformed"},
		"cut off":             {"<ROWDATA><FAMILY>" + people(wang, "1"), "failed/malformed failed/malformed"},
		"a bomb":              {bomb + "<ROWDATA>&y;</ROWDATA>", "failed/malformed failed/malformed"},
		"a file of elsewhere": {`<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><ROWDATA><FAMILY>&x;</FAMILY></ROWDATA>`, "failed/malformed failed/malformed"},
		"a text":              {"<ROWDATA><FAMILY>x</FAMILY></ROWDATA>", "failed/malformed failed/malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, pairs...)
			queries, batch := o.ask(t, wang, li)
			o.write(t, "from/HD_"+batch+"_A.ok", "")
			o.write(t, "from/HD_"+batch+"_A.csv", c.body)
			if _, got := o.fetch(t, queries); got != c.want {
				t.Errorf("got %s, want %s\n%s", got, c.want, &o.log)
			}
		})
	}
}

// What is written into a request is read back as it was, in every format.
func TestRequestsAreReadBack(t *testing.T) {
	columns := func(width string) string {
		all := ""
		for _, c := range []string{"zjhm,{id},18", "xm,{name},120", "cxbh,{query},40", "sqsbh,{mandate},40"} {
			part := strings.Split(c, ",")
			all += fmt.Sprintf("    - {name: %s, value: %q%s}\n", part[0], part[1], map[bool]string{true: ", width: " + part[2]}[width != ""])
		}
		return all
	}
	forms := map[string]string{
		"csv":    "  format: csv\n  columns:\n" + columns(""),
		"csv gb": "  format: csv\n  charset: gb18030\n  separator: \"|\"\n  columns:\n" + columns(""),
		"fixed":  "  format: fixed\n  charset: gb18030\n  columns:\n" + columns("x"),
		"xlsx":   "  format: xlsx\n  columns:\n" + columns(""),
		"xml":    "  format: xml\n  rows: ROOT/FAMILY\n  columns:\n" + columns(""),
	}
	a, rest, _ := strings.Cut(fundYAML, "request:\n")
	_, b, _ := strings.Cut(rest, "answer:\n")
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			cfg := load(t, strings.ReplaceAll(a, "DIR", "/x")+"request:\n  file: \"HD_{batch}.x\"\n"+form+"answer:\n"+b, "")
			r := &cfg.files.request
			rapid.Check(t, func(rt *rapid.T) {
				names := rapid.SliceOfN(rapid.StringMatching(`[\p{Han}A-Za-z·"',<&|. 𠀀-𠀿]{1,12}[\p{Han}]`), 1, 6).Draw(rt, "names")
				var queries []source.Query
				var want []string
				for i, name := range names {
					p := source.Person{Name: strings.TrimFunc(name, blankRune), ID: all[i%len(all)].ID}
					q := query(t, p, fmt.Sprint("Q/", i), catalog.HousingFund)
					if r.unfit(q, now) != "" {
						continue
					}
					queries = append(queries, q)
					want = append(want, strings.Join([]string{p.ID.Reveal(), p.Name, q.ID(), q.MandateNumber()}, "\x00"))
				}
				body, err := r.write(queries, "B", now)
				if err != nil {
					rt.Fatal(err)
				}
				var got []string
				back := answerFile{sheet: r.sheet}
				f := back.read(bytes.NewReader(body), int64(len(body)), nil, func(_ int, row map[string]any) *fault {
					got = append(got, fmt.Sprintf("%s\x00%s\x00%s\x00%s", row["zjhm"], row["xm"], row["cxbh"], row["sqsbh"]))
					return nil
				}, func([]string) bool { return false })
				if f != nil || !slices.Equal(got, want) {
					rt.Fatalf("got %d rows (%v), want %d: %q and %q", len(got), f, len(want), got, want)
				}
			})
		})
	}
}

func fuzzRows(f *testing.F, sheet sheet, seeds ...string) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		a := answerFile{sheet: sheet}
		read := func() (rows []string, say string) {
			n := 0
			fault := a.read(bytes.NewReader(body), int64(len(body)), nil, func(row int, cells map[string]any) *fault {
				if row <= n {
					t.Fatalf("row %d after row %d", row, n)
				}
				n = row
				rows = append(rows, string(encode(cells)))
				return nil
			}, func([]string) bool { return false })
			if fault != nil {
				say = fault.say
			}
			return rows, say
		}
		rows, say := read()
		again, same := read()
		if !slices.Equal(rows, again) || say != same {
			t.Error("the same file was read differently the second time")
		}
		if say == "" && len(rows) > 0 && len(body) == 0 {
			t.Error("rows out of nothing")
		}
	})
}

func FuzzCSV(f *testing.F) {
	fuzzRows(f, sheet{format: "csv", separator: ',', header: true, gb18030: true}, "a,b\n1,2\n", "a\n\"x\ny\"\n", "\ufeffa\n1", "a,a\n", "a,b\n\xd6\xd0,\xce\xc4\n")
}

func FuzzFixed(f *testing.F) {
	fuzzRows(f, sheet{format: "fixed", gb18030: true, columns: []column{{name: "a", width: 3}, {name: "b", from: 4, width: 2}}}, "abc de\r\n", "abc", "\xd6\xd0a \xce\xc4\n")
}

func FuzzXLSX(f *testing.F) {
	good := workbook(f, [][]any{{"a", "b"}, {"1", 2.5}, {nil, "x"}})
	fuzzRows(f, sheet{format: "xlsx", header: true}, string(good), string(good[:100]), string(workbook(f, [][]any{{"a"}, {"=1+1"}})),
		string(part(f, good, "xl/worksheets/sheet1.xml", `<worksheet><sheetData><row r="5"><c r="C1" t="inlineStr"><is><t>x</t></is></c></row></sheetData></worksheet>`)))
}

func FuzzXMLRows(f *testing.F) {
	fuzzRows(f, sheet{format: "xml", rows: []string{"R", "P"}}, "<R><P><a>1</a></P></R>", "<R/>", "<R><P>x</P></R>")
}
