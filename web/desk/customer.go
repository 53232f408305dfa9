package desk

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"
	"time"

	"pulsa/accounts"
	"pulsa/channels"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/web/ui"
)

// customerRoutes are the page of one customer, who is named by their id: no number stands in an address.
func customerRoutes() []route {
	const at = "/{brand}/customers/{customer}"
	routes := []route{
		get(at, operators.ActSee, (*visit).customer),
		get(at+"/messages", operators.ActSee, ofTheBrand((*visit).customerMessages)),
		post(at+"/see", operators.ActUnmask, ofTheBrand((*visit).seeCustomer)),
		post(at+"/note", operators.ActHelp, ofTheBrand((*visit).noteCustomer)),
		post(at+"/caller", operators.ActSee, ofTheBrand((*visit).checkCaller)),
		post(at+"/caller/code", operators.ActSee, ofTheBrand((*visit).sendCallerCode)),
		post(at+"/data", operators.ActIdentity, ofTheBrand((*visit).customerData)),
	}
	for _, a := range customerActions() {
		routes = append(routes, runs(at+"/"+a.name, a.act, (*visit).runCustomer)...)
	}
	return routes
}

// ofTheBrand serves where the customer is one of the brand's, whatever else the request lacks.
func ofTheBrand(serve func(*visit)) func(*visit) {
	return func(v *visit) {
		c, err := v.Desk.Desk.Customers.Customers.CustomerByID(v.r.Context(), v.customerID())
		if err == nil && c.Brand != v.brand.Name {
			err = accounts.ErrNoCustomer
		}
		if err != nil {
			v.fail(err)
			return
		}
		serve(v)
	}
}

// customerID is the id in the address.
func (v *visit) customerID() prepaid.CustomerID { return prepaid.CustomerID(v.r.PathValue("customer")) }

func (v *visit) customerPath(parts ...string) string {
	return v.path(append([]string{"customers", string(v.customerID())}, parts...)...)
}

// customerPage is what the template "customer" shows.
type customerPage struct {
	Caller    callerBar
	See       []seeForm
	Facts     [][2]string
	Addresses ui.Table
	OptOuts   ui.Table
	Orders    ui.Table
	Cards     ui.Table
	Debts     ui.Table
	Mandates  ui.Table
	Messages  messagesPart
	Notes     []ui.Note
	Note      *noteForm
	Deeds     ui.Table
	Record    ui.Link // all of them
	Actions   []customerActionRow
	Data      string // where the file of all data is fetched; "" for none
	Key       string
}

type messagesPart struct {
	ui.Timeline
	Older string
	Empty string
	Note  string
}

// seeForm asks for a reason, and shows something whole.
type seeForm struct {
	Action, What, Key, Title, Sentence, Button string
	Reason                                     ui.Field
}

type noteForm struct {
	Action, Key string
	Text        ui.Input
}

// callerBar is the bar that says who is calling.
type callerBar struct {
	Status   ui.Status
	Sentence string
	Key      string
	Code     string // where a code is asked for; "" where the person may not
	Check    string // where what was said is compared
	ReadBack *ui.Field
	Facts    []callerFact
	Open     bool
}

type callerFact struct {
	Fact, Title string
	Told        bool
	Fields      []ui.Field
}

// customer answers with the page of a customer.
func (v *visit) customer() {
	s, err := v.Desk.Desk.Customers.Sheet(v.r.Context(), v.actor, v.brand.Name, v.customerID())
	if err != nil {
		v.fail(err)
		return
	}
	messages, older, err := v.Desk.Desk.Customers.MessagesOf(v.r.Context(), v.actor, v.brand.Name, s.ID, time.Time{})
	if err != nil {
		v.fail(err)
		return
	}
	p := customerPage{
		Caller: v.callerBar(s), See: v.seeForms(s), Facts: v.customerFacts(s), Addresses: v.customerAddresses(s), OptOuts: v.customerOptOuts(s),
		Orders: v.customerOrders(s), Cards: v.customerCards(s), Debts: v.customerDebts(s), Mandates: v.customerMandates(s),
		Messages: v.messagesPart(messages, older), Notes: v.customerNotes(s), Deeds: v.customerDeeds(s), Actions: v.customerActionRows(s), Key: prepaid.NewToken(),
		Record: v.deedsOf(prepaid.OnCustomer, string(s.ID)),
	}
	if v.may(operators.ActHelp) != operators.Not {
		p.Note = &noteForm{Action: v.customerPath("note"), Key: prepaid.NewToken(), Text: ui.Input{Rows: 3, Field: ui.Field{
			Name: "text", Label: v.t("customer.note"), Hint: v.t("customer.note-hint"), MaxLength: 2000, Required: true}}}
	}
	if !s.DataUntil.IsZero() {
		p.Data = v.customerPath("data")
	}
	v.show(http.StatusOK, page{Head: v.customerHead(s), Template: "customer", Data: p, Banner: v.saidBanner()})
}

// saidBanner tells what came of a form that is no operation. The address names it by a word of ours.
func (v *visit) saidBanner() ui.Banner {
	said := v.r.URL.Query().Get("said")
	tone := ui.Bad
	switch said {
	case "right":
		tone = ui.Good
	case "wrong", "code", "many", "fact", "reason", "note", "data", "no-line":
	default:
		return ui.Banner{}
	}
	return ui.Banner{Tone: tone, Text: v.t("customer.said." + said)}
}

func (v *visit) customerHead(s operators.Sheet) ui.Head {
	h := ui.Head{Title: v.t("customer.title"), Code: s.Number, Status: v.sheetStatus(s)}
	var said []string
	add := func(use bool, key string, pairs ...string) {
		if use {
			said = append(said, v.t(key, pairs...))
		}
	}
	add(!s.FrozenAt.IsZero(), "customer.is-frozen", "when", v.clock(s.FrozenAt))
	add(s.OnBlocks, "customer.on-blocks")
	add(s.Status == accounts.Blocked, "customer.is-blocked")
	add(s.PINLocked && s.PINUntil.IsZero(), "customer.pin-hard")
	add(s.PINLocked && !s.PINUntil.IsZero(), "customer.pin-until", "when", v.clock(s.PINUntil))
	add(v.cardsLocked(s), "customer.cards-until", "when", v.clock(s.CardsUntil))
	add(s.PaysBy == "", "customer.pays-nothing")
	add(s.PaysBy != "", "customer.pays", "method", strings.ToLower(v.paysBy(s.PaysBy)), "what", s.Instrument)
	if len(s.Orders) > 0 {
		o := s.Orders[0]
		add(true, "customer.last-order", "amount", o.Amount+" "+string(o.Currency), "status", v.t("order.status."+string(o.Status)), "when", v.clock(o.CreatedAt))
	}
	h.Sentence = strings.Join(said, " ")
	return h
}

func (v *visit) cardsLocked(s operators.Sheet) bool { return v.Clock.Now().Before(s.CardsUntil) }

// sheetStatus is where a customer stands.
func (v *visit) sheetStatus(s operators.Sheet) ui.Status {
	if !s.FrozenAt.IsZero() {
		return ui.Status{Tone: ui.Bad, Word: v.t("customer.frozen")}
	}
	if s.OnBlocks {
		return ui.Status{Tone: ui.Bad, Word: v.t("customer.number-blocked")}
	}
	return v.customerStatus(s.Status)
}

// customerFacts is the list of what is known at a glance.
func (v *visit) customerFacts(s operators.Sheet) [][2]string {
	zone := v.brand
	facts := [][2]string{
		{v.t("customer.language"), v.tOr("language."+s.Language, s.Language)},
		{v.t("customer.pays-by"), cmp.Or(s.Instrument, "—")},
		{v.t("customer.pin"), v.pinSaid(s)},
		{v.t("customer.card-codes"), v.cardsSaid(s)},
		{v.t("customer.day"), v.limitSaid(s.Used.DayCount, s.Used.DaySum, s.Limits.DayCount, s.Limits.DaySum, zone)},
		{v.t("customer.month"), v.limitSaid(s.Used.MonthCount, s.Used.MonthSum, s.Limits.MonthCount, s.Limits.MonthSum, zone)},
	}
	if !s.Limits.SEPAExposure.Zero() {
		facts = append(facts, [2]string{v.t("customer.pending"), v.t("customer.of", "used", money(prepaid.Money{Minor: s.Used.Pending, Currency: zone.Currency}), "most", money(s.Limits.SEPAExposure))})
	}
	facts = append(facts, [2]string{v.t("customer.registered"), v.clock(s.CreatedAt)})
	if !s.RecoveredAt.IsZero() {
		facts = append(facts, [2]string{v.t("customer.recovered"), v.clock(s.RecoveredAt)})
	}
	return facts
}

func (v *visit) pinSaid(s operators.Sheet) string {
	switch {
	case s.PINLocked && s.PINUntil.IsZero():
		return v.t("customer.pin-locked-hard")
	case s.PINLocked:
		return v.t("customer.locked-until", "when", v.clock(s.PINUntil))
	}
	return v.t("customer.pin-tries", "row", strconv.Itoa(s.PINTries), "month", strconv.Itoa(s.PINMonth))
}

func (v *visit) cardsSaid(s operators.Sheet) string {
	if v.cardsLocked(s) {
		return v.t("customer.locked-until", "when", v.clock(s.CardsUntil))
	}
	return v.t("customer.cards-tries", "row", strconv.Itoa(s.CardsWrong))
}

// limitSaid is what was bought, of what may be.
func (v *visit) limitSaid(count int, sum int64, most int, mostSum prepaid.Money, b *prepaid.Brand) string {
	used, all := money(prepaid.Money{Minor: sum, Currency: b.Currency}), v.t("customer.no-limit")
	if !mostSum.Zero() {
		all = money(mostSum)
	}
	said := v.t("customer.of", "used", used, "most", all)
	if most > 0 {
		return said + ", " + v.t("customer.orders-of", "used", strconv.Itoa(count), "most", strconv.Itoa(most))
	}
	return said + ", " + v.t("customer.orders-count", "used", strconv.Itoa(count))
}

func (v *visit) customerAddresses(s operators.Sheet) ui.Table {
	t := ui.Table{Caption: v.t("customer.addresses"), Columns: []ui.Column{{Name: v.t("customer.address")}, {Name: v.t("customer.linked")}},
		Empty: ui.State{Title: v.t("customer.no-addresses")}}
	for _, a := range s.Addresses {
		c := ui.Cell{Text: a.Address, Second: a.Kind}
		if a.OptedOut {
			c.Second += " · " + v.t("customer.opted-out")
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{c, {Time: v.at(a.LinkedAt)}}})
	}
	return t
}

func (v *visit) customerOptOuts(s operators.Sheet) ui.Table {
	t := ui.Table{Caption: v.t("customer.opt-outs"), Columns: []ui.Column{{Name: v.t("customer.address")}, {Name: v.t("customer.where")}, {Name: v.t("customer.when")}}}
	for _, o := range s.OptOuts {
		where := ui.Cell{Text: cmp.Or(o.Channel, v.t("customer.by-word"))}
		if o.Words != "" {
			where.Second = "“" + o.Words + "”"
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: o.Address.Masked()}, where, {Time: v.at(o.At)}}})
	}
	return t
}

func (v *visit) customerOrders(s operators.Sheet) ui.Table {
	t := ui.Table{Caption: v.t("place.orders"), Columns: []ui.Column{
		{Name: v.t("orders.number")}, {Name: v.t("orders.status")}, {Name: v.t("orders.phone"), Wide: true}, {Name: v.t("orders.amount"), Money: true}, {Name: v.t("orders.made")},
	}, Empty: ui.State{Title: v.t("customer.no-orders")}}
	for _, o := range s.Orders {
		t.Rows = append(t.Rows, ui.Row{Href: v.path("orders", string(o.ID)), Cells: []ui.Cell{
			{Text: o.ID.Grouped(), Mono: true}, {Status: v.orderStatus(o.Status), Second: v.whyThere(o.Status, o.Reason)}, {Text: o.Number}, {Text: o.Amount + " " + string(o.Currency)}, {Time: v.at(o.CreatedAt)},
		}})
	}
	return t
}

func (v *visit) customerCards(s operators.Sheet) ui.Table {
	t := ui.Table{Caption: v.t("customer.cards"), Columns: []ui.Column{
		{Name: v.t("customer.serial")}, {Name: v.t("orders.amount"), Money: true}, {Name: v.t("orders.number")}, {Name: v.t("customer.when")},
	}}
	for _, c := range s.Cards {
		t.Rows = append(t.Rows, ui.Row{Href: v.path("orders", string(c.Order)), Cells: []ui.Cell{
			{Text: c.Serial, Mono: true}, {Text: money(c.Amount)}, {Text: c.Order.Grouped(), Mono: true}, {Time: v.at(c.ActivatedAt)},
		}})
	}
	return t
}

func (v *visit) customerDebts(s operators.Sheet) ui.Table {
	t := ui.Table{Caption: v.t("customer.owes"), Columns: []ui.Column{{Name: v.t("orders.number")}, {Name: v.t("orders.amount"), Money: true}, {Name: v.t("customer.came-back")}}}
	for _, d := range s.Debts {
		t.Rows = append(t.Rows, ui.Row{Href: v.path("orders", string(d.Order)), Cells: []ui.Cell{{Text: d.Order.Grouped(), Mono: true}, {Text: money(d.Amount)}, {Time: v.at(d.At)}}})
	}
	return t
}

func (v *visit) customerMandates(s operators.Sheet) ui.Table {
	t := ui.Table{Caption: v.t("customer.mandates"), Columns: []ui.Column{{Name: v.t("customer.reference")}, {Name: v.t("customer.when")}}}
	for _, m := range s.Mandates {
		at, _ := time.Parse(time.RFC3339, m.AgreedAt)
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: m.Reference, Mono: true, Second: m.IBAN}, {Time: v.at(at)}}})
	}
	return t
}

func (v *visit) customerNotes(s operators.Sheet) []ui.Note {
	notes := make([]ui.Note, len(s.Notes))
	for i, n := range s.Notes {
		notes[i] = ui.Note{Who: n.Who, Text: n.Text, At: v.at(n.At)}
	}
	return notes
}

func (v *visit) customerDeeds(s operators.Sheet) ui.Table {
	t := ui.Table{Caption: v.t("customer.deeds"), Columns: []ui.Column{{Name: v.t("customer.what")}, {Name: v.t("customer.who")}, {Name: v.t("customer.when")}},
		Empty: ui.State{Title: v.t("customer.no-deeds")}}
	for _, d := range s.Deeds {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: d.What, Second: d.Why}, {Text: d.Who, Second: d.Role}, {Time: v.at(d.At)}}})
	}
	return t
}

// messagesPart shows messages, newest first.
func (v *visit) messagesPart(messages []operators.Message, older time.Time) messagesPart {
	p := messagesPart{}
	if len(messages) == 0 {
		p.Empty = v.t("customer.no-messages")
	}
	if !older.IsZero() {
		p.Older = v.customerPath("messages") + "?" + query("before", strconv.FormatInt(prepaid.Micros(older), 10))
	}
	hidden := false
	for _, m := range messages {
		e := ui.Event{At: v.at(m.At), Tone: ui.Idle, Text: v.t("message.in", "channel", m.Channel), Quote: m.Text}
		if m.Out {
			e.Text, e.Tone = v.messageSaid(m)
		} else if m.Text == "" {
			hidden = true
		}
		if m.Sealed {
			e.Quote = v.t("message.sealed")
		}
		details := [][2]string{{v.t("customer.address"), m.Address.Masked()}}
		if m.From != "" {
			details = append(details, [2]string{v.t("message.states"), m.From + " → " + m.To})
		}
		if len(m.Prompts) > 0 {
			details = append(details, [2]string{v.t("message.prompts"), strings.Join(m.Prompts, ", ")})
		}
		if m.Code != "" {
			details = append(details, [2]string{v.t("message.code"), m.Code})
		}
		e.Details = details
		p.Events = append(p.Events, e)
	}
	if hidden {
		p.Note = v.t("customer.talk-hidden")
	}
	return p
}

// messageSaid says how a message of ours arrived.
func (v *visit) messageSaid(m operators.Message) (string, ui.Tone) {
	how, tone := "message.answered", ui.Good
	switch {
	case m.Delivery == channels.DeliveredTo:
		how = "message.delivered"
	case m.Delivery == channels.Read:
		how = "message.read"
	case m.Delivery == channels.Failed:
		how, tone = "message.undelivered", ui.Bad
	case m.Status == channels.Waiting:
		how, tone = "message.waiting", ui.Wait
	case m.Status == channels.HandedOn:
		how, tone = "message.sent", ui.Wait
	case m.Status == channels.GivenUp:
		how, tone = "message.failed", ui.Bad
	case m.Status == channels.Uncertain:
		how, tone = "message.unknown", ui.Bad
	}
	return v.t("message.out", "channel", m.Channel, "how", v.t(how)), tone
}

// customerMessages answers with older messages.
func (v *visit) customerMessages() {
	us, err := strconv.ParseInt(v.r.Form.Get("before"), 10, 64)
	if err != nil || us <= 0 {
		v.redirect(v.customerPath())
		return
	}
	messages, older, err := v.Desk.Desk.Customers.MessagesOf(v.r.Context(), v.actor, v.brand.Name, v.customerID(), prepaid.FromMicros(us))
	if err != nil {
		v.fail(err)
		return
	}
	h := ui.Head{Title: v.t("customer.messages"), Sentence: v.t("customer.messages-before", "when", v.clock(prepaid.FromMicros(us))),
		More: []ui.Link{{Href: v.customerPath(), Text: v.t("customer.back")}}}
	v.show(http.StatusOK, page{Head: h, Template: "messages", Data: v.messagesPart(messages, older)})
}
