package capture

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
)

// many are n captures of different pages with the sequences from first on.
func many(t testing.TB, first uint64, n int) []Item {
	t.Helper()
	out := make([]Item, n)
	for i := range out {
		seq := first + uint64(i)
		x := exchange(response(fmt.Sprintf("<p>piano number %d, call 202-555-0%d</p>", seq, 100+seq%100), "Content-Type: text/html"))
		x.URL, x.FetchedAt = fmt.Sprintf("https://ads.example.test/ad/%d", seq), noon.Add(time.Duration(seq)*time.Second)
		c, b, err := Record(x)
		if err != nil {
			t.Fatal(err)
		}
		out[i] = Item{Capture: c, Seq: seq, Records: b}
	}
	return out
}

// town is an archive of three files with six captures each.
func town(t testing.TB, s *store) (*Archive, []Item) {
	t.Helper()
	a := NewArchive(s.open(), Options{Prefix: "captures/"})
	all := many(t, 1, 18)
	for i := 0; i < 18; i += 6 {
		if _, err := a.Seal(t.Context(), uint64(i+1), uint64(i+6), each(all[i:i+6]...)); err != nil {
			t.Fatal(err)
		}
	}
	return a, all
}

// whole checks that an archive holds exactly these captures, in order and byte for
// byte, by every way of reading it.
func whole(t testing.TB, a *Archive, want []Item, gone ...Item) {
	t.Helper()
	sealed, err := a.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []Item
	for _, s := range sealed {
		n := len(got)
		for it, err := range a.Each(t.Context(), s) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, it)
		}
		if v, err := a.Verify(t.Context(), s); err != nil || v.Captures != len(got)-n {
			t.Fatalf("verify %s: %+v, %v", s.File, v, err)
		}
	}
	if !reflect.DeepEqual(want, got) { // cmp takes its time over the bytes
		t.Fatalf("the archive's captures (-want +got):\n%s", cmp.Diff(want, got))
	}
	for _, it := range want {
		if b, err := a.Read(t.Context(), it.Capture.ID, it.Seq); err != nil || !bytes.Equal(b, it.Records) {
			t.Fatalf("read %d: %v", it.Seq, err)
		}
	}
	for _, it := range gone {
		if _, err := a.Read(t.Context(), it.Capture.ID, it.Seq); !errors.Is(err, ad.ErrNotFound) {
			t.Fatalf("read %d, which was erased: %v, want not found", it.Seq, err)
		}
	}
}

// absent checks that nothing of the captures is in any blob.
func absent(t testing.TB, s *store, gone []Item) {
	t.Helper()
	for key, b := range s.blobs {
		for _, it := range gone {
			if bytes.Contains(b, it.Records) || bytes.Contains(b, []byte(it.Capture.ID)) || bytes.Contains(b, it.Records[60:120]) {
				t.Fatalf("something of capture %d is still in %s", it.Seq, key)
			}
		}
	}
}

func ids(items ...Item) []string {
	var out []string
	for _, i := range items {
		out = append(out, i.Capture.ID)
	}
	return out
}

func TestErase(t *testing.T) {
	s := newStore()
	a, all := town(t, s)
	before, err := a.List(t.Context())
	must(t, err)
	for i := range before {
		before[i], err = a.Verify(t.Context(), before[i])
		must(t, err)
	}
	untouched := bytes.Clone(s.blobs[before[1].File])
	gone := []Item{all[2], all[3], all[17]}
	kept := slices.Concat(all[:2], all[4:17])

	got, err := a.Erase(t.Context(), append(ids(gone...), "nobody's"))
	must(t, err)
	after, err := a.List(t.Context())
	must(t, err)
	var want []Erased
	for _, it := range gone {
		i := (it.Seq - 1) / 6
		now, err := a.Verify(t.Context(), after[i])
		must(t, err)
		want = append(want, Erased{CaptureID: it.Capture.ID, Seq: it.Seq, Bytes: int64(len(it.Records)), SHA256: hexSHA256(it.Records),
			File: before[i].File, SHA256Was: before[i].SHA256, New: now.File, SHA256Now: now.SHA256})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("erased (-want +got):\n%s", diff)
	}
	if name := "captures/captures-0000000000000001-0000000000000006-r2.warc.gz"; after[0].File != name || after[0].Revision != 2 {
		t.Errorf("the new revision is %+v, want %s", after[0], name)
	}
	if !bytes.Equal(untouched, s.blobs[before[1].File]) {
		t.Error("a file that held none of them was changed")
	}
	if len(s.blobs) != 6 {
		t.Errorf("%d blobs are left, want 6", len(s.blobs))
	}
	absent(t, s, gone)
	whole(t, a, kept, gone...)
	whole(t, NewArchive(s.open(), Options{Prefix: "captures/"}), kept, gone...)

	if again, err := a.Erase(t.Context(), ids(gone...)); err != nil || len(again) > 0 {
		t.Errorf("erased again: %v, %v", again, err)
	}
	if _, err := a.Erase(t.Context(), ids(all[0])); err != nil {
		t.Fatal(err)
	}
	for m, err := range Members(bytes.NewReader(s.blobs["captures/captures-0000000000000001-0000000000000006-r3.warc.gz"])) {
		must(t, err)
		if !strings.Contains(string(m.Block), "vigil-erased-captures: 3\r\n") {
			t.Errorf("warcinfo = %q, want three erased", m.Block)
		}
		break
	}
	if sealed, err := a.Seal(t.Context(), 1, 6, each(all[:6]...)); err != nil || sealed.Revision != 3 || sealed.Captures != 3 {
		t.Errorf("sealing the range again gave %+v, %v, want the third revision verified", sealed, err)
	}
	if _, err := a.Erase(t.Context(), ids(all...)); err != nil {
		t.Fatal(err)
	}
	absent(t, s, all)
	whole(t, a, nil, all...)
}

// Whenever the power is cut, and whether the last operation was done or not, what
// is opened then is whole, and erasing again finishes.
func TestEraseCutOffAnywhere(t *testing.T) {
	for _, reads := range []bool{false, true} {
		for _, lastOne := range []bool{false, true} {
			cut := 1
			for done := false; !done; cut++ {
				s := newStore()
				a, all := town(t, s)
				gone := []Item{all[0], all[3], all[7], all[8]}
				kept := slices.Concat(all[1:3], all[4:7], all[9:])
				s.left, s.lastOne, s.reads = cut, lastOne, reads
				first, err := a.Erase(t.Context(), ids(gone...))
				done = s.left > 0
				if done != (err == nil) {
					t.Fatalf("cut at %d: %v", cut, err)
				}
				s.left = -1
				fresh := NewArchive(s.open(), Options{Prefix: "captures/"})
				var there []Item // what the cut erasure had not come to
				for _, it := range gone {
					if _, err := fresh.Read(t.Context(), it.Capture.ID, it.Seq); err == nil {
						there = append(there, it)
					} else if !errors.Is(err, ad.ErrNotFound) {
						t.Fatalf("cut at %d: %v", cut, err)
					}
				}
				now := slices.Concat(kept, there)
				slices.SortFunc(now, func(x, y Item) int { return int(x.Seq) - int(y.Seq) })
				whole(t, fresh, now)
				for _, err := range fresh.Check(t.Context()) {
					must(t, err)
				}
				second, err := fresh.Erase(t.Context(), ids(gone...))
				if err != nil {
					t.Fatalf("cut at %d, erased again: %v", cut, err)
				}
				absent(t, s, gone)
				whole(t, fresh, kept, gone...)
				if len(s.blobs) != 6 {
					t.Fatalf("cut at %d: %d blobs are left, want 6", cut, len(s.blobs))
				}
				told := map[string]bool{}
				for _, e := range slices.Concat(first, second) {
					told[e.CaptureID] = true
				}
				if len(told) != len(gone) {
					t.Errorf("cut at %d: told of %d erased captures, want %d", cut, len(told), len(gone))
				}
			}
			if cut < 12 {
				t.Errorf("only %d cuts", cut)
			}
		}
	}
}

func TestSealCutOffAnywhere(t *testing.T) {
	for _, lastOne := range []bool{false, true} {
		for cut, done := 1, false; !done; cut++ {
			s := newStore()
			a, all := town(t, s)
			more := many(t, 19, 4)
			s.left, s.lastOne, s.reads = cut, lastOne, true
			_, err := a.Seal(t.Context(), 19, 22, each(more...))
			done = s.left > 0
			if done != (err == nil) {
				t.Fatalf("cut at %d: %v", cut, err)
			}
			s.left = -1
			fresh := NewArchive(s.open(), Options{Prefix: "captures/"})
			for _, err := range fresh.Check(t.Context()) {
				must(t, err)
			}
			// One of them was erased from the stream meanwhile.
			left, gone := slices.Concat(more[:1], more[2:]), more[1:2]
			if _, err := fresh.Seal(t.Context(), 19, 22, each(left...)); err != nil {
				t.Fatalf("cut at %d, sealed again: %v", cut, err)
			}
			if _, err := fresh.Erase(t.Context(), ids(gone...)); err != nil {
				t.Fatal(err)
			}
			absent(t, s, gone)
			whole(t, fresh, slices.Concat(all, left), gone...)
			if len(s.blobs) != 8 {
				t.Errorf("cut at %d: %d blobs are left, want 8", cut, len(s.blobs))
			}
		}
	}
}

func TestEraseSaysWhatIsUnfinished(t *testing.T) {
	s := newStore()
	a, all := town(t, s)
	more := many(t, 19, 4)
	s.left, s.lastOne = 2, true // begun, written, then the power is cut
	if _, err := a.Seal(t.Context(), 19, 22, each(more...)); err == nil {
		t.Fatal("sealed without power")
	}
	s.left = -1
	got, err := a.Erase(t.Context(), ids(all[0], more[0]))
	if !errors.Is(err, ErrUnfinished) || !strings.Contains(err.Error(), "captures-0000000000000019-0000000000000022.warc.gz") {
		t.Errorf("error = %v, want ErrUnfinished with the file's name", err)
	}
	if len(got) != 1 || got[0].Seq != 1 {
		t.Errorf("erased %v, want what could be", got)
	}
	if _, err := a.Erase(t.Context(), ids(all[1])); err != nil {
		t.Errorf("erasing another one: %v", err)
	}
	if _, err := a.Seal(t.Context(), 19, 25, each(more[1:]...)); err != nil { // it was erased from the stream
		t.Fatal(err)
	}
	if _, err := a.Erase(t.Context(), ids(more[0])); err != nil {
		t.Fatal(err)
	}
	absent(t, s, more[:1])
	whole(t, a, slices.Concat(all[2:], more[1:]))
}

func TestEraseFromDamagedFiles(t *testing.T) {
	s := newStore()
	a, all := town(t, s)
	harm := func(it Item) {
		for k, b := range s.blobs {
			if i := bytes.Index(b, it.Records); i >= 0 {
				s.blobs[k] = bytes.Clone(b)
				s.blobs[k][i+len(it.Records)/2] ^= 1
			}
		}
	}
	harm(all[2]) // to be erased itself
	harm(all[8]) // beside one to be erased
	got, err := a.Erase(t.Context(), ids(all[2], all[6], all[14]))
	if !errors.Is(err, ErrAltered) || !strings.Contains(err.Error(), "captures 7 to 12") || !strings.Contains(err.Error(), all[8].Capture.ID) {
		t.Errorf("error = %v, want ErrAltered for captures 7 to 12", err)
	}
	var seqs []uint64
	for _, e := range got {
		seqs = append(seqs, e.Seq)
	}
	if diff := cmp.Diff([]uint64{3, 15}, seqs); diff != "" {
		t.Errorf("erased (-want +got):\n%s", diff)
	}
	if _, err := a.Read(t.Context(), all[6].Capture.ID, 7); err != nil {
		t.Errorf("in the file that could not be rewritten: %v", err)
	}
}

// Readers with an old list, and a replay under way, go on in the new revision.
func TestEraseUnderReaders(t *testing.T) {
	b, dir := folder(t)
	o := Options{Sync: FolderSync(dir), Create: FolderCreate(dir), Wipe: FolderWipe(dir)}
	a, other := NewArchive(b, o), NewArchive(b, Options{})
	all := many(t, 1, 6)
	s, err := a.Seal(t.Context(), 1, 6, each(all...))
	must(t, err)
	whole(t, other, all)
	var got []uint64
	for it, err := range other.Each(t.Context(), s) {
		must(t, err)
		if got = append(got, it.Seq); it.Seq == 2 {
			if _, err := a.Erase(t.Context(), ids(all[0], all[4])); err != nil {
				t.Fatal(err)
			}
			for i, it := range all {
				_, err := other.Read(t.Context(), it.Capture.ID, it.Seq)
				if erased := i == 0 || i == 4; erased != errors.Is(err, ad.ErrNotFound) || !erased && err != nil {
					t.Errorf("read %d with an old list: %v", it.Seq, err)
				}
			}
		}
	}
	if got[0] != 1 || !slices.Equal(slices.DeleteFunc(got, func(n uint64) bool { return n == 5 }), []uint64{1, 2, 3, 4, 6}) {
		t.Errorf("replayed %v", got)
	}
}

func TestSealAndEraseAtTheSameTime(t *testing.T) {
	b, dir := folder(t)
	o := Options{Sync: FolderSync(dir), Create: FolderCreate(dir), Wipe: FolderWipe(dir)}
	one, two := NewArchive(b, o), NewArchive(b, o)
	all := many(t, 1, 60)
	var wg sync.WaitGroup
	for _, a := range []*Archive{one, two} {
		wg.Go(func() {
			for i := 0; i < 60; i += 10 {
				sealed := false
				for try := 0; try < 50 && !sealed; try++ { // the other one may be in between
					s, err := a.Seal(t.Context(), uint64(i+1), uint64(i+10), each(all[i:i+10]...))
					if err != nil && !errors.Is(err, errTaken) {
						t.Errorf("seal %d: %v", i, err)
					}
					sealed = err == nil && s.Captures == 10
				}
				if !sealed {
					t.Errorf("range %d is not sealed", i)
				}
			}
		})
	}
	wg.Wait()
	whole(t, NewArchive(b, o), all)
	wg.Go(func() {
		if _, err := one.Erase(t.Context(), ids(all[5], all[25])); err != nil {
			t.Error(err)
		}
	})
	wg.Go(func() {
		more := many(t, 61, 5)
		if _, err := two.Seal(t.Context(), 61, 65, each(more...)); err != nil {
			t.Error(err)
		}
	})
	wg.Wait()
	whole(t, two, slices.Concat(all[:5], all[6:25], all[26:], many(t, 61, 5)))
}

// An archiver that was stopped at any operation and wakes up when others have sealed
// and erased changes nothing of what they did.
func TestSealByAStaleArchiver(t *testing.T) {
	for name, to := range map[string]uint64{"the same range": 6, "a shorter range": 4, "a longer range": 9} {
		t.Run(name, func(t *testing.T) {
			for stop, done := 1, false; !done; stop++ {
				s := newStore()
				all := many(t, 1, 6)
				n := 0
				asleep := false
				s.hook = func(op, key string) {
					if n++; n != stop || asleep {
						return
					}
					asleep = true // meanwhile
					fresh := NewArchive(s.open(), Options{})
					if _, err := fresh.Seal(t.Context(), 1, 6, each(all...)); err != nil {
						if errors.Is(err, errTaken) || strings.Contains(err.Error(), "already holds") {
							return // the first one was there before
						}
						t.Fatal(err)
					}
					if _, err := fresh.Erase(t.Context(), ids(all[1])); err != nil && !errors.Is(err, ErrUnfinished) {
						t.Fatal(err)
					}
				}
				_, err := NewArchive(s.open(), Options{}).Seal(t.Context(), 1, to, each(all[:min(to, 6)]...))
				done = !asleep
				s.hook = nil
				fresh := NewArchive(s.open(), Options{})
				sealed, lerr := fresh.List(t.Context())
				must(t, lerr)
				if len(sealed) != 1 {
					t.Fatalf("stopped at %d: %d files count: %v", stop, len(sealed), sealed)
				}
				if sealed[0].Revision == 1 { // the stale one was not so late
					if err != nil {
						t.Fatalf("stopped at %d: %v, but nobody else sealed", stop, err)
					}
					continue
				}
				kept := slices.Concat(all[:1], all[2:])
				if sealed[0].To != 6 {
					t.Fatalf("stopped at %d: %v counts", stop, sealed)
				}
				whole(t, fresh, kept, all[1])
				if _, err := fresh.Erase(t.Context(), nil); err != nil {
					t.Fatal(err)
				}
				absent(t, s, all[1:2])
				whole(t, fresh, kept, all[1])
			}
		})
	}
}

func TestFolderCreate(t *testing.T) {
	b, dir := folder(t)
	create := FolderCreate(dir)
	const n = 8
	won := make(chan int, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			err := create("deep/er/blob", func(w io.Writer) error { _, err := fmt.Fprint(w, i); return err })
			if err == nil {
				won <- i
			} else if !errors.Is(err, fs.ErrExist) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	close(won)
	got, err := b.ReadAll(t.Context(), "deep/er/blob")
	if first := <-won; err != nil || string(got) != fmt.Sprint(first) {
		t.Errorf("%q is there, %d won, %v", got, first, err)
	}
	if i, more := <-won; more {
		t.Errorf("%d won too", i)
	}
	if err := create("half", func(io.Writer) error { return errPower }); !errors.Is(err, errPower) {
		t.Error(err)
	}
	if err := create("../x", nil); err == nil || !strings.Contains(err.Error(), "leads out") {
		t.Error(err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(left) != 1 {
		t.Errorf("left over: %v, %v", left, err)
	}
}

func TestFolderWipe(t *testing.T) {
	b, dir := folder(t)
	must(t, b.WriteAll(t.Context(), "a/b", bytes.Repeat([]byte("piano"), 50_000), nil))
	link := filepath.Join(t.TempDir(), "link") // shows what is left of the bytes
	must(t, os.Link(filepath.Join(dir, "a", "b"), link))
	must(t, FolderWipe(dir)("a/b"))
	must(t, FolderWipe(dir)("a/b")) // gone already
	got, err := os.ReadFile(link)
	must(t, err)
	if len(got) != 250_000 || bytes.ContainsFunc(got, func(r rune) bool { return r != 0 }) {
		t.Errorf("%d bytes are left, not all of them zero", len(got))
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "a", "*")); len(left) != 0 {
		t.Errorf("left over: %v", left)
	}
	if err := FolderWipe(dir)("../x"); err == nil || !strings.Contains(err.Error(), "leads out") {
		t.Error(err)
	}
}

// What a killed process leaves in the folder goes with the next erasure.
func TestEraseClearsParts(t *testing.T) {
	b, dir := folder(t)
	a := NewArchive(b, Options{Create: FolderCreate(dir), Wipe: FolderWipe(dir)})
	all := many(t, 1, 6)
	s, err := a.Seal(t.Context(), 1, 6, each(all...))
	must(t, err)
	for _, name := range []string{s.File + ".123.tmp", s.Index + ".9.tmp", a.named(1, 6, 2).File + ".1.tmp", a.named(1, 6, 2).File, a.named(2, 4, 1).File, a.named(1, 6, 2).File + ".wiped.tmp"} {
		must(t, os.WriteFile(filepath.Join(dir, name), all[0].Records, 0o600))
	}
	must(t, os.WriteFile(filepath.Join(dir, "captures-notes.txt"), []byte("a stranger's"), 0o600))
	whole(t, NewArchive(b, Options{}), all)
	if _, err := a.Erase(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(left) != 3 {
		t.Errorf("in the folder: %v, %v; want file, index and the stranger's", left, err)
	}
	whole(t, a, all)
}

func TestAll(t *testing.T) {
	b, dir := folder(t)
	o := Options{Create: FolderCreate(dir), Wipe: FolderWipe(dir)}
	a := NewArchive(b, o)
	all := many(t, 1, 30)
	for i := 0; i < 20; i += 10 {
		if _, err := a.Seal(t.Context(), uint64(i+1), uint64(i+10), each(all[i:i+10]...)); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for bl, err := range a.All(t.Context()) {
		must(t, err)
		if got = append(got, bl.Key); len(got) == 1 { // meanwhile
			if _, err := NewArchive(b, o).Erase(t.Context(), ids(all[12])); err != nil {
				t.Fatal(err)
			}
			if _, err := NewArchive(b, o).Seal(t.Context(), 21, 30, each(all[20:]...)); err != nil {
				t.Fatal(err)
			}
		}
		raw, err := b.ReadAll(t.Context(), bl.Key)
		must(t, err)
		if int64(len(raw)) != bl.Size || hexSHA256(raw) != bl.SHA256 {
			t.Errorf("%s has other bytes than %+v", bl.Key, bl)
		}
	}
	one, two := a.named(1, 10, 1), a.named(11, 20, 2)
	if diff := cmp.Diff([]string{one.File, one.Index, two.File, two.Index}, got); diff != "" {
		t.Errorf("all (-want +got):\n%s", diff)
	}
}
