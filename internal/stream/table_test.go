package stream

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"vigil.example/internal/ad"
)

func TestTable(t *testing.T) {
	seen := map[string]string{}
	for _, d := range Table() {
		if d.About == "" || d.Writers == "" || d.Window == 0 {
			t.Errorf("%s does not say what it holds, who writes it, or how long ids are known", d.Name)
		}
		if d.Record == d.Derived {
			t.Errorf("%s is either a record or derived", d.Name)
		}
		if d.Sealed && d.Erasable {
			t.Errorf("%s cannot be both sealed and erased from", d.Name)
		}
		if d.Record && (d.MaxAge > 0 || d.MaxBytes > 0) {
			t.Errorf("%s is a record and may not end by itself", d.Name)
		}
		for _, s := range append(d.subjects(1), d.subjects(2)...) {
			if other, ok := seen[s]; ok && other != d.Name {
				t.Errorf("%s and %s share the subject %s", d.Name, other, s)
			}
			seen[s] = d.Name
		}
	}
}

func TestGenerations(t *testing.T) {
	b, ctx := open(t, t.TempDir()), t.Context()
	if err := b.EnsureGeneration(ctx, Captures, 2); err == nil {
		t.Error("a record got a second generation")
	}
	for range 2 { // the second time it is there
		if err := b.EnsureGeneration(ctx, Ads, 2); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Publish(ctx, batch(0, 3)); err != nil {
		t.Fatal(err)
	}
	again := batch(0, 20)
	for i := range again {
		again[i].Subject = onWire(2, again[i].Subject)
	}
	fence := ad.Message{Subject: "g2.fence.ads.enrich", Data: []byte("owner")}
	if err := b.Publish(ctx, again); err != nil {
		t.Fatal(err)
	}
	if err := b.Publish(ctx, []ad.Message{fence}); err == nil {
		t.Error("a stream that no lease-holder writes took a fence")
	}
	name := Named(Ads, 2)
	if i, err := b.Info(ctx, name); err != nil || i.Subjects["ad.town"] != 20 {
		t.Errorf("info of the second generation is %v, %v; want 20 of ad.town", i, err)
	}
	if got := count(t, b); got != 3 {
		t.Errorf("the first generation has %d messages, want 3", got)
	}
	var subjects []string
	if _, err := b.Replay(ctx, name, 1, []string{"ad.*"}, func(m ad.Message) error { subjects = append(subjects, m.Subject); return nil }); err != nil || len(subjects) != 20 || subjects[0] != "ad.town" {
		t.Errorf("replayed %d of %v, %v", len(subjects), subjects[:min(1, len(subjects))], err)
	}
	if m, err := b.LastOf(ctx, name, "ad.town"); err != nil || m.Subject != "ad.town" || m.ID != "v19" {
		t.Errorf("the newest is %s %s, %v", m.Subject, m.ID, err)
	}
	c, err := b.Consumer(ctx, name, "index", ConsumerOptions{Filter: []string{"ad.town"}, Inflight: 50, Wait: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if ms := fetch(t, c, 20); ms[3].Subject != "ad.town" {
		t.Errorf("fetched %s", ms[3].Subject)
	}
	for range 2 { // the second time it is gone
		if err := b.DropGeneration(ctx, Ads, 2); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Info(ctx, name); !errors.Is(err, jetstream.ErrStreamNotFound) {
		t.Errorf("a dropped generation says %v", err)
	}
	if err := b.DropGeneration(ctx, Audit, 1); err == nil {
		t.Error("a record was dropped")
	}
}

// TestHidden checks that no reader sees a fence.
func TestHidden(t *testing.T) {
	b, ctx := open(t, t.TempDir()), t.Context()
	change := func(id string) ad.Message { return ad.Message{Subject: "link.change", ID: id, Data: []byte(id)} }
	fence := ad.Message{Subject: fenceSubject(Links, "link"), Data: []byte("owner")}
	for _, m := range []ad.Message{fence, change("a"), fence, change("b"), fence} {
		if err := b.Publish(ctx, []ad.Message{m}); err != nil {
			t.Fatal(err)
		}
	}
	var ids []string
	if last, err := b.Replay(ctx, Links, 0, nil, func(m ad.Message) error { ids = append(ids, m.ID); return nil }); err != nil || last != 5 || strings.Join(ids, " ") != "a b" {
		t.Errorf("replayed %v up to %d, %v", ids, last, err)
	}
	c, err := b.Consumer(ctx, Links, "all", ConsumerOptions{Inflight: 10, Wait: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for got := 0; got < 2; {
		ms, err := c.Fetch(ctx, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range ms {
			if got++; m.Subject != "link.change" {
				t.Errorf("fetched %s", m.Subject)
			}
			if err := c.Ack(m.Seq); err != nil {
				t.Fatal(err)
			}
		}
	}
	until(t, "everything is acknowledged, the last fence too", func() bool {
		floor, err := b.AckFloor(ctx, Links, "all")
		return err == nil && floor == 5
	})
	if _, err := b.Get(ctx, Links, 1); !errors.Is(err, ad.ErrNotFound) {
		t.Errorf("a fence was read: %v", err)
	}
	if i, err := b.Info(ctx, Links); err != nil || len(i.Subjects) != 1 {
		t.Errorf("subjects are %v, %v; want link.change only", i.Subjects, err)
	}
}

// patience is how long a test waits for what must come: long, because it costs nothing
// where it comes. What must be at once may be late on a loaded machine.
const patience, late = 3 * time.Minute, 20 * time.Second

// until asks until it is so, for as long as there is patience.
func until(t *testing.T, what string, so func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(patience); ; {
		if so() {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

func TestMigration(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	b, err := Open(ctx, Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Publish(ctx, batch(0, 20)); err != nil {
		t.Fatal(err)
	}
	change := func(name string, f func(*jetstream.StreamConfig)) {
		t.Helper()
		s, err := b.js.Stream(ctx, name)
		if err != nil {
			t.Fatal(err)
		}
		c := s.CachedInfo().Config
		f(&c)
		if _, err := b.js.UpdateStream(ctx, c); err != nil {
			t.Fatal(err)
		}
	}
	change(Links, func(c *jetstream.StreamConfig) { c.Subjects = []string{"link.change"} })
	change(Ads, func(c *jetstream.StreamConfig) {
		c.Discard, c.MaxMsgs, c.Duplicates = jetstream.DiscardOld, 1000, time.Minute
	})
	change(Dead, func(c *jetstream.StreamConfig) { c.DenyDelete = true })
	if _, err := b.js.CreateStream(ctx, jetstream.StreamConfig{Name: "STRAY", Subjects: []string{"stray"}}); err != nil {
		t.Fatal(err)
	}
	if err := b.js.DeleteStream(ctx, Archive); err != nil {
		t.Fatal(err)
	}
	drift := func(b *Bus) string {
		t.Helper()
		d, err := b.Drift(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(d, "\n")
	}
	got := drift(b)
	for _, want := range []string{"LINKS takes other subjects", "ADS drops its oldest", "ADS has a limit of messages", "ADS remembers", "DEAD refuses to delete", "STRAY is not one of Vigil's", "ARCHIVE is missing"} {
		if !strings.Contains(got, want) {
			t.Errorf("the drift does not say %q:\n%s", want, got)
		}
	}
	b.Close()
	b = open(t, dir)
	if got := drift(b); strings.Count(got, "\n") != 1 || !strings.Contains(got, "DEAD refuses to delete") || !strings.Contains(got, "STRAY") {
		t.Errorf("after the migration the drift is\n%s\nwant only what cannot be changed and the stray stream", got)
	}
	if got := count(t, b); got != 20 {
		t.Errorf("%d messages after the migration, want 20", got)
	}
}

// TestMigrationQuiet checks that a start with nothing to change changes nothing.
func TestMigrationQuiet(t *testing.T) {
	srv, ctx := open(t, t.TempDir()), t.Context()
	updates, err := srv.nc.SubscribeSync("$JS.API.STREAM.*.*")
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.ensure(ctx); err != nil {
		t.Fatal(err)
	}
	if err := srv.nc.Flush(); err != nil {
		t.Fatal(err)
	}
	for {
		m, err := updates.NextMsg(50 * time.Millisecond)
		if err != nil {
			break
		}
		if strings.Contains(m.Subject, "UPDATE") || strings.Contains(m.Subject, "CREATE") {
			t.Errorf("a start with nothing to change sent %s", m.Subject)
		}
	}
}
