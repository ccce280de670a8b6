package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"hedui/day"
	"hedui/idcard"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/source"
)

// A testPerson is somebody about whom a department may be asked to try an
// interface, and who says so. Name and number come from a file or the keyboard
// and never from the command line, which shells and process lists remember.
type testPerson struct {
	source.Person
	statedBy string
}

// readTestPerson reads the file, "-" for standard input; without a file it asks.
func readTestPerson(path string, in io.Reader, s streams) (testPerson, error) {
	if path == "" {
		return askTestPerson(in, s)
	}
	var text []byte
	var err error
	if path == "-" {
		text, err = io.ReadAll(io.LimitReader(in, maxForm))
	} else {
		text, err = readBounded(path, maxForm)
		if info, statErr := os.Stat(path); statErr == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
			s.say(s.err, "source.person.open", path)
		}
	}
	if err != nil {
		return testPerson{}, err
	}
	var form struct {
		Name     string `yaml:"name"`
		ID       any    `yaml:"id"` // digits without quotes are a number to YAML
		StatedBy string `yaml:"stated_by"`
	}
	if err := yaml.UnmarshalWithOptions(text, &form, yaml.Strict()); err != nil { // its text would quote the file
		line := "?"
		var at yaml.Error
		if errors.As(err, &at) && at.GetToken() != nil {
			line = fmt.Sprint(at.GetToken().Position.Line)
		}
		return testPerson{}, hedui.Fail(hedui.Invalid, hedui.Say("source.person.form", path, line), nil)
	}
	number, _ := form.ID.(string)
	if digits, ok := form.ID.(uint64); ok {
		number = strconv.FormatUint(digits, 10)
	}
	return makeTestPerson(form.Name, number, form.StatedBy)
}

// askTestPerson asks at the keyboard, a line each.
func askTestPerson(in io.Reader, s streams) (testPerson, error) {
	lines := bufio.NewScanner(in)
	var answers [3]string
	for i, key := range []string{"source.person.name", "source.person.id", "source.person.stated"} {
		fmt.Fprint(s.err, lang.Text(s.lang, key)+" ")
		if !lines.Scan() {
			return testPerson{}, hedui.Fail(hedui.Invalid, hedui.Say("source.person.missing"), lines.Err())
		}
		answers[i] = lines.Text()
	}
	return makeTestPerson(answers[0], answers[1], answers[2])
}

func makeTestPerson(name, number, statedBy string) (testPerson, error) {
	p := testPerson{source.Person{Name: strings.TrimSpace(name)}, strings.TrimSpace(statedBy)}
	var problems []hedui.Problem
	if p.Name == "" {
		problems = append(problems, hedui.Problem{Field: "name", Say: hedui.Say("problem.empty")})
	}
	id, err := idcard.Parse(number)
	var wrong *idcard.Error
	if errors.As(err, &wrong) {
		problems = append(problems, hedui.Problem{Field: "id", Say: hedui.Say("problem.id." + string(wrong.Reason))})
	}
	if p.ID = id; p.statedBy == "" {
		problems = append(problems, hedui.Problem{Field: "stated_by", Say: hedui.Say("source.person.statement")})
	}
	return p, hedui.Problems(problems)
}

// nobodyName is a name that no test person has.
const nobodyName = "查无此人"

// nobodies are persons who do not exist: no number was ever given with the code
// of a whole city, and whoever was born in 1911 would be past every age.
func nobodies(near idcard.Number, n int) []source.Person {
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
