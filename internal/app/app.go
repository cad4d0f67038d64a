package app

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/alert"
	"vigil.example/internal/api"
	"vigil.example/internal/audit"
	"vigil.example/internal/capture"
	"vigil.example/internal/casework"
	"vigil.example/internal/crawl"
	"vigil.example/internal/desk"
	"vigil.example/internal/enrich"
	"vigil.example/internal/erasure"
	"vigil.example/internal/extract"
	"vigil.example/internal/generation"
	"vigil.example/internal/packet"
	"vigil.example/internal/pipeline"
	"vigil.example/internal/stream"
	"vigil.example/internal/web"
	"vigil.example/pipelines"
)

// An App is one process of an instance of Vigil: what its roles need is open,
// nothing runs until Run.
type App struct {
	cfg         Config
	log         *slog.Logger
	owner       string  // names this process in leases
	life        life    // signs of it
	folder      *folder // nil for roles that need none
	bus         *stream.Bus
	book        *generation.Book
	erased      *erasure.Ledger
	corrections *casework.Corrections // as they stand in the stream
	bonds       *casework.LinkDecisions
	labels      *casework.Labels
	lineage     lineage
	models      models // of sites' own words
	walk        pipelines.Pipeline
	fresh       *fresh
	health      health
	meter       pipeline.Meter
	counted     *meter
	traces      *traces // nil when off

	bucket  *blob.Bucket
	archive *capture.Archive // nil for roles that need no folder
	engine  engine
	shelf   shelf // the index that people search
	key     ed25519.PrivateKey

	register  *access.Register
	docket    *casework.Docket
	audit     *audit.Log
	inbox     *alert.Inbox // nil in processes without alert and web
	raiser    *alert.Raiser
	desk      *desk.Desk
	importer  *importer
	told      uint64      // sequence of the last alert that the inbox was opened with
	following atomic.Bool // people's journals are followed
	followers sync.Map    // *follower, of streams that are followed now

	chain   *enrich.Chain
	extract *extract.Extractor
	fetcher *crawl.Fetcher
	planned atomic.Bool // the seeds that were due are queued
	started time.Time
	ready   func(url string)
	late    chan ad.Subscription // subscriptions to check for ads under way

	lateSearches chan string // likewise saved searches, by id

	closers  []func()
	sealing  sync.Mutex
	counting counting
	pace     pacer      // of sealing
	letters  sync.Mutex // held while dead letters are worked on
	noted    audit.Head // as last written down

	sharded    atomic.Pointer[desk.Shard] // what this process did last of another's round of linking
	shardTimes shardTimes
}

// reserve is left free on the disk of the streams where nothing else is said.
const reserve = 256 << 20

// New opens what this process's roles need. Close it when done, also when Run was
// never called.
func New(ctx context.Context, cfg Config) (_ *App, err error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Clock == nil {
		cfg.Clock = cfg.Now
	}
	if cfg.Streams.Reserve == 0 && cfg.Streams.URL == "" {
		cfg.Streams.Reserve = reserve
	}
	a := &App{cfg: cfg, log: cfg.Log, owner: owner(), started: time.Now().UTC(), late: make(chan ad.Subscription, 2*casework.MaxListed), lateSearches: make(chan string, 256), fresh: &fresh{read: decode[ad.Ad]}}
	defer func() {
		if err != nil {
			a.Close()
		}
	}()
	a.shardTimes = usualShardTimes
	a.counted = newMeter()
	a.meter = a.counted
	if a.traces, err = newTraces(ctx, cfg.Traces, cfg.Version, a.owner); err != nil {
		return nil, err
	}
	a.counted.traces = a.traces
	a.onClose(a.traces.close)
	if cfg.Data != "" {
		if a.folder, err = openFolder(cfg.Data, cfg.Kind, cfg.Streams.URL != "", cfg.restoring); err != nil {
			return nil, err
		}
		a.onClose(a.folder.close)
		cfg.Streams.Dir = a.folder.at("streams")
		if _, err := os.Stat(cfg.Streams.Dir); cfg.Streams.URL != "" && err != nil {
			cfg.Streams.Dir = "" // they lie on disks that cannot be seen from here
		}
	}
	if !cfg.sole() { // else the streams are in this process, and cannot be away
		a.log = slog.New(calm{cfg.Log.Handler()})
	}
	cfg.Streams.Waiting = func(at string, err error) {
		cfg.Log.Warn("the streams do not answer yet; they are waited for", "streams", at, "err", err)
	}
	if a.bus, err = stream.Open(ctx, cfg.Streams); err != nil {
		return nil, err
	}
	a.onClose(a.bus.Close)
	if err := a.refuseUnfinished(ctx); err != nil {
		return nil, err
	}
	if a.engine, err = a.newEngine(); err != nil {
		return nil, err
	}
	if err := a.openBooks(ctx); err != nil {
		return nil, err
	}
	if err := a.openSteps(); err != nil {
		return nil, err
	}
	if !cfg.NeedsData() {
		return a, nil
	}
	if err := a.settleIn(ctx); err != nil {
		return nil, err
	}
	if err := a.clearLeft(); err != nil {
		return nil, err
	}
	if err := a.openBlobs(); err != nil {
		return nil, err
	}
	if err := a.openShelf(ctx); err != nil {
		return nil, err
	}
	a.onClose(func() { _ = a.shelf.Close() })
	if err := a.openPeople(ctx); err != nil {
		return nil, err
	}
	if !cfg.has("web") {
		return a, nil
	}
	return a, a.openDesk()
}

// openDesk opens what people work with.
func (a *App) openDesk() (err error) {
	if err := a.folder.checkSigner(); err != nil {
		return err
	}
	if a.key, err = packet.LoadOrCreateKey(a.folder.at("signer.pem")); err != nil {
		return err
	}
	// The public half, to hand to receivers by another way than the packet.
	if err := writeDurably(a.folder.at("signer.pub.pem"), packet.PublicPEM(a.key)); err != nil {
		return err
	}
	a.importer = newImporter(a.bus, a.cfg.Sites, a.cfg.Now, a.bars)
	a.desk = desk.New(desk.Parts{
		Register: a.register, Docket: a.docket, Inbox: a.inbox, Raiser: a.raiser, Log: a.audit, Index: &a.shelf,
		Captures: a, Importer: a.importer, Overseer: a, Eraser: a, Counter: a, Models: a, Links: a, Arrivals: a, Clock: a.cfg.Clock, Keeper: a, Replayer: a, Letters: a, Key: a.key, Agency: a.cfg.Agency, Offered: a.cfg.Labels, Errors: a.log, Now: a.cfg.Now,
		Raise: func(ctx context.Context, alerts []ad.Alert) error { return a.bus.Publish(ctx, alertMessages(alerts)) },
	})
	return nil
}

// owner names this process: host and process, for people who look at leases.
func owner() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s:%d", host, os.Getpid())
}

// now is the clock of this process.
func (a *App) now() time.Time { return a.cfg.Now() }

func (a *App) onClose(f func()) { a.closers = append(a.closers, f) }

// Close releases everything, last opened first.
func (a *App) Close() {
	if a.audit != nil && a.cfg.has("web") {
		if err := a.noteHead(); err != nil {
			a.log.Warn("noting the head of the audit log", "err", err)
		}
	}
	for _, v := range slices.Backward(a.closers) {
		v()
	}
	a.closers = nil
}

func (a *App) openBlobs() (err error) {
	dir := a.folder.at("blobs")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("open blob folder: %w", err)
	}
	a.bucket, err = fileblob.OpenBucket(dir, &fileblob.Options{Metadata: fileblob.MetadataDontWrite, NoTempDir: true, DirFileMode: 0o700})
	if err != nil {
		return fmt.Errorf("open blob folder: %w", err)
	}
	a.onClose(func() { _ = a.bucket.Close() })
	a.archive = capture.NewArchive(a.bucket, capture.Options{
		Prefix: "captures/", Sync: capture.FolderSync(dir), Create: capture.FolderCreate(dir), Wipe: capture.FolderWipe(dir), Pace: a.pace.rest,
	})
	return nil
}

// openBooks opens the journals that every role reads: which generations there
// are, what was erased, and how the reading of ads was corrected.
func (a *App) openBooks(ctx context.Context) (err error) {
	if a.book, err = generation.Open(ctx, a.bus.Journal(stream.Generations), a.cfg.Now); err != nil {
		return fmt.Errorf("open generations: %w", err)
	}
	key := make([]byte, 32) // of a process without the folder: it compares no numbers
	rand.Read(key)
	if a.folder != nil {
		key = a.folder.key
	}
	if a.erased, err = erasure.Open(ctx, a.bus.Journal(stream.Erasures), erasure.Config{Key: key, Now: a.cfg.Now}); err != nil {
		return fmt.Errorf("open the ledger of erasures: %w", err)
	}
	a.corrections, a.bonds, a.labels = casework.NewCorrections(), casework.NewLinkDecisions(), casework.NewLabels()
	if err := a.readRulings(ctx); err != nil {
		return err
	}
	if err := a.readModels(ctx); err != nil {
		return fmt.Errorf("open models of sites' words: %w", err)
	}
	for _, o := range a.book.Streams() {
		if o.Base != generation.Index && o.N > 1 {
			if err := a.bus.EnsureGeneration(ctx, o.Base, o.N); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *App) openPeople(ctx context.Context) (err error) {
	noted, err := a.notedHead() // first: other processes may be writing the log
	if err != nil {
		return err
	}
	if a.audit, err = audit.Open(ctx, a.bus.Journal(stream.Audit), audit.Config{Key: a.folder.key, Now: a.cfg.Now}); err != nil {
		return fmt.Errorf("open audit log: %w", err)
	}
	if len(noted) > 0 {
		a.noted = noted[0]
	}
	if now := a.audit.Head().Seq; a.noted.Seq > now && !a.cfg.examining && !a.cfg.restoring {
		return fmt.Errorf("%w: its audit log had %d entries, the streams at %s hold %d: they are missing, were cut, or lie elsewhere (--nats); restore them from a backup, and keep this folder as it is for the auditor",
			ErrFolder, a.noted.Seq, a.where(), now)
	}
	a.register, err = access.Open(ctx, a.bus.Journal(stream.Access), access.Config{Key: a.folder.key, Now: a.cfg.Now, KeepOneTime: a.cfg.Kind == Demo, Sessions: drawer{a.bus}})
	if err != nil {
		return fmt.Errorf("open users: %w", err)
	}
	decisions := casework.Config{Key: a.folder.key, Now: a.cfg.Now}
	if a.cfg.has("alert") {
		decisions.Created = func(s ad.Subscription) {
			select {
			case a.late <- s:
			default: // a check of all follows at the next start
			}
		}
		decisions.Alerted = func(id string) {
			select {
			case a.lateSearches <- id:
			default: // likewise
			}
		}
	}
	a.docket, err = casework.Open(ctx, a.bus.Journal(stream.Decisions), decisions)
	if err != nil {
		return fmt.Errorf("open decisions: %w", err)
	}
	a.inbox = alert.NewInbox(a.docket)
	if a.told, err = a.bus.Replay(ctx, stream.Alerts, 0, nil, func(m ad.Message) error { return a.inbox.Apply(m.Seq, m.Data) }); err != nil {
		return fmt.Errorf("open inboxes: %w", err)
	}
	a.raiser = alert.NewRaiser(a.docket, a.inbox.Seen, a.cfg.Now)
	return nil
}

func (a *App) openSteps() (err error) {
	if a.walk, err = pipelines.Load(); err != nil {
		return err
	}
	if !slices.Contains(a.walk.Enrich, "correction") {
		return errors.New("read pipelines/walk.yaml: the enricher named correction is not in it, so what people decided about numbers would not hold; put it behind number")
	}
	country := func(name string) string {
		if d := a.cfg.Sites.ByName(name); d != nil {
			return d.Country
		}
		return ""
	}
	if a.chain, err = enrich.NewChain(a.cfg.readBy(a.walk.Digest), a.walk.Enrich, enrich.Config{Country: country, Corrections: a.corrections.Of, Words: a.models.of, Rules: a.cfg.Rules}); err != nil {
		return fmt.Errorf("read pipelines/walk.yaml: %w", err)
	}
	a.extract = extract.New(a.cfg.Sites)
	if !a.cfg.Crawl || !a.cfg.has("crawl") {
		return nil
	}
	a.fetcher, err = crawl.New(crawl.Config{
		UserAgent: userAgent(a.cfg), Resolve: a.cfg.Resolve, Clock: a.cfg.Clock, Robots: a.keepRobots,
	}, a.cfg.Sites, a.log)
	if err != nil {
		return err
	}
	a.onClose(func() { _ = a.fetcher.Close() })
	return nil
}

func userAgent(c Config) string {
	contact := c.Contact
	if contact == "" {
		contact = "operator not named"
	}
	return "Vigil/" + c.Version + " (+" + contact + ")"
}

// keepRobots stores what the crawl was told it may do.
func (a *App) keepRobots(ctx context.Context, x capture.Exchange) error {
	x.Via = ad.ViaCrawl
	c, records, err := capture.Record(x)
	if err != nil {
		return err
	}
	return a.bus.Publish(ctx, []ad.Message{{Subject: "capture.robots." + ad.Slug(c.Site), ID: "r:" + c.ID, Data: records}})
}

// Handler serves the pages and the API.
func (a *App) Handler() http.Handler {
	mux := http.NewServeMux()
	rest := api.New(a.desk, api.Config{Version: a.cfg.Version, Log: a.log, Now: a.cfg.Now, Rates: a.cfg.Rates})
	mux.Handle("/api/", rest)
	mux.Handle("/healthz", rest)
	pages := web.Config{
		Version: a.cfg.Version, Instance: string(a.cfg.Kind), TownURL: a.cfg.TownURL, Secure: a.cfg.TLSCert != "", Log: a.log, Now: a.cfg.Now,
		Rules: a.cfg.Rules, KeyFingerprint: packet.Fingerprint(a.key.Public().(ed25519.PublicKey)),
	}
	if a.cfg.Kind == Demo {
		pages.TownNow = a.cfg.Clock
	}
	mux.Handle("/", web.New(a.desk, pages))
	return mux
}

func (a *App) serve(ctx context.Context, ready func(string)) error {
	l, err := net.Listen("tcp", a.cfg.Listen)
	if err != nil {
		return fmt.Errorf("serve the pages: %w; another program may use the port, give another address with --listen", err)
	}
	srv := &http.Server{Handler: a.traces.requests(a.Handler()), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
		BaseContext: func(net.Listener) context.Context { return ctx }, ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelWarn)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		<-ctx.Done()
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = srv.Shutdown(late)
		_ = srv.Close()
	}()
	scheme := "http"
	if a.cfg.TLSCert != "" {
		scheme = "https"
	}
	if ready != nil {
		ready(scheme + "://" + l.Addr().String())
	}
	if a.cfg.TLSCert != "" {
		err = srv.ServeTLS(l, a.cfg.TLSCert, a.cfg.TLSKey)
	} else {
		err = srv.Serve(l)
	}
	if !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve on %s: %w", a.cfg.Listen, err)
	}
	<-done
	return nil
}

// Bootstrap makes the administrator of a new instance and returns the one-time
// password, or "" when there are users already.
func (a *App) Bootstrap(ctx context.Context) (string, error) {
	password, err := a.register.Bootstrap(ctx, "admin")
	if err != nil || password == "" {
		return "", err
	}
	return password, a.noteReset(ctx, "user.create")
}

// noteReset writes into the audit log that the administrator got a one-time
// password from this machine.
func (a *App) noteReset(ctx context.Context, action string) error {
	u, err := a.register.UserNamed("admin")
	if err != nil {
		return fmt.Errorf("find the administrator: %w", err)
	}
	return a.audit.Append(ctx, audit.Entry{Actor: access.System, Action: action, Object: u.ID, Outcome: "ok"})
}

// NewPassword gives the administrator another one-time password.
func (a *App) NewPassword(ctx context.Context) (string, error) {
	u, err := a.register.UserNamed("admin")
	if err != nil {
		return "", fmt.Errorf("find the administrator: %w", err)
	}
	password, err := a.register.Reset(ctx, access.System, u.ID)
	if err != nil {
		return "", err
	}
	return password, a.noteReset(ctx, "password.reset")
}

// Records finds the WARC records of a capture: in the stream, else in the sealed
// files.
func (a *App) Records(ctx context.Context, id string, seq uint64) (ad.Capture, []byte, error) {
	var records []byte
	m, err := a.bus.Get(ctx, stream.Captures, seq)
	switch {
	case err == nil:
		records = m.Data
	case errors.Is(err, ad.ErrNotFound):
		if records, err = a.archive.Read(ctx, id, seq); err != nil {
			return ad.Capture{}, nil, err
		}
	default:
		return ad.Capture{}, nil, err
	}
	p, err := capture.Open(records)
	if err != nil {
		return ad.Capture{}, nil, fmt.Errorf("capture %s: %w", id, err)
	}
	if p.Capture.ID != id {
		return ad.Capture{}, nil, fmt.Errorf("capture %s: another capture stands in its place", id)
	}
	return p.Capture, records, nil
}

// stageConfig is the pump's settings for a stage of the pipeline file.
func (a *App) stageConfig(name string) pipeline.Config {
	if c, ok := a.walk.Stages[name]; ok {
		return c
	}
	return a.cfg.Pipeline
}
