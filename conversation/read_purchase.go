package conversation

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"pulsa/prepaid"
)

// purchase is what follows a top-up keyword, as far as it can be read.
type purchase struct {
	Amount  prepaid.Money   // zero: none was typed
	Either  []prepaid.Money // the amounts of the brand that the one typed may be, where there are several; Amount is zero
	PIN     prepaid.Secret
	BadPIN  bool // three, five or six digits stand where the PIN belongs
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
	amountReader
}

func (t *Turn) purchaseReader() purchaseReader {
	return purchaseReader{t.all.beside, amountReader{t.brand, t.all.decimal}}
}

// read reads "10 1234" as customers type it: "€10", "10,-", "Rp10.000", "1,000/=", "ten euro", "eur 10 pin 1234", "10,1234", with a
// signature behind it. The amount comes first; four digits alone are the PIN, unless the brand sells that amount. Of all that the
// amount may mean by the marks in it, the brand's are taken: one is the Amount, several are Either, and where it sells none, Amount is
// one that it does not sell. What is not wholly an amount and a PIN is Unclear, so that no amount is bought but the only one in the
// text: "10 15", "10/20", "10 for mum 1234" are. Three, five or six digits where the PIN belongs are a mistyped PIN. A word before the PIN that is not
// understood may mean anything: the PIN is not taken, so that it is asked for beside the amount. A number behind the PIN makes the text
// Unclear, unless words stand before it and the brand sells no such amount: then it belongs to a signature, as does all that follows a
// dash.
func (r purchaseReader) read(text string) purchase {
	text = r.numbers.inDigits(text, r.sells)
	found := numbersAt(text)
	if r.forSomebody(text) || strings.ContainsFunc(text, isOddNumber) {
		return purchase{Unclear: true}
	}
	if len(found) == 0 {
		return purchase{}
	}
	f := figureAt(text, found)
	end := len(text)
	if f.runs < len(found) {
		end = found[f.runs].start
	}
	before, behind := text[:f.start], text[f.end:end]
	if r.isOtherMoney(before, behind, f.runs < len(found), r.brand.Currency) {
		return purchase{Unclear: true}
	}
	if f.runs == 1 && len(found) == 1 && len(f.text) == 4 && r.isPIN(f, before, behind) {
		return purchase{PIN: prepaid.NewSecret(f.text)}
	}
	p := r.amount(f)
	if f.runs == len(found) {
		if short, ok := r.shortPIN(f); ok && p.Unclear {
			return short
		}
		return p
	}
	unknown := r.countUnknown(behind)
	size := r.takePIN(&p, text, found[f.runs:], unknown)
	if size == 0 {
		p.Extra = p.Extra && !found[0].isLong()
		return p
	}
	if unknown > 0 || r.countUnknown(before) > 0 {
		p.PIN = prepaid.Secret{}
	}
	r.readBehind(&p, text, found[f.runs+size-1].end, found[f.runs+size:])
	return p
}

// isPIN reports whether four digits that stand alone are the PIN.
func (r purchaseReader) isPIN(f figure, before, behind string) bool {
	words := wordsOf(before)
	if len(words) > 0 && r.is(besidePIN, words[len(words)-1]) {
		return true
	}
	return !r.sells(f.text) && !slices.ContainsFunc(append(words, wordsOf(behind)...), r.money)
}

// amount reads what a figure means.
func (r purchaseReader) amount(f figure) purchase {
	all := r.amountReader.read(f)
	sold := r.sold(f, all)
	switch {
	case len(sold) > 1:
		return purchase{Either: sold}
	case len(sold) == 1:
		return purchase{Amount: sold[0]}
	case len(all) == 0, f.runs == 1 && len(f.text) >= 6 && isMSISDN(f.text, r.brand):
		return purchase{Unclear: true}
	}
	if first, _, blank := strings.Cut(f.text, " "); blank && r.sells(first) { // "10 482" may lack a digit of the PIN
		return purchase{Unclear: true}
	}
	return purchase{Amount: all[0]}
}

// shortPIN reads "10 482" as an amount and a PIN that lacks a digit. "10 500" may be an amount that the brand does not sell.
func (r purchaseReader) shortPIN(f figure) (p purchase, ok bool) {
	first, behind, blank := strings.Cut(f.text, " ")
	if !blank || f.runs != 2 || !r.sells(first) || r.sells(behind) || strings.HasSuffix(behind, "00") {
		return purchase{}, false
	}
	m, err := prepaid.ParseMoney(first, r.brand.Currency)
	return purchase{Amount: m, BadPIN: true}, err == nil
}

// takePIN reads the PIN behind an amount, and returns of how many runs of digits it is; 0 where something else is there.
func (r purchaseReader) takePIN(p *purchase, text string, found []number, unknown int) int {
	isAmount := func(n number) bool { return r.sells(n.text) }
	first := found[0]
	parts := splitPIN(text, found)
	switch {
	case first.isPIN() && unknown <= 1 && !strings.HasPrefix(text[first.end:], afterWords):
		p.PIN = prepaid.NewSecret(first.text)
		return 1
	case parts > 0 && unknown == 0 && text[first.start-1] == ' ' && !slices.ContainsFunc(found[:parts], isAmount):
		p.PIN, _ = readCode(text[first.start:found[parts-1].end], 4, 4)
		return parts
	case unknown <= 1 && !isAmount(first) && (len(first.text) == 5 || len(found) == 1 && r.mayBePIN(first)):
		p.BadPIN = true
		return 1
	}
	p.Unclear, p.Extra = true, !first.isPIN() && !slices.ContainsFunc(found, number.isLong)
	return 0
}

// mayBePIN reports whether a number that stands alone behind an amount may be a PIN with a digit too few or two too many.
func (r purchaseReader) mayBePIN(n number) bool {
	return len(n.text) == 3 && !strings.HasSuffix(n.text, "00") || len(n.text) == 6 && !isMSISDN(n.text, r.brand)
}

// readBehind reads the numbers behind the PIN. Each piece of the text is read once: it may hold thousands of numbers.
func (r purchaseReader) readBehind(p *purchase, text string, end int, found []number) {
	behind := tail{beside: r.besideAmounts}
	next := len(text)
	if len(found) > 0 {
		next = found[0].start
	}
	if words := wordsOf(text[end:next]); len(words) > 0 && r.names(words[0], r.brand.Currency) == otherMoney {
		p.Unclear = true
	}
	for _, n := range found {
		behind.add(text[end:n.start])
		end = n.end
		switch {
		case n.isLong():
			p.Unclear = true // it may be another phone's number
		case p.BadPIN && n.isPIN(), !behind.signed && (!behind.words || r.sells(n.text)):
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

// countUnknown counts the words of a text that may mean something else than an amount and a PIN.
func (b besideAmounts) countUnknown(text string) int {
	n := 0
	for _, w := range wordsOf(text) {
		if !b.money(w) && !b.is(besidePIN, w) && !b.is(besideFor, w) && !b.is(besideSelf, w) && !b.is(besideFiller, w) {
			n++
		}
	}
	return n
}

// isOddNumber finds what is no digit and yet a number: "10½".
func isOddNumber(r rune) bool { return r > unicode.MaxASCII && unicode.IsNumber(r) }

// forSomebody reports whether a text says whom it is for, "10 1234 for mum": a purchase is for the customer's own number.
func (b besideAmounts) forSomebody(text string) bool {
	if !hasLetter(text) {
		return false
	}
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && (r < '0' || r > '9') })
	for i := 1; i < len(words); i++ {
		if !b.is(besideFor, words[i-1]) {
			continue
		}
		for i < len(words)-1 && b.is(besideFiller, words[i]) { // "for a 10", "for the kids"
			i++
		}
		whom := strings.TrimRight(words[i], "0123456789") // "for eur10" names nobody
		if whom != "" && !b.money(whom) && !b.is(besideSelf, whom) && !b.is(besideFiller, whom) {
			return true
		}
	}
	return false
}

func wordsOf(text string) []string {
	if !hasLetter(text) {
		return nil
	}
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.Is(unicode.Sc, r) })
}

// hasLetter reports whether a text may hold a word: of what is not ASCII, it does not ask.
func hasLetter(text string) bool {
	for i := range len(text) {
		if c := text[i]; c >= utf8.RuneSelf || c|0x20 >= 'a' && c|0x20 <= 'z' || c == '$' {
			return true
		}
	}
	return false
}

func isMSISDN(token string, b *prepaid.Brand) bool {
	_, err := prepaid.ParseMSISDN(token, b.Country)
	return err == nil
}
