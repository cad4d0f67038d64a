package searchtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"vigil.example/internal/ad"
	"vigil.example/internal/query"
	"vigil.example/internal/search"
)

// Whole is the environment variable that, when set, makes the suite put all of its
// questions: 2,000 over 5,000 documents. Without it a part of them is put, the same
// in every run.
const Whole = "VIGIL_CONFORMANCE"

// Changes makes what happened to so many ads, and so somewhat more documents: edits,
// removals and moves in order of Seq.
func Changes(seed uint64, ads int) []search.Change { return newMaker(seed).history(ads) }

// Questions makes queries as people type them.
func Questions(seed uint64, n int) []string {
	m := newMaker(seed)
	out := make([]string, n)
	for i := range out {
		out[i] = m.query(3)
	}
	return out
}

// many compares an engine with the referee over many documents and questions: which
// documents match, and nothing else.
func many(t *testing.T, open Open) {
	ads, asked := 400, 150
	if os.Getenv(Whole) != "" {
		ads, asked = 3400, 2000
	}
	changes := Changes(40, ads)
	x := fresh(t, open)
	apply(t, x, 1000, changes)
	Agree(t, x, changes, Questions(41, asked))
	if n := len(documents(changes)); os.Getenv(Whole) != "" && n < 5000 {
		t.Errorf("only %d documents", n)
	}
}

// Agree puts questions to an index that holds what changes have made, and compares
// which documents match with what the referee says. Most questions must tell some
// documents from others.
func Agree(t *testing.T, x search.Index, changes []search.Change, questions []string) {
	t.Helper()
	docs := documents(changes)
	readings := make([]*query.Reading, len(docs))
	for i := range docs {
		readings[i] = query.Read(&docs[i])
	}
	told := 0
	var g errgroup.Group
	g.SetLimit(4) // much of an engine's time may be waiting
	for _, typed := range questions {
		n := parse(t, typed)
		var want []string
		for i, r := range readings {
			if r.Match(n) {
				want = append(want, docs[i].ID)
			}
		}
		if len(want) > 0 && len(want) < len(docs) {
			told++
		}
		g.Go(func() error {
			got, err := found(t.Context(), x, n)
			if err != nil {
				return fmt.Errorf("query %s: %w", typed, err)
			}
			if !slices.Equal(got, want) {
				t.Errorf("query %s: %d documents match, the referee says %d, %s", typed, len(got), len(want), differ(got, want))
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d questions over %d documents", len(questions), len(docs))
	if told < len(questions)/2 {
		t.Errorf("only %d of %d questions told %d documents apart; the suite needs better ones", told, len(questions), len(docs))
	}
}

// found gives the ids of what matches: of a walk, or, where all of the questions
// are put and the engine can, without reading the documents.
func found(ctx context.Context, x search.Index, n query.Node) ([]string, error) {
	if m, ok := x.(interface {
		Matching(context.Context, query.Node) ([]string, error)
	}); ok && os.Getenv(Whole) != "" {
		return m.Matching(ctx, n)
	}
	docs, err := gather(x.Walk(ctx, n, ""))
	return ids(docs), err
}

// differ names a document in one of two ordered lists and not in the other.
func differ(got, want []string) string {
	for _, id := range got {
		if _, ok := slices.BinarySearch(want, id); !ok {
			return fmt.Sprintf("not %s", id)
		}
	}
	for _, id := range want {
		if _, ok := slices.BinarySearch(got, id); !ok {
			return fmt.Sprintf("also %s", id)
		}
	}
	return "the same ones in another order"
}

// broad is refused: a star or a tilde may stand for so many words and no more.
func broad(t *testing.T, open Open) {
	x := fresh(t, open)
	m := newMaker(42)
	var changes []search.Change
	for i := range 3 {
		a := m.listing(i)
		words := make([]string, 400)
		for k := range words {
			words[k] = fmt.Sprintf("wo%03d%c", 400*i+k, 'a'+i)
		}
		a.Body = strings.Join(words, " ")
		changes = append(changes, search.Change{Seq: uint64(i + 1), Version: see(a, epoch)})
	}
	apply(t, x, 10, changes)
	typed := "garden -wo*"
	for name, err := range map[string]error{
		"search": second(x.Search(t.Context(), parse(t, typed), search.Page{Size: 5})),
		"survey": second(x.Survey(t.Context(), parse(t, typed), search.Ask{})),
		"groups": second(x.Grouped(t.Context(), parse(t, typed), search.Page{Size: 5})),
		"walk":   second(gather(x.Walk(t.Context(), parse(t, typed), ""))),
	} {
		e := tooBroad(t, name, err)
		if e == nil {
			continue
		}
		if got, want := e.In(typed).Caret(typed), "garden -wo*\n        ^^^"; got != want || !strings.Contains(e.Reason, "1200 words") {
			t.Errorf("%s: %s\n%s, want\n%s and the number of words", name, e.Reason, got, want)
		}
	}
	for _, typed := range []string{"wo0*", "wo10*", "wo001a~", "wo001a~2", "wo400c~2"} {
		n := parse(t, typed)
		got := []ad.Document{}
		for _, h := range find(t, x, n, "") {
			got = append(got, h.Doc)
		}
		slices.SortFunc(got, byID)
		same(t, typed, got, matches(n, documents(changes)))
	}
}

func tooBroad(t *testing.T, name string, err error) *query.Error {
	t.Helper()
	var e *query.Error
	if !errors.As(err, &e) {
		t.Errorf("%s: got %v, want a *query.Error", name, err)
		return nil
	}
	return e
}

// oneNumber is asked for in many forms, over ads that write it in as many: the same
// ads come out.
func oneNumber(t *testing.T, open Open) {
	x := fresh(t, open)
	m := newMaker(43)
	var changes []search.Change
	var want []string
	for i := range 2 * len(forms) {
		a := m.listing(i)
		a.Phones = []ad.Phone{{E164: "+12025550177", Confidence: .9}}
		if i%2 == 0 {
			a.Body += "\n" + forms[i/2]
			a.Phones[0] = ad.Phone{E164: "+19125550123", Text: forms[i/2], Confidence: .9}
		}
		v := see(a, epoch)
		if i%2 == 0 {
			want = append(want, ad.DocumentID(v.AdID, v.ContentSHA256))
		}
		changes = append(changes, search.Change{Seq: uint64(i + 1), Version: v})
	}
	apply(t, x, 100, changes)
	slices.Sort(want)
	for _, typed := range forms {
		docs, err := gather(x.Walk(t.Context(), parse(t, typed), ""))
		if err != nil {
			t.Fatal(err)
		}
		same(t, "ads of "+typed, ids(docs), want)
	}
	if len(forms) < 40 {
		t.Errorf("%d forms", len(forms))
	}
}
