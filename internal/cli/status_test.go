package cli

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/app"
	"vigil.example/internal/desk"
)

func TestStatusNamesWhoIsMissing(t *testing.T) {
	at := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	st := desk.Status{
		Version: "1", Instance: "real", Started: at,
		Ledger: desk.Ledger{Rows: []desk.Row{{Step: "extract", In: 12, Waiting: 12, Balanced: true}}, Balanced: true},
		Roles: []desk.Role{
			{Name: "crawl"}, {Name: "extract", Waiting: 12, Oldest: 40.2}, {Name: "link", RunBy: 2, Failing: 1}, {Name: "web", RunBy: 1},
		},
		Processes: []desk.Process{
			{Name: "one:7", Version: "1", Since: at, Roles: app.RoleNames()},
			{Name: "two:8", Version: "1", Since: at, Roles: []string{"link"}, Troubles: []desk.Trouble{{Role: "link", Part: "link", Error: "read ADS at 7: it is of a newer vigil", Since: at}}},
			{Name: "two:9", Version: "1", Since: at, Roles: []string{"extract"}, Silent: 130},
		},
	}
	var out bytes.Buffer
	printStatus(&Context{Stdout: &out}, st)
	want := `Vigil 1, real data, running since 2026-03-01 12:00 UTC.
0 ads, 0 of them taken down; 0 clusters.

STEP     IN  STORED  REFUSED  WAITING
extract  12       0        0       12  balanced

ROLE     RUN BY  WAITING  OLDEST
crawl    nobody        0       -
extract  nobody       12    40 s  NOT RUN
link          2        0       -  FAILS in 1
web           1        0       -

PROCESS  VERSION  SINCE (UTC)       ROLES
one:7    1        2026-03-01 12:00  all
two:8    1        2026-03-01 12:00  link
  link fails since 2026-03-01 12:00 UTC: read ADS at 7: it is of a newer vigil
two:9    1        2026-03-01 12:00  extract
  gone: no sign of life for 2 min

The ledger is balanced; work is under way.
ATTENTION: no process runs extract; 12 waiting, oldest 40 s.
Start one where the others are started: vigil run --roles extract
`
	if diff := cmp.Diff(out.String(), want); diff != "" {
		t.Errorf("got and want:\n%s", diff)
	}
}
