// Package elastictest gives tests a real Elasticsearch: the one that make test has
// started, or one of their own, by .ci/elasticsearch.sh. Tests never skip for the
// want of it.
package elastictest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"vigil.example/internal/search/elastic"
)

// Folder names the variable that holds the folder of a node that runs already.
const Folder = "VIGIL_ELASTICSEARCH"

// A Node is one server process.
type Node struct {
	tb     testing.TB
	Folder string
	plain  bool
}

// Shared is the node that all tests may use, with TLS and a password. It stays up.
func Shared(tb testing.TB) *Node {
	tb.Helper()
	if folder := os.Getenv(Folder); folder != "" {
		return &Node{tb: tb, Folder: folder}
	}
	n := New(tb)
	n.Start()
	return n
}

// New is a node of the test's own, to be started; its folder goes with the test.
func New(tb testing.TB) *Node {
	tb.Helper()
	// Not in the test's folder: Elasticsearch may run as another user, who must come by.
	dir, err := os.MkdirTemp("/var/tmp", "vigil-elasticsearch.")
	if err == nil {
		err = os.Chmod(dir, 0o711)
	}
	if err != nil {
		tb.Fatal(err)
	}
	n := &Node{tb: tb, Folder: dir}
	tb.Cleanup(func() {
		n.Stop("KILL")
		if err := os.RemoveAll(dir); err != nil {
			tb.Error(err)
		}
	})
	return n
}

// Plain is a node that has neither TLS nor a password.
func Plain(tb testing.TB) *Node {
	tb.Helper()
	n := New(tb)
	n.plain = true
	return n
}

// Start starts the node, again after Stop, and waits until it answers.
func (n *Node) Start(env ...string) {
	n.tb.Helper()
	args := []string{"start", n.Folder}
	if n.plain {
		args = append(args, "plain")
	}
	n.script(env, args...)
}

// Stop stops the node with a signal: TERM or KILL.
func (n *Node) Stop(signal string) {
	n.tb.Helper()
	n.script(nil, "stop", n.Folder, signal)
}

func (n *Node) script(env []string, args ...string) {
	n.tb.Helper()
	if err := n.run(env, args...); err != nil {
		n.tb.Fatal(err)
	}
}

func (n *Node) run(env []string, args ...string) error {
	root, err := os.Getwd()
	for err == nil {
		if _, e := os.Stat(filepath.Join(root, "go.mod")); e == nil {
			break
		}
		root = filepath.Dir(root)
	}
	cmd := exec.CommandContext(context.WithoutCancel(n.tb.Context()), filepath.Join(root, ".ci", "elasticsearch.sh"), args...)
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("elasticsearch.sh %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// Server says where the node is.
func (n *Node) Server() elastic.Server {
	n.tb.Helper()
	s := elastic.Server{URLs: []string{n.read("url")}}
	if !n.plain {
		s.CA, s.User, s.PasswordFile = filepath.Join(n.Folder, "config", "node.crt"), "vigil", filepath.Join(n.Folder, "password")
	}
	return s
}

// Do makes a request of the node and returns its answer; one that is an error
// fails the test.
func (n *Node) Do(method, path, body string) []byte {
	n.tb.Helper()
	b, err := n.ask(method, path, body)
	if err != nil {
		n.tb.Fatal(err)
	}
	return b
}

func (n *Node) ask(method, path, body string) ([]byte, error) {
	t := n.transport()
	defer t.CloseIdleConnections()
	return n.perform(t, method, path, []byte(body))
}

// Client makes requests as Do does, over connections that it keeps: for measuring.
func (n *Node) Client() func(method, path string, body []byte) []byte {
	n.tb.Helper()
	t := n.transport()
	n.tb.Cleanup(t.CloseIdleConnections)
	return func(method, path string, body []byte) []byte {
		n.tb.Helper()
		b, err := n.perform(t, method, path, body)
		if err != nil {
			n.tb.Error(err)
		}
		return b
	}
}

func (n *Node) transport() *http.Transport {
	n.tb.Helper()
	t := &http.Transport{MaxIdleConnsPerHost: 4}
	if !n.plain {
		t.TLSClientConfig = &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
		t.TLSClientConfig.RootCAs.AppendCertsFromPEM([]byte(n.read("config/node.crt")))
	}
	return t
}

func (n *Node) perform(t *http.Transport, method, path string, body []byte) ([]byte, error) {
	s := n.Server()
	req, err := http.NewRequestWithContext(context.WithoutCancel(n.tb.Context()), method, s.URLs[0]+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if !n.plain {
		req.SetBasicAuth(s.User, n.read("password"))
	}
	res, err := (&http.Client{Transport: t}).Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %s\n%s", method, path, res.Status, b)
	}
	return b, err
}

// Block lets an index take no writing, or take it again, as Elasticsearch itself
// does when a disk is nearly full.
func (n *Node) Block(name string, on bool) {
	n.tb.Helper()
	body := `{"index.blocks.read_only_allow_delete": null}`
	if on {
		body = `{"index.blocks.read_only_allow_delete": true}`
	}
	n.Do(http.MethodPut, "/"+name+"/_settings", body)
}

func (n *Node) read(name string) string {
	n.tb.Helper()
	b, err := os.ReadFile(filepath.Join(n.Folder, name))
	if err != nil {
		n.tb.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

// Name is the name of an index that is the test's own, the same for the same
// folder; the index goes with the test.
func (n *Node) Name(tb testing.TB, folder string) string {
	tb.Helper()
	sum := sha256.Sum256([]byte(folder))
	name := "test-" + hex.EncodeToString(sum[:8])
	tb.Cleanup(func() {
		if err := elastic.Remove(context.WithoutCancel(tb.Context()), n.Server(), name); err != nil {
			tb.Error(err)
		}
	})
	return name
}

// Cluster is so many plain nodes that have found each other.
func Cluster(tb testing.TB, size int) []*Node {
	tb.Helper()
	var names, hosts []string
	nodes := make([]*Node, size)
	for i := range nodes {
		nodes[i] = Plain(tb)
		names = append(names, filepath.Base(nodes[i].Folder))
	}
	var all errgroup.Group
	for _, n := range nodes {
		all.Go(func() error {
			return n.run([]string{"ES_HEAP=256m", "ES_MASTERS=" + strings.Join(names, ",")}, "start", n.Folder, "plain")
		})
	}
	if err := all.Wait(); err != nil {
		tb.Fatal(err)
	}
	for _, n := range nodes {
		hosts = append(hosts, n.read("transport"))
	}
	for _, n := range nodes {
		if err := os.WriteFile(filepath.Join(n.Folder, "config", "unicast_hosts.txt"), []byte(strings.Join(hosts, "\n")+"\n"), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	for limit := time.Now().Add(3 * time.Minute); ; {
		_, err := nodes[0].ask(http.MethodGet, fmt.Sprintf("/_cluster/health?wait_for_nodes=%d&timeout=30s", size), "")
		if err == nil {
			return nodes
		}
		if time.Now().After(limit) {
			tb.Fatal(err)
		}
	}
}

// A Doc is what an index holds as one document.
type Doc struct {
	ID     string          `json:"_id"`
	Source json.RawMessage `json:"_source"`
}

// All are the documents of an index, in no particular order.
func (n *Node) All(index string) (out []Doc) {
	n.tb.Helper()
	var after []byte
	for {
		body := `{"size": 1000, "sort": [{"_seq_no": "asc"}], "track_total_hits": false`
		if after != nil {
			body += `, "search_after": ` + string(after)
		}
		var got struct {
			Hits struct {
				Hits []struct {
					Doc
					Sort json.RawMessage `json:"sort"`
				}
			}
		}
		if err := json.Unmarshal(n.Do(http.MethodPost, "/"+index+"/_search", body+"}"), &got); err != nil {
			n.tb.Fatal(err)
		}
		if len(got.Hits.Hits) == 0 {
			return out
		}
		for _, h := range got.Hits.Hits {
			out, after = append(out, h.Doc), h.Sort
		}
	}
}

// CPU is the processor time that the node has used; 0 where the system does not say
// so. Beside the time that passes it is what a busy machine can be asked for.
func (n *Node) CPU() time.Duration {
	b, err := os.ReadFile("/proc/" + n.read("pid") + "/stat")
	if err != nil {
		return 0
	}
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:])) // from the third field on
	var user, system int64
	if _, err := fmt.Sscan(f[11]+" "+f[12], &user, &system); err != nil {
		return 0
	}
	return time.Duration(user+system) * 10 * time.Millisecond
}
