package pipelines_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
	"vigil.example/internal/enrich"
	"vigil.example/pipelines"
)

func chain(names []string) func(context.Context, string, ad.Listing) (ad.Ad, error) {
	return func(ctx context.Context, country string, l ad.Listing) (ad.Ad, error) {
		c, err := enrich.NewChain("test", names, enrich.Config{Country: func(string) string { return country }})
		if err != nil {
			return ad.Ad{}, err
		}
		return c.Enrich(ctx, l)
	}
}

func TestWalk(t *testing.T) {
	p, err := pipelines.Load()
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Cases) < 12 {
		t.Errorf("%d cases, want 12 or more", len(p.Cases))
	}
	for _, v := range p.Test(t.Context(), chain(p.Enrich)) {
		if len(v.Wrong) > 0 {
			t.Errorf("%s\n  %s", v.Case, strings.Join(v.Wrong, "\n  "))
		}
	}
}

func TestVerdicts(t *testing.T) {
	p, err := pipelines.Parse("test.yaml", []byte(`
enrich: [number, contact]
cases:
  - {name: right, country: US, body: call 912-555-0143, gives: [phone +19125550143]}
  - {name: missing, body: call me, gives: [phone +19125550143]}
  - {name: too many, country: US, body: "call 912-555-0143, mail a@b.example"}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []pipelines.Verdict{
		{Case: "right"},
		{Case: "missing", Wrong: []string{"- phone +19125550143: not read"}},
		{Case: "too many", Wrong: []string{"+ phone +19125550143: read, but not there", "+ email a@b.example: read, but not there"}},
	}
	if d := cmp.Diff(p.Test(t.Context(), chain(p.Enrich)), want); d != "" {
		t.Errorf("(-got +want)\n%s", d)
	}
}

func TestUncertain(t *testing.T) {
	p := pipelines.Pipeline{Cases: []pipelines.Case{{
		Name: "a guess", Title: "9125550143", Gives: []string{"phone +19125550143"}, Never: []string{"phone +19125550144"},
	}}}
	got := p.Test(t.Context(), func(_ context.Context, _ string, l ad.Listing) (ad.Ad, error) {
		return ad.Ad{Listing: l, Phones: []ad.Phone{
			{E164: "+19125550143", Confidence: .2, Span: ad.Span{Field: "title", End: 10}, Text: "9125550143"},
			{E164: "+19125550144", Confidence: .1, Span: ad.Span{Field: "body", End: 10}, Text: "9125550144"},
		}}, nil
	})
	want := []string{
		"- phone +19125550143: read, but too uncertain to be used",
		"+ phone +19125550144: read, if uncertainly; must never be",
		"! phone +19125550144: its span in body is not where it stands",
	}
	if d := cmp.Diff(got[0].Wrong, want); d != "" {
		t.Errorf("(-got +want)\n%s", d)
	}
}

func TestParse(t *testing.T) {
	for name, tt := range map[string]struct{ src, want string }{
		"an unknown key":              {"enrich: [number]\nstages:\n  extract:\n    bach: 2\n", `read f.yaml: line 4: unknown field "bach"`},
		"a setting of the wrong kind": {"enrich: [number]\nstages: {extract: {batch: many}}\n", "read f.yaml: line 2: "},
		"a setting below zero":        {"enrich: [number]\nstages: {extract: {batch: -1}}\n", "read f.yaml: stage extract: a setting is below zero"},
		"no enricher":                 {"stages: {}\n", "read f.yaml: enrich names no enricher"},
		"two cases of one name":       {"enrich: [number]\ncases: [{name: a, body: b}, {name: a, body: c}]\n", `case 2 "a": another one has this name`},
		"a case without a listing":    {"enrich: [number]\ncases: [{name: a}]\n", `case 1 "a": it has neither title nor body nor contacts`},
		"a number that is none":       {"enrich: [number]\ncases: [{name: a, body: b, gives: [phone 9125550143]}]\n", `"phone 9125550143": a number is written as +19125550143`},
		"a kind that is none":         {"enrich: [number]\ncases: [{name: a, body: b, never: [fax +1]}]\n", `there is no kind "fax"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := pipelines.Parse("f.yaml", []byte(tt.src))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q in it", err, tt.want)
			}
		})
	}
}
