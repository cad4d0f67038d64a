package packet

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/template"
	"time"

	"vigil.example/internal/ad"
)

//go:embed readme.txt.tmpl
var readmeText string

// prose writes what people read, and the edges. ids are the names of the ad files.
func (b *bag) prose(c Contents, ids []string) error {
	links, err := linksFile(c)
	if err != nil {
		return err
	}
	if err := b.put("data/links.json", raw(links)); err != nil {
		return err
	}
	r, err := newReport(c, ids)
	if err != nil {
		return err
	}
	if err := b.put("data/report.html", r.write); err != nil {
		return err
	}
	t, err := template.New("readme").Parse(readmeText)
	if err != nil {
		return fmt.Errorf("README.txt: %w", err)
	}
	return b.put("data/README.txt", func(w io.Writer) error {
		return t.Execute(w, map[string]any{
			"ID": c.ID, "Title": oneLine(c.Title), "By": oneLine(c.By), "Agency": oneLine(c.Agency), "Purpose": oneLine(c.Purpose),
			"Created": c.Created.Format(time.RFC3339), "Ads": len(c.Ads),
		})
	})
}

// weightMeans says all that the weight of a link says.
const weightMeans = "The weight says in bits how rare it is among the posters that this instance knows that two have this in common: " +
	"of a value log2(all posters / those who use it), of a text the same of its words. It says nothing about who posted them, and weights must not be added."

// linksFile is data/links.json: why the ads are together, and what was set aside.
func linksFile(c Contents) ([]byte, error) {
	edges := c.Edges
	if edges == nil {
		edges = []ad.Edge{}
	}
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	err := e.Encode(struct {
		Cluster string    `json:"cluster,omitempty"`
		About   string    `json:"about"`
		Edges   []ad.Edge `json:"edges"`
		Held    []ad.Hub  `json:"held,omitempty"` // values that link nothing
	}{c.Cluster, weightMeans, edges, c.Held})
	if err != nil {
		return nil, fmt.Errorf("links.json: %w", err)
	}
	return buf.Bytes(), nil
}

// plural writes a number with its noun.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, strings.TrimSuffix(noun, "s"))
}
