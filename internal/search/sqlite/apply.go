package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"vigil.example/internal/ad"
	"vigil.example/internal/pipeline"
	"vigil.example/internal/search"
)

// statements are those of Apply, prepared once.
type statements struct {
	adIs, adGet, adNew                       *sql.Stmt
	adSeen, adMove, adRemoved                *sql.Stmt
	docGet, docNew, docSeen, docRevise       *sql.Stmt
	contentGet, contentPut                   *sql.Stmt
	traitGet, traitNew, traitPut             *sql.Stmt
	briefGet, briefPut                       *sql.Stmt
	wordsPut, wordsDrop                      *sql.Stmt
	sightingNew, removalNew, removalFirst    *sql.Stmt
	clusterGet, clusterNew, clusterSize, hub *sql.Stmt
	tally, position                          *sql.Stmt
	postPut, postDrop, blockPut              *sql.Stmt
	new                                      insertions
	all                                      []*sql.Stmt
}

func newStatements(ctx context.Context, db *sql.Conn) (*statements, error) {
	s := &statements{}
	for _, p := range []struct {
		to    **sql.Stmt
		query string
	}{
		{&s.adGet, `SELECT n, cluster, cluster_seq, first_seen, last_seen, last_version, current, removed_at, labels, label_seq FROM ad WHERE id = ?`},
		{&s.adNew, `INSERT INTO ad (id) VALUES (?)`},
		{&s.adIs, `SELECT 1 FROM ad WHERE id = ?`},
		{&s.adSeen, `UPDATE ad SET first_seen = ?, last_seen = ?, last_version = ?, current = ? WHERE n = ?`},
		{&s.adMove, `UPDATE ad SET cluster = ?, cluster_seq = ?, joined = ? WHERE n = ?`},
		{&s.adRemoved, `UPDATE ad SET removed_at = ? WHERE n = ?`},
		{&s.docGet, `SELECT n, first_seen, first_version, last_seen FROM doc WHERE id = ?`},
		{&s.docNew, `INSERT INTO doc (id, ad, first_seen, first_version, last_seen, sightings, posted, lead, trait) VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?)`},
		{&s.docSeen, `UPDATE doc SET first_seen = ?, first_version = ?, last_seen = ?, sightings = sightings + 1, posted = iif(?, ?, posted) WHERE n = ?`},
		{&s.docRevise, `UPDATE doc SET lead = ?, trait = ? WHERE n = ?`},
		{&s.contentGet, `SELECT data FROM content WHERE n = ?`},
		{&s.contentPut, `INSERT INTO content (n, data) VALUES (?, ?) ON CONFLICT (n) DO UPDATE SET data = excluded.data`},
		{&s.traitGet, `SELECT n FROM trait WHERE traits = ?`},
		{&s.traitNew, `INSERT INTO trait (traits) VALUES (?)`},
		{&s.traitPut, `UPDATE doc SET trait = ? WHERE n = ?`},
		{&s.briefGet, `SELECT docs FROM brief WHERE n = ?`},
		{&s.briefPut, `INSERT INTO brief (n, docs) VALUES (?, ?) ON CONFLICT (n) DO UPDATE SET docs = excluded.docs`},
		{&s.wordsPut, `INSERT INTO words (rowid, title, body, location, rest, exact) VALUES (?, ?, ?, ?, ?, ?)`},
		{&s.wordsDrop, `INSERT INTO words (words, rowid, title, body, location, rest, exact) VALUES ('delete', ?, ?, ?, ?, ?, ?)`},
		{&s.sightingNew, `INSERT INTO sighting (ad, seen_at, version, doc, capture, seq) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`},
		{&s.removalNew, `INSERT INTO removal (ad, at) VALUES (?, ?) ON CONFLICT DO NOTHING`},
		{&s.removalFirst, `SELECT min(at) FROM removal WHERE ad = ? AND at >= ?`},
		{&s.clusterGet, `SELECT n FROM cluster WHERE id = ?`},
		{&s.clusterNew, `INSERT INTO cluster (id) VALUES (?)`},
		{&s.clusterSize, `UPDATE cluster SET size = size + ? WHERE n = ?`},
		{&s.hub, `INSERT INTO hub (kind, value, carriers, owners, held, seq) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (kind, value) DO UPDATE
			SET carriers = excluded.carriers, owners = excluded.owners, held = excluded.held, seq = excluded.seq WHERE excluded.seq >= seq`},
		{&s.tally, `UPDATE tally SET ads = ads + ?, documents = documents + ?, sightings = sightings + ?`},
		{&s.postPut, `INSERT INTO post (at, body, n, ad, side, metro, site, m0, m1, m2, m3, author, read_by) VALUES (?, ?, ?, (SELECT ad FROM doc WHERE n = ?3), ?, ?, ?, ?, ?, ?, ?, ?, ?)`},
		{&s.blockPut, blockPut},
		{&s.postDrop, `DELETE FROM post WHERE at = ? AND body = ? AND n = ?`},
		{&s.position, `INSERT INTO position (source, seq) VALUES (?, ?) ON CONFLICT (source) DO UPDATE SET seq = max(seq, excluded.seq)`},
	} {
		var err error
		if *p.to, err = s.prepare(ctx, db, p.query); err != nil {
			return nil, errors.Join(err, s.close())
		}
	}
	for _, p := range []struct {
		to    *insertion
		table string
	}{
		{&s.new.ad, "ad (id, first_seen, last_seen, last_version, current)"},
		{&s.new.doc, "doc (id, ad, first_seen, first_version, last_seen, sightings, posted, lead, trait)"},
		{&s.new.sighting, "sighting (ad, seen_at, version, doc, capture, seq)"},
		{&s.new.content, "content (data)"},
		{&s.new.post, "post (at, body, n, ad, side, metro, site, m0, m1, m2, m3, author, read_by)"},
	} {
		var err error
		if *p.to, err = s.inserting(ctx, db, p.table); err != nil {
			return nil, errors.Join(err, s.close())
		}
	}
	return s, nil
}

func (s *statements) prepare(ctx context.Context, db *sql.Conn, query string) (*sql.Stmt, error) {
	st, err := db.PrepareContext(ctx, query)
	if err == nil {
		s.all = append(s.all, st)
	}
	return st, err
}

func (s *statements) close() error {
	errs := make([]error, len(s.all))
	for i, st := range s.all {
		errs[i] = st.Close()
	}
	return errors.Join(errs...)
}

// Apply makes the changes; see search.Index.
func (x *Index) Apply(ctx context.Context, source string, upTo uint64, changes []search.Change) error {
	x.writing.Lock()
	defer x.writing.Unlock()
	tx, err := x.begin(ctx)
	if err != nil {
		return x.fail("write", err)
	}
	defer func() { _ = tx.Rollback() }() // when the program fails; else it has ended
	// The driver starts a goroutine for every statement that can be cancelled; to
	// look between changes is enough and costs nothing.
	whole := context.WithoutCancel(ctx)
	b := &batch{tx: tx, st: x.st}
	done, err := b.ahead(whole, changes)
	if err != nil {
		return x.fail("write", errors.Join(err, tx.Rollback()))
	}
	defer done()
	if err := b.arrive(ctx, changes); err != nil {
		return x.fail("write", errors.Join(fmt.Errorf("%s: %w", source, err), tx.Rollback()))
	}
	for i, c := range changes {
		if b.fresh[i] {
			continue
		}
		err := ctx.Err()
		if err == nil {
			err = b.change(whole, c)
		}
		if err != nil {
			return x.fail("write", errors.Join(fmt.Errorf("change %d of %s: %w", c.Seq, source, err), tx.Rollback()))
		}
	}
	if err = b.bound(whole); err == nil {
		_, err = b.exec(whole, x.st.tally, b.ads, b.documents, b.sightings)
	}
	if err == nil {
		_, err = b.exec(whole, x.st.position, source, int64(upTo))
	}
	if err != nil {
		return x.fail("write", errors.Join(err, tx.Rollback()))
	}
	if err := tx.Commit(); err != nil {
		return x.fail("write", err)
	}
	return nil
}

// A batch is one transaction of changes, and how many things it has added.
type batch struct {
	tx                        *sql.Tx
	st                        *statements
	ads, documents, sightings int
	blocks                    map[int64]*block // whose bounds are to be widened
	briefs                    map[int64]brief  // that are to be written
	traits                    map[string]uint32
	gone                      []int64        // erased documents
	terms                     []string       // of erased documents
	labels                    []string       // of the ad of the version under way
	fresh                     []bool         // by change: it is the first version of an ad that was not known
	drafts                    <-chan []draft // of those, in runs
	draft                     draft          // of the version under way
}

func (b *batch) exec(ctx context.Context, st *sql.Stmt, args ...any) (sql.Result, error) {
	return st.ExecContext(ctx, args...)
}

func (b *batch) row(ctx context.Context, st *sql.Stmt, args ...any) *sql.Row {
	return st.QueryRowContext(ctx, args...)
}

func (b *batch) change(ctx context.Context, c search.Change) error {
	if err := c.Refuse(); err != nil {
		return err
	}
	switch {
	case c.Version != nil:
		b.labels, b.draft = nil, draft{data: c.Record}
		return b.version(ctx, c.Seq, c.Version)
	case c.Removal != nil:
		return b.removal(ctx, c.Removal)
	case c.Labels != nil:
		return b.label(ctx, int64(c.Seq), c.Labels)
	}
	return b.link(ctx, c.Seq, c.Link)
}

// An adRow is the row of one ad.
type adRow struct {
	n          int64
	cluster    sql.NullInt64
	clusterSeq int64
	first      sql.NullInt64
	last       sql.NullInt64
	version    any // of the sighting at last
	current    sql.NullInt64
	removed    sql.NullInt64
	labels     sql.NullString
	labelSeq   int64
}

// known returns the row of an ad, or sql.ErrNoRows.
func (b *batch) known(ctx context.Context, id string) (a adRow, err error) {
	err = b.row(ctx, b.st.adGet, key(id)).Scan(&a.n, &a.cluster, &a.clusterSeq, &a.first, &a.last, &a.version, &a.current, &a.removed, &a.labels, &a.labelSeq)
	return a, err
}

// ad returns the row of an ad; one that is new has no document.
func (b *batch) ad(ctx context.Context, id string) (adRow, error) {
	a, err := b.known(ctx, id)
	if !errors.Is(err, sql.ErrNoRows) {
		return a, err
	}
	r, err := b.exec(ctx, b.st.adNew, key(id))
	if err != nil {
		return a, err
	}
	a.n, err = r.LastInsertId()
	return a, err
}

// version adds one sighting of one content of an ad.
func (b *batch) version(ctx context.Context, seq uint64, v *ad.Ad) error {
	seen, id := v.SeenAt.UnixMicro(), key(v.VersionID)
	a, err := b.known(ctx, v.AdID)
	if err != nil {
		return err
	}
	b.labels = strings.Fields(a.labels.String)
	doc := docRow{id: key(ad.DocumentID(v.AdID, v.ContentSHA256))}
	err = b.row(ctx, b.st.docGet, doc.id).Scan(&doc.n, &doc.first, &doc.version, &doc.last)
	known := err == nil
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if !known {
		if doc.n, err = b.document(ctx, doc.id, a.n, v); err != nil {
			return err
		}
	}
	r, err := b.exec(ctx, b.st.sightingNew, a.n, seen, id, doc.n, key(v.CaptureID), int64(seq))
	if err != nil {
		return err
	}
	switch fresh, err := r.RowsAffected(); {
	case err != nil:
		return err
	case fresh == 0 && !known:
		return pipeline.Permanent(errors.New("the version is known with another content"))
	case fresh == 0 && v.Decided > 0: // perhaps read again, after a decision
		return b.revise(ctx, doc, v)
	case fresh == 0: // delivered again
		return nil
	}
	b.sightings++
	if known {
		err = b.seenAgain(ctx, doc, v)
	} else {
		b.documents++
		err = b.store(ctx, doc.n, v)
	}
	if err != nil {
		return err
	}
	return b.adSeen(ctx, a, doc.n, seen, id)
}

// document adds the row of a document of the ad in row adN, and gives its number.
func (b *batch) document(ctx context.Context, id any, adN int64, v *ad.Ad) (int64, error) {
	seen, posted := v.SeenAt.UnixMicro(), micros(v.PostedAt)
	trait, err := b.trait(ctx, search.Traits(v, b.labels))
	if err != nil {
		return 0, err
	}
	r, err := b.exec(ctx, b.st.docNew, id, adN, seen, key(v.VersionID), seen, posted, leadOf(v), trait)
	if err != nil {
		return 0, err
	}
	n, err := r.LastInsertId()
	if err != nil {
		return 0, err
	}
	b.widen(n, seen, seen, posted)
	return n, b.note(ctx, n, trait, seen)
}

// A docRow is what Apply needs of the row of one document.
type docRow struct {
	n       int64
	id      any
	first   int64
	version any // of the sighting at first
	last    int64
}

// seenAgain counts one more sighting of a document.
func (b *batch) seenAgain(ctx context.Context, d docRow, v *ad.Ad) error {
	seen, id := v.SeenAt.UnixMicro(), key(v.VersionID)
	earlier := seen < d.first || seen == d.first && idOf(id) < idOf(d.version)
	if earlier {
		d.first, d.version = seen, id
	}
	before := d.last
	d.last = max(d.last, seen)
	b.widen(d.n, d.first, d.last, micros(v.PostedAt))
	if _, err := b.exec(ctx, b.st.docSeen, d.first, d.version, d.last, earlier, micros(v.PostedAt), d.n); err != nil {
		return err
	}
	if dayOf(d.last) != dayOf(before) {
		if err := b.note(ctx, d.n, 0, d.last); err != nil {
			return err
		}
	}
	if !earlier && v.Decided == 0 {
		return nil
	}
	return b.revise(ctx, d, v)
}

// counts reports whether one reading of a document counts rather than another: it
// knew more decisions about the ad, or as many and is of an earlier sighting.
func counts(v, before *ad.Ad) bool {
	if v.Decided != before.Decided {
		return v.Decided > before.Decided
	}
	return cmp.Or(v.SeenAt.Compare(before.SeenAt), strings.Compare(v.VersionID, before.VersionID)) < 0
}

// leadOf is the score by which leads are ordered.
func leadOf(v *ad.Ad) float64 {
	if v.Lead == nil {
		return 0
	}
	return v.Lead.Score
}

// store writes the content of a new document.
func (b *batch) store(ctx context.Context, n int64, v *ad.Ad) error {
	if err := b.draft.complete(v); err != nil {
		return err
	}
	if _, err := b.exec(ctx, b.st.contentPut, n, b.draft.data); err != nil {
		return err
	}
	if counted(v) {
		if err := b.post(ctx, n, v); err != nil {
			return err
		}
	}
	return b.words(ctx, b.st.wordsPut, n, b.draft.row)
}

// revise puts a reading of a document in the place of the one that is there, if it
// counts rather than that. Tokens are written anew only when they differ.
func (b *batch) revise(ctx context.Context, d docRow, v *ad.Ad) error {
	var old []byte
	n := d.n
	if err := b.row(ctx, b.st.contentGet, n).Scan(&old); err != nil {
		return err
	}
	before, err := ad.Decode[ad.Ad](old)
	if err != nil || !counts(v, &before) {
		return err
	}
	if err := b.draft.complete(v); err != nil {
		return err
	}
	trait, err := b.trait(ctx, search.Traits(v, b.labels))
	if err != nil {
		return err
	}
	if _, err := b.exec(ctx, b.st.docRevise, leadOf(v), trait, n); err != nil {
		return err
	}
	if err := b.note(ctx, n, trait, d.last); err != nil {
		return err
	}
	if _, err := b.exec(ctx, b.st.contentPut, n, b.draft.data); err != nil {
		return err
	}
	if err := b.unpost(ctx, n, &before); err != nil {
		return err
	}
	if counted(v) {
		err = b.post(ctx, n, v)
	}
	had := newRow(&before)
	if err != nil || had == b.draft.row {
		return err
	}
	if err := b.words(ctx, b.st.wordsDrop, n, had); err != nil {
		return err
	}
	return b.words(ctx, b.st.wordsPut, n, b.draft.row)
}

// words puts in the tokens of a document, or takes them out: they must then be the
// ones that were put in.
func (b *batch) words(ctx context.Context, st *sql.Stmt, n int64, r row) error {
	_, err := b.exec(ctx, st, n, r.title, r.body, r.location, r.rest, r.exact)
	return err
}

// adSeen updates an ad for a sighting: the newest one says what is current, ties
// going by version id.
func (b *batch) adSeen(ctx context.Context, a adRow, doc, seen int64, version any) error {
	if !a.current.Valid {
		b.ads++
	}
	if !a.current.Valid && a.cluster.Valid {
		if _, err := b.exec(ctx, b.st.clusterSize, 1, a.cluster); err != nil {
			return err
		}
	}
	newer := !a.current.Valid || seen > a.last.Int64 || seen == a.last.Int64 && idOf(version) > idOf(a.version)
	earlier := !a.current.Valid || seen < a.first.Int64
	if !newer && !earlier {
		return nil
	}
	if newer {
		a.last, a.version, a.current = sql.NullInt64{Int64: seen, Valid: true}, version, sql.NullInt64{Int64: doc, Valid: true}
	}
	if earlier {
		a.first = sql.NullInt64{Int64: seen, Valid: true}
	}
	if _, err := b.exec(ctx, b.st.adSeen, a.first, a.last, a.version, a.current, a.n); err != nil {
		return err
	}
	if newer && a.removed.Valid {
		return b.removed(ctx, a)
	}
	return nil
}

func (b *batch) removal(ctx context.Context, r *search.Removal) error {
	a, err := b.ad(ctx, r.AdID)
	if err != nil {
		return err
	}
	if _, err := b.exec(ctx, b.st.removalNew, a.n, r.At.UnixMicro()); err != nil {
		return err
	}
	return b.removed(ctx, a)
}

// removed marks an ad with the first removal that no sighting follows.
func (b *batch) removed(ctx context.Context, a adRow) error {
	const ever = -1 << 63
	since := int64(ever)
	if a.last.Valid {
		since = a.last.Int64
	}
	var at sql.NullInt64
	if err := b.row(ctx, b.st.removalFirst, a.n, since).Scan(&at); err != nil || at == a.removed {
		return err
	}
	_, err := b.exec(ctx, b.st.adRemoved, at, a.n)
	return err
}
