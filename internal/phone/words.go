package phone

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
)

func (w word) sort() word   { return w &^ 0xFF }
func (w word) value() uint8 { return uint8(w) }

// numeral reports whether the word is a part of a number in words.
func (w word) numeral() bool { return w >= wordUnit && w < wordAnd }

// maxWord is the length of the longest word that is looked up.
const maxWord = 14

// lookUp returns what a word of ASCII letters means. Accents are gone by then.
func lookUp[T string | []byte](b T) word {
	var low [maxWord]byte
	if len(b) > maxWord {
		return wordNone
	}
	for i := range len(b) {
		low[i] = b[i] | 0x20
	}
	switch string(low[:len(b)]) {
	case "zero", "cero", "oh", "nought", "naught", "aught", "zilch", "nil", "null", "zerro", "ziro":
		return wordUnit
	case "one", "uno":
		return wordUnit | 1
	case "two", "dos", "deux", "dois":
		return wordUnit | 2
	case "three", "tres", "trois":
		return wordUnit | 3
	case "four", "cuatro", "quatro", "quatre", "fower":
		return wordUnit | 4
	case "five", "cinco", "cinq", "fife":
		return wordUnit | 5
	case "six", "seis":
		return wordUnit | 6
	case "seven", "siete", "sete", "sept":
		return wordUnit | 7
	case "eight", "ocho", "oito", "huit":
		return wordUnit | 8
	case "nine", "nueve", "niner", "nove", "neuf":
		return wordUnit | 9
	case "o", "owe", "zip":
		return wordSoft
	case "won", "wun", "wan", "un", "una", "um", "uan":
		return wordSoft | 1
	case "to", "too", "tu", "tew", "tuu", "tooo", "twoo", "toe":
		return wordSoft | 2
	case "tree", "free", "thre":
		return wordSoft | 3
	case "for", "fore", "foe", "quad":
		return wordSoft | 4
	case "sex", "sics", "siks", "sicks":
		return wordSoft | 6
	case "ate", "ait", "eit", "ayt", "aight":
		return wordSoft | 8
	case "ten", "diez":
		return wordTeen | 10
	case "eleven", "once":
		return wordTeen | 11
	case "twelve", "doce":
		return wordTeen | 12
	case "thirteen", "trece":
		return wordTeen | 13
	case "fourteen", "catorce":
		return wordTeen | 14
	case "fifteen", "quince":
		return wordTeen | 15
	case "sixteen", "dieciseis":
		return wordTeen | 16
	case "seventeen", "diecisiete":
		return wordTeen | 17
	case "eighteen", "dieciocho":
		return wordTeen | 18
	case "nineteen", "diecinueve":
		return wordTeen | 19
	case "veintiuno", "veintiun":
		return wordTeen | 21
	case "veintidos":
		return wordTeen | 22
	case "veintitres":
		return wordTeen | 23
	case "veinticuatro":
		return wordTeen | 24
	case "veinticinco":
		return wordTeen | 25
	case "veintiseis":
		return wordTeen | 26
	case "veintisiete":
		return wordTeen | 27
	case "veintiocho":
		return wordTeen | 28
	case "veintinueve":
		return wordTeen | 29
	case "twenty", "veinte":
		return wordTens | 2
	case "thirty", "treinta":
		return wordTens | 3
	case "forty", "fourty", "cuarenta":
		return wordTens | 4
	case "fifty", "fivty", "cincuenta":
		return wordTens | 5
	case "sixty", "sesenta":
		return wordTens | 6
	case "seventy", "setenta":
		return wordTens | 7
	case "eighty", "ochenta":
		return wordTens | 8
	case "ninety", "ninty", "noventa":
		return wordTens | 9
	case "hundred":
		return wordHundred
	case "thousand", "mil":
		return wordThousand
	case "cien", "ciento":
		return wordHundreds | 1
	case "doscientos", "doscientas":
		return wordHundreds | 2
	case "trescientos", "trescientas":
		return wordHundreds | 3
	case "cuatrocientos", "cuatrocientas":
		return wordHundreds | 4
	case "quinientos", "quinientas":
		return wordHundreds | 5
	case "seiscientos", "seiscientas":
		return wordHundreds | 6
	case "setecientos", "setecientas":
		return wordHundreds | 7
	case "ochocientos", "ochocientas":
		return wordHundreds | 8
	case "novecientos", "novecientas":
		return wordHundreds | 9
	case "double", "doble", "dbl", "twin":
		return wordTimes | 2
	case "veces", "times":
		return wordTimes
	case "triple", "treble", "tripple":
		return wordTimes | 3
	case "zeros", "zeroes", "ceros", "ohs":
		return wordPlural
	case "ones", "unos":
		return wordPlural | 1
	case "twos":
		return wordPlural | 2
	case "threes", "treses":
		return wordPlural | 3
	case "fours", "cuatros":
		return wordPlural | 4
	case "fives", "cincos":
		return wordPlural | 5
	case "sixes":
		return wordPlural | 6
	case "sevens", "sietes":
		return wordPlural | 7
	case "eights", "ochos":
		return wordPlural | 8
	case "nines", "nueves":
		return wordPlural | 9
	case "and", "y":
		return wordAnd
	case "ok", "okay", "su", "your", "new", "nuevo", "work", "best", "friend", "you", "know", "by", "comes", "with", "in", "dash", "dot", "hyphen", "guion", "punto", "space", "entonces",
		"de", "del", "la", "el", "los", "las", "is", "are", "que", "con", "en", "termino", "final", "al", "amigo", "amiga", "babe", "baby", "hun", "hon", "honey", "dear", "sweetie", "digits",
		"digit", "numbers", "oye", "bueno", "mira", "i", "e", "es", "son", "at", "on", "also", "uh", "hmm",
		"er", "well", "so", "now", "its", "the", "a", "ya", "pues", "segundo", "yes", "si", "second", "third", "slash", "espacio", "coma", "comma", "here",
		"followedby", "add", "put", "raya":
		return wordFiller
	case "call", "calls", "calling", "text", "texts", "txt", "texto", "tel", "telf", "telefono", "telefonos", "phone", "phones",
		"ph", "fone", "cell", "cel", "celular", "celulares", "mobile", "movil", "mob", "whatsapp", "whats", "whatsap", "wsp",
		"wa", "wapp", "guasap", "sms", "contact", "contacto", "contactar", "contacta", "contactenos", "reach", "llame", "llama",
		"llamame", "llamar", "llamenos", "llamada", "llamadas", "marque", "marca", "marcame", "marcar", "comuniquese",
		"comunicate", "comunicarse", "informacion", "informes", "info", "mandame", "manda", "mande", "mensaje", "mensajes",
		"message", "msg", "dial", "ring", "hmu", "hit", "book", "reserva", "reservas", "reservaciones", "appointment",
		"appointments", "cita", "citas", "office", "oficina", "home", "fax", "direct", "viber", "signal", "telegram",
		"imessage", "facetime", "recados", "escribeme", "escribe", "escribir", "hablame", "habla", "buzz", "holler", "shout", "interested", "interesados", "interesado", "interesada", "lmk", "voicemail", "contesta", "atiende",
		"contactame", "llamanos":
		return wordPhone
	case "id", "ids", "ref", "refs", "reference", "referencia", "item", "license", "licence", "licencia", "lic", "serial",
		"serie", "sku", "account", "acct", "cuenta", "card", "tarjeta", "invoice", "factura", "tracking", "rastreo",
		"vin", "isbn", "utm", "gps", "coordinates", "coordenadas", "map", "mapa", "timestamp", "posted", "publicado", "updated",
		"created", "zipcode", "postal", "permit", "permiso", "ticket", "policy", "poliza", "confirmation", "confirmacion",
		"registration", "registro", "expediente", "folio", "mls", "npi", "tax", "ein", "ssn", "parcel", "order", "orden",
		"pedido", "voucher", "coupon", "cupon", "barcode", "upc", "ean", "docket", "usdot", "cert", "certificate", "pin",
		"password", "lat", "lon", "long", "latitude", "longitude", "case", "caso", "ip", "version", "patent", "lot", "sample",
		"iban", "routing", "clabe", "asin", "model", "lotto", "lottery", "articulo", "parcela", "padron", "catastral", "catalogo", "catalog", "issn", "doi", "waybill", "awb", "deed", "siniestro", "badge", "example", "ejemplo", "format", "formato", "bitcoin", "reservation", "reservacion", "loteria", "quiniela", "powerball", "winning", "ganadores", "bingo", "melate":
		return wordID
	case "ad", "ads", "anuncio", "listing", "post", "entry", "record", "member", "miembro", "room", "unit", "apt", "suite",
		"bldg", "flight", "vuelo", "bus", "route", "ruta", "batch":
		return wordLabel
	case "no", "num", "number", "numero", "nro", "nr", "nbr", "numb":
		return wordNumber
	case "miles", "millas", "mile", "km", "kms", "inches", "inch", "cm", "mm", "meters", "metres", "metros", "pies", "feet",
		"ft", "lbs", "lb", "libras", "kilos", "kg", "kgs", "pounds", "dollars", "dolares", "rupees", "euros", "soles", "reais", "yen", "quetzales", "lempiras", "cents", "centavos", "usd", "pesos", "bucks", "rooms",
		"beds", "baths", "hours", "hour", "horas", "hora", "hr", "hrs", "half", "min", "mins", "minutes", "minutos", "months",
		"month", "meses", "mes", "weeks", "week", "semana", "semanas", "days", "day", "dias", "dia", "years", "year", "anos",
		"ano", "age", "edad", "percent", "pct", "sq", "sqft", "sf", "acres", "acre", "deposit", "deposito", "total", "roses",
		"rosas", "height", "altura", "weight", "peso", "shoe", "talla", "chest", "waist", "bust", "hips", "am",
		"pm", "people", "personas", "guests", "screen", "table", "shelf", "wheels", "tires", "weekly", "daily", "monthly",
		"obo", "models", "hz", "khz", "mhz", "kw", "kwh", "watts", "volts", "rpm", "psi", "mah", "btu", "dpi", "mpg", "per", "bytes", "mb", "gb", "kb":
		return wordMeasure
	case "area", "prefix", "prefijo", "lada", "zona", "areacode":
		return wordArea
	case "ext", "extension", "x", "extn", "exten":
		return wordExt
	case "backwards", "backward", "reverse", "reversed", "reves", "invertido", "invertida", "mirrored", "atras":
		return wordBack
	case "contract", "contrato", "employee", "empleado", "matricula", "placa", "seq", "cedula", "rfc", "curp", "dni", "nss", "passport", "pasaporte",
		"recibo", "receipt", "boleta", "membership", "afiliado", "icc", "fcc", "imei", "gtin", "rma", "pedimento", "claim", "report", "reporte", "incident",
		"medidor", "modelo", "chasis", "boleto", "acta", "escritura", "foja", "ficha", "nomina", "legajo", "credencial", "carnet", "predial", "catastro", "transaccion", "transaction", "operacion", "autorizacion", "authorization", "citation", "infraccion", "multa", "warrant", "summons", "subpoena", "inmate", "recluso", "paciente", "patient", "prescription", "receta", "specimen", "accession", "grant", "bid", "cslb", "dre", "nmls", "npn", "fein", "duns", "naics", "imsi", "iccid", "esn", "meid", "udid", "mpn", "ndc", "workorder", "dossier", "acuse", "radicado", "tramite", "turno", "sinistro", "renavam", "placas", "plate",
		"asset", "tag", "credit", "rev", "revision", "medicare", "socio", "passcode", "paquete", "package", "shipment", "build", "commit", "server", "hash", "chassis", "webinar", "raffle", "dorsal",
		"matrix", "checksum", "dhl", "fedex", "ups", "usps", "estafeta", "oxxo", "apn", "lading", "guia", "token", "plu", "nit", "patente", "socket":
		return wordForm
	case "price", "prices", "precio", "precios", "rates", "tarifas", "tarifa", "costo", "costos", "fees":
		return wordPrice
	case "product", "producto", "reading", "lectura", "sizes", "size", "tallas", "score", "scores", "marcador", "track", "results", "resultados", "expires", "stock", "student", "alumno", "clave",
		"session", "error", "meter", "chip", "quote", "job", "insurance", "seguro", "lote",
		"bill", "vehicle", "vehiculo", "property", "reg",
		"ruc", "rut", "cheque", "client", "cliente", "customer",
		"user", "usuario", "loan", "mc", "mac", "po",
		"employer", "nota":
		return wordSheet
	case "main", "private", "personal", "business", "good", "right", "correct", "current", "me", "us", "him", "her",
		"today", "preferred", "primary", "usual", "real", "actual", "propio", "principal", "correcto":
		return wordFiller
	case "code", "codigo":
		return wordCode
	case "part", "parte":
		return wordPart
	case "first", "begin", "begins", "beginning", "start", "starts", "starting", "empieza", "comienza", "primero", "primera",
		"primeros", "primeras", "inicia", "inicio", "arranca", "principio":
		return wordFirst
	case "middle", "between", "mitad", "medio", "center", "centro":
		return wordMiddle
	case "sigue", "siguen", "continues", "continue", "then", "next", "followed", "luego", "despues", "seguido", "following", "after", "afterwards", "goes", "tras", "other", "otro", "otros", "otras":
		return wordNext
	case "last", "end", "ends", "ending", "finish", "finishes", "finally", "termina", "terminan", "ultimo", "ultimos", "ultima",
		"ultimas", "acaba", "lastly":
		return wordLast
	case "rest", "resto", "remaining", "demas", "remainder":
		return wordRest
	case "old", "viejo", "vieja", "anterior", "antiguo", "antigua", "former", "previous":
		return wordOld
	case "my", "mi", "mis", "our", "nuestro":
		return wordMine
	case "it", "this", "that", "them", "lo", "le", "este", "esto", "ese", "eso", "those", "these":
		return wordThis
	case "plus", "mas", "minus", "menos":
		return wordPlus
	case "drop", "remove", "skip", "ignore", "delete", "omit", "forget", "forgetting", "erase", "strip", "quita", "quitale",
		"quite", "quitar", "quitando", "olvida", "olvide", "ignora", "ignorando", "elimina", "elimine", "borra", "borre", "omite",
		"saca", "saltate", "disregard", "without", "sin":
		return wordDrop
	case "letters", "letter", "letras", "letra", "words", "palabras", "palabra", "brackets", "bracket", "parentesis", "parens",
		"parenthesis", "symbols", "simbolos", "emojis", "signos", "stars", "asteriscos", "gaps", "spaces", "fluff", "junk":
		return wordLetters
	case "only", "solo", "puro", "puros", "just", "solamente", "nomas":
		return wordOnly
	case "blocks", "block", "bloques", "bloque", "groups", "grupos", "trozos", "chunks", "pieces", "sets", "tercios":
		return wordBlocks
	case "keypad", "teclado", "pad", "keyboard", "dialpad", "teclas":
		return wordKeypad
	case "where", "wherever", "donde", "swap", "replace", "change", "cambia", "cambie", "cambiar", "reemplaza", "reemplace",
		"sustituye", "sustituya", "cambiando", "every", "each", "cada", "means", "mean", "significa", "significan", "stands",
		"equals", "vale", "valen", "representa", "equivale", "substitute", "instead", "represents", "todos", "todas", "convierte":
		return wordStand
	case "together", "join", "juntos", "juntas", "junta", "junte", "juntar", "combine", "combina", "unir", "une", "combined",
		"joined":
		return wordJoin
	case "column", "columna", "vertical", "vertically", "verticalmente", "acrostic", "renglon", "renglones", "linea", "lineas",
		"lines", "line", "downwards", "abajo":
		return wordColumn
	case "morse":
		return wordMorse
	case "tally", "tallies", "strokes", "rayitas", "palitos", "palotes", "marks":
		return wordTally
	case "left", "izquierda", "front":
		return wordWay
	case "swapped", "cambiados", "intercambiados", "shuffled":
		return wordSwapped
	case "disconnected", "beware", "bloqueen", "bloqueado", "bloquea", "bloqueada", "desconectado", "desconectada", "scammer", "scammers", "scam", "estafador", "estafadora", "estafadores",
		"estafa", "fraud", "fraude", "fraudulent", "fake", "falso", "falsa", "impostor", "imposter", "hacked", "hackeado",
		"hackeada", "hackearon", "stolen", "robado", "spoofed", "spoofing", "suplantando", "impersonate", "impersonating", "impersonates", "impersonar", "suplanta", "cancelado", "cancelled", "canceled":
		return wordDead
	case "not", "never", "nunca", "dont", "doesnt", "isnt", "wasnt", "aint", "jamas", "tampoco":
		return wordNot
	case "voltea", "voltealo", "volteala", "volteado", "volteelo", "volteados", "voltee", "inverso", "inversa", "inverted",
		"invierte", "inviertelo", "invertir", "invert", "flip", "flipped", "mirror", "espejo":
		return wordBack
	}
	return wordNone
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
	'd' - 'a': 0x0004112,
	'e' - 'a': 0x0000900,
	'f' - 'a': 0x0024100,
	'h' - 'a': 0x0100000,
	'm' - 'a': 0x0000100,
	'n' - 'a': 0x0104111,
	'o' - 'a': 0x0402184,
	'q' - 'a': 0x0100000,
	's' - 'a': 0x0000110,
	't' - 'a': 0x0524190,
	'u' - 'a': 0x0003001,
	'v' - 'a': 0x0000010,
	'w' - 'a': 0x0104000,
	'z' - 'a': 0x0000110,
}
