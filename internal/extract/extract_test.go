package extract_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
	"vigil.example/internal/extract"
	"vigil.example/internal/site"
)

var seen = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

const boardYAML = `
name: board
seeds: ["https://board.example/list"]
scope: {strip: [sid]}
pages:
  - {kind: removed, url: "^/ad/", text: "taken down"}
  - {kind: removed, status: [404, 410]}
  - {kind: detail, url: "^/ad/", has: h1}
  - {kind: list, url: "^/list"}
  - {kind: other}
list:
  item: a.ad
  next: a.more
detail:
  native_id: {url: true, match: "^/ad/([0-9]+)"}
  title: {select: h1, drop: [.badge]}
  body: {select: .text, drop: [.hint]}
  price: {select: .price}
  location: {select: .where, match: "^Where: (.*)"}
  category: {select: .cat}
  posted_at: {select: .when, layout: ["2 Jan 2006 15:04"], zone: America/New_York}
  contacts:
    - {kind: phone, select: "a.call", attr: href}
    - {kind: handle, select: ".tg", match: "@([a-z_]+)"}
  images: {select: "img.photo", attr: data-full}
`

func board(t testing.TB) *extract.Extractor {
	t.Helper()
	d, err := site.Parse("board.yaml", []byte(boardYAML))
	if err != nil {
		t.Fatal(err)
	}
	return extract.New(site.NewSet(d))
}

func capture(url string) ad.Capture {
	return ad.Capture{V: ad.Schema, ID: "c1", URL: url, FetchedAt: seen, Visit: 3, Depth: 2}
}

func run(t testing.TB, x *extract.Extractor, url string, p extract.Page) extract.Result {
	t.Helper()
	if p.Status == 0 {
		p.Status = 200
	}
	r, err := x.Extract(capture(url), p)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const boardAd = `<html><body><div class=cat>Music</div><h1>Old <b>pia</b>no <span class=badge>NEW</span></h1>
<p class=price>from $1,250.50</p><p class=where>Where: Port Wren</p><p class=when>5 Mar 2025 18:30</p>
<div class=text>Needs a tuner.<br>Ask for <i>Ro</i>b<span style="display: none">9</span>in.<p class=hint>Report this ad</p><p>Two pedals.</p></div>
<a class=call href="tel:+1-202-555-0142">call</a><span class=tg>@old_piano</span>
<img class=photo src=/s/1.jpg data-full=/l/1.jpg><a class=ad href=/ad/8>next ad</a></body></html>`

func TestDefinition(t *testing.T) {
	r := run(t, board(t), "https://board.example/ad/7-old-piano?sid=99&b=2#top", extract.Page{Body: []byte(boardAd)})
	want := ad.Listing{
		CaptureID: "c1", URL: "https://board.example/ad/7-old-piano?b=2", Site: "board", NativeID: "7",
		Title: "Old piano", Body: "Needs a tuner.\nAsk for Robin.\nTwo pedals.", Price: &ad.Price{Amount: "1250.5", Text: "$1,250.50"},
		Location: "Port Wren", Category: "Music", PostedAt: time.Date(2025, 3, 5, 23, 30, 0, 0, time.UTC), SeenAt: seen,
		Contacts: []ad.Contact{{Kind: "phone", Value: "+1-202-555-0142"}, {Kind: "handle", Value: "old_piano"}},
		Images:   []string{"https://board.example/l/1.jpg"},
		Methods: map[string]string{
			"native_id": "definition", "title": "definition", "body": "definition", "price": "definition", "location": "definition",
			"category": "definition", "posted_at": "definition", "contacts": "definition", "images": "definition",
		},
	}
	if len(r.Listings) != 1 {
		t.Fatalf("%d listings, want 1: %+v", len(r.Listings), r.Outcome)
	}
	want.Definition = r.Listings[0].Definition
	want.Seal()
	if diff := cmp.Diff(want, r.Listings[0]); diff != "" {
		t.Errorf("listing (-want +got):\n%s", diff)
	}
	if !strings.HasPrefix(want.Definition, "board@") {
		t.Errorf("definition %q, want board@ and its digest", want.Definition)
	}
	outcome := ad.Outcome{
		V: ad.Schema, CaptureID: "c1", Site: "board", URL: "https://board.example/ad/7-old-piano?sid=99&b=2#top", Kind: ad.KindDetail,
		Reason: "page rule 3 of board", Status: 200, Listings: 1, SeenAt: seen, Visit: 3, Depth: 2,
		Outlinks: []ad.Outlink{{URL: "https://board.example/ad/8", Kind: ad.LinkDetail}},
	}
	if diff := cmp.Diff(outcome, r.Outcome); diff != "" {
		t.Errorf("outcome (-want +got):\n%s", diff)
	}
}

func TestRemovedPageNamesTheLiveAd(t *testing.T) {
	x := board(t)
	live := run(t, x, "https://board.example/ad/7-old-piano", extract.Page{Body: []byte(boardAd)}).Listings[0]
	for _, c := range []struct {
		name, url string
		p         extract.Page
	}{
		{"a notice in its place", "https://board.example/ad/7-old-piano", extract.Page{Body: []byte("<p>This ad was taken down")}},
		{"another slug", "https://board.example/ad/7-piano", extract.Page{Body: []byte("<p>This ad was taken down")}},
		{"status 410 without a body", "https://board.example/ad/7", extract.Page{Status: 410}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := run(t, x, c.url, c.p)
			if r.Outcome.Kind != ad.KindRemoved || r.Outcome.AdID != live.AdID || len(r.Listings) != 0 {
				t.Errorf("got %s of %q (%s), want removed of %q", r.Outcome.Kind, r.Outcome.AdID, r.Outcome.Reason, live.AdID)
			}
		})
	}
	plain := extract.New(nil)
	was := run(t, plain, "https://www.Other.example/ad/12345?utm_source=x#y", extract.Page{Body: []byte("<title>A thing</title><h1>A thing</h1><div class=description>" + strings.Repeat("It works well. ", 30) + "</div>")})
	gone := run(t, plain, "https://www.other.example/ad/12345", extract.Page{Status: 404, Body: []byte("not found")})
	if len(was.Listings) != 1 || gone.Outcome.AdID != was.Listings[0].AdID {
		t.Errorf("without a definition: live %+v, removed %+v", was.Outcome, gone.Outcome)
	}
	if got := was.Listings[0]; got.Site != "other.example" || got.URL != "https://www.other.example/ad/12345" {
		t.Errorf("site %q, URL %q", got.Site, got.URL)
	}
}

func TestListByDefinition(t *testing.T) {
	r := run(t, board(t), "https://board.example/list", extract.Page{Body: []byte(`<base href="https://board.example/x/">
		<a class=ad href=../ad/1>one</a><a class=ad href="/ad/2">two</a><a class=ad href="/ad/1#again">one</a><a href=/help>help</a>
		<a class=ad href="javascript:go(3)">three</a><a class=more href="/list?page=2">more</a>`)})
	want := []ad.Outlink{
		{URL: "https://board.example/ad/1", Kind: ad.LinkDetail}, {URL: "https://board.example/ad/2", Kind: ad.LinkDetail},
		{URL: "https://board.example/list?page=2", Kind: ad.LinkList},
	}
	if diff := cmp.Diff(want, r.Outcome.Outlinks); diff != "" || r.Outcome.Kind != ad.KindList {
		t.Errorf("%s, outlinks (-want +got):\n%s", r.Outcome.Kind, diff)
	}
}

func TestOutcomeWithoutPage(t *testing.T) {
	for _, c := range []struct {
		name   string
		p      extract.Page
		kind   ad.PageKind
		reason string
		link   string
	}{
		{"a relative redirect", extract.Page{Status: 302, Redirect: "../ad/9#x"}, ad.KindOther, "a redirect", "https://other.example/ad/9"},
		{"an absolute redirect", extract.Page{Status: 301, Redirect: "http://elsewhere.example/"}, ad.KindOther, "a redirect", "http://elsewhere.example/"},
		{"a redirect to another scheme", extract.Page{Status: 301, Redirect: "mailto:x@y.example"}, ad.KindOther, "a redirect to what is no web address", ""},
		{"a redirect without an address", extract.Page{Status: 304}, ad.KindOther, "status 304 without an address to go to", ""},
		{"an image", extract.Page{ContentType: "image/png", Body: []byte("\x89PNG....")}, ad.KindOther, "not a page: its type is image/png", ""},
		{"a PDF without a type", extract.Page{Body: []byte("%PDF-1.7 ...")}, ad.KindOther, "not a page: its bytes are those of another kind of file", ""},
		{"no bytes", extract.Page{}, ad.KindEmpty, "no bytes", ""},
		{"only white space", extract.Page{Body: []byte("  \n\n ")}, ad.KindEmpty, "nothing to see", ""},
		{"not found", extract.Page{Status: 404, Body: []byte("<h1>Oops")}, ad.KindRemoved, "status 404", ""},
		{"forbidden", extract.Page{Status: 403, Body: []byte("<h1>Forbidden")}, ad.KindBlocked, "status 403", ""},
		{"too many requests", extract.Page{Status: 429, Body: []byte("slow down")}, ad.KindBlocked, "status 429", ""},
		{"server error", extract.Page{Status: 503, Body: []byte("<h1>Down for maintenance")}, ad.KindOther, "status 503", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := run(t, extract.New(nil), "https://other.example/list/p1", c.p)
			link := ""
			for _, o := range r.Outcome.Outlinks {
				link += o.URL
			}
			if r.Outcome.Kind != c.kind || r.Outcome.Reason != c.reason || link != c.link || len(r.Listings) > 0 {
				t.Errorf("got %s, %q, %q; want %s, %q, %q", r.Outcome.Kind, r.Outcome.Reason, link, c.kind, c.reason, c.link)
			}
		})
	}
}

// A definition may call a page an ad that says nothing; no ad comes of it.
func TestNeverAnEmptyAd(t *testing.T) {
	r := run(t, board(t), "https://board.example/ad/7", extract.Page{Body: []byte("<h1></h1><img src=x>")})
	if len(r.Listings) != 0 || r.Outcome.Kind != ad.KindEmpty {
		t.Errorf("got %+v", r)
	}
}

func TestPageURL(t *testing.T) {
	for _, c := range []struct{ name, page, want string }{
		{"saved by a browser", "<!DOCTYPE html>\n<!-- saved from url=(0034)https://board.example/ad/7?a=1#x -->\n<link rel=canonical href=https://board.example/ad/8>", "https://board.example/ad/7?a=1"},
		{"a canonical link", `<base href="https://board.example/"><meta property="og:url" content="https://board.example/o"><link href="https://board.example/ad/7" rel="Canonical">`, "https://board.example/ad/7"},
		{"og:url", `<meta property="og:url" content="//board.example/o?x=1&amp;y=2"><link rel=canonical href="/ad/7">`, "https://board.example/o?x=1&y=2"},
		{"a base element", `<base href="https://board.example/dir/">`, "https://board.example/dir/"},
		{"nothing", `<p>https://board.example/ad/7`, ""},
		{"not a web address", `<link rel=canonical href="file:///home/x.html">`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := extract.PageURL([]byte(c.page)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestContactLinks(t *testing.T) {
	const page = `<title>Window cleaning, free quote</title><h1>Window cleaning, free quote</h1><div class=description>Any house, any height. I bring my own ladder and come at weekends too.</div>
	<a href="tel:+12025550142;ext=1">a</a> <a href="TEL:%2B1%20202%20555%200143">b</a> <a href="mailto:Ann@Clean.example?subject=x">c</a> <a href="https://wa.me/12025550144?text=hi">d</a>
	<a href="https://api.whatsapp.com/send?phone=+1-202-555-0145">e</a> <a href="https://t.me/clean_ann">f</a> <a href="https://t.me/share/url?url=x">g</a> <a href="https://wa.me/?text=look">h</a>
	<footer><a href="mailto:help@site.example">help</a></footer>`
	r := run(t, extract.New(nil), "https://other.example/ad/1234567", extract.Page{Body: []byte(page)})
	want := []ad.Contact{
		{Kind: "phone", Value: "+12025550142"}, {Kind: "phone", Value: "+1 202 555 0143"}, {Kind: "email", Value: "ann@clean.example"},
		{Kind: "phone", Value: "+12025550144"}, {Kind: "phone", Value: "+12025550145"}, {Kind: "handle", Value: "telegram:clean_ann"},
	}
	if len(r.Listings) != 1 {
		t.Fatalf("no listing: %+v", r.Outcome)
	}
	if diff := cmp.Diff(want, r.Listings[0].Contacts); diff != "" {
		t.Errorf("contacts (-want +got):\n%s", diff)
	}
}

// What would hang, or overflow the stack, if a page could ask for it.
func TestHostilePages(t *testing.T) {
	for _, c := range []struct{ name, page string }{
		{"a megabyte of open elements", strings.Repeat("<div>", 200_000)},
		{"100 kB of nested formatting", strings.Repeat("<b><i><a href=/x>", 6_000)},
		{"nested tables", strings.Repeat("<table><tr><td>", 20_000)},
		{"nested drawings", strings.Repeat("<svg><g>", 20_000)},
		{"nested lists with text", strings.Repeat("<ul><li>x", 20_000)},
		{"nested microdata", strings.Repeat("<p itemscope itemprop=x>", 20_000)},
		{"nested JSON-LD", `<script type="application/ld+json">` + strings.Repeat(`{"@graph":[`, 20_000) + `</script>`},
		{"a megabyte of paragraphs", strings.Repeat("<p>Some running text that gives a price of $35 and was posted on 2024-01-02.", 14_000)},
		{"three megabytes of digits", strings.Repeat("1,111", 600_000)},
		{"a page of NULs", strings.Repeat("\x00", 100_000)},
	} {
		t.Run(c.name, func(t *testing.T) {
			start := time.Now() // a page without bounds took minutes; the limit leaves room for the race detector
			r := run(t, extract.New(nil), "https://other.example/ad/1", extract.Page{Body: []byte(c.page)})
			checkResult(t, r)
			if took := time.Since(start); took > 60*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// A page nested too deeply for the parser is still read.
func TestDeepPageKeepsItsText(t *testing.T) {
	page := "<title>Deep well pump</title>" + strings.Repeat("<div>", 3000) + "<h1>Deep well pump</h1><div class=description>" + strings.Repeat("It lifts water. ", 20) + "</div>"
	r := run(t, extract.New(nil), "https://other.example/ad/1234567", extract.Page{Body: []byte(page)})
	if len(r.Listings) != 1 || r.Listings[0].Title != "Deep well pump" || !strings.Contains(r.Listings[0].Body, "It lifts water.") {
		t.Errorf("got %+v", r)
	}
}
