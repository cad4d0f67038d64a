package apitest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"vigil.example/internal/ad"
	"vigil.example/internal/link"
	"vigil.example/internal/link/weigh"
	"vigil.example/internal/phone"
	"vigil.example/internal/search"
)

// Link puts ads into the index that were made for linking, and what a linker tells of
// them. It returns the clusters, largest first.
func (t *Town) Link(tb testing.TB, made []weigh.Labelled) [][]ad.Ad {
	tb.Helper()
	l := link.New(link.Config{})
	ads := make([]ad.Ad, len(made))
	changes := make([]search.Change, len(made), len(made)+1)
	for i, m := range made {
		ads[i] = asRead(m.Ad)
		l.Add(&ads[i])
		changes[i] = search.Change{Seq: uint64(1000 + i), Version: &ads[i]}
	}
	l.TellAnew()
	ch := l.Solve(Noon)
	changes = append(changes, search.Change{Seq: 1, Link: &ch})
	if err := t.index.Apply(context.Background(), "linked", 1, changes); err != nil {
		tb.Fatal(err)
	}
	at := map[string]string{}
	for _, m := range ch.Moves {
		at[m.AdID] = m.Cluster
	}
	var out [][]ad.Ad
	number := map[string]int{}
	for _, a := range ads {
		c := at[a.AdID]
		if c == "" {
			continue
		}
		k, ok := number[c]
		if !ok {
			k = len(out)
			number[c] = k
			out = append(out, nil)
		}
		out[k] = append(out[k], a)
	}
	slices.SortStableFunc(out, func(a, b []ad.Ad) int { return len(b) - len(a) })
	return out
}

// platform is what handles are named with.
func platform(kind string) string {
	if kind == "handle" {
		return "telegram:"
	}
	return ""
}

// Together puts ads into the index as one cluster, whatever a linker would say, and
// returns its id.
func (t *Town) Together(tb testing.TB, made []weigh.Ad) (cluster string, ads []ad.Ad) {
	tb.Helper()
	ch := ad.LinkChange{V: ad.Schema}
	var changes []search.Change
	for i, m := range made {
		a := asRead(m)
		ads = append(ads, a)
		changes = append(changes, search.Change{Seq: uint64(100_000 + i), Version: &a})
		move := ad.Move{AdID: a.AdID, Cluster: ad.ClusterID(ads[0].AdID)}
		if i > 0 {
			move.By = &ad.Edge{A: a.AdID, B: ads[0].AdID, Value: ad.Value{Kind: "text"}, Weight: 30, Reason: "both are made from one text"}
		}
		ch.Moves = append(ch.Moves, move)
	}
	changes = append(changes, search.Change{Seq: 2, Link: &ch})
	if err := t.index.Apply(context.Background(), "together", 1, changes); err != nil {
		tb.Fatal(err)
	}
	return ch.Moves[0].Cluster, ads
}

// ClusterOf is the id of the cluster of an ad.
func (t *Town) ClusterOf(tb testing.TB, adID string) string {
	tb.Helper()
	id, err := t.index.ClusterOf(context.Background(), adID)
	if err != nil || id == "" {
		tb.Fatalf("ad %s is in cluster %q: %v", adID, id, err)
	}
	return id
}

// asRead is an ad of which its text, its numbers, addresses and handles were read.
func asRead(m weigh.Ad) ad.Ad {
	l := ad.Listing{CaptureID: fmt.Sprintf("%032x", len(m.ID)), URL: "http://" + m.Site + ".example/" + m.ID, Site: m.Site, NativeID: m.ID, Title: m.Title, Body: m.Body, Location: m.City, PostedAt: m.At, SeenAt: m.At}
	l.Seal()
	a := ad.Ad{Listing: l, EnrichedBy: "test"}
	for _, p := range phone.Read(m.Body, phone.Options{Country: "US"}) {
		if slices.Contains(m.Phones, p.E164) {
			p.Span.Field, p.Confidence = "body", .95
			a.Phones = append(a.Phones, p)
		}
	}
	for _, n := range m.Phones {
		if !slices.ContainsFunc(a.Phones, func(p ad.Phone) bool { return p.E164 == n }) {
			a.Phones = append(a.Phones, ad.Phone{E164: n, Text: n, Method: "plain", Confidence: .95, Span: ad.Span{Field: "contact:0", End: len(n)}})
		}
	}
	for kind, list := range map[string][]string{"email": m.Emails, "handle": m.Handles} {
		for _, v := range list {
			id := ad.Identifier{Kind: kind, Value: platform(kind) + strings.ToLower(v), Text: v, Confidence: .95, Span: ad.Span{Field: "contact:1", End: len(v)}}
			if i := strings.Index(m.Body, v); i >= 0 {
				from := utf8.RuneCountInString(m.Body[:i])
				id.Span = ad.Span{Field: "body", Start: from, End: from + utf8.RuneCountInString(v)}
			}
			a.Identifiers = append(a.Identifiers, id)
		}
	}
	return a
}
