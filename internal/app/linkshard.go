package app

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"vigil.example/internal/desk"
	"vigil.example/internal/link"
	"vigil.example/internal/link/weigh"
	"vigil.example/internal/pipeline"
	"vigil.example/internal/stream"
)

// This file lets the processes that stand by while another one links do a part of its
// rounds: each holds a part of the table of 3-grams, cut by key, and compares its share of
// the texts. What they hear and say is told beside the streams and may be lost, late, or
// another's; so every word names the holder's epoch, the round, and its place there, and
// has a checksum. Whoever finds that something is missing says so, and the holder begins
// the comparing anew, with those who answer or alone. See linkshare.go.

// A shardWord is what a holder and its shards tell each other.
type shardWord struct {
	Kind  byte
	Epoch uint64 // of the holder's lease: a later holder has a higher one
	Round uint64 // one attempt at comparing the texts of one round
	Step  uint32 // of it
	From  uint8  // the shard that says it
	Data  []byte
}

// Kinds of words.
const (
	wordCall   = iota + 1 // to all who stand by: who would do a part? JSON of a shardCall
	wordHere              // to the holder: I would. The name under which the shard listens
	wordBegin             // to each: be this one. JSON of a shardPart
	wordAsk               // to all of a round
	wordLists             // to one, from another: what it needs of its table
	wordAnswer            // to the holder
	wordLost              // to the holder: I cannot go on; why
	wordEnd               // to all of a round
	wordKinds
)

// A shardCall says what a shard must be like to find what the holder would: linked by the
// same program on the same kind of processor, which may round in another way.
type shardCall struct {
	Holder  string `json:"holder"` // the name under which it listens
	Version string `json:"version"`
}

// A shardPart names all shards of a round; one is who reads it.
type shardPart struct {
	Holder string   `json:"holder"`
	Number int      `json:"number"`
	Shards []string `json:"shards"`
	Group  string   `json:"group"` // where all of them listen
}

const wordHead = 1 + 8 + 8 + 4 + 1 + 4

func (w shardWord) bytes() []byte {
	b := make([]byte, 0, wordHead+len(w.Data))
	b = binary.LittleEndian.AppendUint64(append(b, w.Kind), w.Epoch)
	b = binary.LittleEndian.AppendUint64(b, w.Round)
	b = append(binary.LittleEndian.AppendUint32(b, w.Step), w.From)
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(w.Data, castagnoli))
	return append(b, w.Data...)
}

// readShardWord reads a word; ok is whether it is one, and as it was said.
func readShardWord(b []byte) (w shardWord, ok bool) {
	if len(b) < wordHead || b[0] == 0 || b[0] >= wordKinds {
		return w, false
	}
	w = shardWord{b[0], binary.LittleEndian.Uint64(b[1:]), binary.LittleEndian.Uint64(b[9:]), binary.LittleEndian.Uint32(b[17:]), b[21], b[wordHead:]}
	return w, binary.LittleEndian.Uint32(b[22:]) == crc32.Checksum(w.Data, castagnoli)
}

// callName is where those listen who stand by for a generation of links.
func callName(gen int) string { return "link" + suffix(gen) }

// sharedBy is what must be alike.
func (a *App) sharedBy() string {
	return a.cfg.Version + " " + link.Version + " " + weigh.Reading() + " " + runtime.GOARCH
}

// shardIdle is after how long without a word a shard forgets what it holds.
const shardIdle = time.Minute

// A shardSeat is the place of one process among those who stand by for a generation.
type shardSeat struct {
	a    *App
	name string // where it listens

	hears atomic.Bool // calls

	mu      sync.Mutex // guards what follows
	holding bool       // it holds the lease itself, or is done
	epoch   uint64     // the highest heard of
	s       *weigh.Shard
	part    shardPart
	group   *stream.Talk
	round   uint64
	step    uint32 // that was asked last
	waits   bool   // for lists of that step
	lists   map[uint32][][]byte
	idle    *time.Timer
}

func (a *App) newShardSeat() *shardSeat {
	s := &shardSeat{a: a, name: "shard-" + rand.Text()}
	s.idle = time.AfterFunc(shardIdle, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.leave()
	})
	s.idle.Stop()
	return s
}

// sit has this process do a part of others' rounds until ctx ends, while it stands by.
func (s *shardSeat) sit(ctx context.Context, gen int) error {
	own, err := s.a.bus.Listen(s.name, s.hear)
	if err != nil {
		return err
	}
	defer own.Close()
	call, err := s.a.bus.Listen(callName(gen), s.hear)
	if err != nil {
		return err
	}
	defer call.Close()
	s.hears.Store(true)
	<-ctx.Done()
	s.hold(true)
	return nil
}

// hold says whether this process holds the lease itself: then it answers no call.
func (s *shardSeat) hold(is bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.holding = is
	s.leave()
}

// leave forgets the round. The caller holds s.mu.
func (s *shardSeat) leave() {
	s.idle.Stop()
	if s.group != nil {
		s.group.Close()
	}
	s.s, s.group, s.part, s.round, s.lists, s.waits = nil, nil, shardPart{}, 0, nil, false
}

// hear takes a word. One of a holder who has been followed by another goes unheard.
func (s *shardSeat) hear(b []byte) {
	w, ok := readShardWord(b)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.holding || !ok || w.Epoch < s.epoch {
		return
	}
	switch w.Kind {
	case wordCall:
		var c shardCall
		if json.Unmarshal(w.Data, &c) != nil {
			return
		}
		is := c.Version == s.a.sharedBy()
		if !is && s.epoch != w.Epoch {
			s.a.log.Warn("this process does no part of rounds of linking: another version of vigil, or another kind of processor, links", "here", s.a.sharedBy(), "there", c.Version)
		}
		if s.epoch = w.Epoch; is {
			s.tell(c.Holder, shardWord{Kind: wordHere, Round: w.Round, Data: []byte(s.name)})
		}
	case wordBegin:
		s.begin(w)
	case wordAsk, wordLists, wordEnd:
		if w.Round != s.round || s.s == nil || w.Epoch != s.epoch {
			return
		}
		s.idle.Reset(shardIdle)
		if w.Kind == wordEnd {
			s.leave()
			return
		}
		if err := s.work(w); err != nil {
			s.a.log.Warn("a shard of linking cannot go on with a round", "err", err)
			s.tell(s.part.Holder, shardWord{Kind: wordLost, Round: s.round, Step: w.Step, Data: []byte(err.Error())})
			s.leave()
		}
	}
}

func (s *shardSeat) tell(to string, w shardWord) {
	w.Epoch, w.From = s.epoch, uint8(s.part.Number)
	if err := s.a.bus.Tell(to, w.bytes()); err != nil { // who waits for it notices
		s.a.log.Debug("a word between linkers was not told", "err", err)
	}
}

// begin takes a part of a round.
func (s *shardSeat) begin(w shardWord) {
	s.leave()
	var p shardPart
	if json.Unmarshal(w.Data, &p) != nil || p.Number < 0 || p.Number >= len(p.Shards) || p.Shards[p.Number] != s.name {
		return
	}
	shard, err := weigh.NewShard(p.Number, len(p.Shards))
	if err == nil {
		s.group, err = s.a.bus.Listen(p.Group, s.hear)
	}
	if err != nil {
		s.a.log.Warn("a shard of linking cannot begin", "err", err)
		return
	}
	s.epoch, s.s, s.part, s.round, s.step, s.lists = w.Epoch, shard, p, w.Round, 0, map[uint32][][]byte{}
	s.idle.Reset(shardIdle)
	s.tell(p.Holder, shardWord{Kind: wordAnswer, Round: w.Round})
}

// work does what a word of the round asks for.
func (s *shardSeat) work(w shardWord) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the program failed: %s", pipeline.Fell(p))
		}
	}()
	n := len(s.part.Shards)
	if w.Kind == wordLists {
		if w.Step < s.step || w.Step > s.step+1 || int(w.From) >= n || int(w.From) == s.part.Number {
			return weigh.ErrLost
		}
		s.listsOf(w.Step)[w.From] = w.Data
		return s.draw()
	}
	if w.Step != s.step+1 || s.waits {
		return weigh.ErrLost
	}
	delete(s.lists, s.step)
	s.step = w.Step
	lists, answer, err := s.s.Hear(w.Data)
	if err != nil {
		return err
	}
	if lists == nil {
		s.tell(s.part.Holder, shardWord{Kind: wordAnswer, Round: s.round, Step: s.step, Data: answer})
		return nil
	}
	for k, b := range lists {
		if k != s.part.Number {
			s.tell(s.part.Shards[k], shardWord{Kind: wordLists, Round: s.round, Step: s.step, Data: b})
		}
	}
	s.waits = true
	return s.draw()
}

func (s *shardSeat) listsOf(step uint32) [][]byte {
	if s.lists[step] == nil {
		s.lists[step] = make([][]byte, len(s.part.Shards))
	}
	return s.lists[step]
}

// draw compares texts once what the other shards give is here.
func (s *shardSeat) draw() error {
	lists := s.listsOf(s.step)
	if !s.waits {
		return nil
	}
	for k, b := range lists {
		if b == nil && k != s.part.Number {
			return nil
		}
	}
	s.waits = false
	answer, err := s.s.Draw(lists)
	if err != nil {
		return err
	}
	s.a.sharded.Store(&desk.Shard{Number: s.part.Number + 1, Of: len(s.part.Shards), Keys: s.s.Held(), At: time.Now().UTC().Truncate(time.Second)})
	s.tell(s.part.Holder, shardWord{Kind: wordAnswer, Round: s.round, Step: s.step, Data: answer})
	return nil
}
