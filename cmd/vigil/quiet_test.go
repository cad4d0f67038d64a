package main

import (
	"bytes"
	"context"
	"fmt"
	"html"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unicode"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/api"
	"vigil.example/internal/bazaar"
	"vigil.example/internal/stream"
)

// Secrets are what no log, metric or trace may carry: numbers, the words of ads,
// addresses of pages, and what people typed.
type secrets struct {
	mu      sync.Mutex
	numbers map[string]bool // national digits
	pieces  map[string]bool // of lines, each piece runes long
	paths   map[string]bool
	typed   []string
}

// piece is the length of a stretch of words that gives away where it is from.
const piece = 20

func (s *secrets) number(e164 string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	digits := strings.TrimPrefix(e164, "+")
	for _, country := range []string{"1", "44", "52"} {
		digits = strings.TrimPrefix(digits, country)
	}
	s.numbers[digits] = true
}

// words keeps every stretch of a line that is long enough to know it again.
func (s *secrets) words(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for p := range pieces(line) {
		s.pieces[p] = true
	}
}

func (s *secrets) path(p string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(p) >= 8 && p != "/robots.txt" {
		s.paths[p] = true
	}
}

func (s *secrets) says(what string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.typed = append(s.typed, what)
	return what
}

// pieces are the stretches of a line that hold mostly letters.
func pieces(line string) map[string]bool {
	out := map[string]bool{}
	r := []rune(line)
	for i := 0; i+piece <= len(r); i++ {
		letters := 0
		for _, c := range r[i : i+piece] {
			if unicode.IsLetter(c) {
				letters++
			}
		}
		if letters >= piece*3/5 {
			out[string(r[i:i+piece])] = true
		}
	}
	return out
}

var (
	separators = strings.NewReplacer(" ", "", "-", "", ".", "", "(", "", ")", "", "/", "", "\t", "", "\u00a0", "", "%20", "", "+", "")
	runs       = regexp.MustCompile(`[0-9]{7,}`)
	routes     = regexp.MustCompile(`/[A-Za-z0-9_%.~/-]{7,}`)
	quoting    = strings.NewReplacer(`\"`, `"`, `\\`, `\`)
)

// in says what of the secrets a line gives away; "" when nothing.
func (s *secrets) in(line string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range []string{line, unescaped(line)} {
		for _, run := range runs.FindAllString(separators.Replace(l), -1) {
			for i := range run {
				for n := 7; n <= 11 && i+n <= len(run); n++ {
					if s.numbers[run[i:i+n]] {
						return "number " + run[i:i+n]
					}
				}
			}
		}
		for p := range pieces(quoting.Replace(l)) {
			if s.pieces[p] {
				return "words " + p
			}
		}
		for _, r := range routes.FindAllString(l, -1) {
			for p := range s.paths {
				if strings.HasSuffix(r, p) || strings.Contains(r, p+"/") {
					return "address " + p
				}
			}
		}
		for _, t := range s.typed {
			if strings.Contains(quoting.Replace(l), t) {
				return "what was typed: " + t
			}
		}
	}
	return ""
}

func unescaped(line string) string {
	if u, err := url.QueryUnescape(line); err == nil {
		return u
	}
	return line
}

// quiet fails the test for every line that gives something away.
func (s *secrets) quiet(t *testing.T, where, text string) {
	t.Helper()
	shown := 0
	for l := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
		if what := s.in(l); what != "" {
			if shown++; shown <= 5 {
				t.Errorf("%s gives away %s:\n%.600s", where, what, l)
			}
		}
	}
}

var tags = regexp.MustCompile(`(?s)<[^>]*>`)

// A sore town is a made-up one whose pages are at times broken, and whose every
// word is kept as a secret.
type soreTown struct {
	*secrets
	town  *bazaar.Town
	sound bool
	mu    sync.Mutex
	seen  map[string]bool
	ads   int
}

var adPath = regexp.MustCompile(`[0-9]{4,}`)

func (s *soreTown) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rec := httptest.NewRecorder()
	s.town.Handler().ServeHTTP(rec, r)
	body := rec.Body.String()
	s.path(r.URL.Path)
	for l := range strings.SplitSeq(tags.ReplaceAllString(body, "\n"), "\n") {
		if l = strings.TrimSpace(html.UnescapeString(l)); len(l) >= piece {
			s.words(l)
		}
	}
	if s.broken(w, r, body) {
		return
	}
	maps.Copy(w.Header(), rec.Header())
	w.WriteHeader(rec.Code)
	_, _ = io.WriteString(w, body)
}

// broken answers some ads, the first time they are asked for, as no server should.
func (s *soreTown) broken(w http.ResponseWriter, r *http.Request, body string) bool {
	s.mu.Lock()
	again := s.seen[r.URL.Path]
	s.seen[r.URL.Path] = true
	if adPath.MatchString(r.URL.Path) && !again {
		s.ads++
	}
	n := s.ads
	s.mu.Unlock()
	if s.sound || again || !adPath.MatchString(r.URL.Path) {
		return false
	}
	head := func(status, fields string) string {
		return "HTTP/1.1 " + status + "\r\nConnection: close\r\n" + fields + "\r\n"
	}
	answer := ""
	switch n % 9 {
	case 1: // it hangs up
	case 2:
		answer = head("200 OK", "Content-Type: text/html\r\nContent-Encoding: x-9125550143-"+url.PathEscape(r.URL.Path)+"\r\n") + body
	case 3:
		answer = head("302 Found", "Location: http://townboard.example/tel:9125550143"+r.URL.Path+"%zz\r\n")
	case 4:
		answer = head("200 OK", "Content-Type: text/html\r\nContent-Encoding: gzip\r\n") + body
	case 5:
		answer = "call 9125550143 " + body
	case 6:
		answer = head("200 OK", "Transfer-Encoding: chunked\r\n") + "9125550143zz\r\n" + body
	case 7:
		answer = head("200 OK", "Content-Type: text/html; charset=\"9125550143\x01"+r.URL.Path+"\r\n") + body
	default:
		return false
	}
	c, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return false
	}
	_, _ = io.WriteString(c, answer)
	_ = c.Close()
	return true
}

func newSoreTown(t *testing.T, ads int) *soreTown {
	t.Helper()
	c := bazaar.DefaultConfig()
	c.Ads = ads
	town, err := bazaar.New(c)
	if err != nil {
		t.Fatal(err)
	}
	s := &soreTown{secrets: &secrets{numbers: map[string]bool{}, pieces: map[string]bool{}, paths: map[string]bool{}}, town: town, seen: map[string]bool{}}
	truth := town.Truth(town.Now())
	for _, a := range truth.Ads {
		for _, p := range a.Phones {
			s.number(p)
		}
		for _, v := range a.Versions {
			s.words(v.Title)
		}
	}
	s.number("+1" + dialled)
	return s
}

// dialled is a number that nobody in the town has, but people here type.
const dialled = "9125550143"

func TestSecretsAreRecognised(t *testing.T) {
	s := newSoreTown(t, 60)
	s.words("Relaxing afternoon by the river, ask for Ruby")
	s.path("/post/7000123.html")
	s.says("ruby by the river")
	for _, l := range []string{
		"step failed err=\"no 912-555-0143\"", "x=+1 (912) 555.0143", "tel:%2B19125550143", `{"phone":"+19125550143"}`, "912%20555%200143",
		`msg="said \"afternoon by the river, ask\""`, "GET http://townboard.example/post/7000123.html: EOF", `query="ruby by the river"`,
	} {
		if s.in(l) == "" {
			t.Errorf("not recognised: %s", l)
		}
	}
	for _, l := range []string{
		"", `time=2026-03-01T12:00:00.123+01:00 level=WARN msg="step failed, will be tried again" stage=crawl-townboard seq=9125 attempt=5 err="fetch from townboard.example: EOF"`,
		"vigil_stream_bytes{stream=\"ADS\"} 9.125551e+06", "/src/internal/app/steps.go:123 +0x1d4",
	} {
		if what := s.in(l); what != "" {
			t.Errorf("taken for %s: %s", what, l)
		}
	}
}

// Whatever happens, nothing of an ad, no address of a page and nothing that
// somebody typed comes into what the program prints of its work, its metrics or its
// traces.
func TestLogsAreQuiet(t *testing.T) {
	const ads = 150
	s := newSoreTown(t, ads)
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	q := launchQuiet(t, s, srv)

	c := q.signIn()
	await := func(what string, ok func() bool) {
		t.Helper()
		for until := time.Now().Add(patience); !ok(); {
			if time.Now().After(until) || !q.running() {
				t.Fatalf("%s, running %t:\n%s", what, q.running(), q.tail())
			}
			<-time.After(50 * time.Millisecond)
		}
	}
	await("the town was not crawled", func() bool {
		st, err := c.Status(t.Context())
		return err == nil && st.Ads > ads/2 && st.Ledger.Settled
	})
	if n := strings.Count(q.text(), "dead letter"); n == 0 {
		t.Error("no broken page became a dead letter: the test looks at too little")
	}
	q.askAround(c)
	q.work(c)
	q.damageIndex(c)
	q.observe()
	q.stop()
	q.quiet(t, "the audit log", q.audited())
	q.importBroken()
	before := strings.Count(q.text(), "dead letter")
	q.poison(map[string][]string{
		stream.Captures: {"capture.crawl.townboard", "call " + dialled}, stream.Frontier: {"frontier.townboard", unreadable("url")},
		stream.Listings: {"listing.townboard", unreadable("title"), "outcome.townboard.detail", brokenTime},
		stream.Ads:      {"ad.townboard", unreadable("title"), "ad.townboard", brokenTime},
		stream.Links:    {"link.change", brokenTime},
	})
	q.start()
	await("the poison did not become dead letters", func() bool { return strings.Count(q.text(), "dead letter") >= before+6 })
	q.must("/replay", `{"step":"extract"}`)
	await("the poison did not become dead letters of a replay", func() bool {
		return strings.Contains(q.text(), "id=extract-g2:") || strings.Contains(q.text(), "id=enrich-g2:")
	})
	q.observe()
	q.stop()
	q.run("doctor", "--data", q.data, "-v")
	q.poison(map[string][]string{stream.Alerts: {"alert.admin", brokenTime}})
	q.run("run", "-v", "--data", q.data, "--no-crawl", "--listen", "127.0.0.1:0")
	q.quiet(t, "the log", q.text())
	if keep := os.Getenv("VIGIL_QUIET_KEEP"); keep != "" { // to read what it said
		if err := os.WriteFile(keep, []byte(q.text()), 0o600); err != nil {
			t.Error(err)
		}
	}
	q.quiet(t, "the traces", q.traces.String())
	if q.traces.Len() == 0 {
		t.Error("no trace came")
	}
}

// The demo that is scored prints nothing of the town but counts.
func TestScoredDemoIsQuiet(t *testing.T) {
	s := newSoreTown(t, 200)
	s.sound = true
	data := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "vigil", "demo", "-v", "--frozen", "--score", "--ads", "200", "--seed", fmt.Sprint(bazaar.DefaultConfig().Seed), "--data", data).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	s.quiet(t, "the scored demo", string(out))
}

const brokenTime = `{"v":1,"seen_at":"call ` + dialled + `","at":"call ` + dialled + `"}`

func unreadable(field string) string { return `{"v":1,"` + field + `":` + dialled + `}` }

// A quietRun is an instance that is made to fail in every way that a test can
// reach, while what it says is listened to.
type quietRun struct {
	*soreTown
	t           *testing.T
	dir, data   string
	resolve     string
	admin, base string
	log         string
	collector   *httptest.Server
	tmu         sync.Mutex
	traces      bytes.Buffer
	cmd         *exec.Cmd
	ended       chan struct{}
	web         *http.Client
	token       string
}

func launchQuiet(t *testing.T, s *soreTown, srv *httptest.Server) *quietRun {
	t.Helper()
	q := &quietRun{soreTown: s, t: t, dir: t.TempDir()}
	q.data, q.log = filepath.Join(q.dir, "data"), filepath.Join(q.dir, "log")
	q.admin = ports(t, 1)[0]
	q.collector = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		q.tmu.Lock()
		defer q.tmu.Unlock()
		q.traces.Write(b)
		q.traces.WriteString("\n")
	}))
	t.Cleanup(q.collector.Close)
	names, err := filepath.Glob("../../crawlers/*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatalf("no site definitions: %v", err)
	}
	visits := regexp.MustCompile(`(?m)^(  (?:list|detail):) .*$`)
	for _, n := range names {
		b, err := os.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(q.dir, "sites"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(q.dir, "sites", filepath.Base(n)), visits.ReplaceAll(b, []byte("$1 2000h")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var all []string
	for _, h := range s.town.Hosts() {
		all = append(all, h+"="+srv.Listener.Addr().String())
	}
	q.resolve = strings.Join(all, ",")
	t.Cleanup(func() {
		if q.running() {
			_ = q.cmd.Process.Kill()
			<-q.ended
		}
	})
	q.start()
	return q
}

func (q *quietRun) start() {
	q.t.Helper()
	said := len(q.text())
	q.cmd = q.command("run", "-v", "--data", q.data, "--sites", filepath.Join(q.dir, "sites"), "--listen", "127.0.0.1:0", "--admin", q.admin,
		"--otlp", q.collector.URL, "--resolve", q.resolve)
	if err := q.cmd.Start(); err != nil {
		q.t.Fatal(err)
	}
	q.ended = make(chan struct{})
	go func(c *exec.Cmd, ended chan struct{}) { _ = c.Wait(); close(ended) }(q.cmd, q.ended)
	serves := regexp.MustCompile(`serves (http\S+?),`)
	for until := time.Now().Add(patience); ; {
		if m := serves.FindStringSubmatch(q.text()[said:]); m != nil {
			q.base = m[1]
			return
		}
		if time.Now().After(until) || !q.running() {
			q.t.Fatalf("it does not serve:\n%s", q.tail())
		}
		<-time.After(20 * time.Millisecond)
	}
}

// command makes a command whose every word is appended to the log.
func (q *quietRun) command(args ...string) *exec.Cmd {
	q.t.Helper()
	out, err := os.OpenFile(q.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		q.t.Fatal(err)
	}
	q.t.Cleanup(func() { _ = out.Close() })
	c := exec.Command("vigil", args...)
	c.Stdout, c.Stderr = out, out
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return c
}

// run runs a command that may fail, to its end.
func (q *quietRun) run(args ...string) {
	q.t.Helper()
	c := q.command(args...)
	if err := c.Start(); err != nil {
		q.t.Fatal(err)
	}
	late := time.AfterFunc(time.Minute, func() { _ = c.Process.Signal(syscall.SIGTERM) })
	defer late.Stop()
	_ = c.Wait()
}

func (q *quietRun) running() bool {
	if q.ended == nil {
		return false
	}
	select {
	case <-q.ended:
		return false
	default:
		return true
	}
}

func (q *quietRun) stop() {
	q.t.Helper()
	_ = q.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-q.ended:
	case <-time.After(patience):
		q.t.Fatalf("it does not stop:\n%s", q.tail())
	}
}

func (q *quietRun) text() string {
	b, _ := os.ReadFile(q.log)
	return string(b)
}

func (q *quietRun) tail() string {
	s := q.text()
	return s[max(0, len(s)-4000):]
}

// signIn takes over the new instance.
func (q *quietRun) signIn() *api.Client {
	q.t.Helper()
	once := regexp.MustCompile(`one-time password (\S+)`).FindStringSubmatch(q.text())
	if once == nil {
		q.t.Fatalf("no password:\n%s", q.tail())
	}
	const pass = "a meadow of blue lupins"
	jar, err := cookiejar.New(nil)
	if err != nil {
		q.t.Fatal(err)
	}
	q.web = &http.Client{Jar: jar, Timeout: time.Minute}
	for _, f := range [][]string{
		{"/sign-in", "name", "admin", "password", once[1]}, {"/password", "old", once[1], "new", pass, "again", pass},
		{"/purpose", "kind", "case", "text", q.says("case about the ruby on the quay")},
	} {
		if code := q.form(f[0], f[1:]...); code >= 400 {
			q.t.Fatalf("%s: %d", f[0], code)
		}
	}
	a, err := api.NewClient(q.base, "", http.DefaultClient).MakeToken(q.t.Context(), api.TokenRequest{
		Name: "admin", Password: pass, Label: "test", Scopes: access.Scopes(), Purpose: api.Purpose{Kind: access.PurposeCase, Text: "24-0117"},
	})
	if err != nil {
		q.t.Fatal(err)
	}
	q.token = a.Secret
	return api.NewClient(q.base, a.Secret, http.DefaultClient)
}

func (q *quietRun) form(path string, kv ...string) int {
	q.t.Helper()
	v := url.Values{}
	for i := 0; i < len(kv); i += 2 {
		v.Set(kv[i], kv[i+1])
	}
	return q.send(q.web, http.MethodPost, path, "application/x-www-form-urlencoded", v.Encode())
}

// send asks for something and forgets the answer.
func (q *quietRun) send(c *http.Client, method, path, kind, body string, headers ...string) int {
	q.t.Helper()
	r, err := http.NewRequestWithContext(q.t.Context(), method, q.base+path, strings.NewReader(body))
	if err != nil {
		q.t.Fatal(err)
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	if strings.HasPrefix(path, "/api/") {
		r.Header.Set("Authorization", "Bearer "+q.token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	a, err := c.Do(r)
	if err != nil {
		return 0
	}
	defer a.Body.Close()
	_, _ = io.Copy(io.Discard, a.Body)
	return a.StatusCode
}

// askAround uses the pages and the API, mostly wrongly.
func (q *quietRun) askAround(c *api.Client) {
	q.t.Helper()
	spoken := q.says("nine one two, 555 o1 forty three")
	for _, text := range []string{dialled, spoken, q.says(`"unclosed ruby ` + dialled), q.says("phone:(912) 555-0143 AND ("), q.says("quiet lantern zebra")} {
		_, _ = c.Search(q.t.Context(), api.SearchRequest{Query: text})
		q.form("/search", "q", text)
		q.form("/watches", "value", text)
		_, _ = c.Watch(q.t.Context(), text)
	}
	for _, p := range []string{"/ad/", "/cluster/", "/s/", "/", "/clusters?page=", "/inbox?before=", "/nowhere/", "/search?q="} {
		q.send(q.web, http.MethodGet, p+dialled, "", "")
		q.send(http.DefaultClient, http.MethodGet, p+dialled, "", "")
	}
	q.send(q.web, http.MethodPost, "/cluster/"+dialled+"/packet", "", "")
	q.send(q.web, http.MethodPost, "/search", "application/x-www-form-urlencoded", "q="+dialled+"%zz;"+dialled)
	q.send(q.web, http.MethodPost, "/search", "multipart/form-data; boundary="+dialled, dialled)
	q.send(q.web, http.MethodPost, "/search", "application/x-www-form-urlencoded", "q="+dialled, "Origin", "http://"+dialled+".example", "Sec-Fetch-Site", "cross-site")
	q.form("/watches/end", "id", dialled)
	q.form("/sign-in", "name", dialled, "password", dialled)
	for _, p := range []string{"/search", "/watches", "/erasures", "/erasures/preview", "/holds", "/dead-letters/show", "/replay", "/tokens", "/inbox/read"} {
		for _, b := range []string{dialled, `{"query":` + dialled + `}`, `{"` + dialled + `":1}`, `{"ads":["` + dialled + `"],"reason":"call ` + dialled + `","authority":"` + dialled + `"}`} {
			q.send(http.DefaultClient, http.MethodPost, "/api/v1"+p, "application/json", b)
		}
	}
	for _, p := range []string{"/ads/", "/clusters/", "/watches/", "/erasures/", "/tokens/", "/inbox?before=", "/"} {
		q.send(http.DefaultClient, http.MethodGet, "/api/v1"+p+dialled, "", "")
		q.send(http.DefaultClient, http.MethodDelete, "/api/v1"+p+dialled, "", "")
	}
	for _, body := range []string{"", "\x00\x01" + dialled, "<html><title>call " + dialled + "</title>"} {
		for _, h := range [][]string{
			{"Vigil-Page-Url", "http://%zz/" + dialled}, {"Vigil-Page-Url", "no address " + dialled}, {"Vigil-Saved-At", dialled}, {"Vigil-File-Name", "%zz" + dialled},
			{"Vigil-File-Name", dialled + ".html", "Vigil-Saved-At", "1970-01-01T00:00:00Z"}, {"Vigil-Page-Url", "http://pages.example/" + dialled},
		} {
			q.send(http.DefaultClient, http.MethodPost, "/api/v1/imports", "text/html", body, h...)
		}
	}
	for _, address := range []string{strings.TrimPrefix(q.base, "http://"), q.admin} { // no HTTP at all
		for _, raw := range []string{"GET /ad/" + dialled + "\r\n\r\n", "GET /ad/" + dialled + " HTTP/1.1\r\nHost: a b\r\n" + dialled + "\r\n\r\n", dialled + " / HTTP/1.1\r\nHost: x\r\n\r\n"} {
			n, err := net.Dial("tcp", address)
			if err != nil {
				q.t.Fatal(err)
			}
			_ = n.SetDeadline(time.Now().Add(5 * time.Second))
			_, _ = io.WriteString(n, raw)
			_, _ = io.Copy(io.Discard, n)
			_ = n.Close()
		}
	}
}

// work does what changes things: a hold, an erasure, dead letters, a packet.
func (q *quietRun) work(c *api.Client) {
	q.t.Helper()
	var kept, gone string
	for _, a := range q.town.Truth(q.town.Now()).Ads {
		if len(a.Phones) > 0 && a.Phones[0] != kept {
			kept, gone = gone, a.Phones[0]
		}
	}
	q.must("/holds", `{"number":"`+kept+`","reason":"`+q.says("evidence about the quiet lantern")+`","authority":"district court"}`)
	q.must("/erasures", `{"number":"`+gone+`","reason":"`+q.says("asked by the person on the quay")+`","authority":"data protection officer"}`)
	q.must("/dead-letters/retry", `{"all":true}`)
	if code := q.send(http.DefaultClient, http.MethodPost, "/api/v1/dead-letters/drop", "application/json", `{"all":true,"reason":"ads of `+dialled+`"}`); code != http.StatusBadRequest {
		q.t.Errorf("dead letters are dropped for a reason that names a number: %d", code)
	}
	q.must("/dead-letters/drop", `{"all":true,"reason":"`+q.says("the torn pages of the quay")+`"}`)
	top, err := c.Clusters(q.t.Context(), 1)
	if err != nil || len(top) == 0 {
		q.t.Fatalf("clusters: %v, %v", top, err)
	}
	q.must("/clusters/"+top[0].ID+"/packet", "")
}

// must sends what has to succeed.
func (q *quietRun) must(path, body string) {
	q.t.Helper()
	if code := q.send(http.DefaultClient, http.MethodPost, "/api/v1"+path, "application/json", body); code/100 != 2 {
		q.t.Errorf("%s: %d\n%s", path, code, q.tail())
	}
}

// damageIndex makes reads fail inside, which the log must tell of.
func (q *quietRun) damageIndex(c *api.Client) {
	q.t.Helper()
	if err := os.Truncate(filepath.Join(q.data, "index.db"), 4096); err != nil {
		q.t.Fatal(err)
	}
	for range 5 {
		_, _ = c.Search(q.t.Context(), api.SearchRequest{Query: dialled})
		q.form("/search", "q", dialled)
	}
}

// observe reads what the operator's machine reads.
func (q *quietRun) observe() {
	q.t.Helper()
	for _, p := range []string{"/metrics", "/readyz", "/healthz"} {
		a, err := http.Get("http://" + q.admin + p)
		if err != nil {
			q.t.Fatal(err)
		}
		b, _ := io.ReadAll(a.Body)
		_ = a.Body.Close()
		if len(b) == 0 {
			q.t.Errorf("%s says nothing", p)
		}
		q.quiet(q.t, p, string(b))
	}
}

// importBroken imports files that hold no page, from the command line.
func (q *quietRun) importBroken() {
	q.t.Helper()
	dir := filepath.Join(q.dir, "pages")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		q.t.Fatal(err)
	}
	for name, text := range map[string]string{
		"empty.html": "", "noise.html": "\x00\x01\x02" + dialled, "cut.html": "<html><title>call " + dialled + "</ti",
		"url.html": "<!-- saved from url=http://%zz/" + dialled + " status=x at=" + dialled + " type=y -->\n<html>call " + dialled,
		"old.html": "<html><body>Sorry, this posting " + dialled + " has been removed",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			q.t.Fatal(err)
		}
	}
	q.run("import", "-v", "--data", q.data, "--sites", filepath.Join(q.dir, "sites"), dir)
}

// audited is what the audit log holds, which is never erased from.
func (q *quietRun) audited() string {
	q.t.Helper()
	b, err := stream.Open(q.t.Context(), stream.Config{Dir: filepath.Join(q.data, "streams")})
	if err != nil {
		q.t.Fatal(err)
	}
	defer b.Close()
	var out strings.Builder
	if _, err := b.Replay(q.t.Context(), stream.Audit, 0, nil, func(m ad.Message) error {
		fmt.Fprintf(&out, "%s %s\n", m.Subject, m.Data)
		return nil
	}); err != nil {
		q.t.Fatal(err)
	}
	if strings.Count(out.String(), "\n") < 10 {
		q.t.Errorf("the audit log holds too little:\n%s", &out)
	}
	return out.String()
}

// poison stores records that cannot be read, by stream: subject, data, subject,
// data.
func (q *quietRun) poison(records map[string][]string) {
	q.t.Helper()
	b, err := stream.Open(q.t.Context(), stream.Config{Dir: filepath.Join(q.data, "streams")})
	if err != nil {
		q.t.Fatal(err)
	}
	defer b.Close()
	for name, r := range records {
		for i := 0; i+1 < len(r); i += 2 {
			if err := b.Publish(q.t.Context(), []ad.Message{{Subject: r[i], ID: fmt.Sprintf("poison:%s:%d", name, i), Data: []byte(r[i+1])}}); err != nil {
				q.t.Fatal(err)
			}
		}
	}
}
