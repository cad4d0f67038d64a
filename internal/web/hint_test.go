package web

import (
	"strings"
	"testing"

	"vigil.example/internal/ad"
	"vigil.example/internal/query"
	"vigil.example/internal/search"
)

func TestPartialAndAlone(t *testing.T) {
	for name, c := range map[string]struct {
		query   string
		partial bool
		alone   string
	}{
		"the last four digits":              {"0123", true, ""},
		"without the area code":             {"555-0123", true, ""},
		"in two words":                      {"555 0123 tulip", true, ""},
		"too few for a number":              {"21 tulips", false, ""},
		"short ones apart":                  {"tulip 21 rose 30", false, ""},
		"a whole number":                    {"912-555-0123", false, "912-555-0123"},
		"a whole number and a word":         {"912-555-0123 tulip", false, "912-555-0123"},
		"a whole number and other digits":   {"912-555-0123 tulip 0199", false, "912-555-0123"},
		"a number by its field":             {"phone:9125550123 city:wren", false, "phone:9125550123"},
		"two numbers":                       {"912-555-0123 OR 202-555-0145", false, ""},
		"a number that is not to be there":  {"tulip -912-555-0123", false, ""},
		"digits asked for as text":          {"text:0123", true, ""},
		"digits within a word":              {"room1234", false, ""},
		"a price":                           {"$1200", false, ""},
		"words":                             {"rose garden", false, ""},
		"digits in a phrase stand as typed": {`"call 0123"`, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			n, err := query.Parse(c.query)
			if err != nil {
				t.Fatal(err)
			}
			if got := partial(n); got != c.partial {
				t.Errorf("%s: partial %t, want %t", c.query, got, c.partial)
			}
			if got := alone(n); got != c.alone {
				t.Errorf("%s: alone %q, want %q", c.query, got, c.alone)
			}
		})
	}
}

// TestAskingFindsTheValue: the query made of a value asks for that value.
func TestAskingFindsTheValue(t *testing.T) {
	for _, v := range []ad.Value{{Kind: "phone", Value: number}, {Kind: "phone", Value: "+442079460123"}, {Kind: "email", Value: "desk@booking.example"}, {Kind: "handle", Value: "telegram:rosa_wren"}} {
		n, err := query.Parse(asking(v))
		if err != nil {
			t.Fatal(err)
		}
		if got := watchable(n); got == nil || *got != v {
			t.Errorf("%q asks for %v, want %v", asking(v), got, v)
		}
	}
}

func TestResultsAdvise(t *testing.T) {
	h := newHouse(t)
	h.furnish()
	h.settle()
	_, _, body := h.ask("912-555-0123 nowhere")
	if !strings.Contains(body, "Search the number alone") || !strings.Contains(body, `name="q" value="912-555-0123"`) {
		t.Errorf("a number and a word that are not together: %s", strip(body))
	}
	if _, _, body := h.ask("912-555-0123"); strings.Contains(body, "part of a number") || strings.Contains(body, "alone") {
		t.Errorf("a number that is found: %s", strip(body))
	}
	if _, _, body := h.ask("555-0123"); !strings.Contains(body, "This looks like part of a number.") {
		t.Errorf("part of a number: %s", strip(body))
	}
	if _, _, body := h.ask("rose | 912-555-0123"); !strings.Contains(strip(body), "The sign | means nothing here") || !strings.Contains(body, `name="q" value="rose OR 912-555-0123"`) {
		t.Errorf("a bar between words: %s", strip(body))
	}
	if _, _, body := h.ask("booking"); !strings.Contains(body, "held back, 14 ads") {
		t.Errorf("a value that is held back: %s", strip(body))
	}
	h.ask("city: (rose")
	if _, body := h.get("/"); strings.Contains(body, "(rose") || !strings.Contains(body, "<bdi>booking</bdi>") {
		t.Errorf("recent searches: %s", strip(body))
	}
}

func TestWatchingWhatIsHeldBackIsConfirmed(t *testing.T) {
	h := newHouse(t)
	h.furnish()
	h.settle()
	res, body := h.post("/watches", "value", "Desk@booking.example", "back", "/inbox")
	check(t, body)
	if s := strip(body); res.StatusCode != 200 || !strings.Contains(s, "14 ads of about 11 unlike posters give it") || !strings.Contains(s, "Watch it all the same") || !strings.Contains(body, `name="back" value="/inbox"`) {
		t.Errorf("before confirming: %d %s", res.StatusCode, s)
	}
	if _, body := h.get("/watches"); !strings.Contains(body, "Nothing is watched yet") {
		t.Errorf("it is watched before that was confirmed: %s", strip(body))
	}
	h.to("/inbox", "/watches", "value", "desk@booking.example", "back", "/inbox", "confirm", "yes")
	if _, body := h.get("/watches"); !strings.Contains(body, "Find its ads") || !strings.Contains(body, `value="email:desk@booking.example"`) {
		t.Errorf("after confirming: %s", strip(body))
	}
}

func TestPurposeWithANumberIsNotKept(t *testing.T) {
	h := newHouse(t)
	h.settle()
	res, body := h.post("/purpose", "kind", "reason", "text", "tip on 912-555-0123")
	if res.StatusCode != 422 || !strings.Contains(strip(body), "holds a telephone number") || strings.Contains(body, "555") {
		t.Errorf("%d %s", res.StatusCode, strip(body))
	}
}

func TestClustersAreListed(t *testing.T) {
	h := newHouse(t)
	h.furnish()
	h.settle()
	for _, p := range []string{"/clusters", "/clusters?sort=newest"} {
		if _, body := h.get(p); !strings.Contains(strip(body), "8 linked ads c0123456 seen 6–19 Mar 2026") || !strings.Contains(body, "/cluster/"+linked) {
			t.Errorf("GET %s: %s", p, strip(body))
		}
	}
}

// TestReasonsAreGrouped: what joins stands once, with the pairs that it joins and no
// others, the strongest first; a bridge asks for a person's eye.
func TestReasonsAreGrouped(t *testing.T) {
	h := newHouse(t)
	h.settle()
	var moves []ad.Move
	for i, body := range []string{"rosa@mail.example 912-555-0123", "rosa@mail.example 912-555-0123", "Call 912-555-0123", "Call 912-555-0123"} {
		l := adOf("r"+string(rune('0'+i)), "Ad", body)
		m := ad.Move{AdID: h.see(l, h.now).AdID, Cluster: linked}
		if i > 0 {
			m.By = &ad.Edge{A: m.AdID, B: moves[0].AdID, Value: ad.Value{Kind: "phone", Value: "+19125550123"}, Weight: 9, Reason: "both give 912-555-0123, which 2 of 900 posters use"}
		}
		moves = append(moves, m)
	}
	moves[1].By.Value, moves[1].By.Weight, moves[1].By.Reason = ad.Value{Kind: "email", Value: "rosa@mail.example"}, 9.8, "both give rosa@mail.example, which 1 of 900 posters uses"
	moves[3].By.Value, moves[3].By.Weight, moves[3].By.Bridge = ad.Value{Kind: "text"}, 40, true
	h.seq++
	h.apply(search.Change{Seq: h.seq, Link: &ad.LinkChange{Moves: moves}})
	_, body := h.get("/cluster/" + linked)
	s := strip(between(body, `id="why"`, "</section>"))
	last := 0
	for _, want := range []string{
		"What they write needs a person’s eye 1 pair", "This alone holds two halves of the cluster together",
		"rosa@mail.example 1 pair", "912-555-0123 1 pair",
	} {
		at := strings.Index(s[last:], want)
		if at < 0 {
			t.Fatalf("missing %q behind %d in\n%s", want, last, s)
		}
		last += at
	}
}

func TestPagesSayWhereThingsComeFrom(t *testing.T) {
	h := newHouse(t)
	h.furnish()
	h.settle()
	saved := adOf("saved", "Brought by hand", "Call 912-555-0123")
	saved.Via, saved.Price = ad.ViaImport, &ad.Price{Amount: "120", Currency: "USD", Text: "$120"}
	a := h.see(saved, h.now)
	for path, want := range map[string]string{
		"/ad/" + a.AdID:      "imported, not fetched",
		"/ad/" + h.ads["g1"]: "Price $120 USD",
		"/packets":           "signer.pub.pem in the data folder of this instance; its fingerprint is SHA256:made-up",
		"/":                  "The town’s clock: 20 Mar 2026.",
		"/help":              "counted at each visit",
	} {
		if _, body := h.get(path); !strings.Contains(strip(body), want) {
			t.Errorf("GET %s does not say %q: %s", path, want, strip(body))
		}
	}
	if _, body := h.get("/ad/" + h.ads["g1"]); strings.Contains(body, "imported") {
		t.Error("an ad that was fetched is said to be imported")
	}
}
