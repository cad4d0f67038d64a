package audit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
)

var key = []byte("a key for tests only")

func config() Config {
	t := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	return Config{Key: key, Now: func() time.Time { return t }}
}

func open(t testing.TB, j ad.Journal) *Log {
	t.Helper()
	l, err := Open(t.Context(), j, config())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func entries(t testing.TB, l *Log) []Entry {
	t.Helper()
	var out []Entry
	if err := l.Walk(t.Context(), 0, func(e Entry) error { out = append(out, e); return nil }); err != nil {
		t.Fatal(err)
	}
	return out
}

// user is an id as access makes them.
const user = "00112233445566778899aabbccddeeff"

func TestAppend(t *testing.T) {
	m := &memory{}
	l := open(t, m)
	err := l.Append(t.Context(), Entry{
		Actor: user, Role: "analyst", Via: "session", Purpose: user, Action: "search",
		Query: "(912) 555-0123", Values: []string{"+19125550123"}, Count: 4, Outcome: "ok",
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Append(t.Context(), Entry{Actor: user, Action: "ad.view", Object: "ad:" + user, Outcome: "ok"}); err != nil {
		t.Fatal(err)
	}
	got := entries(t, l)
	first := Entry{
		V: 1, Seq: 1, Time: config().Now(), Actor: user, Role: "analyst", Via: "session", Purpose: user, Action: "search",
		Query: l.Digest("(912) 555-0123"), Values: []string{l.DigestValue("+19125550123")}, Count: 4, Outcome: "ok",
		Prev: origin, MAC: got[0].MAC,
	}
	line := m.Events[0].Data
	second := Entry{
		V: 1, Seq: 2, Time: config().Now(), Actor: user, Action: "ad.view", Object: "ad:" + user, Outcome: "ok",
		Prev: hexSHA256(line), MAC: got[1].MAC,
	}
	if diff := cmp.Diff(got, []Entry{first, second}); diff != "" {
		t.Errorf("entries (-got +want):\n%s", diff)
	}
	n, head, err := l.Verify(t.Context())
	if err != nil || n != 2 || head != (Head{2, hexSHA256(m.Events[1].Data)}) || head != l.Head() {
		t.Errorf("verify: %d, %v, %v", n, head, err)
	}
}

func hexSHA256(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

func TestAppendRefuses(t *testing.T) {
	for name, e := range map[string]Entry{
		"no actor":             {Action: "search", Outcome: "ok"},
		"no action":            {Actor: user, Outcome: "ok"},
		"no outcome":           {Actor: user, Action: "search"},
		"action with a number": {Actor: user, Action: "search9125550123", Outcome: "ok"},
		"action in words":      {Actor: user, Action: "nine.one.two", Outcome: "ok"},
		"outcome with a query": {Actor: user, Action: "search", Outcome: "ok for 912"},
		"role with capitals":   {Actor: user, Action: "search", Outcome: "ok", Role: "Admin"},
		"too many values":      {Actor: user, Action: "search", Outcome: "ok", Values: make([]string, MaxValues+1)},
	} {
		t.Run(name, func(t *testing.T) {
			m := &memory{}
			if err := open(t, m).Append(t.Context(), e); err == nil {
				t.Error("accepted")
			}
			if len(m.Events) > 0 {
				t.Error("stored")
			}
		})
	}
}

// TestCleanText: ids stay readable, everything that could be a number or somebody's
// words does not.
func TestCleanText(t *testing.T) {
	for s, want := range map[string]bool{
		"":                                     true,
		user:                                   true,
		"c0123456789abcde":                     true,
		"packet-0123456789abcdef":              true,
		"ad:" + user:                           true,
		"cluster:c012345678901234":             true,
		"0190b5a2-6d3e-7cc1-9a55-0123456789ab": true,
		"alice":                                true,
		"crawl":                                true,
		"townboard-2":                          true,
		"+19125550123":                         false,
		"9125550123":                           false,
		"912-555-0123":                         false,
		"tel:9125550123":                       false,
		"c9125550123":                          false,
		"five-five-five-oh-one":                false,
		"fivefivefive0123":                     false,
		"９１２５５５０１２３":                           false,
		"Case 26-14":                           false,
		"some words":                           false,
		"someone@mail.example":                 false,
	} {
		t.Run(s, func(t *testing.T) {
			l := open(t, &memory{})
			if err := l.Append(t.Context(), Entry{Actor: "alice", Action: "search", Object: s, Purpose: s, Outcome: "ok"}); err != nil {
				t.Fatal(err)
			}
			e := entries(t, l)[0]
			if got := e.Object == s && e.Purpose == s; got != want {
				t.Errorf("kept as it is: %v, want %v (%q)", got, want, e.Object)
			}
			if !want && !strings.HasPrefix(e.Object, "h:") {
				t.Errorf("object is %q", e.Object)
			}
		})
	}
}

// TestNoNumberNoQuery: whatever field a number or a query is put into, in whatever
// spelling, the stored bytes do not hold it.
func TestNoNumberNoQuery(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	digitWords := []string{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"}
	for range 2000 {
		digits := fmt.Sprintf("%03d555%04d", 200+r.IntN(800), 100+r.IntN(100))
		sep := []string{"", "-", ".", " ", "_", ":"}[r.IntN(6)]
		var secret string
		switch r.IntN(5) {
		case 0:
			secret = "+1" + digits
		case 1:
			secret = digits[:3] + sep + digits[3:6] + sep + digits[6:]
		case 2:
			var w []string
			for _, c := range digits {
				w = append(w, digitWords[c-'0'])
			}
			secret = strings.Join(w, sep)
		case 3:
			secret = []string{"tel", "ad", "c", "packet"}[r.IntN(4)] + sep + digits
		default:
			secret = "blue bicycle near " + digits[6:]
		}
		m := &memory{}
		l := open(t, m)
		e := Entry{Actor: secret, Action: "search", Purpose: secret, Object: secret, Query: secret, Values: []string{secret}, Outcome: "ok"}
		if err := l.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		for _, bad := range []Entry{
			{Actor: user, Action: secret, Outcome: "ok"}, {Actor: user, Action: "search", Outcome: secret},
			{Actor: user, Action: "search", Outcome: "ok", Role: secret}, {Actor: user, Action: "search", Outcome: "ok", Via: secret},
		} {
			_ = l.Append(t.Context(), bad) // refused or covered: both are fine
		}
		for _, ev := range m.Events {
			for _, part := range []string{secret, digits} {
				if bytes.Contains(ev.Data, []byte(part)) {
					t.Fatalf("a stored entry holds what was put in, spelled with separator %q", sep)
				}
			}
		}
	}
}

// TestOneChain: many callers in several processes, with answers lost on the way,
// write one chain, and every entry whose caller was told "stored" is in it.
func TestOneChain(t *testing.T) {
	m := &memory{}
	var mu sync.Mutex
	r := rand.New(rand.NewPCG(5, 5))
	m.Lose = func() bool { mu.Lock(); defer mu.Unlock(); return r.IntN(10) == 0 }
	logs := []*Log{open(t, m), open(t, m)}
	told := make(chan string, 2*8*25)
	var wg sync.WaitGroup
	for p, l := range logs {
		for g := range 8 {
			wg.Go(func() {
				for i := range 25 {
					q := fmt.Sprintf("q-%d-%d-%d", p, g, i)
					err := l.Append(t.Context(), Entry{Actor: user, Action: "search", Query: q, Outcome: "ok"})
					if err == nil {
						told <- l.Digest(q)
					} else if !errors.Is(err, ad.ErrConflict) {
						t.Error(err)
					}
				}
			})
		}
	}
	wg.Wait()
	close(told)
	l := open(t, m)
	n, _, err := l.Verify(t.Context(), logs[0].Head(), logs[1].Head())
	if err != nil {
		t.Fatal(err)
	}
	count := make(map[string]int)
	for _, e := range entries(t, l) {
		count[e.Query]++
	}
	stored := 0
	for q := range told {
		stored++
		if count[q] != 1 {
			t.Errorf("an entry told as stored is there %d times", count[q])
		}
	}
	if stored < 300 {
		t.Errorf("only %d of 400 callers were served", stored)
	}
	t.Logf("%d entries in %d events, %d callers served", n, len(m.Events), stored)
}

// TestGroup: entries that come while one is being written go out together.
func TestGroup(t *testing.T) {
	m := &memory{}
	l := open(t, m)
	started, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	m.Before = func() { once.Do(func() { close(started); <-release }) }
	var wg sync.WaitGroup
	add := func() {
		if err := l.Append(t.Context(), Entry{Actor: user, Action: "search", Outcome: "ok"}); err != nil {
			t.Error(err)
		}
	}
	wg.Go(add)
	<-started
	for range 2 * maxGroup {
		wg.Go(add)
	}
	for queued(l) < 2*maxGroup {
		runtime.Gosched()
	}
	close(release)
	wg.Wait()
	if n, _, err := l.Verify(t.Context()); err != nil || n != 2*maxGroup+1 {
		t.Errorf("verify: %d, %v", n, err)
	}
	if len(m.Events) != 3 {
		t.Errorf("%d events, want 3: one, and two full groups", len(m.Events))
	}
}

func queued(l *Log) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.queue)
}

// TestWithdrawn: a caller who gives up before the entry is written leaves none.
func TestWithdrawn(t *testing.T) {
	m := &memory{}
	l := open(t, m)
	l.turn <- struct{}{} // somebody is writing
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Append(ctx, Entry{Actor: user, Action: "search", Outcome: "ok"}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	<-l.turn
	if err := l.Append(t.Context(), Entry{Actor: user, Action: "sign-in", Outcome: "ok"}); err != nil {
		t.Fatal(err)
	}
	if got := entries(t, l); len(got) != 1 || got[0].Action != "sign-in" {
		t.Errorf("got %v, want the second entry only", got)
	}
}

func TestOutage(t *testing.T) {
	m := &memory{}
	l := open(t, m)
	e := Entry{Actor: user, Action: "search", Outcome: "ok"}
	m.Outage(true)
	if err := l.Append(t.Context(), e); !errors.Is(err, errOutage) {
		t.Errorf("got %v, want the journal's error", err)
	}
	if _, err := Open(t.Context(), m, config()); !errors.Is(err, errOutage) {
		t.Errorf("open: got %v, want the journal's error", err)
	}
	m.Outage(false)
	if err := l.Append(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	if n, _, err := l.Verify(t.Context()); err != nil || n != 1 {
		t.Errorf("verify: %d, %v", n, err)
	}
}

func TestReopenedLogGoesOn(t *testing.T) {
	m := filled(t, 7)
	l := open(t, m)
	if err := l.Append(t.Context(), Entry{Actor: user, Action: "search", Outcome: "ok"}); err != nil {
		t.Fatal(err)
	}
	if n, head, err := l.Verify(t.Context()); err != nil || n != 8 || head != l.Head() {
		t.Errorf("verify: %d, %v, %v", n, head, err)
	}
	if diff := cmp.Diff(open(t, m).Head(), l.Head()); diff != "" {
		t.Errorf("head (-reopened +live):\n%s", diff)
	}
}

// A long journal says how long it is and keeps the last event only. It counts how
// many events it was asked for.
type long struct {
	seq  uint64
	last []byte
	read uint64
}

func (j *long) Append(_ context.Context, _, _ string, data []byte, expect uint64) (uint64, error) {
	if expect != j.seq {
		return 0, ad.ErrConflict
	}
	j.seq, j.last = j.seq+1, data
	return j.seq, nil
}

func (j *long) Replay(_ context.Context, from uint64, _ func(uint64, string, []byte) error) (uint64, error) {
	if from <= j.seq {
		j.read += j.seq - from + 1
	}
	return j.seq, nil
}

func (j *long) Last(context.Context, string) (uint64, []byte, error) {
	if j.seq == 0 {
		return 0, nil, ad.ErrNotFound
	}
	j.read++
	return j.seq, j.last, nil
}

// TestOpenReadsTheEndOnly: a log of a million entries opens as fast as one of ten,
// and goes on where it ended.
func TestOpenReadsTheEndOnly(t *testing.T) {
	last := Entry{V: Version, Seq: 1_000_000, Time: config().Now(), Actor: user, Action: "search", Outcome: "ok", Prev: origin}
	var err error
	if last.MAC, err = last.mac(key); err != nil {
		t.Fatal(err)
	}
	line, err := last.line()
	if err != nil {
		t.Fatal(err)
	}
	j := &long{seq: last.Seq, last: line}
	l := open(t, j)
	if want := (Head{last.Seq, hexSHA256(line)}); l.Head() != want || j.read != 1 {
		t.Errorf("head %v after reading %d events; want %v after 1", l.Head(), j.read, want)
	}
	if err := l.Append(t.Context(), Entry{Actor: user, Action: "search", Outcome: "ok"}); err != nil {
		t.Fatal(err)
	}
	next, err := read(j.last, key)
	if err != nil || next.Seq != last.Seq+1 || next.Prev != hexSHA256(line) {
		t.Errorf("the next entry is %d after %s, %v", next.Seq, next.Prev, err)
	}
}

func TestOpenRefusesAForeignEnd(t *testing.T) {
	for name, line := range map[string]string{"not an entry": "{", "another instance's": `{"v":1,"seq":1,"time":"2026-03-01T09:00:00Z","actor":"a","action":"search","outcome":"ok","prev_sha256":"` + origin + `","mac":"00"}`} {
		t.Run(name, func(t *testing.T) {
			_, err := Open(t.Context(), &long{seq: 7, last: []byte(line)}, config())
			if !errors.Is(err, ErrBroken) {
				t.Errorf("got %v, want %v", err, ErrBroken)
			}
		})
	}
}

// TestALaggingCopy: an answer about the end that is older than what this process
// wrote does not move its head back.
func TestALaggingCopy(t *testing.T) {
	m := &memory{}
	l := open(t, m)
	for range 3 {
		if err := l.Append(t.Context(), Entry{Actor: user, Action: "search", Outcome: "ok"}); err != nil {
			t.Fatal(err)
		}
	}
	head := l.Head()
	m.Lock()
	m.Events = m.Events[:2]
	m.Unlock()
	if err := l.find(t.Context()); err != nil || l.Head() != head {
		t.Errorf("head %v, %v; want %v", l.Head(), err, head)
	}
}

func TestConfigNeedsAKey(t *testing.T) {
	if _, err := Open(t.Context(), &memory{}, Config{}); err == nil {
		t.Error("no key was accepted")
	}
}
