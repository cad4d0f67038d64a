// Package cli is the command line: it parses what a person typed, asks the API or
// starts a server, and prints what comes back. Arguments, an environment and the
// standard streams come in; text for people on 80 columns, JSON for programs and
// an exit code go out. Commands that read ads go through the API with a token, as
// everyone does; the room opens no data folder for reading ads and keeps nothing
// but the credentials of the last sign-in.
//
// Errors take one line, "vigil: what: why", and a second one with the next step
// where there is one. Output for people has no colours, and control characters
// in the text of ads never reach the terminal.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/alecthomas/kong"

	"vigil.example/internal/api"
	"vigil.example/internal/app"
)

// Exit codes; codes in help.go says them to people.
const (
	codeOK       = 0
	codeError    = 1
	codeUsage    = 2
	codeDenied   = 3
	codeNotFound = 4
	codeVerify   = 5
)

// DefaultServer is asked when nothing else is said.
const DefaultServer = "http://127.0.0.1:8420"

// root is the whole command line. Each part is a struct of commands.
type root struct {
	Globals
	client
	reading
	server
}

// Globals are the flags of every command.
type Globals struct {
	Server string `help:"Address of the server. Default: $$VIGIL_SERVER, else where you signed in, else ${server}." placeholder:"URL"`
	Token  string `help:"API token. Better in $$VIGIL_TOKEN, where others on this machine cannot see it." placeholder:"TOKEN"`
}

// client is the commands that ask a server, or need none.
type client struct {
	Login       loginCmd       `cmd:"" help:"Sign in for a purpose and keep a token for the other commands."`
	Logout      logoutCmd      `cmd:"" help:"End the token of the last sign-in and forget it."`
	Search      searchCmd      `cmd:"" help:"Search ads by words, numbers in any form, and fields."`
	Export      exportCmd      `cmd:"" help:"Save every ad that a search finds as CSV, JSONL or XLSX."`
	Ad          adCmd          `cmd:"" help:"Show one ad with its history."`
	Correct     correctCmd     `cmd:"" help:"Say that what was read in an ad is no number, or what it reads."`
	Corrections correctionsCmd `cmd:"" help:"List how the reading of ads was corrected, and take that back."`
	Label       labelCmd       `cmd:"" help:"Say what you call an ad, or the ads of a cluster, and take that back."`
	Labels      labelsCmd      `cmd:"" help:"List the labels that ads can be given and have."`
	Decide      decideCmd      `cmd:"" help:"Decide that one poster is behind ads, or that not, or that a value joins nothing."`
	Decisions   decisionsCmd   `cmd:"" help:"List what people decided about who is behind ads, and take that back."`
	Cluster     clusterCmd     `cmd:"" help:"Show a cluster of linked ads and why they are linked, or the largest clusters."`
	Demand      demandCmd      `cmd:"" help:"Show demand and supply by week in a metropolitan area."`
	Site        siteCmd        `cmd:"" help:"Show what a site adds to every page."`
	Saved       savedCmd       `cmd:"" help:"Keep searches under names, share them, and be told of new ads that match."`
	Lookup      lookupCmd      `cmd:"" help:"Look up thousands of numbers, addresses and handles from a file at once."`
	Watch       watchCmd       `cmd:"" help:"Be told when a number, address or handle appears in a new ad."`
	WatchList   watchListsCmd  `cmd:"" name:"watchlist" help:"See, end and export lists of watches."`
	Inbox       inboxCmd       `cmd:"" help:"Show alerts, newest first."`
	Packet      packetCmd      `cmd:"" help:"Export and verify sealed evidence packets."`
	Erase       eraseCmd       `cmd:"" help:"Erase ads for good, by id, number or age, and list what was erased."`
	Hold        holdCmd        `cmd:"" help:"Keep ads from being erased."`
	Audit       auditCmd       `cmd:"" help:"Check the audit log."`
	Replay      replayCmd      `cmd:"" help:"Do steps again over what is stored, beside what people search, and switch."`
	Reindex     reindexCmd     `cmd:"" help:"Build the index anew beside the one that people search, and switch."`
	Letters     lettersCmd     `cmd:"" name:"dead-letters" help:"See, retry and drop what could not be handled."`
	Status      statusCmd      `cmd:"" help:"Show the ledger: what came in and what became of it."`
	API         apiCmd         `cmd:"" name:"api" help:"Print the description of the REST API."`
	Version     versionCmd     `cmd:"" help:"Show the version of this program."`
}

// A Context is what every command runs with.
type Context struct {
	Ctx     context.Context // ends when the person presses Ctrl-C
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer
	Env     func(string) string
	Flags   *Globals
	Version string
}

// exiting unwinds kong when it wants to exit, after --help.
type exiting int

// Main runs the command that args (without the program's name) say and returns
// the exit code.
func Main(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, env func(string) string, version string) (code int) {
	var r root
	parser, err := kong.New(&r,
		kong.Name("vigil"),
		kong.Description("Vigil finds and links ads so that people in them can be found and helped."),
		kong.Writers(stdout, stderr),
		kong.Vars{"server": DefaultServer, "roles": strings.Join(app.RoleNames(), ", ")},
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 80, NoExpandSubcommands: true}),
		kong.Help(help),
		kong.Exit(func(code int) { panic(exiting(code)) }),
	)
	if err != nil { // a mistake in the tags of the commands
		_, _ = fmt.Fprintf(stderr, "vigil: %v\n", err)
		return codeError
	}
	defer func() {
		switch v := recover().(type) {
		case nil:
		case exiting:
			code = int(v)
		default:
			panic(v)
		}
	}()
	k, err := parser.Parse(args)
	if err != nil {
		return report(stderr, misused(err))
	}
	c := &Context{Ctx: ctx, Stdin: stdin, Stdout: stdout, Stderr: stderr, Env: env, Flags: &r.Globals, Version: version}
	return report(stderr, c.placed(k.Run(c)))
}

// misused turns an error of the parser into one with a next step.
func misused(err error) error {
	next := "vigil --help lists the commands"
	var p *kong.ParseError
	if errors.As(err, &p) && p.Context.Selected() != nil {
		next = "vigil " + p.Context.Selected().Path() + " --help shows how it is used"
		switch {
		case strings.Contains(err.Error(), "unknown flag"):
			next += "; put -- before words that begin with a hyphen"
		case strings.Contains(err.Error(), "unexpected argument"):
			if of := children(p.Context.Selected()); of != "" {
				next = "say what to do: vigil " + p.Context.Selected().Path() + " " + of
			}
		}
	}
	return fail(codeUsage, next, err)
}

// children names the commands of a group, "" for a command that is none.
func children(n *kong.Node) string {
	var names []string
	for _, c := range n.Children {
		if c.Type == kong.CommandNode && !c.Hidden {
			names = append(names, c.Name)
		}
	}
	return strings.Join(names, "|")
}

// Client is the API client for the server and token that flags, environment and
// the last sign-in say, in this order.
func (c *Context) Client() (*api.Client, error) {
	server, token := first(c.Flags.Server, c.Env("VIGIL_SERVER")), first(c.Flags.Token, c.Env("VIGIL_TOKEN"))
	if server != "" && token != "" {
		return api.NewClient(server, token, &http.Client{}), nil
	}
	kept, err := c.credentials()
	if err != nil {
		return nil, err
	}
	server = c.server(kept)
	if token == "" && kept.Server == server { // a token is for one server's ears
		token = kept.Token
	}
	if token == "" {
		return nil, fail(codeDenied, "sign in: vigil login", fmt.Errorf("not signed in at %s", server))
	}
	return api.NewClient(server, token, &http.Client{}), nil
}

// server is the address of the server to ask.
func (c *Context) server(kept credentials) string {
	return trimmed(first(c.Flags.Server, c.Env("VIGIL_SERVER"), kept.Server, DefaultServer))
}

func first(of ...string) string {
	for _, s := range of {
		if s != "" {
			return s
		}
	}
	return ""
}
