package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"vigil.example/internal/ad"
	"vigil.example/internal/api"
	"vigil.example/internal/search"
	"vigil.example/internal/stream"
)

// A fault is something that happens to a plant at work. When it returns, what it
// did is undone and the plant has only to come to rest.
type fault struct {
	name string
	do   func(*plant, *rand.Rand, int)
}

// faults happen to an instance of one server. How often is up to rounds.
var faults = []fault{
	{"processes stopped for longer than their leases", stopped},
	{"processes killed", killed},
	{"poison records", poisoned},
	{"consumers deleted", consumersDeleted},
	{"index damaged", indexDamaged},
	{"clock jumps", clockJumps},
}

// killed ends processes, the server too, at random moments with kill -9.
func killed(p *plant, r *rand.Rand, rounds int) {
	wait := p.desk.bring(8 * rounds)
	all := append(slices.Collect(maps.Values(p.procs)), p.nats...)
	slices.SortFunc(all, func(x, y *program) int { return strings.Compare(x.name, y.name) })
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for i := range rounds {
		x := all[i%len(all)] // each once before one comes again
		<-time.After(time.Duration(r.IntN(400)) * time.Millisecond)
		x.kill()
		<-time.After(time.Duration(r.IntN(200)) * time.Millisecond)
		x.start()
	}
	wait()
}

// holders are the processes that hold a lease, by the name of the lease.
func (p *plant) holders() map[string]*program {
	p.Helper()
	all, err := p.bus.Leases(p.Context())
	if err != nil {
		p.Fatal(err)
	}
	out := map[string]*program{}
	for _, l := range all {
		for _, x := range p.procs {
			if x.runs() && x.cmd.Process.Pid == l.PID {
				out[l.Name] = x
			}
		}
	}
	return out
}

// stopped stops the holders of all leases that have a standby, and an extractor,
// until others have taken over, and lets them go on.
func stopped(p *plant, r *rand.Rand, rounds int) {
	wait := p.desk.bring(40)
	leases := []string{"link", "index", "archive", "crawl-laplaza"} // of each, the one process of two
	await(p.T, "every lease is held", func() bool {
		h := p.holders()
		return !slices.ContainsFunc(leases, func(l string) bool { return h[l] == nil })
	})
	before := p.holders()
	victims := map[*program]bool{p.procs["extract"]: true, p.procs["enrich-2"]: true}
	for _, l := range leases {
		victims[before[l]] = true
	}
	for x := range victims {
		x.signal(syscall.SIGSTOP)
	}
	began := time.Now()
	await(p.T, "standbys take over", func() bool {
		now := p.holders()
		for _, l := range leases {
			if now[l] == nil || now[l] == before[l] {
				return false
			}
		}
		return true
	})
	// What an extractor had under way is given to the other after ten seconds.
	long := 11 * time.Second
	if rounds >= 20 {
		long = 140 * time.Second // longer than the server remembers message ids
	}
	<-time.After(long - time.Since(began))
	said, woke := map[*program]int{}, time.Now().Truncate(time.Second)
	for x := range victims {
		said[x] = len(x.text())
		x.signal(syscall.SIGCONT)
	}
	wait()
	for _, l := range []string{"link", "index", "archive"} {
		x := before[l]
		x.wait("says that it has lost "+l, func() bool {
			t := x.text()[said[x]:]
			return strings.Contains(t, "the lease is lost") || strings.Contains(t, "another owner has taken over")
		})
		if p.holders()[l] == x && p.since()[l].Before(woke) {
			p.Errorf("%s holds the lease of %s as if nothing had been", x.name, l)
		}
	}
	p.ready()
}

// poisoned publishes records that no step can read, and restarts everything.
func poisoned(p *plant, r *rand.Rand, rounds int) {
	p.steady() // who takes a lease over reads what was there without saying what it could not
	wait := p.desk.bring(10)
	before := p.letters()
	want := maps.Clone(before)
	tag := fmt.Sprint(time.Now().UnixNano())
	for _, x := range []struct {
		subject string
		stored  string // as an output of this step, in the ledger's eyes
		dead    []string
	}{
		{"capture.import.poison", "", []string{"dead.extract"}},
		{"listing.poison", "", []string{"dead.enrich"}},
		{"ad.poison", "enrich", []string{"dead.link", "dead.index-ads", "dead.alert"}},
		{"link.change", "", []string{"dead.index-links"}},
		{"frontier.townboard", "", []string{"dead.crawl-townboard"}},
		{"outcome.poison.removed", "extract", []string{"dead.index-removals", "dead.frontier"}},
	} {
		for i := range 2 {
			m := ad.Message{Subject: x.subject, ID: fmt.Sprintf("poison:%s:%s:%d", x.subject, tag, i), Data: []byte("\x00 no record " + tag)}
			if err := p.bus.Publish(p.Context(), []ad.Message{m}); err != nil {
				p.Fatal(err)
			}
			if x.stored != "" {
				p.planted[x.stored]++
			}
			for _, d := range x.dead {
				want[d]++
			}
		}
	}
	wait()
	same := func() bool { return maps.Equal(p.letters(), want) }
	for until := time.Now().Add(patience); !same(); <-time.After(100 * time.Millisecond) {
		if time.Now().After(until) {
			p.Errorf("dead letters:\n got %v\nwant %v", p.letters(), want)
			return
		}
	}
	p.restart()
	p.desk.bring(5)()
	p.settle()
	if !same() {
		p.Errorf("dead letters after a restart:\n got %v\nwant %v", p.letters(), want)
	}
}

// restart stops every process in good order and starts it again.
func (p *plant) restart() {
	p.Helper()
	for _, x := range p.procs {
		x.signal(syscall.SIGTERM)
	}
	for _, x := range p.procs {
		x.stop()
	}
	for _, x := range p.procs {
		x.start()
	}
}

// js is the hand of an operator with the tools of NATS.
func (p *plant) js() jetstream.JetStream {
	p.Helper()
	nc, err := nats.Connect(p.url(), nats.Token(streamToken))
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		p.Fatal(err)
	}
	return js
}

// consumersDeleted deletes every durable consumer, as an operator may.
func consumersDeleted(p *plant, r *rand.Rand, rounds int) {
	js := p.js()
	visits := p.town.Visits().Pages
	wait := p.desk.bring(20)
	deleted := 0
	for _, d := range stream.Table() {
		s, err := js.Stream(p.Context(), d.Name)
		if err != nil {
			p.Fatal(err)
		}
		for c := range s.ListConsumers(p.Context()).Info() {
			if c.Config.Durable == "" {
				continue
			}
			if err := s.DeleteConsumer(p.Context(), c.Name); err != nil {
				p.Fatal(err)
			}
			deleted++
		}
	}
	if deleted < 7 {
		p.Errorf("%d consumers deleted, want at least 7", deleted)
	}
	wait()
	p.settle()
	if n := p.town.Visits().Pages - visits; n > 30 { // those that were on their way
		p.Errorf("%d pages of the town were fetched again", n)
	}
}

// indexDamaged takes the index away, cuts it, and writes over it, while it is in
// use and while nobody uses it. What is searched meanwhile is found whole or not
// answered at all.
func indexDamaged(p *plant, r *rand.Rand, rounds int) {
	p.settle()
	name := filepath.Join(p.data, "index.db")
	want := p.state()
	found := p.count()
	damage := map[string]func() error{
		"deleted":   func() error { return os.Remove(name) },
		"truncated": func() error { return os.Truncate(name, 4096*3+17) },
		"emptied":   func() error { return os.Truncate(name, 0) },
		"garbage at its start": func() error {
			return scribble(name, r, 0, 100_000)
		},
		"garbage in its middle": func() error {
			i, err := os.Stat(name)
			if err != nil {
				return err
			}
			return scribble(name, r, i.Size()/3, i.Size()/3)
		},
	}
	kinds := sortedKeys(damage)
	r.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
	for i, kind := range kinds {
		for _, running := range []bool{true, false} {
			if rounds < 20 && running == (i%2 == 0) {
				continue
			}
			began := time.Now()
			if !running {
				for _, x := range []string{"index", "index-2", "web", "alert", "archive", "archive-2"} {
					p.procs[x].stop()
				}
			}
			if err := damage[kind](); err != nil {
				p.Fatalf("index %s: %v", kind, err)
			}
			if running { // damage that no reader meets is found when all is read, once an hour
				p.shift(fmt.Sprintf("%dh", 2*(i+1)))
			} else {
				for _, x := range []string{"index", "index-2", "web", "alert", "archive", "archive-2"} {
					p.procs[x].start()
				}
			}
			for until := time.Now().Add(patience); ; <-time.After(50 * time.Millisecond) {
				a, err := p.desk.client.Search(p.Context(), api.SearchRequest{Query: p.desk.number})
				if err == nil && a.Total != found {
					p.Errorf("index %s, running %t: %d ads found, want %d or an error", kind, running, a.Total, found)
				}
				if err == nil && p.healthy(want) {
					break
				}
				if time.Now().After(until) {
					p.Fatalf("index %s, running %t: not rebuilt within a minute: %v", kind, running, err)
				}
			}
			p.settle()
			p.Logf("index %s, running %t: whole again after %v", kind, running, time.Since(began).Round(100*time.Millisecond))
		}
	}
}

// healthy reports whether the index is readable from end to end and as it was.
func (p *plant) healthy(want any) bool {
	defer func() { _ = recover() }()
	ok := false
	_ = p.index(func(x search.Index) error {
		s, err := stateOf(p.Context(), x)
		ok = err == nil && any(s) == want
		return err
	})
	return ok
}

func (p *plant) count() int {
	p.Helper()
	a, err := p.desk.client.Search(p.Context(), api.SearchRequest{Query: p.desk.number})
	if err != nil {
		p.Fatal(err)
	}
	return a.Total
}

// scribble writes noise over a part of a file.
func scribble(name string, r *rand.Rand, at, n int64) error {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteAt(b, at)
	return err
}

// since tells since when each lease is held.
func (p *plant) since() map[string]time.Time {
	p.Helper()
	all, err := p.bus.Leases(p.Context())
	if err != nil {
		p.Fatal(err)
	}
	out := map[string]time.Time{}
	for _, l := range all {
		out[l.Name] = l.Since
	}
	return out
}

// steady waits until no lease has changed hands for longer than one lasts.
func (p *plant) steady() {
	p.Helper()
	held, from := p.since(), time.Now()
	await(p.T, "leases stay where they are", func() bool {
		if now := p.since(); !maps.Equal(now, held) || len(p.holders()) != len(now) {
			held, from = now, time.Now()
		}
		return time.Since(from) > 8*time.Second
	})
}

// clockJumps lets the clock of all processes jump an hour ahead and back.
func clockJumps(p *plant, r *rand.Rand, rounds int) {
	p.settle()
	p.steady()
	visits := p.town.Visits().Pages
	sealed := func() bool {
		files, err := filepath.Glob(filepath.Join(p.data, "blobs", "captures", "*.warc.gz"))
		return err == nil && len(files) > 0
	}
	// A server whose disk stalls loses leases too, now and then; a clock that did would
	// do so each time.
	for try := 1; ; try++ {
		before := p.since()
		for _, by := range []string{"1h", "-1h", "0s"} {
			p.shift(by)
			wait := p.desk.bring(15)
			<-time.After(2 * time.Second)
			wait()
			p.settle()
			if by == "1h" {
				await(p.T, "captures are an hour old and sealed", sealed)
			}
		}
		after := p.since()
		if maps.Equal(after, before) {
			break
		}
		p.Logf("leases changed hands:\nbefore %v\n after %v", before, after)
		if try == 4 {
			p.Errorf("leases changed hands at each of %d jumps", try)
			break
		}
		p.steady()
	}
	if n := p.town.Visits().Pages - visits; n > 0 {
		p.Errorf("%d pages of the town were fetched again", n)
	}
	p.ready()
}

// leaderOf is the index of the server that leads a stream; -1 when none does.
func (p *plant) leaderOf(js jetstream.JetStream, name string) int {
	ctx, cancel := context.WithTimeout(p.Context(), 2*time.Second)
	defer cancel()
	s, err := js.Stream(ctx, name)
	if err != nil || s.CachedInfo().Cluster == nil {
		return -1
	}
	for i, n := range p.nats {
		if n.name == s.CachedInfo().Cluster.Leader && n.runs() {
			return i
		}
	}
	return -1
}

// quorumLost kills the server that leads the captures, then another, and brings
// them back one by one.
func quorumLost(p *plant, r *rand.Rand, rounds int) {
	js := p.js()
	wait := p.desk.bring(60)
	first := -1
	await(p.T, "the captures have a leader", func() bool { first = p.leaderOf(js, stream.Captures); return first >= 0 })
	p.nats[first].kill()
	killed, before := time.Now(), p.desk.acknowledged()
	await(p.T, "pages are taken again without the leader", func() bool { return p.desk.acknowledged() >= before+3 })
	p.Logf("the leader is lost: pages are taken again after %v", time.Since(killed).Round(100*time.Millisecond))
	second := (first + 1 + r.IntN(2)) % 3
	p.nats[second].kill()
	<-time.After(time.Second)
	before = p.desk.acknowledged()
	<-time.After(3 * time.Second)
	if n := p.desk.acknowledged(); n > before+1 {
		p.Errorf("%d pages were taken without a quorum", n-before)
	}
	p.nats[second].start()
	<-time.After(time.Duration(r.IntN(1000)) * time.Millisecond)
	p.nats[first].start()
	wait()
}

// readyWith waits for an answer of /readyz with a code and a text.
func (p *plant) readyWith(name string, code int, text string) {
	p.Helper()
	got, body := 0, ""
	for until := time.Now().Add(patience); got != code || !strings.Contains(body, text); <-time.After(100 * time.Millisecond) {
		if time.Now().After(until) {
			p.Fatalf("%s: readyz says %d, want %d with %q:\n%s", name, got, code, text, body)
		}
		got, body = p.health(name)
	}
	if code == http.StatusOK && bytes.Contains([]byte(body), []byte(`"failing"`)) {
		p.Errorf("%s: ready and failing:\n%s", name, body)
	}
}
