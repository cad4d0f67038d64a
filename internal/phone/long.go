package phone

import (
	"unicode/utf8"

	"vigil.example/internal/ad"
)

// A long text is read through a window, so that the space that reading takes does
// not grow with it: what is known of a chunk takes many times the chunk's bytes.
// Every number is read in a window that shows at least apron code points on both
// sides of its beginning.
const (
	window = 1 << 16 // bytes
	apron  = 1 << 11 // code points; a window has four times as many at the least
)

// readLong is Read for a text of more than a window.
func readLong(s string, o Options) []ad.Phone {
	var out []ad.Phone
	at, cp := 0, 0 // where the window begins, in bytes and code points
	from := 0      // numbers before this code point were read in the window before
	for {
		end := min(at+window, len(s))
		for back := 0; end < len(s) && back < utf8.UTFMax && !utf8.RuneStart(s[end]); back++ {
			end--
		}
		shown := s[at:end]
		to := cp + utf8.RuneCountInString(shown)
		if end < len(s) {
			to -= 2 * apron
		}
		for _, p := range readShort(shown, o) {
			if start := cp + p.Span.Start; start >= from && start < to {
				move(&p, cp)
				out = append(out, p)
				from = p.Span.End
			}
		}
		if end == len(s) {
			return out
		}
		from = max(from, to)
		for skip := to - apron - cp; skip > 0; skip-- {
			_, size := utf8.DecodeRuneInString(s[at:])
			at, cp = at+size, cp+1
		}
	}
}

// move shifts the spans of a number by so many code points.
func move(p *ad.Phone, by int) {
	p.Span.Start += by
	p.Span.End += by
	for i := range p.Pieces {
		p.Pieces[i].Span.Start += by
		p.Pieces[i].Span.End += by
	}
}
