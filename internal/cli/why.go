package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"

	"vigil.example/internal/api"
	"vigil.example/internal/desk"
	"vigil.example/internal/link"
	"vigil.example/internal/link/weigh"
)

// asks reports whether something is asked about the cluster beyond what it is.
func (k *clusterCmd) asks() (bool, error) {
	n := 0
	for _, asked := range []bool{k.Explain != "", k.Without != "", k.Near != "", k.Template} {
		if asked {
			n++
		}
	}
	switch {
	case n > 1:
		return false, fail(codeUsage, "", errors.New("give one of --explain, --without, --near and --template"))
	case n > 0 && k.ID == "":
		return false, fail(codeUsage, "vigil cluster lists the largest clusters with their ids", errors.New("name the cluster"))
	case (k.Explain != "") != (k.Other != ""):
		return false, fail(codeUsage, "vigil cluster CLUSTER --explain FIRST SECOND", errors.New("--explain takes two ids of ads, beside the cluster's"))
	}
	return n > 0, nil
}

// ask asks it and prints the answer.
func (k *clusterCmd) ask(c *Context, cl *api.Client) (err error) {
	var out any
	var say func()
	switch {
	case k.Explain != "":
		w, e := cl.Why(c.Ctx, k.ID, k.Explain, k.Other)
		out, say, err = w, func() { printWhy(c.Stdout, w) }, e
	case k.Without != "":
		w, e := cl.Without(c.Ctx, k.ID, k.Without)
		out, say, err = w, func() { printWithout(c.Stdout, w, k.N) }, e
	case k.Near != "":
		w, e := cl.Near(c.Ctx, k.ID, k.Near)
		out, say, err = w, func() { printNear(c.Stdout, w) }, e
	default:
		w, e := cl.Template(c.Ctx, k.ID)
		out, say, err = w, func() { printTemplate(c.Stdout, w.Template, k.N) }, e
	}
	switch {
	case err != nil:
		return misnamed(err, "vigil cluster lists the largest clusters with their ids")
	case k.JSON:
		return c.value(out)
	}
	say()
	return nil
}

func printWhy(w io.Writer, y desk.Why) {
	if len(y.Steps) == 0 {
		_, _ = fmt.Fprintf(w, "Nothing joins %s and %s.\n", y.A, y.B)
	}
	for _, s := range y.Steps {
		_, _ = fmt.Fprintf(w, "%s and %s: %s\n  %s (%.0f bits)\n", s.A, s.B, clean(s.Reason), s.Says, s.Weight)
		for i, list := range [][]desk.WhyQuote{s.InA, s.InB} {
			for _, q := range list {
				how := ""
				if q.Method != "" {
					how = ", written " + q.Method
				}
				_, _ = fmt.Fprintf(w, "  in %s, %s %d to %d%s: %s\n", []string{s.A, s.B}[i], q.Field, q.Start, q.End, how, clean(q.Text))
			}
		}
		if len(s.Unlearned) > 0 {
			_, _ = fmt.Fprintf(w, "  what %s adds to every page is not known yet: words in common may be the site's\n", clean(strings.Join(s.Unlearned, ", ")))
		}
		if s.Bridge {
			_, _ = fmt.Fprintln(w, "  needs a person's eye: this alone holds two halves of the cluster together")
		}
	}
	for _, h := range y.Held {
		_, _ = fmt.Fprintf(w, "held back: both give %s, as do some %s of about %.0f unlike posters\n", clean(link.Display(h.Value)), plural(h.Carriers, "ad", "ads"), h.Owners)
	}
}

// printHeard says what an answer goes by.
func printHeard(w io.Writer, h desk.Heard) {
	_, _ = fmt.Fprintf(w, "Found with %s, beside %s.\n", ofAds(h), beside(h))
	if h.Pieces > 1 {
		_, _ = fmt.Fprintf(w, "So held against each other, the ads of the cluster come in %d pieces already: take the answer with care.\n", h.Pieces)
	}
}

func ofAds(h desk.Heard) string {
	if h.Ads == h.Size {
		return "all " + plural(h.Ads, "ad", "ads") + " of the cluster"
	}
	return fmt.Sprintf("%d of the %d ads of the cluster", h.Ads, h.Size)
}

func beside(h desk.Heard) string {
	if h.All {
		return "all " + plural(h.Beside, "other", "others") + " there are"
	}
	return plural(h.Beside, "other", "others") + ": those that share something with them, and some of the newest"
}

func printWithout(w io.Writer, y desk.WhatIf, n int) {
	if y.Held {
		_, _ = fmt.Fprintln(w, "This value is held back: it joins nothing as it is.")
	}
	if y.Leaving == 0 {
		_, _ = fmt.Fprintf(w, "Without it, which %s, the cluster stays as it is.\n", givers(y))
	} else {
		_, _ = fmt.Fprintf(w, "Without it, which %s, %s would no longer be with the most of them: pieces of %s ads.\n",
			givers(y), plural(y.Leaving, "ad", "ads"), strings.Trim(fmt.Sprint(y.Pieces), "[]"))
	}
	for _, id := range y.Leave[:min(n, len(y.Leave))] {
		_, _ = fmt.Fprintf(w, "  leaves: %s\n", id)
	}
	if rest := y.Leaving - min(n, len(y.Leave)); rest > 0 {
		_, _ = fmt.Fprintf(w, "  and %d more\n", rest)
	}
	printHeard(w, y.Heard)
}

// givers says how many ads give a value.
func givers(y desk.WhatIf) string {
	of := ""
	if y.Counted < y.Heard.Size {
		of = fmt.Sprintf(" of the newest %d", y.Counted)
	}
	return plural(y.Givers, "ad"+of+" gives", "ads"+of+" give")
}

func printNear(w io.Writer, y desk.Nearness) {
	for _, m := range y.Misses {
		_, _ = fmt.Fprintf(w, "near miss: %s: %s\n  weight %.2f; %.2f joins, so %.2f is missing\n", whose(m.Cluster, m.Ad, m.Size), clean(cmp.Or(m.Reason, "several weak signs")), m.Weight, m.Needed, m.Lacks)
	}
	for _, r := range y.Rivals {
		var shares []string
		for _, v := range r.Shares {
			shares = append(shares, fmt.Sprintf("gives %s in %s", clean(link.Display(v.Value)), plural(v.Ads, "ad", "ads")))
		}
		if r.Alike > 0 {
			shares = append(shares, fmt.Sprintf("%.0f%% of the wording is the same", 100*r.Alike))
		}
		_, _ = fmt.Fprintf(w, "rival: %s: %s\n", whose(r.Cluster, r.Ad, r.Size), strings.Join(shares, "; "))
	}
	if len(y.Misses)+len(y.Rivals) == 0 {
		_, _ = fmt.Fprintln(w, "Nobody is near.")
	}
	printHeard(w, y.Heard)
}

func whose(cluster, ad string, size int) string {
	if cluster == "" {
		return "ad " + ad + ", which is alone"
	}
	return "cluster " + cluster + " (" + plural(size, "ad", "ads") + ", among them " + ad + ")"
}

// printTemplate prints forms, and of each slot at most n of what fills it.
func printTemplate(w io.Writer, t weigh.Template, n int) {
	if len(t.Forms) == 0 {
		_, _ = fmt.Fprintln(w, "The texts have no form in common.")
	}
	for k, f := range t.Forms {
		_, _ = fmt.Fprintf(w, "Form %d, of %d of %s read:\n", k+1, f.Ads, plural(t.Read, "text", "texts"))
		var text, slots []string
		for _, p := range f.Parts {
			if p.Kind == weigh.Same {
				text = append(text, clean(p.Text))
				continue
			}
			number := fmt.Sprintf("[%d]", len(slots)+1)
			if p.Kind == weigh.Nearly {
				text = append(text, clean(p.Text))
			}
			text = append(text, number)
			var fills []string
			for _, x := range p.Fills[:min(n, len(p.Fills))] {
				fills = append(fills, fmt.Sprintf("“%s” %d", cut(clean(x.Text), columns), x.Ads))
			}
			if rest := len(p.Fills) - len(fills); rest > 0 {
				fills = append(fills, fmt.Sprintf("%d more", rest))
			}
			slots = append(slots, number+" "+strings.Join(fills, ", "))
		}
		for _, l := range wrapped(strings.Join(text, " "), columns-2) {
			_, _ = fmt.Fprintf(w, "  %s\n", l)
		}
		for _, s := range slots {
			_, _ = fmt.Fprintf(w, "    %s\n", s)
		}
	}
	if t.Rest > 0 {
		_, _ = fmt.Fprintf(w, "%s of no form that is listed.\n", plural(t.Rest, "text is", "texts are"))
	}
	if t.Read < t.Texts {
		_, _ = fmt.Fprintf(w, "Of %d texts %d were read, evenly out of all.\n", t.Texts, t.Read)
	}
}
