package indicator

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
	"vigil.example/internal/bazaar"
)

// exhaustive is a library whose index spares nothing: every pattern is run at every
// token, and no part of one is passed over unread.
func exhaustive(t *testing.T) *Library {
	t.Helper()
	l, err := New()
	if err != nil {
		t.Fatal(err)
	}
	x := &l.x
	all := make([]gift, x.width)
	for k := range all {
		all[k] = gift{uint16(k), 0, ^x.across[k]}
	}
	for p := range l.patterns {
		for k := range l.patterns[p].code {
			if in := &l.patterns[p].code[k]; in.op != opWord {
				in.first = anything
			}
		}
	}
	for w, gifts := range x.needs {
		x.needs[w] = slices.Clone(all)
		for _, g := range gifts {
			if g.level == 0 {
				x.needs[w][g.word].mask |= g.mask & x.across[g.word]
			}
		}
	}
	ones := make([]uint64, x.width)
	for k := range ones {
		ones[k] = ^x.across[k]
		x.base[k][0] = 0
		x.base[k][1], x.base[k][2] = ^uint64(0), ^uint64(0)
	}
	for _, r := range []*rows{&x.first, &x.second} {
		r.rows = ones
		clear(r.of)
	}
	x.over.rows = slices.Repeat([]uint64{^uint64(0)}, x.width)
	clear(x.over.of)
	clear(x.caret)
	return l
}

// What is passed over to spare time would have found nothing.
func TestIndexLosesNothing(t *testing.T) {
	l, all := library(t), exhaustive(t)
	texts := blind(t)
	for _, r := range l.Rules {
		texts = append(texts, r.Cases.Quiet...)
		for _, c := range r.Cases.Fire {
			text, _, _ := marked(t, c)
			texts = append(texts, text)
		}
	}
	town(t, 200, func(_ bazaar.AdTruth, a *ad.Listing) { texts = append(texts, a.Title+"\n"+a.Body) })
	for n := 0; n+20 < len(texts); n += 200 {
		texts = append(texts, strings.Join(texts[n:n+20], " "))
	}
	found := 0
	for _, s := range texts {
		got, want := l.Read(s, Options{All: true}), all.Read(s, Options{All: true})
		if d := cmp.Diff(want.Indicators, got.Indicators); d != "" {
			t.Errorf("%q: (-every pattern at every token +read)\n%s", s, d)
		}
		if d := cmp.Diff(want.Contexts(), got.Contexts()); d != "" {
			t.Errorf("%q: settings (-every pattern at every token +read)\n%s", s, d)
		}
		found += len(got.Indicators)
	}
	if found < 500 {
		t.Errorf("only %d labels were compared in %d texts", found, len(texts))
	}
}
