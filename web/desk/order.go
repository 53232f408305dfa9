package desk

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/topup"
	"pulsa/web/ui"
)

// orderRoutes are one order, and what is done to it.
func orderRoutes() []route {
	const one = "/{brand}/orders/{order}"
	all := []route{get(one, operators.ActSee, (*visit).showOrder), get(one+"/live", operators.ActSee, (*visit).orderLive)}
	all = append(all, runs(one+"/settle", operators.ActSettle, (*visit).settleOrder)...)
	all = append(all, runs(one+"/refund", operators.ActSettle, (*visit).refundOrder)...)
	all = append(all, runs(one+"/resend", operators.ActHelp, (*visit).resendOrder)...)
	return append(all, runs(one+"/goodwill", operators.ActGoodwill, (*visit).goodwillOrder)...)
}

// orderEvery is how often an order that is under way is read again.
const orderEvery = 2 * time.Second

// orderData is what the template "order" shows.
type orderData struct {
	Live    ui.Fresh
	Facts   [][2]string
	Links   []ui.Link
	Actions []orderAction
	Closed  string // why there is no action
	Say     string // what can be read out to the customer
}

// orderAction is something that may be done to the order now, and what it would do.
type orderAction struct {
	ui.Link
	Does string
	Asks bool
}

// order reads the order of the address. It answers, and returns false, where it is not there for the person.
func (v *visit) order() (operators.Dossier, bool) {
	d, err := v.Desk.Desk.Orders.Show(v.r.Context(), v.r.PathValue("order"))
	if err == nil && d.Brand != v.brand.Name {
		err = topup.ErrNoOrder
	}
	if err != nil {
		v.fail(err)
		return operators.Dossier{}, false
	}
	return d, true
}

// showOrder answers with all that is known of an order.
func (v *visit) showOrder() {
	d, found := v.order()
	if !found {
		return
	}
	live, err := v.liveOrder(d)
	if err != nil {
		v.fail(err)
		return
	}
	data := orderData{
		Live: live, Facts: v.orderFacts(d), Links: v.orderLinks(d), Actions: v.orderActions(d), Say: v.Desk.Desk.Says.OrderText(d.Order),
	}
	if len(data.Actions) == 0 {
		data.Closed = v.t("order.nothing-to-do")
	}
	v.show(http.StatusOK, page{Head: ui.Head{Title: v.t("order.title"), Code: d.ID.Grouped()}, Template: "order", Data: data})
}

// orderLive answers with the part of the page that changes while the order is under way.
func (v *visit) orderLive() {
	d, found := v.order()
	if !found {
		return
	}
	live, err := v.liveOrder(d)
	if err != nil {
		v.fail(err)
		return
	}
	v.part("fresh", live)
}

// liveOrder is what changes while the order is under way.
func (v *visit) liveOrder(d operators.Dossier) (ui.Fresh, error) {
	body, err := v.html("order-live", struct {
		Status   ui.Status
		Sentence string
		Timeline ui.Timeline
		Money    ui.Money
	}{v.orderStatus(d.Status), v.orderSentence(d), v.orderTimeline(d), v.orderMoney(d)})
	return ui.Fresh{
		ID: "live", From: v.path("orders", string(d.ID), "live"), Every: orderEvery, Ended: d.NextAt.IsZero(), AsOf: v.asOf(),
		Body: body,
	}, err
}

// nextLook says when the program works on the order next; "" where it does not.
func (v *visit) nextLook(d operators.Dossier) string {
	next := d.NextAt
	if d.Order.LeaseUntil.After(next) {
		next = d.Order.LeaseUntil
	}
	switch {
	case d.NextAt.IsZero():
		return ""
	case next.Before(v.Clock.Now()):
		return v.t("order.next-now")
	}
	return v.t("order.next", "time", v.clock(next))
}

// orderSentence is what the reader of the page came for.
func (v *visit) orderSentence(d operators.Dossier) string {
	key := "order.says." + string(d.Status)
	switch {
	case d.Status == topup.Delivered && d.Charge.Status == topup.ChargeReturned:
		key = "order.says.returned"
	case d.Status == topup.Delivered && d.Charge.Status == topup.ChargeRefunded:
		key = "order.says.goodwill"
	case d.Status == topup.Delivered && d.Charge.Status == topup.ChargePartly:
		key = "order.says.partly"
	case d.Status == topup.Charging && d.AfterDebit:
		key = "order.says.debit"
	}
	says := v.t(key, "amount", money(d.Order.Amount), "number", d.Number, "reason", v.orderReason(d.Reason), "given", money(d.Order.Charge.GivenAway))
	if d.NeedsHuman {
		says += " " + v.t("order.needs-human", "time", v.clock(d.StatusAt))
	}
	return strings.TrimSpace(says + " " + v.nextLook(d))
}

// orderReason is why an order stands where it does, in words where we have some.
func (v *visit) orderReason(code string) string {
	if code == "" {
		return v.t("order.no-reason")
	}
	return v.tOr("order.reason."+strings.ToLower(code), code)
}

// whyThere is the reason that a list gives below an order's status.
func (v *visit) whyThere(s topup.Status, code string) string {
	if code == "" || s == topup.Delivered {
		return ""
	}
	return v.orderReason(code)
}

// paidWith is what paid an order: the customer's way to pay where there was one.
func (v *visit) paidWith(by topup.FundingKind, method string) string {
	if by == topup.ByCharge && method != "" {
		return v.tOr("customers.pays."+method, method)
	}
	return v.t("order.funding." + string(by))
}

// orderTimeline is what happened to the order, oldest first.
func (v *visit) orderTimeline(d operators.Dossier) ui.Timeline {
	type dated struct {
		at time.Time
		ui.Event
	}
	all := []dated{{d.CreatedAt, ui.Event{Tone: ui.Idle, Text: v.t("order.made", "amount", money(d.Order.Amount), "number", d.Number,
		"by", v.tOr("order.authorised."+d.AuthorisedBy, d.AuthorisedBy))}}}
	add := func(at time.Time, e ui.Event) { all = append(all, dated{at, e}) }
	for _, a := range d.Attempts {
		add(a.StartedAt, v.attemptEvent(d, a))
	}
	for _, p := range d.Passages {
		if key := "order.passage." + string(p.To); v.words[v.language].has(key) {
			add(p.At, ui.Event{Tone: v.orderStatus(p.To).Tone, Text: v.t(key, "reason", v.orderReason(p.Reason), "amount", money(d.Order.Amount), "number", d.Number)})
		}
	}
	for _, n := range d.Notices {
		e := ui.Event{Tone: ui.Idle, Text: v.t("order.told." + string(n.About))}
		at := n.ToldAt
		if at.IsZero() {
			e.Tone, e.Text, at = ui.Wait, v.t("order.to-tell."+string(n.About), "time", v.clock(n.DueAt)), n.DueAt
		}
		add(at, e)
	}
	for _, b := range d.ByHand {
		e := ui.Event{Tone: ui.Idle, Text: v.t("order.by-hand", "who", b.Who, "what", b.What, "why", b.Why)}
		if b.Outcome != "" {
			e.Details = [][2]string{{v.t("order.outcome"), b.Outcome}}
		}
		add(b.At, e)
	}
	slices.SortStableFunc(all, func(a, b dated) int { return a.at.Compare(b.at) })
	t := ui.Timeline{Ahead: v.nextLook(d)}
	for _, e := range all {
		e.Event.At = v.at(e.at)
		t.Events = append(t.Events, e.Event)
	}
	return t
}

// attemptEvent is one call of whoever pays or credits.
func (v *visit) attemptEvent(d operators.Dossier, a operators.AttemptRow) ui.Event {
	tones := map[topup.Outcome]ui.Tone{topup.Done: ui.Good, topup.Refused: ui.Bad, topup.Passing: ui.Wait, topup.Unknown: ui.Wait, topup.Pending: ui.Wait, topup.Action: ui.Wait, topup.Sending: ui.Wait}
	who := cmp.Or(d.Provider, string(d.Funding))
	if d.Funding == topup.ByCard {
		who = v.t("order.card")
	}
	if a.Step == topup.StepCredit {
		who = d.Network
	}
	outcome, took := a.Outcome, ""
	if a.Code == topup.CodeByHand {
		outcome = "by-hand"
	}
	if !a.EndedAt.IsZero() {
		took = a.EndedAt.Sub(a.StartedAt).Round(100 * time.Millisecond).String()
	}
	amount := d.Order.Amount
	for _, of := range d.Order.Attempts {
		if of.Number == a.Number && !of.Part.Zero() {
			amount = of.Part
		}
	}
	e := ui.Event{Tone: tones[a.Outcome], Text: v.t("order.attempt."+string(a.Step)+"."+string(outcome), "who", who, "amount", money(amount),
		"number", d.Number, "reason", v.orderReason(a.Code), "took", took)}
	for _, detail := range [][2]string{
		{"order.reference", a.Reference}, {"order.provider-reference", a.ProviderRef}, {"order.code", a.Code}, {"order.took", took},
	} {
		if detail[1] != "" {
			e.Details = append(e.Details, [2]string{v.t(detail[0]), detail[1]})
		}
	}
	return e
}

// orderMoney is where the order's money is.
func (v *visit) orderMoney(d operators.Dossier) ui.Money {
	m := ui.Money{Currency: string(d.Currency)}
	zero := prepaid.Money{Currency: d.Currency}
	charged, delivered, back, owed := zero, zero, zero, zero
	switch d.Charge.Status {
	case topup.ChargeCaptured, topup.ChargePending:
		charged = d.Order.Amount
	case topup.ChargePartly:
		charged, back = d.Order.Amount, d.Order.Charge.GivenAway
	case topup.ChargeRefunded:
		charged, back = d.Order.Amount, d.Order.Amount
	case topup.ChargeReturned:
		charged, back = d.Order.Amount, d.Order.Amount
		if d.Status == topup.Delivered {
			owed = d.Order.Amount
		}
	}
	if d.Status == topup.Delivered {
		delivered = d.Order.Amount
	}
	note := ""
	if d.Charge.Status == topup.ChargePending || d.Charge.Status == topup.ChargeReturned {
		note = v.t("order.charge." + string(d.Charge.Status))
	}
	m.Rows = []ui.MoneyRow{
		{Label: v.t("order.charged"), Amount: charged.Number(), Note: note}, {Label: v.t("order.delivered"), Amount: delivered.Number()},
		{Label: v.t("order.given-back"), Amount: back.Number()}, {Label: v.t("order.owed"), Amount: owed.Number(), Total: true},
	}
	for _, p := range d.Postings {
		m.Ledger = append(m.Ledger, [3]string{p.Entry, p.Account, p.Amount.Number() + " " + string(p.Currency)})
	}
	return m
}

// orderFacts are what else is known of the order.
func (v *visit) orderFacts(d operators.Dossier) [][2]string {
	var all [][2]string
	add := func(key, value string) {
		if value != "" {
			all = append(all, [2]string{v.t(key), value})
		}
	}
	add("orders.phone", d.Number)
	add("orders.made", v.at(d.CreatedAt).Full)
	add("order.funding", strings.TrimSuffix(v.paidWith(d.Funding, d.Method)+", "+d.Provider, ", "))
	add("order.charge-id", string(d.Charge.ID))
	add("order.gateway-reference", d.Charge.ProviderRef)
	add("order.network", strings.TrimSpace(d.Network+" "+d.NetworkRef))
	add("order.channel", strings.TrimSpace(d.Order.ReplyTo.Channel+" "+d.Order.ReplyTo.Language))
	if d.Sale != nil {
		add("order.identifier", d.Sale.Identifier)
	}
	return all
}

// orderLinks lead to whom the order belongs to.
func (v *visit) orderLinks(d operators.Dossier) []ui.Link {
	var all []ui.Link
	if d.Customer != "" && hasRoute("GET", "/{brand}/customers/{customer}") {
		all = append(all, ui.Link{Href: v.path("customers", string(d.Customer)), Text: v.t("order.customer")})
	}
	all = append(all, ui.Link{Href: v.path("orders") + "?" + query("customer", string(d.Customer)), Text: v.t("order.others")})
	return append(all, v.deedsOf(prepaid.OnOrder, string(d.ID)))
}

// orderActions are what may be done to the order now, by this person.
func (v *visit) orderActions(d operators.Dossier) []orderAction {
	var all []orderAction
	at := v.path("orders", string(d.ID))
	add := func(act operators.Act, to, key string) {
		if right := v.may(act); right != operators.Not {
			all = append(all, orderAction{ui.Link{Href: at + to, Text: v.t(key, "amount", money(d.Order.Amount))}, v.t(key + "-does"), right == operators.Asks})
		}
	}
	for _, a := range d.Allowed {
		switch a {
		case topup.RefundOrder:
			add(operators.ActSettle, "/refund", "order.refund")
		case topup.RefundAsGoodwill:
			add(operators.ActGoodwill, "/goodwill", "order.goodwill")
		}
	}
	for _, verdict := range verdicts {
		if slices.Contains(d.Allowed, verdict.Action()) && v.may(operators.ActSettle) != operators.Not {
			as := ui.Link{Href: at + "/settle?" + query("verdict", string(verdict)), Text: v.t("order.settle-as", "verdict", v.t("order.verdict."+string(verdict)))}
			all = append(all, orderAction{as, v.t("order.settle-does"), v.may(operators.ActSettle) == operators.Asks})
		}
	}
	if right := v.may(operators.ActBooks); right != operators.Not && d.Customer != "" && d.Status == topup.Delivered && d.Charge.Status == topup.ChargeReturned {
		paid := ui.Link{Href: v.path("waiting", prepaid.OnCustomer, string(d.Customer), "paid"), Text: v.t("wait.do.paid")}
		all = append(all, orderAction{paid, v.t("action.paid-text"), right == operators.Asks})
	}
	if d.Customer != "" && d.Order.ReplyTo.Address != "" {
		add(operators.ActHelp, "/resend", "order.resend")
	}
	return all
}

// ofOrder names the order for an operation.
func (v *visit) ofOrder(d operators.Dossier) operators.OfOrder {
	return operators.OfOrder{Brand: v.brand.Name, Order: d.ID}
}

// verdicts are all that can be found out about an order.
var verdicts = []topup.Verdict{topup.WasCharged, topup.NotCharged, topup.WasDelivered, topup.NotDelivered, topup.WasRefunded, topup.NotRefunded}

// settleOrder settles by hand what the program can't find out.
func (v *visit) settleOrder() {
	d, found := v.order()
	if !found {
		return
	}
	choice := ui.Input{Field: ui.Field{Name: "verdict", Label: v.t("order.verdict"), Hint: v.t("order.verdict-hint")}}
	for _, verdict := range verdicts {
		if slices.Contains(d.Allowed, verdict.Action()) {
			choice.Options = append(choice.Options, ui.Option{Value: string(verdict), Label: v.t("order.verdict." + string(verdict))})
		}
	}
	v.run(task{
		Title: v.t("order.settle"), Back: v.path("orders", string(d.ID)), Danger: true, Fields: []ui.Input{choice},
		Read: func(f *typed) operators.Operation {
			verdict := topup.Verdict(f.text("verdict"))
			if !slices.Contains(verdicts, verdict) {
				f.wrong("verdict", v.t("order.choose-verdict"))
			}
			return operators.SettleOrder{OfOrder: v.ofOrder(d), Verdict: verdict}
		},
		Name: func(op operators.Operation) (string, string) {
			says := v.t("order.verdict." + string(op.(operators.SettleOrder).Verdict))
			return v.t("order.settle-as", "verdict", says), v.t("order.settle-as", "verdict", says)
		},
	})
}

// refundOrder gives an order's money back.
func (v *visit) refundOrder() {
	d, found := v.order()
	if !found {
		return
	}
	v.run(task{
		Title: v.t("order.refund", "amount", money(d.Order.Amount)), Back: v.path("orders", string(d.ID)), Danger: true,
		Read: func(*typed) operators.Operation { return operators.RefundOrder{OfOrder: v.ofOrder(d)} },
	})
}

// goodwillOrder gives some of an order's money back, and leaves the customer the airtime.
func (v *visit) goodwillOrder() {
	d, found := v.order()
	if !found {
		return
	}
	limit := prepaid.Money{Minor: v.actor.Goodwill[d.Currency], Currency: d.Currency}
	amount := ui.Field{
		Name: "amount", Label: v.t("order.goodwill-amount", "currency", string(d.Currency)), Value: d.Order.Amount.Number(), InputMode: "decimal",
		Hint: v.t("order.goodwill-hint", "amount", money(d.Order.Amount), "limit", money(limit)), MaxLength: 12, Required: true,
	}
	v.run(task{
		Title: v.t("order.goodwill"), Back: v.path("orders", string(d.ID)), Danger: true, Fields: []ui.Input{{Field: amount}},
		Read: func(f *typed) operators.Operation {
			given, err := prepaid.ParseMoney(strings.ReplaceAll(f.text("amount"), ",", "."), d.Currency)
			if err != nil || given.Minor <= 0 || given.Minor > d.Order.Amount.Minor {
				f.wrong("amount", v.t("order.goodwill-wrong", "amount", money(d.Order.Amount)))
			}
			return operators.GoodwillOrder{OfOrder: v.ofOrder(d), Amount: given}
		},
		Name: func(op operators.Operation) (string, string) {
			given := money(op.(operators.GoodwillOrder).Amount)
			return v.t("order.goodwill"), v.t("order.goodwill-button", "amount", given)
		},
	})
}

// resendOrder tells the customer once more how the order stands.
func (v *visit) resendOrder() {
	d, found := v.order()
	if !found {
		return
	}
	v.run(task{
		Title: v.t("order.resend"), Back: v.path("orders", string(d.ID)),
		Read: func(*typed) operators.Operation {
			return operators.ResendResult{OfCustomer: operators.OfCustomer{Brand: v.brand.Name, Customer: d.Customer}, Order: d.ID}
		},
	})
}

// whyNot is why an order does not allow an operation now, in words of the desk's.
func (v *visit) whyNot(err error) string {
	var not *topup.NotAllowedError
	switch {
	case !errors.As(err, &not):
		return err.Error()
	case errors.Is(not.Reason, topup.ErrWorkedOn):
		return v.t("order.worked-on")
	}
	return v.t("order.not-allowed", "status", v.t("order.status."+string(not.Status)))
}
