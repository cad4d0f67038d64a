package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/audit"
	"vigil.example/internal/capture"
	"vigil.example/internal/pipeline"
	"vigil.example/internal/search"
	"vigil.example/internal/stream"
)

// This file is what doctor looks at in an instance that is open.

// indexTime bounds how long doctor reads the index file.
const indexTime = 20 * time.Second

// recentOutputs is how many of a stream's newest messages doctor compares with
// what they were made from.
const recentOutputs = 4096

const restoreCut = "restore the newest backup into another folder and keep this one as it is: starting vigil run here would give these sequences to other messages"

// examine makes every check that needs no role to run. It reports whether the
// accounts can be drawn up: not with a stream that was cut, nor from an index that
// is yet to be made.
func (d *doctor) examine(ctx context.Context, a *App) bool {
	d.ok("folder", "%s data, instance %s, since %s", a.folder.Kind, a.folder.Instance, a.folder.Created.Format("2006-01-02"))
	infos := d.streams(ctx, a)
	d.readable(ctx, a, infos)
	d.audited(ctx, a)
	whole := d.ends(ctx, a, infos)
	d.archive(ctx, a, infos[stream.Captures])
	d.consumers(ctx, a, infos)
	d.letters(ctx, a)
	d.leases(ctx, a)
	d.decided(a)
	d.clock(ctx, a, infos)
	d.linkState(a)
	return d.index(ctx, a) && whole
}

// streams tells how large the streams are that serve.
func (d *doctor) streams(ctx context.Context, a *App) map[string]stream.Info {
	infos := map[string]stream.Info{}
	var messages, size uint64
	for _, base := range taken() {
		name := serves(a.book.Serving(), base)
		i, err := a.bus.Info(ctx, name)
		if err != nil {
			d.tell(Wrong, "streams", "restore it from a backup", "%v", err)
			continue
		}
		infos[name] = i
		messages += i.Messages
		size += i.Bytes
	}
	d.ok("streams", "%d streams, %d messages, %d KiB", len(infos), messages, size>>10)
	return infos
}

// readable reads the records through: bytes that were altered on the disk show
// only when they are read, and a reader is given the rest without a word.
func (d *doctor) readable(ctx context.Context, a *App, infos map[string]stream.Info) {
	for _, t := range stream.Table() {
		i, ok := infos[t.Name]
		if !ok || !t.Record {
			continue
		}
		there, read := sum(i.Subjects, ""), uint64(0)
		_, err := a.bus.Replay(ctx, t.Name, 0, nil, func(ad.Message) error { read++; return nil })
		if err != nil {
			d.tell(Wrong, "streams", restoreCut, "%v", err)
		} else if read < there {
			d.tell(Wrong, "streams", "keep the folder as it is, and restore from a backup that was made before; vigil backup would keep the damage",
				"%d of %d messages of %s cannot be read: bytes of its files were altered", there-read, there, t.Name)
		}
	}
}

func (d *doctor) audited(ctx context.Context, a *App) {
	anchors, err := a.notedHead()
	d.failed("audit", err)
	n, head, err := a.audit.Verify(ctx, anchors...)
	if len(anchors) == 0 && n > 0 && err == nil {
		d.tell(Note, "audit", "find out who removed it, and compare with that of a backup; the next vigil run notes the end anew",
			"%s is not there, so that it cannot be seen whether the end of the log was cut off", a.folder.at("audit.head"))
	}
	switch {
	case err == nil:
		d.ok("audit", "%d entries, chain whole, head %.16s", n, head.SHA256)
	case errors.Is(err, audit.ErrBroken):
		d.tell(Wrong, "audit", "keep the folder as it is and tell the auditor", "%v", err)
	default:
		d.failed("audit", err)
	}
}

// ends looks for streams that lost their end: somebody is further than they are.
func (d *doctor) ends(ctx context.Context, a *App, infos map[string]stream.Info) bool {
	whole := true
	cut := func(name, format string, args ...any) {
		whole = false
		d.tell(Wrong, "streams", restoreCut, "the end of stream %s is missing, which ends at %d: %s", name, infos[name].Last, fmt.Sprintf(format, args...))
	}
	floors, err := a.bus.Floors(ctx)
	d.failed("consumers", err)
	for _, f := range floors {
		if i, ok := infos[f.Stream]; ok && f.Seq > i.Last {
			cut(f.Stream, "consumer %s has acknowledged up to %d", f.Consumer, f.Seq)
		}
	}
	g := a.book.Serving()
	var at linked
	d.failed("streams", a.recall(ctx, "link"+suffix(g.Links), &at))
	if ads := serves(g, stream.Ads); at.UpTo > infos[ads].Last {
		cut(ads, "the linker has read up to %d", at.UpTo)
	}
	gone, err := a.orphans(ctx, -recentOutputs)
	d.failed("streams", err)
	for _, o := range gone {
		cut(o.from, "%d messages of %s were made from messages up to %d", len(o.seqs), o.stream, o.beyond)
	}
	return whole
}

// archive checks the sealed files. Which captures are still in their stream is
// known from captures, when that could be looked at.
func (d *doctor) archive(ctx context.Context, a *App, captures stream.Info) {
	n := 0
	for s, err := range a.archive.Check(ctx) {
		if err == nil {
			n++
			continue
		}
		if !errors.Is(err, capture.ErrMissing) && !errors.Is(err, capture.ErrAltered) {
			d.failed("archive", err)
			continue
		}
		where := "whether they are in stream CAPTURES is not known"
		switch {
		case captures.Last == 0:
		case captures.First <= s.From:
			where = "all of them are in stream CAPTURES too, so nothing is lost while they stay there: run without --keep"
		case captures.First > s.To:
			where = "they are in no stream any more"
		default:
			where = fmt.Sprintf("those from %d on are in stream CAPTURES too", captures.First)
		}
		d.tell(Wrong, "archive", fmt.Sprintf("put %s and its index back from a backup: tar -xOf BACKUP blobs/%s > %s", s.File, s.File, a.folder.at("blobs/"+s.File)),
			"captures %d to %d: %v; %s", s.From, s.To, err, where)
	}
	d.ok("archive", "%d sealed WARC files read back", n)
}

// consumers misses those that have worked before: their outputs are there.
func (d *doctor) consumers(ctx context.Context, a *App, infos map[string]stream.Info) {
	floors, err := a.bus.Floors(ctx)
	if d.failed("consumers", err) {
		return
	}
	g := a.book.Serving()
	listings, ads := serves(g, stream.Listings), serves(g, stream.Ads)
	lost := 0
	for _, k := range []struct{ stream, name, output string }{
		{stream.Captures, "extract" + suffix(g.Listings), listings}, {listings, "enrich" + suffix(g.Ads), ads}, {ads, "alert" + suffix(g.Ads), ads},
	} {
		if infos[k.stream].Last == 0 || infos[k.output].Last == 0 ||
			slices.ContainsFunc(floors, func(f stream.Floor) bool { return f.Stream == k.stream && f.Consumer == k.name }) {
			continue
		}
		lost++
		d.tell(Note, "consumers", "nothing is lost: the next vigil run makes it anew, and what was done before is not done again", "consumer %s of stream %s was deleted", k.name, k.stream)
	}
	if lost == 0 {
		d.ok("consumers", "%d", len(floors))
	}
}

// letters tells what could not be handled, by step and reason.
func (d *doctor) letters(ctx context.Context, a *App) {
	reasons := map[string]int{}
	_, err := a.bus.Replay(ctx, stream.Dead, 0, []string{"dead.*"}, func(m ad.Message) error {
		reasons["step "+strings.TrimPrefix(m.Subject, "dead.")+": "+m.Header[pipeline.ReasonHeader]]++
		return nil
	})
	if d.failed("dead letters", err) {
		return
	}
	for _, r := range slices.Sorted(maps.Keys(reasons)) {
		d.tell(Note, "dead letters", "vigil dead-letters list shows them; mend the cause, then vigil dead-letters retry", "%d of %s", reasons[r], r)
	}
	if len(reasons) == 0 {
		d.ok("dead letters", "none")
	}
}

// leases finds those whose holder was killed on this host.
func (d *doctor) leases(ctx context.Context, a *App) {
	all, err := a.bus.Leases(ctx)
	if d.failed("leases", err) {
		return
	}
	host, err := os.Hostname()
	if err != nil {
		return
	}
	dead := map[string][]string{}
	for _, l := range all {
		if l.Host == host && errors.Is(syscall.Kill(l.PID, 0), syscall.ESRCH) {
			dead[l.Owner] = append(dead[l.Owner], l.Name)
		}
	}
	for _, who := range slices.Sorted(maps.Keys(dead)) {
		d.tell(Note, "leases", "nothing needs to be done: the next process takes them over within seconds", "held by process %s, which is gone: %s", who, strings.Join(dead[who], ", "))
	}
}

// decided tells what people have begun and what is not at its end.
func (d *doctor) decided(a *App) {
	for _, p := range a.erased.Pending() {
		d.tell(Note, "erasures", "vigil run with role archive carries it out", "order %s of %s is not done", p.ID, p.At.Format("2006-01-02"))
	}
	if g, ok := a.book.Building(); ok {
		d.tell(Note, "replay", "vigil run goes on with it", "%v is under way; people search generation %d", g, a.book.Serving().N)
	}
}

// linkState tells how large the linker's state on disk is. It is derived: the next start
// of role link looks whether it fits, and makes it anew when it does not.
func (d *doctor) linkState(a *App) {
	if i, err := os.Stat(a.folder.linkState(a.book.Serving().Links)); err == nil {
		d.ok("links", "%d KiB of the linker's state on disk", i.Size()>>10)
	}
}

// clockSlack is how far clocks may be apart before it is worth a word.
const clockSlack = 2 * time.Minute

// clock compares when the newest messages were stored with what time it is.
func (d *doctor) clock(ctx context.Context, a *App, infos map[string]stream.Info) {
	var ahead time.Duration
	in := ""
	for _, name := range slices.Sorted(maps.Keys(infos)) {
		if infos[name].Last == 0 {
			continue
		}
		m, err := a.bus.Get(ctx, name, infos[name].Last)
		if err != nil {
			continue // erased, or a mark of its writer
		}
		if by := m.Time.Sub(a.now()); by > max(ahead, clockSlack) {
			ahead, in = by, name
		}
	}
	if in == "" {
		return
	}
	d.tell(Wrong, "clock", "set the clock of this machine, and of the NATS server where there is one, by NTP; what is stored stays in its order",
		"the newest message of %s was stored %v in the future: a clock was or is wrong", in, ahead.Round(time.Second))
}

// away is the cure for an index that does not answer.
const away = "mend what it says; until then what is read waits in the streams, and nothing is lost"

// aside adds a state to a sentence.
func aside(state string) string {
	if state == "" {
		return ""
	}
	return "; " + state
}

// index looks at the index that people search. It is derived: whatever is wrong
// with it heals by itself, which takes its time.
func (d *doctor) index(ctx context.Context, a *App) bool {
	g := a.book.Serving()
	name := a.engine.name(g.Index)
	heals := "nothing needs to be done: the next vigil run makes it anew from the streams"
	left, err := a.leftBehind()
	d.failed("index", err)
	for _, file := range left {
		d.tell(Note, "index", "nothing needs to be done: the next vigil run deletes it", "%s was left here, and nobody erases from it: the index is in %s", file, a.folder.seat())
	}
	x, err := a.engine.open(ctx, g.Index, opening{readOnly: true})
	if err == nil {
		defer func() { _ = x.Close() }()
		if err = a.fits(ctx, g, x); err == nil {
			within, cancel := context.WithTimeout(ctx, indexTime)
			defer cancel()
			if err = x.Check(within); within.Err() != nil && ctx.Err() == nil {
				d.ok("index", "it is large: no damage was found in %v", indexTime)
				return true
			}
		}
	}
	switch {
	case err == nil:
		at, perr := x.Position(ctx, "ads")
		if d.failed("index", perr) {
			return true
		}
		state, wrong := a.engine.look(ctx, g.Index)
		if wrong != nil {
			d.tell(Wrong, "index", away, "%s: %v", name, wrong)
			return false
		}
		d.ok("index", "whole, %s ad versions read%s", strconv.FormatUint(at, 10), aside(state))
		return true
	case errors.Is(err, search.ErrAway):
		d.tell(Wrong, "index", away, "%s: %v", name, err)
	case errors.Is(err, ad.ErrNotFound):
		if i, ierr := a.bus.Info(ctx, serves(g, stream.Ads)); ierr == nil && i.Last == 0 {
			return true
		}
		d.tell(Note, "index", heals, "%s is not there: it was deleted, or never made", name)
	case errors.Is(err, search.ErrVersion):
		d.tell(Note, "index", heals, "%s is of another version of vigil: %v", name, err)
	case errors.Is(err, search.ErrDamaged):
		d.tell(Note, "index", heals, "%s cannot be used: %v", name, err)
	default:
		d.failed("index", err)
	}
	return false
}
