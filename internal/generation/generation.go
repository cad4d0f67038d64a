// Package generation knows which generations of what is derived there are: which
// one people search, which one a replay is building beside it, and which may be
// deleted. In come decisions to plan, build, switch, cancel and drop, stored as
// events under one subject, each with the expected last sequence; out comes the
// current state, which every process projects from the same journal and follows.
// It creates, fills and deletes no stream and no file by itself: who does asks
// here which.
//
// A generation names four outputs by number: listings, ads, links and the index.
// A replay from a step on makes that step's output and all behind it anew and
// shares what lies before, so generations have outputs in common. Generation 1
// serves from the beginning, without an event.
package generation

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// What callers branch on.
var (
	// ErrUnderWay says that another generation is being made already; the text
	// names it.
	ErrUnderWay = errors.New("only one generation is made at a time")
	// ErrState says that the generation is not in a state for this; the text says
	// in which it is.
	ErrState = errors.New("not in a state for it")
	// ErrInvalid says that a step, a place to start or a name cannot be right.
	ErrInvalid = errors.New("not valid")
)

// A Step is where a replay begins.
type Step string

// The steps, in the order of the walk.
const (
	StepExtract Step = "extract"
	StepEnrich  Step = "enrich"
	StepLink    Step = "link"
	StepIndex   Step = "index"
)

// Steps lists every step in the order of the walk.
func Steps() []Step { return []Step{StepExtract, StepEnrich, StepLink, StepIndex} }

// What generations are made of: three streams, named as they are declared, and
// the index, which is a file.
const (
	Listings = "LISTINGS"
	Ads      = "ADS"
	Links    = "LINKS"
	Index    = "INDEX"
)

// Input names the stream that a replay from this step on reads first, which is
// the one that From counts in.
func (s Step) Input() string {
	switch s {
	case StepExtract:
		return "CAPTURES"
	case StepEnrich:
		return Listings
	}
	return Ads
}

// A State says how far a generation has come.
type State string

// The states. A generation goes from planned through building and serving to
// retired and dropped; one that is cancelled goes to retired at once.
const (
	Planned  State = "planned"  // its own outputs are being created
	Building State = "building" // what lies before From is copied, and its stages run until they have caught up
	Serving  State = "serving"  // people search this one; exactly one serves at any time
	Retired  State = "retired"  // its outputs may be deleted, save those that are shared
	Dropped  State = "dropped"  // they are deleted
)

// A From is where a replay begins: at a sequence of the step's input, or at the
// first message stored at a time or later. What lies before is copied from the
// generation that serves. The zero From is the beginning: nothing is copied.
type From struct {
	Seq  uint64    `json:"seq,omitempty"`
	Time time.Time `json:"time,omitzero"` // as asked for; Build gives the sequence that it comes to
}

// beginning reports whether all of the input is meant.
func (f From) beginning() bool { return f.Seq <= 1 && f.Time.IsZero() }

// A Generation is one set of outputs.
type Generation struct {
	N        int       `json:"n"`
	Step     Step      `json:"step,omitempty"` // where its replay begins; none for generation 1
	From     From      `json:"from,omitzero"`
	Over     int       `json:"over,omitempty"` // the generation that it is to replace
	Listings int       `json:"listings"`
	Ads      int       `json:"ads"`
	Links    int       `json:"links"`
	Index    int       `json:"index"`
	State    State     `json:"state"`
	By       string    `json:"by,omitempty"` // user who planned it
	Planned  time.Time `json:"planned,omitzero"`
	Changed  time.Time `json:"changed,omitzero"` // when it came into its state
}

// An Output is one stream or index: its base name and number. Index 2 is the file
// of the second generation of the index, ADS 1 the stream ADS.
type Output struct {
	Base string
	N    int
}

// Outputs lists what the generation consists of, in the order of the walk.
func (g Generation) Outputs() []Output {
	return []Output{{Listings, g.Listings}, {Ads, g.Ads}, {Links, g.Links}, {Index, g.Index}}
}

// Made lists the outputs that are this generation's own: what its replay creates
// and fills. The others it shares with the generation it was planned over.
func (g Generation) Made() []Output {
	return slices.DeleteFunc(g.Outputs(), func(o Output) bool { return o.N != g.N })
}

// inUse reports whether the generation's outputs must be kept.
func (g Generation) inUse() bool {
	return g.State == Planned || g.State == Building || g.State == Serving
}

// String names the generation for people.
func (g Generation) String() string {
	if g.Step == "" {
		return fmt.Sprintf("generation %d (%s)", g.N, g.State)
	}
	return fmt.Sprintf("generation %d (%s, from %s on)", g.N, g.State, g.Step)
}

// first is the generation that is there before any event.
func first() Generation {
	return Generation{N: 1, Listings: 1, Ads: 1, Links: 1, Index: 1, State: Serving}
}

// over plans generation n in place of the one that serves.
func over(serving Generation, n int, step Step, from From) (Generation, error) {
	g := Generation{
		N: n, Step: step, From: from, Over: serving.N, State: Planned,
		Listings: serving.Listings, Ads: serving.Ads, Links: serving.Links, Index: serving.Index,
	}
	switch step {
	case StepExtract:
		g.Listings, g.Ads, g.Links, g.Index = n, n, n, n
	case StepEnrich:
		g.Ads, g.Links, g.Index = n, n, n
	case StepLink:
		g.Links, g.Index = n, n
	case StepIndex:
		g.Index = n
	default:
		return Generation{}, fmt.Errorf("step %q %w: it is one of %v", step, ErrInvalid, Steps())
	}
	if !from.beginning() && (step == StepLink || step == StepIndex) {
		// Clusters are a function of all ads, and half an index finds half the ads.
		return Generation{}, fmt.Errorf("place to start %w: %s is always made from the beginning", ErrInvalid, step)
	}
	if from.Seq != 0 && !from.Time.IsZero() {
		return Generation{}, fmt.Errorf("place to start %w: give a sequence or a time, not both", ErrInvalid)
	}
	return g, nil
}
