package web

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"vigil.example/internal/ad"
	"vigil.example/internal/casework"
	"vigil.example/internal/search"
)

// followLabels gives ads their labels in the index, as the walk would.
func (h *house) followLabels(l *casework.Labels) {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	h.t.Cleanup(func() { stop(); <-done })
	go func() {
		defer close(done)
		for {
			changed := l.Changed()
			for _, x := range l.All() {
				standing, newest := l.Of(x.AdID)
				c := search.Change{Seq: newest, Labels: &ad.Labels{AdID: x.AdID, Names: casework.LabelNames(standing)}}
				if err := h.index.Apply(ctx, "labels", newest, []search.Change{c}); err != nil && ctx.Err() == nil {
					h.t.Errorf("label an ad: %v", err)
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

func TestLabel(t *testing.T) {
	h := newHouse(t)
	h.settle()
	h.followLabels(h.desk.Docket.Labels())
	id := h.oddAd()
	at := "/ad/" + id
	says := func(path string, want ...string) string {
		t.Helper()
		res, body := h.get(path)
		if res.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d", path, res.StatusCode)
		}
		text := strip(body)
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%q is not on %s: %s", w, path, text)
			}
		}
		return text
	}
	send := func(path string, kv ...string) {
		t.Helper()
		res, body := h.post(path, kv...)
		page, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/label")
		page, _, _ = strings.Cut(page, "/unlabel")
		if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/"+page+"#labels" {
			t.Fatalf("%s %v: %d to %s: %s", path, kv, res.StatusCode, res.Header.Get("Location"), strip(body))
		}
	}
	says(at, "What people call this ad: their judgement, and nothing that the program found.", "Label it: trafficking-like spam scam consenting unclear")
	send(at+"/label", "label", "Spam", "reason", "one text in forty cities")
	text := says(at, "Labelled: spam, 1 ad.", "spam by alice, 20 Mar 2026, 09:00 UTC : one text in forty cities", "Undo the label spam", "Label it: trafficking-like scam consenting unclear")
	if strings.Contains(text, "taken back") {
		t.Error("something is said to be taken back")
	}
	for _, bad := range []string{"912-555-0199", "telegram-rosie-92", "<script>", ""} {
		send(at+"/label", "label", bad)
		if text := says(at, "Nothing is labelled:"); strings.Contains(text, "0199") || strings.Contains(text, "rosie") {
			t.Errorf("what may name somebody is repeated: %s", text)
		}
	}
	search := func(query string) string {
		t.Helper()
		_, _, body := h.ask(query)
		return strip(body)
	}
	if text := search("label:spam"); !strings.Contains(text, "Here until Sunday labelled by people: spam") || !strings.Contains(text, "Ads that a person has labelled “spam”") {
		t.Errorf("the results: %s", text)
	}
	send(at+"/unlabel", "label", "spam")
	says(at, "Taken back: spam, 1 ad.", "1 label taken back", "taken back by alice")
	send(at+"/unlabel", "label", "spam")
	says(at, "that label does not stand there")
	if text := search("label:spam"); strings.Contains(text, "Here until Sunday") {
		t.Errorf("the results after it was taken back: %s", text)
	}

	h.furnish()
	cluster := "/cluster/" + linked
	send(cluster+"/label", "label", "consenting")
	says(cluster, "Labelled: consenting, 8 ads.", "consenting all 8 ads", "Label all 8 ads of now, not those that come later: trafficking-like spam scam unclear")
	send(cluster+"/unlabel", "label", "consenting")
	says(cluster, "Taken back: consenting, 8 ads.")
	for _, line := range []string{`"label.give"`, `"label.withdraw"`} {
		if !strings.Contains(h.audit.Text(), line) {
			t.Errorf("the audit log has no line %s", line)
		}
	}
}
