package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"

	"hedui/day"
	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/report"
)

// cityDivision is Ningbo, the city of the demo.
const cityDivision = "330200"

const demoIssuer = "宁波市居民家庭经济状况核对中心（演示）"

// The officers of the demo. Each does one job, because the case demands it.
var (
	clerk        = demoOfficer("clerk", "街道经办（演示）", "街道社会救助窗口", hedui.ClerkRole)
	commissioner = demoOfficer("commissioner", "民政委托（演示）", "县级民政部门", hedui.CommissionerRole)
	receiver     = demoOfficer("receiver", "中心受理（演示）", demoIssuer, hedui.ReceiverRole, hedui.VerifierRole)
	reviewer     = demoOfficer("reviewer", "中心审核（演示）", demoIssuer, hedui.ReviewerRole)
	signer       = demoOfficer("signer", "中心签发（演示）", demoIssuer, hedui.SignerRole)
	reader       = demoOfficer("reader", "中心负责人（演示）", demoIssuer, hedui.ManagerRole)
	statistician = demoOfficer("statistician", "统计（演示）", demoIssuer, hedui.StatisticianRole)
	operator     = demoOfficer("operator", "系统管理（演示）", demoIssuer, hedui.SystemAdminRole)
	security     = demoOfficer("security", "安全管理（演示）", demoIssuer, hedui.SecurityAdminRole)
	auditor      = demoOfficer("auditor", "安全审计（演示）", demoIssuer, hedui.AuditAdminRole)
	liaison      = demoOfficer("liaison", "档案岗（演示）", "区县不动产登记档案", hedui.LiaisonRole) // of a county, see countyLiaison
)

// demoStaff is everybody who acts in the demo.
func demoStaff() []hedui.Officer {
	return []hedui.Officer{clerk, commissioner, receiver, reviewer, signer, reader, statistician, operator, security, auditor}
}

func demoOfficer(id, name, office string, roles ...hedui.OfficerRole) hedui.Officer {
	m := hedui.StaffMember{ID: id, Name: name, Office: office, Division: cityDivision, State: hedui.OfficerActive, Roles: roles}
	o, err := m.Officer(day.Of(time.Now()))
	if err != nil {
		panic(err) // the table of rights is part of the program
	}
	return o
}

// story takes families through every stage and tells of it.
type story struct {
	streams
	account  io.Writer
	tiers    *tiers
	families []family
	once     bool

	mu       sync.Mutex
	chapters []chapter
}

// chapter is what became of one family.
type chapter struct {
	family  family
	node    *node
	view    casework.View
	files   map[string]string // form → path
	said    report.Content    // what the sealed report of that version says
	seconds float64
}

// tell takes all families on at once, as counters do, and returns when each has
// its report. Where the demo goes on, supplements are reviewed and sealed too.
func (s *story) tell(ctx context.Context) error {
	s.chapters = make([]chapter, len(s.families))
	errs := make([]error, len(s.families))
	var all sync.WaitGroup
	for i, f := range s.families {
		all.Go(func() {
			begun := time.Now()
			id, fresh, err := s.find(ctx, f)
			if err == nil {
				err = s.advance(ctx, f, id)
			}
			if err == nil {
				err = s.close(ctx, i, f, id, time.Since(begun), fresh)
			}
			errs[i] = err
			if err == nil && !s.once {
				go s.follow(ctx, i, f, id)
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// find returns the family's case: the newest one, as after a restart, or a new
// one, which is fresh.
func (s *story) find(ctx context.Context, f family) (id string, fresh bool, err error) {
	id, err = s.tiers.of(f).desk.CaseOf(ctx, clerk, f.form)
	if err != nil || id != "" {
		if id != "" {
			s.tellStep(f, "demo.found")
		}
		return id, false, err
	}
	c, err := s.tiers.of(f).desk.Register(ctx, clerk, f.draftID(), f.form)
	var problems *hedui.Error
	if errors.As(err, &problems) {
		problems.Problems = f.locate(problems.Problems)
	}
	if err != nil {
		return "", false, err
	}
	s.tellStep(f, "demo.registered", c.Number, strconv.Itoa(len(c.Persons)))
	return c.ID, true, nil
}

// advance takes a case on from wherever it stands until its report is delivered.
func (s *story) advance(ctx context.Context, f family, id string) error {
	for {
		stage, err := s.tiers.of(f).desk.Stage(ctx, id)
		if err != nil {
			return err
		}
		if done, err := s.step(ctx, f, id, stage); err != nil || done {
			return err
		}
	}
}

// step does what the stage of a case calls for.
func (s *story) step(ctx context.Context, f family, id string, stage hedui.Stage) (done bool, err error) {
	desk := s.tiers.of(f).desk
	var c *hedui.Case
	switch stage {
	case hedui.Consented:
		if c, err = desk.Commission(ctx, commissioner, id); err == nil {
			s.tellStep(f, "demo.commissioned", c.Commission)
		}
	case hedui.Commissioned:
		if c, err = desk.Accept(ctx, receiver, id); err == nil {
			s.tellStep(f, "demo.accepted", strconv.Itoa(len(c.Plan(c.AcceptedAt, c.Round, nil, desk.Registers))), c.DueAt.In(day.Beijing).Format(time.DateTime))
		}
	case hedui.Dispatched, hedui.Collecting:
		_, err = desk.Await(ctx, id, func(now hedui.Stage) bool { return now != hedui.Dispatched && now != hedui.Collecting })
	case hedui.Summarised:
		if _, err = desk.Review(ctx, reviewer, id); err == nil {
			s.tellStep(f, "demo.reviewed")
		}
	case hedui.Reviewed:
		if c, err = desk.Seal(ctx, signer, id); err == nil {
			s.tellStep(f, "demo.sealed", strconv.Itoa(c.Version))
		}
	case hedui.Issued:
		if _, err = desk.Deliver(ctx, commissioner, id); err == nil {
			s.tellStep(f, "demo.delivered")
		}
	case hedui.Delivered, hedui.Rechecked, hedui.Archived:
		return true, nil
	default:
		return true, hedui.Fail(hedui.Conflict, hedui.Say("error.halted", f.title(), lang.Text(s.lang, "stage."+string(stage))), nil)
	}
	if hedui.KindOf(err) == hedui.Conflict { // an answer came in between: look again
		return false, nil
	}
	return false, err
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// follow reviews and seals supplements for as long as the demo runs.
func (s *story) follow(ctx context.Context, i int, f family, id string) {
	for pause(ctx, 500*time.Millisecond) == nil {
		stage, err := s.tiers.of(f).desk.Stage(ctx, id)
		if err != nil || stage == hedui.Delivered {
			continue
		}
		s.tellStep(f, "demo.late")
		begun := time.Now()
		if err = s.advance(ctx, f, id); err == nil {
			err = s.close(ctx, i, f, id, time.Since(begun), false)
		}
		if err != nil && ctx.Err() == nil {
			s.explain(err)
			return
		}
	}
}

func (s *story) tellStep(f family, key string, args ...string) {
	fmt.Fprintf(s.account, "%-6s %s\n", f.title(), lang.Text(s.lang, key, args...))
}
