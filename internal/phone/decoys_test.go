package phone

import (
	"math/rand/v2"
	"strings"
)

// A decoy writes a sentence with digits and no telephone number.
type decoy struct {
	name  string
	write func(r *rand.Rand, fiction bool) string
}

// digitsOf fills a pattern: N is 2 to 9, X any digit, D 1 to 9; the rest stays.
func digitsOf(r *rand.Rand, pattern string) string {
	out := []byte(pattern)
	for i, c := range out {
		switch c {
		case 'N':
			out[i] = byte('2' + r.IntN(8))
		case 'X':
			out[i] = byte('0' + r.IntN(10))
		case 'D':
			out[i] = byte('1' + r.IntN(9))
		}
	}
	return string(out)
}

// harmless turns patterns of a number's length into ones of ranges set aside for
// fiction, for what is kept in a file.
var harmless = strings.NewReplacer("{NXXNXXXXXX}", "{NXX}55501{XX}", "{NXX}-{NXX}-{XXXX}", "{NXX}-555-01{XX}",
	"{NXX} {NXX} {XXXX}", "{NXX} 555 01{XX}", "{NXX}{NXX}{XXXX}", "{NXX}55501{XX}", "{NXX}, {NXX}, {NXXX}", "{NXX}, 555, 01{XX}",
	"{NXX}, {NXX} and {NXXX}", "{NXX}, 555 and 01{XX}", "{DXXXXXXXXX}", "{NXX}55501{XX}", "{NXXNXXXXXXXX}", "{NXX}55501{XXXX}", "{NXX}.{NXX}.{XXXX}", "{NXX}.555.01{XX}", "{XXXXXXXXXX}", "{NXX}55501{XX}", "{NXX}, {NXX} and {XXXX}", "{NXX}, 555 and 01{XX}")

// filled makes a decoy that fills one of some patterns written between braces in
// a sentence: "Ref {NXXNXXXXXX}".
func filled(name string, sentences ...string) decoy {
	return decoy{name, func(r *rand.Rand, fiction bool) string {
		s := pick(r, sentences...)
		if fiction {
			s = harmless.Replace(s)
		}
		for {
			i := strings.IndexByte(s, '{')
			if i < 0 {
				return s
			}
			j := i + strings.IndexByte(s[i:], '}')
			s = s[:i] + digitsOf(r, s[i+1:j]) + s[j+1:]
		}
	}}
}

func decoys() []decoy {
	return []decoy{
		filled("ids", "Reference: {NXXNXXXXXX}", "Ref. no. {NXX}-{NXX}-{XXXX}", "Folio {NXXNXXXXXX}", "Order #{NXXNXXXXXX} is ready", "Número de pedido: {NXX} {NXX} {XXXX}",
			"Invoice {NXXNXXXXXX}", "Case number {NXXNXXXXXX}", "Expediente {NXXNXXXXXX}", "MLS# {NXXNXXXXXX}", "Parcel ID {NXX}-{NXX}-{XXXX}", "Serial {NXXNXXXXXX}", "SKU {NXXNXXXXXX}",
			"Tracking {NXXNXXXXXX}", "License {NXXNXXXXXX}", "Lic. #{NXXNXXXXXX}", "Cédula profesional: licencia {NXXNXXXXXX}", "VIN ending {NXXNXXXXXX}", "Account {NXXNXXXXXX}", "Ticket {NXX}-{NXX}-{XXXX}",
			"NPI {DXXXXXXXXX}", "{NXXNXXXXXX} is our order number", "Confirmation code {NXXNXXXXXX}", "Code: {NXX}{NXX}{XXXX}", "Código {NXXNXXXXXX}", "Permit {NXX} {NXX} {XXXX}", "ISBN {NXXNXXXXXX}",
			"Ad number {NXXNXXXXXX}", "Anuncio número {NXXNXXXXXX}", "Listing #{NXXNXXXXXX}", "Posting ID: {NXXNXXXXXX}", "Member no {NXXNXXXXXX}", "Registration {NXXNXXXXXX}", "Model {NXXNXXXXXX}",
			"Part number {NXXNXXXXXX}", "USDOT {NXXNXXX}", "Policy {NXXNXXXXXX}", "Barcode {NXXNXXXXXXXX}", "Batch {NXXNXXXXXX}", "User id {NXXNXXXXXX}"),
		filled("prices", "${NXX}, ${NXX}, ${NXX} and ${NXX}", "Rates {DXX} {DXX} {DXX} {DX}", "${DXX}/{DXX}/{DXX}/{DXX}", "Prices from {DXX} to {DXXX} dollars", "{DX0} roses 15 min, {DX0} half, {DXX} full", "{DXX}.00 {DXX}.00 {DXX}.00",
			"{DX},{XXX} pesos o {DX},{XXX}", "$ {D},{XXX},{XXX}", "Was {DXXX}, now {DXXX}", "{DXX} hh {DXX} hr {DXX} two hours", "Total {DXXX} + {DXX} + {DX}", "1 hora {DXX}, 2 horas {DXX}, 3 horas {DXX}", "15/{DX} 30/{DXX} 60/{DXX}",
			"{DXX} half hour {DXX} hour {DXX}0 night", "hh {DXX} / hr {DXX} / 2hr {DXX}"),
		filled("dates and times", "From 2026-{1}1-1{X} to 2026-12-1{X}", "0{D}/1{X}/2026 - 0{D}/2{X}/2026", "1{X}.0{D}.2026 1{X}:30", "Open 8:30-12:00 and 13:00-17:30", "Mon 9-5 Tue 9-5 Wed 10-6 Thu 10-6 Fri 9-4", "Lunes 9 a 5, martes 9 a 6, sábado 10 a 2",
			"Posted 2026{1}1{1}2{XXXXXX}", "Updated 17{XXXXXXXX}", "2026-11-2{X}T1{X}:2{X}:3{X}", "Years 2014, 2015, 2017-2019, 2021", "1 2 3 4 5 6 7 8 9 10 11 12", "10 11 12 13 14 15 16", "9 10 11 12 1 2 3 4 5 6 7", "May 5 6 7 8 9, June 1 2 3 4 5",
			"2 3 4 5 6 7 8 9 10 11 12", "Times: 2:15 3:45 4:30 6:00", "From 1998 to 2006, 2008 and 2012"),
		filled("places", "Zip codes {NXXXX} {NXXXX} {NXXXX}", "{NXXXX}, {NXXXX}, {NXXXX}", "ZIP {NXXXX}-{XXXX}", "Códigos postales {NXXXX} y {NXXXX}", "{NXX} {NXX}th Street, apt {XXXX}", "{DXXX} Highway {DX}, suite {DXX}, {NXXXX}", "lat {DX}.{XXXXXX}, lon -{DX}.{XXXXXX}",
			"{DX}.{XXXX}, -{DX}.{XXXX}", "@{DX}.{XXXXXXX},-{DX}.{XXXXXXX},17z", "N {DX}° {DX}.{XXX}' W {DX}° {DX}.{XXX}'", "Grid ref SU {XXX} {XXX}", "UTM {DX}N {XXXXXX} {XXXXXXX}", "Exits {NXX}, {NXX} and {NXXX}", "Serving {NXXXX} / {NXXXX}", "Route {NXX} exit {NXX} mile {XXXX}",
			"Bus lines {NX} {NX} {NXX} {NXX}"),
		filled("sizes", "{DX}x{DX}x{DX} and {DX}x{DX}", "{DXX} x {DXX} x {DXX} cm, {DXX} x {DX}", "Size {DX}-{DX}-{DX}, {D}'{D}\", {DXX} lbs", "{DXXX}x{DXXX} px and {DXXX}x{DXXX}", "{DX},{XXX} miles, {DXXX} cc, {DXX} hp", "{NXX}/{DX}R{DX} {NXX}/{DX}R{DX}", "Medidas {DX} {DX} {DX}, estatura 1.{DX}, peso {DX}",
			"{DXXX} sq ft, {D} beds, {D} baths, built 19{XX}", "Weight {NXX}.{X} kg height {NXX} cm age {DX}", "5 6 {DXX} {DX} {DX} {DX} model", "Bust {DX} waist {DX} hips {DX} height 5 {D} weight {DXX}", "{NXX} {NXX} {DX} mm", "Motor {DXXX}, {NXX},{XXX} km, {DXX} hp", "Odometer {NXX},{XXX}, year 20{DX}", "Year 20{XX}, {NXX},{XXX} miles",
			"20{DX} model with {NXX} {XXX} km"),
		filled("cards and codes", "Card {NXXX} {XXXX} {XXXX} {XXXX}", "{NXXX}-{XXXX}-{XXXX}-{XXXX}", "IBAN GB{XX} ABCD {XXXXXX} {XXXXXXXX}", "Routing {XXXXXXXXX} account {XXXXXXXXXX}", "SSN {DXX}-{DX}-{DXXX}", "IP {NX}.{NXX}.{NX}.{NXX}", "v{D}.{DX}.{DXXX}", "EIN {DX}-{DXXXXXX}", "MAC 0{X}:{XX}:{XX}:{XX}:{XX}:{XX}",
			"Bitcoin 1A{XXX}b{XXX}C{XXXX}", "Lottery numbers {DX} {DX} {DX} {DX} {DX}", "Lotto: {D} {DX} {DX} {DX} {DX} {D}", "ISBN 978-{D}-{XXXX}-{XXXX}-{X}", "Pin {XXXX}, door {XXXX}, gate {XX}", "EAN {DXXXXXXXXXXXX}", "Password hunter{XXX}{XXX}{XXXX}", "Flight {NXX} gate {NX} seat {NX}"),
		filled("links", "https://ads.example/item/{NXXNXXXXXX}", "https://img.example/{NXXNXXXXXX}.jpg", "see page.example/?id={NXXNXXXXXX}", "https://shop.example/p/{NXXNXXXXXX}?ref=1", "user{NXXNXXXXXX}@mail.example", "https://map.example/@{DX}.{XXXXX},-{DX}.{XXXXX}", "http://board.example/post-{NXXNXXXXXX}.html",
			"<img src=\"/i/{NXXNXXXXXX}_s.png\">", "data-id=\"{NXXNXXXXXX}\""),
		filled("scores and counts", "Won {NX}-{NX}, {NX}-{NX}, {NX}-{NX}", "Set of 4 for {DX}, 8 for {DX}, 12 for {DXX}", "{NXX} views {NX} likes {NXXX} shares", "Rooms 101 102 103 204 205", "Lots {NXX}, {NXX}, {NXXX}", "Sizes 2 4 6 8 10 12 14", "one two three four five", "uno dos tres cuatro cinco seis", "One room for two, two rooms for four, three for six",
			"dos cuartos, tres camas, cinco personas, uno o dos baños", "I have one to three free for four or five days", "Nine to five, Monday to Friday, one or two hours, ten to six Saturday", "Pages {NXX}-{NXX}, {NXX}-{NXXX}", "Tables of 2, 4, 6, 8 and 10; 12 at most", "Two twin beds, one king, three nights, four guests, five stars, six"),
	}
}

// plainWords are sentences to stand around decoys and numbers.
var plainWords = []string{
	"Bright flat on a quiet street.", "Se aceptan mascotas.", "Free parking behind the house.", "Horario flexible.", "New mattress, never used.", "Precio a tratar.",
	"Please be on time.", "Ambiente familiar y limpio.", "Two blocks from the station.", "Walk in or book ahead.", "Solo fines de semana.", "Ask for Ana at the desk.",
}

func around(r *rand.Rand, s string) string {
	out := []string{pick(r, plainWords...), s + pick(r, "", ".", "!"), pick(r, plainWords...)}
	if r.IntN(2) == 0 {
		out = append(out, pick(r, plainWords...))
	}
	return strings.Join(out, pick(r, " ", "\n", " - "))
}
