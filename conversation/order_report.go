package conversation

import (
	"context"
	"strings"

	"pulsa/prepaid"
	"pulsa/topup"
)

// What is said of an order that was delivered as a PIN: a code that the customer types to get the credit.
const (
	pinShown  Key = "order.pin"
	pinComing Key = "order.pin_coming" // by SMS: on a page that closes nobody could type it
	pinTold   Key = "order.pin_told"
)

// orderReport is how an order stands, in the words for its customer.
type orderReport struct {
	topup.Order
	prompt Key
	pin    *topup.PINDetail // with pinShown
	on     string           // its day, " (5 Nov 2026)", where that is to be said
	link   string           // while it is Confirming, to where its customer authenticates
}

// key names what a customer has been told: statuses that are told in the same words are one.
func (o orderReport) key() string { return string(o.ID) + ":" + string(o.prompt) }

// orderReport finds the words. A PIN is shown to the address that bought it, or where that
// can't be told, to another of its customer's, until it was handed on.
func (t *Turn) orderReport(ctx context.Context, s *Services, o topup.Order) (orderReport, error) {
	say := orderReport{Order: o, prompt: orderPrompt(o)}
	if o.Status == topup.Confirming {
		say.link = t.shortLink(o.ActionURL, func() (string, error) { return s.Links.ToOrder(ctx, o, t.prompts.Language) })
	}
	if o.Status != topup.Delivered || !o.ByPIN {
		return say, nil
	}
	say.prompt = pinTold
	if o.ReplyTo.Address != t.in.Address && !t.redirected {
		return say, nil
	}
	pin, err := s.Topups.PIN(ctx, o.ID)
	switch {
	case err != nil || pin == nil:
		return say, err
	case !t.in.Can.Push && t.sms != "":
		coming, err := s.Notices.NoticesOf(ctx, o.ID, o.Status)
		if err != nil {
			return say, err
		}
		if len(coming) > 0 {
			say.prompt = pinComing
			return say, nil
		}
	}
	say.prompt, say.pin = pinShown, pin
	return say, nil
}

// sayTo tells it. What shows the PIN is no transcript's.
func (o orderReport) sayTo(t *Turn) {
	values := o.values(t.prompts, o.MSISDN.String())
	if o.pin == nil {
		t.Say(o.prompt, values...)
		return
	}
	t.shows = o.ID
	// Else it is handed on when the outbox has sent it; on a page that closes it is not: STATUS shows it again.
	if t.in.Can.InResponse && t.in.Can.Push {
		t.told.PINs = append(t.told.PINs, o.ID)
	}
	t.Say(o.prompt, append(values, "code", o.pin.Code.Reveal())...)
	for _, more := range []struct {
		prompt Key
		value  string
	}{
		{"order.pin_serial", o.pin.Serial}, {"order.pin_use", strings.Join(o.pin.Info[:], " ")},
		{"order.pin_call", o.pin.IVR}, {"order.pin_validity", o.pin.Validity},
	} {
		if value := strings.Join(strings.Fields(more.value), " "); value != "" {
			t.Say(more.prompt, "value", value)
		}
	}
	for i := range t.said {
		t.said[i].Secret = t.said[i].Secret || strings.HasPrefix(string(t.said[i].Key), string(pinShown))
	}
}

// values are what the prompts fill in, but for a PIN.
func (o orderReport) values(p *Prompts, number string) []string {
	return []string{"amount", p.writes.money(o.Amount), "number", number, "order", o.ID.Grouped(), "on", o.on, "link", o.link,
		"date", p.writes.day(o.SettlesBy())}
}

// goodwill tells of money that was given back, though the order was delivered.
func (p *Prompts) goodwill(o topup.Order, given prepaid.Money) Part {
	return p.Part("order.goodwill", "amount", p.writes.money(given), "order", o.ID.Grouped())
}

// OrderText is what the order's customer reads of how it stands, in their language, for operators to see: without a code, without a link, the number masked; "" where nobody is
// told.
func (h *Handler) OrderText(o topup.History) string {
	prompts := h.promptsOfOrder(o.Order)
	if prompts == nil {
		return ""
	}
	report := orderReport{Order: o.Order, prompt: orderPrompt(o.Order), link: "…"}
	if o.Status == topup.Delivered && o.ByPIN {
		report.prompt = pinTold
	}
	text := prompts.Part(report.prompt, report.values(prompts, o.MSISDN.Masked())...).Text
	if o.Status == topup.Delivered && o.Charge.Status == topup.ChargeReturned {
		text += " " + prompts.Part("order.debit_returned", report.values(prompts, o.MSISDN.Masked())...).Text
	}
	return text
}

// GoodwillText is what the order's customer reads when they are given some of it back, and keep the airtime; "" where nobody is told.
func (h *Handler) GoodwillText(o topup.History, given prepaid.Money) string {
	prompts := h.promptsOfOrder(o.Order)
	if prompts == nil {
		return ""
	}
	return prompts.goodwill(o.Order, given).Text
}

// promptsOfOrder are those of the customer who is told of an order; nil where nobody is.
func (h *Handler) promptsOfOrder(o topup.Order) *Prompts {
	all, b := h.Prompts(o.Brand), h.c.Brands.Known(o.Brand)
	if o.ReplyTo.Address == "" || all == nil || b == nil {
		return nil
	}
	return all.ByLanguage[b.Language(o.ReplyTo.Language)]
}

// orderNews are all prompts for how an order stands, but for those of PINs.
var orderNews = []Key{
	"order.after_debit", "order.card_declined", "order.card_refunded", "order.confirming", "order.declined", "order.delivered", "order.held",
	"order.refunded", "order.refunding", "order.working",
}

// orderPrompt is the prompt for how an order stands. What a card pays for has words of its own where money is
// spoken of.
func orderPrompt(o topup.Order) Key {
	card := o.Funding.Kind == topup.ByCard
	switch o.Status {
	case topup.Charging:
		if o.AfterDebit {
			return "order.after_debit"
		}
	case topup.Delivered:
		return "order.delivered"
	case topup.Declined:
		if card {
			return "order.card_declined"
		}
		return "order.declined"
	case topup.Confirming:
		return "order.confirming"
	case topup.Held:
		return "order.held"
	case topup.Refunding, topup.RefundUnknown, topup.RefundFailed:
		if card {
			return "order.card_refunded"
		}
		return "order.refunding"
	case topup.Refunded:
		if card {
			return "order.card_refunded"
		}
		return "order.refunded"
	}
	return "order.working"
}

// sayGift tells of a top-up that somebody else has paid for: neither who, nor by which order. on is its day, where that is to be said.
func (t *Turn) sayGift(o topup.Order, on string) {
	t.Say("order.gift", "amount", t.prompts.writes.money(o.Amount), "number", o.MSISDN.String(), "on", on)
}
