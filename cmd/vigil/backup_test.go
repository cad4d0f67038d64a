package main

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"vigil.example/internal/access"
	"vigil.example/internal/api"
	"vigil.example/internal/packet"
)

// backedUp is the size of the town in these tests.
const backedUp = 600

// signedIn signs in at a demo and returns the client and how commands sign in.
func signedIn(t testing.TB, d *demo) (*api.Client, []string) {
	t.Helper()
	c := api.NewClient(d.url, "", http.DefaultClient)
	ans, err := c.MakeToken(t.Context(), api.TokenRequest{
		Name: "admin", Password: d.password, Label: "test", Scopes: access.Scopes(), Purpose: api.Purpose{Kind: access.PurposeCase, Text: "24-0117"},
	})
	if err != nil {
		t.Fatalf("sign in: %v\n%s", err, d.text())
	}
	return api.NewClient(d.url, ans.Secret, http.DefaultClient), []string{"VIGIL_SERVER=" + d.url, "VIGIL_TOKEN=" + ans.Secret}
}

// vigil runs a command and returns what it printed and its exit code.
func vigil(t testing.TB, env []string, args ...string) (string, int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "vigil", args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState.ExitCode() < 0 {
		t.Fatalf("vigil %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

func must(t testing.TB, env []string, args ...string) string {
	t.Helper()
	out, code := vigil(t, env, args...)
	if code != 0 {
		t.Fatalf("vigil %s: exit code %d\n%s", strings.Join(args, " "), code, out)
	}
	return out
}

// What is backed up in the midst of a crawl is one state: restored it goes on, and
// comes to the same as a crawl that nothing happened to; nobody is told twice.
func TestBackupWhileCrawling(t *testing.T) {
	ads := strconv.Itoa(backedUp)
	want := score(t, t.TempDir(), backedUp)
	dir := t.TempDir()
	data, file, again := filepath.Join(dir, "data"), filepath.Join(dir, "backup.tar"), filepath.Join(dir, "again")
	watched, carriers := busiest(t, backedUp)

	d := startDemo(t, data, "--frozen", "--ads", ads)
	c, env := signedIn(t, d)
	w, err := c.Watch(t.Context(), watched)
	if err != nil {
		t.Fatal(err)
	}
	for d.status(t, c).Ads < backedUp/4 { // in the midst of it
		select {
		case <-d.ended:
			t.Fatal(d.text())
		case <-time.After(20 * time.Millisecond):
		}
	}
	t.Log(must(t, env, "backup", file))
	at := d.status(t, c)
	if at.Ads >= backedUp {
		t.Log("the crawl was over before the backup was: a slow machine")
	}
	d.kill()
	<-d.ended
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup: %v, %v", info.Mode(), err)
	}

	t.Log(must(t, nil, "restore", file, "--data", again, "--no-later-erasures"))
	doctor(t, again)
	d = startDemo(t, again, "--frozen", "--ads", ads)
	c = api.NewClient(d.url, strings.TrimPrefix(env[1], "VIGIL_TOKEN="), http.DefaultClient) // the token is as it was
	d.crawl(t)
	inbox := allOf(t, c, carriers-w.Known)
	told := map[string]int{}
	for _, a := range inbox {
		if told[a]++; told[a] == 2 {
			t.Errorf("told twice of ad %s", a)
		}
	}
	if len(told)+w.Known != carriers {
		t.Errorf("told of %d ads, %d were known before; %d carry the number", len(told), w.Known, carriers)
	}
	if a, err := c.VerifyAudit(t.Context()); err != nil || !a.Whole {
		t.Errorf("audit log: %+v, %v", a, err)
	}
	sealsAsBefore(t, c, again)
	d.stop(t)
	got := score(t, again, backedUp)
	if !got.Balanced || got.State != want.State {
		t.Errorf("restored and gone on:\n got %+v\nwant %+v", got, want)
	}
	// Every visit was planned once and brought one page: none was fetched twice.
	if got.Ledger[0] != want.Ledger[0] {
		t.Errorf("visits: got %+v, want %+v", got.Ledger[0], want.Ledger[0])
	}
	doctor(t, again)
}

// sealsAsBefore checks that packets are sealed with the key that was restored.
func sealsAsBefore(t *testing.T, c *api.Client, data string) {
	t.Helper()
	cs, err := c.Clusters(t.Context(), 1)
	if err != nil || len(cs) == 0 {
		t.Fatalf("clusters: %v", err)
	}
	name := filepath.Join(t.TempDir(), "packet.zip")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if _, err := c.Packet(t.Context(), cs[0].ID, f); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(data, "signer.pub.pem"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := packet.ParsePublicPEM(b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := packet.Verify(name, key); err != nil {
		t.Errorf("packet of the restored instance: %v", err)
	}
}

// What is erased after the backup was made is erased again by a restore, from
// every byte, and its ledger must be the newest and the instance's own.
func TestRestoreErasesAgain(t *testing.T) {
	dir := t.TempDir()
	data, file, again := filepath.Join(dir, "data"), filepath.Join(dir, "backup.tar"), filepath.Join(dir, "again")
	number, _ := lonely(t)
	score(t, data, erasable) // seals
	d := startDemo(t, data, "--frozen", "--ads", strconv.Itoa(erasable))
	c, env := signedIn(t, d)
	d.crawl(t)
	victim := d.only(t, c, number)
	before := d.status(t, c)
	needles := needlesOf(t, victim, number, data)
	must(t, env, "backup", file)
	q := grounds
	q.Number = number
	d.erase(t, c, q)
	d.stop(t)
	ledger := filepath.Join(data, "erasures.jsonl")

	// Whoever does not say what was erased since, or says it wrongly, restores nothing.
	other := filepath.Join(dir, "other")
	score(t, other, erasable)
	d = startDemo(t, other, "--frozen", "--ads", strconv.Itoa(erasable))
	d.crawl(t)
	d.erase(t, d.client(t), q)
	d.stop(t)
	cut := filepath.Join(dir, "cut.jsonl")
	b, err := os.ReadFile(ledger)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cut, b[:len(b)-20], 0o600); err != nil {
		t.Fatal(err)
	}
	for _, refused := range []struct {
		code  int
		says  string
		flags []string
	}{
		{2, "--no-later-erasures", nil},
		{5, "another instance's key", []string{"--ledger", filepath.Join(other, "erasures.jsonl")}},
		{5, "cut off", []string{"--ledger", cut}},
		{4, "", []string{"--ledger", filepath.Join(dir, "nowhere.jsonl")}},
	} {
		out, code := vigil(t, nil, append([]string{"restore", file, "--data", again}, refused.flags...)...)
		if code != refused.code || !strings.Contains(out, refused.says) {
			t.Errorf("%v: exit code %d, want %d, and %q in:\n%s", refused.flags, code, refused.code, refused.says, out)
		}
	}
	if _, err := os.Stat(again); !os.IsNotExist(err) { // the ledger is read before anything is laid down
		t.Errorf("a refused restore left something: %v", err)
	}

	t.Log(must(t, nil, "restore", file, "--data", again, "--ledger", ledger))
	nowhere(t, again, needles)
	d = startDemo(t, again, "--frozen", "--ads", strconv.Itoa(erasable))
	d.crawl(t)
	c = d.client(t)
	d.gone(t, c, victim.ID, number)
	after := d.settled(t, c)
	if after.Ads != before.Ads-1 || !after.Ledger.Balanced {
		t.Errorf("%d ads after %d, ledger %+v", after.Ads, before.Ads, after.Ledger)
	}
	if a, err := c.VerifyAudit(t.Context()); err != nil || !a.Whole {
		t.Errorf("audit log: %+v, %v", a, err)
	}
	d.stop(t)
	nowhere(t, again, needles)
	doctor(t, again)
	// The ledger that goes on from here knows the order, so that it can be restored with.
	third := filepath.Join(dir, "third")
	must(t, nil, "restore", file, "--data", third, "--ledger", filepath.Join(again, "erasures.jsonl"))
	nowhere(t, third, needles)
}

// A restore that is killed is no instance, and is begun again by the same command.
func TestKilledRestore(t *testing.T) {
	dir := t.TempDir()
	data, file, again := filepath.Join(dir, "data"), filepath.Join(dir, "backup.tar"), filepath.Join(dir, "again")
	want := score(t, data, backedUp)
	t.Log(must(t, nil, "backup", file, "--data", data))
	for _, after := range []time.Duration{20, 120, 250, 400, 700} {
		cmd := exec.Command("vigil", "restore", file, "--data", again, "--no-later-erasures")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(after * time.Millisecond) // any moment will do
		_ = cmd.Process.Signal(syscall.SIGKILL)
		if cmd.Wait() == nil {
			break // it was faster
		}
		if _, err := os.Stat(filepath.Join(again, "restore.unfinished")); err != nil {
			continue // not begun, or done but for the index
		}
		if out, code := vigil(t, nil, "user", "list", "--data", again); code == 0 {
			t.Errorf("killed after %v ms it is taken for an instance:\n%s", after, out)
		}
	}
	if _, err := os.Stat(filepath.Join(again, "vigil.json")); err == nil {
		_, err = os.Stat(filepath.Join(again, "restore.unfinished"))
		if err != nil { // the last round got through
			again += "-2"
		}
	}
	must(t, nil, "restore", file, "--data", again, "--no-later-erasures")
	if got := score(t, again, backedUp); got.State != want.State || !got.Balanced {
		t.Errorf("got %+v, want %+v", got, want)
	}
	out, code := vigil(t, nil, "restore", file, "--data", again, "--no-later-erasures")
	if code != 1 || !strings.Contains(out, "not empty") {
		t.Errorf("restored over an instance: exit code %d\n%s", code, out)
	}
}

// What is damaged is refused by the name of the part, before anything is touched.
func TestDamagedBackup(t *testing.T) {
	dir := t.TempDir()
	data, file := filepath.Join(dir, "data"), filepath.Join(dir, "backup.tar")
	score(t, data, 60)
	must(t, nil, "backup", file, "--data", data)
	if out, code := vigil(t, nil, "backup", file, "--data", data); code != 2 || !strings.Contains(out, "there already") {
		t.Errorf("written over: exit code %d\n%s", code, out)
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	at := func(part string) int { // where the bytes of a part begin
		i := strings.Index(string(whole), part+"\x00")
		if i < 0 {
			t.Fatalf("no part %s", part)
		}
		return i + 512
	}
	flip := func(i int) []byte {
		b := []byte(string(whole))
		b[i] ^= 0x40
		return b
	}
	for name, c := range map[string]struct {
		b    []byte
		says string
	}{
		"a stream":               {flip(at("streams/CAPTURES/000001") + 5000), "part streams/CAPTURES/000001 hashes to"},
		"the key":                {flip(at("folder/instance.key") + 3), "part folder/instance.key hashes to"},
		"the manifest":           {flip(at("manifest.json") + 30), "part manifest.json hashes to"},
		"a name":                 {flip(at("streams/ADS/000001") - 512 + 9), "it is damaged behind part streams/ALERTS/000001"},
		"cut within a part":      {whole[:at("streams/LISTINGS/000001")+100], "cut off within part streams/LISTINGS/000001"},
		"cut between two parts":  {whole[:at("manifest.json")-512], "cut off after part"},
		"cut before the digests": {whole[:at("SHA256SUMS")-512], "cut off after part manifest.json"},
		"something else":         {[]byte("PK\x03\x04 some archive of another kind"), "it is no backup of Vigil"},
		"nothing":                {nil, "it is no backup of Vigil"},
	} {
		t.Run(name, func(t *testing.T) {
			bad, to := filepath.Join(dir, "bad.tar"), filepath.Join(dir, "to")
			if err := os.WriteFile(bad, c.b, 0o600); err != nil {
				t.Fatal(err)
			}
			for _, args := range [][]string{{"backup", "verify", bad}, {"restore", bad, "--data", to, "--no-later-erasures"}} {
				out, code := vigil(t, nil, args...)
				if code != 5 || !strings.Contains(out, c.says) {
					t.Errorf("vigil %s: exit code %d, want 5, and %q in:\n%s", args[0], code, c.says, out)
				}
			}
			if _, err := os.Stat(to); err == nil {
				t.Error("the folder was touched")
			}
		})
	}
	// Other people's tools read it.
	if _, err := exec.LookPath("sha256sum"); err == nil {
		out, err := exec.Command("sh", "-c", "mkdir "+dir+"/x && cd "+dir+"/x && tar xf ../backup.tar && sha256sum -c --quiet SHA256SUMS").CombinedOutput()
		if err != nil {
			t.Errorf("tar and sha256sum: %v\n%s", err, out)
		}
	}
	if out := must(t, nil, "backup", "verify", file); !regexp.MustCompile(`The backup is whole: instance [0-9a-f]{16}`).MatchString(out) {
		t.Error(out)
	}
}
