package cli

import (
	"errors"
	"io/fs"

	"vigil.example/internal/app"
	"vigil.example/internal/erasure"
)

type restoreCmd struct {
	File    string `arg:"" help:"The backup." type:"path"`
	Data    string `help:"New or empty data folder." required:"" type:"path" placeholder:"DIR"`
	Ledger  string `help:"The newest erasures.jsonl, which Vigil writes into the data folder with the first erasure: what was erased after the backup is erased again before anything is served." type:"path" placeholder:"FILE" xor:"since" required:""`
	None    bool   `name:"no-later-erasures" help:"Say that nothing was erased after the backup was made; so it is while there is no erasures.jsonl." xor:"since" required:""`
	Verbose bool   `help:"Print what the parts of the program have to say." short:"v"`
	streams
	indexing
}

// Help explains the command in short.
func (*restoreCmd) Help() string {
	return "Checks every digest of the backup, lays everything down as it was, into an empty folder and, with --nats, empty streams, erases what was erased since, and has index and clusters made anew. A restore that is cut off is never taken for an instance: the same command begins it again. The instance that the backup was made of must not run any more: two of them would go on differently."
}

// Example is shown in the help.
func (*restoreCmd) Example() string {
	return "vigil restore /backups/vigil-20261122-041000.tar --data /var/lib/vigil --ledger /backups/erasures.jsonl"
}

// Run restores.
func (r *restoreCmd) Run(c *Context) error {
	cfg := storage{Data: r.Data, Verbose: r.Verbose, indexing: r.indexing}.config(c)
	var err error
	if cfg.Streams, err = r.streams.config(); err != nil {
		return err
	}
	err = app.RunRestore(c.Ctx, cfg, app.RestoreOptions{File: r.File, Ledger: r.Ledger, None: r.None}, c.Stdout)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fail(codeNotFound, "", err)
	case errors.Is(err, app.ErrBackup):
		return fail(codeVerify, "restore another backup; vigil backup verify checks one", err)
	case errors.Is(err, erasure.ErrBroken):
		return fail(codeVerify, "give the newest erasures.jsonl of this very instance, as it was written", err)
	case err != nil:
		return opened(err)
	}
	c.printf(`
Restored into %s. What comes next:
  vigil run --data %s    with the other flags as before
  Everybody signs in again. Users that were disabled, and tokens that were ended,
  after the backup was made are as they were then: see vigil user list.
  Litigation holds that were put after it are not there: see vigil hold list, and
  put them again before anything is erased.
  Ads that were found after it are found again when their sites are visited.
`, r.Data, r.Data)
	return nil
}
