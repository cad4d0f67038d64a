package web

import (
	"bufio"
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/desk"
)

// comers are ads that come while a test listens; a place is how many have come.
type comers chan ad.Ad

func (c comers) Arrivals(ctx context.Context, after desk.Place, f func(desk.Place, []*ad.Ad) error) error {
	at := desk.Place{Generation: 1, Seq: after.Seq + 1}
	if err := f(at, nil); err != nil {
		return err
	}
	for {
		var some []*ad.Ad
		select {
		case <-ctx.Done():
			return ctx.Err()
		case a := <-c:
			at.Seq++
			some = append(some, &a)
		case <-time.After(50 * time.Millisecond):
		}
		if err := f(at, some); err != nil {
			return err
		}
	}
}

// listen asks for a line and gives what its events say.
func (h *house) listen(path string) (*http.Response, chan string) {
	h.t.Helper()
	res, err := h.client.Get(h.server.URL + path)
	if err != nil {
		h.t.Fatal(err)
	}
	said := make(chan string, 100)
	go func() {
		defer close(said)
		for s := bufio.NewScanner(res.Body); s.Scan(); {
			if strings.HasPrefix(s.Text(), "data: ") {
				said <- s.Text()
			}
		}
	}()
	h.t.Cleanup(func() { _ = res.Body.Close() })
	return res, said
}

func (h *house) hear(what string, from chan string) (s string, goesOn bool) {
	h.t.Helper()
	select {
	case s, goesOn = <-from:
	case <-time.After(time.Minute):
		h.t.Fatalf("%s does not come", what)
	}
	return s, goesOn
}

// A page of results is told how many new ads match, and nothing else about them, for
// as long as its session lasts; it is the one page with a script.
func TestResultsSayWhatIsNew(t *testing.T) {
	h := newHouse(t)
	come := make(comers)
	h.desk.Arrivals = come
	h.furnish()
	h.settle()
	at, res, body := h.ask("bench")
	if csp := res.Header.Get("Content-Security-Policy"); csp != livePolicy || strings.Contains(csp, "unsafe") {
		t.Errorf("the page allows %q", csp)
	}
	script := regexp.MustCompile(`<script src="(/live-[0-9a-f]{12}\.js)" defer></script>`).FindStringSubmatch(body)
	if script == nil || !strings.Contains(body, `role="status" data-live="`+at+`/live"`) {
		t.Fatalf("the page listens to nothing: %s", body)
	}
	if res, js := h.get(script[1]); res.StatusCode != http.StatusOK || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/javascript") || js != string(liveScript) {
		t.Errorf("the script: %d %v", res.StatusCode, res.Header)
	}
	if res, body := h.get("/"); res.Header.Get("Content-Security-Policy") != policy || strings.Contains(body, "<script") {
		t.Error("another page may run scripts")
	}
	before := strings.Count(h.audit.Text(), `"search.live"`)
	res, said := h.listen(at + "/live")
	if got, _ := h.hear("the beginning", said); got != "data: 0" || res.Header.Get("Content-Type") != "text/event-stream" || res.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("it begins with %q, %v", got, res.Header)
	}
	come <- h.see(ad.Listing{Site: "townboard", NativeID: "x1", URL: "https://town.example/ad/x1", Title: "An organ"}, h.now)
	come <- h.see(ad.Listing{Site: "townboard", NativeID: "x2", URL: "https://town.example/ad/x2", Title: "Another bench, 912-555-0177"}, h.now)
	if got, _ := h.hear("the count", said); got != "data: 1" {
		t.Errorf("after one ad that matches it says %q", got)
	}
	if log := h.audit.Text(); strings.Count(log, `"search.live"`) != before+2 || strings.Contains(log, "bench") {
		t.Errorf("the log has not the beginning and the find, or has the words:\n%s", log)
	}

	h.to("/sign-in", "/sign-out")
	for {
		if _, goesOn := h.hear("the end of a session that has ended", said); !goesOn {
			break
		}
	}
	if res, _ := h.get(at + "/live"); res.StatusCode != http.StatusSeeOther {
		t.Errorf("nobody listens: %d", res.StatusCode)
	}
	h.user("rita", access.Reader)
	h.to("/purpose?next=/", "/sign-in", "name", "rita", "password", goodPassword, "next", "/")
	h.to("/", "/purpose", "kind", "reason", "text", "reading", "next", "/")
	if res, _ := h.get(at + "/live"); res.StatusCode != http.StatusNotFound {
		t.Errorf("somebody else listens to a search: %d", res.StatusCode)
	}
	if mine, _, _ := h.ask("bench"); mine != "" {
		if res, _ := h.get(mine + "/live?after=912-555-0123"); res.StatusCode != http.StatusBadRequest {
			t.Errorf("a place that is none: %d", res.StatusCode)
		}
	}
}

// given are ads that come when a test says so, and nothing in between.
type given chan ad.Ad

func (g given) Arrivals(ctx context.Context, _ desk.Place, f func(desk.Place, []*ad.Ad) error) error {
	at := desk.Place{Generation: 1, Seq: 1}
	if err := f(at, nil); err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case a := <-g:
			if at.Seq++; f(at, []*ad.Ad{&a}) != nil {
				return nil
			}
		}
	}
}

// A page that is told what is new does not keep a session that nobody uses.
func TestListeningIsNoUse(t *testing.T) {
	h := newHouse(t)
	come := make(given)
	h.desk.Arrivals = come
	h.furnish()
	h.settle()
	at, _, _ := h.ask("bench")
	res, said := h.listen(at + "/live")
	h.hear("the beginning", said)
	a := h.see(ad.Listing{Site: "townboard", NativeID: "x1", URL: "https://town.example/ad/x1", Title: "Another bench"}, h.now)
	h.now = h.now.Add(20 * time.Minute)
	come <- a
	if got, _ := h.hear("the count", said); got != "data: 1" {
		t.Errorf("after one ad that matches it says %q", got)
	}
	_ = res.Body.Close()
	h.now = h.now.Add(15 * time.Minute)
	if res, _ := h.get("/"); res.StatusCode != http.StatusSeeOther {
		t.Errorf("35 minutes after it was used last the session answers %d, want a sign-in", res.StatusCode)
	}
}
