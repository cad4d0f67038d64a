package query_test

import (
	"testing"

	"vigil.example/internal/ad"
	"vigil.example/internal/query"
)

// TestWrittenForms asks for one number in the forms that people type, copy out of
// an ad or paste from another program: each finds the ads that carry it, and no ad
// of another number.
func TestWrittenForms(t *testing.T) {
	forms := []string{
		"9125550123", "912-555-0123", "912.555.0123", "912 555 0123", "(912) 555-0123", "(912)5550123", "+1 912 555 0123", "+19125550123", "1-912-555-0123",
		"0019125550123", "912 / 555 / 0123", "912_555_0123", "912*555*0123", "912—555—0123", "912~555~0123", "{912}{555}{0123}", "[912] 555 [0123]",
		"9 1 2 5 5 5 0 1 2 3", "9.1.2.5.5.5.0.1.2.3", "9-1-2-5-5-5-0-1-2-3", "912 dot 555 dot 0123", "912\u200b555\u200b0123", "912&nbsp;555&nbsp;0123",
		"nine one two five five five zero one two three", "NINE ONE TWO 555 01 23", "nine1two 555 o123", "912 triple five 0123", "912 555 01 two three",
		"nueve uno dos cinco cinco cinco cero uno dos tres", "nueve doce 555 0123", "three two one zero five five five two one nine backwards",
		"9️⃣1️⃣2️⃣5️⃣5️⃣5️⃣0️⃣1️⃣2️⃣3️⃣", "９１２－５５５－０１２３", "⑨①②⑤⑤⑤⓪①②③", "𝟗𝟏𝟐𝟓𝟓𝟓𝟎𝟏𝟐𝟑", "٩١٢٥٥٥٠١٢٣", "九一二五五五〇一二三", "9l2-555-Ol23", "912 S55 O123",
		"tel:+19125550123", "<tel:912-555-0123>", "sms:+19125550123", "callto:+19125550123", "https://wa.me/19125550123", "wa.me/19125550123",
		"https://api.whatsapp.com/send?phone=19125550123&text=hi", "whatsapp://send?phone=19125550123", "tg://resolve?phone=19125550123",
		"https://t.me/+19125550123", "https://signal.me/#p/+19125550123", "viber://chat?number=%2B19125550123",
		`"912-555-0123"`, "912 555 0123,", "📞912-555-0123", "call me at 912-555-0123 now", "Text (912) 555-0123!", "llámame al 912 555 0123", "my number is 912-555-0123.",
		"Phone: 912 555 0123", "phone: nine one two 555 0123", "Phone number: 912-555-0123", "Call:912-555-0123", "Tel. 912 555 0123", "WhatsApp: +1 912 555 0123", "WhatsApp:9125550123",
	}
	carries := func(e164 string) *ad.Document {
		return &ad.Document{Ad: ad.Ad{Listing: ad.Listing{Title: "Roses"}, Phones: []ad.Phone{{E164: e164}}}}
	}
	for _, typed := range forms {
		n, err := query.Parse(typed)
		if err != nil {
			t.Errorf("%q: %v", typed, err)
			continue
		}
		if !query.Match(n, carries("+19125550123")) || query.Match(n, carries("+19125550124")) {
			t.Errorf("%q asks for %s, want ads with +19125550123 and no others", typed, query.Explain(n))
		}
	}
	for _, c := range []struct{ name, typed string }{
		{"a word that says something of the ad is asked for", "roses 912 555 0123"},
		{"a word left out is left out", "-roses 912 555 0123"},
		{"the address of a page that holds a number is an address", "https://town.example/?phone=9125550123"},
		{"the name of a field is no label", "title:9125550123"},
	} {
		n, err := query.Parse(c.typed)
		if err != nil {
			t.Fatal(err)
		}
		if _, alone := n.(query.Phone); alone {
			t.Errorf("%s: %q asks for the number alone", c.name, c.typed)
		}
	}
}
