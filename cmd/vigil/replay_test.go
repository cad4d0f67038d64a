package main

import (
	"errors"
	"math/rand/v2"
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
	"vigil.example/internal/ad"
	"vigil.example/internal/api"
	"vigil.example/internal/generation"
	"vigil.example/internal/search/sqlite"
)

// vigil runs a command of the program against a running demo and returns what it
// prints and its exit code.
func (d *demo) vigil(t testing.TB, args ...string) (string, int) {
	t.Helper()
	cmd := exec.Command("vigil", args...)
	cmd.Env = append(os.Environ(), "VIGIL_SERVER="+d.url, "VIGIL_TOKEN="+d.token(t))
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// token signs in and returns the secret.
func (d *demo) token(t testing.TB) string {
	t.Helper()
	if d.secret != "" {
		return d.secret
	}
	ans, err := api.NewClient(d.url, "", nil).MakeToken(t.Context(), api.TokenRequest{
		Name: "admin", Password: d.password, Label: "command line", Scopes: access.Scopes(), Purpose: api.Purpose{Kind: access.PurposeCase, Text: "24-0117"},
	})
	if err != nil {
		t.Fatal(err)
	}
	d.secret = ans.Secret
	return d.secret
}

// A replay that is killed again and again goes on and comes to the same end;
// nobody is told of anything twice.
func TestKilledReplayComesToTheSame(t *testing.T) {
	ads, seed := number(t, "VIGIL_CRASH_ADS", 300), uint64(number(t, "VIGIL_CRASH_SEED", int(time.Now().UnixNano()%1e6)))
	t.Logf("VIGIL_CRASH_SEED=%d", seed)
	r := rand.New(rand.NewPCG(seed, 4))
	data := t.TempDir()
	args := []string{"--frozen", "--ads", strconv.Itoa(ads)}
	watched, carriers := busiest(t, ads)

	d := startDemo(t, data, args...)
	w, err := d.client(t).Watch(t.Context(), watched)
	if err != nil {
		t.Fatal(err)
	}
	<-d.crawled
	told := allOf(t, d.client(t), carriers-w.Known)
	d.stop(t)
	want := score(t, data, ads)
	if !want.Balanced || len(told)+w.Known != carriers {
		t.Fatalf("balanced %t, told of %d ads, %d known before, %d carry the number", want.Balanced, len(told), w.Known, carriers)
	}

	for serving, step := range []generation.Step{generation.StepExtract, generation.StepEnrich} {
		d = startDemo(t, data, args...)
		plan, err := d.client(t).Replay(t.Context(), api.ReplayRequest{Step: step})
		if err != nil || plan.N != serving+2 {
			t.Fatalf("planned %+v, %v", plan, err)
		}
		for range 8 {
			<-time.After(time.Duration(r.IntN(1500)) * time.Millisecond) // any moment will do
			d.kill()
			<-d.ended
			d = startDemo(t, data, args...)
		}
		c := d.client(t)
		await(t, "the new generation serves", func() bool {
			rs, err := c.Replays(t.Context())
			if err != nil { // it has just begun, and may be slow to answer
				t.Log(err)
				return false
			}
			if rs.Serving.N != plan.N || rs.Replay.Result == nil {
				return false
			}
			if rs.Replay.Result.Letters > 0 {
				t.Errorf("%s: %d messages are taken for what ended the program", step, rs.Replay.Result.Letters)
			}
			return true
		})
		<-d.crawled
		if got := allOf(t, d.client(t), len(told)); len(got) != len(told) {
			t.Errorf("told of %d ads after the replay, %d before", len(got), len(told))
		}
		d.stop(t)
		if got := score(t, data, ads); !got.Balanced || got.State != want.State || got.Scores != want.Scores {
			t.Errorf("killed during a replay from %s on:\n got %+v\nwant %+v", step, got, want)
		}
	}
	d = startDemo(t, data, args...)
	limit := time.After(patience)
	for _, gone := range []string{"index.db", "index-2.db", "streams/jetstream/$G/streams/ADS_2", "streams/jetstream/$G/streams/LINKS_2"} {
		for _, err := os.Stat(filepath.Join(data, gone)); !errors.Is(err, os.ErrNotExist); _, err = os.Stat(filepath.Join(data, gone)) {
			select {
			case <-time.After(100 * time.Millisecond):
			case <-limit:
				t.Fatalf("%s is still there", gone)
			}
		}
	}
	d.stop(t)
}

// The commands as a person types them, against a running instance.
func TestReplayCommands(t *testing.T) {
	d := startDemo(t, t.TempDir(), "--frozen", "--ads", "500") // enough that a replay is still under way when two commands have run
	<-d.crawled
	expect := func(code int, pattern string, args ...string) {
		t.Helper()
		out, got := d.vigil(t, args...)
		if got != code || !regexp.MustCompile(pattern).MatchString(out) {
			t.Errorf("vigil %s: exit code %d, want %d; printed, not %s:\n%s", strings.Join(args, " "), got, code, pattern, out)
		}
	}
	expect(0, `(?m)^Generation 1 serves\.$\n^There was no replay yet\.$`, "replay", "--status")
	expect(0, `(?m)^Generation 1 serves\.$`, "status")
	expect(4, `cancel the replay: none is under way`, "replay", "--cancel")
	expect(2, `no step is named "extrct"\n.*did you mean --step extract\?`, "replay", "--step", "extrct")
	expect(2, `the steps are extract, enrich, link and index`, "replay", "--step", "photocopy")
	expect(2, `"yesterday" is no place to begin at`, "replay", "--step", "extract", "--from", "yesterday")
	expect(2, `--from goes with --step`, "replay", "--status", "--from", "7")
	expect(2, `there is nothing to replay: LISTINGS ends at sequence`, "replay", "--step", "enrich", "--from", "999999")
	expect(2, `there is nothing to replay: the newest capture was stored at`, "replay", "--step", "extract", "--from", "2999-01-01")
	expect(2, `index is always made from the beginning`, "replay", "--step", "index", "--from", "7")

	expect(0, `(?s)Generation 2 is being made, from index on.*took over at .*BEFORE +AFTER +CHANGE\n.*ads +500 +500 +-`, "reindex")
	expect(0, `(?s)^Generation 2 serves, made anew from index on, since .*took over`, "replay", "--status")

	// Ctrl-C ends the watching only; a second replay is refused meanwhile.
	cmd := exec.Command("vigil", "replay", "--step", "extract")
	cmd.Env = append(os.Environ(), "VIGIL_SERVER="+d.url, "VIGIL_TOKEN="+d.token(t))
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := d.client(t)
	await(t, "the replay is planned", func() bool {
		rs, err := c.Replays(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return rs.Replay.N == 3
	})
	expect(1, `only one generation is made at a time: generation 3 \((planned|building), from extract on\)`, "reindex")
	expect(0, `(?m)^Generation 3 is being made, from extract on: \d+ of \d+ records`, "status")
	_ = cmd.Process.Signal(syscall.SIGINT)
	if err := cmd.Wait(); err != nil || !strings.Contains(out.String(), "The replay goes on: vigil replay --status follows it.") {
		t.Errorf("Ctrl-C: %v\n%s", err, out.String())
	}
	expect(0, `(?s)^Generation [23] serves.*Generation 3, from extract on, took over`, "replay", "--status")
	expect(0, `"state": "serving"`, "replay", "--status", "--json")
	expect(0, `(?s)audit|whole`, "audit", "verify")

	// Dead letters.
	expect(0, `^There are no dead letters\.\n$`, "dead-letters", "list")
	expect(2, `none is named`, "dead-letters", "retry")
	expect(2, `both ids and --all`, "dead-letters", "retry", "--all", "7")
	expect(2, `--step goes with --all`, "dead-letters", "retry", "7", "--step", "enrich")
	expect(2, `missing flags: --reason`, "dead-letters", "drop", "7")
	expect(2, `no reason is given`, "dead-letters", "drop", "7", "--reason", " ")
	expect(4, `dead letter 7`, "dead-letters", "show", "7")
	expect(4, `there is no 7`, "dead-letters", "retry", "7")
	expect(0, `0 of 0 letters dropped\.`, "dead-letters", "drop", "--all", "--reason", "nothing there")
	d.stop(t)
}

// Over several processes, two of which are killed again and again, a replay comes
// to the same end.
func TestReplayOverProcesses(t *testing.T) {
	seed := uint64(number(t, "VIGIL_CRASH_SEED", int(time.Now().UnixNano()%1e6)))
	t.Logf("VIGIL_CRASH_SEED=%d", seed)
	r := rand.New(rand.NewPCG(seed, 5))
	p := build(t, layout{servers: 1, ads: 200, procs: map[string][]string{
		"web": {"--roles=web,alert"}, "reader": {"--roles=crawl,extract,enrich,archive"},
		"keeper": {"--roles=link,index,extract"}, "spare": {"--roles=link,index,archive,enrich"},
	}})
	p.settle()
	want, told := p.state(), p.desk.inbox()
	plan, err := p.desk.client.Replay(t.Context(), api.ReplayRequest{Step: generation.StepExtract})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"keeper", "reader", "spare", "keeper", "spare"} {
		<-time.After(time.Duration(r.IntN(700)) * time.Millisecond)
		p.procs[name].kill()
		<-time.After(time.Duration(r.IntN(300)) * time.Millisecond)
		p.procs[name].start()
	}
	await(t, "the new generation serves", func() bool {
		rs, err := p.desk.client.Replays(t.Context())
		return err == nil && rs.Serving.N == plan.N
	})
	quiet := 0
	await(t, "everything is at rest and balanced", func() bool {
		s, err := p.desk.client.Status(t.Context())
		if quiet++; err != nil || !s.Ledger.Settled || !s.Ledger.Balanced {
			quiet = 0
		}
		return quiet > 20
	})
	x, err := sqlite.Open(t.Context(), filepath.Join(p.data, "index-2.db"), sqlite.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	if got, err := stateOf(t.Context(), x); err != nil || got != want {
		t.Errorf("after the replay:\n got %+v\nwant %+v, %v", got, want, err)
	}
	if now := p.desk.inbox(); len(now) != len(told) {
		t.Errorf("told of %d ads, %d before", len(now), len(told))
	}
	for _, name := range []string{"LISTINGS_2", "ADS_2", "LINKS_2"} {
		seen := map[string]bool{}
		_, err := p.bus.Replay(t.Context(), name, 0, nil, func(m ad.Message) error {
			if seen[m.ID] {
				t.Errorf("%s is in %s twice", m.ID, name)
			}
			seen[m.ID] = true
			return nil
		})
		if err != nil || len(seen) == 0 {
			t.Errorf("%s: %d records, %v", name, len(seen), err)
		}
	}
}
