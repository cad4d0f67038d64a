package packet

import (
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"

	"vigil.example/internal/ad"
)

//go:embed report.html.tmpl
var reportHTML string

//go:embed report.css
var reportCSS string

// A report is data/report.html: one page without script that loads nothing.
type report struct {
	Contents
	ids   []string
	names map[string]string // of ads, for people: "ad 3"
	edges map[string][]edge // of each ad
	tmpl  *template.Template
}

func newReport(c Contents, ids []string) (*report, error) {
	style := sha256.Sum256([]byte(reportCSS))
	t, err := template.New("report").Funcs(template.FuncMap{
		"words": words, "marked": marked, "time": stamp, "plural": plural, "held": held,
		"seen": Item.seen, "weight": func() string { return weightMeans },
		"css": func() template.CSS { return template.CSS(reportCSS) },
		"policy": func() template.HTML {
			return template.HTML(`<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-` +
				base64.StdEncoding.EncodeToString(style[:]) + `'">`)
		},
	}).Parse(reportHTML)
	if err != nil {
		return nil, fmt.Errorf("report.html: %w", err)
	}
	r := &report{c, ids, map[string]string{}, map[string][]edge{}, t}
	for i, it := range c.Ads {
		if r.names[it.Doc.Ad.AdID] == "" {
			r.names[it.Doc.Ad.AdID] = fmt.Sprintf("ad %d", i+1)
		}
	}
	for _, e := range c.Edges {
		r.edges[e.A] = append(r.edges[e.A], edge{e, r.Name(e.B)})
		r.edges[e.B] = append(r.edges[e.B], edge{e, r.Name(e.A)})
	}
	return r, nil
}

// Name is how the page speaks of an ad.
func (r *report) Name(id string) string {
	return cmp.Or(r.names[id], "an ad that is not in this packet")
}

// write writes the page ad by ad.
func (r *report) write(w io.Writer) error {
	if err := r.tmpl.ExecuteTemplate(w, "top", map[string]any{"C": r.Contents, "R": r, "IDs": r.ids}); err != nil {
		return err
	}
	for i, it := range r.Ads {
		page := map[string]any{"N": i + 1, "ID": r.ids[i], "Item": it, "Ad": &r.Ads[i].Doc.Ad, "Edges": r.edges[it.Doc.Ad.AdID]}
		if err := r.tmpl.ExecuteTemplate(w, "ad", page); err != nil {
			return err
		}
	}
	return r.tmpl.ExecuteTemplate(w, "end", r.Contents)
}

// An edge is a reason as one of its two ads sees it.
type edge struct {
	ad.Edge
	Other string
}

// words escapes what an ad or a person wrote. Besides the five characters of HTML
// it writes those out by which a checker that searches the file as text could take
// an ad's words for a script or a link. Control characters, which no page may
// hold, and those that turn the direction of writing, by which an ad could show
// words that it does not hold, become visible; data/ads has them as they are.
func words(s string) template.HTML {
	s = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return '\uFFFD'
		}
		return r
	}, s)
	s = html.EscapeString(s)
	return template.HTML(telling.Replace(s))
}

var telling = strings.NewReplacer("=", "&#61;", ":", "&#58;", "(", "&#40;", "@", "&#64;")

// marked is the text of a field with what was read in it marked.
func marked(a *ad.Ad, field, text string) template.HTML {
	type mark struct {
		start, end int
		says       string
	}
	var marks []mark
	for _, p := range a.Phones {
		if p.Span.Field == field {
			marks = append(marks, mark{p.Span.Start, p.Span.End, "read as " + p.E164})
		}
	}
	for _, i := range a.Identifiers {
		if i.Span.Field == field {
			marks = append(marks, mark{i.Span.Start, i.Span.End, "read as " + i.Kind + " " + i.Value})
		}
	}
	slices.SortStableFunc(marks, func(x, y mark) int { return x.start - y.start })
	r := []rune(text)
	var out strings.Builder
	at := 0
	for _, m := range marks {
		if m.start < at || m.end > len(r) || m.start >= m.end {
			continue
		}
		out.WriteString(string(words(string(r[at:m.start]))))
		fmt.Fprintf(&out, `<mark>%s</mark><small> [%s]</small>`, words(string(r[m.start:m.end])), words(m.says))
		at = m.end
	}
	out.WriteString(string(words(string(r[at:]))))
	return template.HTML(out.String())
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "not given"
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// held says why a value links nothing.
func held(h ad.Hub) string {
	return fmt.Sprintf("given by %s of about %.0f unlike posters, so it links nothing", plural(h.Carriers, "ad"), h.Owners)
}
