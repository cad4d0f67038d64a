package phone

// evidence is the set of things that spoke for or against a number.
type evidence uint16

const (
	markGrouped evidence = 1 << iota
	markLink
	markPrefix
	markCue
	markArea
	markReversed
	markUnlikely
	markID
	markNot
	markMeasure
	markLeftover
	markClaim
	markBlocks
	markParts
	markShared
	markUnclear
)

// What each thing says in words, in the order in which it is said.
var (
	speaksFor = [...]struct {
		mark evidence
		why  string
	}{
		{markLink, "for: inside a telephone link"},
		{markPrefix, "for: country code written"},
		{markCue, "for: a contact word stands before it"},
		{markClaim, "for: the text says behind it that it is to be called"},
		{markGrouped, "for: grouped as its numbering plan groups digits"},
		{markArea, "for: the text names the area code apart"},
		{markReversed, "the text says that the digits are reversed"},
		{markBlocks, "the text says that the groups are in reverse order"},
		{markParts, "the text names the parts apart"},
		{markShared, "shares its first digits with the number before it"},
	}
	written = [...]struct {
		how how
		why string
	}{
		{howWord, "number words read as digits"},
		{howTens, "number words for several digits"},
		{howTimes, "repeated digits written as a count"},
		{howUnicode, "digits beyond ASCII"},
		{howCode, "entities or escapes decoded"},
		{howSpelt, "against: misspelt number words"},
		{howSound, "against: words that sound like digits"},
		{howLook, "against: look-alike letters read as digits"},
		{howLeet, "against: letters or signs read as digits"},
		{howKeypad, "against: keypad letters read as digits"},
		{howNoise, "against: letters between the digits"},
		{howFiller, "against: words between the digits"},
		{howSum, "sums worked out"},
		{howKey, "signs read as the digits that the text gives them"},
		{howJunk, "against: letters run into the digits"},
	}
	speaksAgainst = [...]struct {
		mark evidence
		why  string
	}{
		{markUnlikely, "against: in no range known to be in use"},
		{markID, "against: the text may call it an id"},
		{markNot, "against: the text says not to call it"},
		{markMeasure, "against: a unit of measure follows"},
		{markLeftover, "against: other digits right beside it"},
		{markUnclear, "against: the text says something about its digits that was not understood"},
	}
)

// reasons says in words what spoke for and against a number. It is not on the
// way of ads without one.
func (c *candidate) reasons() []string {
	out := make([]string, 0, 6)
	for _, m := range speaksFor {
		if c.marks&m.mark != 0 {
			out = append(out, m.why)
		}
	}
	for _, h := range written {
		if c.how&h.how != 0 {
			out = append(out, h.why)
		}
	}
	for _, m := range speaksAgainst {
		if c.marks&m.mark != 0 {
			out = append(out, m.why)
		}
	}
	return out
}

// method names the way in which the number was written, the strangest first.
func (c *candidate) method() string {
	h := c.how
	switch {
	case c.marks&markLink != 0:
		return "link"
	case c.marks&(markReversed|markBlocks) != 0:
		return "reversed"
	case c.marks&markParts != 0:
		return "parts"
	case c.marks&markShared != 0:
		return "shared"
	case c.marks&markArea != 0:
		return "area"
	case h&howSum != 0:
		return "sum"
	case h&howKey != 0:
		return "keyed"
	case h&howKeypad != 0:
		return "keypad"
	case h&howSpelt != 0:
		return "misspelt"
	case h&(howLeet|howSound) != 0:
		return "letters"
	case h&howLook != 0:
		return "lookalike"
	case h&howNoise != 0:
		return "noise"
	case h&howFiller != 0:
		return "fillers"
	case h&howWord != 0 && h&howDigits != 0:
		return "mixed"
	case h&howWord != 0:
		return "words"
	case h&howUnicode != 0:
		return "unicode"
	case h&howCode != 0:
		return "entities"
	case c.bounds == 0:
		return "plain"
	}
	return "separated"
}
