package sim

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"hedui/catalog"
)

// deskList makes a workbook of persons as a node exports it.
func deskList(t testing.TB, persons ...[2]string) []byte {
	t.Helper()
	f := excelize.NewFile()
	titles := []string{"事项编号", "姓名", "身份证号", "结果", "数据截至日期", "答复人（岗位）"}
	land, _ := catalog.Get(catalog.Land)
	for _, field := range land.Fields {
		title := field.Name
		if field.Unit != "" {
			title += "（" + field.Unit + "）"
		}
		titles = append(titles, title)
	}
	rows := [][]string{titles}
	for _, p := range persons {
		rows = append(rows, []string{"ITEM", p[1], p[0]})
	}
	err := f.SetSheetName("Sheet1", worklistSheet)
	for i, row := range rows {
		err = errors.Join(err, f.SetSheetRow(worklistSheet, "A"+string(rune('1'+i)), &row))
	}
	out, err2 := f.WriteToBuffer()
	if err := errors.Join(err, err2, f.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// said reads a workbook: for each person column → text.
func said(t testing.TB, data []byte) []map[string]string {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := f.GetRows(worklistSheet)
	if err != nil {
		t.Fatal(err)
	}
	var list []map[string]string
	for _, cells := range rows[1:] {
		row := map[string]string{}
		for i, text := range cells {
			row[rows[0][i]] = text
		}
		list = append(list, row)
	}
	return list
}

func TestTheArchiveAnswersByItsClerk(t *testing.T) {
	c := build(t, Options{Instant: true, Seed: 4})
	county := func(id string) string {
		for i := range int32(c.Size()) {
			if c.number(i).Reveal() == id {
				return counties[c.homes[c.people[i].household].county].code
			}
		}
		t.Fatal("nobody with that number")
		return ""
	}
	home := county(chen)
	other := "330203"
	if home == other {
		other = "330212"
	}
	list := deskList(t, [2]string{chen, c.name(10)}, [2]string{chen, "张三丰"}, [2]string{wang, "王志强"})
	for _, tt := range []struct {
		county string
		want   []string
	}{{home, []string{"有记录", "身份存疑", "无记录"}}, {other, []string{"无记录", "身份存疑", "无记录"}}} {
		filled, err := c.FillWorklist(t.Context(), tt.county, list)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		rows := said(t, filled)
		for _, row := range rows {
			got = append(got, row["结果"])
			if row["数据截至日期"] == "" || row["答复人（岗位）"] == "" {
				t.Errorf("the clerk does not say as of when, or who answers: %v", row)
			}
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.county, got, tt.want)
		}
		if r := rows[0]; tt.county == home && (r["权利人身份证号"] != "330200510210001" || r["权利类型"] != "宅基地使用权" || r["土地用途"] != "农村宅基地" || r["份额（%）"] != "100%") {
			t.Errorf("the record: %v", r)
		}
		again, err := c.FillWorklist(t.Context(), tt.county, filled)
		if err != nil || len(said(t, again)) != 3 {
			t.Errorf("filled in twice: %v", err)
		}
	}
}

func TestAClerkCanBeAwayLateOrCareless(t *testing.T) {
	c := build(t, Options{Instant: true})
	list := deskList(t, [2]string{wang, "王志强"})
	for kind, want := range map[FaultKind]string{Down: "absent", Garbage: "spoilt", Slow: "", Flaky: ""} {
		if err := c.SetFault("land", Fault{Kind: kind, Delay: time.Millisecond}); err != nil {
			t.Fatal(err)
		}
		filled, err := c.FillWorklist(t.Context(), "330203", list)
		_, broken := excelize.OpenReader(bytes.NewReader(filled))
		got := ""
		switch {
		case errors.Is(err, ErrAbsent):
			got = "absent"
		case err == nil && broken != nil:
			got = "spoilt"
		case err != nil:
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", kind, got, want)
		}
	}
	if _, err := c.FillWorklist(t.Context(), "330203", []byte(strings.Repeat("x", 100))); err == nil {
		t.Error("a file that is no workbook is filled in")
	}
}
