package weigh_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"vigil.example/internal/link/weigh"
	"vigil.example/internal/link/weigh/invent"
)

// A desk has shards in one process. It counts what is said, and may lose one.
type desk struct {
	all         []*weigh.Shard
	lose        int // at this message the last shard is gone; 0 for never
	asked, said int
	empty       bool // it comes again, empty
	ended       []error
	spent       time.Duration // processor time of all shards
}

func newDesk(t *testing.T, n int) *desk {
	d := &desk{}
	for k := range n {
		s, err := weigh.NewShard(k, n)
		if err != nil {
			t.Fatal(err)
		}
		d.all = append(d.all, s)
	}
	return d
}

func (d *desk) Len() int { return len(d.all) }

var errGone = errors.New("gone")

func (d *desk) Ask(msg []byte) ([][]byte, error) {
	began := userCPU()
	defer func() { d.spent += userCPU() - began }()
	d.asked++
	n := len(d.all)
	if d.asked == d.lose {
		if !d.empty {
			return nil, errGone
		}
		d.all[n-1], _ = weigh.NewShard(n-1, n)
	}
	lists, answers := make([][][]byte, n), make([][]byte, n)
	for k, s := range d.all {
		var err error
		if lists[k], answers[k], err = s.Hear(msg); err != nil {
			return nil, err
		}
		d.said += len(msg) + len(answers[k])
	}
	for k, s := range d.all {
		if answers[k] != nil || lists[k] == nil {
			continue
		}
		mine := make([][]byte, n)
		for other := range d.all {
			mine[other] = lists[other][k]
			d.said += len(mine[other])
		}
		var err error
		if answers[k], err = s.Draw(mine); err != nil {
			return nil, err
		}
		d.said += len(answers[k])
	}
	return answers, nil
}

func (d *desk) End(err error) { d.ended = append(d.ended, err) }

func solveBy(gold []weigh.Labelled, share func(int) weigh.Shards) *weigh.Partition {
	l := weigh.New()
	for i := range gold {
		l.Add(gold[i].Ad)
	}
	l.Share = share
	return l.Solve()
}

// What shards find is what one process finds, however many they are.
func TestShardsDoNotMatter(t *testing.T) {
	for _, c := range []invent.Config{{Seed: 301, Ads: 1500}, {Seed: 302, Ads: 1000, Hard: true}, {Seed: 303, Ads: 700, Hostile: 0.01}} {
		gold := invent.Ads(c)
		want := solve(gold)
		for _, n := range []int{1, 2, 4, 16} {
			d := newDesk(t, n)
			got := solveBy(gold, func(int) weigh.Shards { return d })
			if !slices.Equal(want.Clusters, got.Clusters) || want.Table() != got.Table() {
				t.Errorf("seed %d, %d shards: another partition or table than alone", c.Seed, n)
			}
			if len(d.ended) != 1 || d.ended[0] != nil {
				t.Fatalf("seed %d, %d shards: the work ended with %v", c.Seed, n, d.ended)
			}
		}
	}
}

// TestMeasureShards tells what shards take from who solves a round, and what they are
// told: go test -run MeasureShards -ads 20000 -v.
func TestMeasureShards(t *testing.T) {
	if *count == 0 {
		t.Skip("-ads N measures")
	}
	gold := invent.Ads(invent.Config{Seed: *seed, Ads: *count, Hard: *hard, Hostile: *rivals})
	each := func(x float64) float64 { return x / float64(len(gold)) }
	for _, n := range []int{0, 1, 2, 4} {
		d := newDesk(t, n)
		var share func(int) weigh.Shards
		if n > 0 {
			share = func(int) weigh.Shards { return d }
		}
		cpu := userCPU()
		solveBy(gold, share)
		all := userCPU() - cpu
		fmt.Printf("%d ads, %d shards: owner %.1f µs CPU/ad, shards %.1f together, %.4f messages/ad, %.0f B/ad\n", len(gold), n,
			each(1e6*(all-d.spent).Seconds()), each(1e6*d.spent.Seconds()), each(float64(d.asked)), each(float64(d.said)))
	}
}
