package sim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"hedui/catalog"
)

// ErrAbsent means that the clerk who should fill in a worklist is not there, as a
// fault of the land archive says.
var ErrAbsent = errors.New("sim: the clerk is not at the desk")

// worklistSheet is the sheet that a clerk fills in.
const worklistSheet = "填报"

// FillWorklist lets the clerk of a county's land archive fill in a workbook of open
// items, after a while: whoever stands in the register with number and name gets a
// record, another name is a doubt about the identity, nobody else has any. The
// archive of one county knows only who lives there. The clerk writes as the
// archive does: 15-digit numbers and strokes between year, month and day. Rows that
// are filled in already stay.
func (c *City) FillWorklist(ctx context.Context, county string, data []byte) ([]byte, error) {
	c.counts.call(catalog.Land)
	spoilt, err := c.atDesk(ctx)
	if err != nil {
		return nil, err
	}
	f, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("sim: worklist: %w", err)
	}
	defer f.Close()
	rows, err := f.GetRows(worklistSheet)
	if err != nil || len(rows) == 0 {
		return nil, errors.Join(errors.New("sim: worklist: no list in the workbook"), err)
	}
	s := &deskSheet{f: f, titles: rows[0], next: len(rows) + 1}
	for i, cells := range rows[1:] {
		if id, name := s.text(cells, "身份证号"), s.text(cells, "姓名"); id != "" && s.text(cells, "结果") == "" {
			c.fillRow(s, county, i+2, id, name)
		}
	}
	out, err := f.WriteToBuffer()
	if err := errors.Join(append(s.errs, err)...); err != nil {
		return nil, fmt.Errorf("sim: worklist: %w", err)
	}
	if spoilt {
		return out.Bytes()[:out.Len()/2], nil
	}
	return out.Bytes(), nil
}

// atDesk takes the time that looking takes. A fault keeps the clerk away, makes
// the clerk slow, or spoils the workbook.
func (c *City) atDesk(ctx context.Context) (spoilt bool, err error) {
	fault, n := c.faults.current("land", catalog.Land, time.Now())
	every := fault.Every
	if every == 0 {
		every = 3
	}
	delay := archive
	if c.opts.Instant {
		delay = 0
	}
	switch {
	case fault.Kind == Down, fault.Kind == Flaky && n%every == 0:
		return false, ErrAbsent
	case fault.Kind == Slow && fault.Delay == 0:
		delay += 3 * time.Second
	case fault.Kind == Slow:
		delay += fault.Delay
	}
	if !wait(ctx, delay) {
		return false, ctx.Err()
	}
	return fault.Kind == Garbage, nil
}

// fillRow answers for one person.
func (c *City) fillRow(s *deskSheet, county string, row int, id, name string) {
	i, m := c.search(catalog.Land, id, name)
	if m == unreadable {
		return // left for somebody who can read it
	}
	var records []object
	result := "无记录"
	switch {
	case m == misnamed:
		result = "身份存疑"
	case m == matched && counties[c.homes[c.people[i].household].county].code == county:
		if records = c.landRows(i); len(records) > 0 {
			result = "有记录"
		}
	}
	s.put(row, "结果", result)
	s.put(row, "数据截至日期", write(c.today().Add(1-c.today().Dom()), slashed))
	s.put(row, "答复人（岗位）", "不动产登记档案岗（模拟）")
	for n, r := range records {
		if n > 0 {
			row = s.next
			s.next++
			s.put(row, "身份证号", id)
		}
		s.record(row, r)
	}
}

// landTitles are the columns in which a clerk writes what the archive's entry says.
var landTitles = map[string]string{"qlr": "权利人", "qlrzjh": "权利人身份证号", "tdzh": "土地证号", "zl": "坐落", "zdh": "宗地号",
	"mj": "面积（m²）", "qdrq": "取得日期", "diya": "是否抵押", "chafeng": "是否查封"}

func (s *deskSheet) record(row int, r object) {
	for key, title := range landTitles {
		s.put(row, title, r.text(key))
	}
	s.put(row, "份额（%）", strconv.FormatFloat(100*float64(r["fe"].(int)), 'f', -1, 64)+"%")
	list, _ := catalog.CodeList("land_use")
	use, _, _ := list.Name(r.text("tdyt"))
	s.put(row, "土地用途", use)
	list, _ = catalog.CodeList("land_right_type")
	code := map[string]string{"宅基地使用权": "homestead", "国有出让": "state_granted"}[r.text("qllx")]
	right, _, _ := list.Name(code)
	s.put(row, "权利类型", right)
}

// deskSheet is the workbook on the clerk's desk.
type deskSheet struct {
	f      *excelize.File
	titles []string
	next   int // first row below the list
	errs   []error
}

func (s *deskSheet) text(cells []string, title string) string {
	if i := slices.Index(s.titles, title); i >= 0 && i < len(cells) {
		return strings.TrimSpace(cells[i])
	}
	return ""
}

func (s *deskSheet) put(row int, title, text string) {
	i := slices.Index(s.titles, title)
	if i < 0 {
		s.errs = append(s.errs, fmt.Errorf("no column %s", title))
		return
	}
	name, err := excelize.CoordinatesToCellName(i+1, row)
	if text != "" && err == nil {
		err = s.f.SetCellStr(worklistSheet, name, text)
	}
	if err != nil {
		s.errs = append(s.errs, err)
	}
}
