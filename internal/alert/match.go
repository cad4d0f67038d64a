// Package alert says which subscriptions an ad matches and keeps every user's
// inbox. In come enriched ads and the subscriptions to a value; out go alerts,
// which the pipeline stores, and inboxes, which are a projection of the stored
// alerts. An alert fires once per subscription, ad and value, however often the
// ad is delivered or replayed. The room reads no index and contacts nobody; it
// writes nothing itself.
package alert

import (
	"slices"
	"time"

	"vigil.example/internal/ad"
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
