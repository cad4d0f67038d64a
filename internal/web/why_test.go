package web

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// On the page of questions two ads are explained step by step with what they say, a
// value is thought away, and near misses and the wording are shown; what is asked
// wrongly is said in words.
func TestWhyPage(t *testing.T) {
	h := newHouse(t)
	h.furnish()
	h.settle()
	at := "/cluster/" + linked + "/why"
	_, body := h.get(at)
	var ads []string
	for _, part := range strings.Split(body, `<option value="`)[1:] {
		if id := anAd.FindString(part[:32]); id != "" && !slices.Contains(ads, id) {
			ads = append(ads, id)
		}
	}
	if len(ads) != 8 {
		t.Fatalf("the form offers %d ads:\n%s", len(ads), strip(body))
	}
	for name, c := range map[string]struct {
		form []string
		code int
		want []string
	}{
		"the path between two": {[]string{"ask", "path", "a", ads[0], "b", ads[7]}, 200, []string{"The strongest path of reasons, in 1 step", "Both give 912-555-0123, which 1 of 30 posters uses.", "4 bits", "Weak: chance alone"}},
		"an ad by its address": {[]string{"ask", "path", "a", ads[0], "b", ads[0], "other", "https://vigil.example/ad/" + ads[1]}, 200, []string{"in 1 step"}},
		"one ad twice":         {[]string{"ask", "path", "a", ads[0], "b", ads[0]}, 422, []string{"Name two different ads"}},
		"no ad":                {[]string{"ask", "path", "a", ads[0], "other", "the blue one"}, 422, []string{"Name two different ads"}},
		"without its number":   {[]string{"ask", "without", "value", number}, 200, []string{"If nobody gave 912-555-0123", "Found by holding all 8 ads of the cluster against each other anew"}},
		"a value of nobody":    {[]string{"ask", "without", "value", "912-555-0199"}, 422, []string{"No ad of this cluster gives that."}},
		"who is near":          {[]string{"ask", "near", "a", ads[0]}, 200, []string{"Nearly the same poster", "Other clusters that share something"}},
		"the wording":          {[]string{"ask", "template"}, 200, []string{"The wording of the cluster", "Marked ones are slots"}},
		"nothing":              {[]string{}, 422, []string{"Name two different ads"}},
	} {
		t.Run(name, func(t *testing.T) {
			res, body := h.post(at, c.form...)
			if res.StatusCode != c.code {
				t.Fatalf("%d, want %d: %s", res.StatusCode, c.code, strip(body))
			}
			if telling.MatchString(check(t, body).title) {
				t.Error("the title tells something")
			}
			for _, want := range c.want {
				if s := strip(body); !strings.Contains(s, want) && !strings.Contains(s, strings.ReplaceAll(want, ".", " .")) {
					t.Errorf("missing %q in\n%s", want, s)
				}
			}
		})
	}
	if res, _ := h.get("/cluster/c000000000000000/why"); res.StatusCode != http.StatusNotFound {
		t.Errorf("a cluster that is not there: %d", res.StatusCode)
	}
}
