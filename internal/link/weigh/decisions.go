package weigh

import (
	"slices"
	"strings"
)

// Decisions are what people decided about links. They hold whatever the evidence
// says. They are never changed once a stream has them.
type Decisions struct {
	Must   [][2]string     // ads of one poster
	Cannot [][2]string     // ads of different posters, oldest decision first
	Alone  [][]string      // ads of one poster and of nobody else's
	Hubs   map[string]bool // values that join nothing: kind, a space, the value in lower case

	single map[string]bool
	parted map[string][]string
}

// Ready makes decisions quick to ask.
func (d *Decisions) Ready() *Decisions {
	d.single, d.parted = map[string]bool{}, map[string][]string{}
	for _, ids := range d.Alone {
		for _, id := range ids {
			d.single[id] = true
		}
	}
	for _, two := range d.Cannot {
		d.parted[two[0]] = append(d.parted[two[0]], two[1])
		d.parted[two[1]] = append(d.parted[two[1]], two[0])
	}
	return d
}

// Barred is how Hubs names a value.
func Barred(kind, value string) string { return kind + " " + strings.ToLower(value) }

func (d *Decisions) alone(id string) bool { return d.single[id] }

func (d *Decisions) hub(v value) bool {
	return len(d.Hubs) > 0 && d.Hubs[Barred(v.kind.String(), v.name)]
}

// apart reports whether an ad must stay apart from some of which are true.
func (d *Decisions) apart(id string, are func(id string) bool) bool {
	return slices.ContainsFunc(d.parted[id], are)
}

// join has a tree of evidence begin with what people decided.
func (d *Decisions) join(t *tree, at func(id string) (int32, bool)) {
	for _, ids := range d.Alone {
		first := int32(-1)
		for _, id := range ids {
			n, ok := at(id)
			if !ok {
				continue
			}
			if first >= 0 {
				t.decided(first, n, ByAlone)
			} else {
				first = n
			}
		}
	}
	for _, two := range d.Must {
		a, ok := at(two[0])
		b, also := at(two[1])
		if ok && also && !d.single[two[0]] && !d.single[two[1]] {
			t.decided(a, b, ByMust)
		}
	}
}

// cut takes a tree apart where the evidence between ads of different posters is
// weakest.
func (d *Decisions) cut(t *tree, at func(id string) (int32, bool)) {
	for _, two := range d.Cannot {
		a, ok := at(two[0])
		b, also := at(two[1])
		if ok && also {
			t.part(a, b)
		}
	}
}
