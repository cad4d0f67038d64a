package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
	"vigil.example/internal/casework"
	"vigil.example/internal/desk"
	"vigil.example/internal/erasure"
	"vigil.example/internal/generation"
	"vigil.example/internal/link"
	"vigil.example/internal/stream"
)

// A stated instance is one over whose linker's state on disk a test looks.
type stated struct {
	*crawled
	name string
	logs bytes.Buffer
}

// openStated crawls a town and leaves the instance at rest.
func openStated(t *testing.T, ads int) *stated {
	t.Helper()
	s := &stated{}
	s.crawled = crawlTown(t, ads, func(c *Config) {
		c.Log = slog.New(slog.NewTextHandler(&s.logs, &slog.HandlerOptions{Level: slog.LevelInfo}))
	})
	s.name = s.folder.linkState(1)
	s.run()
	return s
}

// run runs the instance until nothing is on its way, and gives the cluster of each ad by
// name. It says how many ads the linker read when it began.
func (s *stated) run() (clusters map[string]string, read int64, logs string) {
	s.t.Helper()
	s.fresh.clear()
	before := s.counted.reread.Load()
	s.logs.Reset()
	s.must(s.forgetPart(s.t.Context(), "link")) // so that nothing is at rest before the linker has said so
	clusters = map[string]string{}
	s.must(s.while(s.t.Context(), func(ctx context.Context) error {
		s.rest(ctx)
		for doc, err := range s.shelf.Dump(ctx) {
			s.must(err)
			clusters[doc.Ad.AdID] = doc.Cluster
		}
		return nil
	}))
	return clusters, s.counted.reread.Load() - before, s.logs.String()
}

// told is the last change of clusters that was told.
func (s *stated) told() string {
	s.t.Helper()
	m, err := s.bus.LastOf(s.t.Context(), stream.Links, linkSubject)
	s.must(err)
	return m.ID
}

func (s *stated) bytes() []byte {
	s.t.Helper()
	b, err := os.ReadFile(s.name)
	s.must(err)
	return b
}

// A start reads what came after the state on disk and nothing else; one without it, or
// with one that was cut off, altered or is of no use, reads what it lacks from the
// streams, and comes to the same clusters under the same names without telling anything.
func TestLinkerGoesOnFromDisk(t *testing.T) {
	s := openStated(t, 150)
	want, read, logs := s.run()
	if read != 0 || strings.Contains(logs, "state of linking") {
		t.Errorf("a start at rest read %d ads, and said: %s", read, logs)
	}
	ads, told := int64(len(want)), s.told()
	whole := s.bytes()
	check := func(what string, least, most int64, says string) {
		t.Helper()
		got, read, logs := s.run()
		if d := cmp.Diff(got, want); d != "" {
			t.Errorf("%s: clusters (-got +want):\n%.1000s", what, d)
		}
		if now := s.told(); now != told {
			t.Errorf("%s: something was told: %s after %s", what, now, told)
		}
		if read < least || read > most {
			t.Errorf("%s: %d ads were read, want %d to %d", what, read, least, most)
		}
		if n := strings.Count(logs, "state of linking"); n > 1 || (n == 1) != (says != "") || !strings.Contains(logs, says) {
			t.Errorf("%s: it said %q, want %q", what, logs, says)
		}
		if b := s.bytes(); !s.whole(b) {
			t.Errorf("%s: the file is not whole after it", what)
		}
	}
	put := func(b []byte) { t.Helper(); s.must(os.WriteFile(s.name, b, 0o600)) }
	s.must(os.Remove(s.name))
	check("gone", ads, 3*ads, "")
	put(nil)
	check("empty", ads, 3*ads, "damaged")
	put(bytes.Repeat([]byte{0xff}, 5000))
	check("something else", ads, 3*ads, "damaged")

	r := rand.New(rand.NewPCG(7, 7))
	for range 5 { // as a kill leaves it
		put(whole[:len(whole)/2+r.IntN(len(whole)/2)])
		got, read, _ := s.run()
		if d := cmp.Diff(got, want); d != "" || s.told() != told {
			t.Errorf("cut off: told up to %s, clusters (-got +want):\n%.1000s", s.told(), d)
		}
		if read >= 3*ads || !s.whole(s.bytes()) {
			t.Errorf("cut off: %d ads were read; whole after it: %t", read, s.whole(s.bytes()))
		}
	}
	for range 5 { // as a bad disk leaves it
		b := slices.Clone(whole)
		b[r.IntN(len(b))] ^= 1 << r.IntN(8)
		put(b)
		got, _, logs := s.run()
		if d := cmp.Diff(got, want); d != "" || s.told() != told {
			t.Errorf("altered: told up to %s, clusters (-got +want):\n%.1000s", s.told(), d)
		}
		if strings.Count(logs, "state of linking") != 1 {
			t.Errorf("altered: it said %q", logs)
		}
	}
	put(s.headed(whole, func(h *linkHead) { h.Format++ }))
	check("of a newer program", ads, 3*ads, "another version")
	put(s.headed(whole, func(h *linkHead) { h.Instance = "0011223344556677" }))
	check("of another instance", ads, 3*ads, "another instance")
	put(s.headed(whole, func(h *linkHead) { h.Rules = "0" }))
	check("of other rules", ads, 3*ads, "rules of linking")
	put(s.headed(whole, func(h *linkHead) { h.Round++ }))
	check("of before an erasure", ads, 3*ads, "erased")
	check("at rest again", 0, 0, "")
}

// whole reports whether a state reads to its end.
func (s *stated) whole(b []byte) bool {
	l := link.New(s.cfg.Link)
	at := linkAt{}
	_, _, err := readLinkState(bytes.NewReader(b), s.headOf(b), func(now linkAt, part []byte) error { at = now; return l.Restore(part) })
	return err == nil && !at.Lacks
}

func (s *stated) headOf(b []byte) (h linkHead) {
	s.t.Helper()
	n := int(b[0]) | int(b[1])<<8
	s.must(json.Unmarshal(b[frameHead:frameHead+n], &h))
	return h
}

// headed gives a state another head, and checksums that fit.
func (s *stated) headed(b []byte, change func(*linkHead)) []byte {
	s.t.Helper()
	h := s.headOf(b)
	f, err := os.Create(filepath.Join(s.t.TempDir(), "state"))
	s.must(err)
	out := &linkState{f: f}
	other := h
	change(&other)
	s.must(out.write(encode(other)))
	_, _, err = readLinkState(bytes.NewReader(b), h, func(at linkAt, part []byte) error { return out.append(at, part) })
	s.must(err)
	s.must(f.Close())
	got, err := os.ReadFile(f.Name())
	s.must(err)
	return got
}

// A state that knows more of the streams than they hold, or something else, is not used.
func TestLinkerLeavesAStateOfOtherStreams(t *testing.T) {
	s := openStated(t, 60)
	var at linkAt
	whole := s.bytes()
	_, _, err := readLinkState(bytes.NewReader(whole), s.headOf(whole), func(now linkAt, _ []byte) error { at = now; return nil })
	s.must(err)
	if at.Ad.Seq == 0 || at.Ad.ID == "" || at.Told.Seq == 0 || at.UpTo < at.Ad.Seq || at.Links < at.Told.Seq || at.As != link.Version {
		t.Fatalf("the state is of %+v", at)
	}
	s.must(s.known(t.Context(), stream.Ads, at.UpTo, at.Ad))
	s.must(s.known(t.Context(), stream.Links, at.Links, at.Told))
	for what, f := range map[string]func() (string, uint64, landmark){
		"ads end before it":   func() (string, uint64, landmark) { return stream.Ads, at.UpTo + 1, at.Ad },
		"links end before it": func() (string, uint64, landmark) { return stream.Links, at.Links + 1, at.Told },
		"another ad":          func() (string, uint64, landmark) { m := at.Ad; m.ID = "x"; return stream.Ads, at.UpTo, m },
		"stored another time": func() (string, uint64, landmark) { m := at.Ad; m.Time++; return stream.Ads, at.UpTo, m },
		"another change":      func() (string, uint64, landmark) { m := at.Told; m.Seq--; return stream.Links, at.Links, m },
	} {
		name, upTo, m := f()
		if _, stale := errors.AsType[errStale](s.known(t.Context(), name, upTo, m)); !stale {
			t.Errorf("%s: it is taken", what)
		}
	}
}

// A start holds no round when all was solved by this program under the decisions that
// stand, and holds one else.
func TestLinkerIsSettledFromDisk(t *testing.T) {
	s := openStated(t, 60)
	settled := func() bool {
		l := &linker{a: s.App, stage: "link", gen: 1, l: link.New(s.cfg.Link), version: link.Version, at: linked{Rules: link.Version}}
		stored, err := l.readAll(t.Context(), stream.Ads, stream.Links, stream.Links)
		s.must(err)
		defer l.closeState()
		if stored != link.Version {
			t.Errorf("told by version %q", stored)
		}
		if l.resume(); l.settled != (l.l.Changed() == 0) || l.settled != (l.at.Solved == l.at.UpTo) {
			t.Errorf("settled %t with %d changes, at %+v", l.settled, l.l.Changed(), l.at)
		}
		return l.settled
	}
	if !settled() {
		t.Error("a round is due though nothing is new")
	}
	s.cfg.Version = "next"
	if settled() {
		t.Error("no round is due though the program is another")
	}
	s.run()
	if !settled() {
		t.Error("a round is due though this program has held one")
	}
	ids, _, _ := s.run()
	two := slices.Sorted(maps.Keys(ids))[:2]
	_, err := s.desk.DecideLink(t.Context(), analyst, desk.LinkRequest{Kind: casework.CannotLink, Ads: two, Reason: "seen apart"})
	s.must(err)
	s.must(s.readRulings(t.Context()))
	if settled() {
		t.Error("no round is due though something was decided")
	}
}

// An owner that was paused and has the file open hinders nobody, and what it writes
// when it wakes up reaches nobody.
func TestLinkerBesideAPausedOne(t *testing.T) {
	s := openStated(t, 60)
	want, _, _ := s.run()
	old, err := lockedState(s.name, 0)
	s.must(err)
	defer old.Close()
	got, read, logs := s.run()
	if d := cmp.Diff(got, want); d != "" || read != 0 || strings.Contains(logs, "state of linking") {
		t.Errorf("beside a paused one: %d ads were read, it said %q, clusters (-got +want):\n%.1000s", read, logs, d)
	}
	_, err = old.WriteAt([]byte("of an old owner"), 0)
	s.must(err)
	if _, err := lockedState(s.name, 0); err != nil {
		t.Errorf("the new file: %v", err)
	}
	if got, read, _ := s.run(); read != 0 || !maps.Equal(got, want) {
		t.Errorf("after it woke up: %d ads were read", read)
	}
}

// A file that cannot be written any more stays as it was, and linking goes on.
func TestLinkerWithoutRoomForItsState(t *testing.T) {
	s := openStated(t, 60)
	k, err := loadState(s.name, s.headOf(s.bytes()), s.cfg.Link)
	s.must(err)
	before := s.bytes()
	l := &linker{a: s.App, version: link.Version, l: k.l, at: k.at.linked, state: k.state}
	l.l.Add(&ad.Ad{Listing: ad.Listing{AdID: ad.ID("town", "new", ""), Title: "Oak table", Body: "six seats"}})
	s.must(k.state.f.Close())
	l.keepState()
	l.l.Add(&ad.Ad{Listing: ad.Listing{AdID: ad.ID("town", "newer", ""), Title: "Oak table", Body: "eight seats"}})
	l.keepState()
	if l.state != nil || l.l.Unwritten() != 0 || strings.Count(s.logs.String(), "not kept on disk") != 1 {
		t.Errorf("it goes on writing, %d things wait, it said %q", l.l.Unwritten(), s.logs.String())
	}
	if !bytes.Equal(s.bytes(), before) {
		t.Error("the file is another")
	}
	s.must(os.Remove(s.name))
	s.must(os.Mkdir(s.name, 0o700))
	want, _, logs := s.run()
	if len(want) == 0 || !strings.Contains(logs, "not kept on disk") {
		t.Errorf("with a folder in its place: %d ads, it said %q", len(want), logs)
	}
}

// One state for each generation of links, and none of those that are gone.
func TestLinkStateOfGenerations(t *testing.T) {
	s := openStated(t, 60)
	there := func() (out []string) {
		names, err := filepath.Glob(s.folder.at("linker*"))
		s.must(err)
		for _, n := range names {
			out = append(out, filepath.Base(n))
		}
		return out
	}
	s.must(os.WriteFile(s.folder.linkState(9), []byte("left over"), 0o600))
	s.must(s.while(t.Context(), func(ctx context.Context) error {
		s.replayed(ctx, generation.StepLink, generation.From{})
		s.rest(ctx)
		return nil
	}))
	if got := there(); !slices.Equal(got, []string{"linker-g2.state"}) {
		t.Errorf("there are %v", got)
	}
	s.name = s.folder.linkState(2)
	if _, read, _ := s.run(); read != 0 {
		t.Errorf("%d ads were read", read)
	}
}

// Once an order is done, no byte of what it erased is in the state, though it was there.
func TestErasedAdIsNotInTheStateOfLinking(t *testing.T) {
	c := openCorrected(t, saved(1, "912-555-0101", time.Now()), saved(2, "912-555-0102", time.Now()), saved(3, "912-555-0103", time.Now()))
	name := c.folder.linkState(1)
	holds := func(what string) bool {
		b, err := os.ReadFile(name)
		c.must(err)
		return bytes.Contains(b, []byte(what))
	}
	// A paused owner has it open all the time.
	c.must(c.while(t.Context(), func(ctx context.Context) error { c.rest(ctx); return nil }))
	if !holds("9125550102") || !holds("9125550103") {
		t.Fatal("the state does not hold what ads give: the test looks for the wrong thing")
	}
	paused, err := os.OpenFile(name, os.O_RDWR, 0)
	c.must(err)
	defer paused.Close()
	c.must(syscall.Flock(int(paused.Fd()), syscall.LOCK_EX))
	c.must(os.WriteFile(name+".x.new", []byte("+19125550102"), 0o600)) // of a start that was cut off
	x, err := c.Erase(t.Context(), erasure.Order{Kind: erasure.ByNumber, Value: "+19125550102", Reason: "asked for", Authority: "policy", By: "admin"})
	c.must(err)
	c.must(c.while(t.Context(), func(ctx context.Context) error {
		for x.State != erasure.Done {
			changed := c.erased.Changed()
			if x, err = c.Erasure(x.ID); err != nil || x.State == erasure.Done {
				break
			}
			select {
			case <-changed:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		c.rest(ctx)
		return err
	}))
	if holds("9125550102") || !holds("9125550103") {
		t.Error("the state holds what was erased, or lacks what was not")
	}
	b := make([]byte, 1<<20)
	n, err := paused.ReadAt(b, 0)
	if bytes.Contains(b[:n], []byte("555")) {
		t.Errorf("the file that was removed still says what it said (%v)", err)
	}
	if left, err := filepath.Glob(name + "?*"); err != nil || len(left) > 0 {
		t.Errorf("left over: %v, %v", left, err)
	}
}

// A linker that has read what is being erased does not put it on disk behind the eraser.
func TestNoStateIsMadeBesideAnErasure(t *testing.T) {
	s := openStated(t, 60)
	x, err := s.Erase(t.Context(), erasure.Order{Kind: erasure.ByNumber, Value: "+19125550102", Reason: "asked for", Authority: "policy", By: "admin"})
	s.must(err)
	s.must(os.Remove(s.name)) // as the eraser does
	l := &linker{a: s.App, stage: "link", gen: 1, l: link.New(s.cfg.Link), version: link.Version, at: linked{Rules: link.Version}}
	_, err = l.readAll(t.Context(), stream.Ads, stream.Links, stream.Links)
	s.must(err)
	l.resume()
	l.beginState()
	defer l.closeState()
	if _, err := os.Stat(s.name); !errors.Is(err, fs.ErrNotExist) || l.state != nil {
		t.Errorf("while order %s is pending there is a state: %v", x.ID, err)
	}
	s.must(s.while(t.Context(), func(ctx context.Context) error {
		for x.State != erasure.Done {
			changed := s.erased.Changed()
			if x, err = s.Erasure(x.ID); err != nil || x.State == erasure.Done {
				break
			}
			select {
			case <-changed:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		s.rest(ctx)
		return err
	}))
	if _, err := os.Stat(s.name); err != nil {
		t.Errorf("when it is done: %v", err)
	}
}

// States are found and wiped whatever the folder is called.
func TestStatesAreWipedInAnyFolder(t *testing.T) {
	f := &folder{path: filepath.Join(t.TempDir(), "a folder [of 1]*")}
	put := func(names ...string) {
		t.Helper()
		for _, n := range names {
			if err := errors.Join(os.MkdirAll(f.path, 0o700), os.WriteFile(f.at(n), []byte("+19125550102"), 0o600)); err != nil {
				t.Fatal(err)
			}
		}
	}
	left := func() (out []string) {
		t.Helper()
		all, err := os.ReadDir(f.path)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range all {
			out = append(out, e.Name())
		}
		return out
	}
	put("index.db", "linker.state", "linker.state.x.new", "linker-g2.state")
	if err := f.wipeLinkState(f.linkState(1)); err != nil || !slices.Equal(left(), []string{"index.db", "linker-g2.state"}) {
		t.Errorf("of one generation: %v, left %v", err, left())
	}
	put("linker.state")
	if err := f.wipeLinkStates(); err != nil || !slices.Equal(left(), []string{"index.db"}) {
		t.Errorf("of all: %v, left %v", err, left())
	}
	put("no.yaml")
	if _, err := LoadSites(f.path); err == nil {
		t.Error("a site definition that cannot be read is passed over")
	}
}

// What is no state is refused and brings nothing down.
func FuzzLinkState(f *testing.F) {
	want := linkHead{Format: stateFormat, Instance: "i"}
	name := filepath.Join(f.TempDir(), "linker.state")
	l := link.New(link.Config{})
	l.Add(&ad.Ad{Listing: ad.Listing{AdID: ad.ID("town", "1", ""), Title: "Oak table", Body: "six seats"}})
	s, err := newState(name, want, l, linkAt{linked: linked{UpTo: 7}})
	if err != nil {
		f.Fatal(err)
	}
	_ = s.f.Close()
	b, err := os.ReadFile(name)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b, true)
	f.Add(b[:len(b)-3], false)
	f.Fuzz(func(t *testing.T, b []byte, sum bool) {
		l := link.New(link.Config{})
		if sum { // beyond the checksums
			_ = takeFrame(b, func(_ linkAt, part []byte) error { return l.Restore(part) })
			return
		}
		end, _, err := readLinkState(bytes.NewReader(b), want, func(_ linkAt, part []byte) error { return l.Restore(part) })
		if end > int64(len(b)) || err == nil && end != int64(len(b)) {
			t.Errorf("read up to %d of %d: %v", end, len(b), err)
		}
		if errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
	})
}
