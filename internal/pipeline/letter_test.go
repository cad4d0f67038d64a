package pipeline

import (
	"errors"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
)

// anyMessage makes a message whose headers like to be those of letters.
func anyMessage(r *rand.Rand) ad.Message {
	names := []string{ReasonHeader, AttemptsHeader, SubjectHeader, IDHeader, StreamHeader, SourceHeader, BareHeader, "Vigil-Linker", "X", ""}
	word := func() string { return []string{"", "1", "x y", "ü", "Vigil-Was-", "12:again:3"}[r.IntN(6)] }
	m := ad.Message{Subject: "listing.board", ID: word(), Seq: r.Uint64N(1 << 60), Attempt: r.IntN(7), Data: []byte(word())}
	for range r.IntN(6) {
		if m.Header == nil {
			m.Header = map[string]string{}
		}
		m.Header[strings.Repeat(wasPrefix, r.IntN(3))+names[r.IntN(len(names))]] = word()
	}
	return m
}

func TestRestoreIsTheInverseOfLetter(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		m := anyMessage(r)
		before := maps.Clone(m.Header)
		l := Letter("enrich", "LISTINGS", m, errors.New("no title"))
		got, stream, err := Restore(l)
		if err != nil || stream != "LISTINGS" {
			t.Fatalf("%+v: stream %q, %v", m, stream, err)
		}
		m.Attempt = 0 // a delivery's, not the message's
		if d := cmp.Diff(got, m); d != "" {
			t.Fatalf("(-restored +original)\n%s", d)
		}
		if !maps.Equal(m.Header, before) {
			t.Fatal("the original was changed")
		}
		again, _, _ := Restore(Letter("enrich", "DEAD", l, errors.New("again")))
		l.Header = maps.Clone(l.Header)
		if d := cmp.Diff(again, ad.Message{Subject: l.Subject, ID: l.ID, Header: l.Header, Data: l.Data}); d != "" {
			t.Fatalf("a letter of a letter (-restored +letter)\n%s", d)
		}
	}
}

func TestLetter(t *testing.T) {
	m := ad.Message{Subject: "listing.board", ID: "v1", Seq: 17, Attempt: 5, Header: map[string]string{SourceHeader: "4", "X": "y"}, Data: []byte("{}")}
	got := Letter("enrich", "LISTINGS", m, errors.New("line 3:\n\tno \xfftitle"))
	want := ad.Message{Subject: "dead.enrich", ID: "enrich:LISTINGS:17", Data: []byte("{}"), Header: map[string]string{
		ReasonHeader: "line 3: no ?title", AttemptsHeader: "5", SubjectHeader: "listing.board", IDHeader: "v1", StreamHeader: "LISTINGS",
		SourceHeader: "17", "Vigil-Was-Vigil-Source": "4", "X": "y",
	}}
	if d := cmp.Diff(got, want); d != "" {
		t.Errorf("(-got +want)\n%s", d)
	}
	if n := len(Letter("enrich", "", m, errors.New(strings.Repeat("ü", 5000))).Header[ReasonHeader]); n > 2010 {
		t.Errorf("a long reason has %d bytes", n)
	}
}

func TestAgain(t *testing.T) {
	l := Letter("enrich", "LISTINGS", ad.Message{Subject: "listing.board", ID: "v1", Seq: 17, Header: map[string]string{SourceHeader: "4"}}, errors.New("no title"))
	l.Seq = 3
	got, stream, replaces, err := Again(l)
	want := ad.Message{Subject: "listing.board", ID: "v1:again:3", Header: map[string]string{SourceHeader: "4"}}
	if d := cmp.Diff(got, want); d != "" || stream != "LISTINGS" || replaces != 17 || err != nil {
		t.Errorf("stream %q, replaces %d, %v (-got +want)\n%s", stream, replaces, err, d)
	}
}

func TestWhatIsNoLetter(t *testing.T) {
	for name, h := range map[string]map[string]string{
		"no headers": nil, "no stream": {SubjectHeader: "a", SourceHeader: "1"}, "no sequence": {SubjectHeader: "a", StreamHeader: "S"},
	} {
		if _, _, _, err := Again(ad.Message{Seq: 9, Header: h}); err == nil || !strings.HasPrefix(err.Error(), "restore dead letter 9: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
