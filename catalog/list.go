package catalog

import "slices"

// A List is a code list: a national standard where there is one, else Hedui's
// own with plain words as codes. Departments' codes are translated into it.
type List struct {
	ID      string `yaml:"id"` // as in [Field.List]
	Title   string `yaml:"title"`
	TitleEn string `yaml:"title_en"`
	Source  string `yaml:"source"` // the standard, or "hedui" for our own
	Items   []Item `yaml:"items"`
}

// An Item is one code of a list.
type Item struct {
	Code   string `yaml:"code"`
	Name   string `yaml:"name"`
	NameEn string `yaml:"name_en"`
}

// CodeList returns the list with the id, such as "sex".
func CodeList(id string) (List, bool) {
	lists := embedded().lists
	i := slices.IndexFunc(lists, func(l List) bool { return l.ID == id })
	if i < 0 {
		return List{}, false
	}
	return lists[i], true
}

// CodeLists returns all lists. They are shared: do not change them.
func CodeLists() []List { return slices.Clone(embedded().lists) }

// Name returns what the code stands for in Chinese and in English.
func (l List) Name(code string) (zh, en string, ok bool) {
	for _, item := range l.Items {
		if item.Code == code {
			return item.Name, item.NameEn, true
		}
	}
	return "", "", false
}
