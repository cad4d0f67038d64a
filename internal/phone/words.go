package phone

import "strings"

// A word is what a word means to someone who reads for numbers: its sort in the
// high byte and a value in the low byte.
type word uint16

// The sorts of words.
const (
	wordNone     word = iota << 8
	wordUnit          // a digit
	wordSoft          // sounds like a digit and is a word of its own
	wordTeen          // two digits in one word
	wordTens          // twenty to ninety
	wordHundred       // multiplies the digit before it
	wordHundreds      // "quinientos"
	wordThousand      // multiplies the digit before it
	wordTimes         // double, triple
	wordPlural        // "fives"
	wordAnd           // joins the parts of a number, or two numbers
	wordFiller        // may stand inside a number
	wordPhone         // a number that follows is to be called
	wordID            // a number that follows names a thing
	wordLabel         // the same, with "no." or "#"
	wordNumber        // "no.", "number"
	wordMeasure       // a number beside it is an amount
	wordArea          // an area code is near
	wordExt           // an extension follows
	wordBack          // the number is written backwards
	wordNot           // negates what follows
	wordDead          // a number beside it is not the advertiser's: "scammer", "disconnected"
	wordTell          // tells how to read what is written
)

// Words that mean more than their sort.
const (
	wordCode = wordID | 1     // an id, but also "area code"
	wordPart = wordFiller | 1 // "last part", but also "part number"

	wordSheet = wordLabel | 1 // hardly ever before a telephone number
	wordForm  = wordLabel | 2 // never right before one
	wordPrice = wordLabel | 3 // not with a colon

	// Which part of a number the digits beside it are.
	wordFirst  = wordFiller | 2
	wordMiddle = wordFiller | 3
	wordLast   = wordFiller | 4
	wordRest   = wordFiller | 5

	wordOld  = wordFiller | 6  // "my old number"
	wordMine = wordFiller | 7  // "my number", "mi cel"
	wordThis = wordFiller | 8  // what "call it" speaks of
	wordNext = wordFiller | 10 // what follows in order
	wordPlus = wordFiller | 9  // adds, where numbers are sums

	wordDrop    = wordTell | 1 // leave out what is named
	wordLetters = wordTell | 2 // what may be left out: letters, words, brackets
	wordOnly    = wordTell | 3
	wordBlocks  = wordTell | 4 // groups of digits
	wordKeypad  = wordTell | 5
	wordStand   = wordTell | 6 // "where", "means": one thing stands for another
	wordJoin    = wordTell | 7 // "together"
	wordColumn  = wordTell | 8 // "each line"
	wordSwapped = wordTell | 9
	wordWay     = wordTell | 10 // may end "right to left"
	wordMorse   = wordTell | 11
	wordTally   = wordTell | 12
	wordRoman   = wordTell | 13
	wordRiddle  = wordTell | 14 // to work something out
	wordMend    = wordTell | 15 // what was said before was wrong
)

func (w word) sort() word   { return w &^ 0xFF }
func (w word) value() uint8 { return uint8(w) }

// numeral reports whether the word is a part of a number in words.
func (w word) numeral() bool { return w >= wordUnit && w < wordAnd }

// maxWord is the length of the longest word that is looked up.
const maxWord = 14

// lookUp returns what a word of ASCII letters means. Accents are gone by then.
func lookUp[T string | []byte](b T) word {
	if len(b) > maxWord || len(b) == 0 {
		return wordNone
	}
	head, tail := ends8(b)
	h := hash(head, tail, len(b))
	if known8[h>>6]>>(h&63)&1 == 0 {
		return wordNone // most words
	}
	for at := h; ; at = (at + 1) % (1 << lexiconBits) {
		switch m := &lexicon[at]; {
		case m.size == 0:
			return wordNone
		case m.head == head && m.tail == tail && int(m.size) == len(b):
			return m.means
		}
	}
}

// ends8 returns the first and the last letters of a word, up to eight each, folded
// to lower case: with its length they are all of it.
func ends8[T string | []byte](b T) (head, tail uint64) {
	switch n := len(b); {
	case n >= 8:
		head = uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 | uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
		b = b[n-8:]
		tail = uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 | uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
	case n >= 4:
		head = uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24
		b = b[n-4:]
		tail = uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24
	case n >= 2:
		head, tail = uint64(b[0])|uint64(b[1])<<8, uint64(b[n-1])
	default:
		head = uint64(b[0])
	}
	const fold = 0x2020202020202020
	return head | fold, tail | fold
}

// hash returns the place of a word in the lexicon.
func hash(head, tail uint64, size int) uint64 {
	h := (head^uint64(size))*0x9E3779B97F4A7C15 ^ tail*0xC2B2AE3D27D4EB4F
	return h * 0x9E3779B97F4A7C15 >> (64 - lexiconBits)
}

// lexicon holds the meanings by the hashes of their words, with a next place for
// those that fall together. It is more than half empty; known8 has a bit for every
// hash of a word, which stays in the processor's nearest memory.
const lexiconBits = 12

type meaning struct {
	head, tail uint64
	means      word
	size       uint8
}

var lexicon, known8 = func() (l [1 << lexiconBits]meaning, known [1 << lexiconBits / 64]uint64) {
	for _, m := range meanings {
		for w := range strings.FieldsSeq(m.words) {
			head, tail := ends8(w)
			at := hash(head, tail, len(w))
			known[at>>6] |= 1 << (at & 63)
			for l[at].size != 0 {
				at = (at + 1) % (1 << lexiconBits)
			}
			l[at] = meaning{head, tail, m.means, uint8(len(w))}
		}
	}
	return l, known
}()

// meanings lists the words of English and Spanish that are known, without accents.
var meanings = [...]struct {
	means word
	words string
}{
	{wordUnit, "zero cero oh nought naught aught zilch nil null zerro ziro"},
	{wordUnit | 1, "one uno"},
	{wordUnit | 2, "two dos deux dois"},
	{wordUnit | 3, "three tres trois"},
	{wordUnit | 4, "four cuatro quatro quatre fower"},
	{wordUnit | 5, "five cinco cinq fife"},
	{wordUnit | 6, "six seis"},
	{wordUnit | 7, "seven siete sete sept"},
	{wordUnit | 8, "eight ocho oito huit"},
	{wordUnit | 9, "nine nueve niner nove neuf"},
	{wordSoft, "o owe zip"},
	{wordSoft | 1, "won wun wan un una um uan"},
	{wordSoft | 2, "to too tu tew tuu tooo twoo toe"},
	{wordSoft | 3, "tree free thre"},
	{wordSoft | 4, "for fore foe quad"},
	{wordSoft | 6, "sex sics siks sicks"},
	{wordSoft | 8, "ate ait eit ayt aight"},
	{wordTeen | 10, "ten diez"},
	{wordTeen | 11, "eleven once"},
	{wordTeen | 12, "twelve doce"},
	{wordTeen | 13, "thirteen trece"},
	{wordTeen | 14, "fourteen catorce"},
	{wordTeen | 15, "fifteen quince"},
	{wordTeen | 16, "sixteen dieciseis"},
	{wordTeen | 17, "seventeen diecisiete"},
	{wordTeen | 18, "eighteen dieciocho"},
	{wordTeen | 19, "nineteen diecinueve"},
	{wordTeen | 21, "veintiuno veintiun"},
	{wordTeen | 22, "veintidos"},
	{wordTeen | 23, "veintitres"},
	{wordTeen | 24, "veinticuatro"},
	{wordTeen | 25, "veinticinco"},
	{wordTeen | 26, "veintiseis"},
	{wordTeen | 27, "veintisiete"},
	{wordTeen | 28, "veintiocho"},
	{wordTeen | 29, "veintinueve"},
	{wordTens | 2, "twenty veinte"},
	{wordTens | 3, "thirty treinta treintai"},
	{wordTens | 4, "forty fourty cuarenta cuarentai"},
	{wordTens | 5, "fifty fivty cincuenta cincuentai"},
	{wordTens | 6, "sixty sesenta sesentai"},
	{wordTens | 7, "seventy setenta setentai"},
	{wordTens | 8, "eighty ochenta ochentai"},
	{wordTens | 9, "ninety ninty noventa noventai"},
	{wordHundred, "hundred"},
	{wordThousand, "thousand mil"},
	{wordHundreds | 1, "cien ciento"},
	{wordHundreds | 2, "doscientos doscientas"},
	{wordHundreds | 3, "trescientos trescientas"},
	{wordHundreds | 4, "cuatrocientos cuatrocientas"},
	{wordHundreds | 5, "quinientos quinientas"},
	{wordHundreds | 6, "seiscientos seiscientas"},
	{wordHundreds | 7, "setecientos setecientas"},
	{wordHundreds | 8, "ochocientos ochocientas"},
	{wordHundreds | 9, "novecientos novecientas"},
	{wordTimes | 2, "double doble dbl twin pair par duo twice"},
	{wordTimes, "veces times"},
	{wordTimes | 3, "triple treble tripple trip trebel trio thrice"},
	{wordTimes | 4, "quadruple cuadruple quartet cuarteto"},
	{wordPlural, "zeros zeroes ceros ohs"},
	{wordPlural | 1, "ones unos"},
	{wordPlural | 2, "twos"},
	{wordPlural | 3, "threes treses"},
	{wordPlural | 4, "fours cuatros"},
	{wordPlural | 5, "fives cincos"},
	{wordPlural | 6, "sixes"},
	{wordPlural | 7, "sevens sietes"},
	{wordPlural | 8, "eights ochos"},
	{wordPlural | 9, "nines nueves"},
	{wordAnd, "and y"},
	{wordFiller, "ok okay su your new nuevo work best friend you know by comes with in dash dot hyphen guion punto space entonces de del la el " +
		"los las is are que con en termino al amigo amiga babe baby hun hon honey dear sweetie digits digit numbers oye bueno " +
		"mira i e es son at on also uh hmm er well so now its the a ya pues segundo yes si second third slash espacio coma comma here " +
		"followedby add put raya another otra segunda tercera tercer tercero cuarta fourth compa thats parts partes porfa"},
	{wordPhone, "call calls calling text texts txt texto tel telf telefono telefonos phone phones ph fone cell cel celular celulares mobile " +
		"movil mob whatsapp whats whatsap wsp wa wapp guasap sms contact contacto contactar contacta contactenos reach llame llama " +
		"llamame llamar llamenos llamada llamadas marque marca marcame marcar comuniquese comunicate comunicarse informacion informes " +
		"info mandame manda mande mensaje mensajes message msg dial ring hmu hit book reserva reservas reservaciones appointment " +
		"appointments cita citas office oficina home fax direct viber signal telegram imessage facetime recados escribeme escribe " +
		"escribir hablame habla buzz holler shout interested interesados interesado interesada lmk voicemail contesta atiende " +
		"contactame llamanos marcale llamale escribele mandale llamas textea texteame texteanos marcanos escribenos llamarnos marcarme llamarme " +
		"contactanos contactarme contactarnos avisame avisenos pregunten pregunta textme callme textme phoning ringing messaging dm inbox " +
		"escribanme escribame escribannos llamenme llameme marqueme marquenme mandeme mandenme hableme hablenme contacteme " +
		"contactenme texteenme aviseme avisenme comuniquense marcarnos escribirme escribirnos hablarme buscame busquenme rings dials texted dialing dialling " +
		"whatsappea whatsappeame wasap guats watsap whatsapps wassap celu fono marquen llamen escriban manden marcar"},
	{wordID, "id ids ref refs reference referencia item license licence licencia lic serial serie sku account acct cuenta card tarjeta " +
		"invoice factura tracking rastreo vin isbn utm gps coordinates coordenadas map mapa timestamp posted publicado updated created " +
		"zipcode postal permit permiso ticket policy poliza confirmation confirmacion registration registro expediente folio mls npi " +
		"tax ein ssn parcel order orden pedido voucher coupon cupon barcode upc ean docket usdot cert certificate pin password lat lon " +
		"long latitude longitude case caso ip version patent lot sample iban routing clabe asin model lotto lottery articulo parcela " +
		"padron catastral catalogo catalog issn doi waybill awb deed siniestro badge example ejemplo format formato bitcoin " +
		"reservation reservacion loteria quiniela powerball winning ganadores bingo melate"},
	{wordLabel, "ad ads anuncio listing post entry record member miembro room unit apt suite bldg flight vuelo bus route ruta batch"},
	{wordNumber, "no num number numero nro nr nbr numb"},
	{wordMeasure, "miles millas mile km kms inches inch cm mm meters metres metros pies feet ft lbs lb libras kilos kg kgs pounds dollars " +
		"dolares rupees euros soles reais yen quetzales lempiras cents centavos usd pesos bucks rooms beds baths hours hour horas hora " +
		"hr hrs half min mins minutes minutos months month meses mes weeks week semana semanas days day dias dia years year anos ano " +
		"age edad percent pct sq sqft sf acres acre deposit deposito total roses rosas height altura weight peso shoe talla chest " +
		"waist bust hips am pm people personas guests screen table shelf wheels tires weekly daily monthly obo models hz khz mhz kw " +
		"kwh watts volts rpm psi mah btu dpi mpg per bytes mb gb kb"},
	{wordArea, "area prefix prefijo lada zona areacode"},
	{wordExt, "ext extension x extn exten"},
	{wordBack, "backwards backward reverse reversed reves invertido invertida mirrored atras"},
	{wordForm, "contract contrato employee empleado matricula placa seq cedula rfc curp dni nss passport pasaporte recibo receipt boleta " +
		"membership afiliado icc fcc imei gtin rma pedimento claim report reporte incident medidor modelo chasis boleto acta escritura " +
		"foja ficha nomina legajo credencial carnet predial catastro transaccion transaction operacion autorizacion authorization " +
		"citation infraccion multa warrant summons subpoena inmate recluso paciente patient prescription receta specimen accession " +
		"grant bid cslb dre nmls npn fein duns naics imsi iccid esn meid udid mpn ndc workorder dossier acuse radicado tramite turno " +
		"sinistro renavam placas plate asset tag credit rev revision medicare socio passcode paquete package shipment build commit " +
		"server hash chassis webinar zoom meeting raffle dorsal matrix checksum dhl fedex ups usps estafeta oxxo apn lading guia token plu nit " +
		"patente socket referral referido cupones promocode diploma pensioner policyholder cuil cuit rif cif nif nie dui " +
		" spei swift bic crn abn acn vat utr nhs gmc nmc dvla sia dbs ofsted kvk siret gst aadhaar nuip folios timbre " +
		"remision remito comprobante recibos certificado constancia colegiatura " +
		" averiguacion carpeta siniestros endoso " +
		"manifest consignment consignacion pallet tarima pnr eticket ticketmaster stub sorteo rifa " +
		"combination combinacion jackpot sorteos melates " +
		"serialnumber partnumber stocknumber itemnumber ordernumber refnumber inv invoiceno wo rfq " +
		" matriculation transcript isni orcid pmid pmc arxiv uuid guid fingerprint otp redeem redemption " +
		"redencion activation activacion productkey licensekey keycode giftcard egift scratchcard gamertag friendcode " +
		"chassisno engineno hin mmsi callsign registrationno plateno expte docketno caseno warrantno claimno " +
		"violation warranty garantia contrasena locator locker frame reel survey catalogue tracker agreement pedigree " +
		"prescriber deea dea npino medrec mrn hmo ppo medicaid copay derechohabiente "},
	{wordPrice, "price prices precio precios rates tarifas tarifa costo costos fees"},
	{wordSheet, "views visitas vistas visits visitors followers seguidores downloads descargas shelf estante population poblacion container contenedor record chart roll seal promo finca tomo folder prof product producto reading lectura sizes size tallas score scores marcador track results resultados expires stock student " +
		"alumno clave session error meter chip quote job insurance seguro lote bill vehicle vehiculo property reg ruc rut cheque " +
		"client cliente customer user usuario loan mc mac po employer nota"},
	{wordFiller, "main private personal business good right correct current me us him her today preferred primary usual real actual propio " +
		"principal correcto"},
	{wordCode, "code codigo"},
	{wordPart, "part parte"},
	{wordFirst, "first begin begins beginning start starts starting empieza comienza primero primera primeros primeras inicia inicio arranca " +
		"principio"},
	{wordMiddle, "entre mid middle between mitad medio center centro"},
	{wordNext, "sigue siguen siguientes enseguida continues continue then next followed luego despues seguido following after afterwards goes tras other otro " +
		"otros otras"},
	{wordLast, "finales last end ends ending finish finishes finally final termina terminan ultimo ultimos ultima ultimas acaba lastly terminacion terminado terminada terminando"},
	{wordRest, "rest resto remaining demas remainder"},
	{wordOld, "old viejo vieja anterior antiguo antigua former previous"},
	{wordMine, "my mi mis our nuestro"},
	{wordThis, "it this that them lo le este esto ese eso those these"},
	{wordPlus, "plus mas minus menos"},
	{wordDrop, "drop remove skip ignore delete omit forget forgetting erase strip quita quitale quite quitar quitando olvida olvide ignora " +
		"ignorando elimina elimine borra borre omite saca saltate disregard without sin"},
	{wordLetters, "letters letter letras letra words palabras palabra brackets bracket parentesis parens parenthesis symbols simbolos emojis " +
		"signos stars asteriscos gaps spaces fluff junk"},
	{wordOnly, "only solo puro puros just solamente nomas"},
	{wordBlocks, "blocks block bloques bloque groups grupos trozos chunks pieces sets tercios"},
	{wordKeypad, "keypad teclado pad keyboard dialpad teclas"},
	{wordStand, "where wherever donde swap replace change cambia cambie cambiar reemplaza reemplace sustituye sustituya cambiando every each " +
		"cada means mean significa significan stands equals vale valen representa equivale substitute instead represents todos todas " +
		"convierte"},
	{wordJoin, "together join juntos juntas junta junte juntar combine combina unir une combined joined"},
	{wordColumn, "column columna vertical vertically verticalmente acrostic renglon renglones linea lineas lines line downwards abajo"},
	{wordMorse, "morse"},
	{wordRoman, "roman romans romano romanos romanas"},
	{wordTally, "count counting cuente cuenten contando cuantos cuantas conta contar many tally tallies strokes rayitas palitos palotes marks"},
	{wordWay, "left izquierda front"},
	{wordRiddle, "subtract resta restale restele reste restar restarle deduct sum sums suma sumale sumele sume sumar everywhere cuentas " +
		"divide dividelo dividalo divided dividido partelo halve halved split multiply multiplica multiplicalo multiplied multiplicado " +
		"calcula calculate solve resuelve answers answer math maths matematicas arithmetic aritmetica equation ecuacion riddle acertijo"},
	{wordMend, "oops whoops ups sorry perdon perdona perdone typo correction correccion corrijo digo scratch meant mistake equivoque equivoco " +
		"oopsie woops"},
	{wordSwapped, "swapped cambiados intercambiados shuffled"},
	{wordDead, "disconnected beware bloqueen bloqueado bloquea bloqueada desconectado desconectada scammer scammers scam estafador estafadora " +
		"estafadores estafa fraud fraude fraudulent fake falso falsa impostor imposter hacked hackeado hackeada hackearon stolen " +
		"robado spoofed spoofing suplantando impersonate impersonating impersonates impersonar suplanta cancelado cancelled canceled"},
	{wordNot, "not never nunca dont doesnt isnt wasnt aint jamas tampoco"},
	{wordBack, "voltea voltealo volteala volteado volteelo volteados voltee inverso inversa inverted invierte inviertelo invertir invert flip " +
		"flipped mirror espejo"},
}

// mayCount is a quick look at the first two letters of a word: when false, the
// word is no numeral. A test holds the table to lookUp.
func mayCount(a, b byte) bool {
	return seconds[(a|0x20-'a')%26]>>(b|0x20-'a')&1 != 0
}

// seconds holds, for every first letter of numerals, the second ones as bits.
var seconds = [26]uint32{
	0:         0x0180100,
	'c' - 'a': 0x0100111,
	'd' - 'a': 0x0104112,
	'e' - 'a': 0x0000900,
	'f' - 'a': 0x0024100,
	'h' - 'a': 0x0100000,
	'm' - 'a': 0x0000100,
	'n' - 'a': 0x0104111,
	'o' - 'a': 0x0402184,
	'p' - 'a': 0x0000001,
	'q' - 'a': 0x0100000,
	's' - 'a': 0x0000110,
	't' - 'a': 0x0524190,
	'u' - 'a': 0x0003001,
	'v' - 'a': 0x0000010,
	'w' - 'a': 0x0104000,
	'z' - 'a': 0x0000110,
}
