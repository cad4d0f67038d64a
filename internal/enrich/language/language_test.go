package language

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
)

var update = flag.Bool("update", false, "write testdata/quality.txt anew; read it before committing")

// TestQuality holds how many own lines are told right.
func TestQuality(t *testing.T) {
	raw, err := os.ReadFile("testdata/lines.txt")
	if err != nil {
		t.Fatal(err)
	}
	l := New()
	var out, wrong strings.Builder
	all, right, sure, sureRight := 0, 0, 0, 0
	for line := range strings.Lines(string(raw)) {
		tag, list, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		n, good := 0, 0
		for text := range strings.SplitSeq(list, " / ") {
			v := l.Read(text)
			got := v.Tag
			if v.Other != "" { // which half is the larger is nothing to be wrong about
				got = min(v.Tag, v.Other) + "+" + max(v.Tag, v.Other)
			}
			n++
			if got == tag {
				good++
			} else {
				fmt.Fprintf(&wrong, "%s for %s: %s\n", got, tag, text)
			}
			if v.P >= .9 {
				sure++
				if got == tag {
					sureRight++
				}
			}
		}
		all, right = all+n, right+good
		fmt.Fprintf(&out, "%-6s %3d of %3d\n", tag, good, n)
	}
	fmt.Fprintf(&out, "all    %3d of %3d\nof those given with .9 or more %d of %d\n\nwrong:\n%s", right, all, sureRight, sure, wrong.String())
	if *update {
		if err := os.WriteFile("testdata/quality.txt", []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/quality.txt")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(out.String(), string(want)); d != "" {
		t.Errorf("(-got +want)\n%s", d)
	}
	if all < 300 || float64(right) < .95*float64(all) {
		t.Errorf("%d of %d lines are told right", right, all)
	}
}

func TestScripts(t *testing.T) {
	l := New()
	for text, want := range map[string]string{
		"Привет, ищу работу": "ru", "我想租房": "zh", "仕事を探しています": "ja", "방을 찾습니다": "ko", "bооkеd аn hоur wіth Alеx, lаtе аnd dіstrасtеd": "en",
		"ｃａｌｌ ｍｅ ａｆｔｅｒ ｓｉｘ": "en", "": "und", "👑👑": "und",
	} {
		if got := l.Read(text); got.Tag != want {
			t.Errorf("%q: got %+v, want %s", text, got, want)
		}
	}
}

func TestTitleAndBodyCountTogether(t *testing.T) {
	a := ad.Ad{Listing: ad.Listing{Title: "Luna 🌙", Body: "solo hasta el viernes, cerca de la plaza"}}
	if err := New().Enrich(t.Context(), &a); err != nil || a.Language == nil || a.Language.Tag != "es" {
		t.Errorf("got %+v, %v", a.Language, err)
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{"hola", "call me", "ﬁ\xff\u0301ñ", "ÀÉ×÷ß", strings.Repeat("a ", 40)} {
		f.Add(s)
	}
	l := New()
	f.Fuzz(func(t *testing.T, s string) {
		v := l.Read(s)
		if v.P < 0 || v.P > 1 || v.Tag == "" || v.Other == v.Tag {
			t.Fatalf("%q: %+v", s, v)
		}
		if again := l.Read(s); again != v {
			t.Fatalf("%q: read again it is %+v, not %+v", s, again, v)
		}
	})
}

func BenchmarkLanguages(b *testing.B) {
	l := New()
	b.ReportAllocs()
	for b.Loop() {
		l.Read("New in town, visiting Macon", "Hi there, I am Ruby, staying near the highway until Sunday. Call 912-555-0143")
	}
}
