package api_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/access"
	"vigil.example/internal/api"
	"vigil.example/internal/api/apitest"
	"vigil.example/internal/casework"
	"vigil.example/internal/desk"
)

func TestLabel(t *testing.T) {
	town := apitest.Start(t)
	ctx, id := t.Context(), town.Ads[0].AdID
	q := api.LabelRequest{Ads: []string{id}, Labels: []string{"Spam", "Operation 7"}, Reason: "one text in forty cities"}
	for who, scopes := range map[string][]access.Scope{"anna": {access.ScopeRead}, "rita": all, "otto": all} {
		if _, err := town.Client(t, who, scopes...).Label(ctx, q); code(err) != "denied" {
			t.Errorf("%s with %v: %v", who, scopes, err)
		}
	}
	c := town.Client(t, "anna", access.ScopeRead, access.ScopeCorrect)
	made, err := c.Label(ctx, q)
	if err != nil || len(made) != 2 || made[0].Name != "operation-7" || made[1].Name != "spam" || made[1].By != "anna" || made[1].AdID != id || made[1].At.IsZero() {
		t.Fatalf("made %+v, %v", made, err)
	}
	if again, err := town.Client(t, "adam", all...).Label(ctx, q); err != nil || !cmp.Equal(again, made) {
		t.Errorf("once more, by another: %+v, %v", again, err)
	}
	finds := func(query string, want int) {
		t.Helper()
		if got, err := c.Search(ctx, api.SearchRequest{Query: query}); err != nil || got.Total != want {
			t.Errorf("%s finds %d, %v, want %d", query, got.Total, err, want)
		}
	}
	finds("label:spam", 1)
	finds("-label:spam", 2)
	v, err := c.Ad(ctx, id)
	if err != nil || len(v.Labels) != 2 || !cmp.Equal(v.Current().Labels, []string{"operation-7", "spam"}) {
		t.Errorf("the ad: %+v, %v, %v", v.Labels, v.Current().Labels, err)
	}
	list, err := c.Labels(ctx)
	if want := (desk.LabelCount{Label: "operation-7", Documents: 1}); err != nil || len(list) != 6 || list[5] != want || list[1] != (desk.LabelCount{Label: "spam", Documents: 1, Offered: true}) {
		t.Errorf("the labels: %+v, %v", list, err)
	}
	for name, c := range map[string]struct {
		q    api.LabelRequest
		code string
	}{
		"no label":               {api.LabelRequest{Ads: q.Ads}, "bad-request"},
		"no ad":                  {api.LabelRequest{Labels: q.Labels}, "bad-request"},
		"ads and a cluster":      {api.LabelRequest{Ads: q.Ads, Cluster: "c0123456789abcde", Labels: q.Labels}, "bad-request"},
		"no id":                  {api.LabelRequest{Ads: []string{"x"}, Labels: q.Labels}, "none"},
		"no cluster's id":        {api.LabelRequest{Cluster: "x", Labels: q.Labels}, "none"},
		"an ad that is not":      {api.LabelRequest{Ads: []string{strings.Repeat("0", 32)}, Labels: q.Labels}, "not-found"},
		"a cluster that is not":  {api.LabelRequest{Cluster: "c" + strings.Repeat("0", 15), Labels: q.Labels}, "not-found"},
		"a number":               {api.LabelRequest{Ads: q.Ads, Labels: []string{"912-555-0123"}}, "bad-request"},
		"a handle":               {api.LabelRequest{Ads: q.Ads, Labels: []string{"telegram-rosie-92"}}, "bad-request"},
		"an address":             {api.LabelRequest{Ads: q.Ads, Labels: []string{"kate@mail.example"}}, "bad-request"},
		"a sentence":             {api.LabelRequest{Ads: q.Ads, Labels: []string{"is this, perhaps, spam?"}}, "bad-request"},
		"a number in the reason": {api.LabelRequest{Ads: q.Ads, Labels: []string{"scam"}, Reason: "see 912-555-0189"}, "bad-request"},
		"too many at once":       {api.LabelRequest{Ads: []string{id, town.Ads[1].AdID}, Labels: many(desk.MaxLabelled/2 + 1)}, "too-large"},
	} {
		if _, err := town.Client(t, "adam", all...).Label(ctx, c.q); code(err) != c.code {
			t.Errorf("%s: %s, %v; want %s", name, code(err), err, c.code)
		}
	}
	two := []string{town.Ads[1].AdID, town.Ads[2].AdID}
	slices.Sort(two)
	full := api.LabelRequest{Ads: two[1:], Labels: many(casework.MaxLabels)}
	if _, err := c.Label(ctx, full); err != nil {
		t.Errorf("as many as may stand: %v", err)
	}
	if _, err := c.Label(ctx, api.LabelRequest{Ads: two, Labels: []string{"one-more"}}); code(err) != "bad-request" {
		t.Errorf("one more than may stand: %v", err)
	}
	if v, err := c.Ad(ctx, two[0]); err != nil || len(v.Labels) > 0 {
		t.Errorf("a request that is refused for one ad has labelled another: %+v, %v", v.Labels, err)
	}
	if _, err := c.Unlabel(ctx, full); err != nil {
		t.Error(err)
	}
	q.Labels = []string{"spam", "scam"}
	if gone, err := c.Unlabel(ctx, q); err != nil || len(gone) != 1 || gone[0].Name != "spam" || gone[0].Withdrawn == nil || gone[0].Withdrawn.By != "anna" {
		t.Errorf("taken back: %+v, %v", gone, err)
	}
	if _, err := c.Unlabel(ctx, q); code(err) != "not-found" {
		t.Errorf("taken back once more: %v", err)
	}
	finds("label:spam", 0)
	finds("has:label", 1)
	if v, err := c.Ad(ctx, id); err != nil || len(v.Labels) != 2 || v.Labels[1].Withdrawn == nil && v.Labels[0].Withdrawn == nil {
		t.Errorf("the ad, taken back: %+v, %v", v.Labels, err)
	}
}

// many are so many labels without a digit.
func many(n int) (out []string) {
	for i := range n {
		out = append(out, string([]byte{'l', 'a' + byte(i/676%26), 'a' + byte(i/26%26), 'a' + byte(i%26)}))
	}
	return out
}
