package weigh

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Formats are what a graph can be written as, by name.
var Formats = map[string]func(io.Writer, Graph) error{
	"csv":     writeCSV,
	"ftm":     writeFTM,
	"gexf":    writeGEXF,
	"graphml": writeGraphML,
}

// writeCSV writes one line a link.
func writeCSV(w io.Writer, g Graph) error {
	kinds := map[string]Node{}
	for _, n := range g.Nodes {
		kinds[n.ID] = n
	}
	c := csv.NewWriter(w)
	_ = c.Write([]string{"from", "to", "kind", "label", "cluster", "weight", "reason"})
	for _, l := range g.Links {
		_ = c.Write([]string{l.From, l.To, l.Kind, kinds[l.To].Label, kinds[l.From].Cluster, number(l.Weight), l.Reason})
	}
	c.Flush()
	return c.Error()
}

func number(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

func (n Node) values() []string {
	at := ""
	if n.Kind == "ad" && !n.At.IsZero() {
		at = n.At.Format(time.RFC3339)
	}
	return []string{n.Kind, n.Label, n.Cluster, at, n.Site, n.City}
}

var nodeFields = []string{"kind", "label", "cluster", "posted_at", "site", "city"}

// writeGraphML writes the XML that graphml.graphdrawing.org describes.
func writeGraphML(w io.Writer, g Graph) error {
	x := &paper{w: bufio.NewWriter(w)}
	x.line(`<?xml version="1.0" encoding="UTF-8"?>`)
	x.line(`<graphml xmlns="http://graphml.graphdrawing.org/xmlns">`)
	for _, f := range nodeFields {
		x.line(`  <key id="%s" for="node" attr.name="%s" attr.type="string"/>`, f, f)
	}
	x.line(`  <key id="how" for="edge" attr.name="kind" attr.type="string"/>`)
	x.line(`  <key id="weight" for="edge" attr.name="weight" attr.type="double"/>`)
	x.line(`  <key id="reason" for="edge" attr.name="reason" attr.type="string"/>`)
	x.line(`  <graph edgedefault="undirected">`)
	for _, n := range g.Nodes {
		x.line(`    <node id="%s">`, n.ID)
		for i, v := range n.values() {
			if v != "" {
				x.line(`      <data key="%s">%s</data>`, nodeFields[i], v)
			}
		}
		x.line(`    </node>`)
	}
	for i, l := range g.Links {
		x.line(`    <edge id="e%s" source="%s" target="%s">`, strconv.Itoa(i), l.From, l.To)
		x.line(`      <data key="how">%s</data><data key="weight">%s</data><data key="reason">%s</data>`, l.Kind, number(l.Weight), l.Reason)
		x.line(`    </edge>`)
	}
	x.line(`  </graph>`)
	x.line(`</graphml>`)
	return x.w.Flush()
}

// writeGEXF writes GEXF 1.3.
func writeGEXF(w io.Writer, g Graph) error {
	x := &paper{w: bufio.NewWriter(w)}
	x.line(`<?xml version="1.0" encoding="UTF-8"?>`)
	x.line(`<gexf xmlns="http://gexf.net/1.3" version="1.3">`)
	x.line(`  <graph defaultedgetype="undirected">`)
	x.line(`    <attributes class="node">`)
	for i, f := range nodeFields {
		x.line(`      <attribute id="%s" title="%s" type="string"/>`, strconv.Itoa(i), f)
	}
	x.line(`    </attributes>`)
	x.line(`    <attributes class="edge">`)
	x.line(`      <attribute id="0" title="kind" type="string"/>`)
	x.line(`      <attribute id="1" title="reason" type="string"/>`)
	x.line(`    </attributes>`)
	x.line(`    <nodes>`)
	for _, n := range g.Nodes {
		x.line(`      <node id="%s" label="%s">`, n.ID, n.Label)
		x.line(`        <attvalues>`)
		for i, v := range n.values() {
			if v != "" {
				x.line(`          <attvalue for="%s" value="%s"/>`, strconv.Itoa(i), v)
			}
		}
		x.line(`        </attvalues>`)
		x.line(`      </node>`)
	}
	x.line(`    </nodes>`)
	x.line(`    <edges>`)
	for i, l := range g.Links {
		x.line(`      <edge id="%s" source="%s" target="%s" weight="%s">`, strconv.Itoa(i), l.From, l.To, number(l.Weight))
		x.line(`        <attvalues><attvalue for="0" value="%s"/><attvalue for="1" value="%s"/></attvalues>`, l.Kind, l.Reason)
		x.line(`      </edge>`)
	}
	x.line(`    </edges>`)
	x.line(`  </graph>`)
	x.line(`</gexf>`)
	return x.w.Flush()
}

// A paper takes lines of XML; what is filled in is escaped.
type paper struct{ w *bufio.Writer }

func (p *paper) line(format string, values ...string) {
	escaped := make([]any, len(values))
	for i, v := range values {
		var b strings.Builder
		_ = xml.EscapeText(&b, []byte(v))
		escaped[i] = b.String()
	}
	_, _ = fmt.Fprintf(p.w, format+"\n", escaped...)
}

// An entity is one of FollowTheMoney's, as its tools read them: one a line.
type entity struct {
	ID         string              `json:"id"`
	Schema     string              `json:"schema"`
	Properties map[string][]string `json:"properties"`
}

// writeFTM writes FollowTheMoney entities: a poster (LegalEntity) for each cluster
// with its numbers and addresses, its ads (Document), its accounts (UserAccount),
// and what ties the ads to the poster (UnknownLink).
func writeFTM(w io.Writer, g Graph) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	posters := map[string]*entity{}
	var order []string
	nodes := map[string]Node{}
	for _, n := range g.Nodes {
		nodes[n.ID] = n
		if n.Kind == "ad" && posters[n.Cluster] == nil {
			posters[n.Cluster] = &entity{"vigil-poster-" + n.Cluster, "LegalEntity", map[string][]string{"name": {"Poster of ad " + n.Cluster}}}
			order = append(order, n.Cluster)
		}
	}
	reasons := map[string][]string{}
	for _, l := range g.Links {
		n, p := nodes[l.To], posters[nodes[l.From].Cluster].Properties
		said := l.Reason
		switch n.Kind {
		case "phone", "email":
			if !slices.Contains(p[n.Kind], n.Label) {
				p[n.Kind] = append(p[n.Kind], n.Label)
			}
		}
		if n.Kind != "ad" && n.Kind != "text" {
			said = n.Kind + " " + n.Label + ": " + l.Reason
		}
		if !slices.Contains(reasons[l.From], said) {
			reasons[l.From] = append(reasons[l.From], said)
		}
	}
	for _, c := range order {
		if err := e.Encode(posters[c]); err != nil {
			return err
		}
	}
	for _, n := range g.Nodes {
		switch {
		case n.Kind == "ad":
			props := map[string][]string{"title": {"Ad " + n.Label}}
			if !n.At.IsZero() {
				props["publishedAt"] = []string{n.At.Format("2006-01-02T15:04:05")}
			}
			if n.Site != "" {
				props["publisher"] = []string{n.Site}
			}
			if n.City != "" {
				props["keywords"] = []string{n.City}
			}
			link := map[string][]string{"subject": {"vigil-poster-" + n.Cluster}, "object": {"vigil-ad-" + n.Label}, "role": {"posted"}}
			if r := reasons[n.ID]; len(r) > 0 {
				link["summary"] = r
			}
			if err := e.Encode(entity{"vigil-ad-" + n.Label, "Document", props}); err != nil {
				return err
			}
			if err := e.Encode(entity{"vigil-link-" + n.Label, "UnknownLink", link}); err != nil {
				return err
			}
		case n.Kind == "handle" && n.Cluster != "":
			if err := e.Encode(entity{"vigil-account-" + n.Label, "UserAccount", map[string][]string{"username": {n.Label}, "owner": {"vigil-poster-" + n.Cluster}}}); err != nil {
				return err
			}
		}
	}
	return nil
}
