package web

import (
	"net/url"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"hedui/internal/hedui"
)

// The fields of a form on a page are named as problems name them: "persons[1].id".
// So a problem finds its field, and nothing has to be translated twice.

// maxRows bounds what one page can make of a list.
const maxRows = hedui.MaxPersons + 1

var rowField = regexp.MustCompile(`^([a-z]+)\[(\d{1,2})\]\.`)

// formOf reads what was typed into the fields of a page. Whatever it is, it is kept;
// only rows beyond the longest list are left out.
func formOf(values url.Values) hedui.Form {
	var f hedui.Form
	rows := map[string]int{}
	for name := range values {
		if m := rowField.FindStringSubmatch(name); m != nil {
			if n, err := strconv.Atoi(m[2]); err == nil && n < maxRows {
				rows[m[1]] = max(rows[m[1]], n+1)
			}
		}
	}
	f.Persons, f.Income, f.Property = make([]hedui.FormPerson, rows["persons"]), make([]hedui.FormIncome, rows["income"]), make([]hedui.FormProperty, rows["property"])
	f.Spending, f.Consents = make([]hedui.FormSpending, rows["spending"]), make([]hedui.FormConsent, rows["consents"])
	for i := range f.Persons {
		f.Persons[i].Family = &hedui.FormFamily{}
	}
	eachField(reflect.ValueOf(&f).Elem(), "", func(name string, leaf reflect.Value) {
		text := values.Get(name)
		switch leaf.Kind() {
		case reflect.String:
			leaf.SetString(text)
		case reflect.Bool:
			leaf.SetBool(text != "")
		case reflect.Int:
			n, _ := strconv.Atoi(strings.TrimSpace(text)) // these are chosen from lists; nonsense is nothing chosen
			leaf.SetInt(int64(n))
		}
	})
	for i := range f.Persons {
		if *f.Persons[i].Family == (hedui.FormFamily{}) {
			f.Persons[i].Family = nil
		}
	}
	return f
}

// fieldsOf is what the fields of a page show of a form.
func fieldsOf(f hedui.Form) map[string]string {
	values := map[string]string{}
	eachField(reflect.ValueOf(&f).Elem(), "", func(name string, leaf reflect.Value) {
		switch leaf.Kind() {
		case reflect.String:
			values[name] = leaf.String()
		case reflect.Bool:
			if leaf.Bool() {
				values[name] = "on"
			}
		case reflect.Int:
			if leaf.Int() != 0 {
				values[name] = strconv.FormatInt(leaf.Int(), 10)
			}
		}
	})
	return values
}

// eachField visits every single value of a form with its name.
func eachField(v reflect.Value, name string, visit func(name string, leaf reflect.Value)) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			key, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			if name != "" {
				key = name + "." + key
			}
			eachField(v.Field(i), key, visit)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			eachField(v.Elem(), name, visit)
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Struct {
			for i := range v.Len() {
				eachField(v.Index(i), name+"["+strconv.Itoa(i)+"]", visit)
			}
		}
	default:
		visit(name, v)
	}
}
