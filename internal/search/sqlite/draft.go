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
	data []byte // the ad as JSON
	row  row
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

// drafted is the draft of a version. One over which the program fails is left to the
// writer: it fails where it is heard, and the ad becomes a dead letter.
func drafted(c search.Change) (d draft) {
	defer func() {
		if recover() != nil {
			d = draft{data: c.Record}
		}
	}()
	d.data = c.Record
	_ = d.complete(c.Version) // it keeps the error
	return d
}

// waiting is how many drafts may wait for the writer.
const waiting = 64

// ahead begins to draft, beside the writer, the versions of ads that are not known.
// Of the others most are seen again as they were, and need none. done ends it.
func (b *batch) ahead(ctx context.Context, changes []search.Change) (done func(), err error) {
	b.fresh = make([]bool, len(changes))
	for i, c := range changes {
		if c.Version == nil || c.Refuse() != nil {
			continue
		}
		var is int
		err := b.row(ctx, b.st.adIs, key(c.Version.AdID)).Scan(&is)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return nil, err
		}
		b.fresh[i] = err != nil
	}
	out, quit, ended := make(chan draft, waiting), make(chan struct{}), make(chan struct{})
	b.drafts = out
	go func() {
		defer close(ended)
		for i, c := range changes {
			if !b.fresh[i] {
				continue
			}
			select {
			case out <- drafted(c):
			case <-quit:
				return
			}
		}
	}()
	return func() { close(quit); <-ended }, nil
}
