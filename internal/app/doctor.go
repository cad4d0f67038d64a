package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/pipeline"
	"vigil.example/internal/stream"
)

// ErrUnwell says that a check of doctor failed.
var ErrUnwell = errors.New("something is wrong; see the lines marked FAIL")

// settleTime is how long doctor lets the walk finish what is under way.
const settleTime = 2 * time.Minute

// minFree is the disk space below which doctor complains.
const minFree = 2 << 30

// Doctor checks an instance that is not running: its folder, streams, ledger,
// audit log, sealed files and dead letters. It prints one line a check, what is
// wrong with its cure.
func Doctor(ctx context.Context, c Config, out io.Writer) error {
	bad := false
	say := func(ok bool, name, format string, args ...any) {
		mark := "ok  "
		if !ok {
			mark, bad = "FAIL", true
		}
		fmt.Fprintf(out, "%s %-12s %s\n", mark, name, fmt.Sprintf(format, args...))
	}
	if _, err := os.Stat(c.Data); err != nil {
		say(false, "folder", "%s cannot be read: %v; start vigil run once, or name the folder with --data", c.Data, err)
		return ErrUnwell
	}
	var fsys syscall.Statfs_t
	if err := syscall.Statfs(c.Data, &fsys); err == nil {
		free := fsys.Bavail * uint64(fsys.Bsize)
		say(free >= minFree, "disk", "%d MiB free; below %d MiB crawling should stop: make room or move the folder", free>>20, minFree>>20)
	}
	c.Crawl, c.Listen = false, ""
	a, err := New(ctx, c)
	if err != nil {
		say(false, "open", "%v", err)
		return ErrUnwell
	}
	defer a.Close()
	say(true, "folder", "%s data, instance %s, since %s", a.folder.Kind, a.folder.Instance, a.folder.Created.Format("2006-01-02"))
	a.examine(ctx, say)
	if bad {
		return ErrUnwell
	}
	return nil
}

func (a *App) examine(ctx context.Context, say func(bool, string, string, ...any)) {
	for _, d := range stream.Table() {
		i, err := a.bus.Info(ctx, d.Name)
		if err != nil {
			say(false, "stream", "%s: %v; restore it from a backup", d.Name, err)
			continue
		}
		say(true, "stream", "%-10s %9d messages %8d KiB  %s", d.Name, i.Messages, i.Bytes>>10, d.About)
	}
	anchors, err := a.notedHead()
	if err != nil {
		say(false, "audit", "%v", err)
	}
	n, head, err := a.audit.Verify(ctx, anchors...)
	if err != nil {
		say(false, "audit", "%v; keep the folder as it is and tell the auditor", err)
	} else {
		say(true, "audit", "%d entries, chain whole, head %.16s", n, head.SHA256)
	}
	sealed, err := a.archive.List(ctx)
	if err != nil {
		say(false, "archive", "%v", err)
	}
	for _, s := range sealed {
		if _, err := a.archive.Verify(ctx, s); err != nil {
			say(false, "archive", "%v", err)
		}
	}
	say(true, "archive", "%d sealed WARC files read back", len(sealed))
	a.examineLedger(ctx, say)
}

func (a *App) examineLedger(ctx context.Context, say func(bool, string, string, ...any)) {
	work, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	err := a.while(work, func(ctx context.Context) error { return a.Settle(ctx, nil) })
	if err != nil || work.Err() != nil {
		say(false, "walk", "does not come to rest within %v: a stream may have lost its end, or there is much to do; run vigil and look at its status, or restore from a backup", settleTime)
		return
	}
	l, err := a.ledger(ctx)
	if err != nil {
		say(false, "ledger", "%v", err)
		return
	}
	for _, r := range l.Rows {
		say(r.Balanced, "ledger", "%-8s %d in = %d stored + %d refused + %d waiting", r.Step, r.In, r.Stored, r.Refused(), r.Waiting)
	}
	reasons := map[string]int{}
	_, err = a.bus.Replay(ctx, stream.Dead, 0, nil, func(m ad.Message) error {
		reasons[m.Subject+": "+m.Header[pipeline.ReasonHeader]]++
		return nil
	})
	if err != nil {
		say(false, "dead letters", "%v", err)
		return
	}
	for r, n := range reasons {
		say(true, "dead letters", "%d %s", n, r)
	}
	if len(reasons) == 0 {
		say(true, "dead letters", "none")
	}
}
