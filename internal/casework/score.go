package casework

import (
	"context"

	"hedui/day"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
)

// scoreMonths is how many months a scorecard has, the present one included.
const scoreMonths = 12

// Scorecard tells those who answer for a source how it has done, by month, beside what
// it has promised: counts only. Looking at it is recorded, once for some minutes.
func (d *Desk) Scorecard(ctx context.Context, o hedui.Officer, name string) (hedui.Scorecard, error) {
	const verb = audit.StatisticsRead
	m, err := d.manualOf(o, name)
	if err != nil {
		return hedui.Scorecard{}, d.refused(ctx, o, "", verb, err)
	}
	at := d.Now()
	until := hedui.MonthOf(day.Of(at))
	period := hedui.Period{From: until.Add(1 - scoreMonths), Until: until}
	rule, err := hedui.StatRuleOn(day.Of(at))
	if err != nil {
		return hedui.Scorecard{}, err
	}
	var cells []hedui.ScoreCell
	var promises []hedui.SourcePromise
	err = d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if cells, err = tx.ScoreCells(ctx, name, period.From.First().Start(), at); err == nil {
			promises, err = tx.SourcePromises(ctx, name)
		}
		return err
	})
	if err != nil {
		return hedui.Scorecard{}, err
	}
	least := int64(rule.Least)
	if o.May(hedui.ReadCases, o.Division) == nil { // who may read the cases themselves sees the numbers as they are
		least = 1
	}
	card := hedui.MakeScorecard(cells, period, least)
	card.Source, card.Department, card.Promises = name, m.info.Department, promises
	if key := string(verb) + " " + name; d.looks.again(o.ID, key, at) {
		if err := d.remember(ctx, audit.New(at, o.ID, o.Office, verb, "", "scorecard "+name)); err != nil {
			d.looks.forget(o.ID, key)
			return hedui.Scorecard{}, err
		}
	}
	return card, nil
}
