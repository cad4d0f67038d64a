package web

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/ad/adtest"
	"vigil.example/internal/alert"
	"vigil.example/internal/audit"
	"vigil.example/internal/capture"
	"vigil.example/internal/casework"
	"vigil.example/internal/desk"
	"vigil.example/internal/enrich/indicator"
	"vigil.example/internal/phone"
	"vigil.example/internal/search"
	"vigil.example/internal/search/sqlite"
)

// records are captures in memory.
type records map[string]struct {
	capture ad.Capture
	bytes   []byte
}

func (r records) Records(_ context.Context, id string, _ uint64) (ad.Capture, []byte, error) {
	one, ok := r[id]
	if !ok {
		return ad.Capture{}, nil, ad.ErrNotFound
	}
	return one.capture, one.bytes, nil
}

// walk tells how the walk is going.
type walk struct{ status desk.Status }

func (w walk) Status(context.Context) (desk.Status, error) { return w.status, nil }

// A house is the pages over a real desk, with a browser's worth of cookies.
type house struct {
	t        testing.TB
	desk     *desk.Desk
	index    search.Index
	register *access.Register
	audit    *adtest.Journal
	inbox    *alert.Inbox
	raiser   *alert.Raiser
	records  records
	signer   ed25519.PublicKey
	seq      uint64
	alerts   uint64
	now      time.Time
	logged   *bytes.Buffer
	server   *httptest.Server
	client   *http.Client
	ads      map[string]string // id by native id
}

var testKey = []byte("a key that is for tests only")

func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{t: t, audit: &adtest.Journal{}, records: records{}, now: time.Date(2026, 3, 20, 9, 0, 0, 0, time.UTC), logged: &bytes.Buffer{}, ads: map[string]string{}}
	clock := func() time.Time { return h.now }
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	h.register, err = access.Open(ctx, &adtest.Journal{}, access.Config{Key: testKey, Now: clock, Argon: access.Argon{Time: 1, Memory: 64, Lanes: 1, AtOnce: 4, Waiting: 100}})
	must(err)
	docket, err := casework.Open(ctx, &adtest.Journal{}, casework.Config{Key: testKey, Now: clock})
	must(err)
	log, err := audit.Open(ctx, h.audit, audit.Config{Key: testKey, Now: clock})
	must(err)
	h.index, err = sqlite.Open(ctx, filepath.Join(t.TempDir(), "index.db"), sqlite.Options{})
	must(err)
	t.Cleanup(func() { _ = h.index.Close() })
	h.follow(docket.Corrections())
	var key ed25519.PrivateKey
	h.signer, key, err = ed25519.GenerateKey(nil)
	must(err)
	h.inbox = alert.NewInbox(docket)
	h.raiser = alert.NewRaiser(docket, h.inbox.Seen, clock)
	h.desk = desk.New(desk.Parts{
		Register: h.register, Docket: docket, Inbox: h.inbox, Raiser: h.raiser, Raise: h.raise, Log: log, Index: h.index,
		Captures: h.records, Overseer: walk{someStatus()}, Counter: someWeeks(clock()), Key: key, Agency: "Port Wren Police (made up)", Now: clock,
	})
	handler := New(h.desk, Config{Version: "test", Instance: "demo", TownURL: "http://town.example/", TownNow: clock, KeyFingerprint: "SHA256:made-up", Now: clock, Spool: t.TempDir(),
		Log: slog.New(slog.NewTextHandler(h.logged, nil))})
	h.server = httptest.NewServer(handler)
	t.Cleanup(h.server.Close)
	jar, err := cookiejar.New(nil)
	must(err)
	h.client = h.server.Client()
	h.client.Jar = jar
	h.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return h
}

func someStatus() desk.Status {
	at := time.Date(2026, 3, 20, 8, 0, 0, 0, time.UTC)
	st := desk.Status{Version: "test", Instance: "demo", Started: at, Ads: 31, Removed: 2, Clusters: 2, Sites: []desk.Site{
		{Name: "townboard", Captures: 1234, Listings: 980, Kinds: map[string]uint64{"detail": 900, "blocked": 3}, Latest: at.Add(40 * time.Minute)},
		{Name: "swapyard", Captures: 500, Listings: 321, Kinds: map[string]uint64{"detail": 300}, Latest: at.Add(-5 * time.Hour)},
	}, Ledger: desk.Ledger{Rows: []desk.Row{
		{Step: "extract", About: "captures", In: 1734, Stored: 1700, Rejected: map[string]uint64{"dead letter": 4}, Waiting: 30},
		{Step: "index", About: "ads", In: 1301, Stored: 1301},
	}}}
	st.Ledger.Balance()
	return st
}

func (h *house) raise(_ context.Context, alerts []ad.Alert) error {
	for _, a := range alerts {
		h.alerts++
		if err := h.inbox.Apply(h.alerts, mustJSON(h.t, a)); err != nil {
			return err
		}
	}
	return nil
}

// see brings an ad into the index, as the walk would, and raises its alerts.
func (h *house) see(l ad.Listing, at time.Time) ad.Ad {
	h.t.Helper()
	page := "<html><title>" + l.Title + "</title></html>"
	c, b, err := capture.Record(capture.Exchange{
		URL: l.URL, Site: l.Site, FetchedAt: at, Via: ad.ViaCrawl,
		Request:  []byte("GET / HTTP/1.1\r\nHost: town.example\r\n\r\n"),
		Response: fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s", len(page), page),
	})
	if err != nil {
		h.t.Fatal(err)
	}
	h.records[c.ID] = struct {
		capture ad.Capture
		bytes   []byte
	}{c, b}
	l.CaptureID, l.SeenAt = c.ID, at
	l.Seal()
	a := read(l)
	h.seq++
	h.apply(search.Change{Seq: h.seq, Version: &a})
	if err := h.raise(h.t.Context(), h.raiser.Raise(a)); err != nil {
		h.t.Fatal(err)
	}
	h.ads[l.NativeID] = a.AdID
	return a
}

func (h *house) apply(c search.Change) {
	h.t.Helper()
	if err := h.index.Apply(h.t.Context(), "ads", h.seq, []search.Change{c}); err != nil {
		h.t.Fatal(err)
	}
}

// read finds the numbers and e-mail addresses of a listing.
func read(l ad.Listing) ad.Ad {
	a := ad.Ad{Listing: l, EnrichedBy: "test"}
	in := func(field, s string) {
		for _, p := range phone.Read(s, phone.Options{Country: "US"}) {
			p.Span.Field = field
			a.Phones = append(a.Phones, p)
		}
		for w := range strings.FieldsSeq(s) {
			kind, value := "", strings.ToLower(strings.Trim(w, ".,"))
			switch {
			case strings.Contains(w, "@") && !strings.HasPrefix(w, "@"):
				kind = "email"
			case strings.HasPrefix(w, "telegram:"):
				kind = "handle"
			default:
				continue
			}
			start := length(s[:strings.Index(s, w)])
			a.Identifiers = append(a.Identifiers, ad.Identifier{Kind: kind, Value: value, Span: ad.Span{Field: field, Start: start, End: start + length(value)}, Text: w, Confidence: .95})
		}
	}
	in("title", l.Title)
	in("body", l.Body)
	for i, c := range l.Contacts {
		in(fmt.Sprintf("contact:%d", i), c.Value)
	}
	if err := indicator.NewEnricher(nil).Enrich(context.Background(), &a); err != nil {
		panic(err)
	}
	return a
}

// get asks for a page and follows nothing.
func (h *house) get(path string) (*http.Response, string) {
	h.t.Helper()
	res, err := h.client.Get(h.server.URL + path)
	if err != nil {
		h.t.Fatal(err)
	}
	return res, h.body(res)
}

func (h *house) body(res *http.Response) string {
	h.t.Helper()
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return string(b)
}

// post sends a form as a browser would from a page of ours.
func (h *house) post(path string, kv ...string) (*http.Response, string) {
	h.t.Helper()
	f := url.Values{}
	for i := 0; i+1 < len(kv); i += 2 {
		f.Set(kv[i], kv[i+1])
	}
	req, err := http.NewRequestWithContext(h.t.Context(), http.MethodPost, h.server.URL+path, strings.NewReader(f.Encode()))
	if err != nil {
		h.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	req.Header.Set("Origin", h.server.URL)
	res, err := h.client.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	return res, h.body(res)
}

const goodPassword = "a meadow of blue lupins"

// user adds a user with a password of her own.
func (h *house) user(name string, role access.Role) {
	h.t.Helper()
	ctx := h.t.Context()
	_, once, err := h.register.AddUser(ctx, access.System, name, role)
	if err != nil {
		h.t.Fatal(err)
	}
	id, _, err := h.register.SignIn(ctx, name, once)
	if err != nil {
		h.t.Fatal(err)
	}
	if err := h.register.ChangePassword(ctx, id, once, goodPassword); err != nil {
		h.t.Fatal(err)
	}
}

// settle signs an analyst in and says what for.
func (h *house) settle() {
	h.t.Helper()
	h.user("alice", access.Analyst)
	h.to("/purpose?next=/", "/sign-in", "name", "alice", "password", goodPassword, "next", "/")
	h.to("/", "/purpose", "kind", "case", "text", "2026-0412", "next", "/")
}

// to posts a form and wants to be sent on to an address.
func (h *house) to(want, path string, kv ...string) {
	h.t.Helper()
	res, body := h.post(path, kv...)
	if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != want {
		h.t.Fatalf("POST %s: got %d to %q, want 303 to %q\n%s", path, res.StatusCode, res.Header.Get("Location"), want, strip(body))
	}
}

// ask searches and returns the address and the page of results.
func (h *house) ask(q string) (string, *http.Response, string) {
	h.t.Helper()
	res, body := h.post("/search", "q", q)
	if res.StatusCode != http.StatusSeeOther {
		h.t.Fatalf("search: %d\n%s", res.StatusCode, strip(body))
	}
	to := res.Header.Get("Location")
	res, body = h.get(to)
	return to, res, body
}
