package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"hedui/internal/hedui"
	"hedui/internal/sim"
	"hedui/internal/workbook"
)

// An archivist is the clerk of a county's land archive in the demo: an officer who
// exports the list, lets the simulated archive fill the workbook in, and imports it.
type archivist struct {
	city     *sim.City
	division string
	order    func(context.Context, order) ([]byte, error) // how the county's node takes orders
	trouble  func(error)                                  // hears what went wrong; the archivist tries again
}

// landSource is the source that an archivist answers for.
const landSource = "land"

// countyLiaison is the line of a county's configuration that names its archivist.
func countyLiaison(division string) string {
	return fmt.Sprintf("  - {id: %s, name: %s, office: %s, division: %q, roles: [%s], sources: [%s]}\n",
		liaison.ID, liaison.Name, liaison.Office, division, joinWords(liaison.Roles), landSource)
}

// archivist is that of one county.
func (t *tiers) archivist(n *tier) *archivist {
	return &archivist{city: t.city, division: n.division,
		order: func(ctx context.Context, o order) ([]byte, error) {
			answer, err := n.carryOut(ctx, o)
			if err != nil {
				return nil, err
			}
			return json.Marshal(answer)
		},
		trouble: func(err error) {
			t.log.WarnContext(context.Background(), "land archive of the demo", "node", n.name, "error", err)
		},
	}
}

// An archivist looks at the list every lookEvery; where something went wrong, or
// nobody was at the desk, less and less often.
const (
	lookEvery  = 100 * time.Millisecond
	lookSeldom = 2 * time.Second
)

// work answers what lies on the list until ctx ends.
func (a *archivist) work(ctx context.Context) error {
	for rest := lookEvery; pause(ctx, rest) == nil; {
		err := a.round(ctx)
		if rest = lookEvery; err == nil || ctx.Err() != nil {
			continue
		}
		rest = lookSeldom
		if !errors.Is(err, sim.ErrAbsent) && hedui.KindOf(err) != hedui.Unavailable {
			a.trouble(err)
		}
	}
	return nil
}

// round exports, has the workbook filled in, and imports it, if there is anything
// on the list.
func (a *archivist) round(ctx context.Context) error {
	var list listAnswer
	if err := a.do(ctx, "worklist/list", listArgs{Source: landSource}, &list); err != nil || len(list.Items) == 0 {
		return err
	}
	var out exportAnswer
	if err := a.do(ctx, "worklist/export", listArgs{Source: landSource}, &out); err != nil {
		return err
	}
	plain, _, err := workbook.Unlock(out.File.Body, []string{out.Password})
	if err != nil {
		return err
	}
	filled, err := a.city.FillWorklist(ctx, a.division, plain)
	if err != nil {
		return err
	}
	var in importAnswer
	if err := a.do(ctx, "worklist/import", listArgs{Source: landSource, File: filled}, &in); err != nil {
		return err
	}
	if in.Refused > 0 {
		return fmt.Errorf("%d item(s) of the workbook were not taken: %s", in.Refused, in.Problems[0].Say.Key)
	}
	return nil
}

func (a *archivist) do(ctx context.Context, name string, args, answer any) error {
	raw, err := json.Marshal(args)
	if err != nil {
		return err
	}
	body, err := a.order(ctx, order{Name: name, As: liaison.ID, Args: raw})
	if err != nil {
		return err
	}
	return json.Unmarshal(body, answer)
}
