package stream

import "time"

// The streams. A record stream is never rebuilt; what is derived can be.
const (
	Frontier  = "FRONTIER"  // planned visits of URLs
	Captures  = "CAPTURES"  // WARC records and refusals to fetch
	Listings  = "LISTINGS"  // what extraction read from a capture, and one outcome a capture
	Ads       = "ADS"       // enriched ad versions
	Links     = "LINKS"     // what linking changed
	Alerts    = "ALERTS"    // facts told to subscribers
	Decisions = "DECISIONS" // what people decided
	Access    = "ACCESS"    // users and tokens
	Audit     = "AUDIT"     // who did what
	Archive   = "ARCHIVE"   // sealed WARC files
	Dead      = "DEAD"      // what could not be handled, with the reason
)

// A Declaration says what one stream holds and for how long.
type Declaration struct {
	Name     string
	About    string
	Subjects []string
	Record   bool          // a record: never rebuilt
	MaxAge   time.Duration // 0 keeps for ever
	Sealed   bool          // nothing may be deleted or purged: append-only
	Window   time.Duration // in which a message id is refused a second time
}

// window is how long message ids are remembered. Steps do not rest on it (they
// look at what they already wrote), it catches publishers that retry.
const window = 10 * time.Minute

// Table declares every stream: what is not in it does not exist.
func Table() []Declaration {
	return []Declaration{
		{Name: Frontier, About: "planned visits of URLs", Subjects: []string{"frontier.*"}, Record: true, Window: window},
		{Name: Captures, About: "WARC records and refusals to fetch", Subjects: []string{"capture.*.*", "refusal.*.*"}, Record: true, Window: window},
		{Name: Listings, About: "what extraction read from captures", Subjects: []string{"listing.*", "outcome.*.*"}, Window: window},
		{Name: Ads, About: "enriched ad versions", Subjects: []string{"ad.*"}, Window: window},
		{Name: Links, About: "what linking changed", Subjects: []string{"link.change"}, Window: window},
		{Name: Alerts, About: "facts told to subscribers", Subjects: []string{"alert.*"}, Record: true, Window: window},
		{Name: Decisions, About: "what people decided", Subjects: []string{"decisions.>"}, Record: true, Window: window},
		{Name: Access, About: "users and tokens", Subjects: []string{"access.>"}, Record: true, Window: window},
		{Name: Audit, About: "who did what", Subjects: []string{"audit.>"}, Record: true, Sealed: true, Window: window},
		{Name: Archive, About: "sealed WARC files", Subjects: []string{"archive.>"}, Record: true, Window: window},
		{Name: Dead, About: "what could not be handled", Subjects: []string{"dead.*"}, Record: true, Window: window},
	}
}
