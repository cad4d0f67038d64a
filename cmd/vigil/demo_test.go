package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"vigil.example/internal/access"
	"vigil.example/internal/api"
)

// A demo is a running `vigil demo`, as a process of its own.
type demo struct {
	cmd           *exec.Cmd
	url, password string
	town          string
	secret        string // of a token for commands
	mu            sync.Mutex
	printed       strings.Builder
	ready         chan struct{} // closed when it has said where to go
	crawled       chan struct{} // closed when the first crawl is done
	ended         chan struct{}
}

var (
	openLine     = regexp.MustCompile(`Open\s+(http://\S+)`)
	passwordLine = regexp.MustCompile(`Password\s+(\S+)`)
	townLine     = regexp.MustCompile(`The town\s+(http://\S+)`)
)

// startDemo starts the program and waits until it says where to go.
func startDemo(t testing.TB, data string, args ...string) *demo {
	t.Helper()
	d := launchDemo(t, data, args...)
	select {
	case <-d.ready:
	case <-d.ended:
		t.Fatalf("vigil demo ended before it was ready:\n%s", d.text())
	case <-time.After(patience):
		t.Fatalf("vigil demo is not ready after two minutes:\n%s", d.text())
	}
	return d
}

// launchDemo starts the program.
func launchDemo(t testing.TB, data string, args ...string) *demo {
	t.Helper()
	d := &demo{ready: make(chan struct{}), crawled: make(chan struct{}), ended: make(chan struct{})}
	d.cmd = exec.Command("vigil", append([]string{"demo", "--data", data, "--listen", "127.0.0.1:0"}, args...)...)
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	d.cmd.Stderr = d.cmd.Stdout
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.kill)
	go d.read(out)
	return d
}

func (d *demo) read(out io.Reader) {
	defer close(d.ended)
	s := bufio.NewScanner(out)
	s.Split(lines)
	for s.Scan() {
		l := s.Text()
		d.mu.Lock()
		d.printed.WriteString(l + "\n")
		d.mu.Unlock()
		if m := openLine.FindStringSubmatch(l); m != nil {
			d.url = m[1]
		}
		if m := passwordLine.FindStringSubmatch(l); m != nil {
			d.password = m[1]
		}
		if m := townLine.FindStringSubmatch(l); m != nil {
			d.town = m[1]
			close(d.ready)
		}
		if strings.HasPrefix(l, "Crawled in") {
			close(d.crawled)
		}
	}
}

// lines splits at line feeds and at the carriage returns of a progress line.
func lines(b []byte, eof bool) (int, []byte, error) {
	if i := strings.IndexAny(string(b), "\r\n"); i >= 0 {
		return i + 1, b[:i], nil
	}
	if eof && len(b) > 0 {
		return len(b), b, nil
	}
	return 0, nil, nil
}

func (d *demo) text() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.printed.String()
}

// kill ends the process as a power switch would, as far as a process goes.
func (d *demo) kill() {
	_ = d.cmd.Process.Signal(syscall.SIGKILL)
	_ = d.cmd.Wait()
}

// stop ends it as Ctrl-C does.
func (d *demo) stop(t testing.TB) {
	t.Helper()
	_ = d.cmd.Process.Signal(os.Interrupt)
	select {
	case <-d.ended:
	case <-time.After(patience):
		t.Fatalf("vigil demo does not stop:\n%s", d.text())
	}
	if err := d.cmd.Wait(); err != nil {
		t.Errorf("vigil demo stopped with %v:\n%s", err, d.text())
	}
}

// client signs in and returns a client for a purpose.
func (d *demo) client(t testing.TB) *api.Client {
	t.Helper()
	c := api.NewClient(d.url, "", http.DefaultClient)
	ans, err := c.MakeToken(t.Context(), api.TokenRequest{
		Name: "admin", Password: d.password, Label: "test", Scopes: access.Scopes(), Purpose: api.Purpose{Kind: access.PurposeCase, Text: "24-0117"},
	})
	if err != nil {
		select { // if it is ending, with what it says last
		case <-d.ended:
		case <-time.After(10 * time.Second):
		}
		t.Fatalf("sign in: %v\n%s", err, d.text())
	}
	return api.NewClient(d.url, ans.Secret, http.DefaultClient)
}

// A scored is the last line of `vigil demo --score`.
type scored struct {
	Ads      int  `json:"ads"`
	Balanced bool `json:"balanced"`
	Ledger   []struct {
		Step   string `json:"step"`
		In     uint64 `json:"in"`
		Stored uint64 `json:"stored"`
	} `json:"ledger"`
	State struct {
		Versions string `json:"versions_sha256"`
		Numbers  string `json:"numbers_sha256"`
		Clusters string `json:"clusters_sha256"`
	} `json:"state"`
	Scores struct {
		NumberF1      float64 `json:"number_f1"`
		PairPrecision float64 `json:"pair_precision"`
		Found         int     `json:"ads_found"`
	} `json:"scores"`
}

func score(t *testing.T, data string, ads int) scored {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "vigil", "demo", "--score", "--ads", strconv.Itoa(ads), "--data", data).CombinedOutput()
	if err != nil {
		t.Fatalf("vigil demo --score: %v\n%s", err, out)
	}
	all := strings.Split(strings.TrimSpace(string(out)), "\n")
	var s scored
	if err := json.Unmarshal([]byte(all[len(all)-1]), &s); err != nil {
		t.Fatalf("the last line is not JSON: %v\n%s", err, out)
	}
	return s
}
