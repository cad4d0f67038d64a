package bazaar

import (
	"hash/fnv"
	"strings"
	"testing"
)

// threes hashes the word 3-grams of an ad, digits made alike.
func threes(s string) map[uint64]bool {
	words := strings.Fields(mapDigits(strings.ToLower(s), '0'))
	out := map[uint64]bool{}
	for i := 0; i+3 <= len(words); i++ {
		h := fnv.New64a()
		h.Write([]byte(strings.Join(words[i:i+3], " ")))
		out[h.Sum64()] = true
	}
	return out
}

func jaccard(a, b map[uint64]bool) float64 {
	n := 0
	for k := range a {
		if b[k] {
			n++
		}
	}
	return float64(n) / float64(len(a)+len(b)-n)
}

// A linker that looks at words must be able to tell strangers apart and to see
// that one template made two ads.
func TestStrangersDoNotWriteAlike(t *testing.T) {
	b := town(t, func(c *Config) { c.Ads = 20_000 })
	type written struct {
		entry
		grams map[uint64]bool
	}
	var all []written
	texts := map[string]bool{}
	for i := range b.ads {
		e := &b.ads[i]
		if !e.seenAt(b.now) {
			continue
		}
		a := b.write(e, 0, false)
		texts[a.title+a.body] = true
		if i%5 == 0 {
			all = append(all, written{*e, threes(a.title + "\n" + a.body)})
		}
	}
	if len(texts) < 19_990 {
		t.Errorf("20,000 ads have %d texts", len(texts))
	}
	d := throw(1)
	var pairs, alike int
	for range 400_000 {
		x, y := &all[d.n(len(all))], &all[d.n(len(all))]
		if x.poster == y.poster || x.cat != y.cat {
			continue
		}
		pairs++
		switch j := jaccard(x.grams, y.grams); {
		case j > .4:
			t.Fatalf("two strangers share %.2f of their word 3-grams", j)
		case j > .1:
			alike++
		}
	}
	if alike*50 > pairs {
		t.Errorf("%d of %d pairs of strangers in one section share more than a tenth of their 3-grams", alike, pairs)
	}
	same, near := 0, 0
	for i := range all[:1000] {
		for j := i + 1; j < i+8; j++ {
			if all[i].poster == all[j].poster {
				if same++; jaccard(all[i].grams, all[j].grams) > .1 {
					near++
				}
			}
		}
	}
	if near*5 < same {
		t.Errorf("only %d of %d pairs of one group look alike", near, same)
	}
}

func TestAGrammarSaysWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct{ src, want string }{
		"text before a rule":  {"hello", "read words x: line 1: text before the first rule"},
		"brace without end":   {"[a]\nb {c|d", "read words x: line 2: brace without end"},
		"brace without start": {"[a]\nb} c", "read words x: line 2: stray '}'"},
		"unknown rule":        {"[a]\nb {c}", `read words x: rule a: no rule "c"`},
		"empty reference":     {"[a]\nb {}", "read words x: line 2: empty reference"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readGrammar("x", c.src)
			if err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestManners(t *testing.T) {
	for name, c := range map[string]struct {
		write func(*dice, string, string) string
		n     string
		lang  string
		want  string
	}{
		"words in Spanish":            {inWords, "2125550123", "es", "dos uno dos cinco cinco cinco cero uno dos tres"},
		"keycaps":                     {keycaps, "2125550123", "en", "2️⃣1️⃣2️⃣5️⃣5️⃣5️⃣0️⃣1️⃣2️⃣3️⃣"},
		"tens":                        {tens, "2125550142", "en", "two one two five five five zero one forty-two"},
		"a British number, in digits": {plain, "07700900123", "en", "07700 900 123"},
		"lines":                       {lines, "2125550123", "en", "\n212\n555\n0123\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			for k := range uint64(200) { // some throw gives the form named here
				d := throw(k)
				if got = c.write(&d, c.n, c.lang); got == c.want {
					return
				}
			}
			t.Errorf("got %q at last, never %q", got, c.want)
		})
	}
}
