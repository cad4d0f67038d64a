package web

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/casework"
	"vigil.example/internal/enrich/correction"
	"vigil.example/internal/search"
)

// follow reads ads again when a correction is made, as the walk would.
func (h *house) follow(c *casework.Corrections) {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	h.t.Cleanup(func() { stop(); <-done })
	go func() {
		defer close(done)
		for {
			changed := c.Changed()
			for _, x := range c.All() {
				docs, _, err := h.index.Versions(ctx, x.AdID)
				if err != nil {
					continue
				}
				standing, newest := c.Of(x.AdID)
				for _, d := range docs {
					correction.Apply(&d.Ad, standing, newest)
					if err := h.index.Apply(ctx, "corrections", newest, []search.Change{{Seq: newest, Version: &d.Ad}}); err != nil && ctx.Err() == nil {
						h.t.Errorf("correct an ad: %v", err)
					}
				}
			}
			select {
			case <-ctx.Done():
				return
			case <-changed:
			}
		}
	}()
}

// oddAd is an ad that writes a number in words, over two lines.
func (h *house) oddAd() string {
	return h.see(ad.Listing{
		Site: "townboard", NativeID: "odd", URL: "https://town.example/ad/odd", Title: "Here until Sunday",
		Body: "Call nine one two\nfive five five 0 1 two 3 now. Or 912-555-0188, the hidden one is q7x-l2z.",
	}, h.now.Add(-time.Hour)).AdID
}

func TestAdShowsWhichSignIsWhichDigit(t *testing.T) {
	h := newHouse(t)
	h.settle()
	_, body := h.get("/ad/" + h.oddAd())
	text := strip(body)
	for _, want := range []string{"nine stands for 9 one stands for 1 two stands for 2 five stands for 5", "For:", "Not a number : 912-555-0123"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not on the page: %s", want, text)
		}
	}
	if strings.Contains(text, "912 stands for 912") {
		t.Error("a number in digits is explained digit by digit")
	}
}

func TestCorrect(t *testing.T) {
	h := newHouse(t)
	h.settle()
	id := h.oddAd()
	at := "/ad/" + id
	written := "nine one two\nfive five five 0 1 two 3"
	look := func() string {
		t.Helper()
		res, body := h.get(at)
		if res.StatusCode != http.StatusOK {
			t.Fatalf("the page of the ad: %d", res.StatusCode)
		}
		return strip(body)
	}
	send := func(code int, kv ...string) string {
		t.Helper()
		res, body := h.post(at+"/correct", kv...)
		if res.StatusCode != code {
			t.Fatalf("%v: %d, want %d: %s", kv, res.StatusCode, code, strip(body))
		}
		if code == http.StatusSeeOther && res.Header.Get("Location") != at {
			t.Errorf("sent to %s", res.Header.Get("Location"))
		}
		return strip(body)
	}
	says := func(page, want string) {
		t.Helper()
		if !strings.Contains(page, want) {
			t.Errorf("%q is not on the page: %s", want, page)
		}
	}

	// As a browser sends the end of a line.
	send(http.StatusSeeOther, "text", strings.ReplaceAll(written, "\n", "\r\n"), "verdict", "not")
	page := look()
	says(page, "Decided:")
	says(page, "is no number; it was read as 912-555-0123")
	says(page, "by alice, 20 Mar 2026")
	if strings.Contains(page, "Not a number : 912-555-0123") {
		t.Error("what is no number is still shown as one")
	}
	for _, c := range []struct{ why, text, reads string }{
		{"No telephone number can be read", "q7x-l2z", "12"},
		{"Write the number that it reads", "q7x-l2z", ""},
		{"The ad does not say this", "q7y", "912-555-0199"},
		{"corrected already", written, "912-555-0199"},
	} {
		says(send(http.StatusUnprocessableEntity, "text", c.text, "reads", c.reads, "verdict", "reads"), c.why)
	}
	says(send(http.StatusUnprocessableEntity, "text", "Sunday", "verdict", "not"), "No number was read there")
	send(http.StatusSeeOther, "text", "q7x-l2z", "reads", "(912) 555 0199", "verdict", "reads", "reason", "the poster told us")
	page = look()
	says(page, "Corrected by alice, 20 Mar 2026")
	says(page, "the poster told us")
	says(page, "912-555-0199")

	cs := h.desk.Docket.Corrections().About(id)
	for _, c := range cs {
		if res, _ := h.post(at+"/withdraw", "correction", c.ID); res.StatusCode != http.StatusSeeOther {
			t.Errorf("undo: %d", res.StatusCode)
		}
	}
	page = look()
	says(page, "None stands.")
	says(page, "2 corrections taken back")
	says(page, "Not a number : 912-555-0123")
	if res, _ := h.post(at+"/withdraw", "correction", strings.Repeat("0", 32)); res.StatusCode != http.StatusNotFound {
		t.Errorf("one that is not there: %d", res.StatusCode)
	}
}

func TestReadersCorrectNothing(t *testing.T) {
	h := newHouse(t)
	id := h.oddAd()
	h.user("rita", access.Reader)
	h.to("/purpose?next=/", "/sign-in", "name", "rita", "password", goodPassword)
	h.to("/", "/purpose", "kind", "case", "text", "2026-0412")
	res, body := h.get("/ad/" + id)
	if res.StatusCode != http.StatusOK || strings.Contains(body, "/correct") {
		t.Errorf("%d; the page offers corrections: %t", res.StatusCode, strings.Contains(body, "/correct"))
	}
	for _, form := range []string{"correct", "withdraw"} {
		if res, _ := h.post("/ad/"+id+"/"+form, "text", "q7x-l2z", "reads", "912-555-0199", "verdict", "reads", "correction", id); res.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d", form, res.StatusCode)
		}
	}
}
