package contact

import (
	"strings"
	"unicode"
)

// valid reports whether a platform gives such names.
func (r *reader) valid(platform, name string) bool {
	signs, least, most := "._-", 3, 32
	switch platform {
	case "telegram":
		signs, least = "_", 4
	case "instagram", "kik":
		signs = "._"
	case "snapchat":
		most = 20 // a few more than it gives: people add to theirs
	case "twitter":
		signs, most = "_", 15
	case "tiktok":
		signs, most = "._", 24
	case "facebook":
		signs, least, most = ".", 5, 50
	case "discord":
		name, _, _ = strings.Cut(name, "#")
		signs = "._"
	case "wechat":
		signs, least, most = "_-", 5, 20
	case "line":
		least, most = 4, 20
	case "threema":
		return len(name) == 8 && alphanumeric(name)
	case "session":
		return len(name) == 66 && name[:2] == "05" && strings.Trim(name, "0123456789abcdef") == ""
	case "signal":
		dot := strings.LastIndexByte(name, '.')
		return dot >= 3 && len(name)-dot >= 3 && len(name)-dot <= 10 && strings.Trim(name[dot+1:], "0123456789") == "" && strings.Trim(name[:dot], "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
	}
	if len(name) < least || len(name) > most || strings.Trim(name, "0123456789_.-") == "" {
		return false
	}
	return alphanumeric(strings.Map(func(c rune) rune {
		if strings.ContainsRune(signs, c) {
			return -1
		}
		return c
	}, name))
}

func alphanumeric(s string) bool {
	return strings.IndexFunc(s, func(c rune) bool { return !wordly(c) }) < 0
}

// generic reports whether a name is made of words that are no one's name. Digits
// beside one are no name either, unless an underscore ties them.
func generic(name string) bool {
	for part := range strings.FieldsFuncSeq(name, func(c rune) bool { return !wordly(c) }) {
		if _, platform := aliases[part]; !platform && !common[part] && (strings.Contains(name, "_") || strings.Trim(part, "0123456789") != "") {
			return false
		}
	}
	return true
}

// likely reports whether a name can hardly be a word: digits or an underscore among
// letters, and no measure ("24hrs") or file.
func likely(name string) bool {
	if name[0] >= '0' && name[0] <= '9' {
		return strings.ContainsAny(name, "_")
	}
	return !file(name) && strings.ContainsAny(name, "0123456789_")
}

func file(name string) bool {
	switch name[strings.LastIndexByte(name, '.')+1:] {
	case "jpg", "jpeg", "png", "gif", "webp", "heic", "mp4", "mov", "pdf", "html", "com", "net", "org", "example", "test":
		return strings.Contains(name, ".")
	}
	return false
}

// sure returns how sure it is that a platform, what ties it to a name, and the name
// belong together; 0 when they do not. The name ends before glyph hi.
func (r *reader) sure(m mention, t tie, name string, hi int) float64 {
	if !r.valid(m.platform.name, name) || generic(name) || m.shy && !r.bold(m, t, name) {
		return 0
	}
	id := likely(name)
	told := t.colon || t.quoted || t.named
	switch m.platform.name {
	case "session", "signal":
		return .9
	case "threema":
		if !told && !t.at || !strings.ContainsAny(name, "0123456789") {
			return 0
		}
		return .85
	case "viber":
		if !t.at && !(t.colon && id) {
			return 0
		}
	}
	switch {
	case t.at && t.wide:
		if id || r.ends(hi) {
			return .8
		}
	case t.at:
		return .9
	case id && told:
		return .9
	case id && (strings.Contains(name, "_") || len(name) >= 6 && !r.near(m.from, trade)):
		return .7
	case (t.colon || t.quoted) && !m.ghost && len(name) >= 5 && !file(name) && name[0] > '9' && (r.ends(hi) || t.quoted):
		if t.named {
			return .8
		}
		if strings.Contains(name, ".") || r.camel(hi-len(name), hi) {
			return .7
		}
		return .45 // "telegram: rosegarden", but "telegram: photography" too: found, and links nothing
	}
	return 0
}

// bold reports whether a word that means other things too stands for its platform
// here.
func (r *reader) bold(m mention, t tie, name string) bool {
	upper := unicode.IsUpper(r.orig[r.seen[r.tok(m.from).lo].from])
	switch m.platform.name {
	case "twitter":
		return t.at && !t.wide && (upper || t.colon) && !common[r.word(m.from-1)] && r.word(m.from-1) != "generation"
	case "onlyfans":
		return upper && t.colon && (t.at || likely(name))
	case "snapchat":
		return (upper || strings.Contains(name, "_")) && (t.colon || t.at) && likely(name)
	case "line":
		return t.named && (upper || t.colon || likely(name)) || t.at && !t.wide && upper && !common[r.word(m.from-1)]
	case "wechat":
		return t.colon || t.at
	}
	if m.platform.name == "telegram" { // "tele"
		return t.at && !t.wide
	}
	return true // signal and session: their names are like no words
}

// ends reports whether at glyph hi no sentence goes on.
func (r *reader) ends(hi int) bool {
	k := r.after(hi)
	return !r.tok(k).word || r.tok(k).line || beside[r.word(k)] || aliases[r.word(k)].name != ""
}

// camel reports whether a capital stands inside a word of small letters, as in
// names made of two words.
func (r *reader) camel(lo, hi int) bool {
	for i := max(lo+1, 1); i < hi; i++ {
		if unicode.IsUpper(r.orig[r.seen[i].from]) && unicode.IsLower(r.orig[r.seen[i-1].from]) {
			return true
		}
	}
	return false
}
