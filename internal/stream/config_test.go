package stream

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"os"
	"path/filepath"
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
		{"nothing", Config{}, "need a folder, or with --nats"},
		{"a certificate without its key", Config{URL: "tls://one.test", TLSCert: "c.pem"}, "go together"},
		{"too many replicas", Config{URL: "nats://one.test", Replicas: 7}, "--nats-replicas is 7"},
		{"replicas of an embedded server", Config{Dir: "x", Replicas: 3}, "--nats-replicas is for an external server"},
		{"credentials for an embedded server", Config{Dir: "x", Creds: "f"}, "--nats-creds is for an external server"},
		{"siblings on the loopback", Config{Dir: "x", Listen: "127.0.0.1:4222", Token: "t"}, ""},
		{"siblings by name", Config{Dir: "x", Listen: "localhost:4222", Token: "t"}, ""},
		{"siblings without a token", Config{Dir: "x", Listen: "127.0.0.1:4222"}, "needs --nats-token-file"},
		{"siblings from other hosts", Config{Dir: "x", Listen: "0.0.0.0:4222", Token: "t"}, "not on this host's loopback"},
		{"an address without a port", Config{Dir: "x", Listen: "127.0.0.1", Token: "t"}, "it looks like"},
		{"several servers", Config{URL: "nats://one.test:4222,two.test,tls://[::1]:4222"}, ""},
		{"a server with spaces", Config{URL: "foo bar"}, "is no address of a NATS server"},
		{"a web page", Config{URL: "http://one.test"}, "is no address of a NATS server"},
		{"a port that is none", Config{URL: "nats://one.test:99999"}, "is no address of a NATS server"},
		{"one of two is empty", Config{URL: "nats://one.test,"}, "is no address of a NATS server"},
		{"a password in a bad address", Config{URL: "nats://ann:secret@/x"}, `--nats "nats:///x" is no address`},
		{"listening for an external server", Config{URL: "nats://one.test", Listen: "127.0.0.1:1", Token: "t"}, "--nats-listen is for streams in the data folder"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.conf.Validate()
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want an error that says %q", err, c.want)
			}
		})
	}
}

// freePorts returns ports of this host at which nobody listens, below those that the
// system gives to whoever connects.
func freePorts(t testing.TB, n int) (out []int) {
	t.Helper()
	for range 10_000 {
		if len(out) == n {
			return out
		}
		port := 12_000 + mathrand.IntN(20_000)
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue // somebody else's
		}
		defer l.Close() // when all are found: none is given twice
		out = append(out, port)
	}
	t.Fatalf("there are no %d free ports", n)
	return nil
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
	if !srv.ReadyForConnections(patience) {
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
	port := freePorts(t, 1)[0]
	url := fmt.Sprintf("nats://127.0.0.1:%d", port)
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
	notOpened(t, Config{URL: srv.ClientURL()}, "JetStream")
}

// notOpened opens streams that cannot be opened, for as long as it takes to be told why.
func notOpened(t *testing.T, c Config, says string) {
	t.Helper()
	for within := time.Second; ; within *= 2 { // a loaded machine may not have come so far
		ctx, cancel := context.WithTimeout(t.Context(), within)
		b, err := Open(ctx, c)
		cancel()
		if err == nil {
			b.Close()
			t.Fatal("it was opened")
		}
		if strings.Contains(err.Error(), says) {
			return
		}
		if within > time.Minute {
			t.Fatalf("got %v, want an error that says %q", err, says)
		}
	}
}

func TestCredentialsMissing(t *testing.T) {
	srv := serve(t, server.Options{JetStream: true, StoreDir: t.TempDir(), Authorization: "fictional"})
	// It does not go on trying: that would not end.
	_, err := Open(t.Context(), Config{URL: srv.ClientURL(), Creds: "/nowhere/vigil.creds"})
	if err == nil || !strings.Contains(err.Error(), "/nowhere/vigil.creds") {
		t.Errorf("a credentials file that is not there gave %v, want an error that names it", err)
	}
}

// identity writes a certificate, its key and the authority that signed it.
func identity(t *testing.T) (ca, cert, key string, both tls.Certificate, pool *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "vigil.test"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: secret})
	for path, b := range map[string][]byte{cert: certPEM, key: keyPEM} {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if both, err = tls.X509KeyPair(certPEM, keyPEM); err != nil {
		t.Fatal(err)
	}
	pool = x509.NewCertPool()
	pool.AppendCertsFromPEM(certPEM)
	return cert, cert, key, both, pool
}

func TestTLS(t *testing.T) {
	ca, cert, key, both, pool := identity(t)
	srv := serve(t, server.Options{
		JetStream: true, StoreDir: t.TempDir(), Authorization: "fictional", TLS: true, TLSVerify: true,
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{both}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert},
	})
	at := "tls://" + srv.Addr().String()
	b := connectTo(t, Config{URL: at, TLSCA: ca, TLSCert: cert, TLSKey: key, Token: "fictional"})
	if err := b.Publish(t.Context(), batch(0, 3)); err != nil {
		t.Error(err)
	}
	notOpened(t, Config{URL: at, Token: "fictional"}, "certificate") // by an unknown authority
}

// TestReconnect restarts the server under a reader that acknowledges and one that
// follows in order: both go on by themselves.
func TestReconnect(t *testing.T) {
	options := server.Options{JetStream: true, StoreDir: t.TempDir(), Host: "127.0.0.1", Port: freePorts(t, 1)[0], NoLog: true, NoSigs: true}
	start := func() *server.Server {
		t.Helper()
		o := options
		srv, err := server.NewServer(&o)
		if err != nil {
			t.Fatal(err)
		}
		srv.Start()
		if !srv.ReadyForConnections(patience) {
			t.Fatal("the server is not ready")
		}
		return srv
	}
	srv := start()
	defer func() { srv.Shutdown(); srv.WaitForShutdown() }()
	b := connectTo(t, Config{URL: srv.ClientURL()})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	reader, err := b.Consumer(ctx, Ads, "reader", ConsumerOptions{Inflight: 100, Wait: 3 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	fetched, followed, ended := make(chan ad.Message, 1000), make(chan ad.Message, 1000), make(chan error, 2)
	go func() {
		for {
			ms, err := reader.Fetch(ctx, 10)
			for _, m := range ms {
				fetched <- m
				_ = reader.Ack(m.Seq) // one that is lost comes again
			}
			if err != nil {
				ended <- err
				return
			}
		}
	}()
	go func() {
		ended <- b.Tail(ctx, Ads, 1, nil, 10, func(ms []ad.Message) error {
			for _, m := range ms {
				followed <- m
			}
			return nil
		})
	}()
	next := uint64(1)
	for round := range 3 {
		if round > 0 {
			srv.Shutdown()
			srv.WaitForShutdown()
			if err := b.Publish(ctx, batch(0, 1)); err == nil {
				t.Error("a publish without a server succeeded")
			}
			srv = start()
		}
		until(t, "publishing goes on", func() bool { return b.Publish(ctx, batch(50*round, 50*round+50)) == nil })
		for seen := map[string]bool{}; len(seen) < 50; {
			select {
			case m := <-fetched:
				if m.Seq > uint64(50*round) {
					seen[m.ID] = true
				}
			case err := <-ended:
				t.Fatal(err)
			case <-time.After(patience):
				t.Fatalf("round %d: the reader saw %d of 50", round, len(seen))
			}
		}
		for ; next <= uint64(50*round+50); next++ {
			select {
			case m := <-followed:
				if m.Seq != next {
					t.Fatalf("the follower saw %d, want %d", m.Seq, next)
				}
			case err := <-ended:
				t.Fatal(err)
			case <-time.After(patience):
				t.Fatalf("round %d: the follower did not see %d", round, next)
			}
		}
	}
	stop()
	for range 2 {
		<-ended
	}
}
