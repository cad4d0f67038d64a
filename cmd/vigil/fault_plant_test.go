package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"vigil.example/internal/bazaar"
	"vigil.example/internal/search/elastic/elastictest"
	"vigil.example/internal/stream"
)

// A program is a process that a test starts, kills and starts again. What it says
// goes to a file.
type program struct {
	t     testing.TB
	name  string
	path  string
	args  []string
	env   []string
	log   string
	cmd   *exec.Cmd
	ended chan struct{}
}

func (p *program) start() {
	p.t.Helper()
	out, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		p.t.Fatal(err)
	}
	defer out.Close()
	p.cmd = exec.Command(p.path, p.args...)
	p.cmd.Env = append(os.Environ(), p.env...)
	p.cmd.Stdout, p.cmd.Stderr = out, out
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		p.t.Fatalf("start %s: %v", p.name, err)
	}
	p.ended = make(chan struct{})
	go func(cmd *exec.Cmd, ended chan struct{}) { _ = cmd.Wait(); close(ended) }(p.cmd, p.ended)
}

func (p *program) runs() bool {
	if p.ended == nil {
		return false
	}
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

func (p *program) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

// kill ends the process as a power switch would, as far as a process goes.
func (p *program) kill() {
	if p.runs() {
		p.signal(syscall.SIGKILL)
		<-p.ended
	}
}

// stop ends it in good order.
func (p *program) stop() {
	p.t.Helper()
	if !p.runs() {
		return
	}
	p.signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.signal(syscall.SIGQUIT) // it says where it hangs
		<-p.ended
		p.t.Errorf("%s does not stop:\n%s", p.name, p.tail(60))
	}
}

func (p *program) text() string {
	b, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// tail is the last lines it said.
func (p *program) tail(n int) string {
	lines := strings.Split(strings.TrimSpace(p.text()), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// said waits until the process has said something and returns the first group.
func (p *program) said(r *regexp.Regexp) string {
	p.t.Helper()
	found := ""
	p.wait("says "+r.String(), func() bool {
		m := r.FindStringSubmatch(p.text())
		if m != nil {
			found = m[len(m)-1]
		}
		return m != nil
	})
	return found
}

// wait waits for something that a running process does.
func (p *program) wait(what string, ok func() bool) {
	p.t.Helper()
	for until := time.Now().Add(patience); !ok(); {
		if time.Now().After(until) || !p.runs() {
			p.t.Fatalf("%s, running %t, never %s:\n%s", p.name, p.runs(), what, p.tail(40))
		}
		<-time.After(20 * time.Millisecond)
	}
}

// patience is how long a test waits for what must come: long, because it costs
// nothing where it comes, and machines differ.
const patience = 5 * time.Minute

// await waits until something is so.
func await(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for until := time.Now().Add(patience); !ok(); {
		if time.Now().After(until) {
			t.Fatalf("not within %v: %s", patience, what)
		}
		<-time.After(50 * time.Millisecond)
	}
}

// vigilBinary is the program under test: VIGIL_BIN, as `make race` builds it
// without the race detector, or the test binary itself.
func vigilBinary(t testing.TB) string {
	t.Helper()
	if name := os.Getenv("VIGIL_BIN"); name != "" {
		return name
	}
	name, err := exec.LookPath("vigil")
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// natsBinary builds the server of the module that go.mod names.
var natsBinary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "vigil-nats")
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "nats-server")
	out, err := exec.Command("go", "build", "-o", name, "github.com/nats-io/nats-server/v2").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the NATS server: %w\n%s", err, out)
	}
	return name, nil
})

// ports returns addresses on this machine at which nobody listens. They lie below the
// ports that the system gives to whoever connects, and none is given twice.
func ports(t testing.TB, n int) []string {
	t.Helper()
	given.Lock()
	defer given.Unlock()
	var out []string
	for range 10_000 {
		if len(out) == n {
			return out
		}
		if given.next++; given.next >= lastPort {
			given.next = firstPort
		}
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", given.next))
		if err != nil {
			continue // somebody else's
		}
		out = append(out, l.Addr().String())
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Fatalf("there are no %d free ports", n)
	return nil
}

const firstPort, lastPort = 12_000, 32_000

// given are the ports that were given; where they begin differs from run to run.
var given = struct {
	sync.Mutex
	next int
}{next: firstPort + rand.IntN(lastPort-firstPort)}

// A layout says of which processes an instance is made.
type layout struct {
	servers int                 // NATS servers; 0 keeps the streams inside the one process
	ads     int                 // of the town
	delay   string              // between two requests to a site
	data    string              // data folder; "" for one of its own
	procs   map[string][]string // processes with the arguments of each; nil is one with all roles
	args    []string            // of all processes
	elastic *elastictest.Node   // keeps the index; nil for a file of the folder
}

// apart has every role in a process of its own, and a second one of most.
func apart() map[string][]string {
	out := map[string][]string{"web": {"--roles=web"}, "alert": {"--roles=alert"}}
	for _, r := range []string{"crawl", "extract", "enrich", "link", "index", "archive"} {
		out[r], out[r+"-2"] = []string{"--roles=" + r}, []string{"--roles=" + r}
	}
	return out
}

// A plant is an instance of Vigil at work: a made-up town, servers and processes.
type plant struct {
	*testing.T
	layout
	dir     string
	token   string // file of the token of the servers
	clock   string // file that shifts the clock of its processes
	town    *bazaar.Town
	host    string // where the town is served
	nats    []*program
	servers []string // addresses of the servers
	procs   map[string]*program
	admin   map[string]string // addresses of health by process
	web     string
	desk    *door
	planted map[string]uint64 // poison that counts as the output of a step
	bus     *stream.Bus       // the operator's own connection; nil when the streams are inside
}

const (
	passphrase  = "a meadow of red lupins"
	streamToken = "only for the siblings"
)

// build starts an instance and signs in. The town's clock stands still.
func build(t *testing.T, l layout) *plant {
	t.Helper()
	p := &plant{T: t, layout: l, dir: t.TempDir(), procs: map[string]*program{}, planted: map[string]uint64{}, admin: map[string]string{}}
	if p.data == "" {
		p.data = filepath.Join(p.dir, "data")
	}
	p.clock, p.token = filepath.Join(p.dir, "clock"), filepath.Join(p.dir, "token")
	c := bazaar.DefaultConfig()
	c.Ads = l.ads
	var err error
	if p.town, err = bazaar.New(c); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(p.town.Handler())
	t.Cleanup(srv.Close)
	p.host = srv.Listener.Addr().String()
	p.defineSites()
	p.startServers()
	p.desk = &door{plant: p, taken: map[string]int{}}
	t.Cleanup(func() {
		for _, x := range p.procs {
			x.kill()
		}
		for _, x := range p.nats {
			x.kill()
		}
		if t.Failed() {
			p.report()
		}
	})
	if len(l.procs) == 0 {
		l.procs = map[string][]string{"all": nil}
	}
	p.web = ports(t, 1)[0]
	for _, name := range sortedKeys(l.procs) {
		p.procs[name] = p.process(name, l.procs[name])
		p.procs[name].start()
	}
	p.desk.signIn()
	return p
}

func sortedKeys[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

var revisits = regexp.MustCompile(`(?m)^(  (?:list|detail):) .*$`)

// defineSites writes the town's definitions, visited once and as slowly as asked.
func (p *plant) defineSites() {
	p.Helper()
	dir := filepath.Join(p.dir, "sites")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		p.Fatal(err)
	}
	names, err := filepath.Glob("../../crawlers/*.yaml")
	if err != nil || len(names) == 0 {
		p.Fatalf("no site definitions: %v", err)
	}
	for _, n := range names {
		b, err := os.ReadFile(n)
		if err != nil {
			p.Fatal(err)
		}
		b = revisits.ReplaceAll(b, []byte("$1 2000h"))
		if p.delay != "" {
			b = bytes.Replace(b, []byte("delay: 1ms\n  parallel: 8"), []byte("delay: "+p.delay+"\n  parallel: 2"), 1)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(n)), b, 0o600); err != nil {
			p.Fatal(err)
		}
	}
}

// process makes a process that runs with more arguments.
func (p *plant) process(name string, more []string) *program {
	args := append([]string{"run", "--verbose", "--data", p.data, "--sites", filepath.Join(p.dir, "sites"), "--contact", "desk@agency.example"}, more...)
	if p.layout.servers > 0 {
		args = append(args, "--nats", p.url(), "--nats-token-file", p.token)
	}
	p.admin[name] = ports(p.T, 1)[0]
	listen := p.web
	if name != "web" && name != "all" {
		listen = ports(p.T, 1)[0]
	}
	args = append(args, "--listen", listen, "--admin", p.admin[name])
	var resolve []string
	for _, h := range p.town.Hosts() {
		resolve = append(resolve, h+"="+p.host)
	}
	args = append(args, "--resolve", strings.Join(resolve, ","))
	return &program{t: p.T, name: name, path: vigilBinary(p.T), args: append(args, p.args...), env: []string{"VIGIL_CLOCK=" + p.clock}, log: filepath.Join(p.dir, name+".log")}
}

func (p *plant) url() string {
	var out []string
	for _, s := range p.servers {
		out = append(out, "nats://"+s)
	}
	return strings.Join(out, ",")
}

// startServers starts the NATS servers, a cluster of them when there are several.
func (p *plant) startServers() {
	p.Helper()
	n := p.layout.servers
	if n == 0 {
		return
	}
	binary, err := natsBinary()
	if err != nil {
		p.Fatal(err)
	}
	if err := os.WriteFile(p.token, []byte(streamToken), 0o600); err != nil {
		p.Fatal(err)
	}
	all := ports(p.T, 2*n)
	p.servers = all[:n]
	var routes []string
	for _, a := range all[n:] {
		routes = append(routes, "nats://"+a)
	}
	for i, a := range p.servers {
		conf := fmt.Sprintf("server_name: n%d\nlisten: %q\nmax_payload: 16MB\nmax_pending: 256MB\njetstream { store_dir: %q, sync_interval: always }\nauthorization { token: %q }\n", i, a, filepath.Join(p.dir, fmt.Sprintf("n%d", i)), streamToken)
		if n > 1 {
			conf += fmt.Sprintf("cluster { name: town, listen: %q, routes: [%s] }\n", all[n+i], strings.Join(routes, ", "))
		}
		file := filepath.Join(p.dir, fmt.Sprintf("n%d.conf", i))
		if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
			p.Fatal(err)
		}
		s := &program{t: p.T, name: fmt.Sprintf("n%d", i), path: binary, args: []string{"-c", file}, log: filepath.Join(p.dir, fmt.Sprintf("n%d.log", i))}
		s.start()
		p.nats = append(p.nats, s)
	}
	if p.bus, err = stream.Open(p.Context(), stream.Config{URL: p.url(), Token: streamToken, Replicas: n}); err != nil {
		p.Fatal(err)
	}
	p.Cleanup(p.bus.Close)
}

// report shows what the processes said last; VIGIL_FAULT_KEEP names a folder in
// which the rest is kept.
func (p *plant) report() {
	const lines = 2 // so that why it failed is not lost among them
	for _, name := range sortedKeys(p.procs) {
		p.Logf("--- %s, the last of what it said:\n%s", name, p.procs[name].tail(lines))
	}
	for _, s := range p.nats {
		p.Logf("--- %s:\n%s", s.name, s.tail(4))
	}
	if dir := os.Getenv("VIGIL_FAULT_KEEP"); dir != "" {
		if out, err := exec.Command("cp", "-a", p.dir, dir).CombinedOutput(); err != nil {
			p.Logf("keeping the folder: %v\n%s", err, out)
		}
	}
}

// health asks a process how it is; 0 when it gives no answer.
func (p *plant) health(name string) (code int, body string) {
	ctx, cancel := context.WithTimeout(p.Context(), 2*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.admin[name]+"/readyz", nil)
	if err != nil {
		p.Fatal(err)
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, ""
	}
	defer a.Body.Close()
	var b bytes.Buffer
	_, _ = b.ReadFrom(a.Body)
	return a.StatusCode, b.String()
}

// ready waits until every process says that it does its work.
func (p *plant) ready() {
	p.Helper()
	for _, name := range sortedKeys(p.procs) {
		body := ""
		await(p.T, name+" is ready", func() bool {
			code := 0
			code, body = p.health(name)
			return code == http.StatusOK && !strings.Contains(body, `"parts":null`)
		})
	}
}

// form posts a form of the pages.
func form(c *http.Client, address string, kv ...string) (string, error) {
	v := url.Values{}
	for i := 0; i < len(kv); i += 2 {
		v.Set(kv[i], kv[i+1])
	}
	a, err := c.PostForm(address, v)
	if err != nil {
		return "", err
	}
	defer a.Body.Close()
	if a.StatusCode >= 400 {
		return "", fmt.Errorf("%s: %s", address, a.Status)
	}
	return a.Request.URL.Path, nil
}
