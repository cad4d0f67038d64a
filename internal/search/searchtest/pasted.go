package searchtest

import (
	"strings"

	"vigil.example/internal/ad"
)

// Shown are the identifiers of an ad as pages show them and people paste them: the
// value and what was written, of numbers, addresses and handles, and the ad's URL.
func Shown(a *ad.Ad) (out []string) {
	for _, p := range a.Phones {
		out = append(out, p.E164, p.Text)
	}
	for _, id := range a.Identifiers {
		out = append(out, id.Value, id.Text)
		if _, name, ok := strings.Cut(id.Value, ":"); ok && id.Kind == "handle" {
			out = append(out, "@"+name)
		}
	}
	return append(out, a.URL)
}

// forms are ways to write one number, +1 912 555 0123, as ads and people do.
var forms = []string{
	"9125550123", "912-555-0123", "912.555.0123", "912 555 0123", "(912) 555-0123", "(912)5550123", "+1 912 555 0123", "+19125550123", "1-912-555-0123",
	"0019125550123", "912 / 555 / 0123", "912_555_0123", "912*555*0123", "912—555—0123", "912~555~0123", "[912] 555 [0123]", "9 1 2 5 5 5 0 1 2 3",
	"9.1.2.5.5.5.0.1.2.3", "912 dot 555 dot 0123", "912\u200b555\u200b0123", "nine one two five five five zero one two three", "NINE ONE TWO 555 01 23",
	"nine1two 555 o123", "912 triple five 0123", "912 555 01 two three", "nueve uno dos cinco cinco cinco cero uno dos tres",
	"9️⃣1️⃣2️⃣5️⃣5️⃣5️⃣0️⃣1️⃣2️⃣3️⃣", "９１２－５５５－０１２３", "⑨①②⑤⑤⑤⓪①②③", "𝟗𝟏𝟐𝟓𝟓𝟓𝟎𝟏𝟐𝟑", "٩١٢٥٥٥٠١٢٣", "9l2-555-Ol23", "tel:+19125550123", "sms:+19125550123",
	"https://wa.me/19125550123", "https://t.me/+19125550123", `"912-555-0123"`, "912 555 0123,", "📞912-555-0123", "call me at 912-555-0123 now",
	"llámame al 912 555 0123", "Phone: 912 555 0123", "WhatsApp: +1 912 555 0123", "phone:(912)555-0123",
}
