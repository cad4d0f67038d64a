package phone

import (
	"os"
	"strings"
	"syscall"
	"testing"
)

func BenchmarkRead(b *testing.B) {
	for _, bc := range []struct{ name, text string }{
		{"words only", "Room for rent near downtown. Clean and quiet place with private parking, close to the highway and the mall. No agents and no spam. References on request."},
		{"prices and hours", "Moving help, truck included. Price $3,250 obo. Open 9am to 8pm. Everything is in very good condition. $120 for the hour, $80 for half. Year 2015."},
		{"plain", "Sofa and two chairs for sale. Everything is in very good condition. Call or text 912-555-0123 anytime. Open 9am to 5pm. Price $250 obo. Serious people only."},
		{"words", "Deep cleaning service. First come, first served. Call nine one two five five five zero one two three for details. Ask about our new-customer special."},
		{"obfuscated", "Back and shoulder massage, licensed. Text me at n1ne-one-twoo-5-f1ve-fyve-zero-0ne-too-three. Lugar limpio y tranquilo con estacionamiento. Open 24/7."},
		{"lookalikes", "Clases de guitarra - Doy referencias. Llame al 9ⅼ2-Ƽ5Ѕ-О1Ϩʒ a cualquier hora. Hablamos inglés y español. Solo personas serias, por favor."},
	} {
		b.Run(bc.name, func(b *testing.B) {
			b.SetBytes(int64(len(bc.text)))
			b.ReportAllocs()
			for b.Loop() {
				Read(bc.text, Options{})
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ads/s")
		})
	}
}

// BenchmarkReadAds reads the package's labelled ads, or those of the file that
// VIGIL_PHONES names, and counts the processor's time, not the clock's.
func BenchmarkReadAds(b *testing.B) {
	path := os.Getenv("VIGIL_PHONES")
	if path == "" {
		path = "testdata/ads.jsonl"
	}
	ads, size := readLabelled(b, path), 0
	for _, a := range ads {
		size += len(a.Text)
	}
	b.SetBytes(int64(size / len(ads)))
	b.ReportAllocs()
	start := processor(b)
	for i := 0; b.Loop(); i++ {
		Read(ads[i%len(ads)].Text, Options{})
	}
	perAd := (processor(b) - start) / float64(b.N)
	b.ReportMetric(1/perAd, "ads/cpu-s")
	b.ReportMetric(1/perAd*float64(size)/float64(len(ads))/150, "ads-of-150-B/cpu-s")
}

// processor is the time that this process has used processors for, in seconds.
func processor(b *testing.B) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Skip(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

func BenchmarkReadLong(b *testing.B) {
	for _, unit := range []string{"1", "1 ", "12 ", "five ", "fivve ", "912-555-0123 ", "O1l ", "($5|", "&#57;", "<b>9</b>"} {
		text := strings.Repeat(unit, 100_000/len(unit))
		b.Run(strings.ReplaceAll(unit, "/", ""), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				Read(text, Options{})
			}
		})
	}
}
