package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"vigil.example/internal/ad"
	"vigil.example/internal/api"
	"vigil.example/internal/bazaar"
	"vigil.example/internal/desk"
	"vigil.example/internal/erasure"
	"vigil.example/internal/stream"
)

// erasable is the size of the town in these tests.
const erasable = 300

// grounds are those of every order here.
var grounds = api.EraseRequest{Reason: "asked by the person", Authority: "data protection officer"}

// After erasing one ad, no byte of any file holds its number or its title, in
// whatever form; everything else is as it was. Nothing brings it back.
func TestErasedAdIsNowhere(t *testing.T) {
	data := t.TempDir()
	all := loners(t)
	number := all[0].Phones[0]
	d := startDemo(t, data, "--frozen", "--ads", strconv.Itoa(erasable))
	c := d.client(t)
	if _, err := c.Watch(t.Context(), number); err != nil {
		t.Fatal(err)
	}
	d.crawl(t)
	d.told(t, c)
	victim := d.only(t, c, number)
	d.stop(t)
	score(t, data, erasable) // seals
	poison(t, data, victim, number)

	d = startDemo(t, data, "--frozen", "--ads", strconv.Itoa(erasable))
	d.crawl(t)
	c = d.client(t)
	before := d.status(t, c)
	needles := needlesOf(t, victim, number, data)
	if n := found(t, data, needles); n < 4 {
		t.Fatalf("the number stands in %d places before it is erased: the test looks in the wrong ones", n)
	}
	q := grounds
	q.Ads = []string{victim.ID}
	x := d.erase(t, c, q)
	if x.Ads != 1 || x.Captures == 0 || x.Held != 0 || len(x.Files) == 0 || x.Deleted["ALERTS alert"] != 1 || x.Deleted["DEAD dead.other"] != 1 {
		t.Errorf("the order came to %+v", x)
	}
	check := func(d *demo, c *api.Client) {
		t.Helper()
		d.gone(t, c, victim.ID, number)
		after := d.status(t, c)
		if after.Ads != before.Ads-1 || !after.Ledger.Balanced || !after.Ledger.Settled {
			t.Errorf("%d ads after %d, ledger %+v", after.Ads, before.Ads, after.Ledger)
		}
		if a, err := c.VerifyAudit(t.Context()); err != nil || !a.Whole {
			t.Errorf("audit log: %+v, %v", a, err)
		}
	}
	check(d, c)
	nowhere(t, data, needles) // while it runs
	d.stop(t)
	nowhere(t, data, needles)
	doctor(t, data)
	score(t, data, erasable)
	nowhere(t, data, needles)
	d = startDemo(t, data, "--frozen", "--ads", strconv.Itoa(erasable))
	d.crawl(t)
	check(d, d.client(t))
	d.stop(t)
	if err := os.Remove(filepath.Join(data, "index.db")); err != nil {
		t.Fatal(err)
	}
	d = startDemo(t, data, "--frozen", "--ads", strconv.Itoa(erasable))
	d.crawl(t)
	c = d.client(t)
	check(d, c)

	// All others whose number nobody else gives, at once: written in every way.
	q.Ads = nil
	for _, x := range all[1:] {
		if hits := d.search(t, c, x.Phones[0]); len(hits) == 1 && hits[0].NativeID == x.NativeID {
			a := d.only(t, c, x.Phones[0])
			q.Ads, needles = append(q.Ads, a.ID), append(needles, needlesOf(t, a, x.Phones[0], data)...)
		}
	}
	if len(q.Ads) < 10 {
		t.Fatalf("%d more ads to erase", len(q.Ads))
	}
	d.erase(t, c, q)
	if s := d.status(t, c); s.Ads != before.Ads-1-len(q.Ads) || !s.Ledger.Balanced {
		t.Errorf("%d ads after %d were erased of %d, ledger %+v", s.Ads, 1+len(q.Ads), before.Ads, s.Ledger)
	}
	d.stop(t)
	nowhere(t, data, needles)
	doctor(t, data)
}

// Every ad that gives a number goes, save those that a hold keeps, however often
// the program is killed over it.
func TestErasedNumberThoughKilled(t *testing.T) {
	seed := uint64(number(t, "VIGIL_CRASH_SEED", int(time.Now().UnixNano()%1e6)))
	t.Logf("VIGIL_CRASH_SEED=%d", seed)
	r := rand.New(rand.NewPCG(seed, 2))
	data := t.TempDir()
	score(t, data, erasable)
	d := startDemo(t, data, "--frozen", "--ads", strconv.Itoa(erasable))
	d.crawl(t)
	c := d.client(t)
	num, n := busiest(t, erasable)
	if _, err := c.Watch(t.Context(), num); err != nil {
		t.Fatal(err)
	}
	hits := d.search(t, c, num)
	if len(hits) < 3 || len(hits) < n {
		t.Fatalf("%d ads give the number, %d were meant to", len(hits), n)
	}
	before := d.status(t, c)
	q := grounds
	q.Number = num
	h, err := c.Hold(t.Context(), api.HoldRequest{Ad: hits[0].AdID, Reason: "evidence in a trial", Authority: "district court"})
	if err != nil {
		t.Fatal(err)
	}
	p, err := c.PreviewErase(t.Context(), q)
	if err != nil || p.Held != 1 || p.Ads != len(hits)-1 || !slices.Equal(p.Holds, []string{h.ID}) {
		t.Fatalf("preview %+v, %v; %d ads give the number", p, err, len(hits))
	}
	x, err := c.Erase(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	for range 6 {
		time.Sleep(time.Duration(r.IntN(700)) * time.Millisecond) // any moment will do
		d.kill()
		<-d.ended
		d = startDemo(t, data, "--frozen", "--ads", strconv.Itoa(erasable))
	}
	c = d.client(t)
	x = d.done(t, c, x)
	if x.Held != 1 || x.Ads != len(hits)-1 {
		t.Errorf("the order came to %+v", x)
	}
	d.crawl(t)
	after := d.settled(t, c)
	if after.Ads != before.Ads-x.Ads || !after.Ledger.Balanced {
		t.Errorf("%d ads after %d, ledger %+v", after.Ads, before.Ads, after.Ledger)
	}
	if left := d.search(t, c, num); len(left) != 1 || left[0].AdID != hits[0].AdID {
		t.Errorf("%d ads give the number, the held one was to stay", len(left))
	}

	if _, err := c.Release(t.Context(), h.ID, api.ReleaseRequest{Reason: "the trial is over", Authority: "district court"}); err != nil {
		t.Fatal(err)
	}
	d.erase(t, c, q)
	d.gone(t, c, hits[0].AdID, num)
	if ws, err := c.Watches(t.Context()); err != nil || len(ws) != 0 {
		t.Errorf("still watched: %+v, %v", ws, err)
	}
	after = d.settled(t, c)
	if after.Ads != before.Ads-len(hits) || !after.Ledger.Balanced {
		t.Errorf("%d ads after %d, ledger %+v", after.Ads, before.Ads, after.Ledger)
	}
	d.stop(t)
	nowhere(t, data, digitsForms(num))
	doctor(t, data)
}

// An order that is given while the town is being crawled reaches what comes in
// meanwhile.
func TestEraseWhileCrawling(t *testing.T) {
	data := t.TempDir()
	num, _ := lonely(t)
	d := startDemo(t, data, "--frozen", "--ads", strconv.Itoa(erasable))
	c := d.client(t)
	var hits []ad.Ad
	for until := time.Now().Add(patience); len(hits) == 0 && time.Now().Before(until); time.Sleep(look) {
		hits = d.search(t, c, num)
	}
	if len(hits) != 1 {
		t.Fatalf("%d ads give the number", len(hits))
	}
	q := grounds
	q.Ads = []string{hits[0].AdID}
	d.erase(t, c, q)
	d.crawl(t)
	d.gone(t, c, hits[0].AdID, num)
	if s := d.settled(t, c); !s.Ledger.Balanced {
		t.Errorf("ledger %+v", s.Ledger)
	}
	d.stop(t)
	nowhere(t, data, digitsForms(num))
	doctor(t, data)
}

// crawl waits until the town is crawled and nothing is on its way.
func (d *demo) crawl(t testing.TB) {
	t.Helper()
	select {
	case <-d.crawled:
	case <-d.ended:
		t.Fatalf("vigil demo ended:\n%s", d.text())
	case <-time.After(patience):
		t.Fatalf("the town is not crawled after two minutes:\n%s", d.text())
	}
}

// told waits until an alert has come.
func (d *demo) told(t testing.TB, c *api.Client) {
	t.Helper()
	for until := time.Now().Add(patience); ; {
		a, err := c.WaitAlert(t.Context(), 0, time.Minute)
		if err == nil && a.New {
			return
		}
		if err != nil || time.Now().After(until) {
			t.Fatalf("no alert: %+v, %v", a, err)
		}
	}
}

func (d *demo) search(t testing.TB, c *api.Client, query string) (out []ad.Ad) {
	t.Helper()
	size := 500
	a, err := c.Search(t.Context(), api.SearchRequest{Query: query, Size: &size})
	if err != nil {
		t.Fatalf("search: %v\n%s", err, d.text())
	}
	for _, h := range a.Hits {
		out = append(out, h.Document.Ad)
	}
	return out
}

// only is the only ad that gives a number.
func (d *demo) only(t testing.TB, c *api.Client, number string) api.Ad {
	t.Helper()
	hits := d.search(t, c, number)
	if len(hits) != 1 {
		t.Fatalf("%d ads give the number, want 1", len(hits))
	}
	a, err := c.Ad(t.Context(), hits[0].AdID)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (d *demo) status(t testing.TB, c *api.Client) (s desk.Status) {
	t.Helper()
	var err error
	for until := time.Now().Add(patience); time.Now().Before(until); { // a busy machine may be late to answer
		var p *api.Problem
		if s, err = c.Status(t.Context()); !errors.As(err, &p) || p.Code() != api.AwayCode {
			break
		}
		time.Sleep(look)
	}
	if err != nil {
		t.Fatalf("status: %v\n%s", err, d.text())
	}
	return s
}

// settled waits until nothing is on its way.
func (d *demo) settled(t testing.TB, c *api.Client) (s desk.Status) {
	t.Helper()
	for until := time.Now().Add(patience); time.Now().Before(until); time.Sleep(look) {
		if s = d.status(t, c); s.Ledger.Settled {
			return s
		}
	}
	t.Errorf("not settled: %+v", s.Ledger)
	return s
}

// erase gives an order and waits until it is carried out and the clusters are
// made anew.
func (d *demo) erase(t testing.TB, c *api.Client, q api.EraseRequest) erasure.Entry {
	t.Helper()
	x, err := c.Erase(t.Context(), q)
	if err != nil {
		t.Fatalf("erase: %v\n%s", err, d.text())
	}
	x = d.done(t, c, x)
	d.settled(t, c)
	return x
}

func (d *demo) done(t testing.TB, c *api.Client, x erasure.Entry) erasure.Entry {
	t.Helper()
	for until := time.Now().Add(patience); x.State != erasure.Done; {
		var err error
		if x, err = c.Erasure(t.Context(), x.ID); err != nil || time.Now().After(until) {
			t.Fatalf("order %+v is not done: %v\n%s", x, err, d.text())
		}
		time.Sleep(look)
	}
	return x
}

// look is how long a test waits before it asks again: it may ask 200 times a second.
const look = 20 * time.Millisecond

// gone checks that an ad is not to be found any more.
func (d *demo) gone(t testing.TB, c *api.Client, id, number string) {
	t.Helper()
	if hits := d.search(t, c, number); len(hits) != 0 {
		t.Errorf("%d ads give the erased number", len(hits))
	}
	_, err := c.Ad(t.Context(), id)
	var p *api.Problem
	if !errors.As(err, &p) || p.Status != http.StatusNotFound {
		t.Errorf("the erased ad: %v", err)
	}
	p2, err := c.Inbox(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range p2.Alerts {
		if a.AdID == id {
			t.Error("the inbox still has the erased ad")
		}
	}
}

// loners are the ads of the town whose numbers no other ad gives, and whose title
// no other ad has.
func loners(t *testing.T) (out []bazaar.AdTruth) {
	t.Helper()
	c := bazaar.DefaultConfig()
	c.Ads = erasable
	town, err := bazaar.New(c)
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	ads := town.Truth(town.Now()).Ads
	for _, a := range ads {
		count[a.Title]++
		for _, p := range a.Phones {
			count[p]++
		}
	}
	for _, a := range ads {
		shared := func(p string) bool { return count[p] > 1 }
		if len(a.Phones) > 0 && !slices.ContainsFunc(a.Phones, shared) && count[a.Title] == 1 {
			out = append(out, a)
		}
	}
	if len(out) == 0 {
		t.Fatal("no ad stands alone")
	}
	return out
}

// lonely is a number that one ad of the town gives, and no other.
func lonely(t *testing.T) (number, native string) {
	t.Helper()
	a := loners(t)[0]
	return a.Phones[0], a.NativeID
}

// poison stores a listing of the ad that no step can read: it becomes a dead letter.
func poison(t *testing.T, data string, x api.Ad, number string) {
	t.Helper()
	b, err := stream.Open(t.Context(), stream.Config{Dir: filepath.Join(data, "streams")})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	bad := `{"v":1,"ad_id":"` + x.ID + `","title":12,"body":"Call ` + number + `"}`
	if err := b.Publish(t.Context(), []ad.Message{{Subject: "listing.townboard", ID: "poison", Data: []byte(bad)}}); err != nil {
		t.Fatal(err)
	}
}

func doctor(t *testing.T, data string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	if out, err := exec.CommandContext(ctx, "vigil", "doctor", "--data", data).CombinedOutput(); err != nil {
		t.Errorf("vigil doctor: %v\n%s", err, out)
	}
}

// A needle is what must not be found: bytes, digits with little between them, or a
// title, which pages of other ads may go on showing: those are packed.
type needle struct {
	text   string
	digits bool
	title  bool
}

// digitsForms are the forms of a number that its digits give away.
func digitsForms(e164 string) []needle {
	return []needle{{text: e164}, {text: strings.TrimPrefix(e164, "+1"), digits: true}}
}

// needlesOf are the digits of an ad's number, how it writes them, and its title.
func needlesOf(_ *testing.T, x api.Ad, number, _ string) []needle {
	out := digitsForms(number)
	for _, doc := range x.Documents {
		out = append(out, needle{text: doc.Ad.Title, title: true})
		for _, p := range doc.Ad.Phones {
			out = append(out, needle{text: p.Text})
		}
	}
	return slices.DeleteFunc(out, func(n needle) bool { return len(n.text) < 10 })
}

// in reports whether the needle is in b.
func (n needle) in(b []byte) bool {
	if !n.digits {
		return bytes.Contains(b, []byte(n.text))
	}
	var run []byte
	gap := 0
	for _, c := range b {
		switch {
		case c >= '0' && c <= '9':
			if run, gap = append(run, c), 0; bytes.HasSuffix(run, []byte(n.text)) {
				return true
			}
			if len(run) > 64 {
				run = append(run[:0], run[len(run)-32:]...)
			}
		case gap >= 4:
			run = run[:0]
		default:
			gap++
		}
	}
	return false
}

// nowhere checks every file of a data folder, as it lies and unpacked; the town's
// own notes are not Vigil's.
func nowhere(t *testing.T, data string, needles []needle) {
	t.Helper()
	if n := found(t, data, needles); n > 0 {
		t.Errorf("found in %d places", n)
	}
	terms(t, data, needles)
}

const asItLies = "as it lies"

func found(t *testing.T, data string, needles []needle) (places int) {
	t.Helper()
	err := filepath.WalkDir(data, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() || e.Name() == "town.json" {
			return nil // files come and go while it runs
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return nil
		}
		see := func(where string, b []byte) {
			for _, n := range needles {
				if !(n.title && where != asItLies) && n.in(b) {
					places++
					t.Logf("%s holds %q %s: %.300q", strings.TrimPrefix(path, data), n.text, where, b)
				}
			}
		}
		see(asItLies, b)
		for at := 0; ; at++ {
			i := bytes.Index(b[at:], []byte{0x1f, 0x8b, 8})
			if i < 0 {
				return nil
			}
			at += i
			if z, err := gzip.NewReader(bytes.NewReader(b[at:])); err == nil {
				z.Multistream(false)
				plain, _ := io.ReadAll(io.LimitReader(z, 16<<20)) // as far as it can be read
				see("packed at "+strconv.Itoa(at), plain)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return places
}

// terms looks into the words of the index, whose beginnings FTS5 leaves out where
// they are those of the word before.
func terms(t *testing.T, data string, needles []needle) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(data, "index.db")+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(t.Context(), `CREATE VIRTUAL TABLE temp.v USING fts5vocab(main, words, row)`); err != nil {
		t.Fatal(err)
	}
	rows, err := db.QueryContext(t.Context(), `SELECT term FROM temp.v`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var term string
		if err := rows.Scan(&term); err != nil {
			t.Fatal(err)
		}
		for _, n := range needles {
			if n.in([]byte(term)) {
				t.Errorf("a word of the index holds %q", n.text)
			}
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}
