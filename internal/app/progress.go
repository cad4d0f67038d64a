package app

import (
	"fmt"
	"io"
	"time"
)

// A progress shows how long work is getting on: on a terminal as one line that
// is written over, elsewhere as a line every ten seconds.
type progress struct {
	out      io.Writer
	terminal bool
	shown    bool
	last     time.Time
}

const progressEvery = 10 * time.Second

func (p *progress) say(format string, args ...any) {
	if p.terminal {
		p.shown = true
		fmt.Fprintf(p.out, "\r%-79s", fmt.Sprintf("  "+format, args...))
		return
	}
	if now := time.Now(); now.Sub(p.last) >= progressEvery {
		if !p.last.IsZero() {
			fmt.Fprintf(p.out, "  "+format+"\n", args...)
		}
		p.last = now
	}
}

// clear makes room for a line that stays.
func (p *progress) clear() {
	if p.terminal && p.shown {
		fmt.Fprintf(p.out, "\r%79s\r", "")
		p.shown = false
	}
}
