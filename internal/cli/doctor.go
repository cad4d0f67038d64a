package cli

import (
	"context"

	"vigil.example/internal/app"
	"vigil.example/internal/desk"
)

type doctorCmd struct {
	storage
	streams
	printing
}

// Help explains the command in short.
func (*doctorCmd) Help() string {
	return "Checks disk, streams and their ends, the audit log's chain, sealed WARC files, consumers, dead letters, leases, clock, index and ledger. One line a check: ok, note for what heals by itself, FAIL with cause and cure; exit code 1 when one fails. Of a running instance it checks what it can beside it, and asks it for its ledger where you are signed in. Nothing that is a record is changed."
}

// Example is shown in the help.
func (*doctorCmd) Example() string {
	return "vigil doctor --data /var/lib/vigil\nvigil doctor --data /var/lib/vigil --nats nats://one:4222"
}

// Run checks.
func (d *doctorCmd) Run(c *Context) error {
	cfg := d.storage.config(c)
	cfg.Kind = app.KindOf(d.Data)
	var err error
	if cfg.Streams, err = d.streams.config(); err != nil {
		return err
	}
	var e app.Examiner
	if cl, err := c.Client(); err == nil {
		e.Ask = func(ctx context.Context) (desk.Status, error) { return cl.Status(ctx) }
	}
	if d.JSON {
		return app.DoctorJSON(c.Ctx, cfg, e, c.Stdout)
	}
	return app.Doctor(c.Ctx, cfg, e, c.Stdout)
}
