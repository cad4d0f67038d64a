package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"vigil.example/internal/app"
)

type backupCmd struct {
	Make   backupMakeCmd   `cmd:"" default:"withargs" help:"Back up a running server, or with --data the folder of one that is stopped. This is what backup FILE does."`
	Verify backupVerifyCmd `cmd:"" help:"Check every digest of a backup on this machine; asks no server."`
}

// Example is shown in the help.
func (*backupCmd) Example() string {
	return "vigil login --scopes read,admin\nvigil backup /backups/\nvigil backup verify /backups/vigil-20261122-041000.tar"
}

type backupMakeCmd struct {
	Target  string `arg:"" help:"File to save it in, which must not be there yet, or a folder." type:"path"`
	Data    string `help:"Data folder of an instance that is stopped, or whose streams --nats keeps; without it the running server is asked." type:"path" placeholder:"DIR"`
	Verbose bool   `help:"Print what the parts of the program have to say." short:"v"`
	streams
	indexing
	printing
}

// Help explains the command in short.
func (*backupMakeCmd) Help() string {
	return "Saves streams, sealed WARC files, keys and site definitions in one tar file, while everything goes on, and compares every digest on the way. The index is not in it: restore makes it anew. The file holds ads and the keys of the instance: only its owner may read it; encrypt it before it leaves this machine. Needs a token with scope admin of an administrator, unless --data names a folder."
}

// Example is shown in the help.
func (*backupMakeCmd) Example() string {
	return "vigil login --scopes read,admin\nvigil backup /backups/\nvigil backup --data /var/lib/vigil backup.tar"
}

// A saved says what a backup holds, as JSON.
type saved struct {
	File     string    `json:"file"`
	Instance string    `json:"instance"`
	Version  string    `json:"vigil"`
	Made     time.Time `json:"made"`
	Bytes    int64     `json:"bytes"`
	Messages uint64    `json:"messages"`
	Files    int       `json:"sealed_files"`
	Seconds  float64   `json:"seconds,omitempty"`
	Missing  []string  `json:"missing,omitempty"`
}

// Run saves a backup.
func (b *backupMakeCmd) Run(c *Context) error {
	file := b.Target
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		file = filepath.Join(file, "vigil-"+time.Now().UTC().Format("20060102-150405")+".tar")
	}
	progress := c.Stdout
	if b.JSON {
		progress = io.Discard
	}
	began := time.Now()
	m, err := b.save(c, file, progress)
	switch {
	case errors.Is(err, fs.ErrExist):
		return fail(codeUsage, "name another file; a backup is never written over", err)
	case errors.Is(err, app.ErrHeld):
		return fail(codeError, "or have the running server back itself up: vigil login --scopes read,admin, then vigil backup FILE without --data", err)
	case errors.Is(err, app.ErrBackup):
		return fail(codeVerify, "nothing was saved; run the command again", err)
	case err != nil:
		return admins(err)
	}
	s := summary(file, m)
	s.Seconds = time.Since(began).Seconds()
	if b.JSON {
		err = c.value(s)
	} else {
		c.printf("Saved %s: %d messages, %d sealed files, %.1f MiB in %.1f s (%.1f MiB/s).\n",
			file, s.Messages, s.Files, mib(s.Bytes), s.Seconds, mib(s.Bytes)/max(s.Seconds, 0.001))
		c.printf("It holds ads, people and the keys of the instance: only you may read it (mode 0600).\nEncrypt it before it leaves this machine. Keep the newest erasures.jsonl beside it, not only in it:\nrestore needs that to erase again what was erased since.\n")
	}
	if err == nil && len(s.Missing) > 0 {
		return fail(codeVerify, "vigil doctor says what to do; keep the older backups", fmt.Errorf("the backup is as the instance is, and that is damaged: %s", s.Missing[0]))
	}
	return err
}

func (b *backupMakeCmd) save(c *Context, file string, progress io.Writer) (app.Manifest, error) {
	if b.Data != "" {
		cfg := storage{Data: b.Data, Verbose: b.Verbose, indexing: b.indexing}.config(c)
		cfg.Kind = app.KindOf(b.Data)
		var err error
		if cfg.Streams, err = b.streams.config(); err != nil {
			return app.Manifest{}, err
		}
		return app.RunBackup(c.Ctx, cfg, file, progress)
	}
	if b.NATS != "" {
		return app.Manifest{}, fail(codeUsage, "vigil backup --help says how it is used", errors.New("--nats goes with --data, which holds the sealed files and keys"))
	}
	cl, err := c.Client()
	if err != nil {
		return app.Manifest{}, err
	}
	return app.SaveBackup(file, func(w io.Writer) error { return cl.Backup(c.Ctx, w) }, progress, c.terminal())
}

func summary(file string, m app.Manifest) saved {
	s := saved{File: file, Instance: m.Instance, Version: m.Version, Made: m.Made, Messages: m.Messages(), Missing: m.Missing}
	for _, p := range m.Parts {
		s.Bytes += p.Bytes
		if filepath.Ext(p.Name) == ".gz" {
			s.Files++
		}
	}
	return s
}

func mib(n int64) float64 { return float64(n) / (1 << 20) }

type backupVerifyCmd struct {
	File string `arg:"" help:"The backup." type:"path"`
	printing
}

// Example is shown in the help.
func (*backupVerifyCmd) Example() string { return "vigil backup verify vigil-20261122-041000.tar" }

// Run checks a backup.
func (v *backupVerifyCmd) Run(c *Context) error {
	progress := c.Stdout
	if v.JSON {
		progress = io.Discard
	}
	m, err := app.VerifyBackup(v.File, progress, c.terminal())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fail(codeNotFound, "", err)
	case errors.Is(err, app.ErrBackup):
		return fail(codeVerify, "keep it if it is all there is, but do not rely on it; make another", err)
	case err != nil:
		return err
	case v.JSON:
		return c.value(summary(v.File, m))
	}
	s := summary(v.File, m)
	c.printf("The backup is whole: instance %s (%s), made %s by vigil %s;\n%d messages, %d sealed files, %.1f MiB, every digest as written.\n",
		clean(s.Instance), m.Kind, minute(s.Made), clean(s.Version), s.Messages, s.Files, mib(s.Bytes))
	for _, x := range s.Missing {
		c.printf("The instance itself was damaged then: %s\n", clean(x))
	}
	if len(s.Missing) > 0 {
		return fail(codeVerify, "keep older backups, and restore from one that says nothing of it", errors.New("the backup is as the instance was, and that was damaged"))
	}
	return nil
}
