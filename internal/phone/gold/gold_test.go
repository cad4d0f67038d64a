package gold

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
)

func TestScore(t *testing.T) {
	read := func(of ...any) (out []ad.Phone) {
		for i := 0; i < len(of); i += 2 {
			out = append(out, ad.Phone{E164: of[i].(string), Confidence: of[i+1].(float64)})
		}
		return out
	}
	var s Score
	s.Add(Ad{Family: "words", Phones: []string{"+1", "+2"}}, read("+1", .5, "+1", .99, "+3", .9))
	s.Add(Ad{Family: "words", Phones: []string{"+1"}}, nil)
	s.Add(Ad{Family: "none"}, read("+4", .6))
	s.Add(Ad{Family: "none"}, nil)

	want := Tally{Ads: 4, Right: 1, Wrong: 2, Missed: 2, Free: 2, WrongFree: 1}
	if d := cmp.Diff(s.All, want); d != "" {
		t.Errorf("all (-got +want):\n%s", d)
	}
	families := []Family{
		{"none", Tally{Ads: 2, Wrong: 1, Free: 2, WrongFree: 1}},
		{"words", Tally{Ads: 2, Right: 1, Wrong: 1, Missed: 2}},
	}
	if d := cmp.Diff(s.Families(), families); d != "" {
		t.Errorf("families (-got +want):\n%s", d)
	}
	levels := []Level{{.5, 1, 2, 3}, {.9, 1, 1, 3}, {.99, 1, 0, 3}}
	if d := cmp.Diff(s.Levels(), levels); d != "" {
		t.Errorf("levels (-got +want):\n%s", d)
	}
	type figures struct{ precision, recall, f1, free, levelPrecision, levelShare float64 }
	got := figures{s.All.Precision(), s.All.Recall(), s.All.F1(), s.All.FalsePerFree(), s.Levels()[1].Precision(), s.Levels()[1].Share()}
	if d := cmp.Diff(got, figures{1. / 3, 1. / 3, 1. / 3, .5, .5, 1. / 3}, cmp.AllowUnexported(figures{})); d != "" {
		t.Errorf("figures (-got +want):\n%s", d)
	}
}

func TestNothingReadIsNothingWrong(t *testing.T) {
	var s Score
	s.Add(Ad{Family: "none"}, nil)
	if p, r, f := s.All.Precision(), s.All.Recall(), s.All.F1(); p != 1 || r != 1 || f != 1 {
		t.Errorf("got precision %v, recall %v, F1 %v; want 1, 1, 1", p, r, f)
	}
}
