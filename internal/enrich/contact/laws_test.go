package contact

import (
	"strings"
	"syscall"
	"testing"
	"time"
)

// FuzzRead holds the laws of every text: spans lie inside it and say what stands
// there, values are normalised, and what was read is read again where it stands.
func FuzzRead(f *testing.F) {
	for _, s := range []string{"IG: a_1", "x@y.example", "telegram @", "t.me/", "＠＠ﬁ@ﬁ.ﬁﬁ", "&#64;&commat;%40", "i.n.s.t.a: rose_7", "a at b dot example", "👻 r_1", "@rose (ig)", "tg://resolve?domain=rose",
		"rose (at) mail (dot) example", "IG/snap & kik: rose_7", "r o s e @ m a i l . e x a m p l e", "skype: live:rose_77", "sn@p: rosegarden7", "t\u00e9legram \u0301@rose_77", "discord: rose#1234"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r := []rune(s)
		for i, id := range Read(s) {
			if id.Span.Start < 0 || id.Span.End > len(r) || id.Span.Start >= id.Span.End {
				t.Fatalf("span %+v is outside %d code points", id.Span, len(r))
			}
			if string(r[id.Span.Start:id.Span.End]) != id.Text {
				t.Fatalf("text %q is not what stands at its span", id.Text)
			}
			name, host, _ := strings.Cut(id.Value, "@")
			platform, handle, _ := strings.Cut(id.Value, ":")
			switch {
			case id.Confidence <= 0 || id.Confidence > 1:
				t.Fatalf("%d: confidence %f", i, id.Confidence)
			case strings.ToLower(id.Value) != id.Value || strings.ContainsAny(id.Value, " \n\x01"):
				t.Fatalf("value %q is not normalised", id.Value)
			case id.Kind == "email" && (name == "" || !strings.Contains(host, ".")):
				t.Fatalf("%q is no address", id.Value)
			case id.Kind == "handle" && (platform == "" || handle == ""):
				t.Fatalf("%q is no handle", id.Value)
			}
		}
	})
}

// TestLinear reads hostile texts, and longer ones: the time grows as they do.
func TestLinear(t *testing.T) {
	if testing.Short() {
		t.Skip("times itself")
	}
	for _, unit := range []string{"@", "a@", "a.", "@a.", "telegram: ", "telegram/", "snap and ", "IG&", "i n s t a ", "a b ", "x at ", "(at)", "a dot ", "r_", "t.me/", "t.me/add/", "&#6", "👻", "1nst4 ", "\u0301a", "tg://resolve?", "a-", "sn@p", "(a)", "https://www.instagram.com/"} {
		took := func(n int) time.Duration {
			best := time.Hour
			s := strings.Repeat(unit, n/len(unit))
			for range 3 {
				began := spent()
				Read(s)
				best = min(best, spent()-began)
			}
			return best
		}
		// Twenty times the text: a square would take four hundred times as long.
		small, large := took(5_000), took(100_000)
		if large > 120*small && large > 100*time.Millisecond {
			t.Errorf("%q: %v for 5 kB, %v for 100 kB", unit, small, large)
		}
	}
}

// spent is the processor time that this process has had: what a clock says of a short
// piece of work depends on who else is at work.
func spent() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
