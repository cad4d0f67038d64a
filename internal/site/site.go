// Package site is the grammar of a site definition: a YAML file that says, for
// one classifieds site, where a crawl starts, which addresses belong to it, how
// politely to fetch, what kind of page a page is and where its fields stand. It
// parses and checks definitions, explains what is wrong on which line, and
// answers what a definition says about an address, a page or a field; the folder
// crawlers/ holds the definitions themselves. It fetches nothing.
package site

import (
	"regexp"
	"time"

	"github.com/andybalholm/cascadia"
)

// A Definition describes one site. It is ready for use after Parse or Validate,
// and from then on safe for concurrent use as long as nobody changes it.
type Definition struct {
	Name     string     `yaml:"name"`     // lower-case letters, digits, hyphens; the file's base name
	About    string     `yaml:"about"`    // one line for people
	Language []string   `yaml:"language"` // BCP 47 tags of what is posted there
	Country  string     `yaml:"country"`  // ISO 3166-1 alpha-2: how national numbers are read
	Seeds    []string   `yaml:"seeds"`    // absolute URLs of list pages
	Scope    Scope      `yaml:"scope"`
	Polite   Polite     `yaml:"polite"`
	Revisit  Revisit    `yaml:"revisit"`
	Pages    []PageRule `yaml:"pages"`
	List     ListRule   `yaml:"list"`
	Detail   DetailRule `yaml:"detail"`
	Digest   string     `yaml:"-"` // first 12 hex digits of the SHA-256 of the file

	ready bool
}

// Scope says which addresses belong to the crawl.
type Scope struct {
	Hosts []string `yaml:"hosts"` // exact host names, "host:port" where the port matters; the seeds' hosts when empty
	Allow []string `yaml:"allow"` // regular expressions on path and query; everything when empty
	Deny  []string `yaml:"deny"`  // regular expressions on path and query; wins over allow
	Depth int      `yaml:"depth"` // links followed from a seed at most; 50 when 0
	Strip []string `yaml:"strip"` // query parameters dropped from addresses (sessions, tracking); a final * stands for anything

	allow, deny []*regexp.Regexp
}

// Polite says how gently to fetch.
type Polite struct {
	Delay    time.Duration `yaml:"delay"`    // between two requests; 1s when 0. Robots' Crawl-delay wins when longer
	Parallel int           `yaml:"parallel"` // requests under way at once; 1 when 0
	Timeout  time.Duration `yaml:"timeout"`  // of one request; 30s when 0
}

// Revisit says how often pages are fetched again; 0 is never.
type Revisit struct {
	List   time.Duration `yaml:"list"`
	Detail time.Duration `yaml:"detail"`
}

// A PageRule recognises the kind of a page. Rules are tried in order; all the
// conditions a rule gives must hold.
type PageRule struct {
	Kind   string `yaml:"kind"`   // detail, list, removed, blocked, empty or other
	URL    string `yaml:"url"`    // regular expression on path and query
	Status []int  `yaml:"status"` // HTTP status is one of these
	Has    string `yaml:"has"`    // CSS selector that matches something
	Lacks  string `yaml:"lacks"`  // CSS selector that matches nothing
	Text   string `yaml:"text"`   // regular expression on the visible text

	url, text  *regexp.Regexp
	has, lacks cascadia.SelectorGroup
}

// A ListRule says where a list page keeps its links.
type ListRule struct {
	Item string `yaml:"item"` // CSS selector of the links to ads (their href is taken)
	Next string `yaml:"next"` // CSS selector of links to further list pages

	item, next cascadia.SelectorGroup
}

// A DetailRule says where the fields of an ad stand. Where a field has no rule,
// or its rule finds nothing, structured data and then generic extraction answer.
type DetailRule struct {
	NativeID  Field          `yaml:"native_id"` // read from the address (url: true), a removed page still names its ad
	Title     Field          `yaml:"title"`
	Body      Field          `yaml:"body"`
	Price     Field          `yaml:"price"`
	Location  Field          `yaml:"location"`
	Category  Field          `yaml:"category"`
	PostedAt  Field          `yaml:"posted_at"`
	UpdatedAt Field          `yaml:"updated_at"`
	Contacts  []ContactField `yaml:"contacts"`
	Images    Field          `yaml:"images"`
}

// A Field says where one value stands.
type Field struct {
	Select string   `yaml:"select"` // CSS selector; the first match, for images and contacts all
	Attr   string   `yaml:"attr"`   // attribute to read instead of the text
	URL    bool     `yaml:"url"`    // read from the page's address instead
	Match  string   `yaml:"match"`  // regular expression; its first group, or the whole match, is the value
	Drop   []string `yaml:"drop"`   // CSS selectors inside the match that are left out
	Layout []string `yaml:"layout"` // for times: Go layouts tried in order; RFC 3339 and common forms without
	Zone   string   `yaml:"zone"`   // for times without a zone: IANA name; UTC without

	sel   cascadia.SelectorGroup
	drop  []cascadia.SelectorGroup
	match *regexp.Regexp
	zone  *time.Location
}

// A ContactField says where a site shows a contact apart from the text.
type ContactField struct {
	Kind  string `yaml:"kind"` // phone, email, handle or link
	Field `yaml:",inline"`
}
