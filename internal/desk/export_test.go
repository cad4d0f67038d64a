package desk_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/ad/adtest"
	"vigil.example/internal/audit"
	"vigil.example/internal/casework"
	"vigil.example/internal/desk"
	"vigil.example/internal/export"
	"vigil.example/internal/search"
	"vigil.example/internal/search/searchtest"
	"vigil.example/internal/search/sqlite"
)

// An office is a desk over a real index, with a log in memory.
type office struct {
	*desk.Desk
	index   search.Index
	journal *adtest.Journal
	seq     uint64
}

func newOffice(tb testing.TB) *office {
	tb.Helper()
	o := &office{journal: &adtest.Journal{}}
	log, err := audit.Open(tb.Context(), o.journal, audit.Config{Key: []byte("a key that is for tests only")})
	if err != nil {
		tb.Fatal(err)
	}
	if o.index, err = sqlite.Open(tb.Context(), filepath.Join(tb.TempDir(), "index.db"), sqlite.Options{}); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = o.index.Close() })
	docket, err := casework.Open(tb.Context(), &adtest.Journal{}, casework.Config{Key: []byte("a key that is for tests only")})
	if err != nil {
		tb.Fatal(err)
	}
	o.Desk = desk.New(desk.Parts{Log: log, Index: o.index, Docket: docket})
	return o
}

var analyst = access.Subject{User: "u-anna", Name: "anna", Role: access.Analyst, Via: access.ViaSession, Purpose: access.Purpose{ID: "p1"}}

// see puts ads into the index: those of the numbers, in the n-th content.
func (o *office) see(tb testing.TB, from, to, content int) {
	tb.Helper()
	var changes []search.Change
	for i := from; i < to; i++ {
		o.seq++
		l := ad.Listing{Site: "townboard", NativeID: strconv.Itoa(i), URL: "https://town.example/" + strconv.Itoa(i), CaptureID: fmt.Sprintf("%032x", o.seq),
			Title: "Piano lessons", Body: fmt.Sprintf("content %d of piano lessons, =1+1 %s", content, strings.Repeat("by the river ", 200)), SeenAt: time.Date(2026, 3, 1, 0, content, i, 0, time.UTC)}
		l.Seal()
		changes = append(changes, search.Change{Seq: o.seq, Version: &ad.Ad{Listing: l, EnrichedBy: "test", Phones: []ad.Phone{{E164: "+19125550143", Text: "912-555-0143", Method: "plain", Confidence: .9}}}})
	}
	if err := o.index.Apply(tb.Context(), "ads", o.seq, changes); err != nil {
		tb.Fatal(err)
	}
}

// entries are the lines of the log about exports.
func (o *office) entries(t *testing.T) (out []audit.Entry) {
	t.Helper()
	o.journal.Lock()
	defer o.journal.Unlock()
	for _, ev := range o.journal.Events {
		var e audit.Entry
		if err := json.Unmarshal(ev.Data, &e); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(e.Action, "export") {
			out = append(out, e)
		}
	}
	return out
}

// A watched writer calls a function now and then.
type watched struct {
	bytes.Buffer
	every, next int
	then        func() error
}

func (w *watched) Write(b []byte) (int, error) {
	if w.Len() >= w.next {
		w.next = w.Len() + w.every
		if err := w.then(); err != nil {
			return 0, err
		}
	}
	return w.Buffer.Write(b)
}

// ids are those of the documents of a JSONL file.
func ids(t *testing.T, b []byte) (out []string) {
	t.Helper()
	for line := range bytes.Lines(b) {
		var d struct{ ID string }
		if err := json.Unmarshal(line, &d); err != nil {
			t.Fatalf("a line is no JSON: %.80s", line)
		}
		if d.ID != "" {
			out = append(out, d.ID)
		}
	}
	return out
}

// What matched when the export began is in it once, while ads come, change and are
// seen again between any two pieces of the file; memory stays where it is.
func TestExportWhileAdsCome(t *testing.T) {
	const ads = 1200
	o := newOffice(t)
	o.see(t, 0, ads, 1)
	var before []string
	for d, err := range o.index.Dump(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		before = append(before, d.ID)
	}
	slices.Sort(before)
	rounds := 0
	var least, most uint64
	out := &watched{every: 200 << 10, then: func() error {
		rounds++
		o.see(t, ads+10*rounds, ads+10*rounds+10, 1)               // new ones
		o.see(t, (rounds*37)%ads, min((rounds*37)%ads+20, ads), 2) // changed ones
		o.see(t, 0, 5, 1)                                          // seen again
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		if rounds == 2 {
			least = m.HeapAlloc
		}
		most = m.HeapAlloc
		return nil
	}}
	out.Grow(32 << 20)
	got, err := o.Export(t.Context(), analyst, desk.ExportOrder{Query: "piano", Format: export.JSONL, Full: true, Authority: "order 12"}, out)
	if err != nil {
		t.Fatal(err)
	}
	given := ids(t, out.Bytes())
	if !slices.IsSorted(given) || len(slices.Compact(slices.Clone(given))) != len(given) {
		t.Error("an id is given twice, or out of order")
	}
	missing := 0
	for _, id := range before {
		if _, ok := slices.BinarySearch(given, id); !ok {
			missing++
		}
	}
	if missing > 0 || rounds < 10 {
		t.Errorf("%d of %d documents are missing; %d rounds of changes", missing, len(before), rounds)
	}
	if n, err := export.Check(export.JSONL, func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(out.Bytes())), nil }); err != nil || n != got.Rows || n != len(given) {
		t.Errorf("%d rows, %d told, %d given, %v", n, got.Rows, len(given), err)
	}
	if most > least+8<<20 {
		t.Errorf("the heap grew from %d to %d KiB over %d KiB of rows", least>>10, most>>10, out.Len()>>10)
	}
	e := o.entries(t)
	if len(e) != 2 || e[0].Outcome != "begun" || e[1].Outcome != "ok" || e[1].Count != got.Rows || e[1].Object != "export:"+got.SHA256 || e[1].Query == "" || e[1].Query == "piano" || e[1].Purpose != "p1" {
		t.Errorf("the log says %+v", e)
	}
}

var errGone = errors.New("the reader has gone")

// A file that was cut off has no end, is in the log as such, and goes on.
func TestExportCutOff(t *testing.T) {
	o := newOffice(t)
	o.see(t, 0, 300, 1)
	for _, f := range export.Formats() {
		var whole bytes.Buffer
		order := desk.ExportOrder{Query: "piano", Format: f, Full: true, Authority: "order 12"}
		if _, err := o.Export(t.Context(), analyst, order, &whole); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		for what, then := range map[string]func() error{
			"the reader goes":   func() error { return errGone },
			"the request ends":  func() error { cancel(); return nil },
			"the log goes away": func() error { o.journal.Outage(true); return nil },
		} {
			n := 0
			size := 400 << 10
			if f == export.XLSX { // is smaller on its way
				size = 0
			}
			cut := &watched{every: 1 << 20, next: size, then: func() error { n++; return then() }}
			_, err := o.Export(ctx, analyst, order, cut)
			o.journal.Outage(false)
			if err == nil || n == 0 {
				t.Fatalf("%s, %s: %v", f, what, err)
			}
			if cut.Len() >= whole.Len() || !bytes.HasPrefix(whole.Bytes(), cut.Bytes()) {
				t.Errorf("%s, %s: %d of %d bytes", f, what, cut.Len(), whole.Len())
			}
			if e := o.entries(t); what != "the log goes away" && (e[len(e)-1].Outcome != "error" || strings.HasPrefix(e[len(e)-1].Object, "export:")) {
				t.Errorf("%s, %s: the log says %+v", f, what, e[len(e)-1])
			}
			ctx, cancel = context.WithCancel(t.Context())
			if !f.Resumable() {
				continue
			}
			p, err := export.Read(f, bytes.NewReader(cut.Bytes()))
			if err != nil || p.Done {
				t.Fatalf("%s, %s: %+v, %v", f, what, p, err)
			}
			var rest bytes.Buffer
			got, err := o.Export(t.Context(), analyst, desk.ExportOrder{Query: "piano", Format: f, After: p.Last, Full: true, Authority: "order 12"}, &rest)
			again := append(bytes.Clone(cut.Bytes()[:p.Bytes]), rest.Bytes()...)
			at := bytes.LastIndexByte(again[:len(again)-1], '\n') + 1
			if err != nil || p.Rows+got.Rows != 300 || !bytes.HasPrefix(whole.Bytes(), again[:at]) {
				t.Errorf("%s, %s: %d rows and %d more do not make the file: %v", f, what, p.Rows, got.Rows, err)
			}
		}
		cancel()
	}
}

func TestExportRefuses(t *testing.T) {
	o := newOffice(t)
	o.see(t, 0, 3, 1)
	reader, aimless, token := analyst, analyst, analyst
	reader.Role, aimless.Purpose = access.Reader, access.Purpose{}
	token.Via, token.Scopes = access.ViaToken, []access.Scope{access.ScopeRead}
	for _, c := range []struct {
		who   access.Subject
		order desk.ExportOrder
		want  error
	}{
		{reader, desk.ExportOrder{Query: "piano", Format: export.CSV}, access.ErrDenied},
		{token, desk.ExportOrder{Query: "piano", Format: export.CSV}, access.ErrDenied},
		{aimless, desk.ExportOrder{Query: "piano", Format: export.CSV}, access.ErrNoPurpose},
		{analyst, desk.ExportOrder{Query: "piano", Format: "pdf"}, desk.ErrFormat},
		{analyst, desk.ExportOrder{Query: "piano", Format: export.CSV, Full: true}, desk.ErrAuthority},
		{analyst, desk.ExportOrder{Query: "piano", Format: export.CSV, Authority: "order 12"}, desk.ErrAuthority},
		{analyst, desk.ExportOrder{Query: "piano", Format: export.CSV, Full: true, Authority: "call 912-555-0143"}, desk.ErrAuthority},
	} {
		var b bytes.Buffer
		if _, err := o.Export(t.Context(), c.who, c.order, &b); !errors.Is(err, c.want) || b.Len() > 0 {
			t.Errorf("%s, %s: %v and %d bytes", c.who.Role, c.order.Format, err, b.Len())
		}
	}
	o.journal.Outage(true)
	var b bytes.Buffer
	if _, err := o.Export(t.Context(), analyst, desk.ExportOrder{Query: "piano", Format: export.CSV}, &b); err == nil || b.Len() > 0 {
		t.Errorf("without a log: %v and %d bytes", err, b.Len())
	}
}

// A file is redacted unless it is full, under an authority: the words of ads and the
// query stand in full ones alone, and the log says which it was.
func TestExportIsRedacted(t *testing.T) {
	o := newOffice(t)
	o.see(t, 0, 3, 1)
	for _, f := range []export.Format{export.CSV, export.JSONL} {
		var red, again, other, full bytes.Buffer
		elsewhere := analyst
		elsewhere.Purpose.ID = "p2"
		for _, x := range []struct {
			who   access.Subject
			order desk.ExportOrder
			to    *bytes.Buffer
		}{
			{analyst, desk.ExportOrder{Query: "piano", Format: f}, &red},
			{analyst, desk.ExportOrder{Query: "lessons", Format: f}, &again},
			{elsewhere, desk.ExportOrder{Query: "piano", Format: f}, &other},
			{analyst, desk.ExportOrder{Query: "piano", Format: f, Full: true, Authority: " order  12 "}, &full},
		} {
			if _, err := o.Export(t.Context(), x.who, x.order, x.to); err != nil {
				t.Fatal(err)
			}
		}
		for _, word := range []string{"Piano", "piano", "river", "town.example", "9125550143"} {
			if bytes.Contains(red.Bytes(), []byte(word)) || !bytes.Contains(full.Bytes(), []byte(word)) {
				t.Errorf("%s: %q: in the redacted file %v, in the full one %v", f, word, bytes.Contains(red.Bytes(), []byte(word)), bytes.Contains(full.Bytes(), []byte(word)))
			}
		}
		if !bytes.Equal(red.Bytes(), again.Bytes()) || bytes.Equal(red.Bytes(), other.Bytes()) {
			t.Errorf("%s: stand-ins are not the same within a purpose, or are in another one:\n%s\n%s\n%s", f, &red, &again, &other)
		}
		for _, key := range []string{o.Log.Digest("redacted export\x00p1"), o.Log.Digest("p1")} { // that somebody can have in the log
			d := export.NewRedactor([]byte(key)).Redact(&ad.Document{Ad: ad.Ad{Phones: []ad.Phone{{E164: "+19125550143"}}}})
			if bytes.Contains(red.Bytes(), []byte(d.Ad.Phones[0].E164)) {
				t.Errorf("%s: the log gives the key of stand-ins away to whoever asks for the right words", f)
			}
		}
		if !bytes.Contains(red.Bytes(), []byte("redacted")) || !bytes.Contains(full.Bytes(), []byte("order 12")) {
			t.Errorf("%s: the last lines do not say what the files are", f)
		}
	}
	e := o.entries(t)
	last := e[len(e)-2:]
	if e[0].Action != "export" || last[0].Action != "export.full" || last[1].Action != "export.full" || last[1].Outcome != "ok" {
		t.Fatalf("the log says %+v", e)
	}
	if _, err := o.Export(t.Context(), analyst, desk.ExportOrder{Query: "piano", Format: export.CSV, Full: true, Authority: "order 13"}, io.Discard); err != nil {
		t.Fatal(err)
	}
	other := o.entries(t)[len(e)]
	if len(last[1].Values) != 1 || !slices.Equal(last[0].Values, last[1].Values) || slices.Equal(last[1].Values, other.Values) || !strings.HasPrefix(last[1].Object, "export:") {
		t.Errorf("the last line does not say under which authority: %+v, %+v; under another %+v", last[0], last[1], other)
	}
	id, ok := strings.CutPrefix(last[0].Object, "authority:")
	if p, err := o.Docket.Purpose(id); !ok || err != nil || p.Text != "order 12" {
		t.Errorf("the authority of %+v is %+v, %v", last[0], p, err)
	}
}

// Leaves give everything once, however small they are and whatever comes between
// them.
func TestLeaves(t *testing.T) {
	o := newOffice(t)
	o.see(t, 0, 50, 1)
	var got []string
	for after, n := "", 0; ; n++ {
		f, err := o.Find(t.Context(), analyst, "piano", desk.Wish{Leaf: &desk.Leaf{After: after, Size: 7}})
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range f.Hits {
			if len(h.Spans) == 0 {
				t.Error("a hit does not say where")
			}
			got = append(got, h.Doc.ID)
		}
		if f.Next == "" {
			break
		}
		after = f.Next
		o.see(t, 0, 50, 1)
		o.see(t, 100+n, 101+n, 1)
	}
	old := 0
	for d, err := range o.index.Dump(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if n, _ := strconv.Atoi(d.Ad.NativeID); n < 50 && slices.Contains(got, d.ID) {
			old++
		}
	}
	slices.Sort(got)
	if old != 50 || len(slices.Compact(slices.Clone(got))) != len(got) {
		t.Errorf("%d of 50 documents in %d", old, len(got))
	}
}

// BenchmarkExport writes VIGIL_EXPORT_ROWS rows (2,000 when it is not set) while ads
// come in, and tells the memory that the process has beyond what it had.
func BenchmarkExport(b *testing.B) {
	rows := 2000
	if n, err := strconv.Atoi(os.Getenv("VIGIL_EXPORT_ROWS")); err == nil {
		rows = n
	}
	o := newOffice(b)
	searchtest.Fill(b, o.index, rows)
	for _, f := range export.Formats() {
		b.Run(string(f), func(b *testing.B) {
			for b.Loop() {
				o.measure(b, f, rows)
			}
		})
	}
}

func (o *office) measure(b *testing.B, f export.Format, rows int) {
	debug.FreeOSMemory()
	base := resident(b)
	ctx, stop := context.WithCancel(b.Context())
	var most atomic.Int64
	done := make(chan int)
	go func() { // ads come in, 500 a second where the machine can
		n := 0
		for t := time.NewTicker(20 * time.Millisecond); ctx.Err() == nil; <-t.C {
			o.see(b, 1_000_000+n, 1_000_000+n+10, 1)
			n += 10
			most.Store(max(most.Load(), resident(b)))
		}
		done <- n
	}()
	began := time.Now()
	sum, err := o.Export(b.Context(), analyst, desk.ExportOrder{Query: "site:townboard", Format: f}, io.Discard)
	took := time.Since(began)
	stop()
	came := <-done
	if err != nil || sum.Rows < rows {
		b.Fatalf("%d rows, %v", sum.Rows, err)
	}
	b.ReportMetric(float64(sum.Rows)/took.Seconds(), "rows/s")
	b.ReportMetric(float64(most.Load()-base)/(1<<20), "MiB-over-base")
	b.ReportMetric(float64(base)/(1<<20), "MiB-base")
	b.ReportMetric(float64(sum.Size)/(1<<20), "MiB-file")
	b.ReportMetric(float64(came), "ads-meanwhile")
}

// resident is the memory of this process that is in RAM.
func resident(b *testing.B) int64 {
	s, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		b.Skip("there is no /proc")
	}
	pages, err := strconv.ParseInt(strings.Fields(string(s))[1], 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}
