package desk

import (
	"fmt"
	"time"
)

// A Process is one that does roles of the instance, as far as it was heard of.
type Process struct {
	Name     string    `json:"process"` // host and process id
	Version  string    `json:"version"`
	Roles    []string  `json:"roles"`
	Since    time.Time `json:"since"`
	Silent   float64   `json:"silent_seconds,omitempty"` // since its last sign of life, once it is taken for gone
	Troubles []Trouble `json:"troubles,omitempty"`
	Shard    *Shard    `json:"shard,omitempty"` // what it did last while it stood by for linking
}

// A Shard is the part that a process did of another's round of linking.
type Shard struct {
	Number int       `json:"shard"` // from 1
	Of     int       `json:"of"`
	Keys   int       `json:"keys"` // of its table: word 3-grams
	At     time.Time `json:"at"`   // when it was last asked
}

// A Trouble is a part of a role that fails again and again.
type Trouble struct {
	Role  string    `json:"role,omitempty"`
	Part  string    `json:"part"`
	Error string    `json:"error"`
	Since time.Time `json:"since"`
}

// A Role says who does one part of the walk, and what waits for it.
type Role struct {
	Name    string  `json:"role"`
	RunBy   int     `json:"run_by"`            // living processes
	Failing int     `json:"failing,omitempty"` // of them
	Waiting uint64  `json:"waiting"`
	Oldest  float64 `json:"oldest_seconds,omitempty"` // age of the oldest that waits
}

// Missing reports whether a role is needed and no process runs it. Crawling is
// needed while visits are planned.
func (r Role) Missing() bool { return r.RunBy == 0 && (r.Name != "crawl" || r.Waiting > 0) }

// Want says what a missing role comes to and what to do.
func (r Role) Want() string {
	s := "no process runs " + r.Name
	if r.Waiting > 0 {
		s += fmt.Sprintf("; %d waiting, oldest %s", r.Waiting, Age(r.Oldest))
	}
	return s
}

// Age is a number of seconds for people.
func Age(seconds float64) string {
	switch d := time.Duration(seconds * float64(time.Second)); {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	default:
		return fmt.Sprintf("%d days", int(d.Hours()/24))
	}
}
