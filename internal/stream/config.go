package stream

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"slices"
	"strconv"
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
	// Waiting, if set, is called once when an external server does not answer at
	// the first try and is waited for.
	Waiting func(at string, err error) `yaml:"-"`
}

// Validate reports what is wrong with the configuration, in the words of the
// command line's flags.
func (c Config) Validate() error {
	switch {
	case c.Dir == "" && c.URL == "":
		return errors.New("streams need a folder, or with --nats the URL of a NATS server")
	case (c.TLSCert == "") != (c.TLSKey == ""):
		return errors.New("--nats-cert and --nats-key go together")
	case c.Replicas < 0 || c.Replicas > 5:
		return fmt.Errorf("--nats-replicas is %d; JetStream keeps 1 to 5, and 3 stand the loss of one server", c.Replicas)
	case c.URL != "" && c.Listen != "":
		return errors.New("--nats-listen is for streams in the data folder; with --nats the processes meet on that server")
	}
	for _, x := range []struct {
		flag string
		set  bool
	}{{"--nats-creds", c.Creds != ""}, {"--nats-ca", c.TLSCA != ""}, {"--nats-cert", c.TLSCert != ""}, {"--nats-replicas", c.Replicas > 1}} {
		if x.set && c.URL == "" {
			return fmt.Errorf("%s is for an external server: name it with --nats", x.flag)
		}
	}
	if c.URL != "" {
		return checkURLs(c.URL)
	}
	if c.Listen == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fmt.Errorf("--nats-listen %q: %w; it looks like 127.0.0.1:4222", c.Listen, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("--nats-listen %q is not on this host's loopback; for processes on several hosts run a NATS server and give --nats", c.Listen)
	}
	if c.Token == "" {
		return errors.New("--nats-listen needs --nats-token-file, so that only siblings connect")
	}
	return nil
}

// checkURLs refuses addresses that no server can have. What is wrong is said
// without a user's name and password.
func checkURLs(urls string) error {
	for one := range strings.SplitSeq(urls, ",") {
		full := strings.TrimSpace(one)
		if !strings.Contains(full, "://") {
			full = "nats://" + full
		}
		u, err := url.Parse(full)
		ok := err == nil && u.Hostname() != "" && strings.Trim(u.Path, "/") == "" && slices.Contains([]string{"nats", "tls", "ws", "wss"}, u.Scheme)
		if ok && u.Port() != "" {
			n, err := strconv.ParseUint(u.Port(), 10, 16)
			ok = err == nil && n > 0
		}
		if !ok {
			return fmt.Errorf("--nats %q is no address of a NATS server; it looks like nats://one.example:4222, with commas between several", withoutSecrets(one))
		}
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
func connect(ctx context.Context, c Config, opts []nats.Option) (*nats.Conn, error) {
	waited := false
	for until := time.Now().Add(openWithin); ; {
		nc, err := nats.Connect(c.URL, opts...)
		if err == nil {
			return nc, nil
		}
		var unreachable net.Error
		waitable := errors.Is(err, nats.ErrNoServers) || errors.Is(err, nats.ErrTimeout) || errors.As(err, &unreachable)
		waitable = waitable && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission)
		if waitable && !waited && c.Waiting != nil {
			c.Waiting(withoutSecrets(c.URL), err)
		}
		waited = true
		if waitable && again(ctx, until) {
			continue
		}
		next := ""
		switch {
		case errors.Is(err, nats.ErrAuthorization):
			next = "; is the token in --nats-token-file right, or the user in --nats-creds?"
		case waitable && ctx.Err() == nil:
			next = fmt.Sprintf("; no server answered for %v: does one run there?", openWithin)
		}
		return nil, fmt.Errorf("connect to streams at %s: %w%s", withoutSecrets(c.URL), err, next)
	}
}

// withoutSecrets leaves a user's name and password out of URLs.
func withoutSecrets(urls string) string {
	parts := strings.Split(urls, ",")
	for i, u := range parts {
		if at := strings.LastIndex(u, "@"); at >= 0 {
			scheme, _, ok := strings.Cut(u, "://")
			if scheme += "://"; !ok {
				scheme = ""
			}
			parts[i] = scheme + u[at+1:]
		}
	}
	return strings.Join(parts, ",")
}
