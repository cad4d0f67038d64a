package app

import (
	"cmp"
	"context"
	crand "crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"vigil.example/internal/link/weigh"
	"vigil.example/internal/stream"
)

// This file has the holder of a lease of linking find shards for its rounds and ask them.
// It never waits for one for long, and what it cannot have done by shards it does itself:
// nothing but time depends on them.

const shareTries = 2 // in a round, before it is held alone

// shardTimes are how long a holder waits.
type shardTimes struct {
	called time.Duration // for who answers a call
	answer time.Duration // for all answers to one question
	whole  time.Duration // for the answers to all questions of a round, and some more for each text
}

var usualShardTimes = shardTimes{300 * time.Millisecond, 8 * time.Second, time.Minute}

// perText is several times what comparing a text takes alone.
const perText = 300 * time.Microsecond

// A sharer finds shards for a linker's rounds.
type sharer struct {
	a     *App
	gen   int
	epoch uint64
	name  string // where it listens
	least int    // texts; a smaller round is held alone
	talk  *stream.Talk
	words chan shardWord

	knew int // shards that answered the last call
}

// newSharer returns a sharer, nil where nobody else can be there or none is wanted.
func (a *App) newSharer(gen int, epoch uint64) (*sharer, error) {
	least := cmp.Or(a.cfg.Link.ShareFrom, shareFrom)
	if a.cfg.sole() || least < 0 {
		return nil, nil
	}
	h := &sharer{a: a, gen: gen, epoch: epoch, least: least, name: "linker-" + crand.Text(), words: make(chan shardWord, 4*weigh.MostShards)}
	var err error
	h.talk, err = a.bus.Listen(h.name, func(b []byte) {
		if w, ok := readShardWord(b); ok && w.Epoch == epoch {
			select {
			case h.words <- w:
			default: // nobody asks: it comes too late
			}
		}
	})
	return h, err
}

// shareFrom is how many texts a round has at least that is worth the telling.
const shareFrom = 5000

func (h *sharer) close() {
	if h != nil {
		h.talk.Close()
	}
}

// share is for one round: it gives who compares its texts, or nil.
func (h *sharer) share(ctx context.Context) func(texts int) weigh.Shards {
	if h == nil {
		return nil
	}
	tries := 0
	return func(texts int) weigh.Shards {
		if tries++; texts < h.least || tries > shareTries || ctx.Err() != nil {
			return nil
		}
		c, err := h.hire(ctx, texts)
		if err != nil {
			h.a.log.Warn("no shards for a round of linking: it is held alone", "err", err)
		}
		if c == nil {
			return nil
		}
		return c
	}
}

// A crew is the shards of one round.
type crew struct {
	h     *sharer
	ctx   context.Context // of the round: Ask is called deep within it
	round uint64
	part  shardPart
	step  uint32
	texts int
	began time.Time
}

// hire calls for shards of so many texts and has them begin. It gives nil when there are
// none.
func (h *sharer) hire(ctx context.Context, texts int) (*crew, error) {
	c := &crew{h: h, ctx: ctx, round: rand.Uint64() | 1, texts: texts, began: time.Now()}
	for len(h.words) > 0 {
		<-h.words
	}
	call, err := json.Marshal(shardCall{h.name, h.a.sharedBy()})
	if err == nil {
		err = h.tell(callName(h.gen), shardWord{Kind: wordCall, Round: c.round, Data: call})
	}
	if err != nil {
		return nil, err
	}
	var names []string
	for late := time.After(h.a.shardTimes.called); late != nil; {
		select {
		case w := <-h.words:
			if name := string(w.Data); w.Kind == wordHere && w.Round == c.round && len(names) < weigh.MostShards && !slices.Contains(names, name) {
				if names = append(names, name); len(names) == h.knew {
					late = time.After(h.a.shardTimes.called / 10) // for one that is new
				}
			}
		case <-late:
			late = nil
		case <-ctx.Done():
			return nil, nil
		}
	}
	h.knew = len(names)
	if len(names) == 0 {
		return nil, nil
	}
	slices.Sort(names)
	c.part = shardPart{Holder: h.name, Shards: names, Group: "round-" + crand.Text()}
	for k, name := range names {
		c.part.Number = k
		part, err := json.Marshal(c.part)
		if err == nil {
			err = h.tell(name, shardWord{Kind: wordBegin, Round: c.round, Data: part})
		}
		if err != nil {
			return nil, err
		}
	}
	if _, err := c.answers(); err != nil {
		c.End(err)
		return nil, err
	}
	return c, nil
}

func (h *sharer) tell(to string, w shardWord) error {
	w.Epoch = h.epoch
	return h.a.bus.Tell(to, w.bytes())
}

// Len is how many shards there are.
func (c *crew) Len() int { return len(c.part.Shards) }

// Ask sends all shards a message and gives what each answers.
func (c *crew) Ask(msg []byte) ([][]byte, error) {
	if took := time.Since(c.began); took > c.h.a.shardTimes.whole+time.Duration(c.texts)*perText {
		return nil, fmt.Errorf("%d questions in %v: %w", c.step, took.Round(time.Second), errShardsSlow)
	}
	c.step++
	if err := c.h.tell(c.part.Group, shardWord{Kind: wordAsk, Round: c.round, Step: c.step, Data: msg}); err != nil {
		return nil, err
	}
	return c.answers()
}

// answers waits for what all shards answer to the last question.
func (c *crew) answers() ([][]byte, error) {
	out, left := make([][]byte, c.Len()), c.Len()
	t := time.NewTimer(c.h.a.shardTimes.answer)
	defer t.Stop()
	for left > 0 {
		select {
		case w := <-c.h.words:
			switch {
			case w.Round != c.round || int(w.From) >= len(out):
			case w.Kind == wordLost:
				return nil, fmt.Errorf("shard %d: %s", w.From+1, w.Data)
			case w.Kind == wordAnswer && w.Step == c.step && out[w.From] == nil:
				out[w.From] = w.Data
				left--
			}
		case <-t.C:
			return nil, fmt.Errorf("%d of %d shards: %w", left, len(out), errShardsSilent)
		case <-c.ctx.Done():
			return nil, c.ctx.Err()
		}
	}
	return out, nil
}

var (
	errShardsSilent = errors.New("no answer in time")
	errShardsSlow   = errors.New("one process is faster alone")
)

// End lets the shards go.
func (c *crew) End(err error) {
	if told := c.h.tell(c.part.Group, shardWord{Kind: wordEnd, Round: c.round}); err == nil {
		err = told
	}
	if c.ctx.Err() != nil {
		return
	}
	took := time.Since(c.began).Round(time.Millisecond)
	if err != nil {
		c.h.a.counted.share("failed")
		c.h.a.log.Warn("the shards of a round of linking failed: their work is begun anew", "shards", c.Len(), "took", took, "err", err)
		return
	}
	c.h.a.counted.share("done")
	c.h.a.log.Debug("texts of a round of linking were compared by shards", "shards", c.Len(), "questions", c.step, "took", took)
}

var _ weigh.Shards = (*crew)(nil)
