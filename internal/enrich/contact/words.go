package contact

import "strings"

// A platform is what a word of an ad may name.
type platform struct {
	name string
	shy  bool // the word means other things as well
}

// aliases are the words for platforms, some as people misspell them.
var aliases = func() map[string]platform {
	m := map[string]platform{}
	for name, words := range map[string]string{
		"telegram":  "telegram tg telegran telegam telagram telegarm telegrm telegrem",
		"instagram": "instagram insta ig instagran instagam instgram istagram intagram instragram instagrm instagarm",
		"snapchat":  "snapchat snap snapchatt snapchap snachat snapcaht sanpchat snapcht",
		"kik":       "kik", "twitter": "twitter", "tiktok": "tiktok", "onlyfans": "onlyfans onlyfan", "wechat": "wechat weixin", "discord": "discord",
		"wickr": "wickr wickrme", "facebook": "facebook fb facebok", "threema": "threema", "skype": "skype", "viber": "viber",
	} {
		for w := range strings.FieldsSeq(words) {
			m[w] = platform{name: name}
		}
	}
	for w, name := range map[string]string{"x": "twitter", "of": "onlyfans", "sc": "snapchat", "tele": "telegram", "line": "line", "signal": "signal", "session": "session"} {
		m[w] = platform{name, true}
	}
	return m
}()

// halves are platforms that people write as two words.
var halves = map[string]string{"snap": "chat", "tik": "tok", "only": "fans", "insta": "gram", "tele": "gram", "face": "book", "we": "chat", "wickr": "me"}

func set(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}

var (
	// naming are words after which a name is told, filler those that may stand
	// between a platform and a name.
	naming = set("id user username usuario handle nick nickname name nombre")
	filler = set("is es me my mi account cuenta at en como as under page profile perfil acc add de app also here the")
	joins  = set("and y or o e")
	// beside are words that may follow a name without being more of a sentence.
	beside = set("and or y o call text llama whatsapp phone tel for para if only also pls please thanks gracias thx xoxo dm no")
	ours   = set("us our we siguenos nuestro nuestra nuestros visitanos buscanos")

	// common are words that are no one's name on a platform, nor before an "at".
	common = set(`a about accept accepted add agregame ahora al all allowed always amigos and answer any anytime apply apto appointment are as ask asked asks at available bio
		avail be best better blocked book booking bot business busy by call calls came can cash cerrado channel chat chats check clients come coming como con contact contacto content
		creator cualquier dancer day days de deleted details direct disabled disponible dm dms do done el email en es escribe escribeme esta famous fan fans
		fast fee female find first flow follow followers for foto fotos free friend friends from full game gift girl girls go good group grupo ha hacked hay he hello help her here hi him hola home hot http https
		i id if ig im in inbox independent info insta instagram instant is it its just kik la later le learn like line link links live llama llamame look los mail
		manda marketplace maybe me member members mensaje mensajes message messages mi mine mismo model models more msg my name need never new next no none not nothing now number numero
		nuevo o of off offline ok on once one online only open or order other our out page para payment perfil photo photos pic pics picture pictures please pls por post posts ppv
		preferred prefiero pregunta premium private privado private profile pronto proximamente public que question questions ready real reply request required response
		review reviews saludos same sale se see send sent serious session sessions she show shows si sign similar site sms snap snapchat snaps solo soon special stay still stories story
		su subscribe support tambien tarde te telegram tengo text texts thanks that the them then there they this thru thursday tiktok time to today todo todos tomorrow tonight
		too twitter tx txt u un una until up upon us use used user username usuario verified via viber video videos visit wait want was way we website wechat week
		welcome whats whatsapp when where whatsap who will with work working works write www y yes yo you your
		monday tuesday wednesday friday saturday sunday lunes martes miercoles jueves viernes sabado domingo noon night morning evening weekend weekends
		abierto amiga amigo anuncio aqui atencion away back below arriba abajo above closed cuenta cuando descripcion description desde donde ella enviame excelente fake favor handle
		hit horas hours incall inmediata inmediato interesados interesadas key listing llamadas llamar mandame mas metodo muy negocio negotiable nada ninguno
		outcall pending pagina paid pago parte personal please pregunte previa prior promo quick rates ring safe scam seguro semana servicio servicios service services sesiones sigueme siempre
		skype spam starting summer tambien temporarily try unavailable updates upcoming vip virtual virtuales waiting wickr without`)

	// trade are words of those who sell things that have the name of a platform.
	trade = set("selling sell sale buy buying vendo venta vende compro cambio unlocked gb refurbished used new nuevo usado")

	// tld are the last labels of addresses that a spelled address may end in.
	tld = set(`com net org info biz me co io us uk es mx ar cl pe ve ec do cr pa gt hn ni sv bo py uy br ca au nz ie ch fr de it pt nl be eu edu gov tv cc ly
		online site live app dev email mail xyz club example test`)
	// providers are where most people have their mail, or words for that.
	providers = set("gmail googlemail hotmail yahoo ymail outlook icloud proton protonmail aol gmx tutanota yandex mail email correo inbox mailbox live")
	// mailing are words that tell of an address.
	mailing = set("email mail mails emails correo correos gmail contact contacto write escribe escribeme mailto")
)
