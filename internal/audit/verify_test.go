package audit

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// filled is a journal with a chain of n entries in events of several sizes.
func filled(t testing.TB, n int) *memory {
	m := &memory{}
	l := open(t, m)
	r := rand.New(rand.NewPCG(7, 7))
	for left := n; left > 0; {
		var group []*waiting
		for range min(left, 1+r.IntN(4)) {
			e, err := Entry{Actor: user, Action: "search", Query: fmt.Sprint("q", left), Outcome: "ok"}.cover(key)
			if err != nil {
				t.Fatal(err)
			}
			group = append(group, &waiting{entry: e})
		}
		if err := l.store(t.Context(), group); err != nil {
			t.Fatal(err)
		}
		left -= len(group)
	}
	return m
}

// split gives every line its own event, so that a tamperer can move lines freely.
func split(m *memory) [][]byte {
	var out [][]byte
	for _, e := range m.Events {
		out = append(out, bytes.Split(e.Data, []byte{'\n'})...)
	}
	return out
}

func joined(lines [][]byte) *memory {
	m := &memory{}
	for _, l := range lines {
		m.Events = append(m.Events, stored{Subject: Subject, Data: l})
	}
	return m
}

// TestVerifyFindsEveryTampering: every single change, removal, insertion and swap
// is found, with the number of the first entry that is wrong.
func TestVerifyFindsEveryTampering(t *testing.T) {
	const n = 12
	whole := filled(t, n)
	anchor := open(t, whole).Head()
	lines := split(whole)
	check := func(t *testing.T, name string, tampered [][]byte, first uint64, anchors ...Head) {
		t.Helper()
		l := &Log{journal: joined(tampered), key: key, head: Head{SHA256: origin}}
		_, _, err := l.Verify(t.Context(), anchors...)
		var broken *BrokenError
		if !errors.Is(err, ErrBroken) || !errors.As(err, &broken) || broken.Seq != first {
			t.Errorf("%s: got %v, want entry %d named", name, err, first)
		}
	}
	r := rand.New(rand.NewPCG(3, 3))
	for i := range n {
		for range 200 {
			bad := slices.Clone(lines)
			bad[i] = bytes.Clone(bad[i])
			at := r.IntN(len(bad[i]))
			bad[i][at] ^= 1 << r.IntN(8)
			check(t, fmt.Sprintf("bit flipped in line %d at %d", i+1, at), bad, uint64(i)+1)
		}
		if i < n-1 {
			check(t, fmt.Sprintf("line %d removed", i+1), slices.Delete(slices.Clone(lines), i, i+1), uint64(i)+1)
		}
		check(t, fmt.Sprintf("cut off before line %d", i+1), lines[:i], uint64(i)+1, anchor)
		for j := range n {
			check(t, fmt.Sprintf("line %d again before %d", j+1, i+1), slices.Insert(slices.Clone(lines), i, lines[j]), firstWrong(i, j))
			if j > i {
				bad := slices.Clone(lines)
				bad[i], bad[j] = bad[j], bad[i]
				check(t, fmt.Sprintf("lines %d and %d swapped", i+1, j+1), bad, uint64(i)+1)
			}
		}
	}
}

// firstWrong is the number of the first wrong entry when line j (from 0) is put in
// again before line i: itself in its own place is followed by itself.
func firstWrong(i, j int) uint64 {
	if i == j {
		return uint64(i) + 2
	}
	return uint64(i) + 1
}

// TestVerifyFindsARewrittenChain: who rewrites everything without the key is found
// by the MAC; who has the key is found by a head that was written down.
func TestVerifyFindsARewrittenChain(t *testing.T) {
	whole := filled(t, 5)
	anchor := open(t, whole).Head()
	rewrite := func(k []byte) *memory {
		m := &memory{}
		l, err := Open(t.Context(), m, Config{Key: k, Now: config().Now})
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			if err := l.Append(t.Context(), Entry{Actor: "nobody", Action: "search", Outcome: "ok"}); err != nil {
				t.Fatal(err)
			}
		}
		return m
	}
	if _, err := Open(t.Context(), rewrite([]byte("another key, not ours")), config()); !errors.Is(err, ErrBroken) {
		t.Errorf("rewritten without the key: open got %v", err)
	}
	l := open(t, rewrite(key))
	if _, _, err := l.Verify(t.Context()); err != nil {
		t.Errorf("a chain rewritten with the key is consistent in itself: %v", err)
	}
	if _, _, err := l.Verify(t.Context(), anchor); !errors.Is(err, ErrBroken) {
		t.Errorf("rewritten with the key, head known: got %v", err)
	}
	if n, _, err := open(t, whole).Verify(t.Context(), anchor); err != nil || n != 5 {
		t.Errorf("untouched: %d, %v", n, err)
	}
}
