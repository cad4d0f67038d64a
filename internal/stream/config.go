package stream

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// Config says where the streams live: in a folder, kept by a server inside this
// process, or on a server or cluster of their own.
type Config struct {
	Dir     string `yaml:"dir"`      // folder of the embedded server; with URL that of the sibling that serves, on this host, for Reserve
	Listen  string `yaml:"listen"`   // address on which the embedded server also serves sibling processes, "127.0.0.1:4222"; needs Token
	Reserve uint64 `yaml:"reserve"`  // bytes that are left free on the disk of Dir; 64 MiB and more keep the server out of trouble
	URL     string `yaml:"url"`      // an external server or cluster, "nats://one:4222,nats://two:4222"
	Token   string `yaml:"token"`    // who connects must know it
	Creds   string `yaml:"creds"`    // file of a user's credentials
	TLSCA   string `yaml:"tls_ca"`   // file of the authority that signed the server's certificate
	TLSCert string `yaml:"tls_cert"` // file of this program's certificate
	TLSKey  string `yaml:"tls_key"`  // file of its key
	// Replicas is how many servers of the cluster keep each stream; 0 means one
	// for a new stream and leaves others as they are.
	Replicas int `yaml:"replicas"`
	// Restoring is for a restore into a new folder, which is thrown away when it is
	// cut off: the embedded server flushes nothing until CloseFlushed.
	Restoring bool `yaml:"-"`
}

// Validate reports what is wrong with the configuration.
func (c Config) Validate() error {
	remote := map[string]bool{"creds": c.Creds != "", "tls_ca": c.TLSCA != "", "tls_cert": c.TLSCert != "", "replicas": c.Replicas > 1}
	switch {
	case c.Dir == "" && c.URL == "":
		return errors.New("streams need a folder or the URL of a NATS server")
	case (c.TLSCert == "") != (c.TLSKey == ""):
		return errors.New("streams: tls_cert and tls_key go together")
	case c.Replicas < 0 || c.Replicas > 5:
		return fmt.Errorf("streams: replicas is %d; JetStream keeps 1 to 5, and 3 stand the loss of one server", c.Replicas)
	case c.URL != "" && c.Listen != "":
		return errors.New("streams: listen is for the embedded server; with url the processes meet on that server")
	case c.URL == "":
		for key, set := range remote {
			if set {
				return fmt.Errorf("streams: %s is for an external server; set url as well", key)
			}
		}
	}
	if c.Listen == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fmt.Errorf("streams: listen address %q: %w; it looks like 127.0.0.1:4222", c.Listen, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("streams: listen address %q is not on this host's loopback; for processes on several hosts run a NATS server and set url", c.Listen)
	}
	if c.Token == "" {
		return errors.New("streams: listen needs a token, so that only siblings connect")
	}
	return nil
}

func (c Config) options() []nats.Option {
	var opts []nats.Option
	if c.Token != "" {
		opts = append(opts, nats.Token(c.Token))
	}
	if c.Creds != "" {
		opts = append(opts, nats.UserCredentials(c.Creds))
	}
	if c.TLSCA != "" {
		opts = append(opts, nats.RootCAs(c.TLSCA))
	}
	if c.TLSCert != "" {
		opts = append(opts, nats.ClientCert(c.TLSCert, c.TLSKey))
	}
	return opts
}

// openWithin is how long Open waits for an external server.
const openWithin = 30 * time.Second

// again reports whether to try once more, after a pause, until the deadline.
func again(ctx context.Context, until time.Time) bool {
	if time.Now().After(until) {
		return false
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(250 * time.Millisecond):
		return true
	}
}

// connect waits for a server that is not there yet, not for one that refuses.
func connect(ctx context.Context, url string, opts []nats.Option) (*nats.Conn, error) {
	for until := time.Now().Add(openWithin); ; {
		nc, err := nats.Connect(url, opts...)
		if err == nil {
			return nc, nil
		}
		var unreachable net.Error
		waitable := errors.Is(err, nats.ErrNoServers) || errors.Is(err, nats.ErrTimeout) || errors.As(err, &unreachable)
		if !waitable || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || !again(ctx, until) {
			return nil, fmt.Errorf("connect to streams at %s: %w", withoutSecrets(url), err)
		}
	}
}

// withoutSecrets leaves a user's name and password out of URLs.
func withoutSecrets(urls string) string {
	parts := strings.Split(urls, ",")
	for i, u := range parts {
		if scheme, rest, ok := strings.Cut(u, "://"); ok {
			if _, host, ok := strings.Cut(rest, "@"); ok {
				parts[i] = scheme + "://" + host
			}
		}
	}
	return strings.Join(parts, ",")
}
