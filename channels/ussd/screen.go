package ussd

import (
	"slices"
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

// pageTurns are the pages that were turned since a message, LabelMore is onward.
type pageTurns []channels.Label

// cutTurns cuts the keys that turn pages off the end of what was typed. The conversation never sees them: the message
// before them counts as delivered again and gets the same answer, of which another page is shown. So no page need be
// remembered where a request holds all inputs.
func cutTurns(inputs []string, more string) (rest []string, turns pageTurns) {
	rest = inputs
	for len(rest) > 0 && (rest[len(rest)-1] == more || rest[len(rest)-1] == keyBack) {
		rest = rest[:len(rest)-1]
	}
	for _, key := range inputs[len(rest):] {
		if key == more {
			turns = append(turns, channels.LabelMore)
		} else {
			turns = append(turns, channels.LabelBack)
		}
	}
	return rest, turns
}

// screen is the page of an answer that the customer has turned to.
type screen struct {
	text string
	ends bool // nothing may be typed below it
}

func (l *line) screen(c channels.Channel, turns pageTurns, parts []channels.Outbound) screen {
	text, last := "", channels.Outbound{Ends: true}
	for _, p := range parts {
		text += p.Text + "\n"
		last = p
	}
	pages := paging{
		max: l.units, ends: last.Ends,
		more: strings.TrimSpace(moreKey(c.Brand) + ". " + last.Labels[channels.LabelMore]),
		back: strings.TrimSpace(keyBack + ". " + last.Labels[channels.LabelBack]),
	}.pages(text)
	if len(pages) == 0 {
		return screen{ends: true}
	}
	page := 0
	for _, turn := range append(slices.Clone(turns), last.Turned...) {
		if turn == channels.LabelMore {
			page = min(page+1, len(pages)-1)
		} else {
			page = max(page-1, 0)
		}
	}
	return screen{text: pages[page], ends: last.Ends && page == len(pages)-1}
}
