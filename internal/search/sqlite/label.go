package sqlite

import (
	"context"
	"strings"

	"vigil.example/internal/ad"
	"vigil.example/internal/query"
	"vigil.example/internal/search"
)

// This file keeps what people call ads. A label belongs to the ad, not to what it
// says, so it stands beside the documents and is changed without writing them anew.

// label gives an ad the labels that it has now, unless a later change has given it
// others already.
func (b *batch) label(ctx context.Context, seq int64, l *ad.Labels) error {
	a, err := b.ad(ctx, l.AdID)
	if err != nil || seq < a.labelSeq {
		return err
	}
	if err := b.unlabel(ctx, a); err != nil {
		return err
	}
	for _, name := range l.Names {
		if _, err := b.tx.ExecContext(ctx, `INSERT INTO label (name, ad) VALUES (?, ?)`, name, a.n); err != nil {
			return err
		}
	}
	if _, err := b.tx.ExecContext(ctx, `UPDATE ad SET labels = ?, label_seq = ? WHERE n = ?`, strings.Join(l.Names, " "), seq, a.n); err != nil {
		return err
	}
	docs, err := numbers(ctx, b.tx, `SELECT n FROM doc WHERE ad = ?`, a.n)
	if err != nil {
		return err
	}
	for _, n := range docs {
		var traits string
		var last int64
		if err := b.tx.QueryRowContext(ctx, `SELECT t.traits, d.last_seen FROM doc d CROSS JOIN trait t ON t.n = d.trait WHERE d.n = ?`, n).Scan(&traits, &last); err != nil {
			return err
		}
		trait, err := b.trait(ctx, search.Relabelled(traits, l.Names))
		if err != nil {
			return err
		}
		if _, err := b.exec(ctx, b.st.traitPut, trait, n); err != nil {
			return err
		}
		if err := b.note(ctx, n, trait, last); err != nil {
			return err
		}
	}
	return nil
}

// unlabel takes an ad out of the list of its labels.
func (b *batch) unlabel(ctx context.Context, a adRow) error {
	for name := range strings.FieldsSeq(a.labels.String) {
		if _, err := b.tx.ExecContext(ctx, `DELETE FROM label WHERE name = ? AND ad = ?`, name, a.n); err != nil {
			return err
		}
	}
	return nil
}

// labelled asks for ads by their labels, for any label with has:label.
func labelled(f query.Field) cond {
	if f.Labelled() {
		return cond{sql: "d.ad IN (SELECT ad FROM label)"}
	}
	c := cond{sql: "d.ad IN (SELECT ad FROM label WHERE name IN (" + marks(len(f.Values)) + "))"}
	for _, v := range f.Values {
		c.args = append(c.args, v)
	}
	return c
}
