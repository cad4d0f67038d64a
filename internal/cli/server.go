package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/term"

	"vigil.example/internal/api"
	"vigil.example/internal/app"
	"vigil.example/internal/search/elastic"
	"vigil.example/internal/site"
	"vigil.example/internal/stream"
)

// server is the commands that open a data folder on this machine.
type server struct {
	Demo    demoCmd    `cmd:"" help:"Run the demo: a made-up town, crawled, linked and searchable."`
	Run     runCmd     `cmd:"" help:"Run Vigil: crawl, and serve the pages and the API."`
	Crawl   crawlCmd   `cmd:"" help:"Visit what is due at the defined sites, to the end, and stop."`
	Import  importCmd  `cmd:"" help:"Take saved HTML pages through the same steps as crawled ones."`
	User    userCmd    `cmd:"" help:"Add, list, reset and disable users."`
	Backup  backupCmd  `cmd:"" help:"Back up everything, of a running server or a data folder, and verify backups."`
	Restore restoreCmd `cmd:"" help:"Make an instance out of a backup, and erase again what was erased since."`
	Doctor  doctorCmd  `cmd:"" help:"Check a data folder and say what is wrong and how to cure it."`
	Bench   benchCmd   `cmd:"" help:"Measure this program on this machine, beside loops written by hand."`
}

// storage is the flags of commands that open a data folder.
type storage struct {
	Data    string `help:"Data folder; ${default} when left out." default:"vigil-data" type:"path" placeholder:"DIR"`
	Verbose bool   `help:"Print what the parts of the program have to say." short:"v"`
	indexing
}

// indexing is the flags that say where the index lives.
type indexing struct {
	Index             []string `name:"index" group:"Index" env:"VIGIL_INDEX" help:"Elasticsearch 8 that keeps the index, by the URLs of its nodes, or the word file for a file of the data folder; left out, where the folder remembers, a file at first." placeholder:"URL,URL"`
	IndexCA           string   `name:"index-ca" group:"Index" env:"VIGIL_INDEX_CA" help:"File of the authority that signed its certificate." type:"path" placeholder:"FILE"`
	IndexUser         string   `name:"index-user" group:"Index" env:"VIGIL_INDEX_USER" help:"User it knows us by." placeholder:"NAME"`
	IndexPasswordFile string   `name:"index-password-file" group:"Index" env:"VIGIL_INDEX_PASSWORD_FILE" help:"File with that user's password." type:"path" placeholder:"FILE"`
	IndexKeyFile      string   `name:"index-key-file" group:"Index" env:"VIGIL_INDEX_KEY_FILE" help:"File with an API key instead, base64-encoded." type:"path" placeholder:"FILE"`
}

// inFile reports whether the index is to lie in the data folder.
func (i indexing) inFile() bool { return len(i.Index) == 1 && i.Index[0] == "file" }

func (i indexing) server() elastic.Server {
	if i.inFile() {
		return elastic.Server{}
	}
	return elastic.Server{URLs: i.Index, CA: i.IndexCA, User: i.IndexUser, PasswordFile: i.IndexPasswordFile, APIKeyFile: i.IndexKeyFile}
}

func (s storage) config(c *Context) app.Config { return s.within(c, memory) }

// within is config of a process whose soft limit of memory stands at the floor or above.
func (s storage) within(c *Context, floor int64) app.Config {
	if c.Env("GOMEMLIMIT") == "" {
		limitMemory(c.Ctx, floor, machineMemory(os.DirFS("/")))
	}
	if c.Env("GOGC") == "" { // below the limit, memory is cheaper than collecting it
		debug.SetGCPercent(200)
	}
	level := slog.LevelWarn
	if s.Verbose {
		level = slog.LevelInfo
	}
	cfg := app.Config{
		Version: c.Version, Data: s.Data, Index: s.server(), IndexFile: s.inFile(), Kind: app.Real, Sites: site.NewSet(), Terminal: c.terminal(),
		Log: slog.New(slog.NewTextHandler(c.Stderr, &slog.HandlerOptions{Level: level})),
	}
	if name := c.Env("VIGIL_CLOCK"); name != "" { // tests let the clock jump, never of real data
		cfg.Now, cfg.Kind = app.ShiftedClock(name), app.Trial
	}
	return cfg
}

// serving is the flags of commands that serve pages.
type serving struct {
	Listen  string `help:"Address of the pages and the API; ${default} when left out." default:"127.0.0.1:8420" placeholder:"HOST:PORT"`
	TLSCert string `name:"tls-cert" help:"Certificate file; with it, pages may be served beyond this machine." type:"path" placeholder:"FILE"`
	TLSKey  string `name:"tls-key" help:"Key file of the certificate." type:"path" placeholder:"FILE"`
	Rates   []int  `name:"api-rates" help:"Requests a minute that the API answers: to one token, and to one address without a token that holds; ${default} when left out, -1 for no bound." default:"12000,120" placeholder:"N,N"`
}

// rates reads the bounds of the API.
func (s serving) rates() (api.Rates, error) {
	if len(s.Rates) != 2 || s.Rates[0] == 0 || s.Rates[1] == 0 {
		return api.Rates{}, fail(codeUsage, "write it as --api-rates 12000,120", errors.New("--api-rates takes two numbers, neither of them 0"))
	}
	return api.Rates{Token: s.Rates[0], Address: s.Rates[1]}, nil
}

// sites is the flag that names site definitions.
type sites struct {
	Sites   string `help:"Folder of site definitions (*.yaml); the folder sites in the data folder when left out." type:"path" placeholder:"DIR"`
	Contact string `help:"Who runs the crawler, for its user agent: an address or URL." placeholder:"WHO"`
}

func (s sites) loadSites(cfg *app.Config) error {
	dir := s.Sites
	if dir == "" {
		dir = filepath.Join(cfg.Data, "sites")
	} else if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return fail(codeUsage, "name a folder that holds *.yaml files", fmt.Errorf("site definitions: %s is no folder", dir))
	}
	set, err := app.LoadSites(dir)
	if err != nil {
		return err
	}
	cfg.Sites, cfg.Contact = set, s.Contact
	return nil
}

// opened adds the next step to errors of opening a data folder.
func opened(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	if errors.Is(err, app.ErrUnbalanced) {
		return fail(codeVerify, "vigil doctor names the step; keep the folder as it is", err)
	}
	return err
}

type demoCmd struct {
	Data    string `help:"Data folder of the demo; ${default} when left out." default:"vigil-demo" type:"path" placeholder:"DIR"`
	Ads     int    `help:"Ads in the town; ${default} when left out." default:"1500" placeholder:"N"`
	Seed    uint64 `help:"Seed of the town; the same seed gives the same town." default:"7" placeholder:"N"`
	Score   bool   `help:"Crawl the town to its end with its clock frozen, print the ledger and how well it was read, and stop. The last line is JSON."`
	Frozen  bool   `help:"Keep the town's clock still."`
	Verbose bool   `help:"Print what the parts of the program have to say." short:"v"`
	indexing
	serving
}

// Help explains the demo in short.
func (*demoCmd) Help() string {
	return "Builds Bazaar, a made-up town with three classifieds sites, serves it on this machine, crawls it over HTTP, and serves Vigil's pages. Prints where to open the browser, a one-time password and what to click first. Running it again goes on where it stopped."
}

// Example is shown in the help.
func (*demoCmd) Example() string {
	return "vigil demo\nvigil demo --score --ads 20000 --data score"
}

// Run runs the demo until Ctrl-C.
func (d *demoCmd) Run(c *Context) error {
	cfg := storage{Data: d.Data, Verbose: d.Verbose, indexing: d.indexing}.config(c)
	cfg.Kind, cfg.Listen, cfg.TLSCert, cfg.TLSKey = app.Demo, d.Listen, d.TLSCert, d.TLSKey
	cfg.Agency = "Bazaar task force (made up)"
	var err error
	if cfg.Rates, err = d.rates(); err != nil {
		return err
	}
	return opened(app.RunDemo(c.Ctx, app.DemoOptions{Config: cfg, Ads: d.Ads, Seed: d.Seed, Score: d.Score, Frozen: d.Frozen}, c.Stdout))
}

// streams is the flags that say where the streams live.
type streams struct {
	NATS          string `name:"nats" group:"Streams" help:"External NATS server or cluster that keeps the streams; without it they are kept in the data folder." placeholder:"URL,URL"`
	NATSCreds     string `name:"nats-creds" group:"Streams" help:"File with the credentials for it." type:"path" placeholder:"FILE"`
	NATSTokenFile string `name:"nats-token-file" group:"Streams" help:"File with the token for it, or for siblings that connect to this process." type:"path" placeholder:"FILE"`
	NATSCA        string `name:"nats-ca" group:"Streams" help:"File of the authority that signed its certificate." type:"path" placeholder:"FILE"`
	NATSCert      string `name:"nats-cert" group:"Streams" help:"File of the certificate to show it." type:"path" placeholder:"FILE"`
	NATSKey       string `name:"nats-key" group:"Streams" help:"File of that certificate's key." type:"path" placeholder:"FILE"`
	Replicas      int    `name:"nats-replicas" group:"Streams" help:"Servers of the cluster that keep each stream; 3 stand the loss of one." placeholder:"N"`
	NATSListen    string `name:"nats-listen" group:"Streams" help:"Let other processes of this host reach the streams in the data folder, at this address." placeholder:"127.0.0.1:4222"`
	Reserve       uint64 `group:"Streams" help:"MiB to leave free on the disk of the data folder; with less nothing is stored until there is room, ${default} when left out." default:"256" placeholder:"MIB"`
}

func (s streams) config() (stream.Config, error) {
	c := stream.Config{URL: s.NATS, Listen: s.NATSListen, Creds: s.NATSCreds, TLSCA: s.NATSCA, TLSCert: s.NATSCert, TLSKey: s.NATSKey, Replicas: s.Replicas, Reserve: s.Reserve << 20}
	if err := s.token(&c); err != nil {
		return c, err
	}
	look := c
	if look.URL == "" {
		look.Dir = "streams" // in the data folder, whichever that is
	}
	if err := look.Validate(); err != nil {
		return c, fail(codeUsage, "the flags under Streams in its --help say what goes together", err)
	}
	return c, nil
}

// token reads the token of the streams from its file.
func (s streams) token(c *stream.Config) error {
	if s.NATSTokenFile == "" {
		return nil
	}
	b, err := os.ReadFile(s.NATSTokenFile)
	if err != nil {
		return fail(codeUsage, "name a file that holds the token", fmt.Errorf("token of the streams: %w", err))
	}
	if c.Token = strings.TrimSpace(string(b)); c.Token == "" {
		return fail(codeUsage, "write the token into it", fmt.Errorf("token of the streams: %s is empty", s.NATSTokenFile))
	}
	return nil
}

type runCmd struct {
	storage
	serving
	sites
	streams
	rulesFlag
	Move    bool          `name:"move-index" group:"Index" help:"Move the index from where the folder remembers to where --index says: it is made there anew from the streams, and deleted where it was."`
	Agency  string        `help:"Agency named in evidence packets." placeholder:"NAME"`
	Labels  []string      `help:"Labels that are offered where ads are labelled, in place of the built-in ones." placeholder:"LABEL,LABEL"`
	NoCrawl bool          `help:"Serve only; fetch nothing."`
	Roles   *string       `help:"Parts that run in this process, of ${roles}; all when left out." placeholder:"ROLE,ROLE"`
	Admin   string        `help:"Address of metrics and health, asked without a name, and, at an address of this machine only, of profiles; none when left out." placeholder:"127.0.0.1:8421"`
	Resolve []string      `help:"Answer for a host yourself, as curl --resolve does; for closed networks and tests." placeholder:"HOST=ADDR,HOST=ADDR"`
	Traces  string        `name:"otlp" help:"URL of an OpenTelemetry collector (OTLP over HTTP) that traces are sent to; none when left out." placeholder:"http://127.0.0.1:4318"`
	Share   int           `name:"share-links" help:"Texts from which on a round of linking is shared with the processes that stand by to link; -1 never, 5,000 when left out." placeholder:"TEXTS"`
	Keep    time.Duration `help:"How long captures stay in their stream after they were sealed in WARC files; for ever when left out." placeholder:"720h"`
}

// Help explains the command in short.
func (*runCmd) Help() string {
	return "Keeps everything in one folder. The first run prints the one-time password of the administrator. Stopping at any moment loses nothing; the next start goes on. With --nats, roles may run in processes of their own, and each several times; alert, archive and web share one host and one data folder, and so does index unless --index names an Elasticsearch; the others need none."
}

// Example is shown in the help.
func (*runCmd) Example() string {
	return "vigil run --data /var/lib/vigil --sites ./sites --contact desk@agency.example\nvigil run --roles extract,enrich --nats nats://one:4222,nats://two:4222 --nats-creds vigil.creds"
}

// Run serves until Ctrl-C.
func (r *runCmd) Run(c *Context) error {
	cfg := r.within(c, servedMemory)
	cfg.Labels = r.Labels
	cfg.Listen, cfg.TLSCert, cfg.TLSKey, cfg.Agency, cfg.Crawl = r.Listen, r.TLSCert, r.TLSKey, r.Agency, !r.NoCrawl
	cfg.Admin, cfg.Keep, cfg.Traces, cfg.MoveIndex = r.Admin, r.Keep, r.Traces, r.Move
	if r.Move && len(r.Index) == 0 {
		return fail(codeUsage, "name the nodes of Elasticsearch, or write --index file", errors.New("--move-index does not say where to; --index does"))
	}
	for _, x := range r.Resolve {
		host, addr, ok := strings.Cut(x, "=")
		if _, _, err := net.SplitHostPort(addr); !ok || host == "" || err != nil {
			return fail(codeUsage, "write it as board.example=127.0.0.1:8080", fmt.Errorf("--resolve %s names no host and address", x))
		}
		if cfg.Resolve == nil {
			cfg.Resolve = map[string]string{}
		}
		cfg.Resolve[host] = addr
	}
	if err := r.roles(&cfg); err != nil {
		return err
	}
	if err := errors.Join(r.loadSites(&cfg), r.loadRules(&cfg)); err != nil {
		return err
	}
	var err error
	if cfg.Rates, err = r.rates(); err != nil {
		return err
	}
	if cfg.Streams, err = r.streams.config(); err != nil {
		return err
	}
	if !cfg.NeedsData() {
		cfg.Data = ""
	}
	cfg.Link.ShareFrom = r.Share
	if err := cfg.Validate(); err != nil {
		return fail(codeUsage, "vigil run --help says what goes together", err)
	}
	return opened(app.RunServer(c.Ctx, cfg, c.Stdout))
}

// roles reads which parts run here, and refuses those that nobody could ever reach.
func (r *runCmd) roles(cfg *app.Config) error {
	if r.Roles == nil {
		return nil
	}
	cfg.Roles = []string{}
	for name := range strings.SplitSeq(*r.Roles, ",") {
		if name = strings.TrimSpace(name); name != "" {
			cfg.Roles = append(cfg.Roles, name)
		}
	}
	if err := cfg.Validate(); err != nil {
		return fail(codeUsage, "vigil run --help says what goes together", err)
	}
	if len(cfg.Roles) < len(app.RoleNames()) && r.NATS == "" && r.NATSListen == "" {
		return fail(codeUsage, "name the NATS server with --nats, let siblings in with --nats-listen, or leave --roles out",
			fmt.Errorf("--roles %s: the streams are in this process, where no other could do the other roles", *r.Roles))
	}
	return nil
}

type crawlCmd struct {
	storage
	sites
	rulesFlag
}

// Help explains the command in short.
func (*crawlCmd) Help() string {
	return "Visits the seeds that are due and follows their links to the end, politely: robots.txt, delays and scope as the definitions say. Stopped at any moment, the same command goes on from there."
}

// Example is shown in the help.
func (*crawlCmd) Example() string {
	return "vigil crawl --data /var/lib/vigil --sites ./sites --contact desk@agency.example"
}

// Run crawls to the end.
func (r *crawlCmd) Run(c *Context) error {
	cfg := r.config(c)
	if err := errors.Join(r.loadSites(&cfg), r.loadRules(&cfg)); err != nil {
		return err
	}
	if len(cfg.Sites.All()) == 0 {
		return fail(codeUsage, "put definitions (*.yaml) into a folder and name it with --sites", errors.New("no site is defined"))
	}
	return opened(app.RunCrawl(c.Ctx, cfg, c.Stdout))
}

type importCmd struct {
	storage
	sites
	rulesFlag
	Paths []string `arg:"" help:"Saved pages (.html, .htm, .xhtml), or folders of them." type:"path"`
	Live  bool     `help:"Bring them to the running server where you signed in, instead of opening the data folder."`
}

// Help explains the command in short.
func (*importCmd) Help() string {
	return "Saved pages become captures and go through the same steps as crawled ones. A page whose site is not defined is read by what all classifieds have in common. The same page, saved at the same time, is taken once. Nothing is fetched."
}

// Example is shown in the help.
func (*importCmd) Example() string { return "vigil import --data /var/lib/vigil ./saved-pages" }

// Run imports the pages.
func (i *importCmd) Run(c *Context) error {
	if i.Live {
		return i.live(c)
	}
	cfg := i.config(c)
	if err := errors.Join(i.loadSites(&cfg), i.loadRules(&cfg)); err != nil {
		return err
	}
	operator := "unknown"
	if u, err := user.Current(); err == nil {
		operator = u.Username
	}
	err := opened(app.RunImport(c.Ctx, cfg, operator, i.Paths, c.Stdout))
	if errors.Is(err, app.ErrHeld) {
		return fail(codeError, "or bring the pages to the running server: vigil import --live PATHS, after vigil login --scopes read,admin", err)
	}
	return err
}

// live brings the pages to a running server, one request a page.
func (i *importCmd) live(c *Context) error {
	files, failed := app.PageFiles(i.Paths)
	if len(files) == 0 {
		return errors.Join(failed...)
	}
	cl, err := c.Client()
	if err != nil {
		return err
	}
	known := 0
	for _, f := range files {
		p, err := app.ReadPage(f)
		if err == nil {
			var got api.Imported
			if got, err = cl.Import(c.Ctx, api.SavedPage{Name: p.Name, SavedAt: p.SavedAt, Body: p.Body}); err == nil && got.Known {
				known++
			}
		}
		if problem, ok := errors.AsType[*api.Problem](err); ok && problem.Status != http.StatusBadRequest {
			return err
		}
		if errors.Is(err, api.ErrUnreachable) { // nor would it take the others
			return err
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("import %s: %w", f, err))
		}
	}
	fmt.Fprintf(c.Stdout, "%d pages taken, %d known already, %d could not be taken; vigil status shows what becomes of them\n", len(files)-known-len(failed), known, len(failed))
	if len(failed) > 0 {
		return fail(codeError, "", errors.Join(failed...))
	}
	return nil
}

// terminal reports whether what is printed is read by a person as it comes.
func (c *Context) terminal() bool {
	f, ok := c.Stdout.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
