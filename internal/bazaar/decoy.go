package bazaar

import "fmt"

// decoy returns a sentence with digits that are no telephone number. Broad lets
// in what only goods and trades print: sizes, coordinates, card numbers.
func (t *Town) decoy(d *dice, lang string, broad bool) string {
	es := lang == "es"
	say := func(en, sp string, v ...any) string {
		if es {
			return fmt.Sprintf(sp, v...)
		}
		return fmt.Sprintf(en, v...)
	}
	kind := d.n(4)
	if broad {
		kind = d.n(15)
	}
	switch kind {
	case 0:
		return say("Post id: %d%07d.", "Anuncio no. %d%07d.", d.between(200, 989), d.n(1e7))
	case 1:
		return say("80 half %d hour %d two %d four.", "80 media %d hora %d dos %d cuatro.", d.between(9, 16)*10, d.between(17, 25)*10, d.between(30, 45)*10)
	case 2:
		return say("We serve %05d, %05d and %05d-%04d.", "Códigos postales %05d, %05d y %05d-%04d.", d.between(10001, 99950), d.between(10001, 99950), d.between(10001, 99950), d.between(1000, 9999))
	case 3:
		return say("Open %dam to %dpm, since %d.", "Abierto de %d a 1%d, desde %d.", d.between(7, 11), d.between(6, 9), d.between(1988, 2024))
	case 4:
		return say("Item code %s.", "Referencia %s.", t.book.decoy(d.n(decoyNumbers)))
	case 5:
		return say("%d x %d x %d inches.", "%d x %d x %d cm.", d.between(20, 90), d.between(20, 90), d.between(20, 90))
	case 6:
		return say("Costume fits 36-28-38, height 5 %d, weight 1%d, shoe %d 1/2.", "Disfraz talla %d, altura 1.%d m, zapato %d.", d.between(2, 9), d.between(20, 80), d.between(6, 11))
	case 7:
		return say("Gift card 6006 %04d %04d %04d, unused.", "Tarjeta de regalo 6006 %04d %04d %04d.", d.n(1e4), d.n(1e4), d.n(1e4))
	case 8:
		return say("GPS %d.%06d, -%d.%06d.", "GPS %d.%06d, -%d.%06d.", d.between(26, 45), d.n(1e6), d.between(70, 120), d.n(1e6))
	case 9:
		return say("Year %d, %d,%03d miles.", "Modelo %d, %d,%03d kilómetros.", d.between(1998, 2024), d.between(20, 190), d.n(1000))
	case 10:
		return say("Dates: %02d/%02d/2026, %02d/21/2026 and 12/05/2026.", "Fechas: %02d/%02d/2026, %02d/11/2026 y 05/12/2026.", d.between(1, 12), d.between(1, 12), d.between(1, 12))
	case 11:
		return say("Fits 1998 1999 2000 2001 2002 2003 models, tires %d/45R17.", "Años 2015 2016 2017 2018, llanta %d/45R17.", d.between(19, 26)*10+5)
	case 12:
		return say("Hours 0900-1700 1800-2200 06%02d-0800.", "Horario 8:00 12:00 13:00 17:00 18:%02d 21:00.", d.n(6)*10)
	case 13:
		return say("Listing ref: %s, please quote.", "Folio %s.", t.book.decoy(d.n(decoyNumbers)))
	}
	return say("Rent 1,%d + 300 deposit + 45 application = 1%d total.", "1,%d de renta + 300 de depósito, 1%d en total.", d.between(100, 480), d.between(800, 980))
}
