package api_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"vigil.example/internal/access"
	"vigil.example/internal/api"
	"vigil.example/internal/api/apitest"
	"vigil.example/internal/desk"
)

// follow listens until the test ends and gives the titles that come, and how it
// ended.
func follow(t *testing.T, c *api.Client, q api.LiveRequest) (titles chan string, end chan error, place *string) {
	t.Helper()
	titles, end, place = make(chan string, 100), make(chan error, 1), new(string)
	ready := make(chan struct{})
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	t.Cleanup(stop)
	go func() {
		at, err := c.Live(ctx, q, func() { close(ready) }, func(h api.Hit) error {
			titles <- h.Document.Ad.Title
			return nil
		})
		*place = at
		end <- err
	}()
	select {
	case <-ready:
	case err := <-end:
		t.Fatalf("it ended before it began: %v", err)
	case <-time.After(2 * time.Minute):
		t.Fatal("it does not begin")
	}
	return titles, end, place
}

func await[T any](t *testing.T, what string, from chan T) (v T) {
	t.Helper()
	select {
	case v = <-from:
	case <-time.After(2 * time.Minute):
		t.Fatalf("%s does not come", what)
	}
	return v
}

func TestLiveSearchTellsOfWhatComes(t *testing.T) {
	town := apitest.Start(t)
	titles, end, place := follow(t, town.Client(t, "anna", access.ScopeRead), api.LiveRequest{Query: "organ -pipe"})
	town.Arrive(t, "90", "An organ")
	town.Arrive(t, "91", "A drum")
	town.Arrive(t, "92", "An organ pipe")
	town.Arrive(t, "90", "An organ") // seen again, with the same content
	town.Arrive(t, "93", "Another organ")
	for _, want := range []string{"An organ", "Another organ"} {
		if got := await(t, want, titles); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	finds := 0
	for _, x := range regexp.MustCompile(`"search\.live"[^\n]*"count":(\d+),`).FindAllStringSubmatch(town.Journal.Text(), -1) {
		n, err := strconv.Atoi(x[1]) // those that came at once are told at once
		if finds += n; err != nil {
			t.Error(err)
		}
	}
	if finds != 2 {
		t.Errorf("the audit log tells of %d finds, not 2:\n%s", finds, town.Journal.Text())
	}
	if strings.Contains(town.Journal.Text(), "organ") {
		t.Error("the audit log holds the query")
	}

	town.Pass(91 * 24 * time.Hour) // past the token's end
	town.Wake()
	expect(t, "a token that has ended", await(t, "the end", end), 401, "not-signed-in")

	// Going on from there misses nothing of what came meanwhile.
	town.Arrive(t, "94", "The organ that came meanwhile")
	titles, _, _ = follow(t, town.Client(t, "anna", access.ScopeRead), api.LiveRequest{Query: "organ", After: *place})
	if got := await(t, "what came meanwhile", titles); got != "The organ that came meanwhile" {
		t.Errorf("going on begins with %q", got)
	}
	_, err := town.Client(t, "anna", access.ScopeRead).Live(t.Context(), api.LiveRequest{Query: "organ", After: "2-1"}, nil, nil)
	expect(t, "a place of another index", err, 409, "renewed")
	_, err = town.Client(t, "anna", access.ScopeRead).Live(t.Context(), api.LiveRequest{Query: "a (b"}, nil, nil)
	expect(t, "a query that is cut", err, 400, "bad-query")
}

// When the program stops, who listens hears it and the handler ends: nothing would
// wait for it.
func TestLiveSearchEndsWithTheProgram(t *testing.T) {
	town := apitest.Start(t)
	ctx, stop := context.WithCancel(t.Context())
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, api.Root+"/search/live", strings.NewReader(`{"query":"organ"}`))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+town.Secret(t, "anna", access.ScopeRead))
	w := &listener{ResponseRecorder: httptest.NewRecorder(), begun: make(chan struct{}, 1)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		api.New(town.Desk, api.Config{}).ServeHTTP(w, r)
	}()
	await(t, "the beginning", w.begun)
	stop()
	await(t, "the end", done)
	if !strings.Contains(w.Body.String(), "event: end") || !strings.Contains(w.Body.String(), "problem/stopping") {
		t.Errorf("it ended without a word:\n%s", w.Body)
	}
}

type listener struct {
	*httptest.ResponseRecorder
	begun chan struct{}
}

func (l *listener) Write(b []byte) (int, error) {
	select {
	case l.begun <- struct{}{}:
	default:
	}
	return l.ResponseRecorder.Write(b)
}

func TestLiveSearchesAreBounded(t *testing.T) {
	town := apitest.Start(t)
	c := town.Client(t, "anna", access.ScopeRead)
	for range desk.MaxLive {
		follow(t, c, api.LiveRequest{Query: "organ"})
	}
	_, err := c.Live(t.Context(), api.LiveRequest{Query: "organ"}, nil, nil)
	var p *api.Problem
	if !errors.As(err, &p) || p.Status != 503 || p.Code() != "busy" {
		t.Errorf("one more than the bound: %v", err)
	}
	// A page has places of its own.
	began := errors.New("it began")
	page := access.Subject{User: "anna", Role: access.Analyst, Via: access.ViaSession, Purpose: access.Purpose{ID: "p"}}
	err = town.Desk.Live(t.Context(), func() (access.Subject, error) { return page, nil }, "organ", desk.Place{}, func(desk.Place, []desk.Arrived) error { return began })
	if !errors.Is(err, began) {
		t.Errorf("a page waits for programs: %v", err)
	}
}
