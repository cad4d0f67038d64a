package web

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"vigil.example/internal/enrich/indicator"
	"vigil.example/internal/query"
)

// leadHouse has two leads and an ad that is none, all seen at one moment.
func leadHouse(t *testing.T) *house {
	t.Helper()
	h := newHouse(t)
	for _, one := range [][2]string{
		{"weaker", "Personal post. I am only 17, texts only"},
		{"ordinary", "Garden bench, oak, must go"},
		{"strong", "Companion profile. They keep my passport and I am only 17, new in town"},
	} {
		h.see(adOf(one[0], "The "+one[0]+" one", one[1]), h.now)
	}
	h.settle()
	return h
}

func wants(t *testing.T, body string, words ...string) {
	t.Helper()
	s := strip(body)
	for _, want := range words {
		if !strings.Contains(s, want) {
			t.Errorf("missing %q in\n%s", want, s)
		}
	}
}

func TestLeadsStrongestFirst(t *testing.T) {
	h := leadHouse(t)
	_, body := h.get("/leads")
	s := strip(body)
	strong, weaker := strings.Index(s, "The strong one"), strings.Index(s, "The weaker one")
	if strong < 0 || weaker < strong || strings.Contains(s, "The ordinary one") {
		t.Errorf("the leads are not the strong one, then the weaker one:\n%s", s)
	}
	wants(t, body, "2 leads", "strong language found", "I am only 17", "passport", "weighs 0.60",
		"Speaks against: movement: new in town , weak, weighs nothing", "It says nothing of who anybody is")
	check(t, body)
	if _, body := h.get("/leads?page=9"); !strings.Contains(body, "There is no page 9") {
		t.Errorf("a page beyond the last: %s", strip(body))
	}
	h.audit.Outage(true)
	if res, body := h.get("/leads"); res.StatusCode != http.StatusInternalServerError || strings.Contains(body, "passport") {
		t.Errorf("without a log: %d %s", res.StatusCode, strip(body))
	}
}

func TestLeadsNarrowed(t *testing.T) {
	h := leadHouse(t)
	h.to("/leads", "/search", "within", "leads", "q", " ")
	res, _ := h.post("/search", "within", "leads", "q", "title:strong OR title:ordinary")
	_, body := h.get(res.Header.Get("Location"))
	wants(t, body, "1 result", "with a lead in the language found and (with “strong” in the title or", "They keep my passport", "weighs 0.60")
	if !strings.Contains(body, `sort=lead" aria-current="true"`) {
		t.Error("leads are not sorted by the strongest")
	}
	_, _, body = h.ask("title:one")
	wants(t, body, "3 results", "The strong one lead", "passport") // as a snippet
	if strings.Contains(body, "weighs") {
		t.Error("a search for something else takes its leads apart")
	}
}

func TestAdSaysWhatLanguageWasFound(t *testing.T) {
	h := leadHouse(t)
	_, body := h.get("/ad/" + h.ads["strong"])
	wants(t, body, "A lead for a person to look at", "which orders leads and says nothing else", "Speaks against")
	_, card := h.get("/indicators")
	check(t, card)
	for _, to := range check(t, body).targets {
		if at, ok := strings.CutPrefix(to, "/indicators#"); ok && !strings.Contains(card, `id="`+at+`"`) {
			t.Errorf("the card has no place %s", at)
		}
	}
	if _, body := h.get("/ad/" + h.ads["ordinary"]); strings.Contains(body, "Language found</h2>") {
		t.Error("language is found in a bench")
	}
}

func TestCardTellsEveryRule(t *testing.T) {
	h := newHouse(t)
	h.settle()
	_, body := h.get("/indicators")
	lib, err := indicator.Default()
	if err != nil {
		t.Fatal(err)
	}
	s := strip(body)
	for _, r := range lib.Rules {
		if !strings.Contains(s, "Rule "+r.ID+" ") {
			t.Errorf("the card leaves out rule %s", r.ID)
		}
	}
	for _, k := range lib.Kinds {
		for _, text := range []string{k.Definition, k.Counter, k.Harm} {
			if first, _, _ := strings.Cut(text, "'"); !strings.Contains(s, strings.Join(strings.Fields(first), " ")) {
				t.Errorf("the card leaves out %q", text)
			}
		}
	}
	if strings.Contains(body, "[[") {
		t.Error("a case is not marked")
	}
}

// TestKindsAreThoseOfTheLibrary: what can be asked for is what can be found.
func TestKindsAreThoseOfTheLibrary(t *testing.T) {
	lib, err := indicator.Default()
	if err != nil {
		t.Fatal(err)
	}
	known := query.Kinds()
	for _, k := range lib.Kinds {
		name := k.Category + "/" + k.Sub
		i := slices.Index(known, name)
		if excluded := k.Strength == "excluded"; (i < 0) != excluded {
			t.Errorf("kind %s is %s; whether query may ask for it: %t", name, k.Strength, i >= 0)
		}
		if i >= 0 {
			known = slices.Delete(known, i, i+1)
		}
	}
	for _, rest := range known {
		if strings.Contains(rest, "/") {
			t.Errorf("query may ask for %s, which no library defines", rest)
		}
	}
}

func TestCorrectionsAreListed(t *testing.T) {
	h := newHouse(t)
	h.furnish()
	h.settle()
	_, body := h.get("/corrections")
	wants(t, body, "Nothing is corrected yet")
	id := h.ads["g1"]
	h.to("/ad/"+id, "/ad/"+id+"/correct", "text", "nine one two 555 0123", "verdict", "not", "reason", "a lot number")
	_, body = h.get("/corrections")
	wants(t, body, "1 correction", "1 of them stands", "is no number; it was read as 912-555-0123", "by alice", "a lot number", "Undo")
	check(t, body)
}

// A pasted title may hold signs of the language; then one press searches for its
// words.
func TestATitleIsSearchedAsText(t *testing.T) {
	h := leadHouse(t)
	_, res, body := h.ask(`Monitor 27" SKU:x`)
	if res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, `value="text:&#34;Monitor 27\&#34; SKU:x&#34;"`) {
		t.Errorf("got %d, want the title offered as text:\n%s", res.StatusCode, body)
	}
	wants(t, body, "Search for these words as text")
	check(t, body)
	if _, res, body = h.ask(`text:"Monitor 27\" SKU:x"`); res.StatusCode != http.StatusOK {
		t.Errorf("as text: got %d\n%s", res.StatusCode, body)
	}
}

func TestASlipIsMendedAtOnce(t *testing.T) {
	h := leadHouse(t)
	_, res, body := h.ask("title:one -indicator:restriced")
	if res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("got %d", res.StatusCode)
	}
	wants(t, body, "At character 12: no such language is looked for; did you mean", "Search for title:one -indicator:restricted")
	check(t, body)
}
