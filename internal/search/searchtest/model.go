package searchtest

import (
	"cmp"
	"slices"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/search"
)

// documents works out, slowly and plainly, which documents an index holds after
// the given changes, in order of id. It looks at all changes at once, so it cannot
// depend on their order.
func documents(changes []search.Change) []ad.Document {
	versions := map[string]*ad.Ad{} // by version id: a sighting counts once
	removals := map[string][]time.Time{}
	clusters, seqs := map[string]string{}, map[string]uint64{}
	labels, labelled := map[string][]string{}, map[string]uint64{}
	for _, c := range changes {
		switch {
		case c.Version != nil:
			versions[c.Version.VersionID] = c.Version
		case c.Removal != nil:
			removals[c.Removal.AdID] = append(removals[c.Removal.AdID], c.Removal.At)
		case c.Labels != nil:
			if id := c.Labels.AdID; c.Seq >= labelled[id] {
				labels[id], labelled[id] = c.Labels.Names, c.Seq
			}
		case c.Link != nil:
			for _, m := range c.Link.Moves {
				if c.Seq >= seqs[m.AdID] {
					clusters[m.AdID], seqs[m.AdID] = m.Cluster, c.Seq
				}
			}
		}
	}
	sightings := map[string][]*ad.Ad{} // by ad id
	for _, v := range versions {
		sightings[v.AdID] = append(sightings[v.AdID], v)
	}
	var out []ad.Document
	for id, seen := range sightings {
		slices.SortFunc(seen, func(a, b *ad.Ad) int {
			return cmp.Or(a.SeenAt.Compare(b.SeenAt), cmp.Compare(a.VersionID, b.VersionID))
		})
		last := seen[len(seen)-1]
		var removed time.Time
		for _, t := range removals[id] {
			if !t.Before(last.SeenAt) && (removed.IsZero() || t.Before(removed)) {
				removed = t
			}
		}
		docs := map[string]*ad.Document{}
		for _, v := range seen {
			d := docs[v.ContentSHA256]
			if d == nil {
				d = &ad.Document{ID: ad.DocumentID(id, v.ContentSHA256), Ad: *v, Cluster: clusters[id], FirstSeen: v.SeenAt, RemovedAt: removed, Labels: labels[id]}
				d.Current = v.ContentSHA256 == last.ContentSHA256
				docs[v.ContentSHA256] = d
			}
			d.LastSeen = v.SeenAt
			d.Sightings++
		}
		for _, d := range docs {
			out = append(out, *d)
		}
	}
	slices.SortFunc(out, byID)
	return out
}

func byID(a, b ad.Document) int { return cmp.Compare(a.ID, b.ID) }

// strongest is the order of search.ByLead.
func strongest(a, b ad.Document) int {
	score := func(d ad.Document) float64 {
		if d.Ad.Lead == nil {
			return 0
		}
		return d.Ad.Lead.Score
	}
	return cmp.Or(cmp.Compare(score(b), score(a)), newest(a, b))
}

// newest is the order of search.ByNewest.
func newest(a, b ad.Document) int {
	return cmp.Or(b.LastSeen.Compare(a.LastSeen), cmp.Compare(a.ID, b.ID))
}
