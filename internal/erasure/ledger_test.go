package erasure

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
)

var (
	key  = []byte("a key of the instance under test")
	noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
)

const number = "+19125550123"

// aid is an id of an ad or a capture.
func aid(n int) string { return fmt.Sprintf("%032x", n) }

func open(t testing.TB, j ad.Journal) *Ledger {
	t.Helper()
	at := noon
	l, err := Open(t.Context(), j, Config{Key: key, Now: func() time.Time { at = at.Add(time.Second); return at }})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func byAd(ids ...string) Order {
	return Order{Kind: ByAd, AdIDs: ids, Reason: "asked by the person in it", Authority: "GDPR art. 17", By: "u1"}
}

func byNumber() Order {
	return Order{Kind: ByNumber, Value: number, Reason: "mistaken for another", Authority: "county court, order of 3 March", By: "u1"}
}

func byAge() Order {
	return Order{Kind: OlderThan, Before: noon.AddDate(0, 0, -180), Reason: "retention clock", Authority: "retention policy", By: "system"}
}

func begin(t testing.TB, l *Ledger, o Order) string {
	t.Helper()
	id, err := l.Begin(t.Context(), o)
	must(t, err)
	return id
}

func some() Targets {
	return Targets{
		AdIDs: []string{aid(2), aid(1)}, CaptureIDs: []string{aid(11)},
		Messages:     map[string][]uint64{"CAPTURES capture.crawl": {7}, "ADS_2 ad": {9, 8, 9}, "ADS ad": {5}},
		Fingerprints: []uint64{1 << 63, 3},
	}
}

// state is everything a ledger says.
func state(l *Ledger) any {
	return struct {
		Entries []Entry
		Pending []Pending
		Counts  map[string]uint64
		Prints  []uint64
		Covered map[id16]struct{}
		Numbers int
	}{l.Entries(), l.Pending(), l.Counts(), l.Fingerprints(), l.covered, len(l.numbers)}
}

func TestALife(t *testing.T) {
	ctx := t.Context()
	j := &memory{}
	l := open(t, j)
	id := begin(t, l, byAd(aid(1), aid(1)))
	if !l.Covers(aid(1)) || l.Covers(aid(2)) {
		t.Error("an order covers the ads that it names, from the beginning, and no others")
	}
	if err := l.Done(ctx, id, Result{}); !errors.Is(err, ErrState) {
		t.Errorf("done before all is listed: %v", err)
	}
	must(t, l.Add(ctx, id, some()))
	must(t, l.Add(ctx, id, some())) // listed anew after a crash
	p := l.Pending()
	if len(p) != 1 || p[0].State != Listing || p[0].Ads != 2 || p[0].Captures != 1 || !slices.Equal(p[0].AdIDs, []string{aid(1)}) {
		t.Errorf("pending %+v", p)
	}
	must(t, l.Listed(ctx, id))
	must(t, l.Listed(ctx, id))
	if p := l.Pending(); p[0].State != Erasing {
		t.Errorf("pending %+v", p)
	}

	// A crash: another process goes on with what is recorded.
	l = open(t, j)
	var got Targets
	must(t, l.Walk(ctx, id, func(t Targets) error {
		got.AdIDs = append(got.AdIDs, t.AdIDs...)
		if t.Messages != nil {
			got.Messages = t.Messages
		}
		return nil
	}))
	if diff := cmp.Diff(got.AdIDs, []string{aid(1), aid(1), aid(2)}); diff != "" {
		t.Errorf("ads, those that the order names first (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(got.Sequences(), map[string][]uint64{"CAPTURES": {7}, "ADS_2": {8, 9}, "ADS": {5}}); diff != "" {
		t.Errorf("sequences (-got +want):\n%s", diff)
	}
	file := File{Old: "a/one.warc.gz", OldSHA256: strings.Repeat("a", 64), New: "a/one-r2.warc.gz", NewSHA256: strings.Repeat("b", 64)}
	must(t, l.Done(ctx, id, Result{Deleted: map[string]uint64{"INDEX sighting": 4, "ADS ad": 0}, Files: []File{file}, Held: 1}))
	must(t, l.Done(ctx, id, Result{}))
	want := map[string]uint64{"CAPTURES capture.crawl": 1, "ADS_2 ad": 2, "ADS ad": 0, "INDEX sighting": 4}
	if diff := cmp.Diff(l.Counts(), want); diff != "" {
		t.Errorf("counts (-got +want):\n%s", diff)
	}
	e, err := l.Entry(id)
	must(t, err)
	if e.State != Done || e.Held != 1 || !slices.Equal(e.Files, []File{file}) || e.Ads != 2 || e.Done.IsZero() {
		t.Errorf("entry %+v", e)
	}
	if len(l.Pending()) != 0 {
		t.Errorf("pending %+v", l.Pending())
	}
	for what, err := range map[string]error{"add": l.Add(ctx, id, Targets{AdIDs: []string{aid(9)}}), "unknown": l.Listed(ctx, aid(99))} {
		if !errors.Is(err, ErrState) && !errors.Is(err, ad.ErrNotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if !l.Covers(aid(1)) || !l.Covers(aid(2)) || !l.Bars(3) || !l.Bars(1<<63) || l.Bars(4) {
		t.Error("what was erased is not covered any more")
	}
}

func TestWhatIsOldMayComeBack(t *testing.T) {
	j := &memory{}
	l := open(t, j)
	id := begin(t, l, byAge())
	must(t, l.Add(t.Context(), id, some()))
	if l.Covers(aid(1)) || l.Bars(3) || len(l.Fingerprints()) != 0 {
		t.Error("an ad that was erased for its age can never be found again")
	}
	if e, _ := l.Entry(id); e.Ads != 2 || !e.Before.Equal(noon.AddDate(0, 0, -180)) {
		t.Errorf("entry %+v", e)
	}
	for _, e := range j.Events {
		if bytes.Contains(e.Data, []byte("fingerprints")) {
			t.Errorf("kept %s", e.Data)
		}
	}
}

func TestNumber(t *testing.T) {
	j := &memory{}
	l := open(t, j)
	if l.Matches(number) {
		t.Error("matches without an order")
	}
	begin(t, l, byNumber())
	if !l.Matches(number) || l.Matches("+19125550124") || l.Matches("") {
		t.Error("matches the wrong numbers")
	}
	if p := l.Pending(); p[0].Digest != l.Digest(number) {
		t.Errorf("pending %+v", p)
	}
	other, err := Open(t.Context(), &memory{}, Config{Key: []byte("the key of another instance")})
	must(t, err)
	if other.Digest(number) == l.Digest(number) {
		t.Error("two instances have one digest of a number")
	}
	for _, e := range j.Events {
		if bytes.Contains(e.Data, []byte("5550123")) {
			t.Errorf("the ledger holds the number: %s", e.Data)
		}
	}
}

func TestBeginRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Order)
		want   error
	}{
		"a reason with the number":             {func(o *Order) { o.Reason = "calls from (912) 555-0123 were not hers" }, ErrIdentifier},
		"a reason with it in words":            {func(o *Order) { o.Reason = "it is nine one two five five five oh one two three" }, ErrIdentifier},
		"a reason with it broken up":           {func(o *Order) { o.Reason = "her number begins with 55 and then 5 01, ends with 23" }, ErrIdentifier},
		"a reason with another number":         {func(o *Order) { o.Reason = "she said 912-555-0177 is hers" }, ErrIdentifier},
		"an authority with an address":         {func(o *Order) { o.Authority = "mail from jo@office.example" }, ErrIdentifier},
		"an authority with a bare number":      {func(o *Order) { o.Authority = "9125550123" }, ErrIdentifier},
		"no reason":                            {func(o *Order) { o.Reason = "  " }, ErrInvalid},
		"no authority":                         {func(o *Order) { o.Authority = "" }, ErrInvalid},
		"a reason like a book":                 {func(o *Order) { o.Reason = strings.Repeat("word ", 200) }, ErrInvalid},
		"a reason that is not text":            {func(o *Order) { o.Reason = "bad \xff text" }, ErrInvalid},
		"nobody":                               {func(o *Order) { o.By = "" }, ErrInvalid},
		"a number as a user":                   {func(o *Order) { o.By = "9125550123" }, ErrInvalid},
		"an unknown kind":                      {func(o *Order) { o.Kind = "site" }, ErrInvalid},
		"a number not in E.164":                {func(o *Order) { o.Value = "912-555-0123" }, ErrInvalid},
		"a number and an ad":                   {func(o *Order) { o.AdIDs = []string{aid(1)} }, ErrInvalid},
		"no number":                            {func(o *Order) { o.Value = "" }, ErrInvalid},
		"an ad by what is no id":               {func(o *Order) { *o = byAd("912-555-0123") }, ErrInvalid},
		"more ads than one order may name":     {func(o *Order) { *o = byAd(many(MaxAds + 1)...) }, ErrInvalid},
		"everything older than tomorrow":       {func(o *Order) { *o = byAge(); o.Before = noon.AddDate(0, 0, 1) }, ErrInvalid},
		"everything older than no day at all":  {func(o *Order) { *o = byAge(); o.Before = time.Time{} }, ErrInvalid},
		"a day for an order about single ads":  {func(o *Order) { *o = byAd(aid(1)); o.Before = noon }, ErrInvalid},
		"an order about no ads in particular":  {func(o *Order) { *o = byAd() }, ErrInvalid},
		"a number for an order about one's ad": {func(o *Order) { *o = byAd(aid(1)); o.Value = number }, ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			j := &memory{}
			o := byNumber()
			c.change(&o)
			_, err := open(t, j).Begin(t.Context(), o)
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if err != nil && strings.Contains(digits(err.Error()), "5550123") {
				t.Errorf("the error shows the number: %v", err)
			}
			if len(j.Events) > 0 {
				t.Errorf("stored %s", j.Events[0].Data)
			}
		})
	}
}

func TestBeginTakesPlainWords(t *testing.T) {
	for _, text := range []string{
		"GDPR art. 17", "order of the county court, 2026-CV-0142", "case 26-114", "retention policy of 2026-01-15, 180 days",
		"request of 3 March 2026", "DSGVO Art. 17 Abs. 1", "O.C.G.A. 50-18-72", "ticket VGL-20417",
	} {
		o := byNumber()
		o.Authority, o.Reason = text, text
		if _, err := open(t, &memory{}).Begin(t.Context(), o); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func many(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = aid(i)
	}
	return out
}

func TestAddRefuses(t *testing.T) {
	j := &memory{}
	l := open(t, j)
	id := begin(t, l, byAge())
	for name, bad := range map[string]Targets{
		"an ad id":      {AdIDs: []string{"x"}},
		"a capture id":  {CaptureIDs: []string{strings.Repeat("Z", 32)}},
		"a stream":      {Messages: map[string][]uint64{"ads": {1}}},
		"a prefix":      {Messages: map[string][]uint64{"ADS 9125550123": {1}}},
		"no sequence":   {Messages: map[string][]uint64{"ADS": {0}}},
		"words for one": {Messages: map[string][]uint64{"ADS ad and more words": {1}}},
	} {
		if err := l.Add(t.Context(), id, bad); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, bad := range map[string]Result{
		"a key":    {Deleted: map[string]uint64{"+19125550123": 1}},
		"a digest": {Files: []File{{Old: "a.warc.gz", OldSHA256: "12"}}},
		"half":     {Files: []File{{Old: "a.warc.gz", OldSHA256: strings.Repeat("a", 64), New: "b"}}},
	} {
		if err := l.Done(t.Context(), id, bad); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(j.Events) != 1 {
		t.Errorf("%d events", len(j.Events))
	}
}

// A hundred thousand ads go into events that any server takes, and come out whole.
func TestAddSplits(t *testing.T) {
	j := &memory{}
	l := open(t, j)
	id := begin(t, l, byAge())
	const n = 100_000
	in := Targets{AdIDs: many(n), CaptureIDs: many(n), Messages: map[string][]uint64{"ADS ad": nil, "CAPTURES capture.crawl": nil}}
	for i := range uint64(n) {
		in.Messages["ADS ad"] = append(in.Messages["ADS ad"], 1<<63+i)
		in.Messages["CAPTURES capture.crawl"] = append(in.Messages["CAPTURES capture.crawl"], 1+i)
	}
	must(t, l.Add(t.Context(), id, in))
	for i, e := range j.Events {
		if len(e.Data) > 1<<20-4096 {
			t.Errorf("event %d has %d bytes", i, len(e.Data))
		}
	}
	t.Logf("%d events", len(j.Events))
	stored := len(j.Events)
	must(t, l.Add(t.Context(), id, in))
	if len(j.Events) != stored {
		t.Error("targets that are recorded were recorded again")
	}
	l = open(t, j)
	out := Targets{Messages: map[string][]uint64{}}
	must(t, l.Walk(t.Context(), id, func(p Targets) error {
		out.AdIDs, out.CaptureIDs = append(out.AdIDs, p.AdIDs...), append(out.CaptureIDs, p.CaptureIDs...)
		for key, seqs := range p.Messages {
			out.Messages[key] = append(out.Messages[key], seqs...)
		}
		return nil
	}))
	if !cmp.Equal(out, in) {
		t.Error("targets came out otherwise than they went in")
	}
	must(t, l.Listed(t.Context(), id))
	must(t, l.Done(t.Context(), id, Result{}))
	if diff := cmp.Diff(l.Counts(), map[string]uint64{"ADS ad": n, "CAPTURES capture.crawl": n}); diff != "" {
		t.Errorf("counts (-got +want):\n%s", diff)
	}
}

func TestWalk(t *testing.T) {
	l := open(t, &memory{})
	if err := l.Walk(t.Context(), aid(1), func(Targets) error { return nil }); !errors.Is(err, ad.ErrNotFound) {
		t.Errorf("unknown order: %v", err)
	}
	if _, err := l.Entry(aid(1)); !errors.Is(err, ad.ErrNotFound) {
		t.Errorf("unknown entry: %v", err)
	}
	id := begin(t, l, byAd(aid(1)))
	if err := l.Walk(t.Context(), id, func(Targets) error { return errOutage }); !errors.Is(err, errOutage) {
		t.Errorf("got %v", err)
	}
}

// Two processes carry out one order at once: what each records and counts, counts
// once.
func TestTwoLedgers(t *testing.T) {
	for round := range 20 {
		j := &memory{}
		a, b := open(t, j), open(t, j)
		id := begin(t, a, byAd(aid(1)))
		var wg sync.WaitGroup
		errs := make([]error, 2)
		for i, l := range []*Ledger{a, b} {
			wg.Go(func() {
				ctx := context.Background()
				errs[i] = errors.Join(l.Add(ctx, id, some()), l.Listed(ctx, id), l.Done(ctx, id, Result{}))
			})
		}
		wg.Wait()
		// One may find the order done before it has added: then there is nothing left
		// to record, and it says so.
		for _, err := range errs {
			if err != nil && !errors.Is(err, ErrState) {
				t.Fatalf("round %d: %v", round, err)
			}
		}
		must(t, a.CatchUp(t.Context()))
		must(t, b.CatchUp(t.Context()))
		if diff := cmp.Diff(state(a), state(b)); diff != "" {
			t.Fatalf("round %d: they differ:\n%s", round, diff)
		}
		if n := a.Counts()["ADS_2 ad"]; n != 2 || len(a.Pending()) != 0 {
			t.Fatalf("round %d: counted %d, pending %v", round, n, a.Pending())
		}
	}
}

func TestOutage(t *testing.T) {
	j := &memory{}
	l := open(t, j)
	j.Outage(true)
	if _, err := l.Begin(t.Context(), byNumber()); !errors.Is(err, errOutage) {
		t.Errorf("got %v", err)
	}
	if l.Matches(number) || len(l.Pending()) != 0 {
		t.Error("an order that is not stored counts")
	}
	j.Outage(false)
	id := begin(t, l, byAd(aid(1)))
	lost := false
	j.Lose = func() bool { lost = !lost; return lost } // every other event is stored and nobody told
	if err := l.Add(t.Context(), id, some()); !errors.Is(err, errOutage) {
		t.Errorf("got %v", err)
	}
	must(t, l.Add(t.Context(), id, some()))
	must(t, l.CatchUp(t.Context()))
	if e, _ := l.Entry(id); e.Ads != 2 || len(j.Events) != 2 {
		t.Errorf("%d events, entry %+v", len(j.Events), e)
	}
}

func TestOpenRefusesAShortKey(t *testing.T) {
	if _, err := Open(t.Context(), &memory{}, Config{Key: []byte("short")}); err == nil {
		t.Error("opened")
	}
}

// A process that has no key follows, and cannot be led to a wrong answer.
func TestFollower(t *testing.T) {
	ctx := t.Context()
	j := &memory{}
	l := open(t, j)
	f, err := Open(ctx, j, Config{})
	must(t, err)
	changed := f.Changed()
	id := begin(t, l, byNumber())
	must(t, l.Add(ctx, id, Targets{AdIDs: []string{aid(2), aid(1)}, Fingerprints: []uint64{3}}))
	old := begin(t, l, byAge())
	must(t, l.Add(ctx, old, Targets{AdIDs: []string{aid(9)}}))
	must(t, l.Listed(ctx, id))
	select {
	case <-changed:
		t.Fatal("changed before an event came")
	default:
	}
	apply := func(from int) {
		for i, e := range j.Events[from:] {
			must(t, f.Apply(uint64(from+i)+1, e.Subject, e.Data))
		}
	}
	apply(0)
	select {
	case <-changed:
	default:
		t.Fatal("events came and nothing said so")
	}
	if f.Rounds() != 0 || !slices.Equal(f.AdIDs(), []string{aid(1), aid(2)}) || !f.Covers(aid(2)) || !slices.Equal(f.Fingerprints(), []uint64{3}) {
		t.Errorf("follows %d rounds, %v, %v", f.Rounds(), f.AdIDs(), f.Fingerprints())
	}
	n := len(j.Events)
	must(t, l.Done(ctx, id, Result{}))
	apply(n)
	changed = f.Changed()
	apply(0) // again
	if f.Rounds() != 1 || changed != f.Changed() {
		t.Errorf("%d rounds", f.Rounds())
	}
	_, begun := f.Begin(ctx, byAge())
	_, imported := f.Import(ctx, strings.NewReader(""))
	for what, err := range map[string]error{"begin": begun, "export": f.Export(ctx, io.Discard), "import": imported} {
		if !errors.Is(err, ErrNoKey) {
			t.Errorf("%s: %v", what, err)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("answered whether a number matches without being able to know")
		}
	}()
	f.Matches(number)
}

// lived fills a journal with orders in every state, by a seed.
func lived(t testing.TB, seed uint64) (*memory, *Ledger) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 4))
	j := &memory{}
	l := open(t, j)
	var ids []string
	for range 30 {
		switch n := r.IntN(6); {
		case n == 0 || len(ids) == 0:
			ids = append(ids, begin(t, l, []Order{byAd(aid(r.IntN(50)), aid(r.IntN(50))), byNumber(), byAge()}[r.IntN(3)]))
		case n < 4:
			err := l.Add(t.Context(), ids[r.IntN(len(ids))], Targets{
				AdIDs: []string{aid(r.IntN(50))}, CaptureIDs: []string{aid(r.IntN(50))}, Fingerprints: []uint64{r.Uint64()},
				Messages: map[string][]uint64{"ADS ad": {1 + r.Uint64N(50)}},
			})
			if err != nil && !errors.Is(err, ErrState) {
				t.Fatal(err)
			}
		case n == 4:
			must(t, l.Listed(t.Context(), ids[r.IntN(len(ids))]))
		default:
			if err := l.Done(t.Context(), ids[r.IntN(len(ids))], Result{}); err != nil && !errors.Is(err, ErrState) {
				t.Fatal(err)
			}
		}
	}
	return j, l
}

// However the events come, the state is the same: in pieces, twice, and with the
// subjects in another order.
func TestProjectionLaw(t *testing.T) {
	for seed := range uint64(50) {
		j, l := lived(t, seed)
		want := state(l)
		r := rand.New(rand.NewPCG(seed, 5))

		pieces, grouped := open(t, &memory{}), open(t, &memory{})
		for i, e := range j.Events {
			for range 1 + r.IntN(2) {
				must(t, pieces.Apply(uint64(i)+1, e.Subject, e.Data))
			}
			if i > 0 && r.IntN(4) == 0 {
				back := r.IntN(i)
				must(t, pieces.Apply(uint64(back)+1, j.Events[back].Subject, j.Events[back].Data))
			}
		}
		var subjects []string
		for _, e := range j.Events {
			if !slices.Contains(subjects, e.Subject) {
				subjects = append(subjects, e.Subject)
			}
		}
		r.Shuffle(len(subjects), func(i, k int) { subjects[i], subjects[k] = subjects[k], subjects[i] })
		for _, s := range subjects {
			for i, e := range j.Events {
				if e.Subject == s {
					must(t, grouped.Apply(uint64(i)+1, e.Subject, e.Data))
				}
			}
		}
		for name, got := range map[string]*Ledger{"read anew": open(t, j), "in pieces": pieces, "by subject": grouped} {
			if diff := cmp.Diff(state(got), want); diff != "" {
				t.Fatalf("seed %d: %s (-got +want):\n%s", seed, name, diff)
			}
		}
	}
}

// What people see and what is exported holds neither number nor content.
func TestEntriesHoldNoContent(t *testing.T) {
	l := open(t, &memory{})
	id := begin(t, l, byNumber())
	must(t, l.Add(t.Context(), id, some()))
	b, err := json.Marshal(l.Entries())
	must(t, err)
	var w bytes.Buffer
	must(t, l.Export(t.Context(), &w))
	if s := string(b) + w.String(); strings.Contains(s, "5550123") {
		t.Errorf("it holds the number: %s", s)
	}
	if strings.Contains(string(b), aid(1)) {
		t.Errorf("entries hold ids of ads: %s", b)
	}
}
