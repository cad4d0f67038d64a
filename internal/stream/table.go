package stream

import (
	"strconv"
	"strings"
	"time"

	"vigil.example/internal/ad"
)

// The streams. A record stream is never rebuilt; what is derived can be.
const (
	Frontier    = "FRONTIER"    // planned visits of URLs
	Captures    = "CAPTURES"    // WARC records and refusals to fetch
	Listings    = "LISTINGS"    // what extraction read from a capture, and one outcome a capture
	Ads         = "ADS"         // enriched ad versions
	Links       = "LINKS"       // what linking changed
	Alerts      = "ALERTS"      // facts told to subscribers
	Decisions   = "DECISIONS"   // what people decided
	Access      = "ACCESS"      // users and tokens
	Audit       = "AUDIT"       // who did what
	Archive     = "ARCHIVE"     // sealed WARC files
	Dead        = "DEAD"        // what could not be handled, with the reason
	Generations = "GENERATIONS" // which generations of what is derived there are, and which serves
	Erasures    = "ERASURES"    // what was erased and why, without its content
)

// A Declaration says what one stream holds, for how long, and who writes it.
type Declaration struct {
	Name     string
	About    string
	Subjects []string      // of what it holds, for readers
	Record   bool          // a record: never rebuilt
	Derived  bool          // made from records: there may be several generations of it
	Erasable bool          // single messages may be erased
	Sealed   bool          // nothing may be deleted or purged: append-only
	Fenced   bool          // holders of a lease write it, see fenceSubject
	Parts    bool          // a message too big for the server travels in parts
	Writers  string        // the roles that write it
	MaxAge   time.Duration // 0 keeps for ever
	MaxBytes int64         // 0 sets no limit of its own
	Window   time.Duration // in which a message id is refused a second time
}

// window is how long message ids are remembered. Steps do not rest on it (they
// look at what they already wrote), it catches publishers that retry: in a
// cluster through as long a loss of its quorum, which stores what it was given
// when it comes back. And it catches what a process had on its way into the socket
// when it was stopped: that arrives when it goes on, whoever did the work
// meanwhile, unless the server has closed the connection by then. So a window is
// longer than a server waits for a client that says nothing, which is 6 minutes
// where nothing else is set. The embedded server waits for staleAfter, and when it
// starts it has to read the messages of its window again (2 s of a core for a
// million).
const (
	window      = 10 * time.Minute
	innerWindow = 2 * time.Minute
	staleAfter  = 30 * time.Second
)

// Table declares every stream: what is not in it does not exist. None has a
// limit of age or size: what may go is trimmed or erased by name, and a disk
// that fills up is met by the reserve.
func Table() []Declaration {
	return []Declaration{
		{Name: Frontier, About: "planned visits of URLs", Subjects: []string{"frontier.*"}, Record: true, Erasable: true, Fenced: true, Writers: "frontier", Window: window},
		{Name: Captures, About: "WARC records and refusals to fetch", Subjects: []string{"capture.*.*", "refusal.*.*"}, Record: true, Erasable: true, Fenced: true, Parts: true, Writers: "crawl, web (import)", Window: window},
		{Name: Listings, About: "what extraction read from captures", Subjects: []string{"listing.*", "outcome.*.*"}, Derived: true, Erasable: true, Writers: "extract", Window: window},
		{Name: Ads, About: "enriched ad versions", Subjects: []string{"ad.*", "corrected.*"}, Derived: true, Erasable: true, Writers: "enrich, index (corrections)", Window: window},
		{Name: Links, About: "what linking changed", Subjects: []string{"link.change", "link.lineage"}, Derived: true, Erasable: true, Fenced: true, Writers: "link", Window: window},
		{Name: Alerts, About: "facts told to subscribers", Subjects: []string{"alert.*"}, Record: true, Erasable: true, Writers: "alert", Window: window},
		{Name: Decisions, About: "what people decided", Subjects: []string{"decisions.>"}, Record: true, Erasable: true, Writers: "web", Window: window},
		{Name: Access, About: "users and tokens", Subjects: []string{"access.>"}, Record: true, Writers: "web", Window: window},
		{Name: Audit, About: "who did what", Subjects: []string{"audit.>"}, Record: true, Sealed: true, Writers: "web", Window: window},
		{Name: Archive, About: "sealed WARC files", Subjects: []string{"archive.>"}, Record: true, Fenced: true, Writers: "archive", Window: window},
		{Name: Dead, About: "what could not be handled", Subjects: []string{"dead.*", "dropped.*"}, Record: true, Erasable: true, Writers: "every role", Window: window},
		{Name: Generations, About: "generations of what is derived", Subjects: []string{"generation.>"}, Record: true, Fenced: true, Writers: "web", Window: window},
		{Name: Erasures, About: "what was erased and why", Subjects: []string{"erasure.>"}, Record: true, Writers: "web", Window: window},
	}
}

// Named is the name of a generation of a derived stream: ADS is the first of
// itself, ADS_2 the second.
func Named(base string, gen int) string {
	if gen <= 1 {
		return base
	}
	return base + "_" + strconv.Itoa(gen)
}

// generation is the other way round.
func generation(stream string) (base string, gen int) {
	if base, n, ok := strings.Cut(stream, "_"); ok {
		if gen, err := strconv.Atoi(n); err == nil && gen > 1 {
			return base, gen
		}
	}
	return stream, 1
}

// onWire is the subject under which a generation of a derived stream stores what
// readers know by its plain subject.
func onWire(gen int, subject string) string {
	if gen <= 1 {
		return subject
	}
	return "g" + strconv.Itoa(gen) + "." + subject
}

// filters are the subjects that a reader of a stream asks for, on the wire.
func filters(stream string, plain []string) []string {
	_, gen := generation(stream)
	if gen <= 1 {
		return plain
	}
	out := make([]string, len(plain))
	for i, s := range plain {
		out[i] = onWire(gen, s)
	}
	return out
}

// offWire is the plain subject of what a stream gives back.
func offWire(gen int, subject string) string {
	if gen <= 1 {
		return subject
	}
	_, plain, _ := strings.Cut(subject, ".")
	return plain
}

// Subjects that no reader sees: the parts of a big message and the marks that
// owners of a lease leave. No two streams may share a subject, so a fence names
// its stream.
const (
	partSubject = "part.captures"
	fencePrefix = "fence."
)

// fenceSubject is where a role leaves its fence in a stream.
func fenceSubject(stream, role string) string {
	base, gen := generation(stream)
	return onWire(gen, fencePrefix+strings.ToLower(base)+"."+ad.Slug(role))
}

func hidden(plain string) bool {
	return strings.HasPrefix(plain, fencePrefix) || plain == partSubject
}

// inParts reports whether messages of a subject may travel in parts.
func inParts(subject string) bool {
	return strings.HasPrefix(subject, "capture.")
}

// subjects are all that a generation of a stream takes, on the wire.
func (d Declaration) subjects(gen int) []string {
	var out []string
	for _, s := range d.Subjects {
		out = append(out, onWire(gen, s))
	}
	if d.Fenced {
		out = append(out, onWire(gen, fencePrefix+strings.ToLower(d.Name)+".*"))
	}
	if d.Parts {
		out = append(out, onWire(gen, partSubject))
	}
	return out
}

// declared finds the declaration behind the name of a stream or a generation of
// one.
func declared(stream string) (d Declaration, gen int, ok bool) {
	base, gen := generation(stream)
	for _, d := range Table() {
		if d.Name == base && (gen == 1 || d.Derived) {
			return d, gen, true
		}
	}
	return Declaration{}, 0, false
}
