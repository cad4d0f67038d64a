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
	"slices"
	"strings"
	"time"

	"vigil.example/internal/api"
	"vigil.example/internal/desk"
	"vigil.example/internal/enrich/indicator"
	"vigil.example/internal/link"
	"vigil.example/internal/pipeline"
	"vigil.example/internal/search/elastic"
	"vigil.example/internal/site"
	"vigil.example/internal/stream"
)

// Kind says what an instance is for. Data of one kind is never opened as another.
type Kind string

// The kinds of instance.
const (
	Real Kind = "real"
	Demo Kind = "demo"
	// Trial is an instance whose clock was shifted: its times are no evidence.
	Trial Kind = "trial"
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
	Admin   string    // address of metrics, health and profiles; "" serves none
	Traces  string    // URL of an OpenTelemetry collector; "" sends none
	Agency  string    // named in evidence packets
	Labels  []string  // offered where ads are labelled; casework.Vocabulary when nil
	Contact string    // in the crawler's user agent
	Rates   api.Rates // how often the API answers one caller

	Streams stream.Config  // where the streams live; the data folder when it names no URL
	Index   elastic.Server // where the index lies; without a URL where it did, a file of the data folder at first
	Roles   []string       // parts that run in this process; nil means all
	Keep    time.Duration  // captures stay in their stream this long after they were sealed; 0 keeps them

	IndexFile bool // the index is to lie in the data folder, wherever it did
	MoveIndex bool // from where it lies now

	Sites   *site.Set
	Crawl   bool              // fetch what is planned
	Resolve map[string]string // hosts of the demo's town
	TownURL string            // of the demo's town hall
	Clock   func() time.Time  // of captures; time.Now when nil
	Now     func() time.Time  // of this process; time.Now when nil
	Speed   bool              // no politeness: the town is ours

	Terminal  bool // progress goes to a terminal
	restoring bool // this process restores the instance
	examining bool // this process says what is wrong with it

	// Rules is the library that reads the language of ads, with an agency's own files
	// of rules in it; nil is the built-in one. What it reads says which files those were.
	Rules    *indicator.Library
	Link     link.Config
	Pipeline pipeline.Config
	Log      *slog.Logger
}

// readBy names what reads ads, for the record: the program, the walk and, where an
// agency gave files of rules, these as name@digest.
func (c Config) readBy(walk string) string {
	by := "vigil " + c.Version + " pipeline " + walk
	if c.Rules == nil {
		return by
	}
	var files []string
	for _, r := range c.Rules.Rules {
		if r.File != "" && !slices.Contains(files, r.File) {
			files = append(files, r.File)
		}
	}
	return by + " rules " + strings.Join(append(files, c.Rules.Digest), " ")
}

// has reports whether a role runs in this process.
func (c Config) has(role string) bool { return c.Roles == nil || slices.Contains(c.Roles, role) }

// sole reports whether nobody else can reach the streams: then every lease is
// this process's for the asking.
func (c Config) sole() bool { return c.Streams.URL == "" && c.Streams.Listen == "" }

// atHome reports whether a role needs the data folder.
func (c Config) atHome(r role) bool { return r.home && (r.name != "index" || len(c.Index.URLs) == 0) }

// NeedsData reports whether this process needs the data folder that holds the index
// and the sealed files.
func (c Config) NeedsData() bool {
	if c.Streams.URL == "" {
		return true
	}
	return slices.ContainsFunc(roles(), func(r role) bool { return c.atHome(r) && c.has(r.name) })
}

func (c Config) validateRoles() error {
	for i, r := range c.Roles {
		if slices.Contains(c.Roles[:i], r) {
			return fmt.Errorf("role %s is given twice", r)
		}
		if !slices.ContainsFunc(roles(), func(x role) bool { return x.name == r }) {
			return fmt.Errorf("no role is named %q; the roles are %s", r, strings.Join(RoleNames(), ", "))
		}
	}
	if c.Roles != nil && len(c.Roles) == 0 {
		return errors.New("no role is given; leave --roles out to run all of them")
	}
	if c.Data != "" || !c.NeedsData() {
		return nil
	}
	if c.Streams.URL == "" {
		return errors.New("no data folder is given, and no NATS server that would keep the streams instead")
	}
	return fmt.Errorf("roles %s need a data folder: the sealed files lie in it, and the index where it is no Elasticsearch (--index); give the same --data to them, on one host", strings.Join(c.homeRoles(), ", "))
}

// Validate reports what is wrong with the configuration.
func (c Config) Validate() error {
	if err := c.validateRoles(); err != nil {
		return err
	}
	if len(c.Index.URLs) > 0 {
		if err := c.Index.Validate(); err != nil {
			return err
		}
	}
	if c.Kind != Real && c.Kind != Demo && c.Kind != Trial {
		return fmt.Errorf("kind of instance %q is neither real, demo nor trial", c.Kind)
	}
	for _, name := range c.Labels {
		if err := desk.CheckLabel(name); err != nil {
			return err
		}
	}
	if err := c.validateSharing(); err != nil {
		return err
	}
	if c.Listen == "" {
		return nil
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return fmt.Errorf("listen address %q: %w; write it as 127.0.0.1:8420", c.Listen, err)
	}
	if !loopback(c.Listen) && (c.TLSCert == "" || c.TLSKey == "") {
		return fmt.Errorf("listen on %s: beyond this machine pages are served with TLS only; give --tls-cert and --tls-key, or listen on 127.0.0.1", c.Listen)
	}
	return nil
}

// validateSharing refuses to share rounds of linking where nobody could.
func (c Config) validateSharing() error {
	switch n := c.Link.ShareFrom; {
	case n < -1:
		return fmt.Errorf("--share-links is %d; it is a number of texts, or -1 for never", n)
	case n != 0 && !c.has("link"):
		return errors.New("--share-links is for a process that links: put link among its --roles, or leave it out")
	case n > 0 && c.sole():
		return errors.New("--share-links needs others that stand by to link, and the streams in this process's data folder can be reached by none: let them in with --nats-listen, or name a NATS server with --nats")
	}
	return nil
}

// loopback reports whether an address to listen on is reached from this machine
// only.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
}
