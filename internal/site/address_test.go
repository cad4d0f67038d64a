package site_test

import (
	"net/url"
	"testing"

	"vigil.example/internal/site"
)

func address(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func definition(t *testing.T, src string) *site.Definition {
	t.Helper()
	d, err := site.Parse("test.yaml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestInScope(t *testing.T) {
	d := definition(t, townboard)
	for _, c := range []struct {
		name, url string
		ok        bool
		why       string
	}{
		{"a list page", "https://townboard.example/list?page=2", true, ""},
		{"another host of the site", "https://m.townboard.example/ad/7", true, ""},
		{"host names ignore case", "https://TownBoard.example/ad/7", true, ""},
		{"any port of a host without one", "http://townboard.example:8080/ad/7", true, ""},
		{"deny wins over allow", "https://townboard.example/list?sort=new", false, "denied by [?&]sort="},
		{"outside allow", "https://townboard.example/help", false, "allowed by none of ^/list, ^/ad/"},
		{"a subdomain is another host", "https://x.townboard.example/list", false, "host x.townboard.example is not one of townboard.example, m.townboard.example"},
		{"a host that only begins alike", "https://townboard.example.test/list", false, "host townboard.example.test is not one of townboard.example, m.townboard.example"},
		{"another scheme", "mailto:somebody@townboard.example", false, "scheme mailto is not http or https"},
		{"a user name in the address", "https://u@townboard.example/list", false, "the address carries a user name"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ok, why := d.InScope(address(t, c.url))
			if ok != c.ok || why != c.why {
				t.Errorf("got %v %q, want %v %q", ok, why, c.ok, c.why)
			}
		})
	}
	var raw site.Definition
	if ok, why := raw.InScope(address(t, "https://townboard.example/list")); ok || why != "the definition was not validated" {
		t.Errorf("unvalidated definition: %v %q", ok, why)
	}
}

func TestCanonical(t *testing.T) {
	d := definition(t, townboard)
	for _, c := range []struct{ name, url, want string }{
		{"host and scheme in lower case", "HTTPS://TownBoard.Example/Ad/7", "https://townboard.example/Ad/7"},
		{"own port off", "https://townboard.example:443/ad/7", "https://townboard.example/ad/7"},
		{"other port kept", "http://townboard.example:443/ad/7", "http://townboard.example:443/ad/7"},
		{"fragment off", "https://townboard.example/ad/7#photos", "https://townboard.example/ad/7"},
		{"empty path", "https://townboard.example", "https://townboard.example/"},
		{"query in order", "https://townboard.example/list?b=2&a=1&b=1", "https://townboard.example/list?a=1&b=2&b=1"},
		{"stripped parameters", "https://townboard.example/list?sid=9&page=2&utm_source=x&%73id=3", "https://townboard.example/list?page=2"},
		{"nothing left of the query", "https://townboard.example/list?sid=9&", "https://townboard.example/list"},
		{"a lone question mark", "https://townboard.example/list?", "https://townboard.example/list"},
		{"escapes kept", "https://townboard.example/list?q=a%20b&r=a+b", "https://townboard.example/list?q=a%20b&r=a+b"},
		{"user name off", "https://u:p@townboard.example/ad/7", "https://townboard.example/ad/7"},
		{"IPv6", "http://[::1]:80/ad/7", "http://[::1]/ad/7"},
	} {
		t.Run(c.name, func(t *testing.T) {
			u := address(t, c.url)
			got := d.Canonical(u)
			if got.String() != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if again := d.Canonical(got); again.String() != got.String() {
				t.Errorf("canonical twice gives %s, once %s", again, got)
			}
			if u.String() != address(t, c.url).String() {
				t.Error("the argument was changed")
			}
		})
	}
}

func TestSet(t *testing.T) {
	plain := definition(t, "name: plain\nseeds: [\"http://board.test/\"]\n")
	port := definition(t, "name: port\nseeds: [\"http://board.test:8081/\"]\n")
	s := site.NewSet(port, plain)
	for _, c := range []struct {
		host string
		want *site.Definition
	}{
		{"board.test", plain}, {"Board.test:9000", plain}, {"board.test:8081", port}, {"other.test", nil}, {"", nil},
	} {
		if got := s.ByHost(c.host); got != c.want {
			t.Errorf("ByHost(%q) = %v, want %v", c.host, got, c.want)
		}
	}
	if s.ByName("port") != port || s.ByName("x") != nil {
		t.Error("ByName")
	}
	if all := s.All(); len(all) != 2 || all[0] != plain || all[1] != port {
		t.Errorf("All() = %v", all)
	}
	var none *site.Set
	if none.ByHost("x") != nil || none.ByName("x") != nil || len(none.All()) != 0 {
		t.Error("a nil set knows no site")
	}
}
