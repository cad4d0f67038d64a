package cli

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"time"
)

// numbersIn runs vigil phones on an input that no file has to hold.
func numbersIn(ctx context.Context, in io.Reader, args ...string) (code int, out, errs string) {
	var stdout, stderr bytes.Buffer
	code = Main(ctx, append([]string{"phones"}, args...), in, &stdout, &stderr, func(string) string { return "" }, "test")
	return code, stdout.String(), stderr.String()
}

func TestPhonesPassesOverWhatIsTooLong(t *testing.T) {
	const ad = "call 912-555-0123\n"
	long := strings.Repeat("x", maxLine+1)
	code, out, errs := numbersIn(t.Context(), strings.NewReader(ad+long+"\n"+ad+long[:maxLine]+"\n"+ad))
	if n := strings.Count(out, "\n"); code != codeError || n != 4 || strings.Count(out, "+19125550123") != 3 {
		t.Errorf("got code %d and %d lines, want %d and 4", code, n, codeError)
	}
	want := "vigil: read standard input: line 2: longer than 16 MiB\nvigil: read standard input: 1 of 5 ads could not be read\n"
	if errs != want {
		t.Errorf("got %q, want %q", errs, want)
	}
}

func TestPhonesEndsAtAQuoteThatNobodyCloses(t *testing.T) {
	in := io.MultiReader(strings.NewReader("id,text\n1,call 912-555-0123\n2,\"open "), io.LimitReader(endless{}, 1<<30))
	code, out, errs := numbersIn(t.Context(), in, "--format", "csv")
	if code != codeError || strings.Count(out, "\n") != 1 || !strings.Contains(errs, "longer than 16 MiB; a quote may be left open") {
		t.Errorf("got code %d, %q, %q", code, out, errs)
	}
}

type endless struct{}

func (endless) Read(b []byte) (int, error) {
	copy(b, bytes.Repeat([]byte("ad\n"), len(b)/3+1))
	return len(b), nil
}

// An ad that has come in is answered before the next one is waited for, and a
// person can stop the waiting.
func TestPhonesAnswersAtOnceAndStops(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	in, to := io.Pipe()
	from, out := io.Pipe()
	done := make(chan int, 1)
	go func() {
		done <- Main(ctx, []string{"phones"}, in, out, io.Discard, func(string) string { return "" }, "test")
	}()
	if _, err := io.WriteString(to, "call 912-555-0123\n"); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1000)
	if n, err := from.Read(b); err != nil || !strings.Contains(string(b[:n]), "+19125550123") {
		t.Fatalf("got %q, %v", b[:n], err)
	}
	stop()
	select {
	case code := <-done:
		if code != codeError {
			t.Errorf("got exit code %d, want %d", code, codeError)
		}
	case <-time.After(time.Minute):
		t.Fatal("it waits on")
	}
	if err := to.Close(); err != nil {
		t.Error(err)
	}
}

func FuzzPhones(f *testing.F) {
	f.Add("id,text\n1,\"a\nb\"\n", "csv")
	f.Add("{\"id\":1,\"text\":\"call 912-555-0123\"}\n{", "auto")
	f.Add("\ufeff{ \"id\":[]}\r\n\r\n", "jsonl")
	f.Add("call 912-555-0123\n\xff", "text")
	f.Fuzz(func(t *testing.T, in, format string) {
		switch format {
		case formatAuto, formatText, formatJSONL, formatCSV:
		default:
			t.Skip("no format")
		}
		code, out, errs := numbersIn(t.Context(), strings.NewReader(in), "--format", format)
		if code != codeOK && code != codeError || (code == codeOK) != (errs == "") {
			t.Errorf("exit code %d, errors %q", code, errs)
		}
		for l := range strings.Lines(out) {
			if !strings.HasPrefix(l, `{"id":`) || !strings.HasSuffix(l, "]}\n") {
				t.Errorf("line %q", l)
			}
		}
	})
}
