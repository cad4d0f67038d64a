package sqlite

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/search"
)

var _ search.Counter = (*Index)(nil)

// postSchema holds one row for each document that offers or seeks somebody's paid
// time, so that counting 100,000 ads is not reading them.
const postSchema = `
CREATE TABLE post (
	at      INTEGER NOT NULL, -- microseconds since 1970
	body    INTEGER NOT NULL, -- hash of the words
	n       INTEGER NOT NULL, -- doc.n
	ad      INTEGER NOT NULL, -- ad.n
	side    TEXT NOT NULL,
	metro   TEXT NOT NULL,
	site    TEXT NOT NULL,
	m0 INTEGER NOT NULL, m1 INTEGER NOT NULL, m2 INTEGER NOT NULL, m3 INTEGER NOT NULL,
	author  INTEGER NOT NULL,
	read_by TEXT NOT NULL,
	PRIMARY KEY (at, body, n)
) WITHOUT ROWID;
`

// sureMetro is the confidence from which a place is counted, sureAuthor that from
// which a contact is an author's.
const (
	sureMetro  = .5
	sureAuthor = .5
)

// counted reports whether an ad is one of those that are counted.
func counted(v *ad.Ad) bool {
	return v.Side != nil && v.Side.Side != ad.SideOther && v.Via == ad.ViaCrawl
}

// A post is a row of what counting needs of a document.
type post struct {
	at, body int64
	rest     []any // behind ad
}

func postOf(v *ad.Ad) *post {
	at := v.PostedAt
	if at.IsZero() || at.After(v.SeenAt) {
		at = v.SeenAt
	}
	metro := ""
	for _, p := range v.Places {
		if p.Metro != "" && p.Confidence >= sureMetro {
			metro = p.Metro
			break
		}
	}
	author := int64(0)
	if vs := v.Values(sureAuthor); len(vs) > 0 {
		author = hashOf(vs[0].Kind, vs[0].Value)
	}
	var m [4]int64
	for i, h := range v.Signature[:min(4, len(v.Signature))] {
		m[i] = int64(h)
	}
	return &post{at.UnixMicro(), hashOf(v.Title, v.Body), []any{v.Side.Side, metro, v.Site, m[0], m[1], m[2], m[3], author, v.EnrichedBy}}
}

// post notes what counting needs of a document that is counted.
func (b *batch) post(ctx context.Context, n int64, v *ad.Ad) error {
	p := postOf(v)
	_, err := b.exec(ctx, b.st.postPut, append([]any{p.at, p.body, n}, p.rest...)...)
	return err
}

// unpost takes out what post noted of a document as it was.
func (b *batch) unpost(ctx context.Context, n int64, before *ad.Ad) error {
	if !counted(before) {
		return nil
	}
	p := postOf(before)
	r, err := b.exec(ctx, b.st.postDrop, p.at, p.body, n)
	if err != nil {
		return err
	}
	if gone, err := r.RowsAffected(); err != nil || gone > 0 {
		return err
	}
	return b.unposted(ctx, []int64{n}) // it was noted of another reading than the one kept
}

// unposted takes out all that was noted of documents, in whatever way they were read: it
// looks at all posts.
func (b *batch) unposted(ctx context.Context, docs []int64) error {
	if len(docs) == 0 {
		return nil
	}
	list, err := json.Marshal(docs)
	if err == nil {
		_, err = b.tx.ExecContext(ctx, `DELETE FROM post WHERE n IN (SELECT value FROM json_each(?))`, string(list))
	}
	return err
}

func hashOf(parts ...string) int64 {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return int64(binary.BigEndian.Uint64(h.Sum(nil)))
}

// Posts gives what there is to count; see search.Counter.
func (x *Index) Posts(ctx context.Context, f func(search.Post)) error {
	if err := x.posts(ctx, f); err != nil {
		return x.fail("count", err)
	}
	return nil
}

func (x *Index) posts(ctx context.Context, f func(search.Post)) (err error) {
	if err := x.present(); err != nil {
		return err
	}
	rows, err := x.read.QueryContext(ctx, `SELECT side, metro, site, at, ad, body, m0, m1, m2, m3, author, read_by FROM post ORDER BY at, body`)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var p search.Post
		var at, adN, text, author int64
		var m [4]int64
		if err := rows.Scan(&p.Side, &p.Metro, &p.Site, &at, &adN, &text, &m[0], &m[1], &m[2], &m[3], &author, &p.ReadBy); err != nil {
			return err
		}
		p.At, p.Ad, p.Text, p.Author = time.UnixMicro(at).UTC(), uint64(adN), uint64(text), uint64(author)
		for i, h := range m {
			p.Signature[i] = uint64(h)
		}
		f(p)
	}
	return rows.Err()
}
