package erasure

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func export(t testing.TB, l *Ledger) []byte {
	t.Helper()
	var w bytes.Buffer
	must(t, l.Export(t.Context(), &w))
	return w.Bytes()
}

// A ledger that goes elsewhere and comes out again is the same, byte for byte.
func TestExportLaw(t *testing.T) {
	for seed := range uint64(50) {
		_, l := lived(t, seed)
		out := export(t, l)
		j := &memory{}
		other := open(t, j)
		must(t, Verify(bytes.NewReader(out), l.key))
		changed, err := other.Import(t.Context(), bytes.NewReader(out))
		must(t, err)
		if diff := cmp.Diff(string(export(t, other)), string(out)); diff != "" {
			t.Fatalf("seed %d (-there +here):\n%s", seed, diff)
		}
		if n := len(l.Entries()); len(other.Pending()) != n || len(slices.Compact(slices.Sorted(slices.Values(changed)))) != n {
			t.Fatalf("seed %d: %d of %d orders are pending there, %v changed", seed, len(other.Pending()), n, changed)
		}
		if len(other.Counts()) != 0 {
			t.Fatalf("seed %d: counts %v where nothing was deleted", seed, other.Counts())
		}
		if diff := cmp.Diff(other.covered, l.covered); diff != "" {
			t.Fatalf("seed %d: covered (-there +here):\n%s", seed, diff)
		}
		stored := len(j.Events)
		changed, err = other.Import(t.Context(), bytes.NewReader(out))
		must(t, err)
		if len(changed) != 0 || len(j.Events) != stored {
			t.Fatalf("seed %d: imported twice: %v", seed, changed)
		}
	}
}

// A backup is older than some orders. Restored and given the ledger, it erases
// what it had not, once, and leaves alone what it had.
func TestRestore(t *testing.T) {
	ctx := t.Context()
	j := &memory{}
	l := open(t, j)
	done := begin(t, l, byAd(aid(1)))
	must(t, l.Add(ctx, done, some()))
	must(t, l.Listed(ctx, done))
	must(t, l.Done(ctx, done, Result{}))
	half := begin(t, l, byNumber())
	must(t, l.Add(ctx, half, Targets{AdIDs: []string{aid(3)}, Messages: map[string][]uint64{"ADS ad": {30}}}))

	backup := &memory{Events: slices.Clone(j.Events)}
	restored := open(t, backup)

	must(t, l.Add(ctx, half, Targets{AdIDs: []string{aid(4)}, Messages: map[string][]uint64{"ADS ad": {40}}}))
	must(t, l.Listed(ctx, half))
	must(t, l.Done(ctx, half, Result{}))
	late := begin(t, l, byAge())

	changed, err := restored.Import(ctx, bytes.NewReader(export(t, l)))
	must(t, err)
	if diff := cmp.Diff(changed, []string{half, late}); diff != "" {
		t.Errorf("changed (-got +want):\n%s", diff)
	}
	p := restored.Pending()
	if len(p) != 2 || p[0].ID != half || p[0].Elsewhere.IsZero() || p[0].State != Listing || p[0].Ads != 2 || p[1].ID != late || !p[1].Elsewhere.IsZero() {
		t.Errorf("pending %+v", p)
	}
	if !restored.Covers(aid(4)) || !restored.Matches(number) {
		t.Error("what the ledger names is not covered at once")
	}
	must(t, restored.Add(ctx, half, Targets{Messages: map[string][]uint64{"ADS ad": {30, 31}}}))
	must(t, restored.Listed(ctx, half))
	must(t, restored.Done(ctx, half, Result{}))
	if n := restored.Counts()["ADS ad"]; n != 1+2 {
		t.Errorf("counts %v", restored.Counts())
	}
	changed, err = restored.Import(ctx, bytes.NewReader(export(t, l)))
	if err != nil || len(changed) != 0 {
		t.Errorf("imported again: %v, %v", changed, err)
	}
	// Back where it came from, an order that is done stays done.
	changed, err = l.Import(ctx, bytes.NewReader(export(t, restored)))
	if err != nil || len(changed) != 0 {
		t.Errorf("imported back: %v, %v", changed, err)
	}
}

func TestImportRefuses(t *testing.T) {
	_, l := lived(t, 7)
	lines := strings.SplitAfter(strings.TrimSuffix(string(export(t, l)), "\n"), "\n")
	lines[len(lines)-1] += "\n"
	if len(lines) < 8 {
		t.Fatalf("only %d lines", len(lines))
	}
	for name, c := range map[string]struct {
		change func(s []string) []string
		at     int
	}{
		"nothing":              {func(s []string) []string { return nil }, 1},
		"a reason changed":     {func(s []string) []string { s[0] = strings.Replace(s[0], `"reason":"`, `"reason":"x`, 1); return s }, 1},
		"a digit changed":      {func(s []string) []string { s[4] = strings.Replace(s[4], "2026", "2025", 1); return s }, 5},
		"a MAC changed":        {func(s []string) []string { s[3] = s[3][:len(s[3])-4] + "x\"}\n"; return s }, 4},
		"two lines swapped":    {func(s []string) []string { s[3], s[4] = s[4], s[3]; return s }, 4},
		"a line missing":       {func(s []string) []string { return slices.Delete(s, 2, 3) }, 3},
		"a line twice":         {func(s []string) []string { return slices.Insert(s, 2, s[1]) }, 3},
		"the end cut off":      {func(s []string) []string { return s[:len(s)-1] }, len(lines)},
		"the last line broken": {func(s []string) []string { s[len(s)-1] = s[len(s)-1][:40]; return s }, len(lines)},
		"no end of line":       {func(s []string) []string { s[len(s)-1] = strings.TrimSpace(s[len(s)-1]); return s }, len(lines)},
		"something after it":   {func(s []string) []string { return append(s, "x") }, len(lines) + 1},
		"spaces":               {func(s []string) []string { s[5] = " " + s[5]; return s }, 6},
		"another field":        {func(s []string) []string { s[5] = strings.Replace(s[5], "{", `{"x":1,`, 1); return s }, 6},
		"not JSON":             {func(s []string) []string { s[1] = "vigil\n"; return s }, 2},
		"a line without end":   {func(s []string) []string { s[1] = strings.Repeat("x", maxLine+1) + "\n"; return s }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			in := strings.Join(c.change(slices.Clone(lines)), "")
			j := &memory{}
			_, err := open(t, j).Import(t.Context(), strings.NewReader(in))
			if checked := Verify(strings.NewReader(in), l.key); !errors.Is(checked, ErrBroken) {
				t.Errorf("a check says %v, want ErrBroken", checked)
			}
			if want := fmt.Sprintf("line %d:", c.at); !errors.Is(err, ErrBroken) || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %s and %v", err, want, ErrBroken)
			}
			if len(j.Events) != 0 {
				t.Errorf("stored %d events of a ledger that it refuses", len(j.Events))
			}
		})
	}
	stranger, err := Open(t.Context(), &memory{}, Config{Key: []byte("the key of another instance")})
	must(t, err)
	_, err = stranger.Import(t.Context(), strings.NewReader(strings.Join(lines, "")))
	if !errors.Is(err, ErrBroken) || !strings.Contains(err.Error(), "instance.key") {
		t.Errorf("under another key: %v", err)
	}
}

// Lines of two ledgers that are each genuine do not make a third.
func TestSplice(t *testing.T) {
	var lines [2][]string
	for i := range lines {
		l := open(t, &memory{})
		begin(t, l, byNumber())
		begin(t, l, byAge())
		lines[i] = strings.SplitAfter(string(export(t, l)), "\n")
	}
	in := lines[0][0] + lines[1][1] + lines[1][2]
	if _, err := open(t, &memory{}).Import(t.Context(), strings.NewReader(in)); !errors.Is(err, ErrBroken) || !strings.Contains(err.Error(), "line 2:") {
		t.Errorf("got %v", err)
	}
}

// FuzzImport: what is refused stores nothing, and what is accepted comes out as it
// went in. sign puts each line of the input, an id and an event, into the chain,
// so that more is tried than the signature.
func FuzzImport(f *testing.F) {
	_, l := lived(f, 3)
	out := export(f, l)
	f.Add(out, false)
	f.Add(out[:len(out)/2], false)
	f.Add([]byte("{}\n"), false)
	var events []byte
	for b := range bytes.Lines(out) {
		var s line
		must(f, json.Unmarshal(b, &s))
		if s.Event != nil {
			e, err := json.Marshal(s.Event)
			must(f, err)
			events = append(events, (s.Order + " " + string(e) + "\n")...)
		}
	}
	f.Add(events, true)
	f.Add([]byte(aid(1)+` {"v":1,"kind":"begun","at":"2026-03-02T12:00:00+01:00","order":{"kind":"number","digest":"x"}}`), true)
	f.Fuzz(func(t *testing.T, in []byte, sign bool) {
		l := open(t, &memory{})
		if sign {
			in = l.signed(in)
		}
		j := &memory{}
		l = open(t, j)
		if _, err := l.Import(t.Context(), bytes.NewReader(in)); err != nil {
			if len(j.Events) != 0 {
				t.Fatalf("refused with %v, but stored %d events", err, len(j.Events))
			}
			return
		}
		if got := export(t, l); !bytes.Equal(got, in) {
			t.Fatalf("imported\n%s\nexported\n%s", in, got)
		}
		if diff := cmp.Diff(state(open(t, j)), state(l)); diff != "" {
			t.Fatalf("read anew (-anew +imported):\n%s", diff)
		}
	})
}

// signed makes an exported ledger of lines of an id and an event each.
func (l *Ledger) signed(in []byte) []byte {
	var out []byte
	n, prev := 0, origin
	put := func(s line) {
		n++
		s.N, s.Prev = n, prev
		b, err := l.seal(s)
		if err != nil {
			return
		}
		prev = digest(b)
		out = append(append(out, b...), '\n')
	}
	for b := range bytes.Lines(in) {
		id, rest, _ := bytes.Cut(bytes.TrimSpace(b), []byte(" "))
		var e event
		if json.Unmarshal(rest, &e) == nil {
			put(line{Order: string(id), Event: &e})
		}
	}
	put(line{})
	return out
}
