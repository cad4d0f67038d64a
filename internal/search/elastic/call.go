package elastic

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/elastic/go-elasticsearch/v8"

	"vigil.example/internal/search"
)

// A Server says where Elasticsearch is and how to be let in. The files are read
// when an index is opened, so that a changed password needs no restart.
type Server struct {
	URLs         []string `json:"urls,omitempty"` // of one or more nodes of a cluster
	CA           string   `json:"ca,omitempty"`   // file of the certificates to trust instead of the system's
	User         string   `json:"user,omitempty"` // with a password, unless there is a key
	PasswordFile string   `json:"password_file,omitempty"`
	APIKeyFile   string   `json:"api_key_file,omitempty"` // file of a base64-encoded API key
}

// Validate reports what is wrong with it.
func (s Server) Validate() error {
	if len(s.URLs) == 0 {
		return errors.New("no URL of Elasticsearch is given")
	}
	for _, u := range s.URLs {
		r, err := http.NewRequest(http.MethodGet, u, nil)
		if err != nil || r.URL.Host == "" || r.URL.Scheme != "http" && r.URL.Scheme != "https" {
			return fmt.Errorf("%q is no URL of Elasticsearch; write it as https://search.example:9200", u)
		}
		if r.URL.User != nil {
			return fmt.Errorf("the URL of Elasticsearch at %s holds a password; give the user and a file with the password instead", r.URL.Host)
		}
		if r.URL.Scheme == "http" && (s.User != "" || s.APIKeyFile != "") && !loopback(r.URL.Hostname()) {
			return fmt.Errorf("a password or key is sent to Elasticsearch over TLS only; write the URL of %s with https", r.URL.Host)
		}
	}
	if (s.User == "") != (s.PasswordFile == "") {
		return errors.New("a user of Elasticsearch needs a file with the password, and the other way about")
	}
	if s.User != "" && s.APIKeyFile != "" {
		return errors.New("give a user of Elasticsearch or an API key, not both")
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// String names the cluster for people.
func (s Server) String() string { return strings.Join(s.URLs, ", ") }

// connect makes a client; it asks nothing yet.
func (s Server) connect() (*elasticsearch.BaseClient, *http.Transport, error) {
	if err := s.Validate(); err != nil {
		return nil, nil, err
	}
	t := &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		TLSHandshakeTimeout: 10 * time.Second,
		MaxIdleConnsPerHost: 16,
		IdleConnTimeout:     time.Minute,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12},
	}
	cfg := elasticsearch.Config{Addresses: s.URLs, Username: s.User, Transport: t, MaxRetries: max(1, len(s.URLs)-1), DisableMetaHeader: true,
		RetryOnError: func(r *http.Request, err error) bool { return r.Context().Err() == nil }}
	for _, f := range []struct {
		name string
		use  func([]byte) error
	}{
		{s.CA, func(b []byte) error {
			t.TLSClientConfig.RootCAs = x509.NewCertPool()
			if !t.TLSClientConfig.RootCAs.AppendCertsFromPEM(b) {
				return fmt.Errorf("%s holds no certificate in PEM", s.CA)
			}
			return nil
		}},
		{s.PasswordFile, func(b []byte) error { cfg.Password = strings.TrimSpace(string(b)); return nil }},
		{s.APIKeyFile, func(b []byte) error { cfg.APIKey = strings.TrimSpace(string(b)); return nil }},
	} {
		if f.name == "" {
			continue
		}
		b, err := os.ReadFile(f.name)
		if err == nil {
			err = f.use(b)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("connect to Elasticsearch: %w", err)
		}
	}
	c, err := elasticsearch.NewBaseClient(cfg)
	return c, t, err
}

// patience is how long one request may take, unless it is known to be long.
const patience = 30 * time.Second

// A failure is an answer of Elasticsearch that is an error. What it says of the
// reason is left out: it may quote what was asked or stored.
type failure struct {
	Status int
	Type   string
}

func (f failure) Error() string {
	switch {
	case f.Type == blocked:
		return "it takes no writing for now (" + f.Type + "): a disk of it is nearly full, or somebody has set it to read only; make room, and it goes on by itself"
	case f.Status == http.StatusUnauthorized, f.Status == http.StatusForbidden:
		return fmt.Sprintf("it does not let us in (%d %s); look at user, password file and API key file, and at the rights they give", f.Status, f.Type)
	}
	return fmt.Sprintf("it answers %d %s", f.Status, f.Type)
}

// Types of errors that are told apart.
const (
	blocked = "cluster_block_exception"
	absent  = "index_not_found_exception"
)

// Is sorts failures into what callers of the port branch on.
func (f failure) Is(target error) bool {
	switch target {
	case search.ErrDamaged: // somebody has deleted it
		return f.Type == absent
	case search.ErrAway:
		return f.Type != absent && (f.Type == blocked || f.Status == http.StatusTooManyRequests || f.Status == http.StatusUnauthorized || f.Status == http.StatusForbidden || f.Status >= 500)
	}
	return false
}

// A call is one request.
type call struct {
	method, path string
	body         any // []byte as it is, else as JSON; nil for none
	into         any // what the answer is read into; nil to pass over it
	patience     time.Duration
	missing      bool // 404 is an answer like others
}

// do makes a request. ErrAway is what keeps Elasticsearch from answering.
func (l *link) do(ctx context.Context, c call) error {
	within, cancel := context.WithTimeout(ctx, max(c.patience, patience))
	defer cancel()
	var body io.Reader
	switch b := c.body.(type) {
	case nil:
	case []byte:
		body = bytes.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			return err
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(within, c.method, c.path, body)
	if err != nil {
		return err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := l.client.Perform(req)
	if err != nil {
		return l.away(ctx, err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode >= 400 && !(c.missing && res.StatusCode == http.StatusNotFound) {
		var told struct{ Error json.RawMessage }
		var why struct{ Type string }
		_ = json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&told)
		_ = json.Unmarshal(told.Error, &why)
		_, _ = io.Copy(io.Discard, res.Body)
		return failure{res.StatusCode, why.Type}
	}
	if c.into != nil {
		if err := json.NewDecoder(res.Body).Decode(c.into); err != nil {
			return l.away(ctx, fmt.Errorf("read its answer: %w", err))
		}
	}
	_, err = io.Copy(io.Discard, res.Body)
	if err != nil {
		return l.away(ctx, err)
	}
	return nil
}

// away says that Elasticsearch did not answer, unless it was the caller who gave
// up. The error of the network names addresses and nothing that was asked.
func (l *link) away(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = errors.New("no answer in time")
	}
	return fmt.Errorf("%w: %w", search.ErrAway, err)
}
