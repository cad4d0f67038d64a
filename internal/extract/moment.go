package extract

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// zones are the offsets of the abbreviations that classifieds write, in hours.
// Ambiguous ones are read as on North American sites.
var zones = map[string]float64{
	"UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "BST": 1, "WEST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3,
	"AST": -4, "ADT": -3, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
	"AKST": -9, "AKDT": -8, "HST": -10, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13, "IST": 5.5, "SAST": 2,
}

// months maps the beginnings of month names in the languages met so far.
var months = map[string]time.Month{
	"jan": 1, "january": 1, "janvier": 1, "janv": 1, "enero": 1, "ene": 1, "stycznia": 1, "sty": 1, "januar": 1, "januari": 1, "gennaio": 1, "gen": 1, "janeiro": 1,
	"feb": 2, "february": 2, "février": 2, "fevrier": 2, "févr": 2, "fév": 2, "febrero": 2, "lutego": 2, "lut": 2, "februar": 2, "februari": 2, "febbraio": 2, "fevereiro": 2, "fev": 2,
	"mar": 3, "march": 3, "mars": 3, "marzo": 3, "marca": 3, "märz": 3, "marz": 3, "mrt": 3, "maart": 3, "março": 3,
	"apr": 4, "april": 4, "avril": 4, "avr": 4, "abril": 4, "abr": 4, "kwietnia": 4, "kwi": 4, "aprile": 4,
	"may": 5, "mai": 5, "mayo": 5, "maja": 5, "maj": 5, "mei": 5, "maggio": 5, "mag": 5, "maio": 5,
	"jun": 6, "june": 6, "juin": 6, "junio": 6, "czerwca": 6, "cze": 6, "juni": 6, "giugno": 6, "giu": 6, "junho": 6,
	"jul": 7, "july": 7, "juillet": 7, "juil": 7, "julio": 7, "lipca": 7, "lip": 7, "juli": 7, "luglio": 7, "lug": 7, "julho": 7,
	"aug": 8, "august": 8, "août": 8, "aout": 8, "agosto": 8, "ago": 8, "sierpnia": 8, "sie": 8, "augusti": 8, "augustus": 8,
	"sep": 9, "sept": 9, "september": 9, "septembre": 9, "septiembre": 9, "września": 9, "wrz": 9, "settembre": 9, "set": 9, "setembro": 9,
	"oct": 10, "october": 10, "octobre": 10, "octubre": 10, "października": 10, "paź": 10, "oktober": 10, "okt": 10, "ottobre": 10, "ott": 10, "outubro": 10, "out": 10,
	"nov": 11, "november": 11, "novembre": 11, "noviembre": 11, "listopada": 11, "lis": 11, "novembro": 11,
	"dec": 12, "december": 12, "décembre": 12, "decembre": 12, "déc": 12, "diciembre": 12, "dic": 12, "grudnia": 12, "gru": 12, "dezember": 12, "dez": 12, "dicembre": 12, "dezembro": 12,
}

const clock = `(?:[,T]?\s*(?:at|à|um|o|a las|@|-)?\s*(\d{1,2})[:h.](\d{2})(?::(\d{2}))?(?:\.\d+)?\s*([AaPp]\.?[Mm]\.?)?\s*(Z\b|[+-]\d{2}:?\d{2}|[A-Z]{2,5}\b)?)?`

var (
	isoDate  = regexp.MustCompile(`(?:^|\D)((?:19|20)\d{2})[-/.](\d{1,2})[-/.](\d{1,2})` + clock)
	dayFirst = regexp.MustCompile(`(?:^|\D)(\d{1,2})([-/.])(\d{1,2})[-/.]((?:19|20)\d{2})\b` + clock)
	named    = regexp.MustCompile(`(?i)(?:^|\D)(\d{1,2})(?:st|nd|rd|th|er|º|\.)?\s+(?:de\s+|of\s+)?(\p{L}{3,12})\.?,?\s+(?:de\s+)?((?:19|20)\d{2})\b` + clock)
	american = regexp.MustCompile(`(?i)\b(\p{L}{3,12})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+((?:19|20)\d{2})\b` + clock)
)

// moment reads the first date in a text. A time without a zone is read in zone.
// Of 05/06/2024 the month stands first in the lands that write it so.
func moment(s string, zone *time.Location, monthFirst bool) (time.Time, bool) {
	s = strings.TrimSpace(s)
	if len(s) > 400 {
		s = s[:400]
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.UTC(), plausible(t)
	}
	if t, ok := epoch(s); ok {
		return t, true
	}
	if m := isoDate.FindStringSubmatch(s); m != nil {
		return assemble(m[1], m[2], m[3], m[4:], zone)
	}
	if m := dayFirst.FindStringSubmatch(s); m != nil {
		day, month := m[1], m[3]
		if first, _ := strconv.Atoi(day); monthFirst && m[2] == "/" && first <= 12 {
			day, month = month, day
		} else if second, _ := strconv.Atoi(month); second > 12 {
			day, month = month, day
		}
		return assemble(m[4], month, day, m[5:], zone)
	}
	if m := named.FindStringSubmatch(s); m != nil {
		if month, ok := months[strings.ToLower(m[2])]; ok {
			return assemble(m[3], strconv.Itoa(int(month)), m[1], m[4:], zone)
		}
	}
	if m := american.FindStringSubmatch(s); m != nil {
		if month, ok := months[strings.ToLower(m[1])]; ok {
			return assemble(m[3], strconv.Itoa(int(month)), m[2], m[4:], zone)
		}
	}
	return time.Time{}, false
}

// epoch reads seconds or milliseconds since 1970.
func epoch(s string) (time.Time, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return time.Time{}, false
	}
	if len(s) == 13 {
		n /= 1000
	} else if len(s) != 10 {
		return time.Time{}, false
	}
	t := time.Unix(n, 0).UTC()
	return t, plausible(t)
}

// plausible: classifieds on the web began in the nineties.
func plausible(t time.Time) bool { return t.Year() >= 1995 && t.Year() <= 2100 }

// assemble makes a time of its parts; tail is hour, minute, second, am or pm, zone.
func assemble(year, month, day string, tail []string, zone *time.Location) (time.Time, bool) {
	y, _ := strconv.Atoi(year)
	mo, _ := strconv.Atoi(month)
	d, _ := strconv.Atoi(day)
	h, _ := strconv.Atoi(tail[0])
	mi, _ := strconv.Atoi(tail[1])
	sec, _ := strconv.Atoi(tail[2])
	if half := strings.ToLower(tail[3]); half != "" {
		if half[0] == 'p' && h < 12 {
			h += 12
		} else if half[0] == 'a' && h == 12 {
			h = 0
		}
	}
	if mo < 1 || mo > 12 || d < 1 || h > 24 || mi > 59 || sec > 60 {
		return time.Time{}, false
	}
	if z := tail[4]; z != "" {
		if hours, ok := zones[z]; ok {
			zone = time.FixedZone(z, int(hours*3600))
		} else if t, err := time.Parse("-0700", strings.ReplaceAll(z, ":", "")); err == nil {
			zone = t.Location()
		}
	}
	t := time.Date(y, time.Month(mo), d, h, mi, sec, 0, zone)
	if t.Day() != d && h != 24 {
		return time.Time{}, false // 31 February
	}
	return t.UTC(), plausible(t)
}
