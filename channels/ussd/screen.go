package ussd

import (
	"strings"

	"pulsa/channels"
	"pulsa/prepaid"
)

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

// pageTurns is a message's Private: the pages turned since it, true is onward.
type pageTurns []bool

// cutTurns cuts the keys that turn pages off the end of what was typed. The conversation never sees them: the message
// before them counts as delivered again and gets the same answer, of which another page is shown. So no page need be
// remembered.
func cutTurns(inputs []string, more string) (rest []string, turns pageTurns) {
	rest = inputs
	for len(rest) > 0 && (rest[len(rest)-1] == more || rest[len(rest)-1] == keyBack) {
		rest = rest[:len(rest)-1]
	}
	for _, key := range inputs[len(rest):] {
		turns = append(turns, key == more)
	}
	return rest, turns
}

// screen is the page of an answer that the customer has turned to: CON where more may be typed below it, else END.
func screen(c channels.Channel, turns pageTurns, parts []channels.Outbound) string {
	text, last := "", channels.Outbound{Ends: true}
	for _, p := range parts {
		text += p.Text + "\n"
		last = p
	}
	can, _ := channels.Of(channels.USSD)
	pages := paging{
		max: can.MaxUnits, ends: last.Ends,
		more: strings.TrimSpace(moreKey(c.Brand) + ". " + last.Labels[channels.LabelMore]),
		back: strings.TrimSpace(keyBack + ". " + last.Labels[channels.LabelBack]),
	}.pages(text)
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
