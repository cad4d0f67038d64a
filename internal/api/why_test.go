package api_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/api/apitest"
	"vigil.example/internal/desk"
	"vigil.example/internal/link/weigh/invent"
)

// For any two ads of a cluster there is a path of reasons from one to the other, and
// what it quotes stands in the ads.
func TestWhyTwoAdsAreTogether(t *testing.T) {
	town := apitest.Start(t)
	clusters := town.Link(t, invent.Ads(invent.Config{Seed: 41, Ads: 600}))
	c := town.Client(t, "anna", access.Scopes()...)
	kinds, quotes := map[string]int{}, 0
	for k, ads := range clusters[:6] {
		id := town.ClusterOf(t, ads[0].AdID)
		for i := 1; i < len(ads); i += 1 + len(ads)/8 {
			a, b := ads[0], ads[i]
			w, err := c.Why(t.Context(), id, a.AdID, b.AdID)
			if err != nil {
				t.Fatal(err)
			}
			if len(w.Steps) == 0 {
				t.Fatalf("nothing joins ads %d and %d of one cluster", 0, i)
			}
			at := a.AdID
			for _, s := range w.Steps {
				if s.A != at || s.Reason == "" || s.Says == "" || s.Weight <= 0 {
					t.Errorf("a step from %s is %+v", at, s)
				}
				at = s.B
				if (s.Value.Kind == "text") != (len(s.Unlearned) > 0) { // no model is there of any site
					t.Errorf("a reason of kind %s speaks of sites' unknown words: %v", s.Value.Kind, s.Unlearned)
				}
				kinds[s.Value.Kind]++
				for n, list := range [][]desk.WhyQuote{s.InA, s.InB} {
					quotes += len(list)
					for _, q := range list {
						of := find(ads, []string{s.A, s.B}[n])
						if text := map[string]string{"title": of.Title, "body": of.Body}[q.Field]; text != "" && string([]rune(text)[q.Start:q.End]) != q.Text {
							t.Errorf("%q does not stand in the ad at %v", q.Text, q.Span)
						}
					}
				}
			}
			if at != b.AdID {
				t.Errorf("the path leads to %s, not to %s", at, b.AdID)
			}
		}
		if k > 0 { // of another cluster
			w, err := c.Why(t.Context(), id, ads[0].AdID, clusters[0][0].AdID)
			if err != nil || len(w.Steps) > 0 {
				t.Errorf("ads of two clusters are joined by %d steps, %v", len(w.Steps), err)
			}
		}
	}
	if kinds["phone"] == 0 || kinds["text"] == 0 || quotes == 0 {
		t.Errorf("reasons by kind: %v, %d quotes", kinds, quotes)
	}
}

func notThere(err error) bool { return err != nil && strings.Contains(err.Error(), "no") }

func find(ads []ad.Ad, id string) ad.Ad {
	return ads[slices.IndexFunc(ads, func(a ad.Ad) bool { return a.AdID == id })]
}

// The ads of a cluster held against each other come together as the linker has them,
// and what leaves without a value is told.
func TestWithoutAValue(t *testing.T) {
	town := apitest.Start(t)
	clusters := town.Link(t, invent.Ads(invent.Config{Seed: 41, Ads: 600}))
	c := town.Client(t, "anna", access.Scopes()...)
	fell, whole, n := 0, 0, 0
	for _, ads := range clusters[:20] {
		id := town.ClusterOf(t, ads[0].AdID)
		v, err := c.Cluster(t.Context(), id)
		if err != nil || len(v.Shared) == 0 {
			continue
		}
		w, err := c.Without(t.Context(), id, v.Shared[0].Value.Value)
		if err != nil {
			t.Fatal(err)
		}
		n++
		sum := 0
		for _, p := range w.Pieces {
			sum += p
		}
		if sum != len(ads) || w.Heard.Ads != len(ads) || !w.Heard.All || w.Givers < 2 || w.Counted != len(ads) {
			t.Errorf("of %d ads the pieces have %d; %+v", len(ads), sum, w)
		}
		if w.Heard.Pieces == 1 {
			whole++
			if len(w.Pieces) > 1 != (w.Leaving > 0) || w.Leaving != len(ads)-w.Pieces[0] {
				t.Errorf("%d leave, pieces %v", w.Leaving, w.Pieces)
			}
		}
		if w.Leaving > 0 {
			fell++
		}
	}
	if whole < n*9/10 || fell == 0 || fell == n {
		t.Errorf("of %d clusters %d come together as the linker has them, %d fall apart without a value", n, whole, fell)
	}
	if _, err := c.Without(t.Context(), town.ClusterOf(t, clusters[0][0].AdID), "912-555-0199"); !notThere(err) {
		t.Errorf("a value that nobody gives: %v", err)
	}
}

// Who is nearly one with a cluster is told with what is missing, and what an ad
// shares with others, held back or not.
func TestWhoIsNear(t *testing.T) {
	town := apitest.Start(t)
	clusters := town.Link(t, invent.Ads(invent.Config{Seed: 41, Ads: 600}))
	c := town.Client(t, "anna", access.Scopes()...)
	misses, rivals := 0, 0
	for _, ads := range clusters[:12] {
		id := town.ClusterOf(t, ads[0].AdID)
		w, err := c.Near(t.Context(), id, ads[0].AdID)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range w.Misses {
			misses++
			if m.Cluster == id || m.Reason == "" || (m.Weight < m.Needed) != (m.Lacks > 0) {
				t.Errorf("a near miss: %+v", m)
			}
		}
		for _, r := range w.Rivals {
			rivals++
			if r.Cluster == id || r.Size < 1 || len(r.Shares) == 0 && r.Alike == 0 {
				t.Errorf("a rival: %+v", r)
			}
		}
	}
	if misses == 0 || rivals == 0 {
		t.Errorf("%d near misses and %d rivals", misses, rivals)
	}
}

// The texts of a cluster have forms whose slots say how often they are filled with
// what.
func TestTemplateOfACluster(t *testing.T) {
	town := apitest.Start(t)
	clusters := town.Link(t, invent.Ads(invent.Config{Seed: 41, Ads: 600}))
	w, err := town.Client(t, "anna", access.Scopes()...).Template(t.Context(), town.ClusterOf(t, clusters[0][0].AdID))
	if err != nil || len(w.Forms) == 0 || w.Texts != len(clusters[0]) || w.Size != w.Texts {
		t.Fatalf("%d forms of %d texts of %d ads, %v", len(w.Forms), w.Texts, len(clusters[0]), err)
	}
	slots := 0
	for _, p := range w.Forms[0].Parts {
		if len(p.Fills) > 1 {
			slots++
		}
	}
	if slots == 0 {
		t.Errorf("no slot in %+v", w.Forms[0])
	}
}

// Every question is logged with the cluster and never with a number in clear, and
// needs a purpose.
func TestQuestionsAreLogged(t *testing.T) {
	town := apitest.Start(t)
	c := town.Client(t, "anna", access.Scopes()...)
	a, b := town.Ads[0].AdID, town.Ads[1].AdID
	if w, err := c.Why(t.Context(), town.Cluster, a, b); err != nil || len(w.Steps) != 1 || len(w.Steps[0].InA) != 1 || w.Steps[0].InA[0].Text != apitest.Number {
		t.Errorf("why: %+v, %v", w, err)
	}
	_, err := c.Without(t.Context(), town.Cluster, apitest.Number)
	_, err2 := c.Near(t.Context(), town.Cluster, a)
	_, err3 := c.Template(t.Context(), town.Cluster)
	if err := errors.Join(err, err2, err3); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Why(t.Context(), town.Cluster, a, a); err == nil {
		t.Error("an ad is explained with itself")
	}
	if _, err := c.Why(t.Context(), town.Cluster, a, strings.Repeat("0", 32)); !notThere(err) {
		t.Errorf("an ad that is not there: %v", err)
	}
	var all strings.Builder
	town.Journal.Lock()
	for _, e := range town.Journal.Events {
		all.Write(e.Data)
	}
	town.Journal.Unlock()
	log := all.String()
	for _, action := range []string{"cluster.explain", "cluster.without", "cluster.near", "cluster.template"} {
		if !strings.Contains(log, action) {
			t.Errorf("no %s in the audit log", action)
		}
	}
	if strings.Contains(log, apitest.Number) || strings.Contains(log, "9125550123") {
		t.Error("a number stands in the audit log")
	}
	if _, err := town.Client(t, "anna", access.ScopeWatch).Why(t.Context(), town.Cluster, a, b); err == nil {
		t.Error("a token that may not read asks")
	}
}
