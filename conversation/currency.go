package conversation

import (
	"slices"
	"strings"
	"unicode"

	"pulsa/prepaid"
)

// moneyNames are the signs and names that people write beside amounts, whatever their language, and the currencies that each may mean; the
// codes of these are understood, too. They were compared with the names and symbols of CLDR 48.2 (unicode.org/cldr, currencies.json): all
// English and Dutch ones of the currencies that are legal tender, and those in the Latin languages of the currencies' own countries. Local
// price tags go beyond it ("quid", "Tk", "Kshs"). Left out are names that are also people's, or other words beside an amount: "mark" (BAM),
// "kina" (PGK), "tala" (WST), "lek" (ALL), "som" (KGS, UZS), "gold" (ZWG), "K" (MMK).
var moneyNames = []struct{ words, currencies string }{
	{"€ eur euro euros", "EUR"},
	{"$ dollar dollars", "USD CAD AUD NZD SGD HKD TWD BBD BMD BND BSD BZD FJD GYD JMD KYD LRD NAD SBD SRD TTD XCD"},
	{"$", "MXN CLP COP ARS UYU DOP CUP"}, {"a$ au$", "AUD"}, {"ca$", "CAD"}, {"c$", "CAD NIO"}, {"ec$", "XCD"}, {"fj$", "FJD"}, {"hk$", "HKD"}, {"nt$", "TWD"}, {"nz$", "NZD"}, {"s$", "SGD"},
	{"us$ usd", "USD"}, {"r$ real reais reals", "BRL"}, {"peso pesos", "MXN CLP COP ARS UYU DOP CUP PHP"}, {"mx$", "MXN"}, {"rd$", "DOP"}, {"j$", "JMD"}, {"₱ php piso", "PHP"},
	{"£ pound pounds pond", "GBP EGP SDG SSP SYP LBP GIP FKP SHP"}, {"quid", "GBP"}, {"e£ le egp", "EGP"}, {"l£", "LBP"},
	{"¥ jp¥ yen", "JPY"}, {"¥ cn¥ yuan rmb", "CNY"}, {"円", "JPY"}, {"₩ won", "KRW KPW"},
	{"₹", "INR"}, {"rs rupee rupees roepie roupie roupies", "INR PKR LKR NPR MUR SCR"}, {"৳ taka takas tk", "BDT"},
	{"rp rupiah rupiahs roepia", "IDR"}, {"rm ringgit ringgits", "MYR"}, {"฿ baht", "THB"}, {"₫ dong đồng", "VND"}, {"kyat kyats", "MMK"}, {"៛ riel riels", "KHR"}, {"₭ kip kips", "LAK"},
	{"f fr franc francs frank cfa fcfa xof", "XOF"}, {"f fr franc francs frank cfa fcfa xaf", "XAF"}, {"f fr franc francs frank", "GNF RWF BIF CDF DJF KMF XPF"},
	{"fr franc francs frank franken chf sfr", "CHF"}, {"fg", "GNF"}, {"fbu", "BIF"}, {"fc", "CDF"}, {"fdj", "DJF"}, {"cf", "KMF"}, {"rf", "RWF"}, {"cfpf fcfp", "XPF"},
	{"ksh kshs kes bob", "KES"}, {"ush ugx", "UGX"}, {"tsh tzs", "TZS"}, {"sh shs shilling shillings shilingi", "KES UGX TZS SOS"},
	{"₦ naira nairas ngn", "NGN"}, {"₵ gh₵ cedi cedis ghc ghs", "GHS"}, {"r rand rands zar", "ZAR"}, {"kwacha kwachas", "ZMW MWK"}, {"zk", "ZMW"}, {"birr birrs br", "ETB"},
	{"kz kwanza kwanzas", "AOA"}, {"p pula pulas", "BWP"}, {"dalasi dalasis", "GMD"}, {"leone leones", "SLE"}, {"ar ariary ariaries", "MGA"}, {"metical meticals meticais", "MZN"},
	{"loti lotis maloti", "LSL"}, {"lilangeni emalangeni", "SZL"}, {"escudo escudos", "CVE"}, {"dobra dobras", "STN"}, {"ouguiya ouguiyas", "MRU"}, {"nakfa nakfas", "ERN"},
	{"dinar dinars", "KWD BHD TND JOD IQD LYD DZD RSD"}, {"kd", "KWD"}, {"bd", "BHD"}, {"dt", "TND"}, {"jd", "JOD"}, {"da", "DZD"}, {"ld", "LYD"}, {"denar denari denars", "MKD"},
	{"dirham dirhams dh dhs", "AED MAD"}, {"riyal riyals rial rials", "SAR QAR OMR YER IRR"}, {"sr", "SAR SCR"}, {"؋ afghani afghanis", "AFN"},
	{"₺ lira liras lirası tl", "TRY"}, {"₪ shekel shekels", "ILS"}, {"₽", "RUB"}, {"rouble roubles ruble rubles roebel", "RUB BYN"}, {"br", "BYN"}, {"₴ hryvnia hryvnias", "UAH"},
	{"₾ lari laris", "GEL"}, {"֏ dram drams", "AMD"}, {"₼ manat manats", "AZN TMT"}, {"₸ tenge tenges", "KZT"}, {"somoni somonis", "TJS"}, {"₮ tugrik tugriks", "MNT"},
	{"ngultrum ngultrums", "BTN"}, {"rufiyaa rufiyaas", "MVR"}, {"pataca patacas", "MOP"}, {"vatu vatus", "VUV"},
	{"zł złoty złote złotych złotego zloty zlotys", "PLN"}, {"kr krona króna kronor krone kroner krónur kroon kronen", "SEK NOK DKK ISK"}, {"ft forint forints", "HUF"},
	{"kč koruna koruny korun korunas kroon kronen", "CZK"}, {"lei leu", "RON MDL"},
	{"s sol soles", "PEN"}, {"q quetzal quetzales quetzals", "GTQ"}, {"gourde gourdes", "HTG"}, {"guarani guaraní guaranies guaraníes guaranis ₲", "PYG"}, {"l lempira lempiras", "HNL"},
	{"bs", "BOB VES"}, {"boliviano bolivianos", "BOB"}, {"bolivar bolívar bolívares bolívars", "VES"}, {"₡ colon colón colones colóns", "CRC"}, {"córdoba córdobas", "NIO"}, {"balboa balboas", "PAB"},
	{"florin florins gulden", "AWG"}, {"cg guilder guilders gulden", "XCG"},
	{"¢", string(cents)},
}

// cents is the currency of no brand: amounts are typed in whole units.
const cents prepaid.Currency = "cents"

// amountWords are the words of a language that customers write beside an amount: by the currency that they name, or by one of the
// other keys.
type amountWords map[string][]string

// The keys of amountWords that are no currency.
const (
	besidePIN    = "pin"         // may stand between an amount and the PIN: "with my PIN"
	besideFor    = "for"         // whom an amount is for follows
	besideSelf   = "self"        // and means the customer's own number
	besideCents  = string(cents) // what no amount is typed in
	besideFiller = "filler"      // changes nothing: "please"
)

func isAmountWord(key string) bool {
	return slices.Contains([]string{besidePIN, besideFor, besideSelf, besideCents, besideFiller}, key) || prepaid.Currency(key).Valid()
}

// besideAmounts are the words beside an amount that are understood, in lower case: those of every language, since a word that is
// not understood may turn another's money into the brand's.
type besideAmounts struct {
	currencies map[string][]prepaid.Currency
	others     map[string]map[string]bool // by key
	numbers    numberWords
}

func newBesideAmounts() besideAmounts {
	b := besideAmounts{map[string][]prepaid.Currency{}, map[string]map[string]bool{}, newNumberWords()}
	for _, key := range []string{besidePIN, besideFor, besideSelf, besideFiller} {
		b.others[key] = map[string]bool{}
	}
	for _, names := range moneyNames {
		for code := range strings.FieldsSeq(names.currencies) {
			for word := range strings.FieldsSeq(names.words) {
				b.addMoney(word, prepaid.Currency(code))
			}
			b.addMoney(strings.ToLower(code), prepaid.Currency(code))
		}
	}
	return b
}

func (b besideAmounts) addMoney(word string, c prepaid.Currency) {
	if !slices.Contains(b.currencies[word], c) {
		b.currencies[word] = append(b.currencies[word], c)
	}
}

func (b besideAmounts) add(words amountWords) {
	for key, list := range words {
		for _, word := range list {
			word = strings.ToLower(word)
			if others, ok := b.others[key]; ok {
				others[word] = true
			} else {
				b.addMoney(word, prepaid.Currency(key))
			}
		}
	}
}

func (b besideAmounts) is(key, word string) bool { return b.others[key][word] }

func (b besideAmounts) money(word string) bool { return len(b.currencies[word]) > 0 }

// What a word says of the money that it stands beside.
const (
	noMoney = iota
	ownMoney
	otherMoney
)

// names says whether a word is a name of a currency.
func (b besideAmounts) names(word string, c prepaid.Currency) int {
	switch known := b.currencies[word]; {
	case slices.Contains(known, c), word == strings.ToLower(string(c)):
		return ownMoney
	case len(known) > 0, b.numbers.values[strings.ToUpper(word)] >= 100: // "1.5 thousand"
		return otherMoney
	}
	return noMoney
}

const minuses = "-–—"

// isOtherMoney reports whether a number is no amount in a currency, by what stands before and behind it: a minus, the name of another
// currency, or letters that touch it and are not understood. Where a PIN follows, no word up to it may name another currency.
func (b besideAmounts) isOtherMoney(before, behind string, beforePIN bool, c prepaid.Currency) bool {
	if glued := before[strings.LastIndexByte(before, ' ')+1:]; strings.IndexAny(glued, minuses) == 0 ||
		strings.ContainsAny(glued, minuses) && strings.TrimFunc(glued, isMoneySign) == "" {
		return true
	}
	wordsBefore, wordsBehind := wordsOf(before), wordsOf(behind)
	last, first := "", ""
	if len(wordsBefore) > 0 {
		last = wordsBefore[len(wordsBefore)-1]
	}
	if len(wordsBehind) > 0 {
		first = wordsBehind[0]
	}
	switch {
	case strings.HasSuffix(strings.ToLower(before), last) && last != "" && b.countUnknown(last) > 0,
		strings.HasPrefix(strings.ToLower(behind), first) && first != "" && !b.money(first) && !b.is(besidePIN, first):
		return true
	case !beforePIN:
		return b.names(last, c) == otherMoney || b.names(first, c) == otherMoney
	}
	return slices.ContainsFunc(append(wordsBefore, wordsBehind...), func(w string) bool { return b.names(w, c) == otherMoney })
}

func isMoneySign(r rune) bool {
	return strings.ContainsRune(minuses+"+", r) || unicode.Is(unicode.Sc, r)
}
