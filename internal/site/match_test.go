package site_test

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"vigil.example/internal/site"
)

func TestPageRule(t *testing.T) {
	d := definition(t, townboard)
	for _, c := range []struct {
		name, url, page, text string
		status, rule          int
	}{
		{"a status decides", "https://townboard.example/ad/7", "<p>x", "", 410, 1},
		{"all conditions hold", "https://townboard.example/ad/7", "<h1>x</h1>", "Posted today", 200, 2},
		{"the address does not match", "https://townboard.example/list", "<h1>x</h1>", "Posted today", 200, 0},
		{"what must be there is not", "https://townboard.example/ad/7", "<h2>x</h2>", "Posted today", 200, 0},
		{"what must not be there is", "https://townboard.example/ad/7", "<h1>x</h1><p class=gone>", "Posted today", 200, 0},
		{"the text does not match", "https://townboard.example/ad/7", "<h1>x</h1>", "", 200, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			root, err := html.Parse(strings.NewReader(c.page))
			if err != nil {
				t.Fatal(err)
			}
			_, got := d.PageRule(site.Look{URL: address(t, c.url), Status: c.status, Root: root, Text: func() string { return c.text }})
			if got != c.rule {
				t.Errorf("rule %d, want %d", got, c.rule)
			}
		})
	}
}

func TestFieldTime(t *testing.T) {
	d := definition(t, townboard)
	got, ok := d.Detail.PostedAt.Time(" 5 Mar\n2026 18:30 ")
	if want := time.Date(2026, 3, 5, 23, 30, 0, 0, time.UTC); !ok || !got.Equal(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got, ok := d.Detail.PostedAt.Time("yesterday"); ok {
		t.Errorf("read %v from no time", got)
	}
}

func TestFieldCut(t *testing.T) {
	d := definition(t, `
name: a
seeds: ["http://a.test/"]
detail:
  title: {select: h1}
  price: {select: b, match: "[0-9]+"}
  native_id: {url: true, match: "/ad/([0-9]+)|id=([0-9]+)"}
`)
	for _, c := range []struct {
		name, in, want string
		f              *site.Field
	}{
		{"no expression", "a b", "a b", &d.Detail.Title},
		{"the whole match", "only 35 now", "35", &d.Detail.Price},
		{"no match", "free", "", &d.Detail.Price},
		{"the first group", "/ad/12", "12", &d.Detail.NativeID},
		{"the group that took part", "/x?id=13", "13", &d.Detail.NativeID},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.f.Cut(c.in); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
