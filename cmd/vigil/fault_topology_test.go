package main

import (
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"vigil.example/internal/search/elastic"
	"vigil.example/internal/search/elastic/elastictest"
)

// composed reads from deploy/compose.yaml with which arguments each service runs
// vigil. What names containers and their files is left out: a plant has its own. Who
// is told of Elasticsearch there is told of the node.
func composed(t *testing.T, node *elastictest.Node) map[string][]string {
	t.Helper()
	b, err := os.ReadFile("../../deploy/compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Services map[string]struct {
			Command []string `yaml:"command"`
		} `yaml:"services"`
	}
	if err := yaml.UnmarshalWithOptions(b, &file, yaml.AllowDuplicateMapKey()); err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for name, s := range file.Services {
		if len(s.Command) == 0 || s.Command[0] != "run" {
			continue
		}
		var args []string
		for _, a := range s.Command[1:] {
			flag, _, _ := strings.Cut(a, "=")
			switch flag {
			case "--index":
				s := node.Server()
				args = append(args, "--index", s.URLs[0], "--index-ca", s.CA, "--index-user", s.User, "--index-password-file", s.PasswordFile)
			case "--index-ca", "--index-user", "--index-password-file", "--nats", "--nats-token-file", "--data", "--sites", "--listen", "--admin", "--tls-cert", "--tls-key":
			default:
				args = append(args, a)
			}
		}
		out[name] = args
	}
	return out
}

// The topology of deploy/compose.yaml as processes of this machine: three NATS
// servers with a token, Elasticsearch, each service a process of its own, extract and
// enrich scaled to two, and standbys. It comes to what one process with an index in a
// file comes to.
func TestTopology(t *testing.T) {
	t.Parallel()
	seed := uint64(number(t, "VIGIL_FAULT_SEED", int(time.Now().UnixNano()%1e6)))
	t.Logf("VIGIL_FAULT_SEED=%d", seed)
	node := elastictest.Shared(t)
	services := composed(t, node)
	for _, s := range []string{"extract", "enrich", "link", "home"} {
		if services[s] == nil {
			t.Fatalf("deploy/compose.yaml runs no %s", s)
		}
		services[s+"-2"] = services[s]
	}
	p := build(t, layout{servers: 3, ads: 300, procs: services, elastic: node})
	p.ready()
	t.Cleanup(func() {
		if err := elastic.Remove(context.WithoutCancel(t.Context()), node.Server(), p.alias()); err != nil {
			t.Error(err)
		}
	})
	p.settle()
	if got, want := compact(p.state()), compact(score(t, t.TempDir(), 300).State); got != want {
		t.Errorf("every role apart:\n got %s\nwant %s", got, want)
	}
	p.desk.bring(40)()
	p.settle()
	p.whole()
	t.Run("refused", func(t *testing.T) { refused(t, p) })
	quorumLost(p, rand.New(rand.NewPCG(seed, 3)), 1)
	p.settle()
	p.whole()
	if got, want := p.state(), undisturbed(p); got != want {
		t.Errorf("after the loss of the quorum:\n got %+v\nwant %+v", got, want)
	}
}

// refused starts what cannot work beside a running instance: it must end and say
// why and what to do.
func refused(t *testing.T, p *plant) {
	moved := filepath.Join(t.TempDir(), "moved")
	if err := os.MkdirAll(moved, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{"vigil.json", "instance.key", "signer.pem", "signer.pub.pem"} {
		b, err := os.ReadFile(filepath.Join(p.data, f))
		if err == nil {
			err = os.WriteFile(filepath.Join(moved, f), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	nats := []string{"--nats", p.url(), "--nats-token-file", p.token}
	for name, c := range map[string]struct {
		args []string
		says []string
	}{
		"the index in one folder, the pages in another": {append(nats, "--roles", "web", "--data", moved, "--listen", "127.0.0.1:0"), []string{"cannot work apart", p.data, "Stop that process first"}},
		"the folder of another instance":                {append(nats, "--roles", "index", "--data", filepath.Join(t.TempDir(), "other")), []string{"belong to instance", "--data"}},
		"a role that is none":                           {append(nats, "--roles", "sheriff"), []string{"no role is named", "enrich"}},
		"replicas of an embedded server":                {[]string{"--nats-replicas", "3", "--data", filepath.Join(t.TempDir(), "x")}, []string{"external server"}},
		"siblings without a token":                      {[]string{"--nats-listen", "127.0.0.1:0", "--data", filepath.Join(t.TempDir(), "x")}, []string{"token"}},
		"the folder of a process that runs":             {[]string{"--data", p.data, "--listen", "127.0.0.1:0"}, []string{"process"}},
	} {
		cmd := exec.Command(vigilBinary(t), append([]string{"run"}, c.args...)...)
		cmd.Env = append(os.Environ(), "VIGIL_CLOCK="+p.clock) // as the rest of the plant
		timer := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
		out, err := cmd.CombinedOutput()
		timer.Stop()
		if err == nil {
			t.Errorf("%s: ended without an error:\n%s", name, out)
		}
		for _, s := range c.says {
			if !strings.Contains(string(out), s) {
				t.Errorf("%s: does not say %q:\n%s", name, s, out)
			}
		}
	}
}
