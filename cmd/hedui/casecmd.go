package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"hedui/day"
	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/lang"
)

// caseCommands work on cases of a node from the command line.
type caseCommands struct {
	Run     caseRunCommand     `cmd:"" help:"Take family forms from registration to the delivered report, each act by an officer of the configuration who has the right."`
	Act     caseActCommand     `cmd:"" help:"Do one act on a case: commission, accept, finish, review, seal, deliver, archive, resume; and with a reason return, suspend, terminate."`
	Decide  caseDecideCommand  `cmd:"" help:"Enter what the office has decided after its report. Hedui decides nothing."`
	Requery caseRequeryCommand `cmd:"" help:"Ask single cells of a case again, not more often than the place allows."`
	Paper   casePaperCommand   `cmd:"" help:"Print a paper of a case, or of a form: consent form, commission, one-time notice, notice of return, suspension or end, annex."`
	Publish casePublishCommand `cmd:"" help:"Print the public list of cases: masked names and numbers of members, nothing else."`
	Look    caseLookCommand    `cmd:"" help:"Where a case stands and what each register has answered, as JSON."`
	Notices caseNoticesCommand `cmd:"" help:"What has happened in your work since you last looked, the newest first, see docs/notices.md."`

	Consent consentCommands `cmd:"" help:"Consents of a case: list, withdraw, attach and fetch scans."`

	Explain     explainCommands    `cmd:"" help:"Items that the family has the right to explain, see docs/explanations.md."`
	Corrections correctionsCommand `cmd:"" help:"Requests to departments to correct a record, by department."`
	Correct     correctedCommand   `cmd:"" help:"Enter what a department has answered to a request."`
	Reminders   remindersCommand   `cmd:"" help:"What an officer should look at: corrected records, ended timers, missing consents."`
	Reminded    remindedCommand    `cmd:"" help:"Note that a reminder was seen to."`
}

type caseActCommand struct {
	nodeFlags
	ID  string `arg:"" help:"Id of the case."`
	Act string `arg:"" help:"What to do."`
	Why string `help:"Why a case is returned, suspended or terminated, see docs/papers.md."`
}

// Run does the act.
func (c *caseActCommand) Run(ctx context.Context, s streams) error {
	var answer caseAnswer
	if err := c.do(ctx, "case/act", caseArgs{ID: c.ID, Act: c.Act, Reason: c.Why}, &answer); err != nil {
		return err
	}
	s.say(s.out, "case.stands", answer.Number, lang.Text(s.lang, "stage."+string(answer.Stage)))
	return nil
}

type caseDecideCommand struct {
	nodeFlags
	ID      string `arg:"" help:"Id of the case."`
	Outcome string `required:"" help:"What was decided, such as granted or refused, see docs/decisions.md."`
	Ground  string `help:"Why, where the decision is against the family, such as income."`
	On      string `required:"" help:"The day of the decision, such as 2026-11-23."`
	Number  string `help:"Number of the written decision."`
}

// Run enters the decision.
func (c *caseDecideCommand) Run(ctx context.Context, s streams) error {
	on, err := day.Parse(c.On)
	if err != nil {
		return hedui.Problems([]hedui.Problem{{Field: "on", Say: hedui.Say("problem.day.form")}})
	}
	var answer caseAnswer
	told := hedui.Decision{Outcome: c.Outcome, Ground: c.Ground, On: on, Number: c.Number}
	if err := c.do(ctx, "case/decide", decideArgs{c.ID, told}, &answer); err != nil {
		return err
	}
	s.say(s.out, "case.decided", answer.Number)
	return nil
}

type caseLookCommand struct {
	nodeFlags
	ID string `arg:"" help:"Id of the case."`
}

// Run prints the case.
func (c *caseLookCommand) Run(ctx context.Context, s streams) error {
	var answer lookAnswer
	if err := c.do(ctx, "case/look", caseArgs{ID: c.ID}, &answer); err != nil {
		return err
	}
	return json.NewEncoder(s.out).Encode(answer)
}

type caseRunCommand struct {
	Config string        `help:"The node's configuration." default:"node.yaml" type:"path"`
	Forms  []string      `arg:"" name:"form" help:"Form files, see docs/form-file.md." type:"path"`
	Out    string        `help:"Directory for the reports." default:"." type:"path"`
	Wait   time.Duration `help:"How long to wait for answers before giving up; calling again goes on." default:"24h"`
}

// Run takes each form through, one after the other.
func (c *caseRunCommand) Run(ctx context.Context, s streams) error {
	forms, err := readFamilies(c.Forms, time.Now())
	if err != nil {
		return err
	}
	set, err := readSettings(c.Config, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.Wait)
	defer cancel()
	for _, f := range forms {
		r := &caseRun{ctx: ctx, config: c.Config, staff: set.staff}
		look, err := r.through(f.draftID(), f.form)
		if err != nil {
			return err
		}
		newest := look.Reports[len(look.Reports)-1]
		s.say(s.out, "case.done", look.Number, newest.Number, fmt.Sprint(newest.Version), lang.Text(s.lang, "conclusion."+newest.Conclusion))
		if err := r.save(c.Out, look.ID, newest.Version); err != nil {
			return err
		}
	}
	return nil
}

// caseRun is one case on its way.
type caseRun struct {
	ctx    context.Context //nolint:containedctx // of one run, from its beginning to its end
	config string
	staff  []hedui.Officer

	onlyRunning bool // where no process takes orders one will; nothing is done here
}

// steps say which act a stage calls for, and with which right.
var steps = map[hedui.Stage]struct {
	act   string
	right hedui.Right
}{
	hedui.Consented:    {"commission", hedui.CommissionCases},
	hedui.Commissioned: {"accept", hedui.AcceptCases},
	hedui.Summarised:   {"review", hedui.ReviewReports},
	hedui.Reviewed:     {"seal", hedui.SealReports},
	hedui.Issued:       {"deliver", hedui.CommissionCases},
}

// order has something done by the first officer with the right.
func (r *caseRun) order(right hedui.Right, name string, args, answer any) error {
	i := slices.IndexFunc(r.staff, func(o hedui.Officer) bool { return slices.Contains(o.Rights, right) })
	if i < 0 {
		return hedui.Fail(hedui.Forbidden, hedui.Say("error.nobody", string(right)), nil)
	}
	raw, err := json.Marshal(args)
	if err != nil {
		return err
	}
	o := order{Name: name, As: r.staff[i].ID, Args: raw}
	if !r.onlyRunning {
		return ask(r.ctx, r.config, o, answer)
	}
	body, err := askRunning(r.ctx, filepath.Dir(r.config), o)
	if errors.Is(err, errNotRunning) {
		return hedui.Fail(hedui.Unavailable, hedui.Say("error.control"), err)
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(body, answer)
}

// through takes a form from wherever its case stands to the delivered report. A
// node that is being started anew is waited for.
func (r *caseRun) through(draft string, form hedui.Form) (lookAnswer, error) {
	var look lookAnswer
	for {
		done, err := r.step(draft, form, &look)
		if done || err != nil && hedui.KindOf(err) != hedui.Unavailable && hedui.KindOf(err) != hedui.Conflict {
			return look, err
		}
		if stop := pause(r.ctx, 300*time.Millisecond); stop != nil {
			return look, hedui.Fail(hedui.Unavailable, hedui.Say("error.case.wait"), err)
		}
	}
}

func (r *caseRun) step(draft string, form hedui.Form, look *lookAnswer) (done bool, err error) {
	if look.ID == "" {
		var c caseAnswer
		err := r.order(hedui.OpenCases, "case/find", openArgs{draft, form}, &c)
		if err == nil && c.ID == "" {
			err = r.order(hedui.OpenCases, "case/open", openArgs{draft, form}, &c)
		}
		if err != nil {
			return false, err
		}
		look.ID = c.ID
	}
	if err := r.order(hedui.ReadCases, "case/look", caseArgs{ID: look.ID}, look); err != nil {
		return false, err
	}
	next, ok := steps[look.Stage]
	if !ok {
		return look.Stage == hedui.Delivered || look.Stage == hedui.Archived, nil
	}
	return false, r.order(next.right, "case/act", caseArgs{ID: look.ID, Act: next.act}, &caseAnswer{})
}

// save writes one copy of a report.
func (r *caseRun) save(dir, id string, version int) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("reports: %w", err)
	}
	for _, form := range []string{"json", "json.sig", "html", "pdf"} {
		var file casework.File
		if err := r.order(hedui.PrintReports, "case/download", caseArgs{ID: id, Version: version, Form: form}, &file); err != nil {
			return err
		}
		if err := writeWhole(filepath.Join(dir, file.Name), file.Body); err != nil {
			return fmt.Errorf("reports: %w", err)
		}
	}
	return nil
}
