package cli

import (
	"bytes"
	"compress/gzip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/desk"
	"vigil.example/internal/generation"
)

func TestStepNamed(t *testing.T) {
	for in, want := range map[string]struct {
		step generation.Step
		next string
	}{
		"enrich": {"enrich", ""}, "Enrch": {"", "did you mean --step enrich?"}, "indx": {"", "did you mean --step index?"},
		"lnik": {"", "did you mean --step link?"}, "photograph": {"", "the steps are extract, enrich, link and index"},
	} {
		got, err := stepNamed(in)
		next := ""
		if err != nil {
			next = judged(err).next
		}
		if got != want.step || next != want.next {
			t.Errorf("%s: got %q, %q; want %q, %q", in, got, next, want.step, want.next)
		}
	}
}

func TestPlaceOf(t *testing.T) {
	may := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	for in, want := range map[string]generation.From{
		"": {}, "0": {Seq: 1}, "4711": {Seq: 4711}, "2026-05-01": {Time: may}, "2026-05-01T02:00:00+02:00": {Time: may},
	} {
		got, err := placeOf(in)
		if err != nil || got.Seq != want.Seq || !got.Time.Equal(want.Time) {
			t.Errorf("%q: got %+v, %v; want %+v", in, got, err, want)
		}
	}
	for _, in := range []string{"May", "-7", "2026-13-01", "1e6"} {
		if got, err := placeOf(in); err == nil {
			t.Errorf("%q: got %+v", in, got)
		}
	}
}

func TestProgressLine(t *testing.T) {
	for want, c := range map[string]struct {
		done, total, first uint64
		in                 time.Duration
	}{
		"[=====               ] 30 of 120 records":                        {30, 120, 30, 0},
		"[==========          ] 60 of 120 records, 10/s, 6s left":         {60, 120, 30, 3 * time.Second},
		"[====================] 120 of 120 records, 9/s, about to switch": {120, 120, 30, 10 * time.Second},
	} {
		if got := progressLine(desk.Replay{Done: c.done, Total: c.total}, c.first, c.in); got != want || len(got) > 77 {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestPrintGenerations(t *testing.T) {
	var out bytes.Buffer
	c := &Context{Stdout: &out}
	noon := time.Date(2026, 1, 4, 12, 0, 0, 0, time.UTC)
	second := generation.Generation{N: 2, Step: "enrich", State: generation.Serving, Changed: noon}
	third := generation.Generation{N: 3, Step: "index", State: generation.Building}
	printGenerations(c, desk.Replays{Serving: generation.Generation{N: 1}})
	printGenerations(c, desk.Replays{Serving: second, Replay: &desk.Replay{Generation: second}})
	printGenerations(c, desk.Replays{Serving: second, Replay: &desk.Replay{Generation: third, Done: 30, Total: 120}})
	want := `Generation 1 serves.
Generation 2 serves, made anew from enrich on, since 2026-01-04 12:00 UTC.
Generation 2 serves, made anew from enrich on, since 2026-01-04 12:00 UTC.
Generation 3 is being made, from index on: 30 of 120 records (replay --status).
`
	if diff := cmp.Diff(out.String(), want); diff != "" {
		t.Errorf("got and want:\n%s", diff)
	}
}

func TestPrintLetters(t *testing.T) {
	var out bytes.Buffer
	c := &Context{Stdout: &out}
	now := time.Date(2026, 1, 4, 12, 0, 0, 0, time.UTC)
	printLetters(c, desk.LetterList{}, now)
	printLetters(c, desk.LetterList{
		Total: 31, Dropped: 2, Before: 17,
		Counts: []desk.LetterCount{
			{Step: "extract", Reason: "open capture: no gzip member begins here, which goes on and on", Count: 30, Oldest: now.Add(-50 * 24 * time.Hour)},
			{Step: "crawl", Reason: "read record: it is no JSON", Count: 1, Oldest: now.Add(-90 * time.Second)},
		},
		Letters: []desk.Letter{
			{ID: 44, Step: "crawl", Stage: "crawl-townboard", Stream: "FRONTIER", Seq: 1234, Attempts: 5, At: now.Add(-90 * time.Second), Reason: "read record: it is no JSON"},
			{ID: 17, Step: "extract", Stage: "extract-g2", Stream: "CAPTURES", Seq: 98, Attempts: 1, At: now.Add(-5 * time.Hour), Reason: "open\x1b[31m capture: no gzip member begins here"},
		},
	}, now)
	want := `There are no dead letters.
31 dead letters. 2 were dropped.

STEP     COUNT  OLDEST  REASON
extract     30     50d  open capture: no gzip member begins here, which goes on…
crawl        1      1m  read record: it is no JSON

ID  STAGE            RECORD         TRIES  AGE  REASON
44  crawl-townboard  FRONTIER 1234      5   1m  read record: it is no JSON
17  extract-g2       CAPTURES 98        1   5h  open[31m capture: no gzip membe…

Older ones: vigil dead-letters list --before 17
`
	if diff := cmp.Diff(out.String(), want); diff != "" {
		t.Errorf("got and want:\n%s", diff)
	}
}

func TestRecordLines(t *testing.T) {
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	_, _ = w.Write([]byte("WARC/1.1\r\nWARC-Type: response\r\n\r\n<p>Piano</p>\x07\n"))
	_ = w.Close()
	for name, c := range map[string]struct {
		in   []byte
		want []string
	}{
		"JSON is indented":      {[]byte(`{"title":"Piano"}`), []string{"{", `  "title": "Piano"`, "}"}},
		"a capture is unpacked": {z.Bytes(), []string{"WARC/1.1", "WARC-Type: response", "", "<p>Piano</p>"}},
		"noise is not shown":    {[]byte{0xff, 0xfe, 0}, []string{"(3 bytes that are no text; --json gives them in base64)"}},
	} {
		if diff := cmp.Diff(recordLines(c.in), c.want); diff != "" {
			t.Errorf("%s: got and want:\n%s", name, diff)
		}
	}
	if got := recordLines([]byte(strings.Repeat("x\n", 500))); len(got) != maxShown+1 {
		t.Errorf("%d lines of 500 are shown", len(got))
	}
}
