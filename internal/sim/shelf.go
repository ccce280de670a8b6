package sim

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// A dialect is in what databases differ when they are filled.
type dialect struct {
	types     [4]string // by kind of column
	parameter func(n int) string
	sleep     string // a condition that takes so many seconds and holds
	replace   string // how a view is made where there is one already
}

func question(int) string { return "?" }

var dialects = map[string]dialect{
	"sqlite": {
		types: [...]string{asText: "TEXT", asDay: "TEXT", asAmount: "TEXT", asCount: "INTEGER"}, parameter: question,
		replace: "DROP VIEW IF EXISTS %[1]s; CREATE VIEW %[1]s",
	},
	"postgres": {
		types:     [...]string{asText: "VARCHAR(120)", asDay: "DATE", asAmount: "NUMERIC(18,6)", asCount: "INTEGER"},
		parameter: func(n int) string { return "$" + strconv.Itoa(n) },
		sleep:     "pg_sleep(%.3f) IS NOT NULL", replace: "DROP VIEW IF EXISTS %[1]s; CREATE VIEW %[1]s",
	},
	"mariadb": {
		types: [...]string{asText: "VARCHAR(120)", asDay: "DATE", asAmount: "DECIMAL(18,6)", asCount: "INTEGER"}, parameter: question,
		sleep: "sleep(%.3f) = 0", replace: "CREATE OR REPLACE VIEW %[1]s",
	},
}

// create makes the table behind the view.
func (d dialect) create(table string, r *register) string {
	var columns []string
	for _, c := range r.columns {
		columns = append(columns, c.name+" "+d.types[c.kind])
	}
	return "CREATE TABLE " + table + " (" + strings.Join(columns, ", ") + ")"
}

// views makes what others may read: the register, and of when it is.
func (d dialect) views(table string, r *register, f Fault) []string {
	var columns []string
	for _, c := range r.columns {
		if f.Kind != Garbage || c.name != r.lacks {
			columns = append(columns, c.name)
		}
	}
	when := ""
	if f.Kind == Slow && d.sleep != "" {
		when = " WHERE " + fmt.Sprintf(d.sleep, f.Delay.Seconds())
	}
	return []string{ // in the order in which they are read, so that nobody waits crosswise
		fmt.Sprintf(d.replace, "v_gxjl") + " AS SELECT sjrq FROM t_gxjl" + when,
		fmt.Sprintf(d.replace, "v_"+r.name) + " AS SELECT " + strings.Join(columns, ", ") + " FROM " + table,
	}
}

// checkFrontEnd looks at an address of [Options.FrontEnds]. It is not told: it may
// hold a password.
func checkFrontEnd(department, address string) error {
	var known []string
	for _, d := range departments() {
		if d.front == nil {
			continue
		}
		known = append(known, d.id)
		if d.id != department {
			continue
		}
		u, err := url.Parse(address)
		if err != nil || u.Host == "" || u.User == nil || dialects[u.Scheme].sleep == "" {
			return fmt.Errorf("sim: front-end database of %s: want mariadb://user:password@host:port or postgres://user:password@host:port/database", department)
		}
		return nil
	}
	return fmt.Errorf("sim: %q has no front-end database: it is one of %s", department, strings.Join(known, ", "))
}

// openShelf makes the database of a department, empty.
func (c *City) openShelf(ctx context.Context, d department) (shelf, error) {
	if address := c.opts.FrontEnds[d.id]; address != "" {
		return openServer(ctx, d, address, c.opts.Listen)
	}
	if c.dir == "" {
		var err error
		if c.dir, err = os.MkdirTemp("", "hedui-qzk-"); err != nil {
			return nil, err
		}
	}
	return openFile(ctx, d, c.dir)
}

// closing is how long the end may take.
const closing = 10 * time.Second
