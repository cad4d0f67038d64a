package weigh

import (
	"unicode"
	"unicode/utf8"

	"vigil.example/internal/text"
)

// Words are hashed; these two stand for what varies.
const (
	numberWord = uint32(1) // digits, whatever they are: prices, times, numbers
	cityWord   = uint32(2) // the city of the ad
	breakWord  = uint32(3) // between title and body
)

// spaceless are scripts that are written without spaces: every letter is a word.
var spaceless = []*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar}

const maxWords = 400 // of an ad; what is behind them is not read

// words appends the hashed words of s to out: folded, without punctuation and
// emoji, runs of numbers as one word. Words of city become one word.
func words(out []uint32, s string, city []uint32) []uint32 {
	for i := 0; i < len(s); i++ {
		if s[i] < utf8.RuneSelf {
			continue
		}
		if r, _ := utf8.DecodeRuneInString(s[i:]); unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) || unicode.Is(unicode.Cf, r) {
			s = text.Fold(s).String()
			break
		}
	}
	start := len(out)
	h, in := uint32(offset), false
	end := func() {
		if !in {
			return
		}
		in = false
		w := mix32(h) | 8
		h = offset
		out = append(out, w)
		if n := len(city); n > 0 && len(out)-start >= n && equal(out[len(out)-n:], city) {
			out = append(out[:len(out)-n], cityWord)
		}
	}
	for _, r := range s {
		switch {
		case 'a' <= r && r <= 'z':
		case 'A' <= r && r <= 'Z':
			r += 'a' - 'A'
		case '0' <= r && r <= '9' || r >= utf8.RuneSelf && unicode.IsDigit(r):
			end()
			if len(out) == start || out[len(out)-1] != numberWord {
				out = append(out, numberWord)
			}
			continue
		case r == '\'' || r == '’':
			continue
		case r < utf8.RuneSelf || !unicode.IsLetter(r) && !unicode.IsMark(r):
			end()
			continue
		}
		in = true
		h = (h ^ uint32(r)) * prime
		if r >= 0x0e00 && unicode.In(r, spaceless...) {
			end()
		}
	}
	end()
	return out
}

const (
	offset = 2166136261
	prime  = 16777619
)

func equal(a, b []uint32) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func mix32(h uint32) uint32 {
	h ^= h >> 16
	h *= 0x85ebca6b
	h ^= h >> 13
	h *= 0xc2b2ae35
	return h ^ h>>16
}

func mix64(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// gram is the hash of n words that stand together.
func gram(ws []uint32) uint32 {
	var h uint64
	for _, w := range ws {
		h = mix64(h + uint64(w))
	}
	return uint32(h >> 16)
}
