package conversation

import (
	"slices"
	"strings"
)

// mostFirst is how many words may stand before a top-up keyword where the amount is one of them, and mostDigits how many digits they may
// have: more are a phone's number.
const mostFirst, mostDigits = 10, 7

// readAmountFirst understands a text where nothing is asked in which the amount stands before the keyword: "kun je 10 euro opwaarderen
// 4821". What stands before it must be words that are understood beside an amount. All of it is then read as if the keyword came
// first, and buys no more than that would.
func (t *Turn) readAmountFirst() {
	if t.session.State != idle || t.command.Action != ActNone {
		return
	}
	text, w := t.tidied(), t.all.Words
	for at, words := 0, 0; words < mostFirst; words++ {
		next := strings.IndexByte(text[at:], ' ')
		if next < 0 {
			return
		}
		at += next + 1
		k, end := w.find(text[at:])
		if k.action == nil || k.Name != ActTopUp {
			continue
		}
		if before := text[:at]; t.isAmountFirst(before) {
			rest := before + w.withoutCourtesy(strings.TrimSpace(text[at+end:]), ActTopUp)
			t.command = Command{Action: ActTopUp, Rest: rest, Line: rest, Language: k.language}
		}
		return
	}
}

// isAmountFirst reports whether a text names an amount and nothing that is not understood beside one.
func (t *Turn) isAmountFirst(text string) bool {
	r := t.purchaseReader()
	if r.countUnknown(r.numbers.inDigits(text, r.sells)) > 0 {
		return false
	}
	words := slices.DeleteFunc(strings.Fields(text), func(word string) bool { return len(word) == 1 && !isDigit(word[0]) }) // a "K" alone is no thousand
	digits := 0
	for _, n := range numbersAt(r.numbers.inDigits(strings.Join(words, " "), r.sells)) {
		digits += len(n.text)
	}
	return digits > 0 && digits <= mostDigits
}
