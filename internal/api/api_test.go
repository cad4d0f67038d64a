package api_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/api"
	"vigil.example/internal/api/apitest"
	"vigil.example/internal/packet"
)

var all = access.Scopes()

func TestSearchFindsANumberInAnyForm(t *testing.T) {
	town := apitest.Start(t)
	c := town.Client(t, "anna", access.ScopeRead)
	for _, q := range []string{"912-555-0123", "nine one two 555 01 2 3", "(912) 555 0123", "phone:+19125550123"} {
		t.Run(q, func(t *testing.T) {
			a, err := c.Search(t.Context(), api.SearchRequest{Query: q, Sort: "newest"})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, h := range a.Hits {
				got = append(got, h.Document.Ad.AdID)
				if h.Document.Ad.Images != nil || h.Document.Ad.Signature != nil {
					t.Error("a hit carries picture links or a signature")
				}
			}
			if diff := cmp.Diff(got, []string{town.Ads[1].AdID, town.Ads[0].AdID}); diff != "" || a.Total != 2 {
				t.Errorf("total %d, got and want:\n%s", a.Total, diff)
			}
		})
	}
	t.Run("size 0 only counts", func(t *testing.T) {
		none := 0
		a, err := c.Search(t.Context(), api.SearchRequest{Query: "piano", Size: &none})
		if err != nil || a.Total != 3 || len(a.Hits) != 0 || a.Hits == nil {
			t.Errorf("got %+v, %v", a, err)
		}
	})
}

func TestReads(t *testing.T) {
	town := apitest.Start(t)
	c := town.Client(t, "anna", all...)
	one, err := c.Ad(t.Context(), town.Ads[0].AdID)
	if err != nil || one.Cluster != town.Cluster || len(one.Sightings) != 1 || one.Current().Ad.Title != "Piano lessons 0" {
		t.Errorf("ad: %+v, %v", one, err)
	}
	list, err := c.Clusters(t.Context(), 5)
	if err != nil || len(list) != 1 || list[0].ID != town.Cluster || list[0].Size != 2 {
		t.Errorf("clusters: %+v, %v", list, err)
	}
	k, err := c.Cluster(t.Context(), town.Cluster)
	want := []api.Shared{{Value: ad.Value{Kind: "phone", Value: apitest.Number}, Ads: []string{town.Ads[0].AdID, town.Ads[1].AdID}}}
	if err != nil || len(k.Members) != 2 || len(k.Edges) != 1 || k.Edges[0].Reason == "" || !cmp.Equal(k.Shared, want) {
		t.Errorf("cluster: %+v, %v", k, err)
	}
	st, err := c.Status(t.Context())
	if err != nil || !st.Ledger.Balanced || st.Ads != 3 {
		t.Errorf("status: %+v, %v", st, err)
	}
	if err := c.Healthy(t.Context()); err != nil {
		t.Errorf("health: %v", err)
	}
}

func TestWatchingTellsOnce(t *testing.T) {
	town := apitest.Start(t)
	c := town.Client(t, "anna", access.ScopeWatch)
	w, err := c.Watch(t.Context(), "(912) 555-0123")
	if err != nil || w.Known != 2 || w.Value.Value != apitest.Number {
		t.Fatalf("watch: %+v, %v", w, err)
	}
	if a, err := c.WaitAlert(t.Context(), 0, 0); err != nil || a.New {
		t.Errorf("wait before the ad: %+v, %v", a, err)
	}
	got := make(chan error, 1)
	go func() {
		a, err := c.WaitAlert(context.WithoutCancel(t.Context()), 0, api.MaxWait)
		if err == nil && (!a.New || a.Newest != 1) {
			err = errors.New("nothing new")
		}
		got <- err
	}()
	fresh := town.Appear(t, "90")
	town.Appear(t, "90")
	select {
	case err := <-got:
		if err != nil {
			t.Errorf("wait: %v", err)
		}
	case <-time.After(2 * time.Minute):
		t.Fatal("who waits was not told")
	}
	p, err := c.Inbox(t.Context(), 0, 10)
	if err != nil || len(p.Alerts) != 1 || p.Unread != 1 || p.Alerts[0].AdID != fresh.AdID {
		t.Fatalf("inbox: %+v, %v", p, err)
	}
	if err := c.MarkRead(t.Context(), api.MarkRequest{IDs: []string{p.Alerts[0].ID}}); err != nil {
		t.Error(err)
	}
	if p, err = c.Inbox(t.Context(), 0, 0); err != nil || p.Unread != 0 || !p.Alerts[0].Read {
		t.Errorf("inbox after reading: %+v, %v", p, err)
	}
	if err := c.Unwatch(t.Context(), w.ID); err != nil {
		t.Error(err)
	}
	if list, err := c.Watches(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("watches after the end: %+v, %v", list, err)
	}
}

func TestPacketComesWholeAndSealed(t *testing.T) {
	town := apitest.Start(t)
	c := town.Client(t, "anna", access.ScopePacket)
	name := filepath.Join(t.TempDir(), "p.zip")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	p, err := c.Packet(t.Context(), town.Cluster, f)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	r, err := packet.Verify(name, town.Key.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatalf("%v\n%s", err, r)
	}
	if r.Receipt != p.Receipt || p.File != r.Name+".zip" {
		t.Errorf("packet says %s %s, the server %s %s", r.Name, r.Receipt, p.File, p.Receipt)
	}
}

func TestImportCarriesTheName(t *testing.T) {
	town := apitest.Start(t)
	c := town.Client(t, "adam", access.ScopeAdmin)
	p := api.SavedPage{Name: "Zimmer frei – 100 %.html", URL: "http://townboard.example/x", SavedAt: apitest.Noon, Body: []byte("<h1>Room</h1>")}
	got, err := c.Import(t.Context(), p)
	if err != nil || got.ID == "" {
		t.Fatalf("import: %+v, %v", got, err)
	}
	in := town.Imported()
	if len(in) != 1 || in[0].Name != p.Name || in[0].URL != p.URL || !in[0].SavedAt.Equal(p.SavedAt) || !bytes.Equal(in[0].Body, p.Body) || in[0].Operator == "" {
		t.Errorf("the desk was given %+v", in)
	}
}

func TestTokens(t *testing.T) {
	town := apitest.Start(t)
	out := api.NewClient(town.URL, "", nil)
	q := api.TokenRequest{Name: "anna", Password: town.Passwords["anna"], Label: "laptop", Scopes: all, Purpose: api.Purpose{Kind: "case", Text: "24-0117"}, Days: 2}
	a, err := out.MakeToken(t.Context(), q)
	if err != nil || !a.Token.Expires.Equal(apitest.Noon.Add(48*time.Hour)) || a.Token.Purpose.Text != "24-0117" {
		t.Fatalf("token: %+v, %v", a, err)
	}
	in := api.NewClient(town.URL, a.Secret, nil)
	if _, err := in.Clusters(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	other := town.Token(t, "anna", all...)
	expect(t, "a token ends another", in.Revoke(t.Context(), other.ID), 403, "denied")
	if err := in.Revoke(t.Context(), a.Token.ID); err != nil {
		t.Fatal(err)
	}
	_, err = in.Clusters(t.Context(), 0)
	expect(t, "a token that has ended", err, 401, "not-signed-in")

	q.Purpose.Text = ""
	_, err = out.MakeToken(t.Context(), q)
	expect(t, "no purpose", err, 400, "bad-request")
	q.Purpose.Text, q.Password = "24-0117", "wrong"
	for range 5 {
		_, err = out.MakeToken(t.Context(), q)
		expect(t, "a wrong password", err, 401, "bad-credentials")
	}
	_, err = out.MakeToken(t.Context(), q)
	expect(t, "a sixth wrong password", err, 429, "locked")
}

func TestRefusals(t *testing.T) {
	town := apitest.Start(t)
	anna, rita, otto := town.Client(t, "anna", all...), town.Client(t, "rita", all...), town.Client(t, "otto", all...)
	narrow := town.Client(t, "anna", access.ScopeWatch)
	old := town.Client(t, "anna", all...)
	nothing := "00000000000000000000000000000000"
	for name, c := range map[string]struct {
		do     func() error
		status int
		code   string
	}{
		"no token":                    {func() error { _, err := api.NewClient(town.URL, "", nil).Status(t.Context()); return err }, 401, "not-signed-in"},
		"a made-up token":             {func() error { _, err := api.NewClient(town.URL, "vigil_x", nil).Status(t.Context()); return err }, 401, "not-signed-in"},
		"a scope too narrow":          {func() error { _, err := narrow.Ad(t.Context(), town.Ads[0].AdID); return err }, 403, "denied"},
		"a reader watches":            {func() error { _, err := rita.Watch(t.Context(), "912-555-0123"); return err }, 403, "denied"},
		"a reader takes a packet":     {func() error { _, err := rita.Packet(t.Context(), town.Cluster, io.Discard); return err }, 403, "denied"},
		"an auditor reads ads":        {func() error { _, err := otto.Search(t.Context(), api.SearchRequest{Query: "piano"}); return err }, 403, "denied"},
		"an analyst verifies the log": {func() error { _, err := anna.VerifyAudit(t.Context()); return err }, 403, "denied"},
		"an ad that is not there":     {func() error { _, err := anna.Ad(t.Context(), nothing); return err }, 404, "not-found"},
		"a cluster that is not there": {func() error { _, err := anna.Cluster(t.Context(), "c"+nothing[:15]); return err }, 404, "not-found"},
		"a packet of nothing":         {func() error { _, err := anna.Packet(t.Context(), "c"+nothing[:15], io.Discard); return err }, 404, "not-found"},
		"a watch that is not there":   {func() error { return anna.Unwatch(t.Context(), nothing) }, 404, "not-found"},
		"no value to watch":           {func() error { _, err := anna.Watch(t.Context(), "piano"); return err }, 400, "bad-value"},
		"a query that is cut":         {func() error { _, err := anna.Search(t.Context(), api.SearchRequest{Query: "a (b"}); return err }, 400, "bad-query"},
		"an order that is none": {func() error {
			_, err := anna.Search(t.Context(), api.SearchRequest{Query: "a", Sort: "up"})
			return err
		}, 400, "bad-request"},
		"nothing to mark": {func() error { return anna.MarkRead(t.Context(), api.MarkRequest{}) }, 400, "bad-request"},
		"an empty page":   {func() error { _, err := anna.Import(t.Context(), api.SavedPage{Name: "a"}); return err }, 400, "bad-request"},
		"an address that is no web's": {func() error {
			_, err := anna.Import(t.Context(), api.SavedPage{URL: "x", Body: []byte("a")})
			return err
		}, 400, "bad-request"},
		"a failure inside": {func() error { _, err := anna.Import(t.Context(), api.SavedPage{Body: []byte("unlucky")}); return err }, 500, "internal"},
		"a body over its bound": {func() error {
			_, err := anna.Search(t.Context(), api.SearchRequest{Query: strings.Repeat("a ", 40_000)})
			return err
		}, 413, "too-large"},
		"what was typed is too long": {func() error {
			_, err := anna.Search(t.Context(), api.SearchRequest{Query: strings.Repeat("a ", 20_000)})
			return err
		}, 400, "bad-query"},
		"more ids than are taken once": {func() error { return anna.MarkRead(t.Context(), api.MarkRequest{IDs: make([]string, 1001)}) }, 400, "bad-request"},
	} {
		t.Run(name, func(t *testing.T) { expect(t, name, c.do(), c.status, c.code) })
	}
	t.Run("a position in the query", func(t *testing.T) {
		_, err := anna.Search(t.Context(), api.SearchRequest{Query: "a (b"})
		var p *api.Problem
		if !errors.As(err, &p) || !cmp.Equal(p.Position, &api.Position{Start: 2, End: 3}) || p.What != "search" || p.Next == "" {
			t.Errorf("got %+v", p)
		}
	})
	t.Run("an expired token", func(t *testing.T) {
		town.Pass(91 * 24 * time.Hour)
		_, err := old.Status(t.Context())
		expect(t, "expired", err, 401, "not-signed-in")
	})
}

func TestNoAnswerWithoutALine(t *testing.T) {
	town := apitest.Start(t)
	c := town.Client(t, "anna", all...)
	town.Journal.Outage(true)
	_, err := c.Ad(t.Context(), town.Ads[0].AdID)
	expect(t, "the audit log takes nothing", err, 500, "internal")
	if strings.Contains(err.Error(), "journal") {
		t.Errorf("the answer tells of the inside: %v", err)
	}
	town.Journal.Outage(false)
	if _, err := c.Ad(t.Context(), town.Ads[0].AdID); err != nil {
		t.Error(err)
	}
}

// A request that ends before its work, as when the program stops, never looks as if
// it was done.
func TestStoppedIsNotDone(t *testing.T) {
	town := apitest.Start(t)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, api.Root+"/watches", strings.NewReader(`{"value":"912-555-0143"}`))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+town.Secret(t, "anna", all...))
	w := httptest.NewRecorder()
	api.New(town.Desk, api.Config{}).ServeHTTP(w, r)
	if w.Code != 503 || !strings.Contains(w.Body.String(), "problem/stopping") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

func TestVerifyAudit(t *testing.T) {
	town := apitest.Start(t)
	c := town.Client(t, "otto", access.ScopeAdmin)
	a, err := c.VerifyAudit(t.Context())
	if err != nil || !a.Whole || a.Entries == 0 || len(a.Head) != 64 {
		t.Errorf("whole log: %+v, %v", a, err)
	}
	town.Journal.Spoil()
	a, err = c.VerifyAudit(t.Context())
	if err != nil || a.Whole || !strings.Contains(a.Problem, "entry 1") {
		t.Errorf("spoilt log: %+v, %v", a, err)
	}
}

// expect checks that an error is a problem of a status and code.
func expect(t *testing.T, name string, err error, status int, code string) {
	t.Helper()
	var p *api.Problem
	if !errors.As(err, &p) {
		t.Fatalf("%s: got %v, want a problem", name, err)
	}
	if p.Status != status || p.Code() != code || p.Why == "" {
		t.Errorf("%s: got %d %s (%s), want %d %s", name, p.Status, p.Code(), p.Detail, status, code)
	}
}

// raw sends a request that the client would not.
func raw(t *testing.T, method, url, token, kind, body string) (*http.Response, api.Problem) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Authorization", "Bearer "+token)
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Body.Close() }()
	b, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	var p api.Problem
	if a.StatusCode >= 400 {
		if err := json.Unmarshal(b, &p); err != nil || a.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s: no problem: %s, %v", method, url, b, err)
		}
	}
	return a, p
}
