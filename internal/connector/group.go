package connector

import (
	"strings"

	"hedui/source"
)

// fetching reports whether q comes back for an earlier answer.
func (c *Config) fetching(q source.Query) bool {
	return q.Token() != "" && (c.reading.later != nil || c.kind != "http")
}

func (c *Config) spec(q source.Query) request {
	if c.fetching(q) && c.reading.later != nil {
		return c.reading.later.fetch
	}
	return c.request
}

// group divides the queries at the given places into calls. Those in one call
// share what stands outside each and the token, and are about different persons.
func (c *Config) group(queries []source.Query, live []int) [][]int {
	var groups [][]int
	open := map[string]int{} // key of what is shared → group
	for _, i := range live {
		q := queries[i]
		if c.reading.persons == nil {
			groups = append(groups, []int{i})
			continue
		}
		key := c.sharedBy(q)
		g, ok := open[key]
		if !ok || len(groups[g]) >= c.info.Limits.Batch || hasPerson(queries, groups[g], q) {
			g, open[key] = len(groups), len(groups)
			groups = append(groups, nil)
		}
		groups[g] = append(groups[g], i)
	}
	return groups
}

func (c *Config) sharedBy(q source.Query) string {
	var parts []string
	value := personal(q, "")
	for _, t := range c.spec(q).shared {
		parts = append(parts, t.fill(value))
	}
	if c.fetching(q) {
		parts = append(parts, q.Token())
	}
	return strings.Join(parts, "\x00")
}

func hasPerson(queries []source.Query, group []int, q source.Query) bool {
	for _, i := range group {
		if queries[i].Person().ID == q.Person().ID || queries[i].ID() == q.ID() {
			return true
		}
	}
	return false
}
