package connector

import (
	"context"
	"log/slog"
)

// note tells the operator what a person should look at in answers that were read:
// codes that neither the mapping nor the catalogue knows, which are kept as they
// came, and records that the filter has left out. Nothing in a line leads to a
// person: it names source and field, and a code only if the catalogue lets it out.
func (s *site) note(ctx context.Context, results []result) {
	type unknown struct{ field, code string }
	counts, left := map[unknown]int{}, 0
	var order []unknown
	for _, r := range results {
		left += r.left
		for _, record := range r.answer.Records {
			for _, f := range record.UnknownCodes(s.cfg.category) {
				u := unknown{f.Field, f.Value}
				if len(u.code) > maxCode {
					u.code = ""
				}
				if counts[u]++; counts[u] == 1 {
					order = append(order, u)
				}
			}
		}
	}
	for _, u := range order {
		s.log.LogAttrs(ctx, slog.LevelWarn, "source code not known", slog.String("source", s.cfg.info.Name),
			slog.String("field", u.field), slog.String("code", u.code), slog.Int("count", counts[u]))
	}
	if left > 0 {
		s.log.LogAttrs(ctx, slog.LevelInfo, "source records left out", slog.String("source", s.cfg.info.Name), slog.Int("count", left))
	}
}

// maxCode is the longest code that is logged.
const maxCode = 20
