package extract_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"vigil.example/internal/ad"
	"vigil.example/internal/extract"
)

// checkResult holds what every result promises.
func checkResult(t testing.TB, r extract.Result) {
	t.Helper()
	if r.Outcome.Kind == "" || r.Outcome.Reason == "" {
		t.Errorf("kind %q for reason %q", r.Outcome.Kind, r.Outcome.Reason)
	}
	if r.Outcome.Listings != len(r.Listings) || len(r.Listings) > 1 || (r.Outcome.Kind == ad.KindDetail) != (len(r.Listings) == 1) {
		t.Errorf("a %s page with %d listings, outcome says %d", r.Outcome.Kind, len(r.Listings), r.Outcome.Listings)
	}
	text := []string{r.Outcome.Reason}
	for _, o := range r.Outcome.Outlinks {
		if !strings.HasPrefix(o.URL, "http://") && !strings.HasPrefix(o.URL, "https://") {
			t.Errorf("outlink %q is no web address", o.URL)
		}
		text = append(text, o.URL)
	}
	for _, l := range r.Listings {
		if l.Empty() {
			t.Error("an empty listing")
		}
		sealed := l
		sealed.Seal()
		if sealed.VersionID != l.VersionID || l.VersionID == "" {
			t.Error("a listing that is not sealed")
		}
		text = append(text, l.Title, l.Body, l.Location, l.Category, l.NativeID)
		text = append(text, l.Images...)
		for _, c := range l.Contacts {
			text = append(text, c.Kind, c.Value)
		}
		if l.Price != nil {
			text = append(text, l.Price.Text)
			if strings.Trim(l.Price.Amount, "0123456789.") != "" || l.Price.Amount == "" {
				t.Errorf("amount %q is no decimal number", l.Price.Amount)
			}
		}
	}
	for _, s := range text {
		if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
			t.Errorf("%q is not clean UTF-8", s)
		}
	}
}

func FuzzExtract(f *testing.F) {
	files, _ := filepath.Glob("testdata/pages/*.html")
	for _, file := range files {
		if b, err := os.ReadFile(file); err == nil {
			f.Add(b, "text/html", uint16(200), "https://other.example/ad/1", "")
		}
	}
	f.Add([]byte(boardAd), "text/html; charset=utf-16", uint16(302), "https://board.example/ad/7", "//x/%zz")
	f.Add([]byte("\xff\xfe<\x00p\x00>\x00"), "", uint16(0), "", "")
	x := board(f)
	f.Fuzz(func(t *testing.T, body []byte, contentType string, status uint16, at, redirect string) {
		c := ad.Capture{ID: "f", URL: at, FetchedAt: seen}
		p := extract.Page{Status: int(status), ContentType: contentType, Body: body, Redirect: redirect}
		r, err := x.Extract(c, p)
		if err != nil {
			t.Fatal(err)
		}
		checkResult(t, r)
		again, _ := x.Extract(c, p)
		if len(r.Listings) == 1 && again.Listings[0].VersionID != r.Listings[0].VersionID {
			t.Error("the same page gives another listing")
		}
		if u := extract.PageURL(body); !utf8.ValidString(u) {
			t.Errorf("PageURL gives %q", u)
		}
	})
}
