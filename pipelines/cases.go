package pipelines

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"vigil.example/internal/ad"
)

// A Case is a listing in short form and what enrichment must read in it.
type Case struct {
	Name     string   `yaml:"name"`    // says what the case is about
	Country  string   `yaml:"country"` // of the site, ISO 3166-1; "" when unknown
	Title    string   `yaml:"title"`
	Body     string   `yaml:"body"`
	Contacts []string `yaml:"contacts"` // fields of the page apart from the text: "phone tel:+19125550143"
	// Gives is every value that must be read with some certainty, and no other may
	// be: "phone +19125550143", "email a@b.example", "handle telegram:name".
	Gives []string `yaml:"gives"`
	// Side, Language and Place are who must be told to speak, in what, and where the
	// best place must be: "demand", "es", "Savannah US-GA"; not judged when empty.
	Side     string `yaml:"side"`
	Language string `yaml:"language"`
	Place    string `yaml:"place"`
	// Never is values that must not be read, however uncertainly.
	Never []string `yaml:"never"`
	// Says is every indicator that must be found, as category/sub, and whether they
	// make a lead ("lead"); a case that leaves it out does not look at them.
	Says []string `yaml:"says"`
}

// sure is the confidence from which linking and alerts rest on a value.
const sure = .5

func (c Case) validate() error {
	var errs []error
	if c.Name == "" {
		errs = append(errs, errors.New("it has no name"))
	}
	if c.Title == "" && c.Body == "" && len(c.Contacts) == 0 {
		errs = append(errs, errors.New("it has neither title nor body nor contacts"))
	}
	for _, s := range c.Contacts {
		if _, v, _ := strings.Cut(s, " "); v == "" {
			errs = append(errs, fmt.Errorf("contact %q is not a kind and a value", s))
		}
	}
	for _, s := range slices.Concat(c.Gives, c.Never) {
		switch kind, v, _ := strings.Cut(s, " "); {
		case v == "":
			errs = append(errs, fmt.Errorf("%q is not a kind and a value", s))
		case kind == "phone" && !strings.HasPrefix(v, "+"):
			errs = append(errs, fmt.Errorf("%q: a number is written as +19125550143", s))
		case kind == "handle" && !strings.Contains(v, ":"):
			errs = append(errs, fmt.Errorf("%q: a handle is written as platform:name", s))
		case kind != "phone" && kind != "email" && kind != "handle":
			errs = append(errs, fmt.Errorf("%q: there is no kind %q, but phone, email and handle", s, kind))
		}
	}
	return errors.Join(errs...)
}

// Listing is the listing of the case.
func (c Case) Listing() ad.Listing {
	l := ad.Listing{V: ad.Schema, Site: "case", NativeID: c.Name, URL: "https://case.example/1", Title: c.Title, Body: c.Body}
	for _, s := range c.Contacts {
		kind, v, _ := strings.Cut(s, " ")
		l.Contacts = append(l.Contacts, ad.Contact{Kind: kind, Value: v})
	}
	l.Seal()
	return l
}

// A Verdict says how one case went.
type Verdict struct {
	Case  string   `json:"case"`
	Wrong []string `json:"wrong,omitempty"` // what is not as it must be, one sentence each; none when all is
}

// Test runs every case through enrich, which reads a listing of a site in the
// given country, and returns a verdict each, in order.
func (p Pipeline) Test(ctx context.Context, enrich func(ctx context.Context, country string, l ad.Listing) (ad.Ad, error)) []Verdict {
	out := make([]Verdict, len(p.Cases))
	for i, c := range p.Cases {
		a, err := enrich(ctx, c.Country, c.Listing())
		out[i] = Verdict{Case: c.Name, Wrong: c.judge(&a)}
		if err != nil {
			out[i].Wrong = []string{err.Error()}
		}
	}
	return out
}

func (c Case) judge(a *ad.Ad) (wrong []string) {
	got, any := said(a.Values(sure)), said(a.Values(0))
	for _, want := range c.Gives {
		switch {
		case slices.Contains(got, want):
		case slices.Contains(any, want):
			wrong = append(wrong, "- "+want+": read, but too uncertain to be used")
		default:
			wrong = append(wrong, "- "+want+": not read")
		}
	}
	for _, g := range got {
		if !slices.Contains(c.Gives, g) {
			wrong = append(wrong, "+ "+g+": read, but not there")
		}
	}
	for _, never := range c.Never {
		if slices.Contains(any, never) && !slices.Contains(got, never) {
			wrong = append(wrong, "+ "+never+": read, if uncertainly; must never be")
		}
	}
	if c.Says != nil {
		wrong = append(wrong, c.indicators(a)...)
	}
	return append(append(wrong, c.misread(a)...), misplaced(a)...)
}

// misread says what of side, language and place is not as it must be.
func (c Case) misread(a *ad.Ad) (wrong []string) {
	got := struct{ side, language, place string }{}
	if a.Side != nil {
		got.side = a.Side.Side
	}
	if a.Language != nil {
		got.language = a.Language.Tag
	}
	if len(a.Places) > 0 {
		got.place = strings.TrimSpace(a.Places[0].City + " " + a.Places[0].Region)
	}
	for _, x := range []struct{ what, got, want string }{{"side", got.side, c.Side}, {"language", got.language, c.Language}, {"place", got.place, c.Place}} {
		if x.want != "" && x.got != x.want {
			wrong = append(wrong, fmt.Sprintf("- %s %s: read as %q", x.what, x.want, x.got))
		}
	}
	return wrong
}

// indicators compares what was found in the words with what the case says.
func (c Case) indicators(a *ad.Ad) (wrong []string) {
	var got []string
	for _, i := range a.Indicators {
		got = append(got, i.Category+"/"+i.Sub)
	}
	if a.Lead != nil {
		got = append(got, "lead")
	}
	for _, want := range c.Says {
		if !slices.Contains(got, want) {
			wrong = append(wrong, "- "+want+": not found in the words")
		}
	}
	for _, g := range got {
		if !slices.Contains(c.Says, g) {
			wrong = append(wrong, "+ "+g+": found, but not there")
		}
	}
	return wrong
}

// misplaced names values whose span does not show the text that they were read in.
func misplaced(a *ad.Ad) (wrong []string) {
	fields := map[string][]rune{}
	a.Fields(func(f, text string) { fields[f] = []rune(text) })
	check := func(v string, s ad.Span, text string) {
		f := fields[s.Field]
		if s.Start < 0 || s.Start > s.End || s.End > len(f) || string(f[s.Start:s.End]) != text {
			wrong = append(wrong, fmt.Sprintf("! %s: its span in %s is not where it stands", v, s.Field))
		}
	}
	for _, p := range a.Phones {
		check("phone "+p.E164, p.Span, p.Text)
	}
	for _, i := range a.Identifiers {
		check(i.Kind+" "+i.Value, i.Span, i.Text)
	}
	for _, i := range a.Indicators {
		check(i.Category+"/"+i.Sub, i.Span, i.Text)
	}
	return wrong
}

func said(values []ad.Value) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = v.Kind + " " + v.Value
	}
	return out
}
