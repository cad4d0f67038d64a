package invent

import "strings"

// The words that texts are made of. They mean nothing and fit anything; each seed
// takes a part of them.
var (
	adjectives = strings.Fields("amber brisk civil dainty earnest fluent gentle hearty ideal jaunty keen limber mellow nimble orderly placid quaint robust sedate tidy upbeat vivid warm young zesty ample bonny cosy deft easy fresh genial honest inviting jolly kindly lively modest neighbourly open patient quiet ready steady tender unhurried velvet willing")
	nouns      = strings.Fields("acorn barrel canvas dune ember fern garnet harbor inlet juniper kernel lantern meadow nutmeg orchid pebble quarry ribbon saddle thistle urchin violet willow yarrow zephyr almond beacon clover damson elm feather ginger heron iris jasper kite lilac maple needle olive poplar quill raven spruce teal umber valley walnut yew birch cedar delta falcon grove hollow ivory jade lagoon marble")
	places     = strings.Fields("studio parlour room suite corner lounge hall terrace office house garden salon")
	services   = strings.Fields("massage pedicures tailoring ironing painting plumbing baking tuition carpentry grooming translating sewing driving packing")
	people     = strings.Fields("waiters drivers packers singers hosts barbers nannies cooks")
	names      = strings.Fields("Ada Bea Cleo Dot Elsa Faye Gwen Hedy Inez Jo Kate Lea Mina Nell Opal Prue Queenie Rhea Sal Tess Una Vera Wilma Yara Zoe Alma Blanche Cora Della Edith")
	cities     = strings.Split("Akron,Boise,Camden,Dayton,El Paso,Flint,Gary,Hartford,Irvine,Jackson,Knoxville,Lansing,Mobile,Norfolk,Ogden,Peoria,Quincy,Reading,Salem,Toledo,Utica,Ventura,Waco,Yonkers,Santa Rosa,Baton Rouge,Green Bay,Fort Wayne,Little Rock,Long Beach", ",")
	hoods      = strings.Split("old harbor,station,north end,riverbank,market square,hilltop,south side,college,airfield,museum quarter,stadium,lakefront", ",")
	emoji      = []string{"🌹", "🔥", "⭐", "✨", "💎", "🦋", "📞"}
	separators = []string{" . ", " ~ ", " ! ", " - ", "\n", " | ", ", "}
)

// Frames of sentences. A group fills the brackets in once, an ad the angles anew.
var frames = []string{
	"Call <name> on <phone> {thanks|any time|please}",
	"{Ring|Text|Message} <name> at <phone> {bye|see you soon|thank you}",
	"{Price|Rate|Donation} <price> {flat|an hour|a visit} {new clients welcome|less on weekdays|half for students}",
	"{Open|Available|Here} <time> to <time> {every day|but Sundays|all week}",
	"Come to the [adj] [place] {near|opposite|above|behind} the <hood> {station|bakery|school|park}",
	"We are a [adj] {team|family|duo|crew} {working|living|found} {near|around|at} <hood>",
	"{Now in|Visiting|Out calls in} <city> {this week|and nearby|and around}",
	"Hello {friends|neighbours|folks|people} of <city> , <name> {is here|says hello|is back}",
	"Do you need [adj] [service] {today|at home|in a hurry|for a good price} ?",
	"{Rest|Unwind|Smile|Recover} with our [noun] {treatment|morning|offer|ritual}",
	"[adj] [noun] {ways|rooms|hands} , [adj] {mood|manners|music} , no {hurry|worry|fuss}",
	"{Ten|Five|Twenty|Eight} years of {practice|work|training} and only [adj] {words|clients|letters}",
	"{Bed|Food|Travel|Visa} {paid|given|arranged} for {staff|people|newcomers} from {abroad|other towns|far away}",
	"{Hiring|Wanted|We look for} [people] {no papers needed|start today|beginners welcome}",
	"{Earn|Make} <price> {a day|a week|each shift} {cash|paid at once|in hand}",
	"{No texts|Calls only|Serious people only} {please|thank you|no time wasters}",
	"{Bring|Take} a {friend|sister|colleague} and {both|each} {save|get a present|pay half}",
}

var generics = []string{"ask for more", "call now <name>", "new in <city> call", "best offer ring me", "nice and cheap <phone>", "text <name>", "available now <phone>"}

var footers = []string{
	"Ads on NoticeHall are written by its users . NoticeHall has not checked them and answers for nothing in them . Meet in public places and never pay ahead . Report what looks wrong to our desk with the number of the ad .",
	"You read this on The Swap Corner number <serial> . Tell a friend about us . Never send money by wire to people you have not met . All times are local .",
	"Safety first : our rules forbid offers that break the law . Flag this page if you think that it does . Thank you for keeping the square clean for everybody .",
}
