package storetest

import (
	"errors"
	"slices"
	"strings"
	"time"

	"pulsa/accounts"
	"pulsa/cards"
	"pulsa/channels"
	"pulsa/conversation"
	"pulsa/operators"
	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/topup"
)

// finds is what is found, as "kind id by what", in the order in which it is found.
func (w *world) finds(s operators.Sought) string {
	w.Helper()
	if s.Brands == nil {
		s.Brands = []string{brand}
	}
	var found []string
	for _, f := range must[[]operators.Found](w)(w.db.Search.Find(w.Context(), s)) {
		if f.Brand != brand || f.At.IsZero() || f.Status == "" {
			w.Errorf("found %+v", f)
		}
		found = append(found, f.Kind+" "+f.ID+" by "+f.By)
	}
	return strings.Join(found, ", ")
}

// whatIsDone are the deeds on a customer, oldest first.
func (w *world) whatIsDone(c accounts.Customer) string {
	w.Helper()
	var what []string
	for _, d := range must[[]operators.RecordedDeed](w)(w.db.Deeds.Of(w.Context(), operators.Object{Brand: brand, Kind: prepaid.OnCustomer, ID: string(c.ID)})) {
		what = append(what, strings.TrimSuffix(d.What+" "+d.New, " "))
	}
	return strings.Join(what, ", ")
}

// atDesk puts something of all that the desk keeps of a customer.
func (w *world) atDesk(c accounts.Customer) {
	w.Helper()
	w.ok(w.db.Desk.AddNote(w.Context(), operators.Note{ID: prepaid.NewID[string](), Brand: brand, Customer: c.ID, Who: "anna", Text: "calls often", At: start}, by))
	seen := operators.Sighting{Brand: brand, Customer: c.ID, Person: "anna", What: operators.SeesNumber, Until: start.Add(time.Minute)}
	w.ok(w.db.Desk.See(w.Context(), seen, nil))
	w.ok(w.db.Desk.SaveCheck(w.Context(), check(c, operators.FactRegistered, operators.CallerRight, start), accounts.Place{}, operators.CallerLimits{}, by))
}

func check(c accounts.Customer, f operators.CallerFact, o operators.CallerOutcome, at time.Time) operators.CallerCheck {
	return operators.CallerCheck{ID: prepaid.NewID[string](), Brand: brand, Customer: c.ID, Person: "anna", Fact: f, Outcome: o, At: at}
}

var deskTests = []test{
	{"things are found by what people read out", func(w *world) {
		c := w.signs(w.customer())
		o := w.spends(c)
		ofCard := func() prepaid.OrderID { w.card("102-1"); return w.redeemed("102-1") }()
		w.card("102-2")
		key := w.developer(eur(10000))
		resold := w.placed(w.resale(key, func(n *topup.NewOrder) { n.Sale.Identifier = "Ticket-7" }))
		charge := must[topup.History](w)(w.db.Orders.Order(w.Context(), o.ID)).Charge.ID
		reference := must[[]payments.Mandate](w)(w.db.Mandates.MandatesOf(w.Context(), c.ID))[0].Reference
		number := map[string]prepaid.MSISDN{brand: c.MSISDN}
		for what, want := range map[string]struct {
			sought operators.Sought
			found  string
		}{
			"an order":               {operators.Sought{Order: o.ID}, "order " + string(o.ID) + " by order"},
			"a charge":               {operators.Sought{Reference: string(charge)}, "order " + string(o.ID) + " by charge"},
			"a number":               {operators.Sought{Numbers: number}, "customer " + string(c.ID) + " by number"},
			"a number elsewhere":     {operators.Sought{Numbers: number, Brands: []string{"other"}}, ""},
			"a stranger's number":    {operators.Sought{Numbers: map[string]prepaid.MSISDN{brand: resold.MSISDN}}, "order " + string(resold.ID) + " by number"},
			"a used card":            {operators.Sought{Serial: "102-1"}, "order " + string(ofCard) + " by card"},
			"a card":                 {operators.Sought{Serial: "102-2"}, "cards 102-2 by card"},
			"a mandate":              {operators.Sought{Mandate: reference}, "customer " + string(c.ID) + " by mandate"},
			"an identifier":          {operators.Sought{Identifier: "ticket-7"}, "order " + string(resold.ID) + " by developer's identifier"},
			"another brand's":        {operators.Sought{Order: o.ID, Brands: []string{"other"}}, ""},
			"nothing":                {operators.Sought{Order: "NOSUCHORDR", Reference: "NOSUCHORDR", Serial: "NOSUCHORDR", Mandate: "NOSUCHORDR", Identifier: "nosuchordr"}, ""},
			"a gateway's reference":  {operators.Sought{Reference: "pi_1"}, "order " + string(ofCard) + " by gateway's reference, order " + string(o.ID) + " by gateway's reference"},
			"a network's reference":  {operators.Sought{Reference: "net-1"}, "order " + string(ofCard) + " by network's reference, order " + string(o.ID) + " by network's reference"},
			"a transaction":          {operators.Sought{Transaction: int64(must[topup.History](w)(w.db.Orders.Order(w.Context(), resold.ID)).Sale.Number)}, "order " + string(resold.ID) + " by transaction"},
			"a transaction of none":  {operators.Sought{Transaction: 999999}, ""},
			"no brand":               {operators.Sought{Order: o.ID, Brands: []string{}}, ""},
			"a number that is wrong": {operators.Sought{Numbers: map[string]prepaid.MSISDN{brand: "31600000000"}}, ""},
		} {
			got := strings.Split(w.finds(want.sought), ", ")
			slices.Sort(got)
			wanted := strings.Split(want.found, ", ")
			slices.Sort(wanted)
			same(w, what, got, wanted)
		}
	}},
	{"a note is kept until it is removed, and the record does not hold it", func(w *world) {
		c := w.customer()
		n := operators.Note{ID: "n", Brand: brand, Customer: c.ID, Who: "anna", Text: "calls often", At: start}
		w.ok(w.db.Desk.AddNote(w.Context(), n, by))
		same(w, "kept", must[[]operators.Note](w)(w.db.Desk.Notes(w.Context(), brand, c.ID)), []operators.Note{n})
		w.ok(w.db.Desk.RemoveNote(w.Context(), brand, "n", by, start.Add(time.Minute)))
		w.ok(w.db.Desk.RemoveNote(w.Context(), brand, "n", by, start.Add(time.Minute)))
		same(w, "gone", len(must[[]operators.Note](w)(w.db.Desk.Notes(w.Context(), brand, c.ID))), 0)
		same(w, "record", w.whatIsDone(c), "note n, remove note")
		n.ID, n.Customer = "m", "nobody"
		if err := w.db.Desk.AddNote(w.Context(), n, by); !errors.Is(err, accounts.ErrNoCustomer) {
			w.Errorf("about nobody: %v", err)
		}
	}},
	{"a person sees a customer whole for a while", func(w *world) {
		c := w.customer()
		sees := func(p operators.PersonID, at time.Time) int {
			return len(must[[]operators.Sighting](w)(w.db.Desk.Seen(w.Context(), brand, c.ID, p, at)))
		}
		s := operators.Sighting{Brand: brand, Customer: c.ID, Person: "anna", What: operators.SeesNumber, Until: start.Add(15 * time.Minute)}
		d := prepaid.Deed{Brand: brand, What: "see number", Kind: prepaid.OnCustomer, Object: string(c.ID), By: by, At: start}
		w.ok(w.db.Desk.See(w.Context(), s, &d))
		s.Until = start.Add(time.Minute)
		w.ok(w.db.Desk.See(w.Context(), s, nil)) // is no shorter for it
		same(w, "anna", sees("anna", start.Add(14*time.Minute)), 1)
		same(w, "later", sees("anna", start.Add(15*time.Minute)), 0)
		same(w, "somebody else", sees("bob", start), 0)
		for _, want := range []bool{true, false} {
			same(w, "taken", must[bool](w)(w.db.Desk.Take(w.Context(), s, start)), want)
		}
		same(w, "record", w.whatIsDone(c), "see number")
	}},
	{"checks of callers are counted, whoever asks", func(w *world) {
		c := w.customer()
		limits := operators.CallerLimits{Since: start.Add(-time.Hour), Most: map[operators.CallerOutcome]int{operators.CallerWrong: 2, operators.CallerSent: 1}}
		save := func(k operators.CallerCheck) error {
			return w.db.Desk.SaveCheck(w.Context(), k, place(c.MSISDN.Tel()), limits, by)
		}
		sent := check(c, operators.FactCode, operators.CallerSent, start)
		sent.Code = "notice"
		w.ok(save(sent))
		wrong := check(c, operators.FactInstrument, operators.CallerWrong, start)
		w.ok(save(wrong))
		wrong.ID, wrong.Person = "another", "bob"
		w.ok(save(wrong))
		for _, o := range []operators.CallerOutcome{operators.CallerWrong, operators.CallerSent} {
			if err := save(check(c, operators.FactCode, o, start)); !errors.Is(err, operators.ErrManyChecks) {
				w.Errorf("one too many %s: %v", o, err)
			}
		}
		w.ok(save(check(c, operators.FactRegistered, operators.CallerRight, start.Add(time.Second))))
		same(w, "kept", len(must[[]operators.CallerCheck](w)(w.db.Desk.Checks(w.Context(), brand, c.ID, start.Add(-time.Hour)))), 4)
		same(w, "since", len(must[[]operators.CallerCheck](w)(w.db.Desk.Checks(w.Context(), brand, c.ID, start))), 1)
		same(w, "to be told", w.noticesOf(prepaid.NoticeCallerCode), 1)
		same(w, "record", len(strings.Split(w.whatIsDone(c), ", ")), 4)
	}},
	{"a customer's page reads what they have bought, owe and used", func(w *world) {
		c := w.customer()
		o := w.spends(c)
		now := o.CreatedAt.Add(time.Hour)
		same(w, "a day", must[operators.Used](w)(w.db.Desk.Used(w.Context(), c.ID, "EUR", now)),
			operators.Used{DayCount: 1, DaySum: o.Amount.Minor, MonthCount: 1, MonthSum: o.Amount.Minor})
		same(w, "a week later", must[operators.Used](w)(w.db.Desk.Used(w.Context(), c.ID, "EUR", now.Add(7*24*time.Hour))),
			operators.Used{MonthCount: 1, MonthSum: o.Amount.Minor})
		same(w, "owes nothing", len(must[[]operators.Owed](w)(w.db.Desk.Owed(w.Context(), c.ID))), 0)
		w.exec(`UPDATE charges SET status = 'returned' WHERE order_id = '` + string(o.ID) + `'`)
		same(w, "owes", must[[]operators.Owed](w)(w.db.Desk.Owed(w.Context(), c.ID))[0].Amount, o.Amount)
		w.exec(`UPDATE charges SET status = 'captured' WHERE order_id = '` + string(o.ID) + `'`)
		w.card("102-9")
		id := w.redeemed("102-9")
		redeemer := must[topup.History](w)(w.db.Orders.Order(w.Context(), id))
		got := must[[]operators.Redeemed](w)(w.db.Desk.CardsOf(w.Context(), brand, redeemer.MSISDN))
		if len(got) != 1 || got[0].Serial != "102-9" || got[0].Order != id || got[0].State != cards.Spent {
			w.Errorf("cards: %+v", got)
		}
	}},
	{"messages are read both ways, with how they arrived and without what they must not show", func(w *world) {
		c := w.customer()
		a := c.MSISDN.Tel()
		at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
		say := func(id string, s int, entry string) {
			w.ok(w.db.Transcripts.SaveTranscripts(w.Context(), []conversation.Transcript{
				{Sender: brand + "/twilio/" + string(a), MessageID: id, At: at(s), Entry: []byte(entry)}}))
		}
		say("in1", 0, `{"in":"KOOP 10 ****","out":["Done ****"],"from":"idle","to":"idle","prompts":["order.delivered"]}`)
		m := message(a, "in1", 0)
		m.Text, m.CreatedAt = "€10.00 for +31612345678. Code 123 456, https://pulsa.example/p/k2m4np7r9t3v", at(0)
		w.put(m)
		w.end(w.claimOut(at(1))[0], channels.SendEnd{Status: channels.HandedOn, ProviderRef: "SM1", Now: at(1)})
		say("in2", 10, `{"in":"STOP","out":["You get no more messages"],"from":"idle","to":"idle"}`)
		w.ok(w.db.OptOuts.SetOptOut(w.Context(), brand, a, []string{""}, true, at(10)))
		w.ok(w.db.OptOuts.SetOptOut(w.Context(), brand, a, []string{"twilio"}, true, at(20)))
		read := func(before time.Time, limit int) []operators.Message {
			return must[[]operators.Message](w)(w.db.Desk.Messages(w.Context(), brand, []prepaid.Address{a}, before, limit))
		}
		texts := func(messages []operators.Message) (all []string) {
			for _, m := range messages {
				all = append(all, m.Text)
			}
			return all
		}
		want := []string{"You get no more messages", "STOP", "€10.00 for +****. Code ****, https://pulsa.example/p/****", "KOOP 10 ****"}
		same(w, "texts", texts(read(at(60), 50)), want)
		same(w, "a page", texts(read(at(60), 2)), want[:2])
		same(w, "the next", texts(read(at(10), 2)), want[2:])
		if got := read(at(10), 2)[0]; !got.Out || got.Status != channels.HandedOn || got.Channel != "twilio" {
			w.Errorf("sent: %+v", got)
		}
		w.archiveAll(start.Add(8 * 24 * time.Hour))
		same(w, "archived", texts(read(at(60), 50)), want)
		outs := must[[]operators.SaidStop](w)(w.db.Desk.OptOutsOf(w.Context(), brand, []prepaid.Address{a}))
		same(w, "opt-outs", outs, []operators.SaidStop{{Address: a, Channel: "twilio", At: at(20)}, {Address: a, At: at(10), Words: "STOP"}})
	}},
	{"the lock of card codes is taken away", func(w *world) {
		c := w.customer()
		keys := cards.AllTryKeys(c.MSISDN.Tel(), c.ID)
		until := start.Add(time.Hour)
		must[int](w)(w.db.CardTries.CountWrongCode(w.Context(), brand, keys, "m1", start, func(int) time.Time { return until }))
		w.tries(keys, 1, until)
		w.ok(w.db.CardTries.ForgiveCards(w.Context(), brand, keys, prepaid.Deed{Brand: brand, What: "unlock card codes", Kind: prepaid.OnCustomer, Object: string(c.ID), By: by, At: start}))
		w.tries(keys, 0, time.Time{})
		same(w, "record", w.whatIsDone(c), "unlock card codes")
	}},
	{"an operator removes a way to pay, and its customer is told", func(w *world) {
		c := w.customer()
		r := payments.Removal{Instrument: c.Pays.ID, Customer: c.ID, Holder: c.Holder, At: start}
		w.ok(w.db.Desk.RemoveByHand(w.Context(), r, place(c.MSISDN.Tel()), by))
		same(w, "pays by", w.read(c).Pays, accounts.Instrument{})
		same(w, "told", w.noticesOf(prepaid.NoticeInstrumentEnded), 1)
		if err := w.db.Desk.RemoveByHand(w.Context(), r, place(c.MSISDN.Tel()), by); !errors.Is(err, operators.ErrNoInstrument) {
			w.Errorf("twice: %v", err)
		}
		same(w, "record", w.whatIsDone(c), "remove way to pay")
	}},
	{"an operator closes an account as its customer would, and what the desk keeps goes", func(w *world) {
		c := w.linked()
		w.atDesk(c)
		cl := w.closing(c, "by hand/1")
		cl.Asked = ""
		if addresses := must[[]prepaid.Address](w)(w.db.Desk.CloseByHand(w.Context(), cl, by)); len(addresses) == 0 {
			w.Error("no addresses were theirs")
		}
		same(w, "status", must[accounts.Customer](w)(w.db.Customers.CustomerByID(w.Context(), c.ID)).Status, accounts.Erased)
		same(w, "left", w.counts("customer_notes", "customer_sightings", "caller_checks"), "customer_notes 0, customer_sightings 0, caller_checks 0")
		same(w, "record", strings.HasSuffix(w.whatIsDone(c), "close account erased"), true)
		again := w.customer()
		blocked := accounts.Blocked
		w.ok(w.db.Customers.UpdateCustomer(w.Context(), again.ID, accounts.Update{Status: &blocked}))
		cl = w.closing(again, "by hand/2")
		if _, err := w.db.Desk.CloseByHand(w.Context(), cl, by); !errors.Is(err, accounts.ErrInDebt) {
			w.Errorf("in debt: %v", err)
		}
	}},
	{"a result is sent again", func(w *world) {
		o := w.spends(w.customer())
		before := w.noticesOf(prepaid.NoticeOrder)
		w.ok(w.db.Desk.SendResultAgain(w.Context(), o.ID, by, start))
		same(w, "notices", w.noticesOf(prepaid.NoticeOrder), before+1)
		if err := w.db.Desk.SendResultAgain(w.Context(), "NONE", by, start); !errors.Is(err, topup.ErrNoOrder) {
			w.Errorf("of no order: %v", err)
		}
	}},
	{"what the desk keeps of a customer is forgotten in time", func(w *world) {
		w.atDesk(w.customer())
		w.forgetAll(start.Add(500*24*time.Hour), prepaid.Retention{})
		same(w, "left", w.counts("customer_notes", "customer_sightings", "caller_checks"), "customer_notes 0, customer_sightings 0, caller_checks 0")
	}},
}
