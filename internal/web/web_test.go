package web

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/packet"
)

func TestSignInWithAOneTimePassword(t *testing.T) {
	h := newHouse(t)
	_, once, err := h.register.AddUser(t.Context(), access.System, "bob", access.Analyst)
	if err != nil {
		t.Fatal(err)
	}
	h.to("/password?next=/inbox", "/sign-in", "name", " Bob ", "password", once, "next", "/inbox")
	for _, p := range []string{"/", "/inbox", "/purpose", "/ad/" + strings.Repeat("0", 32)} {
		if res, _ := h.get(p); !strings.HasPrefix(res.Header.Get("Location"), "/password") {
			t.Errorf("GET %s with a one-time password: %d to %q", p, res.StatusCode, res.Header.Get("Location"))
		}
	}
	for name, c := range map[string]struct{ old, fresh, again, want string }{
		"too short":  {once, "short", "short", "at least 15"},
		"not twice":  {once, goodPassword, "a meadow of red lupins", "not the same"},
		"wrong old":  {"nonsense", goodPassword, goodPassword, "you have now is not right"},
		"all of one": {once, strings.Repeat("a", 20), strings.Repeat("a", 20), "different characters"},
	} {
		res, body := h.post("/password", "old", c.old, "new", c.fresh, "again", c.again)
		if res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(strip(body), c.want) {
			t.Errorf("%s: %d %s", name, res.StatusCode, strip(body))
		}
	}
	h.to("/purpose?next=/inbox", "/password", "old", once, "new", goodPassword, "again", goodPassword, "next", "/inbox")
	if res, body := h.post("/purpose", "kind", "case", "text", "x", "next", "/inbox"); res.StatusCode != 422 || !strings.Contains(body, "3 to 300") {
		t.Errorf("a purpose of one letter: %d", res.StatusCode)
	}
	h.to("/inbox", "/purpose", "kind", "reason", "text", "tip of the hotline", "next", "/inbox")
	if res, body := h.get("/inbox"); res.StatusCode != 200 || !strings.Contains(body, "tip of the hotline") {
		t.Errorf("inbox: %d", res.StatusCode)
	}
	h.to("/sign-in", "/sign-out")
	if res, _ := h.get("/inbox"); res.Header.Get("Location") != "/sign-in?next=/inbox" {
		t.Errorf("after signing out: to %q", res.Header.Get("Location"))
	}
}

func TestSignInRefuses(t *testing.T) {
	h := newHouse(t)
	h.user("alice", access.Analyst)
	for i := range 6 {
		res, body := h.post("/sign-in", "name", "alice", "password", "wrong")
		want, text := 401, "not right"
		if i >= 5 {
			want, text = 429, "locked"
		}
		if res.StatusCode != want || !strings.Contains(body, text) || len(res.Cookies()) > 0 {
			t.Errorf("try %d: %d %s", i+1, res.StatusCode, strip(body))
		}
	}
	if strings.Contains(h.logged.String(), "wrong") {
		t.Error("a password is in the log")
	}
}

func TestCookie(t *testing.T) {
	h := newHouse(t)
	h.user("alice", access.Analyst)
	res, _ := h.post("/sign-in", "name", "alice", "password", goodPassword)
	cs := res.Cookies()
	if len(cs) != 1 || !cs[0].HttpOnly || cs[0].SameSite != http.SameSiteStrictMode || cs[0].Path != "/" || cs[0].Domain != "" || !cs[0].Expires.IsZero() {
		t.Errorf("cookies: %v", cs)
	}
}

func TestOnlySignedInAndForAPurpose(t *testing.T) {
	h := newHouse(t)
	h.furnish()
	pages := []string{"/ad/" + h.ads["g0"], "/cluster/" + linked, "/leads", "/corrections", "/inbox", "/watches"}
	for _, p := range append(pages, "/help", "/about", "/packets") {
		if res, body := h.get(p); res.StatusCode != 303 || res.Header.Get("Location") != "/sign-in?next="+p || strings.Contains(body, "555") {
			t.Errorf("not signed in, GET %s: %d to %q", p, res.StatusCode, res.Header.Get("Location"))
		}
	}
	h.user("alice", access.Analyst)
	h.to("/purpose?next="+pages[0], "/sign-in", "name", "alice", "password", goodPassword, "next", pages[0])
	for _, p := range pages {
		if res, body := h.get(p); res.StatusCode != 303 || res.Header.Get("Location") != "/purpose?next="+p || strings.Contains(body, "555") {
			t.Errorf("without a purpose, GET %s: %d to %q", p, res.StatusCode, res.Header.Get("Location"))
		}
	}
	if res, _ := h.get("/"); res.Header.Get("Location") != "/purpose" {
		t.Errorf("home without a purpose: %d to %q", res.StatusCode, res.Header.Get("Location"))
	}
	if res, _ := h.post("/cluster/" + linked + "/packet"); res.Header.Get("Location") != "/purpose" {
		t.Errorf("packet without a purpose: %d", res.StatusCode)
	}
	h.to(pages[0], "/purpose", "kind", "case", "text", "2026-0412", "next", pages[0])
	for _, bad := range []string{"//evil.example", "https://evil.example/", "/\\evil.example", "/s/9125550123", "/unknown"} {
		h.to("/", "/purpose", "kind", "case", "text", "2026-0412", "next", bad)
	}
}

func TestRoles(t *testing.T) {
	h := newHouse(t)
	h.furnish()
	h.user("vera", access.Auditor)
	h.to("/", "/sign-in", "name", "vera", "password", goodPassword)
	if res, body := h.get("/"); res.StatusCode != 200 || strings.Contains(body, "/cluster/") || !strings.Contains(body, "Ledger") {
		t.Errorf("an auditor's home: %d", res.StatusCode)
	}
	for _, p := range []string{"/ad/" + h.ads["g0"], "/cluster/" + linked, "/leads", "/corrections", "/inbox", "/watches"} {
		if res, body := h.get(p); res.StatusCode != 403 || strings.Contains(body, "555-0123") {
			t.Errorf("an auditor, GET %s: %d", p, res.StatusCode)
		}
	}
	h.to("/sign-in", "/sign-out")
	h.user("rob", access.Reader)
	h.to("/purpose?next=/", "/sign-in", "name", "rob", "password", goodPassword)
	h.to("/", "/purpose", "kind", "case", "text", "2026-0412")
	res, body := h.get("/cluster/" + linked)
	if res.StatusCode != 200 || strings.Contains(body, "packet\"") || strings.Contains(body, ">Watch") {
		t.Errorf("a reader's cluster: %d, with what only others may do", res.StatusCode)
	}
	if res, _ := h.post("/cluster/" + linked + "/packet"); res.StatusCode != 403 {
		t.Errorf("a reader's packet: %d", res.StatusCode)
	}
}

// TestAuditBeforeTheAnswer: while the log cannot be written no page shows an ad.
func TestAuditBeforeTheAnswer(t *testing.T) {
	h := newHouse(t)
	h.furnish()
	h.settle()
	to, _, _ := h.ask("9125550123")
	h.audit.Outage(true)
	for _, p := range []string{"/", to, "/ad/" + h.ads["g0"], "/cluster/" + linked, "/leads", "/corrections", "/inbox", "/watches"} {
		res, body := h.get(p)
		if res.StatusCode != 500 || strings.Contains(body, "555-0123") || strings.Contains(body, "friendly") || strings.Contains(body, "journal") {
			t.Errorf("GET %s without a log: %d %s", p, res.StatusCode, strip(body))
		}
	}
	res, body := h.post("/cluster/" + linked + "/packet")
	if res.StatusCode != 500 || strings.Contains(body, "PK\x03\x04") {
		t.Errorf("packet without a log: %d", res.StatusCode)
	}
	if !strings.Contains(h.logged.String(), "journal is out of order") || !strings.Contains(h.logged.String(), "id=") {
		t.Errorf("the cause is not in the log: %s", h.logged)
	}
	h.audit.Outage(false)
	if res, _ := h.get(to); res.StatusCode != 200 {
		t.Errorf("afterwards: %d", res.StatusCode)
	}
	if text := h.audit.Text(); strings.Contains(text, "9125550123") || !strings.Contains(text, "cluster.view") && !strings.Contains(text, "search") {
		t.Error("the audit log holds a number, or no search")
	}
}

func TestOtherOriginsAreRefused(t *testing.T) {
	h := newHouse(t)
	h.settle()
	for name, header := range map[string][2]string{
		"says the browser":       {"Sec-Fetch-Site", "cross-site"},
		"a neighbour":            {"Sec-Fetch-Site", "same-site"},
		"an old browser":         {"Origin", "https://evil.example"},
		"an origin that is kept": {"Origin", "null"},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.server.URL+"/watches", strings.NewReader("value=9125550123"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set(header[0], header[1])
		res, err := h.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if body := h.body(res); res.StatusCode != 403 || !strings.Contains(body, "was refused") {
			t.Errorf("%s: %d", name, res.StatusCode)
		}
	}
	if _, body := h.get("/watches"); !strings.Contains(body, "Nothing is watched yet") {
		t.Error("a refused request did something")
	}
}

func TestSearch(t *testing.T) {
	h := newHouse(t)
	h.furnish()
	h.settle()
	for _, form := range []string{"9125550123", "+1 (912) 555-0123", "nine one two 555 0123", "９１２ ５５５ ０１２３", "phone:912.555.0123"} {
		_, res, body := h.ask(form)
		if res.StatusCode != 200 || !strings.Contains(strip(body), "9 results") || !strings.Contains(body, "All of these are in one cluster") || !strings.Contains(body, "Watch this number") {
			t.Errorf("%q: %d %s", form, res.StatusCode, strip(body))
		}
	}
	_, res, body := h.ask("city:wren bench")
	if res.StatusCode != 200 || !strings.Contains(body, "30 results") || !strings.Contains(body, "Page 1 of 2") || !strings.Contains(body, `<mark class="hit">bench</mark>`) {
		t.Errorf("words: %d %s", res.StatusCode, strip(body))
	}
	to, _, _ := h.ask("bench")
	if _, body := h.get(to + "?sort=newest&page=2"); !strings.Contains(body, "Page 2 of 2") || !strings.Contains(body, `start="26"`) {
		t.Errorf("second page: %s", strip(body))
	}
	if _, body := h.get(to + "?page=99"); !strings.Contains(body, "There is no page 99") {
		t.Errorf("page 99: %s", strip(body))
	}
	_, res, body = h.ask("city: (rose")
	if res.StatusCode != 422 || !strings.Contains(body, "city: (rose\n     ^") {
		t.Errorf("not readable: %d %s", res.StatusCode, body)
	}
	_, _, body = h.ask("202-555-0199")
	if s := strip(body); !strings.Contains(s, "No ad that Vigil has gives the number 202-555-0199") || !strings.Contains(s, "swapyard 500 pages") {
		t.Errorf("nothing found: %s", s)
	}
	if res, body := h.post("/search", "q", strings.Repeat("rose ", 500)); res.StatusCode != 422 || !strings.Contains(body, "at most 2,000 characters") {
		t.Errorf("too long: %d %s", res.StatusCode, strip(body))
	}
	h.to("/", "/search", "q", "  ")
	h.now = h.now.Add(20 * time.Minute)
	if res, _ := h.get(to); res.StatusCode != 200 {
		t.Errorf("20 minutes later: %d", res.StatusCode)
	}
	h.to("/sign-in", "/sign-out")
	h.user("carol", access.Analyst)
	h.to("/purpose?next=/", "/sign-in", "name", "carol", "password", goodPassword)
	h.to("/", "/purpose", "kind", "case", "text", "2026-0500")
	if res, body := h.get(to); res.StatusCode != 404 || !strings.Contains(body, "no longer here") || !strings.Contains(body, `name="q"`) {
		t.Errorf("somebody else's search: %d", res.StatusCode)
	}
}

func TestWatchAndAlert(t *testing.T) {
	h := newHouse(t)
	h.furnish()
	h.settle()
	h.to("/ad/"+h.ads["g0"], "/watches", "value", number, "back", "/ad/"+h.ads["g0"])
	if _, body := h.get("/ad/" + h.ads["g0"]); !strings.Contains(strip(body), "You are watching number 912-555-0123") || !strings.Contains(body, "✓ watching") {
		t.Errorf("the ad does not say that it is watched: %s", strip(body))
	}
	for typed, want := range map[string]string{"hello": "can be read in this", "912-555-0123 or 202-555-0145": "one at a time"} {
		if res, body := h.post("/watches", "value", typed); res.StatusCode != 422 || !strings.Contains(body, want) {
			t.Errorf("watch %q: %d %s", typed, res.StatusCode, strip(body))
		}
	}
	a := h.see(ad.Listing{Site: "swapyard", NativeID: "late", URL: "https://town.example/late", Title: "Here again", Body: "Call nine one two 555 0123"}, h.now)
	_, body := h.get("/inbox?live=3")
	if s := strip(body); !strings.Contains(s, "1 unread alert") || !strings.Contains(s, "912-555-0123 appeared in an ad") || !strings.Contains(s, "8 other ads did") {
		t.Errorf("inbox: %s", s)
	}
	if !strings.Contains(body, `content="1;url=/inbox/next?after=1&amp;live=2"`) || !strings.Contains(body, "/ad/"+a.AdID) {
		t.Errorf("inbox: %s", body)
	}
	if res, _ := h.get("/inbox/next?after=0&live=2"); res.Header.Get("Location") != "/inbox?live=2" {
		t.Errorf("next alert: %d %q", res.StatusCode, res.Header.Get("Location"))
	}
	id := ad.AlertID(h.subscription(), a.AdID, ad.Value{Kind: "phone", Value: number})
	for _, c := range []struct {
		want string
		form []string
	}{
		{"All read: 1 alert", []string{"id", id}},
		{"1 unread alert", []string{"id", id, "as", "unread"}},
		{"All read: 1 alert", []string{"newest", "1"}},
	} {
		h.to("/inbox", "/inbox/read", c.form...)
		if _, body := h.get("/inbox"); !strings.Contains(body, c.want) {
			t.Errorf("after %v: %s", c.form, strip(body))
		}
	}
	if res, _ := h.post("/inbox/read", "id", strings.Repeat("0", 32)); res.StatusCode != 404 {
		t.Errorf("an alert of nobody: %d", res.StatusCode)
	}
	h.to("/watches", "/watches/end", "id", h.subscription())
	_, body = h.get("/watches")
	if !strings.Contains(body, "You no longer watch") || !strings.Contains(body, "Undo") {
		t.Errorf("after ending: %s", strip(body))
	}
	if _, body := h.get("/watches"); strings.Contains(body, "Undo") {
		t.Error("the note is shown twice")
	}
	h.to("/watches", "/watches", "value", number)
	if _, body := h.get("/watches"); !strings.Contains(body, "1 watch<") {
		t.Errorf("after undoing: %s", strip(body))
	}
}

// subscription is the id of alice's only active subscription.
func (h *house) subscription() string {
	h.t.Helper()
	u, err := h.register.UserNamed("alice")
	if err != nil {
		h.t.Fatal(err)
	}
	for _, s := range h.desk.Docket.Subscriptions(u.ID) {
		if s.Ended.IsZero() {
			return s.ID
		}
	}
	h.t.Fatal("no subscription")
	return ""
}

func TestPacketArrivesWhole(t *testing.T) {
	h := newHouse(t)
	h.furnish()
	h.settle()
	res, body := h.post("/cluster/" + linked + "/packet")
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "application/zip" || res.ContentLength != int64(len(body)) {
		t.Fatalf("%d %s %d of %d\n%s", res.StatusCode, res.Header.Get("Content-Type"), len(body), res.ContentLength, h.logged)
	}
	name := res.Header.Get("Content-Disposition")
	if !strings.HasPrefix(name, "attachment; filename=packet-20260320-") || !strings.HasSuffix(name, ".zip") {
		t.Errorf("name: %s", name)
	}
	file := filepath.Join(t.TempDir(), "packet.zip")
	if err := os.WriteFile(file, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := packet.Verify(file, h.signer); err != nil {
		t.Errorf("verify: %v", err)
	}
	if _, page := h.get("/cluster/" + linked); !strings.Contains(page, "SHA-256 of the file") || !strings.Contains(strip(page), "9 ad versions") {
		t.Errorf("the page does not tell of the packet: %s", strip(page))
	}
	if res, _ := h.post("/cluster/c000000000000000/packet"); res.StatusCode != 404 {
		t.Errorf("packet of nothing: %d", res.StatusCode)
	}
}

func TestFaults(t *testing.T) {
	h := newHouse(t)
	h.settle()
	for path, want := range map[string]int{
		"/ad/" + strings.Repeat("0", 32): 404, "/cluster/c000000000000000": 404, "/ad/9125550123": 404, "/nowhere": 404, "/s/9125550123": 404,
	} {
		res, body := h.get(path)
		if res.StatusCode != want || !strings.Contains(body, "<h1>") {
			t.Errorf("GET %s: %d", path, res.StatusCode)
		}
	}
	if res, body := h.post("/search", "q", strings.Repeat("x", 2*maxForm)); res.StatusCode != 413 || !strings.Contains(body, "too long") {
		t.Errorf("a body too large: %d", res.StatusCode)
	}
	if res, body := h.get("/ad/" + strings.Repeat("0", 32)); !strings.Contains(h.logged.String(), "id="+between(body, "log: <code>", "</code>")) {
		t.Errorf("the id on the page is not in the log: %d", res.StatusCode)
	}
}

func between(s, a, b string) string {
	_, s, _ = strings.Cut(s, a)
	s, _, _ = strings.Cut(s, b)
	return s
}

// TestHostileAds: whatever an ad says is text.
func TestHostileAds(t *testing.T) {
	h := newHouse(t)
	h.settle()
	const evil = `"><script>alert(1)</script><img src=x onerror=alert(2)><a href="javascript:alert(3)">x</a>{{.}}`
	huge := strings.Repeat("Lorem ipsum dolor 912-555-0123 sit amet. ", 25_000)
	for name, l := range map[string]ad.Listing{
		"markup":          {Title: evil, Body: evil + " 912-555-0123", Location: evil, Category: evil, Price: &ad.Price{Text: evil}, Contacts: []ad.Contact{{Kind: evil, Value: evil}}},
		"turned writing":  {Title: "\u202e3210-555-219 gnirps", Body: "שלום \u2067912-555-0123\u2069 مرحبا"},
		"a megabyte":      {Title: "Long", Body: huge},
		"control letters": {Title: "a\x00b\x1b[31mc", Body: "x\x00912-555-0123\xff\xfe"},
		"empty title":     {Body: "912-555-0123"},
	} {
		t.Run(name, func(t *testing.T) {
			l.Site, l.NativeID, l.URL = "swapyard", "bad-"+name, "https://yard.example/bad?\"><script>alert(4)</script>&n="+ad.Slug(name)
			a := h.see(l, h.now)
			res, body := h.get("/ad/" + a.AdID)
			if res.StatusCode != 200 || len(body) > 400_000 {
				t.Fatalf("%d, %d bytes\n%s", res.StatusCode, len(body), h.logged)
			}
			check(t, body)
			if strings.ContainsAny(body, "\u202e\u2067\x00\x1b") && name != "control letters" {
				t.Error("a character that turns the writing stands as it is")
			}
			_, res, body = h.ask("9125550123")
			if res.StatusCode != 200 || len(body) > 400_000 {
				t.Errorf("results: %d, %d bytes", res.StatusCode, len(body))
			}
			check(t, body)
		})
	}
}
