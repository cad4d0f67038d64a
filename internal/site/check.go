package site

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // a machine without zone files must read a definition the same way

	"github.com/andybalholm/cascadia"
	"golang.org/x/text/language"

	"vigil.example/internal/ad"
)

// What holds where a definition says nothing.
const (
	DefaultDepth    = 50
	DefaultDelay    = time.Second
	DefaultParallel = 1
	DefaultTimeout  = 30 * time.Second
)

// ContactKinds lists the kinds a contact field may have.
func ContactKinds() []string { return []string{"phone", "email", "handle", "link"} }

var nameForm = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$`)

// Validate checks a definition made by hand, fills in what it leaves out (hosts
// from the seeds, depth, delay, parallel, timeout) and makes it ready. Parse has
// done this already.
func (d *Definition) Validate() error {
	found := d.check()
	errs := make([]error, len(found))
	for i, f := range found {
		errs[i] = fmt.Errorf("check site %s: %s", d.Name, f)
	}
	return errors.Join(errs...)
}

// A checker collects faults while it compiles.
type checker struct{ found []fault }

func (c *checker) fault(path, format string, args ...any) {
	c.found = append(c.found, fault{path: path, text: fmt.Sprintf(format, args...)})
}

func (c *checker) selector(path, s string) cascadia.SelectorGroup {
	if s == "" {
		return nil
	}
	g, err := cascadia.ParseGroup(s)
	if err != nil {
		c.fault(path, "selector %q: %v", s, err)
		return nil
	}
	return g
}

func (c *checker) regexp(path, s string) *regexp.Regexp {
	if s == "" {
		return nil
	}
	re, err := regexp.Compile(s)
	if err != nil {
		c.fault(path, "regular expression %q: %v", s, strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return re
}

func (c *checker) regexps(path string, list []string) []*regexp.Regexp {
	out := make([]*regexp.Regexp, 0, len(list))
	for i, s := range list {
		p := fmt.Sprintf("%s[%d]", path, i)
		if s == "" {
			c.fault(p, "an empty regular expression matches every address")
		} else if re := c.regexp(p, s); re != nil {
			out = append(out, re)
		}
	}
	return out
}

func (c *checker) oneOf(path, s string, known ...string) {
	if slices.Contains(known, s) {
		return
	}
	if s == "" {
		c.fault(path, "is missing; one of %s", strings.Join(known, ", "))
		return
	}
	c.fault(path, "%q is none of %s", s, strings.Join(known, ", "))
}

func (c *checker) duration(path string, v *time.Duration, fallback, low, high time.Duration) {
	switch {
	case *v == 0:
		*v = fallback
	case *v < low || *v > high:
		c.fault(path, "%v is outside %v to %v", *v, low, high)
	}
}

// check does the work of Parse and Validate.
func (d *Definition) check() []fault {
	c := &checker{}
	if !nameForm.MatchString(d.Name) {
		c.fault("name", "%q is not a name: 1 to 64 lower-case letters, digits and hyphens", d.Name)
	}
	for i, tag := range d.Language {
		if _, err := language.Parse(tag); err != nil {
			c.fault(fmt.Sprintf("language[%d]", i), "%q is not a BCP 47 language tag", tag)
		}
	}
	if d.Country != "" {
		if r, err := language.ParseRegion(d.Country); err != nil || !r.IsCountry() || r.String() != d.Country {
			c.fault("country", "%q is not an ISO 3166-1 country of two upper-case letters", d.Country)
		}
	}
	d.checkScope(c)
	c.duration("polite.delay", &d.Polite.Delay, DefaultDelay, time.Millisecond, time.Hour)
	c.duration("polite.timeout", &d.Polite.Timeout, DefaultTimeout, 100*time.Millisecond, 10*time.Minute)
	c.duration("revisit.list", &d.Revisit.List, 0, time.Second, 366*24*time.Hour)
	c.duration("revisit.detail", &d.Revisit.Detail, 0, time.Second, 366*24*time.Hour)
	if d.Polite.Parallel == 0 {
		d.Polite.Parallel = DefaultParallel
	}
	if d.Polite.Parallel < 0 || d.Polite.Parallel > 64 {
		c.fault("polite.parallel", "%d is outside 1 to 64", d.Polite.Parallel)
	}
	d.checkPages(c)
	d.List.item = c.selector("list.item", d.List.Item)
	d.List.next = c.selector("list.next", d.List.Next)
	d.checkDetail(c)
	d.ready = len(c.found) == 0
	return c.found
}

func (d *Definition) checkScope(c *checker) {
	s := &d.Scope
	implied := len(s.Hosts) == 0
	seeds := make([]*url.URL, len(d.Seeds))
	for i, seed := range d.Seeds {
		u, err := url.Parse(seed)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			c.fault(fmt.Sprintf("seeds[%d]", i), "%q is not an absolute http or https URL", seed)
			continue
		}
		seeds[i] = u
		if h := hostOf(u); implied && !slices.Contains(s.Hosts, h) {
			s.Hosts = append(s.Hosts, h)
		}
	}
	if len(d.Seeds) == 0 && len(s.Hosts) == 0 {
		c.fault("seeds", "a definition needs seeds, or scope.hosts when its pages are only imported")
	}
	for i, h := range s.Hosts {
		if u, err := url.Parse("http://" + h + "/"); err != nil || u.Host != h || strings.ToLower(h) != h || u.User != nil {
			c.fault(fmt.Sprintf("scope.hosts[%d]", i), "%q is not a lower-case host name", h)
		}
	}
	s.allow, s.deny = c.regexps("scope.allow", s.Allow), c.regexps("scope.deny", s.Deny)
	if s.Depth == 0 {
		s.Depth = DefaultDepth
	}
	if s.Depth < 0 || s.Depth > 10000 {
		c.fault("scope.depth", "%d is outside 1 to 10000", s.Depth)
	}
	for i, p := range s.Strip {
		if strings.Trim(p, "*") == "" || strings.Contains(strings.TrimSuffix(p, "*"), "*") {
			c.fault(fmt.Sprintf("scope.strip[%d]", i), "%q is not the name of a parameter, nor the beginning of one and *", p)
		}
	}
	if len(c.found) > 0 {
		return
	}
	d.ready = true
	for i, u := range seeds {
		if ok, why := d.InScope(d.Canonical(u)); !ok {
			c.fault(fmt.Sprintf("seeds[%d]", i), "%q is out of scope: %s", d.Seeds[i], why)
		}
	}
}

func (d *Definition) checkPages(c *checker) {
	var kinds []string
	for _, k := range ad.PageKinds() {
		kinds = append(kinds, string(k))
	}
	for i := range d.Pages {
		r, p := &d.Pages[i], fmt.Sprintf("pages[%d]", i)
		c.oneOf(p+".kind", r.Kind, kinds...)
		r.url, r.text = c.regexp(p+".url", r.URL), c.regexp(p+".text", r.Text)
		r.has, r.lacks = c.selector(p+".has", r.Has), c.selector(p+".lacks", r.Lacks)
		for j, s := range r.Status {
			if s < 100 || s > 599 {
				c.fault(fmt.Sprintf("%s.status[%d]", p, j), "%d is not an HTTP status", s)
			}
		}
		if i < len(d.Pages)-1 && r.URL+r.Text+r.Has+r.Lacks == "" && len(r.Status) == 0 {
			c.fault(p, "has no condition, so the rules below it are never tried")
		}
	}
}

func (d *Definition) checkDetail(c *checker) {
	for name, f := range d.Detail.fields() {
		f.check(c, "detail."+name)
	}
	for i := range d.Detail.Contacts {
		f, p := &d.Detail.Contacts[i], fmt.Sprintf("detail.contacts[%d]", i)
		c.oneOf(p+".kind", f.Kind, ContactKinds()...)
		f.check(c, p)
		if !f.Given() {
			c.fault(p, "needs select, or url: true")
		}
	}
}

// fields yields the rules of single values under their keys.
func (r *DetailRule) fields() func(yield func(string, *Field) bool) {
	table := []struct {
		name string
		f    *Field
	}{
		{"native_id", &r.NativeID}, {"title", &r.Title}, {"body", &r.Body}, {"price", &r.Price},
		{"location", &r.Location}, {"category", &r.Category}, {"posted_at", &r.PostedAt},
		{"updated_at", &r.UpdatedAt}, {"images", &r.Images},
	}
	return func(yield func(string, *Field) bool) {
		for _, t := range table {
			if !yield(t.name, t.f) {
				return
			}
		}
	}
}

func (f *Field) check(c *checker, path string) {
	f.sel, f.match = c.selector(path+".select", f.Select), c.regexp(path+".match", f.Match)
	f.drop = nil
	for i, s := range f.Drop {
		f.drop = append(f.drop, c.selector(fmt.Sprintf("%s.drop[%d]", path, i), s))
	}
	switch {
	case f.URL && f.Select != "":
		c.fault(path, "says both select and url; a value stands in one place")
	case !f.Given() && (f.Match != "" || f.Attr != "" || len(f.Drop) > 0 || len(f.Layout) > 0 || f.Zone != ""):
		c.fault(path, "needs select, or url: true")
	}
	times := strings.HasSuffix(path, "_at")
	for i, l := range f.Layout {
		p := fmt.Sprintf("%s.layout[%d]", path, i)
		if !times {
			c.fault(p, "only times have layouts")
		} else if !tellsDay(l) {
			c.fault(p, "%q is not a Go time layout with a year, month and day, such as \"2 Jan 2006 15:04\"", l)
		}
	}
	f.zone = time.UTC
	if f.Zone != "" {
		z, err := time.LoadLocation(f.Zone)
		if err != nil || f.Zone == "Local" {
			c.fault(path+".zone", "%q is not an IANA time zone, such as \"America/New_York\"", f.Zone)
			return
		}
		f.zone = z
	}
}

// tellsDay reports whether a time written in the layout keeps its day.
func tellsDay(layout string) bool {
	t := time.Date(2019, time.November, 23, 21, 47, 58, 0, time.UTC)
	got, err := time.Parse(layout, t.Format(layout))
	return err == nil && got.Year() == t.Year() && got.YearDay() == t.YearDay()
}
