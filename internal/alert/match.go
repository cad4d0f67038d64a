// Package alert says which subscriptions and saved searches an ad matches and keeps every user's
// inbox. In come enriched ads, the subscriptions to a value and the searches that people are told of; out go alerts,
// which the pipeline stores, and inboxes, which are a projection of the stored
// alerts. An alert fires once per subscription, ad and value, and once per search, reader and content of an ad, however often the
// ad is delivered or replayed. The room reads no index and contacts nobody; it
// writes nothing itself.
package alert

import (
	"slices"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/casework"
	"vigil.example/internal/query"
)

// Floor is the confidence that a value must be read with to raise an alert.
const Floor = 0.5

// Subscriptions finds the active subscriptions to a value. The lists it returns
// are not changed.
type Subscriptions interface {
	Subscribed(v ad.Value) []ad.Subscription
}

// Match returns the alerts that an ad raises at a time: one for each subscription
// and value of the ad, except for ads the subscriber knew when subscribing. The
// same ad, in this version or a later one, gives alerts of the same ids.
func Match(a ad.Ad, subs Subscriptions, at time.Time) []ad.Alert {
	var out []ad.Alert
	for _, v := range a.Values(Floor) {
		for _, s := range subs.Subscribed(v) {
			if one, ok := raise(&a, v, &s, at); ok {
				out = append(out, one)
			}
		}
	}
	return out
}

// raise makes the alert that one subscription gets for one value of an ad.
func raise(a *ad.Ad, v ad.Value, s *ad.Subscription, at time.Time) (ad.Alert, bool) {
	if s.Value != v || !s.Ended.IsZero() || slices.Contains(s.Known, a.AdID) {
		return ad.Alert{}, false
	}
	return ad.Alert{
		V:            ad.Schema,
		ID:           ad.AlertID(s.ID, a.AdID, v),
		Subscription: s.ID,
		User:         s.User,
		AdID:         a.AdID,
		VersionID:    a.VersionID,
		Value:        v,
		Written:      a.Written(v),
		Title:        a.Title,
		Site:         a.Site,
		SeenAt:       a.SeenAt,
		RaisedAt:     at.UTC(),
	}, true
}

// How much of what a saved search asks for an alert quotes.
const (
	maxFound  = 8
	maxQuoted = 80 // characters
)

// Arriving is an ad as the document that it is when it comes.
func Arriving(a ad.Ad) ad.Document {
	return ad.Document{ID: ad.DocumentID(a.AdID, a.ContentSHA256), Ad: a, FirstSeen: a.SeenAt, LastSeen: a.SeenAt, Sightings: 1, Current: true}
}

// raiseSearch makes the alerts of everybody who is told of a saved search, for a
// document that matches it and was not known.
func raiseSearch(d *ad.Document, s *casework.Saved, at time.Time) []ad.Alert {
	var out []ad.Alert
	var found []ad.Found
	for i := range s.Alerts {
		to := &s.Alerts[i]
		if to.Known.Has(d.ID) {
			continue
		}
		one := ad.Alert{
			V: ad.Schema, ID: ad.SearchAlertID(s.ID, to.User, d.ID), User: to.User, AdID: d.Ad.AdID, VersionID: d.Ad.VersionID,
			SeenAt: d.Ad.SeenAt, RaisedAt: at.UTC(), Search: s.ID, Folded: to.Fold,
		}
		if !to.Fold {
			if found == nil {
				found = quoted(s.Query, d)
			}
			one.Title, one.Site, one.Found = d.Ad.Title, d.Ad.Site, found
		}
		out = append(out, one)
	}
	return out
}

// quoted are the words of a document that a query asks for.
func quoted(q string, d *ad.Document) []ad.Found {
	n, err := query.Parse(q)
	if err != nil {
		return nil
	}
	texts := map[string][]rune{}
	for _, t := range query.Texts(&d.Ad) {
		texts[t.Field] = []rune(t.Text)
	}
	out := []ad.Found{}
	for _, sp := range query.Spans(n, d) {
		r := texts[sp.Field]
		if len(out) == maxFound || sp.Start < 0 || sp.End > len(r) || sp.Start >= sp.End {
			continue
		}
		words := string(r[sp.Start:min(sp.End, sp.Start+maxQuoted)])
		if sp.End-sp.Start > maxQuoted {
			words += "…"
		}
		out = append(out, ad.Found{Span: sp, Text: words})
	}
	return out
}
