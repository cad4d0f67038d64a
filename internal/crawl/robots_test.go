package crawl_test

import (
	"strings"
	"testing"
	"time"

	"vigil.example/internal/crawl"
)

func TestRules(t *testing.T) {
	for _, c := range []struct {
		name, body, path string
		want             bool
	}{
		{"an empty file allows", "", "/x", true},
		{"a page of HTML allows", "<html>Disallow: / is not here</html>", "/x", true},
		{"the longest rule decides", "User-agent: *\nDisallow: /a\nAllow: /a/b\n", "/a/b/c", true},
		{"of equal rules the one that allows", "User-agent: *\nDisallow: /page\nAllow: /page\n", "/page", true},
		{"a pattern stands at the path's start", "User-agent: *\nDisallow: /\nAllow: /pub*html\n", "/private/pub1.html", false},
		{"a star matches anything", "User-agent: *\nDisallow: /*/reply\n", "/a/b/reply/now", false},
		{"a star matches nothing", "User-agent: *\nDisallow: /a*b\n", "/ab", false},
		{"a dollar ends the path", "User-agent: *\nDisallow: /*.pdf$\n", "/a.pdf?x", true},
		{"the last piece is looked for at the end", "User-agent: *\nDisallow: /*.pdf$\n", "/a.pdf.pdf", false},
		{"a dollar inside is a dollar", "User-agent: *\nDisallow: /a$b\n", "/a$b", false},
		{"a star in the path is no pattern", "User-agent: *\nDisallow: /a%2Ab\n", "/a*b", false},
		{"length counts what is written, not how it is compiled", "User-agent: *\nAllow: /a.b.c.d*x\nDisallow: /a.b.c.d.exx\n", "/a.b.c.d.exx", false},
		{"escapes of plain letters are undone", "User-agent: *\nDisallow: /%7Ejoe/\n", "/~joe/x", false},
		{"an escaped slash is no slash", "User-agent: *\nDisallow: /a%2fb\n", "/a/b", true},
		{"escapes in either case", "User-agent: *\nDisallow: /a%2fb\n", "/a%2Fb", false},
		{"letters beyond ASCII", "User-agent: *\nDisallow: /ü\n", "/%C3%BC/x", false},
		{"the query counts", "User-agent: *\nDisallow: /*?sort=\n", "/list?sort=price", false},
		{"our own group wins over everyone's", "User-agent: *\nDisallow: /\n\nUser-agent: Vigil\nDisallow: /x\n", "/y", true},
		{"a group with a version", "User-agent: vigil/2.0\nDisallow: /\n", "/y", false},
		{"a shorter token is another crawler", "User-agent: vig\nDisallow: /\n", "/y", true},
		{"groups of one token are one", "User-agent: vigil\nDisallow: /a\n\nUser-agent: x\nDisallow: /\n\nUser-agent: vigil\nDisallow: /b\n", "/b", false},
		{"several agents share a group", "User-agent: x\nUser-agent: vigil\nDisallow: /a\n", "/a", false},
		{"a sitemap between agents ends nothing", "User-agent: x\nSitemap: /s\nUser-agent: vigil\nDisallow: /a\n", "/a", false},
		{"an empty disallow ends the agents", "User-agent: vigil\nDisallow:\n\nUser-agent: *\nDisallow: /\n", "/y", true},
		{"an own group that forbids nothing", "User-agent: *\nDisallow: /\nUser-agent: vigil\n", "/y", true},
		{"a bad delay spoils only its line", "User-agent: *\nCrawl-delay: soon\nDisallow: /x\n", "/x", false},
		{"a rule before any group is none", "Disallow: /\nUser-agent: *\nDisallow: /x\n", "/y", true},
		{"comments, a byte order mark and old line ends", "\xef\xbb\xbfUser-agent: * # all\rDisallow: /x # y\r", "/x", false},
		{"robots.txt itself", "User-agent: *\nDisallow: /\n", "/robots.txt", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := crawl.ParseRules([]byte(c.body), "Vigil").Allowed(c.path); got != c.want {
				t.Errorf("%s: got %v, want %v", c.path, got, c.want)
			}
		})
	}
}

func TestCrawlDelay(t *testing.T) {
	for body, want := range map[string]time.Duration{
		"User-agent: *\nCrawl-delay: 2.5\n":                          2500 * time.Millisecond,
		"User-agent: *\nCrawl-delay: -1\n":                           0,
		"User-agent: *\nCrawl-delay: NaN\n":                          0,
		"User-agent: *\nCrawl-delay: 1e30\n":                         24 * time.Hour,
		"User-agent: vigil\nAllow: /\nUser-agent: *\nCrawl-delay: 9": 0,
	} {
		if got := crawl.ParseRules([]byte(body), "Vigil").Delay(); got != want {
			t.Errorf("%q: got %v, want %v", body, got, want)
		}
	}
}

// FuzzRules: nothing crashes or hangs, line ends do not matter, and a file that
// says disallow nowhere forbids nothing.
func FuzzRules(f *testing.F) {
	f.Add("User-agent: *\nDisallow: /a*b$\nAllow: /%zz\n", "/a%2")
	f.Fuzz(func(t *testing.T, body, path string) {
		r := crawl.ParseRules([]byte(body), "Vigil")
		got := r.Allowed(path)
		if r.Delay() < 0 || r.Delay() > 24*time.Hour {
			t.Errorf("delay %v", r.Delay())
		}
		if other := crawl.ParseRules([]byte(strings.ReplaceAll(body, "\n", "\r\n")), "Vigil").Allowed(path); got != other {
			t.Errorf("%q with other line ends: got %v, want %v", path, other, got)
		}
		if !got && !strings.Contains(strings.ToLower(body), "disallow") {
			t.Errorf("%q is forbidden by nothing", path)
		}
	})
}
