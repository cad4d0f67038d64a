// Package app is all wiring: one configuration, the table of roles, and one
// straight walk that fits the rooms together, starts them and stops them in the
// reverse order. It is the only room that knows every adapter. It holds no logic
// of a step.
package app

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"vigil.example/internal/link"
	"vigil.example/internal/pipeline"
	"vigil.example/internal/site"
)

// Kind says what an instance is for. Data of one kind is never opened as another.
type Kind string

// The kinds of instance.
const (
	Real Kind = "real"
	Demo Kind = "demo"
)

// DefaultListen is where the pages and the API are served.
const DefaultListen = "127.0.0.1:8420"

// Config is the configuration of an instance.
type Config struct {
	Version string
	Data    string // data folder
	Kind    Kind
	Listen  string // address of pages and API; "" serves nothing
	TLSCert string // file names; needed to listen beyond this machine
	TLSKey  string
	NATS    string // URL of an external NATS; "" embeds one
	Agency  string // named in evidence packets
	Contact string // in the crawler's user agent

	Sites   *site.Set
	Crawl   bool              // fetch what is planned
	Resolve map[string]string // hosts of the demo's town
	TownURL string            // of the demo's town hall
	Clock   func() time.Time  // of captures; time.Now when nil
	Speed   bool              // no politeness: the town is ours

	Terminal bool // progress goes to a terminal

	Link     link.Config
	Pipeline pipeline.Config
	Log      *slog.Logger
}

// Validate reports what is wrong with the configuration.
func (c Config) Validate() error {
	if c.Data == "" {
		return errors.New("no data folder is given")
	}
	if c.Kind != Real && c.Kind != Demo {
		return fmt.Errorf("kind of instance %q is neither real nor demo", c.Kind)
	}
	if c.Listen == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fmt.Errorf("listen address %q: %w; write it as 127.0.0.1:8420", c.Listen, err)
	}
	if ip := net.ParseIP(host); (ip == nil || !ip.IsLoopback()) && host != "localhost" && (c.TLSCert == "" || c.TLSKey == "") {
		return fmt.Errorf("listen on %s: beyond this machine pages are served with TLS only; give --tls-cert and --tls-key, or listen on 127.0.0.1", c.Listen)
	}
	return nil
}
