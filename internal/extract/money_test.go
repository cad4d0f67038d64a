package extract

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSums(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string // amount and currency
	}{
		{"a dollar sign before", "only $35 today", []string{"35 "}},
		{"US dollars", "US$ 1,200.50", []string{"1200.5 USD"}},
		{"grouped by points", "990.000 €", []string{"990000 EUR"}},
		{"grouped by spaces", "1 185 000 €", []string{"1185000 EUR"}},
		{"grouped by narrow spaces", "1\u202f185\u202f000\u00a0€", []string{"1185000 EUR"}},
		{"points and a decimal comma", "1.234,50 EUR", []string{"1234.5 EUR"}},
		{"commas and a decimal point", "£1,234.50", []string{"1234.5 GBP"}},
		{"a code before", "PLN 2200", []string{"2200 PLN"}},
		{"a word after", "2 490 zł / miesiąc", []string{"2490 PLN"}},
		{"rand", "R 1 395 000", []string{"1395000 ZAR"}},
		{"rupees", "Rs. 68,000", []string{"68000 INR"}},
		{"lakhs", "₹ 2.5 lakh", []string{"250000 INR"}},
		{"thousands", "asking $20k", []string{"20000 "}},
		{"a Swedish price", "1 250 000 kr", []string{"1250000 "}},
		{"kronor with a colon", "450:-", []string{"450 SEK"}},
		{"two amounts", "was $50, now $35.", []string{"50 ", "35 "}},
		{"the sign belongs to the next number", "5 $10", []string{"10 "}},
		{"square feet are no forints", "2000ft² house", nil},
		{"feet are no forints", "6 ft tall", nil},
		{"forints", "12 500 Ft", []string{"12500 HUF"}},
		{"a telephone number", "call 202-555-0142", nil},
		{"a year", "built in 1999", nil},
		{"metres", "£3m road", []string{"3000000 GBP"}},
		{"room R 12", "room R 12", nil},
		{"zero is no price", "$0", nil},
		{"no digits", "€ to be agreed", nil},
		{"broken bytes", "\xff$5\xff", []string{"5 "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, s := range sums(c.text) {
				got = append(got, s.price.Amount+" "+s.price.Currency)
				if s.start < 0 || s.end > len(c.text) || s.start >= s.end {
					t.Errorf("span %d to %d of %d bytes", s.start, s.end, len(c.text))
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("amounts (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzSums(f *testing.F) {
	for _, s := range []string{"US$ 1,200.50", "990.000 €", "12 500 Ft", "₹ 2.5 lakh", "R 1 395 000", "450:-"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		last := 0
		for _, m := range sums(s) {
			if m.start < 0 || m.end > len(s) || m.start >= m.end || m.end < last {
				t.Errorf("span %d to %d of %d bytes, after %d", m.start, m.end, len(s), last)
			}
			last = m.end
		}
	})
}
