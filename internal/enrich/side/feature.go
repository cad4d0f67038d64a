package side

// A feature is something that can be found in a post. The first are pairs of a
// trigger and its object; weights.txt says what each is worth.
type feature uint8

// triggers have objects, in the order of the features.
var triggers = [...]class{want, ask, met, bargain, pay, offer}

var triggerNames = [...]string{"want", "ask", "met", "bargain", "pay", "offer"}

// An object is what a trigger is about.
type object uint8

const (
	nothing object = iota // nothing that tells
	paid                  // a person whose time is paid
	lady
	anybody
	time  // company
	touch // massage
	her   // she, or somebody by name
	him   // a man
	other // things, lessons, pets, homes, jobs
	objectCount
)

func (o object) String() string {
	return [...]string{"nothing", "paid", "lady", "anybody", "time", "touch", "her", "him", "other"}[o]
}

func pair(trigger int, o object) feature { return feature(trigger*int(objectCount) + int(o)) }

const (
	judged feature = feature(len(triggers))*feature(objectCount) + iota
	judgedTopic
	judgedPerson
	judgedMeeting
	judgedAsked
	metPaid
	rate
	rateAsked
	rateTopic
	hourAsked
	hourBargained
	amountAsked
	amountBargained
	bargainedYou
	bargainedTopic
	jargons
	payer
	payerPerson
	payerWants
	wantsHour
	personAsked
	topicAsked
	openAsked
	speaksOfHer
	speaksOfSelf
	speaksToYou
	describes
	mentions
	onBoard
	reported
	hired
	goodsSaid
	homeSaid
	serviceSaid
	kinSaid
	socialSaid
	thingSaid
	indicated
	otherLanguage
	reachable
	priced
	always
	onlyPersonal
	noTopic
	featureCount
)

// topics are the features of other things that are spoken of.
var topics = [...]struct {
	class
	feature
}{{hire, hired}, {goods, goodsSaid}, {home, homeSaid}, {service, serviceSaid}, {kin, kinSaid}, {social, socialSaid}, {thing, thingSaid}}

// single is the features that are no pairs: their names, and what they are reasons of.
var single = [...]struct {
	name string
	why  reason
}{
	{"judged", reviews}, {"judged-topic", unsaid}, {"judged-person", reviews}, {"judged-meeting", reviews}, {"judged-asked", asks}, {"met-paid", reviews},
	{"rate", rates}, {"rate-asked", bargains}, {"rate-topic", unsaid}, {"hour-asked", bargains}, {"hour-bargained", bargains}, {"amount-asked", bargains},
	{"amount-bargained", bargains}, {"bargained-you", bargains}, {"bargained-topic", unsaid}, {"jargon", speech}, {"payer", pays}, {"payer-person", pays},
	{"payer-wants", pays}, {"wants-hour", seeks}, {"person-asked", asks}, {"topic-asked", unsaid}, {"open-asked", asks}, {"speaks-of-her", speech}, {"speaks-of-self", offers},
	{"speaks-to-you", offers}, {"describes", described}, {"mentions", described}, {"on-board", speech}, {"reported", unsaid}, {"hired", unsaid}, {"goods", unsaid}, {"home", unsaid},
	{"service", unsaid}, {"kin", unsaid}, {"social", unsaid}, {"thing", unsaid}, {"indicated", found}, {"other-language", offers}, {"reachable", contact},
	{"priced", rates}, {"always", unsaid}, {"only-personal", speech}, {"no-topic", unsaid},
}

func (f feature) String() string {
	if f < judged {
		return triggerNames[f/feature(objectCount)] + "-" + object(f%feature(objectCount)).String()
	}
	return single[f-judged].name
}

func (f feature) reason() reason {
	if f < judged {
		return reason(f / feature(objectCount))
	}
	return single[f-judged].why
}

// A reason is why a post is taken for one of a side. The first are those of the
// triggers.
type reason uint8

const (
	seeks reason = iota
	asks
	reviews
	bargains
	pays
	offers
	found
	contact
	rates
	described
	speech
	unsaid
	reasonCount
)

func (k reason) String() string {
	return [...]string{
		"the author looks for somebody's paid time", "the author asks others whom to visit", "the author reports on a meeting", "the author asks about or bargains over a rate",
		"the author speaks as the one who pays", "somebody's time is offered", "an indicator of demand was found", "a contact is given", "rates are listed", "the person in the ad is described",
		"the words are those of such posts", "",
	}[k]
}
