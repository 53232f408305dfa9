package ussd

import (
	"strings"

	"pulsa/channels"
	"pulsa/prepaid"
)

// pageSize is how many septets a phone shows at once.
const pageSize = 182

// What is typed to turn pages. It must be no amount that the brand sells: where 98 is one, the next page is 00.
const (
	keyMore      = "98"
	keyMoreOther = "00"
	keyBack      = "0"
)

func moreKey(b *prepaid.Brand) string {
	price, err := prepaid.ParseMoney(keyMore, b.Currency)
	if err == nil && sells(b.Amounts, price.Minor) {
		return keyMoreOther
	}
	return keyMore
}

func sells(r prepaid.AmountRange, minor int64) bool {
	if minor < r.Min.Minor || minor > r.Max.Minor {
		return false
	}
	return r.Step.Minor <= 0 || (minor-r.Min.Minor)%r.Step.Minor == 0
}

// takeTurns takes the pages turned from the end of what was typed. They are nothing to the conversation: the
// message before them is answered once more, as any repeated message, and another page of the answer shown. So
// nothing need be kept.
func takeTurns(inputs []string, more string) (rest []string, turns []bool) {
	rest = inputs
	for len(rest) > 0 && (rest[len(rest)-1] == more || rest[len(rest)-1] == keyBack) {
		rest = rest[:len(rest)-1]
	}
	for _, key := range inputs[len(rest):] {
		turns = append(turns, key == more)
	}
	return rest, turns
}

// screen is the page of an answer that the customer has turned to.
func screen(c channels.Channel, turns []bool, parts []channels.Outbound) string {
	text, last := "", channels.Outbound{Ends: true}
	for _, p := range parts {
		text += p.Text + "\n"
		last = p
	}
	pages := channels.Paging{
		Max: pageSize, Ends: last.Ends, More: strings.TrimSpace(moreKey(c.Brand) + ". " + last.More), Back: strings.TrimSpace(keyBack + ". " + last.Back),
	}.Pages(text)
	if len(pages) == 0 {
		return "END "
	}
	page := 0
	for _, onward := range turns {
		if onward {
			page = min(page+1, len(pages)-1)
		} else {
			page = max(page-1, 0)
		}
	}
	if last.Ends && page == len(pages)-1 {
		return "END " + pages[page]
	}
	return "CON " + pages[page]
}
