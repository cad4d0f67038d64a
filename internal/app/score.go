package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/bazaar"
	"vigil.example/internal/desk"
)

// ErrUnbalanced says that the ledger does not balance.
var ErrUnbalanced = errors.New("the ledger does not balance")

// A report is the last line of a scored demo.
type report struct {
	Ads      int           `json:"ads"`
	Versions int           `json:"versions"`
	Clusters int           `json:"clusters"`
	Seconds  float64       `json:"seconds"`
	Balanced bool          `json:"balanced"`
	Ledger   []desk.Row    `json:"ledger"`
	State    State         `json:"state"`
	Scores   bazaar.Scores `json:"scores"`
}

// score crawls to the end, prints the ledger and the scores, and fails when the
// ledger does not balance.
func (d *demo) score(ctx context.Context) error {
	if err := d.app.Settle(ctx, d.line); err != nil {
		return ignoreStop(ctx, err)
	}
	d.clear()
	if err := d.app.Seal(ctx); err != nil {
		return err
	}
	s, err := d.app.Status(ctx)
	if err != nil {
		return err
	}
	st, err := d.app.shelf.Stats(ctx)
	if err != nil {
		return err
	}
	r := report{Ads: s.Ads, Versions: st.Documents, Clusters: s.Clusters, Seconds: time.Since(d.started).Seconds(), Balanced: s.Ledger.Balanced, Ledger: s.Ledger.Rows}
	found, err := d.found(ctx)
	if err != nil {
		return err
	}
	if r.State, err = StateOf(d.app.shelf.Dump(ctx)); err != nil {
		return err
	}
	r.Scores = bazaar.Score(d.town.Truth(d.town.Now()), found)
	PrintLedger(d.out, s.Ledger)
	fmt.Fprintf(d.out, "\nnumbers   precision %.3f  recall %.3f  false in number-free ads %.4f\n", r.Scores.NumberPrecision, r.Scores.NumberRecall, r.Scores.FalsePerFree)
	fmt.Fprintf(d.out, "clusters  pair precision %.3f  recall %.3f  B-cubed F1 %.3f  largest %d ads, purity %.2f\n",
		r.Scores.PairPrecision, r.Scores.PairRecall, r.Scores.BCubedF1, r.Scores.LargestCluster, r.Scores.LargestPurity)
	fmt.Fprintf(d.out, "demand    precision %.3f  recall %.3f  F1 %.3f   sides right %.3f  cities right %.3f\n",
		r.Scores.DemandPrecision, r.Scores.DemandRecall, r.Scores.DemandF1, r.Scores.SidesRight, r.Scores.CitiesRight)
	fmt.Fprintf(d.out, "ads       %d of %d found, %d that are none\n\n", r.Scores.AdsFound, r.Scores.AdsExpected, r.Scores.AdsExtra)
	if err := json.NewEncoder(d.out).Encode(r); err != nil {
		return fmt.Errorf("print the report: %w", err)
	}
	if !r.Balanced {
		return ErrUnbalanced
	}
	return nil
}

// A State is what a crawl came to, as digests: two crawls of one town at one
// moment must have the same, in whatever order the pages came and however often
// they were interrupted.
type State struct {
	Versions string `json:"versions_sha256"` // ads with their contents
	Numbers  string `json:"numbers_sha256"`  // contents with the numbers read in them
	Clusters string `json:"clusters_sha256"` // the partition, without names
}

// StateOf digests what an index gives when it is read from end to end.
func StateOf(documents iter.Seq2[ad.Document, error]) (State, error) {
	var versions, numbers []string
	members := map[string][]string{}
	for doc, err := range documents {
		if err != nil {
			return State{}, err
		}
		versions = append(versions, doc.ID)
		var n strings.Builder
		n.WriteString(doc.ID)
		for _, p := range doc.Ad.Phones {
			fmt.Fprintf(&n, " %s@%s:%d-%d", p.E164, p.Span.Field, p.Span.Start, p.Span.End)
		}
		numbers = append(numbers, n.String())
		if doc.Cluster != "" && doc.Current {
			members[doc.Cluster] = append(members[doc.Cluster], doc.Ad.AdID)
		}
	}
	var clusters []string
	for _, m := range members {
		slices.Sort(m)
		clusters = append(clusters, strings.Join(m, " "))
	}
	return State{digest(versions), digest(numbers), digest(clusters)}, nil
}

// digest is the SHA-256 of the lines in order.
func digest(lines []string) string {
	slices.Sort(lines)
	s := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return hex.EncodeToString(s[:])
}

// found reads back what the walk made of the town, from the index.
func (d *demo) found(ctx context.Context) ([]bazaar.ScoredAd, error) {
	var out []bazaar.ScoredAd
	for doc, err := range d.app.shelf.Dump(ctx) {
		if err != nil {
			return nil, err
		}
		if !doc.Current {
			continue
		}
		x := bazaar.ScoredAd{Site: doc.Ad.Site, NativeID: doc.Ad.NativeID, URL: doc.Ad.URL, Cluster: doc.Cluster}
		for _, p := range doc.Ad.Phones {
			if p.Confidence >= desk.Confidence && !slices.Contains(x.Phones, p.E164) {
				x.Phones = append(x.Phones, p.E164)
			}
		}
		if doc.Ad.Side != nil {
			x.Side = doc.Ad.Side.Side
		}
		if len(doc.Ad.Places) > 0 {
			x.City = doc.Ad.Places[0].City
		}
		out = append(out, x)
	}
	return out, nil
}

// PrintLedger prints the accounts as a table.
func PrintLedger(w io.Writer, l desk.Ledger) {
	t := tabwriter.NewWriter(w, 2, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "step\tin\tstored\trefused\twaiting\t\t")
	for _, r := range l.Rows {
		note := ""
		if !r.Balanced {
			note = "does not balance"
		}
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%s\t\n", r.Step, r.In, r.Stored, r.Refused(), r.Waiting, note)
	}
	_ = t.Flush()
	for _, r := range l.Rows {
		for _, reason := range slices.Sorted(maps.Keys(r.Rejected)) {
			fmt.Fprintf(w, "  %s: %d refused: %s\n", r.Step, r.Rejected[reason], reason)
		}
	}
	fmt.Fprintf(w, "ledger %s\n", balanced(l))
}
