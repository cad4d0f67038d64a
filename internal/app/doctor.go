package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"vigil.example/internal/desk"
	"vigil.example/internal/stream"
)

// ErrUnwell says that a check of doctor failed.
var ErrUnwell = errors.New("something is wrong; see the lines marked FAIL")

// settleTime is how long doctor lets links and index be brought up to date.
const settleTime = 2 * time.Minute

// minFree is the disk space below which doctor complains.
const minFree = 2 << 30

// A Level says what a finding asks for.
type Level string

// The levels: nothing, to know of it, to do something.
const (
	Fine  Level = "ok"
	Note  Level = "note"
	Wrong Level = "FAIL"
)

// A Finding is what a check came to.
type Finding struct {
	Level Level  `json:"level"`
	Check string `json:"check"`
	Text  string `json:"text"`           // what is so, or wrong and why
	Cure  string `json:"cure,omitempty"` // what to do
}

// Examiner says how doctor looks at an instance.
type Examiner struct {
	// Ask asks the running instance how it is; nil when nobody is signed in.
	Ask func(ctx context.Context) (desk.Status, error)
	See func(Finding) // hears of each finding as it is made
}

// Doctor checks an instance and prints one line a check, what is wrong with its
// cure.
func Doctor(ctx context.Context, c Config, e Examiner, out io.Writer) error {
	e.See = func(f Finding) {
		text := f.Text
		if f.Cure != "" {
			text += "; " + f.Cure
		}
		fmt.Fprintf(out, "%-4s %-12s %s\n", f.Level, f.Check, text)
	}
	return verdict(Examine(ctx, c, e))
}

// DoctorJSON does the same for programs.
func DoctorJSON(ctx context.Context, c Config, e Examiner, out io.Writer) error {
	found := Examine(ctx, c, e)
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	return errors.Join(enc.Encode(map[string]any{"findings": found}), verdict(found))
}

func verdict(found []Finding) error {
	if slices.ContainsFunc(found, func(f Finding) bool { return f.Level == Wrong }) {
		return ErrUnwell
	}
	return nil
}

// A doctor collects findings.
type doctor struct {
	c     Config
	e     Examiner
	found []Finding
}

func (d *doctor) tell(l Level, check, cure, format string, args ...any) {
	f := Finding{l, check, fmt.Sprintf(format, args...), cure}
	d.found = append(d.found, f)
	if d.e.See != nil {
		d.e.See(f)
	}
}

func (d *doctor) ok(check, format string, args ...any) { d.tell(Fine, check, "", format, args...) }

// failed tells of an error, whose text says what to do where that is known.
func (d *doctor) failed(check string, err error) bool {
	if err != nil {
		d.tell(Wrong, check, "", "%v", err)
	}
	return err != nil
}

// Examine checks an instance. It changes nothing that is a record: what it opens
// is made right as every start does, and links and index are brought up to date.
// Of a running instance it looks at what can be looked at beside it.
func Examine(ctx context.Context, c Config, e Examiner) []Finding {
	c.Crawl, c.Listen, c.examining = false, "", true
	d := &doctor{c: c, e: e}
	if _, err := os.Stat(c.Data); err != nil {
		d.tell(Wrong, "folder", "start vigil run once, or name the folder with --data", "%s cannot be read: %v", c.Data, err)
		return d.found
	}
	_, begun := os.Stat(filepath.Join(c.Data, unfinished))
	if _, err := os.Stat(filepath.Join(c.Data, "vigil.json")); errors.Is(err, os.ErrNotExist) && begun != nil {
		d.tell(Wrong, "folder", "start vigil run once, name the right folder with --data, or restore vigil.json from a backup", "%s holds no instance of Vigil", c.Data)
		return d.found
	}
	d.disk()
	full := len(d.found) > 0 && d.found[len(d.found)-1].Level == Wrong
	if c.Streams.URL == "" && d.held() {
		d.running(ctx)
		return d.found
	}
	d.stopped(ctx, full)
	return d.found
}

func (d *doctor) disk() {
	var fsys syscall.Statfs_t
	if err := syscall.Statfs(d.c.Data, &fsys); err != nil {
		return
	}
	free, kept := fsys.Bavail*uint64(fsys.Bsize), d.c.Streams.Reserve
	if kept == 0 {
		kept = reserve
	}
	switch {
	case free < kept:
		d.tell(Wrong, "disk", "make room or move the folder; it goes on by itself", "full: %d MiB are free and %d MiB are kept in reserve, so nothing more is stored", free>>20, kept>>20)
	case free < minFree:
		d.tell(Wrong, "disk", "make room or move the folder", "nearly full: %d MiB are free; below %d MiB nothing more is stored", free>>20, kept>>20)
	default:
		d.ok("disk", "%d MiB free", free>>20)
	}
}

// held reports whether a running process has the folder for itself.
func (d *doctor) held() bool {
	f := &folder{path: d.c.Data}
	if _, err := os.Stat(f.at("lock")); err != nil {
		return false
	}
	if err := f.hold(false); err != nil {
		return errors.Is(err, ErrHeld)
	}
	f.close()
	return false
}

// running checks what can be looked at beside a running instance.
func (d *doctor) running(ctx context.Context) {
	who, _ := os.ReadFile(filepath.Join(d.c.Data, "lock"))
	d.tell(Note, "folder", "stop it for the whole examination",
		"the instance is running (process %s) and holds its folder: streams, audit log and consumers are not looked at from here", strings.TrimSpace(string(who)))
	a := &App{cfg: d.c, log: d.c.Log, folder: &folder{path: d.c.Data}}
	defer a.Close()
	if !d.failed("archive", a.openBlobs()) {
		d.archive(ctx, a, stream.Info{})
	}
	if d.e.Ask == nil {
		d.tell(Note, "ledger", "sign in (vigil login) and run vigil doctor again", "the running instance was not asked: nobody is signed in")
		return
	}
	s, err := d.e.Ask(ctx)
	if err != nil {
		d.tell(Wrong, "ledger", "is it well? look at its output and at --admin's /readyz", "the running instance does not answer: %v", err)
		return
	}
	d.rows(s.Ledger)
	d.roles(s.Roles)
}

// roles tells what of a running instance nobody does, and what fails.
func (d *doctor) roles(rs []desk.Role) {
	wrong := false
	for _, r := range rs {
		switch {
		case r.Missing():
			wrong = true
			d.tell(Wrong, "roles", "start one where the others are started: vigil run --roles "+r.Name, "%s", r.Want())
		case r.Failing > 0:
			wrong = true
			d.tell(Wrong, "roles", "vigil status says why", "%s fails in %d of %d processes", r.Name, r.Failing, r.RunBy)
		}
	}
	if !wrong && len(rs) > 0 {
		d.ok("roles", "every role that is needed is run")
	}
}

// at tells of streams on a server which processes work on them. That none does is
// how an instance is that was stopped.
func (d *doctor) at(ctx context.Context, a *App) {
	processes, err := a.roll(ctx)
	if d.failed("roles", err) {
		return
	}
	if !slices.ContainsFunc(processes, func(p desk.Process) bool { return p.Silent == 0 }) {
		d.tell(Note, "roles", "start it with vigil run when it is to work", "no process of the instance is running")
		return
	}
	l, err := a.ledger(ctx)
	if d.failed("roles", err) {
		return
	}
	rs, err := a.workforce(ctx, processes, l)
	if !d.failed("roles", err) {
		d.roles(rs)
	}
}

// stopped checks everything of an instance whose folder is free, or whose streams
// live elsewhere.
func (d *doctor) stopped(ctx context.Context, full bool) {
	if _, err := os.Stat(filepath.Join(d.c.Data, unfinished)); err == nil {
		d.failed("folder", errUnfinished)
		return
	}
	if d.lost(ctx) {
		return
	}
	look := d.c
	look.Roles = []string{"archive"} // opens the sealed files, and does not touch the index
	a, err := New(ctx, look)
	if d.failed("open", err) {
		return
	}
	defer func() { a.Close() }()
	if !look.sole() {
		d.at(ctx, a)
	}
	fresh := d.examine(ctx, a)
	if fresh && !full && ctx.Err() == nil {
		a.Close()
		c := d.c
		c.Roles = derivers()
		b, err := New(ctx, c)
		if d.failed("open", err) {
			return
		}
		a = b
		d.rest(ctx, a)
	}
	l, err := a.ledger(ctx)
	if !d.failed("ledger", err) {
		d.rows(l)
	}
}

// lost looks at the streams before they are opened, which makes anew what is
// missing. It reports whether that must not be.
func (d *doctor) lost(ctx context.Context) bool {
	look := d.c.Streams
	look.Dir = filepath.Join(d.c.Data, "streams")
	if _, err := os.Stat(look.Dir); look.URL == "" && err != nil {
		return false // New says what that means
	}
	if _, err := os.Stat(filepath.Join(d.c.Data, "vigil.json")); err != nil {
		return false
	}
	near, cancel := context.WithTimeout(ctx, 45*time.Second)
	defer cancel()
	drift, missing, err := stream.Look(near, look)
	if err != nil {
		cure := "check the folder's rights and its disk"
		if look.URL != "" {
			cure = "is the server running there, with JetStream, and do --nats and its credentials fit"
		}
		d.tell(Wrong, "streams", cure, "%v", err)
		return true
	}
	for _, x := range drift {
		what, cure, _ := strings.Cut(x, ": ")
		level := Note
		if !strings.Contains(cure, "starting again sets it right") && !strings.Contains(what, "is not one of Vigil's") {
			level = Wrong
		}
		d.tell(level, "streams", cure, "%s", what)
	}
	return len(missing) > 0
}

// rows tells how the accounts stand.
func (d *doctor) rows(l desk.Ledger) {
	var waiting []string
	for _, r := range l.Rows {
		if r.Waiting > 0 {
			waiting = append(waiting, fmt.Sprintf("%d %s for %s", r.Waiting, r.About, r.Step))
		}
		text := fmt.Sprintf("%-8s %d in = %d stored + %d refused + %d waiting", r.Step, r.In, r.Stored, r.Refused(), r.Waiting)
		switch out := r.Stored + r.Refused() + r.Waiting; {
		case r.Balanced:
			d.ok("ledger", "%s", text)
		case r.In > out:
			d.tell(Wrong, "ledger", "keep the folder as it is, and restore its newest backup into another one",
				"step %s: %s: %d %s have left no trace", r.Step, strings.Replace(text, "=", "≠", 1), r.In-out, r.About)
		default:
			d.tell(Wrong, "ledger", "its input has lost messages: restore the newest backup into another folder, or replay from the step before",
				"step %s: %s: %d more came out than went in", r.Step, strings.Replace(text, "=", "≠", 1), out-r.In)
		}
	}
	if len(waiting) > 0 {
		d.tell(Note, "walk", "vigil run goes on with them", "waiting: %s", strings.Join(waiting, ", "))
	}
}

// rest brings links and index up to date.
func (d *doctor) rest(ctx context.Context, a *App) {
	work, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	var last desk.Status
	err := a.while(work, func(ctx context.Context) error { return a.derive(ctx, func(s desk.Status) { last = s }) })
	if err == nil && work.Err() == nil {
		return
	}
	stuck := "the index does not know the newest links"
	for _, r := range last.Ledger.Rows {
		if slices.Contains(derivers(), r.Step) && r.Waiting > 0 {
			stuck = fmt.Sprintf("step %s has %d %s waiting", r.Step, r.Waiting, r.About)
		}
	}
	for _, p := range a.health.all() {
		if p.State == stateFailing {
			stuck += fmt.Sprintf("; %s fails: %s", p.Part, p.Error)
		}
	}
	d.tell(Wrong, "walk", "run vigil and look at vigil status; when it stands still, restore from a backup", "does not come to rest within %v: %s", settleTime, stuck)
}
