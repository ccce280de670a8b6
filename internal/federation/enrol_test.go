package federation

import (
	"time"

	"hedui/exchange"
)

func knock(remote string, at time.Time) exchange.Incident {
	return exchange.Incident{At: at, Remote: remote, Reason: exchange.ReasonCode}
}
