package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"hedui/internal/checkup"
	"hedui/internal/hedui"
	"hedui/internal/lang"
)

// readTestPerson reads the file of a test person, "-" for standard input; without a file it asks.
func readTestPerson(path string, in io.Reader, s streams) (checkup.Person, error) {
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
		return checkup.Person{}, err
	}
	p, err := checkup.ParsePerson(text)
	var wrong *checkup.PersonError
	if errors.As(err, &wrong) {
		return p, hedui.Fail(hedui.Invalid, hedui.Say("source.person.form", path, wrong.Line), nil)
	}
	return p, err
}

// askTestPerson asks at the keyboard, a line each.
func askTestPerson(in io.Reader, s streams) (checkup.Person, error) {
	lines := bufio.NewScanner(in)
	var answers [3]string
	for i, key := range []string{"source.person.name", "source.person.id", "source.person.stated"} {
		fmt.Fprint(s.err, lang.Text(s.lang, key)+" ")
		if !lines.Scan() {
			return checkup.Person{}, hedui.Fail(hedui.Invalid, hedui.Say("source.person.missing"), lines.Err())
		}
		answers[i] = lines.Text()
	}
	return checkup.MakePerson(answers[0], answers[1], answers[2])
}
