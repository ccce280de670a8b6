package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/connector"
	"hedui/internal/hedui"
	"hedui/internal/lang"
)

// sourceCommands are for whoever joins a department: the department itself or
// the node. They need no node.
type sourceCommands struct {
	New    sourceNewCommand    `cmd:"" help:"Write a commented source file to begin with."`
	Check  sourceCheckCommand  `cmd:"" help:"Try a source file on its department and print a readiness sheet."`
	Verify sourceVerifyCommand `cmd:"" help:"Check the signature of a readiness sheet."`
}

type sourceNewCommand struct {
	Kind       string `arg:"" help:"How the department is reached; without a right one, all are listed."`
	Category   string `help:"Category of the catalogue: its fields are written with name, type, unit and codes, ready to be filled in."`
	Department string `help:"Name of the body that answers, in Chinese."`
	Out        string `short:"o" help:"File to write; it must not exist (default: standard output)."`
}

// Run writes the file and says what is to be filled in.
func (c *sourceNewCommand) Run(_ context.Context, s streams) error {
	example, known := connector.Example(c.Kind)
	if !known {
		return hedui.Fail(hedui.Invalid, hedui.Say("source.kind", strings.Join(connector.Kinds(), ", ")), nil)
	}
	text := string(example)
	if c.Category != "" {
		category, ok := catalog.Get(catalog.Code(c.Category))
		if !ok {
			return hedui.Fail(hedui.Invalid, hedui.Say("source.category", joinWords(codes())), nil)
		}
		owner, _ := category.OwnerOn(day.Of(time.Now()))
		text = replaceTop(text, "name", strings.ReplaceAll(c.Category, "_", "-"))
		text = replaceTop(text, "category", c.Category)
		text = replaceTop(text, "department", "某市"+owner.Name)
		if top("fields").MatchString(text) { // where people answer, the form is the catalogue's
			text = replaceBlock(text, "fields", draft{s.lang}.fields(category))
		}
	}
	if c.Department != "" {
		name := c.Department
		if strings.ContainsAny(name, "#:{}[],&*!|>'\"%@`\\") { // YAML would take it for something else
			name = strconv.Quote(name)
		}
		text = replaceTop(text, "department", name)
	}
	to := s.out
	if c.Out != "" {
		f, err := os.OpenFile(c.Out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			return hedui.Fail(hedui.Invalid, hedui.Say("source.exists", c.Out), nil)
		}
		if err != nil {
			return hedui.Fail(hedui.Invalid, hedui.Say("error.unreadable", c.Out), err)
		}
		defer f.Close()
		to = f
	}
	if _, err := fmt.Fprint(to, text); err != nil {
		return fmt.Errorf("source file: %w", err)
	}
	c.fill(s, text)
	return nil
}

func codes() []catalog.Code {
	var all []catalog.Code
	for _, c := range catalog.All() {
		all = append(all, c.Code)
	}
	return all
}

// made marks what an example has invented.
var made = regexp.MustCompile(`某|\.example\b|/etc/hedui/|/srv/`)

// fill says what is to be filled in: what the example has invented, and every
// field without a path.
func (c *sourceNewCommand) fill(s streams, text string) {
	name := cmp.Or(c.Out, lang.Text(s.lang, "source.stdout"))
	s.say(s.err, "source.written", name)
	for i, line := range strings.Split(text, "\n") {
		key, value, _ := strings.Cut(line, ":")
		if body, _, _ := strings.Cut(value, " #"); made.MatchString(body) && !strings.HasPrefix(strings.TrimSpace(line), "#") {
			s.say(s.err, "source.invented", strconv.Itoa(i+1), strings.TrimSpace(key), strings.TrimSpace(body))
		}
	}
	var file *connector.FileError
	_, err := connector.Load(name, []byte(text))
	if errors.As(err, &file) {
		first := file.Problems[0]
		s.say(s.err, "source.empty", strconv.Itoa(len(file.Problems)), strconv.Itoa(first.Line))
	}
	s.say(s.err, "source.then", cmp.Or(c.Out, "FILE"))
}

// top finds a key at the top of a file.
func top(key string) *regexp.Regexp {
	return regexp.MustCompile(`(?m)^` + key + `:[^\n#]*`)
}

// replaceTop gives a key at the top another value and leaves its comment.
func replaceTop(text, key, value string) string {
	at := top(key).FindStringIndex(text)
	if at == nil {
		return text
	}
	line := key + ": " + value
	if strings.HasPrefix(text[at[1]:], "#") {
		line = pad(line+" ", columnsOf(text[at[0]:at[1]]))
	}
	return text[:at[0]] + line + text[at[1]:]
}

// replaceBlock gives a key at the top another block.
func replaceBlock(text, key, block string) string {
	at := top(key).FindStringIndex(text)
	rest := text[at[1]:]
	end := len(rest)
	if next := regexp.MustCompile(`(?m)^[a-z_#]`).FindStringIndex(rest[1:]); next != nil {
		end = 1 + next[0]
	}
	return text[:at[0]] + block + rest[end:]
}

// draft writes fields that wait for their paths.
type draft struct{ lang lang.Lang }

func (d draft) fields(c catalog.Category) string {
	var b strings.Builder
	b.WriteString("fields:\n")
	for line := range strings.SplitSeq(lang.Text(d.lang, "source.fields"), "\n") {
		b.WriteString("  # " + line + "\n")
	}
	d.list(&b, c.Fields, "  ")
	return b.String()
}

func (d draft) list(b *strings.Builder, fields []catalog.Field, indent string) {
	for _, f := range fields {
		for _, line := range wrap(d.about(f), 110) {
			b.WriteString(indent + "# " + line + "\n")
		}
		b.WriteString(indent + f.Key + ":\n")
		if f.Type == catalog.Rows {
			b.WriteString(indent + "  at:\n" + indent + "  fields:\n")
			d.list(b, f.Fields, indent+"    ")
		}
	}
}

// about says what belongs into a field: names, type, unit, codes.
func (d draft) about(f catalog.Field) string {
	name := f.Name + " " + f.NameEn
	if f.Sensitivity >= catalog.Personal {
		name += "（" + lang.Text(d.lang, "source.sensitivity."+strconv.Itoa(f.Sensitivity)) + "）"
	}
	say := name + ": " + lang.Text(d.lang, "source.type."+string(f.Type))
	if f.Unit != "" && f.Type != catalog.Money && f.Type != catalog.Percent {
		say += ", " + f.Unit
	}
	list, ok := catalog.CodeList(f.List)
	if !ok {
		return say
	}
	var items []string
	for _, i := range list.Items {
		item := i.Code + "=" + i.Name
		if d.lang == lang.English {
			item = i.Code + "=" + i.NameEn
		}
		items = append(items, strings.ReplaceAll(item, " ", nbsp))
	}
	return say + " — " + strings.Join(items, ", ")
}

// nbsp is a blank at which no line is broken: one item of a list stays together.
const nbsp = "\u00a0"

// wrap breaks a text into lines of about width columns, Chinese counting double.
func wrap(text string, width int) []string {
	var lines []string
	line, columns := "", 0
	for word := range strings.SplitSeq(text, " ") {
		n := columnsOf(word)
		if line != "" && columns+1+n > width {
			lines, line, columns = append(lines, line), "", 0
		}
		if line != "" {
			line, columns = line+" ", columns+1
		}
		line, columns = line+word, columns+n
	}
	lines = append(lines, line)
	for i := range lines {
		lines[i] = strings.ReplaceAll(lines[i], nbsp, " ")
	}
	return lines
}

func columnsOf(text string) int {
	n := 0
	for _, r := range text {
		n++
		if r >= 0x2E80 {
			n++
		}
	}
	return n
}
