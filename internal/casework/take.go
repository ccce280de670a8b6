package casework

import (
	"context"
	"strings"

	"hedui/internal/hedui"
)

// Take does what an officer has chosen, see [hedui.Case.Actions], for the named
// reason where the action needs one. An unknown action is Invalid.
func (d *Desk) Take(ctx context.Context, o hedui.Officer, id, action, reason string) (*hedui.Case, error) {
	plain := map[string]func(context.Context, hedui.Officer, string) (*hedui.Case, error){
		"commission": d.Commission, "accept": d.Accept, "by_hand": d.ByHand, "finish": d.Finish, "review": d.Review, "seal": d.Seal,
		"deliver": d.Deliver, "archive": d.Archive, "resume": d.Resume,
	}
	reasoned := map[string]func(context.Context, hedui.Officer, string, hedui.Text) (*hedui.Case, error){
		"return": d.Return, "send_back": d.SendBack, "suspend": d.Suspend, "terminate": d.Terminate, "object": d.Object, "confirm": d.Confirm,
		"ask_again": func(ctx context.Context, o hedui.Officer, id string, why hedui.Text) (*hedui.Case, error) {
			return d.AskAgain(ctx, o, id, why, nil)
		},
	}
	if act, ok := plain[action]; ok {
		return act(ctx, o, id)
	}
	act, ok := reasoned[action]
	if !ok {
		return nil, hedui.Fail(hedui.Invalid, hedui.Say("error.act", action, strings.Join(hedui.ActionNames(), ", ")), nil)
	}
	why, err := hedui.ReasonFor(action, reason)
	if err != nil {
		return nil, err
	}
	return act(ctx, o, id, why)
}
