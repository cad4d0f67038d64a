package extract

import (
	"testing"
	"time"
)

func TestMoment(t *testing.T) {
	warsaw, err := time.LoadLocation("Europe/Warsaw")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, text, want string
		zone             *time.Location
		monthFirst       bool
	}{
		{"RFC 3339", "2025-03-14T09:30:00+01:00", "2025-03-14T08:30:00Z", nil, false},
		{"a zone by its letters", "2012-12-01,  3:02PM EST", "2012-12-01T20:02:00Z", nil, false},
		{"an offset without a colon", "2023-11-29T20:23:46-0500", "2023-11-30T01:23:46Z", nil, false},
		{"no zone", "2024-01-02 10:00", "2024-01-02T09:00:00Z", warsaw, false},
		{"the day first", "Dodane 10/11/2019", "2019-11-10T00:00:00Z", nil, false},
		{"the month first", "10/11/2019", "2019-10-11T00:00:00Z", nil, true},
		{"no such month", "10/25/2019", "2019-10-25T00:00:00Z", nil, false},
		{"points", "am 07.05.2023, 14:05 Uhr", "2023-05-07T14:05:00Z", nil, false},
		{"a Spanish month", "7 de mayo de 2023", "2023-05-07T00:00:00Z", nil, false},
		{"a Polish month", "3 września 2021", "2021-09-03T00:00:00Z", nil, false},
		{"a French ordinal", "1er août 2020 à 18h30", "2020-08-01T18:30:00Z", nil, false},
		{"an American date", "Friday, December 19, 2025 11:20 AM", "2025-12-19T11:20:00Z", nil, false},
		{"noon and midnight", "2024-01-02 12:15 am", "2024-01-02T00:15:00Z", nil, false},
		{"seconds since 1970", "1700000000", "2023-11-14T22:13:20Z", nil, false},
		{"milliseconds", "1700000000000", "2023-11-14T22:13:20Z", nil, false},
		{"right after a word", "dodania10/11/2019", "2019-11-10T00:00:00Z", nil, false},
		{"no such day", "2024-02-31", "", nil, false},
		{"a telephone number", "202-555-0142", "", nil, false},
		{"before the web", "12 May 1945", "", nil, false},
		{"no date", "yesterday", "", nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			zone := c.zone
			if zone == nil {
				zone = time.UTC
			}
			got := ""
			if m, ok := moment(c.text, zone, c.monthFirst); ok {
				got = m.Format(time.RFC3339)
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestWhen(t *testing.T) {
	seen := time.Date(2026, 1, 10, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct{ text, want string }{
		{"posted 3 days ago", "2026-01-07T12:00:00Z"},
		{"an hour ago", "2026-01-10T11:00:00Z"},
		{"2 weeks ago", "2025-12-27T12:00:00Z"},
		{"Posted: yesterday", "2026-01-09T00:00:00Z"},
		{"today 10:15", "2026-01-10T00:00:00Z"},
		{"soon", ""},
	} {
		got := ""
		if m, ok := when(c.text, seen, false); ok {
			got = m.Format(time.RFC3339)
		}
		if got != c.want {
			t.Errorf("%q: got %q, want %q", c.text, got, c.want)
		}
	}
}
