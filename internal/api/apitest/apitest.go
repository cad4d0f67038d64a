// Package apitest serves the API over a real desk for tests of the API and of its
// clients: an SQLite index with a few made-up ads, people and tokens, audit log
// and decisions in journals in memory. Nothing of it is part of the program.
package apitest

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/alert"
	"vigil.example/internal/api"
	"vigil.example/internal/audit"
	"vigil.example/internal/capture"
	"vigil.example/internal/casework"
	"vigil.example/internal/desk"
	"vigil.example/internal/erasure"
	"vigil.example/internal/search"
	"vigil.example/internal/search/sqlite"
	"vigil.example/internal/trend"
)

// Number is the number that the linked ads give.
const Number = "+19125550123"

// Noon is when everything happens, until a test moves the clock.
var Noon = time.Date(2026, 1, 4, 12, 0, 0, 0, time.UTC)

// A Town is a server and what a test needs to know of it.
type Town struct {
	URL       string
	Desk      *desk.Desk
	Key       ed25519.PrivateKey // seals its packets
	Cluster   string             // of the first two ads
	Ads       []ad.Ad
	Passwords map[string]string // by name: anna an analyst, rita a reader, otto an auditor, adam an administrator
	Journal   *Journal          // of the audit log
	Walk      *Walk

	mu       sync.Mutex
	now      time.Time
	alerts   uint64
	requests []*http.Request
	records  map[string]captured
	imported []desk.SavedPage
	index    search.Index
	arrived  []*ad.Ad
	coming   chan struct{} // closed when another has arrived
}

type captured struct {
	capture ad.Capture
	records []byte
}

// Start serves the town until the test ends.
func Start(tb testing.TB) *Town {
	tb.Helper()
	ctx := context.Background()
	t := &Town{now: Noon, records: map[string]captured{}, Passwords: map[string]string{}, Journal: &Journal{}}
	t.Key = ed25519.NewKeyFromSeed([]byte("a seed of thirty-two bytes, fake"))
	key := []byte("a key that is for tests only")
	must := func(err error) {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
	}
	index, err := sqlite.Open(ctx, filepath.Join(tb.TempDir(), "index.db"), sqlite.Options{})
	must(err)
	tb.Cleanup(func() { must(index.Close()) })
	must(t.fill(ctx, index))
	t.index, t.coming = index, make(chan struct{})

	register, err := access.Open(ctx, &Journal{}, access.Config{
		Key: key, Now: t.Now, KeepOneTime: true, Argon: access.Argon{Time: 1, Memory: 64, Lanes: 1},
	})
	must(err)
	for name, role := range map[string]access.Role{"anna": access.Analyst, "rita": access.Reader, "otto": access.Auditor, "adam": access.Admin} {
		_, t.Passwords[name], err = register.AddUser(ctx, access.System, name, role)
		must(err)
	}
	docket, err := casework.Open(ctx, &Journal{}, casework.Config{Key: key, Now: t.Now})
	must(err)
	log, err := audit.Open(ctx, t.Journal, audit.Config{Key: key, Now: t.Now})
	must(err)
	ledger, err := erasure.Open(ctx, &Journal{}, erasure.Config{Key: key, Now: t.Now})
	must(err)
	t.follow(tb, docket.Corrections(), index)
	t.label(tb, docket.Labels(), index)
	inbox := alert.NewInbox(docket)
	t.Walk = newWalk()
	t.Desk = desk.New(desk.Parts{
		Register: register, Docket: docket, Inbox: inbox, Raiser: alert.NewRaiser(docket, inbox.Seen, t.Now), Raise: t.raise,
		Log: log, Index: index, Captures: t, Importer: t, Overseer: t, Counter: t, Arrivals: t, Keeper: t, Replayer: t.Walk, Letters: t.Walk, Eraser: &eraser{index, docket, ledger, t.Now}, Key: t.Key, Agency: "Fictional County", Now: t.Now,
	})
	h := api.New(t.Desk, api.Config{Version: "v0-test", Now: t.Now, Spool: tb.TempDir(), Rates: api.Rates{Token: -1, Address: -1}})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.mu.Lock()
		t.requests = append(t.requests, r.Clone(context.Background()))
		t.mu.Unlock()
		h.ServeHTTP(w, r)
	}))
	tb.Cleanup(srv.Close)
	t.URL = srv.URL
	return t
}

// fill puts three ads into the index: two that share a number, and another.
func (t *Town) fill(ctx context.Context, index search.Index) error {
	var changes []search.Change
	for i, number := range []string{Number, Number, "+19125550177"} {
		page := fmt.Sprintf("<h1>Piano lessons %d</h1><p>Call %s for a first lesson.</p>", i, number)
		c, records, err := capture.Record(capture.Exchange{
			URL: fmt.Sprintf("http://townboard.example/ad/%d", i), Site: "townboard", FetchedAt: Noon.Add(time.Duration(i-5) * time.Hour), IP: "192.0.2.7",
			Request:  []byte("GET / HTTP/1.1\r\nHost: townboard.example\r\n\r\n"),
			Response: []byte("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + page),
		})
		if err != nil {
			return err
		}
		t.records[c.ID] = captured{c, records}
		body := "Call " + number + " for a first lesson."
		l := ad.Listing{
			CaptureID: c.ID, URL: c.URL, Site: c.Site, NativeID: fmt.Sprint(i), Title: fmt.Sprintf("Piano lessons %d", i), Body: body,
			SeenAt: c.FetchedAt, Images: []string{"http://townboard.example/picture.jpg"},
		}
		l.Seal()
		a := ad.Ad{Listing: l, EnrichedBy: "test", Signature: []uint64{1, 2, 3, 4}, Phones: []ad.Phone{{
			E164: number, Text: number, Method: "plain", Confidence: .95, Span: ad.Span{Field: "body", Start: 5, End: 5 + len(number)},
		}}}
		t.Ads = append(t.Ads, a)
		changes = append(changes, search.Change{Seq: uint64(i + 1), Version: &a})
	}
	t.Cluster = ad.ClusterID(t.Ads[0].AdID)
	moves := []ad.Move{{AdID: t.Ads[1].AdID, Cluster: t.Cluster}, {AdID: t.Ads[0].AdID, Cluster: t.Cluster, By: &ad.Edge{
		A: t.Ads[0].AdID, B: t.Ads[1].AdID, Value: ad.Value{Kind: "phone", Value: Number}, Weight: 12, Reason: "both give 912-555-0123, which 2 of 3 ads give",
	}}}
	changes = append(changes, search.Change{Seq: 1, Link: &ad.LinkChange{V: ad.Schema, Moves: moves}})
	return index.Apply(ctx, "test", 4, changes)
}

// Token makes a token for somebody, for a case.
func (t *Town) Token(tb testing.TB, name string, scopes ...access.Scope) access.Token {
	tb.Helper()
	tok, _ := t.token(tb, name, scopes)
	return tok
}

func (t *Town) token(tb testing.TB, name string, scopes []access.Scope) (access.Token, string) {
	tb.Helper()
	tok, secret, err := t.Desk.MakeToken(context.Background(), name, t.Passwords[name], access.TokenOrder{
		Name: "test", Scopes: scopes, PurposeKind: access.PurposeCase, PurposeText: "24-0117",
	})
	if err != nil {
		tb.Fatal(err)
	}
	return tok, secret
}

// Client is an API client of somebody with a new token.
func (t *Town) Client(tb testing.TB, name string, scopes ...access.Scope) *api.Client {
	tb.Helper()
	_, secret := t.token(tb, name, scopes)
	return api.NewClient(t.URL, secret, nil)
}

// Secret is a new token's secret.
func (t *Town) Secret(tb testing.TB, name string, scopes ...access.Scope) string {
	tb.Helper()
	_, secret := t.token(tb, name, scopes)
	return secret
}

// Now is the town's clock.
func (t *Town) Now() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.now
}

// Pass moves the clock on.
func (t *Town) Pass(d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.now = t.now.Add(d)
}

// Requests are those that came in so far.
func (t *Town) Requests() []*http.Request {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]*http.Request(nil), t.requests...)
}

// Imported are the pages that came in so far.
func (t *Town) Imported() []desk.SavedPage {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]desk.SavedPage(nil), t.imported...)
}

// Appear makes an ad with the number appear anew, for everyone who watches it.
func (t *Town) Appear(tb testing.TB, native string) ad.Ad {
	tb.Helper()
	a := t.Ads[0]
	a.NativeID, a.Title = native, "Piano lessons, new in town"
	a.Seal()
	if err := t.raise(context.Background(), t.Desk.Raiser.Raise(a)); err != nil {
		tb.Fatal(err)
	}
	return a
}

func (t *Town) raise(_ context.Context, alerts []ad.Alert) error {
	for _, a := range alerts {
		b, err := json.Marshal(a)
		if err != nil {
			return err
		}
		t.mu.Lock()
		t.alerts++
		seq := t.alerts
		t.mu.Unlock()
		if err := t.Desk.Inbox.Apply(seq, b); err != nil {
			return err
		}
	}
	return nil
}

// Records finds a capture; see desk.Captures.
func (t *Town) Records(_ context.Context, id string, _ uint64) (ad.Capture, []byte, error) {
	c, ok := t.records[id]
	if !ok {
		return ad.Capture{}, nil, ad.ErrNotFound
	}
	return c.capture, c.records, nil
}

// Import notes a page; see desk.Importer.
func (t *Town) Import(_ context.Context, p desk.SavedPage) (ad.Capture, error) {
	if strings.Contains(string(p.Body), "unlucky") {
		return ad.Capture{}, errors.New("the disk is full of secrets")
	}
	c, _, err := capture.Record(capture.Exchange{
		URL: "http://townboard.example/saved", Response: p.Body, FetchedAt: t.Now(), Site: "townboard", Via: ad.ViaImport, File: p.Name, Operator: p.Operator,
	})
	t.mu.Lock()
	defer t.mu.Unlock()
	t.imported = append(t.imported, p)
	return c, err
}

// Status is that of a town where all is well; see desk.Overseer.
func (t *Town) Status(context.Context) (desk.Status, error) {
	st := desk.Status{Version: "v0-test", Instance: "demo", Started: Noon, Ads: 3, Clusters: 1, Sites: []desk.Site{{Name: "townboard", Captures: 4, Listings: 3, Latest: Noon}}}
	st.Ledger.Rows = []desk.Row{
		{Step: "extract", About: "captures", In: 4, Stored: 3, Rejected: map[string]uint64{"a bot wall": 1}},
		{Step: "index", About: "ads", In: 3, Stored: 3},
	}
	st.Ledger.Balance()
	return st, nil
}

// Book counts twelve buyer posts and three supply ads of Savannah in the week of
// the town's time, and a crawl that read all of it.
func (t *Town) Book(context.Context) (*trend.Book, error) {
	now := t.Now()
	var posts []trend.Post
	for i := range uint64(15) {
		posts = append(posts, trend.Post{Demand: i < 12, Metro: "42340", Site: "board", At: now, Ad: i + 1, Text: i + 1, Author: i + 1, ReadBy: "vigil test"})
	}
	return trend.NewBook(posts, []trend.Day{{Site: "board", Day: now.Truncate(24 * time.Hour), Due: 20, Fetched: 20, Parsed: 19}}), nil
}
