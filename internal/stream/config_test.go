package stream

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"vigil.example/internal/ad"
)

func TestConfigValidate(t *testing.T) {
	for _, c := range []struct {
		name string
		conf Config
		want string // in the error; "" for none
	}{
		{"a folder", Config{Dir: "x"}, ""},
		{"a server", Config{URL: "nats://one.test:4222", TLSCA: "ca.pem", Replicas: 3}, ""},
		{"nothing", Config{}, "need a folder or the URL"},
		{"a certificate without its key", Config{URL: "tls://one.test", TLSCert: "c.pem"}, "go together"},
		{"too many replicas", Config{URL: "nats://one.test", Replicas: 7}, "replicas is 7"},
		{"replicas of an embedded server", Config{Dir: "x", Replicas: 3}, "replicas is for an external server"},
		{"credentials for an embedded server", Config{Dir: "x", Creds: "f"}, "creds is for an external server"},
		{"siblings on the loopback", Config{Dir: "x", Listen: "127.0.0.1:4222", Token: "t"}, ""},
		{"siblings by name", Config{Dir: "x", Listen: "localhost:4222", Token: "t"}, ""},
		{"siblings without a token", Config{Dir: "x", Listen: "127.0.0.1:4222"}, "needs a token"},
		{"siblings from other hosts", Config{Dir: "x", Listen: "0.0.0.0:4222", Token: "t"}, "not on this host's loopback"},
		{"an address without a port", Config{Dir: "x", Listen: "127.0.0.1", Token: "t"}, "it looks like"},
		{"listening for an external server", Config{URL: "nats://one.test", Listen: "127.0.0.1:1", Token: "t"}, "listen is for the embedded server"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.conf.Validate()
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want an error that says %q", err, c.want)
			}
		})
	}
}

// serve starts a server of its own, as an operator would.
func serve(t *testing.T, o server.Options) *server.Server {
	t.Helper()
	o.Host, o.NoLog, o.NoSigs = "127.0.0.1", true, true
	if o.Port == 0 {
		o.Port = server.RANDOM_PORT
	}
	srv, err := server.NewServer(&o)
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	if !srv.ReadyForConnections(20 * time.Second) {
		t.Fatal("the server is not ready")
	}
	return srv
}

func connectTo(t *testing.T, c Config) *Bus {
	t.Helper()
	b, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

func TestSiblings(t *testing.T) {
	b := connectTo(t, Config{Dir: t.TempDir(), Listen: "127.0.0.1:0", Token: "fictional"})
	sibling := connectTo(t, Config{URL: b.Address(), Token: "fictional"})
	if err := sibling.Publish(t.Context(), batch(0, 30)); err != nil {
		t.Fatal(err)
	}
	if got := count(t, b); got != 30 {
		t.Errorf("%d messages of the sibling are stored, want 30", got)
	}
	if _, err := Open(t.Context(), Config{URL: b.Address(), Token: "wrong"}); err == nil || !strings.Contains(err.Error(), "Authorization") {
		t.Errorf("a stranger got %v, want to be refused at once", err)
	}
}

func TestOpenWaitsForServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	url := "nats://" + l.Addr().String()
	l.Close()
	opened := make(chan error, 1)
	go func() {
		b, err := Open(t.Context(), Config{URL: url})
		if err == nil {
			err = b.Publish(t.Context(), []ad.Message{{Subject: "ad.town", ID: "v1", Data: []byte("1")}})
			b.Close()
		}
		opened <- err
	}()
	select {
	case err := <-opened:
		t.Fatalf("opened without a server: %v", err)
	case <-time.After(300 * time.Millisecond):
	}
	serve(t, server.Options{Port: port, JetStream: true, StoreDir: t.TempDir()})
	if err := <-opened; err != nil {
		t.Error(err)
	}
}

func TestOpenWithoutStorage(t *testing.T) {
	srv := serve(t, server.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := Open(ctx, Config{URL: srv.ClientURL()}); err == nil || !strings.Contains(err.Error(), "JetStream") {
		t.Errorf("got %v, want an error that names JetStream", err)
	}
}
