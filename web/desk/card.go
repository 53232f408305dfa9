package desk

import (
	"cmp"
	"net/http"
	"strings"

	"pulsa/cards"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/web/ui"
)

// cardRoutes are one card, and what is done to it.
func cardRoutes() []route {
	const one = "/{brand}/cards/serial/{serial}" // no job is named like its last part
	all := []route{get("/{brand}/cards/{serial}", operators.ActSee, (*visit).showCard)}
	all = append(all, runs(one+"/lock", operators.ActLockCard, (*visit).lockCard)...)
	all = append(all, runs(one+"/unlock", operators.ActCards, (*visit).unlockCard)...)
	return append(all, runs(one+"/void", operators.ActCardsOver, (*visit).voidCard)...)
}

// cardData is what the template "card" shows.
type cardData struct {
	Facts    [][2]string
	Links    []ui.Link
	Actions  []orderAction
	Closed   string // why there is no action
	Timeline ui.Timeline
}

// card reads the card of the address. It answers, and returns false, where it is not there.
func (v *visit) card() (operators.CardDetail, bool) {
	shop, ok := v.ofCards()
	if !ok {
		return operators.CardDetail{}, false
	}
	c, err := shop.Show(v.r.Context(), v.r.PathValue("serial"))
	if err != nil {
		v.fail(err)
	}
	return c, err == nil
}

// showCard answers with all that is known of a card, but its code.
func (v *visit) showCard() {
	c, found := v.card()
	if !found {
		return
	}
	data := cardData{Facts: v.cardFacts(c), Links: v.cardLinks(c), Actions: v.cardActions(c), Timeline: v.cardTimeline(c), Closed: v.t("card.nothing-to-do")}
	head := ui.Head{Title: v.t("card.title"), Code: c.Serial, Status: v.cardStatus(c.CardRow), Sentence: v.cardSentence(c)}
	v.show(http.StatusOK, page{Head: head, Template: "card", Data: data})
}

// cardTimeline is what happened to the card, oldest first.
func (v *visit) cardTimeline(c operators.CardDetail) ui.Timeline {
	var t ui.Timeline
	add := func(at string, tone ui.Tone, text string) {
		if at != "" {
			t.Events = append(t.Events, ui.Event{At: v.atText(at), Tone: tone, Text: text})
		}
	}
	add(c.Created, ui.Idle, v.t("card.event.created"))
	add(c.Released, ui.Good, v.t("card.event.released"))
	add(c.Activated, ui.Good, v.t("card.event.activated", "number", c.Customer))
	return t
}

// cardSentence is what the reader of the page came for.
func (v *visit) cardSentence(c operators.CardDetail) string {
	key := "card.says." + c.Status
	if c.Status == "new" {
		key = "card.says." + c.State
	}
	return v.t(key, "amount", v.cardMoney(c.CardRow), "when", v.atText(c.Activated).Short, "number", c.Customer, "through", c.ValidThrough)
}

// cardMoney is what a card is worth, as sentences say it.
func (v *visit) cardMoney(c operators.CardRow) string {
	m, err := prepaid.ParseMoney(c.Amount, prepaid.Currency(c.Currency))
	if err != nil {
		return c.Amount + " " + c.Currency
	}
	return v.money(m)
}

// cardFacts are what is known of the card.
func (v *visit) cardFacts(c operators.CardDetail) [][2]string {
	var all [][2]string
	add := func(key, value string) {
		if value != "" {
			all = append(all, [2]string{v.t(key), value})
		}
	}
	add("cards.amount", v.cardMoney(c.CardRow))
	add("cards.code", codeDots)
	add("cards.reseller", cmp.Or(c.Reseller, v.t("cards.no-reseller")))
	add("cards.created", v.atText(c.Created).Full)
	add("card.released", v.atText(c.Released).Full)
	add("cards.through", cmp.Or(c.ValidThrough, v.t("card.for-ever")))
	add("cards.activated", strings.TrimSpace(v.atText(c.Activated).Full+" "+c.Customer))
	return all
}

// cardLinks lead to what the card belongs to.
func (v *visit) cardLinks(c operators.CardDetail) []ui.Link {
	var all []ui.Link
	if c.Order != "" {
		all = append(all, ui.Link{Href: v.path("orders", c.Order), Text: v.t("card.order")})
	}
	all = append(all, ui.Link{Href: v.path("cards") + "?" + query("batch", c.Batch), Text: v.t("card.batch")})
	if c.Batch != "" {
		all = append(all, ui.Link{Href: v.path("cards", "jobs", c.Batch), Text: v.t("card.made-by")})
	}
	if c.Export != "" && c.Export != c.Batch {
		all = append(all, ui.Link{Href: v.path("cards", "jobs", c.Export), Text: v.t("card.exported-by")})
	}
	return all
}

// cardActions are what may be done to the card now.
func (v *visit) cardActions(c operators.CardDetail) []orderAction {
	var all []orderAction
	add := func(act operators.Act, do string) {
		if right := v.may(act); right != operators.Not && hasRoute("GET", "/{brand}/cards/serial/{serial}/"+do) {
			all = append(all, orderAction{ui.Link{Href: v.path("cards", "serial", c.Serial, do), Text: v.t("cards.do-one." + do)}, v.t("card.does." + do), right == operators.Asks && c.State != string(cards.Locked)})
		}
	}
	switch cards.State(c.State) {
	case cards.Generated, cards.Live:
		add(operators.ActLockCard, "lock")
		add(operators.ActCardsOver, "void")
	case cards.Locked:
		add(operators.ActCards, "unlock")
		add(operators.ActCardsOver, "void")
	}
	return all
}

// oneCard is the operation's range: the card of the address. It answers, and returns false, where it is not there.
func (v *visit) oneCard() (operators.OfCards, bool) {
	c, found := v.card()
	return operators.OfCards{Brand: v.brand.Name, Query: operators.CardQuery{FromSerial: c.Serial, ToSerial: c.Serial}}, found
}

// asSeen is an operation on cards as the person sees it now. What can't be done says so in its Plan.
func (v *visit) asSeen(op operators.CardsOperation) operators.Operation {
	saw, _, err := v.Desk.Desk.SeeCards(v.r.Context(), op)
	if err != nil {
		return op
	}
	return saw
}

func (v *visit) lockCard() {
	c, found := v.card()
	if !found {
		return
	}
	v.run(task{Title: v.t("cards.do-one.lock"), Back: v.path("cards", c.Serial), Read: func(*typed) operators.Operation {
		return operators.LockCard{Brand: v.brand.Name, Serial: c.Serial}
	}})
}

func (v *visit) unlockCard() {
	of, found := v.oneCard()
	if !found {
		return
	}
	v.run(task{Title: v.t("cards.do-one.unlock"), Back: v.path("cards", of.Query.FromSerial), Read: func(*typed) operators.Operation {
		return v.asSeen(operators.ReopenCards{OfCards: of})
	}})
}

func (v *visit) voidCard() {
	of, found := v.oneCard()
	if !found {
		return
	}
	v.run(task{Title: v.t("cards.do-one.void"), Back: v.path("cards", of.Query.FromSerial), Danger: true, Read: func(*typed) operators.Operation {
		return v.asSeen(operators.VoidCards{OfCards: of})
	}})
}
