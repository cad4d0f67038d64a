package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/api"
	"vigil.example/internal/app"
	"vigil.example/internal/desk"
	"vigil.example/internal/search"
	"vigil.example/internal/search/elastic"
	"vigil.example/internal/search/sqlite"
	"vigil.example/internal/stream"
)

// A door is how people work with a plant. It notes what was acknowledged to them.
type door struct {
	*plant
	client *api.Client
	carry  int    // ads of the town that carry the watched number
	known  int    // of them, those known when it was watched
	number string // of the town, watched

	mu     sync.Mutex
	pages  int            // saved pages that were brought
	taken  map[string]int // capture ids acknowledged
	alerts map[string]bool
}

var oneTime = regexp.MustCompile(`one-time password (\S+)`)

// signIn takes over the new instance: another password, a token, two watches.
func (d *door) signIn() {
	d.Helper()
	name := "web"
	if d.procs[name] == nil {
		name = "all"
	}
	once := d.procs[name].said(oneTime)
	d.procs[name].said(regexp.MustCompile(`serves http`))
	jar, err := cookiejar.New(nil)
	if err != nil {
		d.Fatal(err)
	}
	base, c := "http://"+d.web, &http.Client{Jar: jar, Timeout: 30 * time.Second}
	for _, f := range [][]string{
		{"/sign-in", "name", "admin", "password", once}, {"/password", "old", once, "new", passphrase, "again", passphrase},
	} {
		await(d.T, "form "+f[0], func() bool {
			_, err = form(c, base+f[0], f[1:]...)
			return err == nil
		})
	}
	open := api.NewClient(base, "", &http.Client{Timeout: 30 * time.Second})
	var a api.TokenAnswer
	await(d.T, "a token", func() bool {
		a, err = open.MakeToken(d.Context(), api.TokenRequest{
			Name: "admin", Password: passphrase, Label: "test", Scopes: access.Scopes(), Purpose: api.Purpose{Kind: access.PurposeCase, Text: "24-0117"},
		})
		return err == nil
	})
	d.client = api.NewClient(base, a.Secret, &http.Client{Timeout: 20 * time.Second})
	d.number, d.carry = busiest(d.T, d.ads)
	await(d.T, "two watches", func() bool {
		w, err := d.client.Watch(d.Context(), d.number)
		if err != nil {
			return false
		}
		d.known = w.Known
		_, err = d.client.Watch(d.Context(), watchedPages)
		return err == nil
	})
}

// watchedPages is the number that every twentieth saved page carries.
const watchedPages = "+19125550100"

// savedPage makes a saved page: always the same, of its own words, with a number that
// some others carry.
func savedPage(n int) api.SavedPage {
	r := rand.New(rand.NewPCG(uint64(n), 17))
	words := strings.Fields("oak walnut table chair lamp carpet window garden kettle bicycle ladder mirror shelf drawer cushion blanket curtain basket bottle candle hammer wrench pliers saw drill paint brush canvas frame guitar piano violin drum flute trumpet boat canoe paddle tent lantern compass map rope anchor sail wheel pedal saddle helmet glove scarf jacket boot sandal slipper apron pan pot spoon fork knife plate bowl cup")
	var text strings.Builder
	for range 40 {
		fmt.Fprint(&text, words[r.IntN(len(words))], " ")
	}
	number := fmt.Sprintf("912-555-01%02d", 1+n/3%90)
	if n%20 == 0 {
		number = "912-555-0100"
	}
	body := fmt.Sprintf("<!doctype html><html><head><title>%s %d</title></head><body><h1>%s %d</h1><p>%s Call %s.</p></body></html>", words[n%len(words)], n, words[n%len(words)], n, text.String(), number)
	return api.SavedPage{
		Name: fmt.Sprintf("page-%d.html", n), URL: fmt.Sprintf("http://pages.example/ad/%d", n), Body: []byte(body),
		SavedAt: time.Date(2026, time.March, 1, 12, 0, n, 0, time.UTC),
	}
}

// bring brings the next n saved pages, each again until it is acknowledged. What
// it returns waits for that.
func (d *door) bring(n int) (wait func()) {
	d.Helper()
	d.mu.Lock()
	from := d.pages
	d.pages += n
	d.mu.Unlock()
	done := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(d.Context(), 4*time.Minute)
		defer cancel()
		for i := from; i < from+n; i++ {
			for {
				c, err := d.client.Import(ctx, savedPage(i))
				if err == nil {
					d.mu.Lock()
					d.taken[c.ID]++
					d.mu.Unlock()
					break
				}
				select {
				case <-ctx.Done():
					done <- fmt.Errorf("page %d: %w", i, err)
					return
				case <-time.After(50 * time.Millisecond):
				}
			}
		}
		done <- nil
	}()
	return func() {
		d.Helper()
		if err := <-done; err != nil {
			d.Fatalf("bringing saved pages: %v", err)
		}
	}
}

// acknowledged is how many pages were taken so far.
func (d *door) acknowledged() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.taken)
}

// settle waits until everything is through the walk.
func (p *plant) settle() {
	p.Helper()
	for _, x := range p.procs {
		if !x.runs() {
			p.Errorf("%s has ended by itself:\n%s", x.name, x.tail(40))
			x.start()
		}
	}
	var s desk.Status
	var err error
	why, quiet := "", 0
	for until := time.Now().Add(patience); quiet < 3; {
		if time.Now().After(until) {
			p.Fatalf("does not come to rest within %v: %s, %v\n%s", patience, why, err, ledgerText(s.Ledger))
		}
		<-time.After(100 * time.Millisecond)
		ctx, cancel := context.WithTimeout(p.Context(), 5*time.Second)
		if s, err = p.desk.client.Status(ctx); err != nil {
			why = "no status"
		} else if !s.Ledger.Settled || len(s.Ledger.Rows) == 0 || s.Ledger.Rows[0].In == 0 {
			why = "something waits"
		} else {
			why, err = p.behind(ctx)
		}
		cancel()
		if quiet++; why != "" || err != nil {
			quiet = 0
		}
	}
	for i, r := range s.Ledger.Rows {
		s.Ledger.Rows[i].Stored -= min(r.Stored, p.planted[r.Step])
	}
	if s.Ledger.Balance(); !s.Ledger.Balanced {
		p.Errorf("the ledger does not balance:\n%s", ledgerText(s.Ledger))
	}
}

func ledgerText(l desk.Ledger) string {
	var b strings.Builder
	app.PrintLedger(&b, l)
	return b.String()
}

// behind names what is not in the ledger and still has something to do.
func (p *plant) behind(ctx context.Context) (string, error) {
	if p.bus == nil {
		return "", nil
	}
	for name, in := range map[string]string{"frontier": stream.Listings, "alert": stream.Ads} {
		if n, err := p.bus.Waiting(ctx, in, name); err != nil || n > 0 {
			return name, err
		}
	}
	i, err := p.bus.Info(ctx, stream.Links)
	if err != nil || i.Messages == 0 {
		return "", err
	}
	last, err := p.bus.LastOf(ctx, stream.Links, "link.change")
	if err != nil {
		return "links", err
	}
	at := uint64(0)
	err = p.index(func(x search.Index) (err error) { at, err = x.Position(ctx, "links"); return err })
	if err == nil && at < last.Seq {
		return "links are not indexed", nil
	}
	return "", err
}

func stateOf(ctx context.Context, x search.Index) (app.State, error) { return app.StateOf(x.Dump(ctx)) }

// index opens the index beside those that use it.
func (p *plant) index(f func(search.Index) error) error {
	var x search.Index
	var err error
	if p.elastic == nil {
		x, err = sqlite.Open(p.Context(), filepath.Join(p.data, "index.db"), sqlite.Options{ReadOnly: true})
	} else {
		x, err = elastic.Open(p.Context(), elastic.Options{Server: p.elastic.Server(), Name: p.alias(), ReadOnly: true})
	}
	if err != nil {
		return err
	}
	defer x.Close()
	return f(x)
}

// alias names the index in Elasticsearch.
func (p *plant) alias() string {
	p.Helper()
	var m struct{ Instance string }
	b, err := os.ReadFile(filepath.Join(p.data, "vigil.json"))
	if err == nil {
		err = json.Unmarshal(b, &m)
	}
	if err != nil {
		p.Fatal(err)
	}
	return "vigil-" + m.Instance + "-1"
}

// state digests the index.
func (p *plant) state() (s app.State) {
	p.Helper()
	err := p.index(func(x search.Index) (err error) { s, err = stateOf(p.Context(), x); return err })
	if err != nil {
		p.Fatalf("read the index: %v", err)
	}
	return s
}

// whole checks what people can see of a plant at rest: nothing acknowledged is
// lost, nothing is there twice.
func (p *plant) whole() {
	p.Helper()
	d := p.desk
	d.mu.Lock()
	taken, pages := len(d.taken), d.pages
	d.mu.Unlock()
	if taken != pages {
		p.Errorf("%d pages were acknowledged under %d ids", pages, taken)
	}
	p.unique()
	told, want := d.inbox(), d.carry-d.known+(pages+19)/20
	for until := time.Now().Add(patience); len(told) < want && time.Now().Before(until); told = d.inbox() {
		<-time.After(200 * time.Millisecond) // the ledger does not wait for alerts, which may be tried again
	}
	if len(told) != want {
		p.Errorf("%d alerts in the inbox, want %d", len(told), want)
	}
	w, err := d.client.Watches(p.Context())
	if err != nil || len(w) != 2 {
		p.Errorf("%d watches, %v; want 2", len(w), err)
	}
	if a, err := d.client.VerifyAudit(p.Context()); err != nil || !a.Whole {
		p.Errorf("audit chain: %+v, %v", a, err)
	}
}

// inbox reads all alerts: none is told twice, none that was read before is gone.
func (d *door) inbox() map[string]bool {
	d.Helper()
	told, ads := map[string]bool{}, map[string]int{}
	for before := uint64(0); ; {
		in, err := d.client.Inbox(d.Context(), before, 100)
		if err != nil {
			d.Fatalf("inbox: %v", err)
		}
		for _, a := range in.Alerts {
			told[a.ID] = true
			if ads[a.AdID+" "+a.Value.Value]++; ads[a.AdID+" "+a.Value.Value] == 2 {
				d.Errorf("told twice of ad %s", a.AdID)
			}
		}
		if before = in.Before; before == 0 {
			break
		}
	}
	for id := range d.alerts {
		if !told[id] {
			d.Errorf("alert %s was in the inbox and is gone", id)
		}
	}
	d.alerts = told
	return told
}

// unique looks at the streams: every id once, every acknowledged page there.
func (p *plant) unique() {
	p.Helper()
	if p.bus == nil {
		return
	}
	captured := map[string]bool{}
	for _, name := range []string{stream.Frontier, stream.Captures, stream.Listings, stream.Ads, stream.Links, stream.Alerts, stream.Dead} {
		seen, twice := map[string]bool{}, 0
		_, err := p.bus.Replay(p.Context(), name, 0, nil, func(m ad.Message) error {
			if seen[m.ID] {
				twice++
			}
			seen[m.ID] = true
			if id, ok := strings.CutPrefix(m.ID, "i:"); ok && name == stream.Captures {
				captured[id] = true
			}
			return nil
		})
		if err != nil {
			p.Fatalf("read %s: %v", name, err)
		}
		if twice > 0 {
			p.Errorf("%d records of %s are there twice", twice, name)
		}
	}
	p.desk.mu.Lock()
	defer p.desk.mu.Unlock()
	for id := range p.desk.taken {
		if !captured[id] {
			p.Errorf("page %s was acknowledged and is not in the stream", id)
		}
	}
}

// undisturbed runs the same town and the same pages through one process that
// nothing happens to.
func undisturbed(p *plant) app.State {
	p.Helper()
	q := build(p.T, layout{ads: p.ads})
	q.desk.bring(p.desk.pages)()
	q.settle()
	q.whole()
	s := q.state()
	for _, x := range q.procs {
		x.stop()
	}
	return s
}

// shift lets the clock of all processes jump.
func (p *plant) shift(by string) {
	p.Helper()
	if err := os.WriteFile(p.clock, []byte(by), 0o600); err != nil {
		p.Fatal(err)
	}
}

// letters are the dead letters by subject.
func (p *plant) letters() map[string]uint64 {
	p.Helper()
	i, err := p.bus.Info(p.Context(), stream.Dead)
	if err != nil {
		p.Fatal(err)
	}
	return i.Subjects
}

func compact(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
