package indicator

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
)

// Texts that metamorphic tests start from: $E an ethnicity or nationality, $N a
// name, $A an area code.
var frames = []string{
	"Companion profile. $N, $E lady, they hold my passport. $A-555-0101",
	"Personal post. $E, I can't leave the house. Ask for $N, $A-555-0102",
	"$N in Salem. $E companion, my manager books the dates, nine one two five five five 0 1 0 3, $A",
	"Companion profile. $E girl $N, 31, new in town, $A-555-0104",
	"Cleaner wanted. $N keeps our wages, $E workers, call $A-555-0105",
	"Companion profile. Two $E ladies, $N answers all calls. $A 555 0106",
	"Personal services page. I still owe 4000, $N, $E, $A-555-0107",
	"Couch for sale, $E design, ask for $N, $A-555-0108",
}

func TestLeadIgnoresWhoSomebodyIs(t *testing.T) {
	l := library(t)
	dice := rand.New(rand.NewPCG(1, 2))
	pick := func(of ...string) string { return of[dice.IntN(len(of))] }
	ethnic := func() string {
		return pick("Latina", "Asian", "Black", "white", "Mexican", "Russian", "Thai", "Nigerian", "Korean", "Polish", "Arab", "Indian", "Brazilian", "mixed", "European")
	}
	name := func() string {
		return pick("Ruby", "Maria", "Mei", "Aisha", "Olga", "Kim", "Noa", "Fatima", "Guadalupe", "Ashley", "Tyrone", "Lan")
	}
	area := func() string { return pick("212", "305", "415", "702", "912", "214", "818", "956") }
	for n := range 2_000 {
		frame := frames[dice.IntN(len(frames))]
		fill := func() string { return strings.NewReplacer("$E", ethnic(), "$N", name(), "$A", area()).Replace(frame) }
		a, b := fill(), fill()
		la, lb := LeadOf(l.Read(a, Options{}).Indicators), LeadOf(l.Read(b, Options{}).Indicators)
		if (la == nil) != (lb == nil) || la != nil && la.Score != lb.Score {
			t.Fatalf("pair %d: %q gives %+v, %q gives %+v", n, a, la, b, lb)
		}
	}
}

// Somebody posts another's number to have it called: the number and an
// invitation, nothing more.
func TestPlantedNumberIsNoLead(t *testing.T) {
	l := library(t)
	dice := rand.New(rand.NewPCG(3, 4))
	words := strings.Fields("zero one two three four five six seven eight nine")
	lines := []string{
		"Call me any time, %s", "Fun tonight, text %s", "Personal post. Bored and lonely, %s", "Companion profile. Ask for Kim %s",
		"Ring %s day or night", "Hi boys, %s", "Llámame ya %s", "Anuncio personal. %s, escríbeme", "Free couch, %s, come get it", "%s call now don't be shy",
	}
	for n := range 200 {
		number := fmt.Sprintf("91255501%02d", dice.IntN(100))
		var b strings.Builder
		for k, d := range number {
			switch dice.IntN(3) {
			case 0:
				b.WriteString(" " + words[d-'0'] + " ")
			case 1:
				b.WriteRune(d)
			default:
				b.WriteRune(d)
				if k%3 == 2 {
					b.WriteByte('-')
				}
			}
		}
		text := fmt.Sprintf(lines[dice.IntN(len(lines))], b.String())
		if lead := LeadOf(l.Read(text, Options{}).Indicators); lead != nil {
			t.Errorf("ad %d %q: lead %+v", n, text, lead)
		}
	}
}

func TestLeadRule(t *testing.T) {
	of := func(kinds ...string) (out []ad.Indicator) {
		for _, k := range kinds {
			f := strings.Fields(k)
			out = append(out, ad.Indicator{Category: f[0], Sub: f[1], Strength: ad.Strength(f[2])})
		}
		return out
	}
	for _, c := range []struct {
		name string
		in   []ad.Indicator
		lead bool
	}{
		{"nothing", nil, false},
		{"a strong one by itself", of("restricted documents_held strong"), true},
		{"one moderate one", of("third_party manager moderate"), false},
		{"two moderate ones of different categories", of("third_party manager moderate", "multiple_persons several moderate"), true},
		{"two moderate ones of one category", of("third_party manager moderate", "third_party driver_escort moderate"), false},
		{"reassurance is not one of two", of("trust_language reassurance moderate", "third_party manager moderate"), false},
		{"a hidden number and reassurance", of("trust_language reassurance moderate", "contact_obscured spelled_digits moderate"), false},
		{"a number alone", of("contact_obscured spelled_digits moderate"), false},
		{"weak ones never", of("movement circuit weak", "venue hotel weak", "age_indicator new_inexperienced weak"), false},
		{"what a buyer writes", of("demand buyer_review strong", "contact_obscured spelled_digits moderate"), false},
		{"excluded ones never", of("ethnicity marketing excluded", "third_party manager moderate"), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := LeadOf(c.in); (got != nil) != c.lead {
				t.Errorf("got %+v, want a lead: %v", got, c.lead)
			}
		})
	}
	lead := LeadOf(of("coercion debt strong", "movement new_in_town weak", "movement leaving_soon weak"))
	without := LeadOf(of("coercion debt strong"))
	if lead.Score != without.Score || !lead.Weights[1].Contrary || lead.Weights[1].Weight != 0 {
		t.Errorf("movement weighs: %+v", lead)
	}
}

// Two texts at once and one after the other give the same.
func TestReadingIsAFunctionOfTheText(t *testing.T) {
	l := library(t)
	var texts []string
	for _, r := range l.Rules {
		for _, c := range r.Cases.Fire {
			text, _, _ := marked(t, c)
			texts = append(texts, text)
		}
	}
	for _, s := range texts {
		a := l.Read(s, Options{All: true})
		for _, other := range texts[:5] {
			l.Read(other, Options{})
		}
		if d := cmp.Diff(a.Indicators, l.Read(s, Options{All: true}).Indicators); d != "" {
			t.Errorf("%q reads differently the second time\n%s", s, d)
		}
	}
}

// Reading takes time linear in the text, also where everything may begin a match.
func TestLinear(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	l := library(t)
	for _, unit := range []string{"my ", "they hold my ", "1 7 ", "s.i.x.", "no ", "Reno ", "one two three ", "$@!", "\n", "🌸", "aaaa", "he ", "(", "seventeen-", "a b c d "} {
		took := func(n int) time.Duration {
			text := strings.Repeat(unit, n/len(unit))
			best := time.Hour
			for range 3 {
				start := spent()
				l.Read(text, Options{Phones: []ad.Phone{}})
				best = min(best, spent()-start)
			}
			return best
		}
		small, big := took(20_000), took(160_000)
		if big > 24*small+80*time.Millisecond {
			t.Errorf("%q: %v for 20 kB, %v for 160 kB", unit, small, big)
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

func FuzzRead(f *testing.F) {
	l, err := Default()
	if err != nil {
		f.Fatal(err)
	}
	for _, r := range l.Rules {
		for _, c := range r.Cases.Fire {
			f.Add(strings.NewReplacer("[[", "", "]]", "").Replace(c))
		}
	}
	f.Add("s1xt\u200been 1️⃣7️⃣ саnnоt ｌｅａｖｅ \xff")
	f.Fuzz(func(t *testing.T, s string) {
		runes := []rune(s)
		for _, i := range l.Read(s, Options{All: true}).Indicators {
			if i.Span.Start < 0 || i.Span.Start >= i.Span.End || i.Span.End > len(runes) || string(runes[i.Span.Start:i.Span.End]) != i.Text {
				t.Errorf("%q: span %v of %q shows something else", s, i.Span, i.Text)
			}
			if i.P < 0 || i.P > 1 || i.Rule == "" {
				t.Errorf("%q: %+v", s, i)
			}
		}
	})
}
