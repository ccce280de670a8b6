package checkup

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"hedui/day"
	"hedui/idcard"
	"hedui/internal/hedui"
	"hedui/source"
)

// A Person is somebody about whom a department may be asked to try an interface,
// and who says so: a synthetic person, or one whom the department names for trials.
type Person struct {
	source.Person
	StatedBy string
}

// A PersonError means that a file is not how a test person is written. It does not
// quote the file.
type PersonError struct {
	Line string // where it was noticed
}

// Error implements error.
func (e *PersonError) Error() string {
	return "checkup: line " + e.Line + " is not how a test person is written"
}

// ParsePerson reads the file of a test person: name, id, and stated_by.
func ParsePerson(text []byte) (Person, error) {
	var form struct {
		Name     string `yaml:"name"`
		ID       any    `yaml:"id"` // digits without quotes are a number to YAML
		StatedBy string `yaml:"stated_by"`
	}
	if err := yaml.UnmarshalWithOptions(text, &form, yaml.Strict()); err != nil { // its text would quote the file
		line := "?"
		var at yaml.Error
		if errors.As(err, &at) && at.GetToken() != nil {
			line = strconv.Itoa(at.GetToken().Position.Line)
		}
		return Person{}, &PersonError{line}
	}
	number, _ := form.ID.(string)
	if digits, ok := form.ID.(uint64); ok {
		number = strconv.FormatUint(digits, 10)
	}
	return MakePerson(form.Name, number, form.StatedBy)
}

// MakePerson checks what was given of a test person.
func MakePerson(name, number, statedBy string) (Person, error) {
	p := Person{source.Person{Name: strings.TrimSpace(name)}, strings.TrimSpace(statedBy)}
	var problems []hedui.Problem
	if p.Name == "" {
		problems = append(problems, hedui.Problem{Field: "name", Say: hedui.Say("problem.empty")})
	}
	id, err := idcard.Parse(number)
	var wrong *idcard.Error
	if errors.As(err, &wrong) {
		problems = append(problems, hedui.Problem{Field: "id", Say: hedui.Say("problem.id." + string(wrong.Reason))})
	}
	if p.ID = id; p.StatedBy == "" {
		problems = append(problems, hedui.Problem{Field: "stated_by", Say: hedui.Say("source.person.statement")})
	}
	return p, hedui.Problems(problems)
}

// nobodyName is a name that no test person has.
const nobodyName = "查无此人"

// Nobodies are persons who do not exist: no number was ever given with the code
// of a whole city, and whoever was born in 1911 would be past every age.
func Nobodies(near idcard.Number, n int) []source.Person {
	var list []source.Person
	for i := range n {
		born, _ := day.New(1911, time.March, 1+i)
		id, ok := idcard.Make(near.Division()[:4]+"00", born, 901+i)
		if ok && id != near {
			list = append(list, source.Person{Name: nobodyName, ID: id})
		}
	}
	return list
}
