// Package sqlite is the index in one file: documents, their history, clusters and
// an FTS5 table of tokens, in SQLite without cgo. Changes come in by Apply, in
// one durable transaction each; answers go out from read-only connections that
// see whole transactions. It never tokenises or folds: that happens in package
// text, for every engine alike, and FTS5 is given tokens that its tokenizer
// leaves alone. Its errors hold no value and no query.
package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"vigil.example/internal/ad"
	"vigil.example/internal/search"
)

var _ search.Index = (*Index)(nil)

const (
	// application marks the file as an index of Vigil ("Vgil").
	application = 0x5667696c
	// version is the layout of the file. Raise it with every change of the schema
	// or of what text.Tokens, query.Texts, query.Exact, search.Traits, postOf, counted or newRow give: the index is rebuilt.
	version = 11
)

// schema is the layout. Times are microseconds since 1970, null when not known.
// Ids of 128 bits are kept as 16 bytes. Rows of ad may stand without a document:
// a removal or a move can arrive before the ad does.
const schema = `
-- One row: which file this is, and who may write.
CREATE TABLE life (id TEXT NOT NULL, epoch INTEGER NOT NULL);
CREATE TABLE position (source TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE ad (
	n            INTEGER PRIMARY KEY,
	id           NOT NULL UNIQUE,
	cluster      INTEGER,           -- cluster.n
	cluster_seq  INTEGER NOT NULL DEFAULT 0,
	joined       BLOB,              -- the edge that joins it to the cluster, as JSON
	first_seen   INTEGER,
	last_seen    INTEGER,
	last_version,                   -- of the sighting at last_seen
	current      INTEGER,           -- doc.n of the newest content
	removed_at   INTEGER,           -- first removal since last_seen
	labels       TEXT,              -- with spaces between them, as in label
	label_seq    INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE label (name TEXT NOT NULL, ad INTEGER NOT NULL, PRIMARY KEY (name, ad)) WITHOUT ROWID;
CREATE INDEX ad_cluster ON ad (cluster, last_seen) WHERE cluster IS NOT NULL;
CREATE INDEX ad_removed ON ad (removed_at) WHERE removed_at IS NOT NULL AND current IS NOT NULL;

CREATE TABLE doc (
	n             INTEGER PRIMARY KEY,
	id            NOT NULL UNIQUE,
	ad            INTEGER NOT NULL, -- ad.n
	first_seen    INTEGER NOT NULL,
	first_version NOT NULL,         -- of the sighting at first_seen, whose ad is in content
	last_seen     INTEGER NOT NULL,
	sightings     INTEGER NOT NULL,
	posted        INTEGER,
	lead          REAL NOT NULL,    -- score, 0 for none
	trait         INTEGER NOT NULL  -- trait.n
);
CREATE INDEX doc_ad ON doc (ad);
-- Newest first is from its end, where what is new is put in. The third is for seen:, without the row.
CREATE INDEX doc_newest ON doc (last_seen, id DESC, first_seen);
CREATE INDEX doc_posted ON doc (posted) WHERE posted IS NOT NULL;
CREATE TABLE content (n INTEGER PRIMARY KEY, data BLOB NOT NULL);

CREATE TABLE sighting (
	ad INTEGER NOT NULL, seen_at INTEGER NOT NULL, version NOT NULL,
	doc INTEGER NOT NULL, capture NOT NULL, seq INTEGER NOT NULL,
	PRIMARY KEY (ad, seen_at, version)
) WITHOUT ROWID;
CREATE TABLE removal (ad INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (ad, at)) WITHOUT ROWID;

-- One row, so that counting 500,000 ads is not reading them.
CREATE TABLE tally (ads INTEGER NOT NULL, documents INTEGER NOT NULL, sightings INTEGER NOT NULL);
INSERT INTO tally VALUES (0, 0, 0);

CREATE TABLE cluster (n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, size INTEGER NOT NULL DEFAULT 0);
CREATE INDEX cluster_size ON cluster (size) WHERE size > 1;
CREATE TABLE hub (
	kind TEXT NOT NULL, value TEXT NOT NULL, carriers INTEGER NOT NULL, owners REAL NOT NULL,
	held INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (kind, value)
) WITHOUT ROWID;

CREATE VIRTUAL TABLE words USING fts5 (
	title, body, location, rest, exact,
	content = '', tokenize = 'ascii'
);
INSERT INTO words (words, rank) VALUES ('secure-delete', 1);
CREATE VIRTUAL TABLE vocabulary USING fts5vocab (words, row);
-- Larger and fewer segments: a tenth less work in filling, searches no slower.
INSERT INTO words (words, rank) VALUES ('hashsize', 8388608);
INSERT INTO words (words, rank) VALUES ('automerge', 8);
INSERT INTO words (words, rank) VALUES ('rank', 'bm25(4.0, 1.0, 2.0, 1.0, 0.0)');
`

// Options say how a file is opened.
type Options struct {
	ReadOnly bool   // answer only; another process may be writing
	Epoch    uint64 // of this writer; one with an older epoch than the file has seen is refused
	Beside   bool   // write beside whoever holds the file's epoch, in its name: for erasures
}

// An Index is a search.Index in one file. Several processes may have the file
// open; one of them writes at a time.
type Index struct {
	path   string
	id     string
	epoch  int64
	beside bool         // the epoch is that of the writer which was there
	file   os.FileInfo  // the file that is open
	size   atomic.Int64 // that it has had
	read   *sql.DB      // read-only connections
	most   int          // matches that are ranked

	// Of a writer. The statements belong to its one connection, which takes a
	// transaction at a time.
	writer  *sql.DB
	writing sync.Mutex
	write   *sql.Conn
	st      *statements
}

// ID is a random name that the file got when it was made.
func (x *Index) ID() string { return x.id }

// Open opens the index in the file at path, and makes it when there is none; to
// answer only, it must be there already, else the error is ad.ErrNotFound. A file
// that cannot be read as an index gives search.ErrDamaged, one of another version
// of the program search.ErrVersion; Remove it and open again to rebuild. A writer
// whose epoch is older than one that wrote before gets search.ErrFenced, here and
// in every transaction that it tries after a newer one has opened the file.
func Open(ctx context.Context, path string, o Options) (*Index, error) {
	x := &Index{path: path, epoch: int64(o.Epoch), beside: o.Beside, most: search.MaxRanked}
	// Nobody opens or closes the file but SQLite once it is there: closing it would
	// drop the locks that this process holds on it.
	_, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && o.ReadOnly:
		return nil, fmt.Errorf("open index %s: %w; whoever writes it has yet to make it", path, ad.ErrNotFound)
	case errors.Is(err, fs.ErrNotExist):
		// Made here so that only its owner may read it; SQLite gives its log the same
		// rights.
		var f *os.File
		if f, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600); err == nil {
			err = f.Close()
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open index: %w", err)
	}
	if !o.ReadOnly {
		if x.writer, err = sql.Open("sqlite", source(path, "rw", "page_size(8192)", "synchronous(full)", "cache_size(-16000)", "wal_autocheckpoint(2000)", "secure_delete(on)", "temp_store(memory)")); err != nil {
			return nil, fmt.Errorf("open index %s: %w", path, err)
		}
		if x.write, err = x.writer.Conn(ctx); err != nil {
			return nil, errors.Join(x.fail("open", err), x.Close())
		}
	}
	if x.read, err = sql.Open("sqlite", source(path, "ro", "query_only(on)", "cache_size(-8000)", "temp_store(memory)")); err != nil {
		return nil, errors.Join(fmt.Errorf("open index %s: %w", path, err), x.Close())
	}
	x.read.SetMaxOpenConns(max(4, runtime.GOMAXPROCS(0)))
	x.read.SetMaxIdleConns(4)
	if err = x.prepare(ctx); err != nil {
		return nil, errors.Join(x.fail("open", err), x.Close())
	}
	return x, nil
}

// source names the file for the driver.
func source(path, mode string, pragmas ...string) string {
	v := url.Values{"mode": {mode}, "_txlock": {"immediate"}}
	if mode == "ro" {
		v.Set("_txlock", "deferred")
	}
	for _, p := range append([]string{"busy_timeout(30000)"}, pragmas...) {
		v.Add("_pragma", p)
	}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath(), RawQuery: v.Encode()}).String()
}

// prepare makes or checks the layout, and looks into each part of the file, so
// that most damage shows now and not at night.
func (x *Index) prepare(ctx context.Context) error {
	db := queryer(x.read)
	if x.write != nil {
		db = x.write
	}
	var app, v, tables int
	row := db.QueryRowContext(ctx, `SELECT a.application_id, v.user_version, (SELECT count(*) FROM sqlite_schema)
		FROM pragma_application_id a, pragma_user_version v`)
	if err := row.Scan(&app, &v, &tables); err != nil {
		return err
	}
	switch {
	case tables == 0 && app == 0 && v == 0 && x.write == nil:
		return fmt.Errorf("%w; whoever writes it has yet to fill it", ad.ErrNotFound)
	case tables == 0 && app == 0 && v == 0:
		if err := x.create(ctx); err != nil {
			return err
		}
	case app != application:
		return fmt.Errorf("%w: this is another program's database", search.ErrDamaged)
	case v != version:
		return fmt.Errorf("%w: it is %d, this program reads %d", search.ErrVersion, v, version)
	}
	for _, q := range []string{
		`SELECT count(*) FROM position`,
		`SELECT (SELECT max(n) FROM ad), (SELECT max(n) FROM doc), (SELECT max(ad) FROM sighting), (SELECT max(n) FROM cluster)`,
		`SELECT length(data) FROM content WHERE n = (SELECT max(n) FROM content)`,
		`SELECT rowid FROM words WHERE words MATCH '"vigil"' LIMIT 1`,
	} {
		rows, err := db.QueryContext(ctx, q)
		if err != nil {
			return err
		}
		for rows.Next() {
			continue
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return err
		}
	}
	var err error
	if x.file, err = os.Stat(x.path); err != nil {
		return err
	}
	if x.write != nil {
		if x.st, err = newStatements(ctx, x.write); err != nil {
			return err
		}
		if err := x.claim(ctx); err != nil {
			return err
		}
	}
	return db.QueryRowContext(ctx, `SELECT id FROM life`).Scan(&x.id)
}

// create writes the layout. Write-ahead logging lets answers be given while
// changes are made; it must be chosen outside of a transaction.
func (x *Index) create(ctx context.Context) error {
	if _, err := x.write.ExecContext(ctx, `PRAGMA journal_mode = wal`); err != nil {
		return err
	}
	tx, err := x.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	var tables int
	err = tx.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema`).Scan(&tables)
	if err == nil && tables == 0 { // else another process was first
		_, err = tx.ExecContext(ctx, schema+postSchema+blockSchema+briefSchema+fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d;", application, version))
		if err == nil {
			_, err = tx.ExecContext(ctx, `INSERT INTO life (id, epoch) VALUES (?, ?)`, rand.Text(), x.epoch)
		}
	}
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// claim makes this the writer, unless a newer one has been there.
func (x *Index) claim(ctx context.Context) error {
	if x.beside {
		return x.write.QueryRowContext(ctx, `SELECT epoch FROM life`).Scan(&x.epoch)
	}
	tx, err := x.begin(ctx)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE life SET epoch = ? WHERE epoch < ?`, x.epoch, x.epoch); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// begin starts a transaction that writes, unless a newer writer has been there.
func (x *Index) begin(ctx context.Context) (*sql.Tx, error) {
	if x.write == nil {
		return nil, errors.New("it was opened to answer only")
	}
	if err := x.present(); err != nil {
		return nil, err
	}
	// A context that ends would have the transaction rolled back beside whoever works
	// in it, and what the prepared statements do from then on would stay: so it may end
	// the waiting for others, and nothing after that.
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, cancel)
	tx, err := x.write.BeginTx(own, nil)
	if !stop() && err == nil {
		err = errors.Join(context.Cause(ctx), tx.Rollback())
	}
	if err != nil {
		cancel()
		return nil, err
	}
	var epoch int64
	err = tx.QueryRowContext(ctx, `SELECT epoch FROM life`).Scan(&epoch)
	if err == nil && epoch > x.epoch {
		err = fmt.Errorf("%w: it is in epoch %d, this writer of epoch %d", search.ErrFenced, epoch, x.epoch)
	}
	if err != nil {
		return nil, errors.Join(err, tx.Rollback())
	}
	return tx, nil
}

// Intact reports search.ErrDamaged when the file at the path is no longer the one
// that was opened, or has lost a part. It takes about a millisecond. What is asked
// and changed sees to the same before it begins, but does not read the file anew.
func (x *Index) Intact() error {
	err := x.present()
	if err == nil {
		err = x.reread()
	}
	if err != nil {
		return x.fail("look at", err)
	}
	return nil
}

// present looks at the file from outside.
func (x *Index) present() error {
	now, err := os.Stat(x.path)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", search.ErrDamaged, err)
	case !os.SameFile(now, x.file):
		return fmt.Errorf("%w: another file has taken its place", search.ErrDamaged)
	case now.Size() < x.size.Load(): // SQLite keeps the pages that it frees
		return fmt.Errorf("%w: the file has become shorter", search.ErrDamaged)
	}
	x.size.Store(now.Size())
	return nil
}

// reread reads the beginning of the file as a stranger would.
func (x *Index) reread() error {
	db, err := sql.Open("sqlite", source(x.path, "ro"))
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	var id string
	if err := db.QueryRow(`SELECT id FROM life`).Scan(&id); err != nil {
		return err
	}
	if id != x.id {
		return fmt.Errorf("%w: another index stands in the file", search.ErrDamaged)
	}
	return nil
}

// Check reads the whole file and reports search.ErrDamaged when any of it is not
// as it was written. Others can read and write meanwhile. It takes tens of
// seconds for 500,000 ads; ctx ends it.
func (x *Index) Check(ctx context.Context) error {
	var result string
	if err := x.read.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&result); err != nil {
		return x.fail("check", err)
	}
	if result != "ok" {
		return x.fail("check", search.ErrDamaged)
	}
	return nil
}

// Close closes the file.
func (x *Index) Close() error {
	var errs []error
	if x.st != nil {
		errs = append(errs, x.st.close())
	}
	if x.write != nil {
		errs = append(errs, x.write.Close())
	}
	for _, db := range []*sql.DB{x.read, x.writer} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// Remove deletes the index at path, so that Open makes a new one. The index must
// be closed.
func Remove(path string) error {
	for _, suffix := range []string{"-wal", "-shm", "-journal", ""} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove index: %w", err)
		}
	}
	return nil
}
