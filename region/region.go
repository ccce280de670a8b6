// Package region knows the divisions of China by their codes, each with the time
// in which it held: GB/T 2260 from 1980 to 2019, and the local codes of Ningbo's
// new areas, which the standard does not know.
//
// Names, parents and successors are data, divisions.tsv; nothing is derived from a
// code but its level. Most dates are only as exact as the lists they were compared
// from, and what changed after April 2019 is missing; the head of the file tells
// both. So an unknown code is no proof of a mistake, and identity numbers are never
// refused for their division.
package region

import (
	"slices"
	"strings"

	"hedui/day"
)

// A Kind is the level of a division.
type Kind string

// The kinds of division.
const (
	KindProvince   Kind = "province"   // province, autonomous region, municipality, special administrative region
	KindPrefecture Kind = "prefecture" // city, prefecture, league
	KindCounty     Kind = "county"     // county, district, county-level city, banner
	KindLocal      Kind = "local"      // an area run like a county without a code in GB/T 2260
	KindOther      Kind = "other"      // a code in use that names no county: statistics, counters of municipal service
)

// A Division is one code in one span of time.
type Division struct {
	Code      string  // six digits
	Name      string  // without the names of its parents: 海曙区
	NameEn    string  // where Hedui prints it, else nothing
	Parent    string  // code of the prefecture, or of the province where there is none; nothing for a province
	Kind      Kind    // level
	From      day.Day // first day on which the row holds; zero if open
	Until     day.Day // first day on which it holds no more; zero if open
	Successor string  // code that took over most of the area on Until, where known
}

// ValidOn reports whether the row holds on the day.
func (d Division) ValidOn(on day.Day) bool {
	return !on.Before(d.From) && (d.Until.IsZero() || on.Before(d.Until))
}

// Lookup returns the division that has the code on the day.
func Lookup(code string, on day.Day) (Division, bool) {
	t := table()
	for _, d := range t.rows[code] {
		if d.ValidOn(on) {
			d.Parent = t.parent(code, on)
			return d, true
		}
	}
	return Division{}, false
}

// History returns every row of the code, oldest first, each with its last parent.
func History(code string) []Division {
	t := table()
	rows := slices.Clone(t.rows[code])
	for i := range rows {
		last := rows[i].Until.Add(-1)
		if rows[i].Until.IsZero() {
			last = t.last
		}
		rows[i].Parent = t.parent(code, last)
	}
	return rows
}

// Counties returns the divisions below a city on the day in the order of their
// codes: its counties, districts and county-level cities, then its local areas.
// For a province they are those that no city stands above, so all
// districts of a municipality such as Beijing.
func Counties(city string, on day.Day) []Division {
	var list, local []Division
	for _, code := range table().below[city] {
		switch d, ok := Lookup(code, on); {
		case !ok || d.Parent != city:
		case d.Kind == KindCounty:
			list = append(list, d)
		case d.Kind == KindLocal:
			local = append(local, d)
		}
	}
	return append(list, local...)
}

// Name returns the full name on the day, 浙江省宁波市海曙区, or nothing when the
// code is not valid then.
func Name(code string, on day.Day) string {
	var parts []string
	for code != "" {
		d, ok := Lookup(code, on)
		if !ok {
			break
		}
		parts = append(parts, d.Name)
		code = d.Parent
	}
	slices.Reverse(parts)
	return strings.Join(parts, "")
}

// Successor returns the division that on the day stands where the code stood
// before: the code itself while it is valid, else whatever took over from it, in
// as many steps as that took. It is false when the code is unknown, not yet
// valid, or its successor is not known.
func Successor(code string, on day.Day) (Division, bool) {
	for range 10 { // no chain is longer; a circle in the file must not hang
		if d, ok := Lookup(code, on); ok {
			return d, true
		}
		next := ""
		for _, d := range table().rows[code] {
			if !d.Until.IsZero() && !on.Before(d.Until) {
				next = d.Successor
			}
		}
		if next == "" {
			break
		}
		code = next
	}
	return Division{}, false
}
