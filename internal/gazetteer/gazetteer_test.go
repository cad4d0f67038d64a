package gazetteer

import (
	"math"
	"testing"
)

func codes(ms []Metro) (out []string) {
	for _, m := range ms {
		out = append(out, m.Code)
	}
	return out
}

func TestFind(t *testing.T) {
	for _, c := range []struct{ typed, want string }{
		{"Austin", "12420"}, {"austin, tx", "12420"}, {"AUSTIN TX", "12420"}, {"12420", "12420"}, {"nyc", "35620"}, {"Ft. Worth", "19100"},
		{"London", "GB-london"}, {"Portland, ME", "38860"}, {"Portland", "38900"}, {"Nowhere at all", ""}, {"", ""},
	} {
		got := ""
		if found := Find(c.typed); len(found) > 0 {
			got = found[0].Code
		}
		if got != c.want {
			t.Errorf("Find(%q) = %q, want %q", c.typed, got, c.want)
		}
	}
}

func TestRegion(t *testing.T) {
	for typed, want := range map[string]string{"tx": "US-TX", "Texas": "US-TX", "us-tx": "US-TX", "new mexico": "US-NM", "England": "GB-ENG", "gb-wls": "GB-WLS", "Atlantis": "", "": ""} {
		if got := Region(typed); got != want {
			t.Errorf("Region(%q) = %q, want %q", typed, got, want)
		}
	}
	if RegionName("US-NM") != "New Mexico" || RegionName("XX-YY") != "XX-YY" {
		t.Error("regions are misnamed")
	}
}

func TestWithin(t *testing.T) {
	austin, _ := Of("12420")
	near := codes(Within(austin, 150))
	if len(near) < 2 || near[0] != "12420" || near[1] != "28660" && near[1] != "41700" {
		t.Errorf("within 150 km of Austin: %v", near)
	}
	houston, _ := Of("26420")
	if d := Distance(austin, houston); math.Abs(d-235) > 10 {
		t.Errorf("Austin to Houston: %f km", d)
	}
	if got := codes(Within(austin, 0)); len(got) != 1 {
		t.Errorf("within nothing: %v", got)
	}
}

func TestTables(t *testing.T) {
	size := int64(0)
	entries, err := files.ReadDir("data")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		i, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		size += i.Size()
	}
	if size > 1<<20 {
		t.Errorf("%d bytes", size)
	}
	for code, m := range load().metros {
		if m.Lat < 13 || m.Lat > 72 || m.Lon < -180 || m.Lon > 6 {
			t.Errorf("metro %s lies at %f, %f", code, m.Lat, m.Lon)
		}
	}
	if len(load().metros) < 1100 {
		t.Errorf("%d metros", len(load().metros))
	}
}

func BenchmarkFind(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Find("Austin, TX")
	}
}

// Within leaves out none that lies near enough, at any distance.
func TestWithinIsByDistance(t *testing.T) {
	all := Within(Metro{Lat: 39, Lon: -98}, 20_000)
	if len(all) < 300 {
		t.Fatalf("%d metropolitan areas are within 20,000 km", len(all))
	}
	for i := 0; i < len(all); i += 9 {
		for _, km := range []float64{0, 30, Distance(all[i], all[0]), 500} {
			got, want := len(Within(all[i], km)), 0
			for _, m := range all {
				if Distance(all[i], m) <= km {
					want++
				}
			}
			if got != want {
				t.Errorf("%d are within %v km of %s, want %d", got, km, all[i].Name, want)
			}
		}
	}
}
