package phone

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func numbers(s string) []string {
	var out []string
	for _, p := range Read(s, Options{}) {
		out = append(out, p.E164)
	}
	return out
}

func TestRead(t *testing.T) {
	us := []string{"+19125550123"}
	for name, tc := range map[string]struct {
		in   string
		want []string
	}{
		"nothing":                     {"", nil},
		"no digits":                   {"A quiet room near the river.", nil},
		"plain":                       {"ring 9125550123 today", us},
		"grouped with hyphens":        {"912-555-0123", us},
		"area code in brackets":       {"(912) 555-0123", us},
		"one in front":                {"1-912-555-0123", us},
		"international":               {"+1 912 555 0123", us},
		"double zero one":             {"001 912 555 0123", us},
		"english words":               {"nine one two five five five zero one two three", us},
		"spanish words":               {"nueve uno dos cinco cinco cinco cero uno dos tres", us},
		"words and digits":            {"nine 12 five55 zero 1 two 3", us},
		"zero written as the letter":  {"912-555-O123", us},
		"fullwidth digits":            {"９１２　５５５　０１２３", us},
		"arabic-indic digits":         {"٩١٢ ٥٥٥ ٠١٢٣", us},
		"circled digits":              {"⑨①② ⑤⑤⑤ ⓪①②③", us},
		"zero width between":          {"9\u200b1\u200b2555\u200b0123", us},
		"entities":                    {"&#57;12&middot;555&middot;0123", us},
		"tags inside":                 {"<b>912</b>-<span class=x>555</span>-0123", us},
		"tel link":                    {`<a href="tel:+19125550123">call</a>`, us},
		"escaped plus in a link":      {"https://wa.me/?phone=%2B19125550123", us},
		"british mobile":              {"07700 900123", []string{"+447700900123"}},
		"british with country code":   {"+44 (0)20 7946 0123", []string{"+442079460123"}},
		"british with double zero":    {"0044 7700 900123", []string{"+447700900123"}},
		"french, international":       {"+33 6 39 98 01 23", []string{"+33639980123"}},
		"named as an id":              {"Order number 912-555-0123", nil},
		"said to be an id afterwards": {"912-555-0123 is the order number", nil},
		"year and mileage":            {"Year 2015, 158,335 miles", nil},
		"list of postcodes":           {"We come to 31401, 31405, 31407", nil},
		"clock hours":                 {"9 10 11 12 1 2 3 4 5", nil},
		"behind is no backwards":      {"Estamos atrás del mercado. Cel 912 555 0123", us},
		"nor is a reverse camera":     {"Van with reverse camera, call 912 555 0123", us},
		"backwards in spanish":        {"Cel 3210555219, de atrás para adelante", us},
		"in reverse order":            {"Cell 3210555219 in reverse order", us},
		"no link is backwards":        {"Estilo al revés. tel:+19125550123", us},
		"not of another sentence":     {"Tips not expected.\nText Ana at 912=555=0123 please", us},
		"not a phone":                 {"not a phone: 9125550123", nil},
		"a name before single digits": {"Nina 9 . 1 . 2 . 5 . 5 . 5 . 0 . 1 . 2 . 3.", us},
		"letters in every group":      {"My number is 9l2.SSS.Ol23", us},
		"postcodes on the next line":  {"Please leave a message\nWe serve 31401, 31405 and 31407-5555.", nil},
		"postcodes a sentence later":  {"The desk answers the phone. We serve 60263, 58966 and 83783-8481.", nil},
		"two numbers":                 {"912-555-0123 or 404-555-0199", []string{"+19125550123", "+14045550199"}},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(numbers(tc.in), tc.want); d != "" {
				t.Error(d)
			}
		})
	}
}
