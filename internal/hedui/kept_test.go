package hedui

import (
	"testing"

	"hedui/day"
	"hedui/source"
)

func TestARegisterIsKeptByOneBodyAfterAnother(t *testing.T) {
	d := day.Must
	keepers := []source.Keeper{{Name: "地税局", Until: d("2018-06-15")}, {Name: "税务局", From: d("2018-06-15")}}
	tests := []struct {
		name        string
		register    Register
		keepers     []source.Keeper
		on          string
		want        string // "" = not asked
		wantEntries int
	}{
		{"before the change", Register{}, keepers, "2018-06-14", "地税局", 2},
		{"on the day of the change", Register{}, keepers, "2018-06-15", "税务局", 2},
		{"one body only", Register{}, nil, "2013-03-01", "某局", 1},
		{"the register's own days hold", Register{From: d("2019-01-01")}, keepers, "2018-12-31", "", 1},
		{"the register's own days hold at the end", Register{Until: d("2018-01-01")}, keepers, "2018-01-01", "", 1},
		{"a body that ends", Register{}, []source.Keeper{{Name: "地税局", Until: d("2018-06-15")}}, "2018-06-15", "", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := tt.register
			r.Category, r.Scope = "local_tax", "330200"
			list := r.Kept(source.Info{Name: "tax", Department: "某局", Keepers: tt.keepers})
			if len(list) != tt.wantEntries {
				t.Errorf("%d registers, want %d", len(list), tt.wantEntries)
			}
			got := ""
			for _, one := range list.For("local_tax", []string{"330203"}, d(tt.on)) {
				got += one.DepartmentOn(d(tt.on))
			}
			if got != tt.want {
				t.Errorf("asked of %q, want %q", got, tt.want)
			}
		})
	}
}
