package contact

import "strings"

// hosts maps the host of a profile link to its platform.
var hosts = map[string]string{
	"t.me": "telegram", "telegram.me": "telegram", "telegram.dog": "telegram", "instagram.com": "instagram", "instagr.am": "instagram", "ig.me": "instagram",
	"snapchat.com": "snapchat", "twitter.com": "twitter", "x.com": "twitter", "tiktok.com": "tiktok", "onlyfans.com": "onlyfans",
	"facebook.com": "facebook", "fb.com": "facebook", "fb.me": "facebook", "m.me": "facebook", "kik.me": "kik", "line.me": "line",
}

// steps are first parts of a path that a name may follow, pages those that are no
// one's profile.
var (
	steps = map[string]string{"telegram": " s ", "instagram": " stories m ", "snapchat": " add ", "line": " ti p r "}
	pages = set(`share intent home search hashtag explore p reel reels stories tv watch groups pages events addstickers joinchat proxy c i login about privacy help
		sharer sharer.php dialog channel invite discover tag video videos legal terms download t profile.php settings messages notifications accounts photo
		story.php permalink.php marketplace gaming iv setlanguage socks bg confirmphone message ads shop lens spotlight music foryou following live signup index.html`)
)

// link reads a profile link whose host begins at token k and returns the token
// after it, 0 when there is none.
func (r *reader) link(k int) int {
	if !r.tok(k).word {
		return 0
	}
	if r.sign(k+1) == ':' && r.word(k) == "tg" && r.sign(k+2) == '/' {
		return r.deep(k)
	}
	if r.sign(k+1) != '.' || r.sign(k+3) != '/' || !r.glued(k+1) || !r.glued(k+2) || !r.glued(k+3) || !r.hosted(k) {
		return 0
	}
	name, ok := hosts[r.flat[r.tok(k).lo:r.tok(k+2).hi]]
	if !ok {
		return 0
	}
	at := r.tok(k + 3).hi
	end := at
	for end < len(r.seen) && end < at+200 && (named(r.seen[end].c) || strings.ContainsRune("/@~$%", r.seen[end].c)) {
		end++
	}
	next := k + 4
	for next < len(r.toks) && (r.toks[next].lo < end || r.glued(next) && r.toks[next].lo < at+400 && !strings.ContainsRune(`"<>),;`, r.seen[r.toks[next].lo].c)) {
		next++
	}
	lo := at
	for part := range strings.SplitSeq(r.flat[at:end], "/") {
		hi := lo + len([]rune(part))
		if strings.Contains(steps[name], " "+part+" ") {
			lo = hi + 1
			continue
		}
		trimmed := strings.TrimLeft(part, "@~")
		clean := strings.TrimRight(trimmed, ".-")
		value := clean
		if strings.ContainsAny(value, "@~$%") || pages[value] || !r.valid(name, value) {
			break
		}
		r.add("handle", name+":"+value, r.tok(k).lo, hi-(len(trimmed)-len(clean)), .95)
		break
	}
	return next
}

// hosted reports whether a host may begin at token k: alone, after ://, or after
// www and the like.
func (r *reader) hosted(k int) bool {
	if !r.glued(k) {
		return true
	}
	switch c := r.sign(k - 1); {
	case c == '.' && r.glued(k-1):
		switch r.word(k - 2) {
		case "www", "m", "mobile", "web":
			return r.hosted(k - 2)
		}
		return false
	case c == '/':
		return r.sign(k-2) == '/' && r.glued(k-1)
	case named(c), c == '@', r.tok(k - 1).word:
		return false
	}
	return true
}

// deep reads tg://resolve?domain=name.
func (r *reader) deep(k int) int {
	for i := k + 3; i < k+12 && r.glued(i); i++ {
		if r.word(i) != "domain" || r.sign(i+1) != '=' {
			continue
		}
		lo, hi := r.nameAt(r.tok(i + 2).lo)
		if name := r.flat[lo:hi]; r.valid("telegram", name) {
			r.add("handle", "telegram:"+name, r.tok(k).lo, hi, .95)
		}
		return r.after(hi)
	}
	return 0
}

// after returns the first token that begins at glyph i or later.
func (r *reader) after(i int) int {
	lo, hi := 0, len(r.toks)
	for lo < hi {
		if mid := (lo + hi) / 2; r.toks[mid].lo < i {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}
