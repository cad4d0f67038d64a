// Package web is the pages that investigators see. Requests of a browser come
// in; HTML made on the server goes out, with one style sheet, no image and nothing
// from anywhere else. No page needs a script, and one has one: results say how many
// new ads match. Every read of ads goes through the desk,
// which authorises it and writes the audit line before there is an answer.
//
// No number, handle or name ever stands in an address or a page title: searches
// live under made-up addresses in memory, everything else under ids, and what a
// person types travels in the body of a form. The package keeps nothing on disk
// and decides nothing about who may do what.
package web

import (
	"cmp"
	"html/template"
	"log/slog"
	"net/http"
	"time"

	"vigil.example/internal/desk"
	"vigil.example/internal/enrich/indicator"
)

// Config is what the pages need to know.
type Config struct {
	Version  string
	Instance string           // "demo" shows on every page that nothing in it is real
	TownURL  string           // of the made-up town, for the demo
	Secure   bool             // the pages are reached over TLS: cookies are marked so
	TownNow  func() time.Time // the clock of the made-up town; not shown when nil
	Spool    string           // folder where a packet lies while it is sent; the system's when empty
	Now      func() time.Time // time.Now when nil
	Log      *slog.Logger     // discarded when nil
	// Rules is the library that reads the language of ads; nil is the built-in one.
	Rules *indicator.Library
	// KeyFingerprint is that of the public key that packets are checked with; not
	// shown when empty.
	KeyFingerprint string
}

// A server answers requests.
type server struct {
	Config
	desk  *desk.Desk
	shelf *shelf
	pages map[string]*template.Template
}

// maxForm bounds the body of a request.
const maxForm = 64 << 10

// maxLookupForm bounds the one that brings a list to look up, as text and as a file.
const maxLookupForm = 2*desk.MaxLookupBytes + maxForm

// New returns the handler of all pages. It wants the whole of an origin: its
// addresses begin at the root.
func New(d *desk.Desk, c Config) http.Handler {
	if c.Now == nil {
		c.Now = time.Now
	}
	c.Log = cmp.Or(c.Log, slog.New(slog.DiscardHandler))
	sheet, live := newAsset("style", ".css", "text/css", style), newAsset("live", ".js", "text/javascript", liveScript)
	s := &server{Config: c, desk: d, shelf: newShelf(c.Now), pages: parsePages(sheet, live)}

	mux := http.NewServeMux()
	mux.Handle("GET "+sheet.path, sheet)
	mux.Handle("GET "+live.path, live)
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /robots.txt", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("User-agent: *\nDisallow: /\n"))
	})
	mux.Handle("GET /sign-in", s.open(s.signInPage))
	mux.Handle("POST /sign-in", s.open(s.signIn))
	mux.Handle("POST /sign-out", s.signedIn(s.signOut))
	mux.Handle("GET /password", s.signedIn(s.passwordPage))
	mux.Handle("POST /password", s.signedIn(s.changePassword))
	mux.Handle("GET /purpose", s.signedIn(s.purposePage))
	mux.Handle("POST /purpose", s.signedIn(s.setPurpose))
	mux.Handle("GET /{$}", s.signedIn(s.home))
	mux.Handle("POST /search", s.signedIn(s.search))
	mux.Handle("GET /s/{id}", s.signedIn(s.results))
	mux.Handle("GET /s/{id}/live", s.signedIn(s.live))
	mux.Handle("POST /s/{id}/export", s.signedIn(s.export))
	mux.Handle("GET /ad/{id}", s.signedIn(s.ad))
	mux.Handle("GET /ad/{id}/alike", s.signedIn(s.alike))
	mux.Handle("POST /ad/{id}/correct", s.signedIn(s.correct))
	mux.Handle("POST /ad/{id}/withdraw", s.signedIn(s.withdraw))
	for _, form := range []string{"GET /ad/{id}/correct", "GET /ad/{id}/withdraw", "GET /ad/{id}/label", "GET /ad/{id}/unlabel"} { // after signing in again, or from the history
		mux.Handle(form, s.signedIn(s.ad))
	}
	mux.Handle("POST /ad/{id}/label", s.signedIn(s.label))
	mux.Handle("POST /ad/{id}/unlabel", s.signedIn(s.unlabel))
	mux.Handle("POST /cluster/{id}/label", s.signedIn(s.label))
	mux.Handle("POST /cluster/{id}/unlabel", s.signedIn(s.unlabel))
	mux.Handle("GET /leads", s.signedIn(s.leads))
	mux.Handle("GET /indicators", s.signedIn(s.card))
	mux.Handle("POST /cluster/{id}/decide", s.signedIn(s.decide))
	mux.Handle("POST /cluster/{id}/undecide", s.signedIn(s.undecide))
	for _, form := range []string{"GET /cluster/{id}/decide", "GET /cluster/{id}/undecide", "GET /cluster/{id}/label", "GET /cluster/{id}/unlabel"} { // after signing in again
		mux.Handle(form, s.signedIn(s.cluster))
	}
	mux.Handle("GET /corrections", s.signedIn(s.corrections))
	mux.Handle("GET /clusters", s.signedIn(s.clusters))
	mux.Handle("GET /demand", s.signedIn(s.demand))
	mux.Handle("POST /demand", s.signedIn(s.askDemand))
	mux.Handle("GET /cluster/{id}", s.signedIn(s.cluster))
	mux.Handle("GET /cluster/{id}/why", s.signedIn(s.whyForm))
	mux.Handle("POST /cluster/{id}/why", s.signedIn(s.why))
	mux.Handle("POST /cluster/{id}/packet", s.signedIn(s.packet))
	mux.Handle("GET /inbox", s.signedIn(s.inbox))
	mux.Handle("GET /inbox/next", s.signedIn(s.nextAlert))
	mux.Handle("POST /inbox/read", s.signedIn(s.markRead))
	mux.Handle("GET /watches", s.signedIn(s.watches))
	mux.Handle("POST /watches", s.signedIn(s.watch))
	mux.Handle("POST /watches/end", s.signedIn(s.unwatch))
	mux.Handle("GET /saved", s.signedIn(s.savedList))
	mux.Handle("POST /saved", s.signedIn(s.save))
	mux.Handle("GET /saved/{id}", s.signedIn(s.savedOne))
	mux.Handle("POST /saved/{id}", s.signedIn(s.save))
	mux.Handle("POST /saved/{id}/{do}", s.signedIn(s.savedDo))
	mux.Handle("GET /saved/{id}/{do}", s.signedIn(s.savedOne)) // after signing in again, or from the history
	mux.Handle("GET /lookup", s.signedIn(s.lookupForm))
	mux.Handle("POST /lookup", s.signedIn(s.lookup))
	mux.Handle("GET /lookup/{id}", s.signedIn(s.lookedUp))
	mux.Handle("GET /lookup/{id}/csv", s.signedIn(s.lookupCSV))
	mux.Handle("GET /lookup/{id}/watch", s.signedIn(s.lookedUp))
	mux.Handle("POST /lookup/{id}/watch", s.signedIn(s.watchLookedUp))
	mux.Handle("GET /watchlist/{id}", s.signedIn(s.watchList))
	mux.Handle("GET /watchlist/{id}/csv", s.signedIn(s.watchListCSV))
	mux.Handle("POST /watchlist/{id}/end", s.signedIn(s.endWatchList))
	mux.Handle("POST /watchlist/{id}/restore", s.signedIn(s.restoreWatchList))
	mux.Handle("GET /help", s.signedIn(s.static("help", "Help")))
	mux.Handle("GET /about", s.signedIn(s.static("about", "What Vigil says and does not say")))
	mux.Handle("GET /packets", s.signedIn(s.static("packets", "How to check a packet")))
	mux.Handle("/", s.open(func(*http.Request, *visit) error { return errNoPage }))

	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(s.open(func(*http.Request, *visit) error { return errCrossOrigin }))
	return s.recovered(s.headed(bounded(guard.Handler(mux))))
}
