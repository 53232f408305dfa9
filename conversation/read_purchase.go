package conversation

import (
	"slices"
	"strings"
	"unicode"

	"pulsa/prepaid"
	"pulsa/topup"
)

// purchase is what follows a top-up keyword, as far as it can be read.
type purchase struct {
	Amount  prepaid.Money // zero: none was typed
	PIN     prepaid.Secret
	BadPIN  bool // five digits stand where the PIN belongs
	Unclear bool // there is more in it than an amount and a PIN, or an amount that is none: nothing is bought
	Extra   bool // it is unclear since a number follows that may be another amount
}

// complete reports whether nothing need be asked.
func (p purchase) complete() bool {
	return !p.Amount.Zero() && !p.PIN.Empty() && !p.BadPIN && !p.Unclear
}

// purchaseReader reads what follows a top-up keyword.
type purchaseReader struct {
	besideAmounts
	brand *prepaid.Brand
}

// read reads "10 1234" as customers type it: "€10", "10,-", "10.00", "10 euro", "eur 10 pin 1234",
// "10,1234", with a signature behind it. The amount comes first; four digits alone are the PIN, unless the brand sells that
// amount. What is not wholly an amount and a PIN is Unclear, so that no amount is bought but the only one in the text: "10 15",
// "10/20", "500 000" and "10 for mum 1234" are. Five digits where the PIN belongs are a mistyped PIN. A number behind the PIN
// makes the text Unclear, unless words stand before it and the brand sells no such amount: then it belongs to a signature, as does
// all that follows a dash.
func (r purchaseReader) read(text string) purchase {
	b := r.brand
	if r.otherMoney(text, b.Currency) || r.mistyped(text) || r.forSomebody(text) {
		return purchase{Unclear: true}
	}
	found := numbersAt(text)
	if len(found) == 0 {
		return purchase{}
	}
	first := found[0]
	if len(found) == 1 && first.isPIN() && !sells(b, first.text) {
		return purchase{PIN: prepaid.NewSecret(first.text)}
	}
	amount, err := prepaid.ParseMoney(first.text, b.Currency)
	if err != nil || first.isLong() && !sells(b, first.text) && isMSISDN(first.text, b) {
		return purchase{Unclear: true}
	}
	p := purchase{Amount: amount}
	if len(found) == 1 {
		return p
	}
	second := found[1]
	switch words := r.countUnknown(text[first.end:second.start]); {
	case second.isPIN() && words <= 1: // one unknown word may be the currency's
		p.PIN = prepaid.NewSecret(second.text)
	case second.plain() && len(second.text) == 5 && words <= 1 && !sells(b, second.text):
		p.BadPIN = true
	default:
		p.Unclear, p.Extra = true, !second.isPIN() && !second.isGroup() && !slices.ContainsFunc(found, number.isLong)
		return p
	}
	r.readBehind(&p, text, second.end, found[2:])
	return p
}

// readBehind reads the numbers behind the PIN. Each piece of the text is read once: it may hold thousands of numbers.
func (r purchaseReader) readBehind(p *purchase, text string, end int, found []number) {
	behind := tail{beside: r.besideAmounts}
	for _, n := range found {
		behind.add(text[end:n.start])
		end = n.end
		switch {
		case n.isLong():
			p.Unclear = true // it may be another phone's number
		case p.BadPIN && n.isPIN(), !behind.signed && (!behind.words || sells(r.brand, n.text)):
			p.Unclear, p.Extra = true, true
		}
	}
}

// tail is what stands behind the PIN, up to a number: words other than currencies', or a dash before a signature.
type tail struct {
	words, signed bool
	beside        besideAmounts
}

func (t *tail) add(text string) {
	t.signed = t.signed || strings.Contains(text, "--") || strings.ContainsAny(text, "–—")
	t.words = t.words || slices.ContainsFunc(wordsOf(text), func(w string) bool { return !t.beside.money(w) })
}

// countUnknown counts the words of a text that neither name money nor announce a PIN.
func (b besideAmounts) countUnknown(text string) int {
	n := 0
	for _, w := range wordsOf(text) {
		if !b.money(w) && !b.is(besidePIN, w) {
			n++
		}
	}
	return n
}

// forSomebody reports whether a text says whom it is for, "10 1234 for mum": a purchase is for the customer's own number.
func (b besideAmounts) forSomebody(text string) bool {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && (r < '0' || r > '9') })
	for i := 1; i < len(words); i++ {
		whom := strings.TrimRight(words[i], "0123456789") // "for eur10" names nobody
		if b.is(besideFor, words[i-1]) && whom != "" && !b.money(whom) && !b.is(besideSelf, whom) {
			return true
		}
	}
	return false
}

func wordsOf(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.Is(unicode.Sc, r) })
}

func isMSISDN(token string, b *prepaid.Brand) bool {
	_, err := prepaid.ParseMSISDN(token, b.Country)
	return err == nil
}

func sells(b *prepaid.Brand, token string) bool {
	m, err := prepaid.ParseMoney(token, b.Currency)
	return err == nil && topup.CheckAmount(b, m) == nil
}
