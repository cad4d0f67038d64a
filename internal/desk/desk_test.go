package desk

import (
	"errors"
	"strings"
	"testing"

	"vigil.example/internal/ad"
)

func TestBalance(t *testing.T) {
	tests := []struct {
		name              string
		row               Row
		balanced, settled bool
	}{
		{"all stored", Row{In: 5, Stored: 5}, true, true},
		{"stored and rejected", Row{In: 5, Stored: 3, Rejected: map[string]uint64{"robots": 1, "dead letter": 1}}, true, true},
		{"something is missing", Row{In: 5, Stored: 4}, false, true},
		{"something is there twice", Row{In: 5, Stored: 6}, false, true},
		{"waiting", Row{In: 5, Stored: 3, Waiting: 2}, true, false},
		{"on its way, counted at both ends", Row{In: 5, Stored: 4, Waiting: 2}, true, false},
		{"on its way and something missing", Row{In: 5, Stored: 2, Waiting: 2}, false, false},
		{"nothing came", Row{}, true, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := Ledger{Rows: []Row{tt.row}}
			l.Balance()
			if l.Balanced != tt.balanced || l.Rows[0].Balanced != tt.balanced || l.Settled != tt.settled {
				t.Errorf("balanced %t, settled %t; want %t, %t", l.Balanced, l.Settled, tt.balanced, tt.settled)
			}
		})
	}
}

func TestReadValue(t *testing.T) {
	phone := ad.Value{Kind: "phone", Value: "+19125550143"}
	tests := []struct {
		in   string
		want ad.Value
		err  error
	}{
		{"912-555-0143", phone, nil},
		{" (912) five five five 0143 ", phone, nil},
		{"+1 912 555 0143", phone, nil},
		{"Moon.Lane@Mail.example", ad.Value{Kind: "email", Value: "moon.lane@mail.example"}, nil},
		{"Telegram:@JadeWave", ad.Value{Kind: "handle", Value: "telegram:jadewave"}, nil},
		{"ig:rose_7", ad.Value{Kind: "handle", Value: "instagram:rose_7"}, nil},
		{"https://t.me/jadewave", ad.Value{Kind: "handle", Value: "telegram:jadewave"}, nil},
		{"moon.lane at mail dot example", ad.Value{Kind: "email", Value: "moon.lane@mail.example"}, nil},
		{"neil+rosa_7@sub.mail.example", ad.Value{Kind: "email", Value: "neil+rosa_7@sub.mail.example"}, nil},
		{"info@hotel.test", ad.Value{Kind: "email", Value: "info@hotel.test"}, nil},
		{"12@34.example", ad.Value{Kind: "email", Value: "12@34.example"}, nil},
		{"Townboard:@Rose7", ad.Value{Kind: "handle", Value: "townboard:rose7"}, nil},
		{"snap:rose.7", ad.Value{Kind: "handle", Value: "snapchat:rose.7"}, nil},
		{"signal:@rose.07", ad.Value{Kind: "handle", Value: "signal:rose.07"}, nil},
		{"hello", ad.Value{}, ErrNotAValue},
		{"", ad.Value{}, ErrNotAValue},
		{"912-555-0143 or 912-555-0144", ad.Value{}, ErrSeveral},
	}
	for _, tt := range tests {
		got, err := ReadValue(tt.in)
		if got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("ReadValue(%q) = %v, %v; want %v, %v", tt.in, got, err, tt.want, tt.err)
		}
	}
}

func TestLeaving(t *testing.T) {
	for _, c := range []struct {
		together string
		after    []string
		want     string
	}{
		{"abcd", []string{"abcd"}, ""},
		{"abcd", []string{"abc", "d"}, "d"},
		{"abcd", []string{"efghi", "abc", "d"}, "d"}, // a larger piece was apart before
		{"abcd", []string{"efabc", "d"}, "d"},
		{"abcd", []string{"ab", "cd"}, "cd"},
	} {
		var after [][]string
		for _, s := range c.after {
			after = append(after, strings.Split(s, ""))
		}
		if got := strings.Join(leaving(strings.Split(c.together, ""), after), ""); got != c.want {
			t.Errorf("of %s in %v leave %q, want %q", c.together, c.after, got, c.want)
		}
	}
}
