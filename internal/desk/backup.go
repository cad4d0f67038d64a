package desk

import (
	"context"
	"errors"
	"io"

	"vigil.example/internal/access"
	"vigil.example/internal/audit"
)

// A Keeper backs the instance up while it runs. What it wrote tells by itself
// whether it is whole; w must not block for more than some seconds.
type Keeper interface {
	Backup(ctx context.Context, w io.Writer) error
}

// Backup writes everything: ads, people, keys. The log has a line before the first
// byte goes out, and another of how it ended.
func (d *Desk) Backup(ctx context.Context, s access.Subject, w io.Writer) error {
	e := audit.Entry{Action: "backup"}
	if err := d.may(ctx, s, access.ActBackup, e); err != nil {
		return err
	}
	e.Outcome = "begun"
	if err := d.log(ctx, s, e); err != nil {
		return err
	}
	err := d.Keeper.Backup(ctx, w)
	e.Outcome = outcome(err)
	return errors.Join(err, d.log(context.WithoutCancel(ctx), s, e)) // who asked may have gone
}
