package connector

import (
	"io"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// readXML reads the rows of a document: the elements at the end of a.rows. It is
// read as a whole, which its size bounds.
func (a *answerFile) readXML(in io.Reader, take func(int, map[string]any) *fault) *fault {
	raw := &textGuard{r: in, gb18030: a.gb18030}
	text, err := io.ReadAll(raw)
	if err != nil {
		return malformed("the answer cannot be read")
	}
	if say := raw.wrong(); say != "" {
		return malformed(say)
	}
	if a.gb18030 {
		if text, err = simplifiedchinese.GB18030.NewDecoder().Bytes(text); err != nil {
			return malformed("the answer is not GB 18030")
		}
	}
	if say := raw.unreadable(string(text)); say != "" {
		return malformed(say)
	}
	tree, err := parseXML(text)
	if err != nil {
		return malformed(err.Error())
	}
	if top, _ := tree.(map[string]any); top[a.rows[0]] == nil {
		return malformed("the document has another root element than answer.rows begins with")
	}
	n := 0
	return descend(tree, a.rows, func(row map[string]any) *fault {
		n++
		return take(n, row)
	})
}

// descend visits the elements at the end of names. The root must be there; that
// there are none below it is an answer without rows.
func descend(tree any, names []string, visit func(map[string]any) *fault) *fault {
	object, ok := tree.(map[string]any)
	if !ok { // a text, or an empty element
		if text, blank := plain(tree); blank && text == "" && len(names) > 0 {
			return nil
		}
		return malformed("a row or an element around it is a text")
	}
	if len(names) == 0 {
		return visit(object)
	}
	inner, ok := object[names[0]]
	if !ok {
		return nil
	}
	list, many := inner.([]any)
	if !many {
		list = []any{inner}
	}
	for _, one := range list {
		if f := descend(one, names[1:], visit); f != nil {
			return f
		}
	}
	return nil
}
