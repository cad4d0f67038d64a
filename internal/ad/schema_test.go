package ad

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var add = flag.Bool("add", false, "write the files of records that have none; those that are there are what old programs wrote and never change")

// A kept record is one as a program wrote it, and what it says to this one.
type kept struct {
	file  string
	want  any
	read  func(raw []byte) (any, error)
	early bool // fields were added since: a later file says them
}

func keep[T any](file string, want T) kept {
	return kept{file: file, want: want, read: func(raw []byte) (any, error) { return Decode[T](raw) }}
}

func keepEarly[T any](file string, want T) kept {
	k := keep(file, want)
	k.early = true
	return k
}

func keptRecords() []kept {
	at := time.Date(2026, 3, 2, 15, 4, 5, 0, time.UTC)
	sum := strings.Repeat("3f9c2a61", 8)
	l := Listing{
		V: 1, CaptureID: sum[:32], CaptureSeq: 1<<53 + 1, URL: "https://board.example/ads/77", Site: "townboard", NativeID: "77",
		Title: "New in town, call 912-555-0143", Body: "<b>Ruby</b> & Kim ✨\nnueve uno dos 555 0144",
		Price: &Price{"120.50", "USD", "$120.50"}, Location: "Savannah, GA", Category: "massage",
		PostedAt: at.Add(-48 * time.Hour), UpdatedAt: at.Add(-time.Hour), SeenAt: at, Via: ViaCrawl,
		Contacts: []Contact{{"phone", "tel:+19125550143"}, {"email", "ruby@mail.example"}}, Images: []string{"https://img.board.example/1.jpg?s=1"},
		Methods: map[string]string{"title": "definition", "body": "json-ld"}, Definition: "townboard@1a2b3c4d5e6f",
		AdID: sum[8:40], VersionID: sum[16:48], ContentSHA256: sum,
	}
	phone := Phone{
		E164: "+19125550143", Span: Span{"title", 18, 30}, Text: "912-555-0143", Method: "separated", Confidence: .99,
		Reasons: []string{"for: a contact word stands before it"}, Pieces: []Piece{{"912", Span{"", 18, 21}, "912"}},
	}
	later := phone
	later.Alternatives = []Alternative{{"+19125550148", .01}}
	sites := later
	sites.Confidence, sites.Withheld = SiteConfidence, .97
	span := Span{"body", 4, 9}
	return []kept{
		keep("listing", l),
		keep("ad-3", Ad{
			Listing: l, Phones: []Phone{sites}, Identifiers: []Identifier{{Kind: "email", Value: "ruby@mail.example", Span: Span{"contact:1", 0, 17}, Text: "ruby@mail.example", Confidence: SiteConfidence, Withheld: .9}},
			Signature: []uint64{1<<64 - 1, 1<<53 + 1, 7, 0}, Language: &Language{"en", "es", .9},
			Places:     []Place{{"Savannah", "US-GA", "US", "42340", "text", &span, .8}},
			Indicators: []Indicator{{"movement", "new_in_town", span, "new in town", Moderate, "movement-3", .7}},
			Lead:       &Lead{.6, "two moderate indicators", []Weight{{"movement", "new_in_town", "movement-3", .3, true}}},
			Side:       &Side{SideSupply, .9, []string{"a price is given"}}, EnrichedBy: "vigil 0.5 pipeline 0123456789ab",
			Decided: 17, Corrected: []Correction{{sum[:32], "912-555-0143", "+19125550148", []Phone{sites}}},
			SiteWords: &SiteWords{SiteModel{3, "0a1b2c3d4e5f"}, []Span{span}},
		}),
		keepEarly("ad-2", Ad{
			Listing: l, Phones: []Phone{later}, Identifiers: []Identifier{{Kind: "email", Value: "ruby@mail.example", Span: Span{"contact:1", 0, 17}, Text: "ruby@mail.example", Confidence: .9}},
			Signature: []uint64{1<<64 - 1, 1<<53 + 1, 7, 0}, Language: &Language{"en", "es", .9},
			Places:     []Place{{"Savannah", "US-GA", "US", "42340", "text", &span, .8}},
			Indicators: []Indicator{{"movement", "new_in_town", span, "new in town", Moderate, "movement-3", .7}},
			Lead:       &Lead{.6, "two moderate indicators", []Weight{{"movement", "new_in_town", "movement-3", .3, true}}},
			Side:       &Side{SideSupply, .9, []string{"a price is given"}}, EnrichedBy: "vigil 0.5 pipeline 0123456789ab",
			Decided: 17, Corrected: []Correction{{sum[:32], "912-555-0143", "+19125550148", []Phone{later}}},
		}),
		keepEarly("ad", Ad{
			Listing: l, Phones: []Phone{phone}, Identifiers: []Identifier{{Kind: "email", Value: "ruby@mail.example", Span: Span{"contact:1", 0, 17}, Text: "ruby@mail.example", Confidence: .9}},
			Signature: []uint64{1<<64 - 1, 1<<53 + 1, 7, 0}, EnrichedBy: "vigil 0.3 pipeline 0123456789ab",
		}),
		keep("outcome", Outcome{
			V: 1, CaptureID: sum[:32], Via: ViaCrawl, Site: "townboard", URL: l.URL, Kind: KindRemoved, Reason: "the page says that the ad is gone",
			Status: 410, Listings: 1, SeenAt: at, AdID: sum[8:40], Visit: 3, Depth: 2,
			Outlinks: []Outlink{{"https://board.example/list?p=2", LinkList}, {"https://board.example/ads/78", LinkDetail}},
		}),
		keep("linkchange-2", LinkChange{
			V: 1, Moves: []Move{{sum[8:40], "c" + sum[:15], &Edge{sum[8:40], sum[16:48], Value{"phone", "+19125550143"}, 11.5, "both give 912-555-0143, which 2 of 5,792 posters use", true}}},
			Hubs: []Hub{{Value{"phone", "+19125550143"}, 12, 7.5, true}}, Lineage: []Descent{{"c" + sum[1:16], "c" + sum[:15], 3, true, at}},
		}),
		keepEarly("linkchange", LinkChange{
			V: 1, Moves: []Move{{AdID: sum[8:40], Cluster: "c" + sum[:15]}}, Hubs: []Hub{{Value{"phone", "+19125550143"}, 12, 7.5, true}},
		}),
		keep("alert-2", Alert{
			V: 1, ID: sum[:32], Subscription: "s-17", User: "mara", AdID: sum[8:40], VersionID: sum[16:48],
			Value: Value{"handle", "telegram:ruby_dance77"}, Written: "Telegram: @ruby_dance77", Title: l.Title, Site: "townboard",
			SeenAt: at, RaisedAt: at.Add(1500 * time.Millisecond), Read: true,
			Search: sum[24:56], Found: []Found{{Span{"body", 4, 9}, "Ruby"}}, Folded: true, Count: 3,
		}),
		keepEarly("alert", Alert{
			V: 1, ID: sum[:32], Subscription: "s-17", User: "mara", AdID: sum[8:40], VersionID: sum[16:48],
			Value: Value{"handle", "telegram:ruby_dance77"}, Written: "Telegram: @ruby_dance77", Title: l.Title, Site: "townboard",
			SeenAt: at, RaisedAt: at.Add(1500 * time.Millisecond), Read: true,
		}),
		keep("capture", Capture{
			V: 1, ID: sum[:32], URL: l.URL, Site: "townboard", Via: ViaImport, FetchedAt: at, Status: 200, ContentType: "text/html; charset=utf-8",
			RecordID: RecordID(sum[:32], "response"), PayloadSHA256: sum, BlockSHA256: sum, Size: 20480, IP: "192.0.2.7", Visit: 3, Depth: 2,
			Truncated: "length", Cuts: []Cut{{100, 2000, sum}}, File: "page.html", Operator: "mara",
		}),
	}
}

func TestOldRecordsStayReadable(t *testing.T) {
	for _, k := range keptRecords() {
		t.Run(k.file, func(t *testing.T) {
			path := filepath.Join("testdata", "records", "v1", k.file+".json")
			if _, err := os.Stat(path); err != nil && *add {
				b, err := json.Marshal(k.want)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, append(b, '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			got, err := k.read(raw)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(got, k.want); d != "" {
				t.Errorf("(-got +want)\n%s", d)
			}
			if k.early {
				return
			}
			for _, name := range blank(reflect.ValueOf(got), "") {
				t.Errorf("the file says nothing of %s: a field that is not in it is not known to stay readable", name)
			}
		})
	}
}

// blank names the fields that are empty, in whatever depth.
func blank(v reflect.Value, name string) (names []string) {
	switch {
	case v.Kind() == reflect.Pointer && v.IsNil():
		return []string{name}
	case v.Type() == reflect.TypeFor[time.Time]() || v.Kind() != reflect.Struct && v.Kind() != reflect.Slice && v.Kind() != reflect.Pointer:
		if v.IsZero() {
			return []string{name}
		}
	case v.Kind() == reflect.Pointer:
		return blank(v.Elem(), name)
	case v.Kind() == reflect.Slice:
		if v.Len() == 0 {
			return []string{name}
		}
		if v.Index(0).Kind() == reflect.Struct {
			return blank(v.Index(0), name)
		}
	default:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if f.Name == "Field" && strings.HasSuffix(name, ".Pieces.Span") || f.Name == "Start" || f.Name == "Offset" {
				continue // empty by meaning
			}
			names = append(names, blank(v.Field(i), name+"."+f.Name)...)
		}
	}
	return names
}

// A tower is a kind of record that has changed twice: version 2 renamed height
// from feet to metres, version 3 made one name a list.
type tower struct {
	V      int      `json:"v"`
	Metres float64  `json:"metres"`
	Names  []string `json:"names"`
	Serial uint64   `json:"serial"`
}

func (tower) Upcasts() []Upcast {
	return []Upcast{
		func(f map[string]json.RawMessage) error {
			feet, err := strconv.ParseFloat(string(f["feet"]), 64)
			if err != nil {
				return err
			}
			f["metres"] = strconv.AppendFloat(nil, feet*.3048, 'f', -1, 64)
			delete(f, "feet")
			return nil
		},
		func(f map[string]json.RawMessage) error {
			f["names"] = append(append(json.RawMessage{'['}, f["name"]...), ']')
			delete(f, "name")
			return nil
		},
	}
}

func TestDecode(t *testing.T) {
	want := tower{3, 30.48, []string{"Bell"}, 1<<64 - 1}
	for name, tt := range map[string]struct {
		raw string
		err string
	}{
		"today's version":               {raw: `{"v":3,"metres":30.48,"names":["Bell"],"serial":18446744073709551615}`},
		"one behind":                    {raw: `{"v":2,"metres":30.48,"name":"Bell","serial":18446744073709551615}`},
		"the first":                     {raw: `{"v":1,"feet":100,"name":"Bell","serial":18446744073709551615}`},
		"no version is the first":       {raw: `{"feet":100,"name":"Bell","serial":18446744073709551615}`},
		"the version stands elsewhere":  {raw: ` { "feet": 100, "v" : 1, "name": "Bell", "serial": 18446744073709551615 }`},
		"ahead":                         {raw: `{"v":9,"tons":3}`, err: "written by a newer vigil (record version 9, this program reads up to 3): upgrade this one first"},
		"ahead, of another shape":       {raw: `{"v":12345678,"metres":{"of":"stone"}}`, err: "record version 12345678"},
		"ahead, said late":              {raw: `{"metres":{},"v":9}`, err: "record version 9"},
		"a version beyond every number": {raw: `{"v":123456789012345678901234567890}`, err: "holds a number, which is no int"},
		"a version that is no number":   {raw: `{"v":"3","metres":30.48}`, err: "holds a string, which is no int"},
		"an old one that is damaged":    {raw: `{"v":1,"feet":"tall"}`, err: "bring the record from version 1 to 2: "},
		"cut off":                       {raw: `{"v":3,"metres":30`, err: "cut off or no JSON"},
		"cut off in the version":        {raw: `{"v":3`, err: "cut off or no JSON"},
		"no object":                     {raw: `null`, err: "a record is a JSON object, this is null"},
		"nothing":                       {raw: ``, err: "cut off or no JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Decode[tower]([]byte(tt.raw))
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("got %+v, %v; want %q", got, err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(got, want); d != "" {
				t.Errorf("(-got +want)\n%s", d)
			}
		})
	}
}

func TestANewerRecordIsForAnother(t *testing.T) {
	_, err := Decode[Alert]([]byte(`{"v":2}`))
	n, ok := errors.AsType[*NewerError](err)
	if !ok || *n != (NewerError{2, 1}) || !n.Final() {
		t.Errorf("got %v, want version 2 where 1 is known, final", err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{`{"v":1}`, `{"v":3,"metres":1}`, `{"v":02}`, `{"v":1.0}`, `{"v":`, `{"v":9}`, `[]`, `{"V":7,"v":1,"feet":1}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := Decode[tower](raw)
		if err == nil && !json.Valid(raw) {
			t.Errorf("%q was read as %+v", raw, got)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	for _, k := range keptRecords() {
		raw, err := json.Marshal(k.want)
		if err != nil {
			b.Fatal(err)
		}
		if k.file != "ad" && k.file != "alert" {
			continue
		}
		b.Run(k.file+"/decode", func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(raw)))
			for b.Loop() {
				if _, err := k.read(raw); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(k.file+"/version", func(b *testing.B) {
			for b.Loop() {
				if v, err := version(raw); v != 1 || err != nil {
					b.Fatal(v, err)
				}
			}
		})
	}
}

// What an error says is logged, so it never quotes the record.
func TestDecodeQuotesNothing(t *testing.T) {
	for name, raw := range map[string]string{
		"a number where text stands": `{"v":1,"title":9125550143}`,
		"a time in words":            `{"v":1,"seen_at":"call 9125550143"}`,
		"a text where a list stands": `{"v":1,"phones":"9125550143"}`,
		"no JSON":                    `9125550143 call me`,
		"an overlong version":        `{"v":9125550143912555014391255501439125550143}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Decode[Ad]([]byte(raw))
			if err == nil || strings.Contains(err.Error(), "9125550143") {
				t.Errorf("the error is %v", err)
			}
		})
	}
}
