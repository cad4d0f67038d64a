package bench

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/search"
)

const page = 20 // documents of a page

// A kind is one kind of search.
type kind struct {
	name   string
	sort   search.Sort
	survey bool // facets and a histogram in place of a page
	order  string
	make   func(*prose) asked
}

// An asked is one query: as a person types it, and as somebody who knows the file
// writes it by hand.
type asked struct {
	typed string
	match string // of FTS5; "" when there is none by hand
	where string // on doc AS d
	args  []any
}

const (
	byRank   = "words.rank"
	byNewest = "d.last_seen DESC, d.id"
)

// kinds are what is measured, by how many ads there are.
func kinds(ads int) []kind {
	frequent := func(p *prose) string { return word(p.IntN(4)) }
	number := func(p *prose) asked {
		n := p.number()
		return asked{typed: n[2:5] + "-" + n[5:8] + "-" + n[8:], match: fmt.Sprintf("\"\ue100phone\ue100\ue02b%s\" OR \"%s %s %s\"", n[1:], n[2:5], n[5:8], n[8:])}
	}
	one := func(rank func(*prose) int) func(*prose) asked {
		return func(p *prose) asked { w := word(rank(p)); return asked{typed: w, match: quoted(w)} }
	}
	rare := func(p *prose) int { return 2000 + p.IntN(18000) }
	often := func(p *prose) int { return p.IntN(4) }
	return []kind{
		{name: "number", order: byNewest, make: number},
		{name: "rare word", order: byRank, make: one(rare)},
		{name: "frequent word", order: byRank, make: one(often)},
		{name: "frequent word, newest first", order: byNewest, sort: search.ByNewest, make: one(often)},
		{name: "two words", order: byRank, make: func(p *prose) asked {
			v, w := word(p.IntN(50)), word(50+p.IntN(500))
			return asked{typed: v + " " + w, match: quoted(v) + " AND " + quoted(w)}
		}},
		{name: "two frequent words, OR", order: byRank, make: func(p *prose) asked {
			v, w := frequent(p), word(4+p.IntN(4))
			return asked{typed: v + " OR " + w, match: quoted(v) + " OR " + quoted(w)}
		}},
		{name: "phrase of frequent words", order: byRank, make: func(p *prose) asked {
			s := frequent(p) + " " + word(4+p.IntN(4))
			return asked{typed: quoted(s), match: quoted(s)}
		}},
		{name: "two words close by", order: byRank, make: func(p *prose) asked {
			v, w := word(p.IntN(20)), word(20+p.IntN(50))
			return asked{typed: quoted(v+" "+w) + "~4", match: fmt.Sprintf(`{title body location rest} : NEAR("%s" "%s", 4)`, v, w)}
		}},
		{name: "prefix", order: byRank, make: func(p *prose) asked {
			w := word(90 + p.IntN(vocabulary-90))[:4]
			return asked{typed: w + "*", match: quoted(w) + " *"}
		}},
		{name: "word and date", order: byRank, make: func(p *prose) asked {
			w, from := frequent(p), proseBegan.Add(time.Duration(p.IntN(ads))*time.Minute).Truncate(24*time.Hour)
			to := from.AddDate(0, 0, 30)
			return asked{typed: fmt.Sprintf("%s first:%s..%s", w, from.Format(time.DateOnly), to.AddDate(0, 0, -1).Format(time.DateOnly)), match: quoted(w),
				where: "d.first_seen >= ? AND d.first_seen < ?", args: []any{from.UnixMicro(), to.UnixMicro()}}
		}},
		{name: "word near a place", order: byRank, make: func(p *prose) asked {
			w := word(p.IntN(200))
			return asked{typed: "near:Austin " + w}
		}},
		{name: "facets of a number", survey: true, make: number},
		{name: "facets of a frequent word", survey: true, make: one(often)},
		{name: "facets of a rare word", survey: true, make: one(rare)},
	}
}

func quoted(s string) string { return `"` + s + `"` }

// hand asks as somebody would who writes SQL for this one question: how many match,
// and a page of them, decoded; or the values of facets of all of them, counted.
func (s *searching) hand(ctx context.Context, k kind, q asked) (total int, err error) {
	tx, err := s.raw.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, tx.Rollback()) }()
	from, where, args := "words", "words MATCH ?", append([]any{q.match}, q.args...)
	if q.where != "" {
		from, where = from+" CROSS JOIN doc d ON d.n = words.rowid", where+" AND "+q.where
	}
	if k.survey {
		return handSurvey(ctx, tx, from+" CROSS JOIN doc d ON d.n = words.rowid", where, args)
	}
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM "+from+" WHERE "+where, args...).Scan(&total); err != nil {
		return 0, err
	}
	if k.order == byNewest {
		from = "words CROSS JOIN doc d ON d.n = words.rowid"
	}
	rows, err := tx.QueryContext(ctx, "SELECT (SELECT data FROM content WHERE n = words.rowid) FROM "+from+" WHERE "+where+" ORDER BY "+k.order+" LIMIT ?", append(args, page)...)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var data sql.RawBytes
		var a ad.Ad
		if err := rows.Scan(&data); err != nil {
			return 0, err
		}
		if err := json.Unmarshal(data, &a); err != nil {
			return 0, err
		}
	}
	return total, rows.Err()
}

// handSurvey counts the values of facets row by row.
func handSurvey(ctx context.Context, tx *sql.Tx, from, where string, args []any) (total int, err error) {
	rows, err := tx.QueryContext(ctx, "SELECT t.traits, d.last_seen FROM "+from+" CROSS JOIN trait t ON t.n = d.trait WHERE "+where, args...)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	traits, weeks := map[string]int{}, map[int64]int{}
	for rows.Next() {
		var t string
		var seen int64
		if err := rows.Scan(&t, &seen); err != nil {
			return 0, err
		}
		total++
		traits[t]++
		weeks[seen/(7*24*time.Hour).Microseconds()]++
	}
	values := map[string]int{}
	for t, n := range traits {
		for _, v := range strings.FieldsFunc(t, func(r rune) bool { return r < ' ' }) {
			values[v] += n
		}
	}
	return total, rows.Err()
}
