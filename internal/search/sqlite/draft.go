package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"vigil.example/internal/ad"
	"vigil.example/internal/search"
)

// A draft is what is written of a version and takes work that needs no file.
type draft struct {
	of   int    // which change
	data []byte // the ad as JSON
	row  row

	// Of an ad that is not known, as they are stored.
	ad, version, doc, capture any
	seen                      int64
	posted                    any
	lead                      float64
	traits                    string
	post                      *post // nil when it is not counted

	done bool
	err  error
}

// complete works out what is missing.
func (d *draft) complete(v *ad.Ad) error {
	if d.done {
		return d.err
	}
	d.done = true
	if d.data == nil {
		if d.data, d.err = json.Marshal(v); d.err != nil {
			return d.err
		}
	}
	d.row = newRow(v)
	return nil
}

// newDraft is the draft of a version of an ad that is not known.
func newDraft(of int, c search.Change) draft {
	v := c.Version
	d := draft{of: of, data: c.Record, ad: key(v.AdID), version: key(v.VersionID), capture: key(v.CaptureID),
		doc: key(ad.DocumentID(v.AdID, v.ContentSHA256)), seen: v.SeenAt.UnixMicro(), posted: micros(v.PostedAt),
		lead: leadOf(v), traits: search.Traits(v, nil)}
	if counted(v) {
		d.post = postOf(v)
	}
	_ = d.complete(v) // it keeps the error
	return d
}

// drafted is a draft beside the writer. One over which the program fails is left to
// the writer: it fails where it is heard, and the ad becomes a dead letter.
func drafted(of int, c search.Change) (d draft) {
	defer func() {
		if recover() != nil {
			d = draft{of: of, data: c.Record}
		}
	}()
	return newDraft(of, c)
}

// waiting is how many runs of drafts may wait for the writer.
const waiting = 2

// ahead begins to draft, beside the writer, the versions of ads that are not known.
// Of the others most are seen again as they were, and need none. done ends it.
func (b *batch) ahead(ctx context.Context, changes []search.Change) (done func(), err error) {
	b.fresh = make([]bool, len(changes))
	var fresh []int
	met := make(map[string]bool, len(changes))
	for i, c := range changes {
		if c.Version == nil || c.Refuse() != nil || met[c.Version.AdID] {
			continue
		}
		met[c.Version.AdID] = true
		var is int
		err := b.row(ctx, b.st.adIs, key(c.Version.AdID)).Scan(&is)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return nil, err
		}
		if err != nil {
			b.fresh[i], fresh = true, append(fresh, i)
		}
	}
	out, quit, ended := make(chan []draft, waiting), make(chan struct{}), make(chan struct{})
	b.drafts = out
	go func() {
		defer close(ended)
		defer close(out)
		for len(fresh) > 0 {
			run := make([]draft, min(together, len(fresh)))
			for i := range run {
				run[i] = drafted(fresh[i], changes[fresh[i]])
			}
			select {
			case out <- run:
				fresh = fresh[len(run):]
			case <-quit:
				return
			}
		}
	}()
	return func() { close(quit); <-ended }, nil
}
