package app

import (
	"context"

	"vigil.example/internal/access"
	"vigil.example/internal/audit"
)

// People opens the users of an instance that is not running, for somebody who may
// write its data folder. What f does is written to the audit log under the given
// action with the user's id that f returns.
func People(ctx context.Context, c Config, action string, f func(*access.Register) (user string, err error)) error {
	c.Listen, c.Crawl = "", false
	a, err := New(ctx, c)
	if err != nil {
		return err
	}
	defer a.Close()
	id, err := f(a.register)
	if err != nil {
		return err
	}
	return a.audit.Append(ctx, audit.Entry{Actor: access.System, Action: action, Object: id, Outcome: "ok"})
}
