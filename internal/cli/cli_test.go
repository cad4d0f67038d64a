package cli_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/access"
	"vigil.example/internal/api/apitest"
	"vigil.example/internal/cli"
	"vigil.example/internal/packet"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// verdicts are words that conclude something about a person in an ad or about who
// posted it.
var verdicts = regexp.MustCompile(`(?i)\b(?:one|same) (?:hand|author|poster|person)\b|\bvictims?\b|prostitut|traffick|\bpimps?\b|perpetrator|culprit|offender|\bguilt|\bodds\b`)

// A shell runs commands as somebody types them, with a home of its own.
type shell struct {
	t   *testing.T
	env map[string]string
	dir string
}

func newShell(t *testing.T) *shell {
	dir := t.TempDir()
	return &shell{t: t, dir: dir, env: map[string]string{"VIGIL_CREDENTIALS": filepath.Join(dir, "home", "credentials.json")}}
}

// run returns what a command printed and its exit code.
func (s *shell) run(stdin string, args ...string) (stdout, stderr string, code int) {
	s.t.Helper()
	var out, errs bytes.Buffer
	env := func(k string) string { return s.env[k] }
	code = cli.Main(s.t.Context(), args, strings.NewReader(stdin), &out, &errs, env, "v0-test")
	return out.String(), errs.String(), code
}

// must is run of what has to work.
func (s *shell) must(stdin string, args ...string) string {
	s.t.Helper()
	out, errs, code := s.run(stdin, args...)
	if code != 0 {
		s.t.Fatalf("vigil %s: exit code %d: %s", strings.Join(args, " "), code, errs)
	}
	return out
}

func (s *shell) path(name string) string { return filepath.Join(s.dir, name) }

func TestOutput(t *testing.T) {
	town := apitest.Start(t)
	sh := newShell(t)
	sh.env["VIGIL_SERVER"], sh.env["VIGIL_TOKEN"] = town.URL, town.Secret(t, "anna", access.Scopes()...)
	for _, c := range []struct {
		golden string
		args   []string
	}{
		{"search", []string{"search", "--sort", "newest", "912", "555", "01", "23"}},
		{"search-nothing", []string{"search", "violin"}},
		{"search-number-and-words", []string{"search", "violin", "912-555-0123"}},
		{"search-number-unknown", []string{"search", "912-555-0188"}},
		{"search-beyond", []string{"search", "--offset", "40", "piano"}},
		{"search-digits", []string{"search", "5550123"}},
		{"search-facets", []string{"search", "--facets", "piano"}},
		{"search-clusters", []string{"search", "--clusters", "piano"}},
		{"ad", []string{"ad", town.Ads[0].AdID}},
		{"cluster", []string{"cluster", town.Cluster}},
		{"clusters", []string{"cluster"}},
		{"clusters-json", []string{"cluster", "--json"}},
		{"watch-add", []string{"watch", "add", "(912) 555-0123"}},
		{"watch-again", []string{"watch", "add", "912.555.0123"}},
		{"watch-list", []string{"watch", "list"}},
		{"inbox-empty", []string{"inbox"}},
		{"inbox", []string{"inbox", "--read", "--wait"}},
		{"inbox-read", []string{"inbox"}},
		{"inbox-json", []string{"inbox", "--json"}},
		{"status", []string{"status"}},
	} {
		t.Run(c.golden, func(t *testing.T) {
			if c.golden == "inbox" {
				town.Appear(t, "90")
			}
			got := sh.must("", c.args...)
			if v := verdicts.FindString(strings.Join(strings.Fields(got), " ")); v != "" {
				t.Errorf("it says %q", v)
			}
			json := strings.HasSuffix(c.golden, "-json")
			for l := range strings.Lines(got) {
				if n := len([]rune(strings.TrimSuffix(l, "\n"))); n > 80 && !json {
					t.Errorf("a line of %d characters: %s", n, l)
				}
			}
			name := filepath.Join("testdata", c.golden+".txt")
			if *update {
				if err := os.WriteFile(name, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(got, string(want)); diff != "" {
				t.Errorf("got and want:\n%s", diff)
			}
		})
	}
}

func TestSignInAndOut(t *testing.T) {
	town := apitest.Start(t)
	sh := newShell(t)
	sh.must("anna\n"+town.Passwords["anna"]+"\ncase 24-0117\n", "login", "--server", town.URL)
	i, err := os.Stat(sh.env["VIGIL_CREDENTIALS"])
	if err != nil || i.Mode().Perm() != 0o600 && runtime.GOOS != "windows" {
		t.Fatalf("credentials: %v, %v", i, err)
	}
	sh.must("", "search", "piano") // on the server of the sign-in

	town.Pass(time.Second)
	sh.must(town.Passwords["anna"]+"\n", "login", "--name", "anna", "--reason", "tip line, night shift")
	for i, tok := range town.Desk.Register.Tokens(subject(t, town)) {
		if tok.Revoked.IsZero() != (i == 1) {
			t.Errorf("token %d after a second sign-in: %+v", i, tok)
		}
	}
	kept, err := os.ReadFile(sh.env["VIGIL_CREDENTIALS"])
	if err != nil {
		t.Fatal(err)
	}
	sh.must("", "logout")
	if _, errs, code := sh.run("", "search", "piano", "--server", town.URL); code != 3 || !strings.Contains(errs, "vigil login") {
		t.Errorf("search after signing out: %d, %s", code, errs)
	}
	if out := sh.must("", "logout"); out != "Nobody is signed in.\n" {
		t.Errorf("a second logout: %s", out)
	}
	var was struct{ Token string }
	if err := json.Unmarshal(kept, &was); err != nil {
		t.Fatal(err)
	}
	sh.env["VIGIL_TOKEN"] = was.Token
	if _, errs, code := sh.run("", "status", "--server", town.URL); code != 3 {
		t.Errorf("the token of before: %d, %s", code, errs)
	}
}

func subject(t *testing.T, town *apitest.Town) string {
	u, err := town.Desk.Register.UserNamed("anna")
	if err != nil {
		t.Fatal(err)
	}
	return u.ID
}

func TestTheTokenGoesToItsServerOnly(t *testing.T) {
	one, two := apitest.Start(t), apitest.Start(t)
	sh := newShell(t)
	sh.must(one.Passwords["anna"]+"\n", "login", "--server", one.URL, "--name", "anna", "--case", "24-0117")
	if _, errs, code := sh.run("", "status", "--server", two.URL); code != 3 || len(two.Requests()) != 0 {
		t.Errorf("exit code %d, %d requests: %s", code, len(two.Requests()), errs)
	}
	sh.must("", "status", "--server", one.URL+"/")
}

func TestPacket(t *testing.T) {
	town := apitest.Start(t)
	sh := newShell(t)
	sh.env["VIGIL_SERVER"], sh.env["VIGIL_TOKEN"] = town.URL, town.Secret(t, "anna", access.ScopePacket)
	file, pub, other := sh.path("p.zip"), sh.path("signer.pub.pem"), sh.path("other.pub.pem")
	_, stranger, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]ed25519.PrivateKey{pub: town.Key, other: stranger} {
		if err := os.WriteFile(name, packet.PublicPEM(key), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out := sh.must("", "packet", "export", town.Cluster, "-o", file)
	_, receipt, ok := strings.Cut(out, "Receipt ")
	if !ok {
		t.Fatalf("no receipt: %s", out)
	}
	if got := sh.must("", "packet", "verify", file, "--key", pub); !strings.Contains(got, receipt[:64]) || !strings.Contains(got, "whole and sealed") {
		t.Errorf("verify: %s", got)
	}
	if _, errs, code := sh.run("", "packet", "export", town.Cluster, "-o", file); code != 2 || !strings.Contains(errs, "is there already") {
		t.Errorf("a file that is there: %d, %s", code, errs)
	}
	if left, _ := filepath.Glob(sh.path(".packet-*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	whole[len(whole)/2] ^= 1
	changed := sh.path("changed.zip")
	if err := os.WriteFile(changed, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		code int
	}{
		"without a key":       {[]string{file}, 5},
		"another key":         {[]string{file, "--key", other}, 5},
		"one byte changed":    {[]string{changed, "--key", pub}, 5},
		"a key that is none":  {[]string{file, "--key", file}, 2},
		"a key that is not":   {[]string{file, "--key", sh.path("no.pem")}, 4},
		"a file that is not":  {[]string{sh.path("no.zip"), "--key", pub}, 4},
		"a file that is text": {[]string{pub, "--key", pub}, 5},
	} {
		t.Run(name, func(t *testing.T) {
			if out, errs, code := sh.run("", append([]string{"packet", "verify"}, c.args...)...); code != c.code || errs == "" {
				t.Errorf("exit code %d, want %d\n%s%s", code, c.code, out, errs)
			}
			out, _, _ := sh.run("", append([]string{"packet", "verify", "--json"}, c.args...)...)
			var v struct{ Passed bool }
			if c.code == 5 && (json.Unmarshal([]byte(out), &v) != nil || v.Passed) {
				t.Errorf("--json: %s", out)
			}
		})
	}
}

func TestCodes(t *testing.T) {
	town := apitest.Start(t)
	sh := newShell(t)
	sh.env["VIGIL_SERVER"], sh.env["VIGIL_TOKEN"] = town.URL, town.Secret(t, "anna", access.ScopeRead)
	nothing := strings.Repeat("0", 32)
	for name, c := range map[string]struct {
		stdin string
		args  []string
		code  int
		text  string
	}{
		"an ad that is not there":  {"", []string{"ad", nothing}, 4, "vigil: open ad " + nothing + ": "},
		"a number for an id":       {"", []string{"ad", "912-555-0123"}, 2, "vigil: this is no id"},
		"a scope too narrow":       {"", []string{"inbox"}, 3, "vigil: open inbox: watch: not allowed"},
		"a query cut short":        {"", []string{"search", "a", "(b"}, 2, "vigil: search: character 3: "},
		"a page too long":          {"", []string{"search", "--size", "1000", "a"}, 2, "vigil: search: "},
		"a folder that is not":     {"", []string{"packet", "export", town.Cluster, "-o", sh.path("no/p.zip")}, 2, "vigil: save packet: there is no folder "},
		"the log by an analyst":    {"", []string{"audit", "verify"}, 3, "vigil: verify audit log: audit: not allowed"},
		"nothing on the input":     {"", []string{"search", "-"}, 2, "vigil: read standard input: it is empty"},
		"two purposes":             {"", []string{"login", "--case", "1", "--reason", "b"}, 2, "vigil: --case and --reason"},
		"no password":              {"", []string{"login", "--name", "anna"}, 2, "vigil: sign in: no password given"},
		"a wrong password":         {"wrong\n", []string{"login", "--name", "anna", "--case", "24-1"}, 3, "vigil: make token: sign in: wrong name or password"},
		"credentials for everyone": {"", nil, 3, "vigil: read credentials: others on this machine can read "},
	} {
		t.Run(name, func(t *testing.T) {
			s := *sh
			if c.args == nil {
				open := s.path("open.json")
				if err := os.WriteFile(open, []byte("{}"), 0o600); err != nil {
					t.Fatal(err)
				}
				if err := os.Chmod(open, 0o644); err != nil {
					t.Fatal(err)
				}
				s.env = map[string]string{"VIGIL_CREDENTIALS": open}
				c.args = []string{"status"}
			}
			out, errs, code := s.run(c.stdin, c.args...)
			if code != c.code || !strings.HasPrefix(errs, c.text) || out != "" {
				t.Errorf("got %d %q and printed %q, want %d %q", code, errs, out, c.code, c.text)
			}
			if n := strings.Count(errs, "\n"); n > 2 {
				t.Errorf("%d lines of error:\n%s", n, errs)
			}
		})
	}
	t.Run("a query from the input", func(t *testing.T) {
		if out := sh.must("912-555-0123\n", "search", "-"); !strings.Contains(out, "2 ads") {
			t.Error(out)
		}
	})
}

func TestEndingAWatchThatIsNotThere(t *testing.T) {
	town := apitest.Start(t)
	sh := newShell(t)
	sh.env["VIGIL_SERVER"], sh.env["VIGIL_TOKEN"] = town.URL, town.Secret(t, "anna", access.ScopeWatch)
	nothing := strings.Repeat("0", 32)
	want := "vigil: end watch " + nothing + ": you watch nothing under this id\nvigil watch list shows their ids\n"
	if _, errs, code := sh.run("", "watch", "end", nothing); code != 4 || errs != want {
		t.Errorf("got %d %q, want 4 %q", code, errs, want)
	}
}

func TestAuditVerify(t *testing.T) {
	town := apitest.Start(t)
	sh := newShell(t)
	sh.env["VIGIL_SERVER"], sh.env["VIGIL_TOKEN"] = town.URL, town.Secret(t, "otto", access.ScopeAdmin)
	if out := sh.must("", "audit", "verify"); !regexp.MustCompile(`^The audit log is whole: \d+ entr(y|ies)\.\nHead SHA-256 [0-9a-f]{64}\n$`).MatchString(out) {
		t.Errorf("a whole log: %s", out)
	}
	town.Journal.Spoil()
	out, errs, code := sh.run("", "audit", "verify")
	if code != 5 || !strings.HasPrefix(out, "The audit log is NOT whole: ") || !strings.HasPrefix(errs, "vigil: verify audit log: ") || !strings.Contains(errs, "entry 1") {
		t.Errorf("a spoilt log: %d\n%s%s", code, out, errs)
	}
	out, _, code = sh.run("", "audit", "verify", "--json")
	var a struct{ Whole bool }
	if err := json.Unmarshal([]byte(out), &a); code != 5 || err != nil || a.Whole {
		t.Errorf("--json: %d, %v: %s", code, err, out)
	}
}
