package desk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/audit"
	"vigil.example/internal/casework"
	"vigil.example/internal/enrich/contact"
	"vigil.example/internal/query"
	"vigil.example/internal/search"
)

// A LabelRequest names labels and the ads that are to have them or lose them: ads by
// id, or those that are in a cluster now. What comes into the cluster later has none.
type LabelRequest struct {
	Ads     []string
	Cluster string
	Labels  []string // in any spelling that ad.LabelName reads
	Reason  string
}

// MaxLabelled bounds how many labels one request gives or takes back: those of all
// its ads together.
const MaxLabelled = 500

var (
	// ErrLabel says that a request to label is not whole.
	ErrLabel = errors.New("name at least one label, and ads or a cluster")
	// ErrManyLabels says that a request is about too many ads.
	ErrManyLabels = fmt.Errorf("at most %d labels are given or taken back at once", MaxLabelled)
)

// A LabelCount is a label and how many documents have it.
type LabelCount struct {
	Label     string `json:"label"`
	Documents int    `json:"documents"` // that can be found by it now
	Offered   bool   `json:"offered"`   // where ads are labelled; others were given by somebody
}

// Label gives labels to ads, all or none, and returns those that stand: what stood
// before stays as it was. It returns when they can be searched for, or after some
// seconds.
func (d *Desk) Label(ctx context.Context, s access.Subject, q LabelRequest) ([]casework.Label, error) {
	return d.relabel(ctx, s, "label.give", q, func(ctx context.Context, ads, names []string) ([]casework.Label, error) {
		var xs []casework.Label
		for _, id := range ads {
			for _, name := range names {
				xs = append(xs, casework.Label{AdID: id, Name: name, Ruling: casework.Ruling{Reason: strings.TrimSpace(q.Reason), By: s.User, Purpose: s.Purpose.ID}})
			}
		}
		return d.Docket.LabelAll(ctx, xs)
	})
}

// Unlabel takes labels back from ads, all or none, and returns those that stood. One
// that is not there to be taken back is left out; when that is so for all, there is
// nothing.
func (d *Desk) Unlabel(ctx context.Context, s access.Subject, q LabelRequest) ([]casework.Label, error) {
	return d.relabel(ctx, s, "label.withdraw", q, func(ctx context.Context, ads, names []string) ([]casework.Label, error) {
		var ids []string
		for _, id := range ads {
			standing, _ := d.Docket.Labels().Of(id)
			for _, name := range names {
				if i := slices.IndexFunc(standing, func(x casework.Label) bool { return x.Name == name }); i >= 0 {
					ids = append(ids, standing[i].ID)
				}
			}
		}
		if len(ids) == 0 {
			return nil, fmt.Errorf("take labels back: none of them stands there: %w", ad.ErrNotFound)
		}
		return d.Docket.UnlabelAll(ctx, ids, casework.Withdrawal{Reason: strings.TrimSpace(q.Reason), By: s.User, Purpose: s.Purpose.ID})
	})
}

// relabel does one thing to the ads and labels of a request.
func (d *Desk) relabel(ctx context.Context, s access.Subject, action string, q LabelRequest, do func(ctx context.Context, ads, names []string) ([]casework.Label, error)) ([]casework.Label, error) {
	e := audit.Entry{Action: action, Object: q.Cluster}
	if len(q.Ads) == 1 {
		e.Object = q.Ads[0]
	}
	if err := d.may(ctx, s, access.ActCorrect, e); err != nil {
		return nil, err
	}
	ads, names, err := d.labelled(ctx, q)
	out := []casework.Label{}
	if err == nil && len(ads) > 0 {
		out, err = do(ctx, ads, names)
	}
	for i := range out {
		d.named(&out[i].Ruling)
	}
	e.Outcome, e.Count, e.Values = outcome(err), len(out), append(names, ads...)
	if lerr := d.log(ctx, s, e); lerr != nil {
		return nil, lerr
	}
	if err != nil {
		return nil, err
	}
	d.awaitLabelled(ctx, ads)
	return out, nil
}

// labelled reads a request: ads that are there, each once, and names as they are kept.
func (d *Desk) labelled(ctx context.Context, q LabelRequest) (ads, names []string, err error) {
	for _, typed := range q.Labels {
		name, ok := ad.LabelName(typed)
		if !ok {
			name = typed // refused, for what it is
		}
		if err := CheckLabel(name); err != nil {
			return nil, nil, err
		}
		names = append(names, name)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) == 0 || (len(q.Ads) == 0) == (q.Cluster == "") {
		return nil, nil, ErrLabel
	}
	ads = slices.Compact(slices.Sorted(slices.Values(q.Ads)))
	if q.Cluster != "" {
		c, err := d.Index.Cluster(ctx, q.Cluster, MaxLabelled+1)
		if err != nil {
			return nil, nil, fmt.Errorf("label the ads of cluster %s: %w", q.Cluster, err)
		}
		for i := range c.Members {
			ads = append(ads, c.Members[i].Ad.AdID)
		}
	}
	if len(ads)*len(names) > MaxLabelled {
		return nil, nil, ErrManyLabels
	}
	if q.Cluster == "" {
		for _, id := range ads {
			if _, _, err := d.Index.Versions(ctx, id); err != nil {
				return nil, nil, fmt.Errorf("label ad %s: %w", id, err)
			}
		}
	}
	return ads, names, nil
}

// CheckLabel says why a label cannot be given: what it may not be to casework, or a
// contact as ads write one.
func CheckLabel(name string) error {
	if err := casework.CheckLabel(name); err != nil {
		return err
	}
	words := strings.ReplaceAll(name, "-", " ")
	for _, s := range []string{words, strings.Replace(words, " ", ": ", 1), strings.Replace(words, " ", " @", 1)} {
		if slices.ContainsFunc(contact.Read(s), func(i ad.Identifier) bool { return i.Confidence >= Confidence }) {
			return fmt.Errorf("label %w: it may hold somebody's contact; say it without", casework.ErrInvalid)
		}
	}
	return nil
}

// Vocabulary is what is offered where ads are labelled.
func (d *Desk) Vocabulary() []string {
	if d.Offered != nil {
		return d.Offered
	}
	return casework.Vocabulary()
}

// Labels lists the labels that are offered, in their order, and behind them others that
// ads have, most documents first.
func (d *Desk) Labels(ctx context.Context, s access.Subject) ([]LabelCount, error) {
	e := audit.Entry{Action: "label.list"}
	if err := d.may(ctx, s, access.ActRead, e); err != nil {
		return nil, err
	}
	any := query.Field{Name: "has", Text: "label", Values: []string{"label"}}
	found, err := d.Index.Survey(ctx, any, search.Ask{Facets: []search.Facet{search.Label}, Top: search.MaxPage})
	e.Outcome = outcome(err)
	out := labelCounts(d.Vocabulary(), found.Facets[search.Label])
	e.Count = len(out)
	if lerr := d.log(ctx, s, e); lerr != nil {
		return nil, lerr
	}
	if err != nil {
		return nil, fmt.Errorf("count labels: %w", err)
	}
	return out, nil
}

func labelCounts(offered []string, found []search.Count) (out []LabelCount) {
	for _, name := range offered {
		out = append(out, LabelCount{Label: name, Offered: true})
	}
	for _, c := range found {
		i := slices.Index(offered, c.Value)
		if i < 0 {
			i, out = len(out), append(out, LabelCount{Label: c.Value})
		}
		out[i].Documents = c.Documents
	}
	return out
}

// Labels counts the labels of the members of a cluster, most first.
func (v *ClusterView) Labels() (out []search.Count) {
	for i := range v.Members {
		for _, name := range v.Members[i].Labels {
			k := slices.IndexFunc(out, func(c search.Count) bool { return c.Value == name })
			if k < 0 {
				k, out = len(out), append(out, search.Count{Value: name})
			}
			out[k].Documents++
		}
	}
	slices.SortStableFunc(out, func(a, b search.Count) int {
		return cmp.Or(b.Documents-a.Documents, strings.Compare(a.Value, b.Value))
	})
	return out
}

// labelsOf are the labels of an ad, oldest first, with the names of users; those that
// were taken back too.
func (d *Desk) labelsOf(adID string) []casework.Label {
	out := d.Docket.Labels().About(adID)
	for i := range out {
		d.named(&out[i].Ruling)
	}
	return out
}

// awaitLabelled waits until ads can be found by the labels that they have. They are
// decided already: when that takes longer, the answer does not wait for it.
func (d *Desk) awaitLabelled(ctx context.Context, ads []string) {
	limit := time.After(carriedOut)
	t := time.NewTicker(20 * time.Millisecond)
	defer t.Stop()
	for _, id := range ads {
		for {
			standing, _ := d.Docket.Labels().Of(id)
			docs, _, err := d.Index.Versions(ctx, id)
			if err != nil || !slices.ContainsFunc(docs, func(doc ad.Document) bool { return !slices.Equal(doc.Labels, casework.LabelNames(standing)) }) {
				break
			}
			select {
			case <-ctx.Done():
				return
			case <-limit:
				return
			case <-t.C:
			}
		}
	}
}
