package web

import (
	"reflect"
	"testing"
)

// What every page has is read by its frame: a field of the same name on a page would
// be taken for it.
func TestNoPageHidesItsFrame(t *testing.T) {
	fields := reflect.TypeFor[frame]()
	for _, page := range []any{casesPage{}, casePage{}, itemPage{}, correctionsPage{}, worklistPage{}, taskPage{}, ownPage{}, intakesPage{}, intakePage{},
		concernsPage{}, noticesPage{}, auditPage{}, sourcesPage{}, nodesPage{}, errorPage{}} {
		for i := range reflect.TypeOf(page).NumField() {
			f := reflect.TypeOf(page).Field(i)
			if _, hides := fields.FieldByName(f.Name); hides && !f.Anonymous {
				t.Errorf("%T hides %s of its frame", page, f.Name)
			}
			if f.Anonymous && f.Name != "frame" {
				for j := range f.Type.NumField() {
					if _, hides := fields.FieldByName(f.Type.Field(j).Name); hides {
						t.Errorf("%T hides %s of its frame", page, f.Type.Field(j).Name)
					}
				}
			}
		}
	}
}
