// Package contact is the enricher that reads e-mail addresses and handles of
// common platforms. A handle counts only beside the name or link of its platform,
// because a lone @name says nothing about where it leads. It fills
// Ad.Identifiers.
package contact

import (
	"context"
	"strings"

	"vigil.example/internal/ad"
	"vigil.example/internal/text"
)

// Contacts reads e-mail addresses and handles.
type Contacts struct{}

// New returns the enricher.
func New() Contacts { return Contacts{} }

// Name is the enricher's name in the table.
func (Contacts) Name() string { return "contact" }

// Enrich fills a.Identifiers.
func (Contacts) Enrich(_ context.Context, a *ad.Ad) error {
	a.Identifiers = nil
	a.Fields(func(field, s string) {
		for _, id := range Read(s) {
			id.Span.Field = field
			a.Identifiers = append(a.Identifiers, id)
		}
	})
	return nil
}

// platforms maps what an ad calls a platform to its name.
var platforms = map[string]string{
	"telegram": "telegram", "tg": "telegram", "instagram": "instagram", "insta": "instagram", "ig": "instagram",
	"snapchat": "snapchat", "snap": "snapchat", "kik": "kik", "twitter": "twitter", "tiktok": "tiktok",
	"onlyfans": "onlyfans", "wechat": "wechat", "discord": "discord", "wickr": "wickr", "facebook": "facebook", "threema": "threema",
}

// hosts maps the host of a profile link to its platform; the first segment of the
// path is the name.
var hosts = map[string]string{
	"t.me": "telegram", "telegram.me": "telegram", "instagram.com": "instagram", "www.instagram.com": "instagram",
	"snapchat.com": "snapchat", "twitter.com": "twitter", "x.com": "twitter", "tiktok.com": "tiktok", "www.tiktok.com": "tiktok",
	"onlyfans.com": "onlyfans", "facebook.com": "facebook", "www.facebook.com": "facebook", "kik.me": "kik",
}

// Read returns the addresses and handles in s in order, their spans in code
// points of s.
func Read(s string) []ad.Identifier {
	if !strings.ContainsAny(s, "@:/＠＿﹫") && !mentions(s) {
		return nil
	}
	r := reader{f: text.Fold(s), orig: []rune(s)}
	for i := 0; i < len(r.f.Runes); {
		i = max(r.at(i), i+1)
	}
	return r.out
}

// mentions reports whether a platform may be named, for texts without any of the
// signs that an address or handle carries.
func mentions(s string) bool {
	l := strings.ToLower(s)
	for p := range platforms {
		if strings.Contains(l, p) {
			return true
		}
	}
	return false
}

type reader struct {
	f    text.Folded
	orig []rune
	out  []ad.Identifier
}

// at reads what begins at folded rune i and returns where reading goes on.
func (r *reader) at(i int) int {
	if !nameRune(r.f.Runes[i]) || i > 0 && nameRune(r.f.Runes[i-1]) {
		return i + 1
	}
	end := i
	for end < len(r.f.Runes) && nameRune(r.f.Runes[end]) {
		end++
	}
	word := string(r.f.Runes[i:end])
	if end < len(r.f.Runes) && r.f.Runes[end] == '@' {
		if j := r.email(i, end); j > 0 {
			return j
		}
	}
	if p, ok := hosts[word]; ok && end < len(r.f.Runes) && r.f.Runes[end] == '/' {
		return r.handle(p, i, end+1, true)
	}
	if p, ok := platforms[strings.Trim(word, "._-")]; ok {
		return r.named(p, i, end)
	}
	return end
}

// email reads an address whose local part is [i, at) and returns its end, or 0.
func (r *reader) email(i, at int) int {
	end := at + 1
	for end < len(r.f.Runes) && nameRune(r.f.Runes[end]) && r.f.Runes[end] != '_' {
		end++
	}
	domain := strings.TrimRight(string(r.f.Runes[at+1:end]), ".-")
	end = at + 1 + len([]rune(domain))
	local := string(r.f.Runes[i:at])
	dot := strings.LastIndexByte(domain, '.')
	if dot <= 0 || len(domain)-dot < 3 || strings.Contains(domain, "..") || strings.HasPrefix(local, ".") {
		return 0
	}
	r.add("email", local+"@"+domain, i, end, 0.95)
	return end
}

// named reads a handle after the name of its platform.
func (r *reader) named(platform string, i, end int) int {
	j, sign := end, false
	for j < len(r.f.Runes) && strings.ContainsRune(" :=@-–\t\u00a0", r.f.Runes[j]) {
		sign = sign || r.f.Runes[j] == '@' || r.f.Runes[j] == ':'
		j++
	}
	if j == end {
		return end
	}
	return r.handle(platform, i, j, sign)
}

// handle reads the name at j. Without a sign before it the name must look like
// one, by a digit or an underscore: "snap me" is no handle.
func (r *reader) handle(platform string, i, j int, sign bool) int {
	if j < len(r.f.Runes) && r.f.Runes[j] == '@' {
		j++
	}
	end := j
	for end < len(r.f.Runes) && nameRune(r.f.Runes[end]) {
		end++
	}
	for end > j && strings.ContainsRune(".-", r.f.Runes[end-1]) {
		end--
	}
	name := string(r.f.Runes[j:end])
	if end < len(r.f.Runes) && r.f.Runes[end] == '@' { // an e-mail address follows
		return j
	}
	if n := end - j; n < 3 || n > 32 || !strings.ContainsAny(name, "abcdefghijklmnopqrstuvwxyz") || platforms[name] != "" {
		return j
	}
	confidence := 0.9
	if !sign {
		if !strings.ContainsAny(name, "0123456789_") {
			return j
		}
		confidence = 0.7
	}
	r.add("handle", platform+":"+name, i, end, confidence)
	return end
}

func (r *reader) add(kind, value string, i, end int, confidence float64) {
	from, to := r.f.Span(i, end)
	r.out = append(r.out, ad.Identifier{
		Kind: kind, Value: value, Span: ad.Span{Start: from, End: to}, Text: string(r.orig[from:to]), Confidence: confidence,
	})
}

func nameRune(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '.' || c == '-' || c == '+'
}
