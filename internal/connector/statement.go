package connector

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"hedui/source"
)

// statement is an SQL text with placeholders. Values never become part of the
// text: each is a bound parameter in the style of the engine.
type statement template

// personHoles are the placeholders of all persons of a call, each a list of parameters.
var personHoles = []string{"ids", "ids15"}

// write returns the text for these queries and its parameters.
func (s statement) write(e engine, queries []source.Query) (string, []any) {
	var text strings.Builder
	var args []any
	bind := func(value any) {
		args = append(args, value)
		text.WriteString(e.parameter(len(args)))
	}
	for _, p := range s {
		switch p.hole {
		case "":
			text.WriteString(p.text)
		case "ids", "ids15":
			for i, number := range numbersOf(queries, p.hole) {
				if i > 0 {
					text.WriteString(", ")
				}
				bind(e.narrow(number))
			}
			if strings.HasSuffix(text.String(), "(") { // nobody has a 15-digit number
				text.WriteString("NULL")
			}
		default:
			bind(personal(queries[0], "")(p))
		}
	}
	return text.String(), args
}

// numbersOf lists how the persons may stand in the register. Many databases tell
// x from X, and registers hold both.
func numbersOf(queries []source.Query, hole string) []string {
	var all []string
	for _, q := range queries {
		id := q.Person().ID
		if hole == "ids15" {
			if short, ok := id.Short(); ok {
				all = append(all, short)
			}
			continue
		}
		long := id.Reveal()
		all = append(all, long)
		if before, ok := strings.CutSuffix(long, "X"); ok {
			all = append(all, before+"x")
		}
	}
	return all
}

// parameters is the largest number that a call about so many persons has.
func (s statement) parameters(persons int) int {
	n := 0
	for _, p := range s {
		switch {
		case p.hole == "ids":
			n += 2 * persons
		case p.hole == "ids15":
			n += persons
		case p.hole != "":
			n++
		}
	}
	return n
}

func (s statement) has(names ...string) bool { return template(s).has(names...) }

// Words that a query which only reads does not have. A view or a function may
// still write: what protects the department is an account that may only read.
var (
	writing = strings.Fields("insert update delete merge into drop alter create truncate grant revoke " +
		"call exec execute do set begin commit rollback lock copy attach detach pragma vacuum")
	wordForm = regexp.MustCompile(`[\p{L}_][\p{L}\p{N}_$#]*`)
	ownForm  = regexp.MustCompile(`\$|\?|@|(^|[^:]):[\p{L}\p{N}_]`)
)

// mark stands for a placeholder while a text is looked at.
const mark = "\x00"

var errQuoted = errors.New("a placeholder stands within quotes or a comment, where it is a part of the text; write it without them")

// parseStatement reads a text that is one query and nothing else.
func parseStatement(s string, allowed ...string) (statement, error) {
	t, err := parseTemplate(s)
	if err != nil {
		return nil, err
	}
	var plain strings.Builder
	for i, p := range t {
		switch {
		case p.hole == "":
			plain.WriteString(p.text)
			continue
		case !slices.Contains(allowed, p.hole) && len(allowed) == 0:
			return nil, fmt.Errorf("takes no placeholder, and {%s} stands in it", p.hole)
		case !slices.Contains(allowed, p.hole):
			return nil, fmt.Errorf("{%s} cannot stand here; a query takes {%s}", p.hole, strings.Join(allowed, "}, {"))
		case slices.Contains(personHoles, p.hole) && (i == 0 || !strings.HasSuffix(t[i-1].text, "(") ||
			i == len(t)-1 || !strings.HasPrefix(t[i+1].text, ")")):
			return nil, fmt.Errorf("{%s} is a list; write it as IN ({%s})", p.hole, p.hole)
		}
		plain.WriteString(mark)
	}
	if strings.Contains(s, mark) {
		return nil, errors.New("holds a character with the code 0")
	}
	code, err := bare(plain.String())
	if err != nil {
		return nil, err
	}
	return statement(t), onlyReads(code)
}

// onlyReads looks at a text without its quotes and comments.
func onlyReads(code string) error {
	code = strings.TrimSpace(code)
	words := wordForm.FindAllString(strings.ToLower(code), -1)
	if len(words) == 0 || words[0] != "select" && words[0] != "with" || !strings.HasPrefix(strings.ToLower(code), words[0]) {
		return errors.New("must begin with SELECT or WITH")
	}
	if strings.Contains(code, ";") {
		return errors.New("must be one statement, without semicolons")
	}
	for _, w := range words {
		if slices.Contains(writing, w) {
			return fmt.Errorf("holds %s; a query reads and does nothing else (a column of that name needs quotes)", strings.ToUpper(w))
		}
	}
	if ownForm.MatchString(code) {
		return errors.New("holds a parameter or variable of its own ($, ?, @ or :name); write {ids}, {ids15}, {from}, {to} or {purpose}")
	}
	return nil
}

// quotes are how a quoted part begins and ends.
var quotes = []struct {
	open, end string
	comment   bool
}{{"'", "'", false}, {`"`, `"`, false}, {"`", "`", false}, {"[", "]", false}, {"--", "\n", true}, {"/*", "*/", true}}

// bare cuts quoted texts, quoted names and comments out.
func bare(s string) (string, error) {
	var code strings.Builder
next:
	for s != "" {
		for _, q := range quotes {
			rest, found := strings.CutPrefix(s, q.open)
			if !found {
				continue
			}
			inside, after, ended := strings.Cut(rest, q.end)
			switch {
			case !ended && q.end != "\n":
				return "", fmt.Errorf("what begins with %s does not end", q.open)
			case strings.Contains(inside, mark):
				return "", errQuoted
			case q.comment && strings.HasPrefix(inside, "!"), q.comment && strings.HasPrefix(inside, "+"):
				return "", errors.New("holds a comment that is carried out; take it out")
			case !q.comment && strings.Contains(inside, `\`):
				return "", errors.New(`holds \ within quotes, which databases read differently; double a quote instead`)
			}
			code.WriteByte(' ')
			s = after
			continue next
		}
		code.WriteByte(s[0])
		s = s[1:]
	}
	return code.String(), nil
}
