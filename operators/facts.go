package operators

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"pulsa/topup"
)

// facts describe one thing for people, one fact per line: a label, then its columns. A row of a list has Cells instead: the columns that
// people see, each a name and its text.
type facts [][]string

func (f *facts) add(label string, columns ...string) {
	*f = append(*f, append([]string{label}, columns...))
}

// addAt adds a time, unless it is zero.
func (f *facts) addAt(label string, at time.Time) {
	if !at.IsZero() {
		f.add(label, at.Format(time.DateTime))
	}
}

// words joins the parts that are not empty with spaces.
func words(parts ...any) string {
	var said []string
	for _, p := range parts {
		if text := fmt.Sprint(p); text != "" {
			said = append(said, text)
		}
	}
	return strings.Join(said, " ")
}

// madeUnder says which version of its brand's settings an order was made under, where that is known.
func madeUnder(version int) string {
	if version == 0 {
		return ""
	}
	return fmt.Sprintf("(settings version %d)", version)
}

// Facts are all that is known of the order, in the order in which it happened.
func (d Dossier) Facts() [][]string {
	var f facts
	o := d.Order
	f.add("order", d.ID.Grouped())
	f.add("brand", words(d.Brand, madeUnder(d.Settings)))
	f.add("number", d.Number)
	f.add("amount", o.Amount.String())
	f.add("paid by", words(d.Funding, d.Provider, cmp.Or(d.Method, o.Funding.Ref)))
	f.add("authorised by", d.AuthorisedBy)
	f.addSale(o.Sale)
	f.add("status", words(d.Status, "since", d.StatusAt.Format(time.DateTime), d.Reason))
	if d.AfterDebit {
		f.add("delivered", "once its debit has settled, by "+o.SettlesBy().Format(time.DateOnly)+": see docs/operators.md")
	}
	if d.PIN != "" {
		f.add("delivered as", "a PIN, "+d.PIN)
	}
	if d.NeedsHuman {
		f.add("", "needs a human: see docs/operators.md")
	}
	f.add("allowed now", allowedNow(d.Allowed))
	f.addAt("next", d.goesOnAt())
	f.add("network", d.Network)
	f.add("charge", words(d.Charge.ID, d.Charge.Status, d.Charge.ProviderRef))
	for _, a := range d.Attempts {
		f.add(fmt.Sprintf("attempt %d", a.Number), words(a.Step, a.Reference), a.span(), words(a.Outcome, a.Code, a.ProviderRef))
	}
	for _, p := range d.Passages {
		f.add("history", p.At.Format(time.DateTime), words(p.From, "->", p.To, p.Reason))
	}
	for _, p := range d.Postings {
		f.add("ledger "+p.Entry, p.Account, p.Amount.String())
	}
	for _, n := range d.Notices {
		told := "not told yet, due " + n.DueAt.Format(time.DateTime)
		if !n.ToldAt.IsZero() {
			told = "told " + n.ToldAt.Format(time.DateTime)
		}
		f.add("notice", string(n.About), told)
	}
	for _, i := range d.ByHand {
		f.add("by hand", i.when(), i.What, cmp.Or(i.Outcome, "did not end")+": "+i.Why)
	}
	return f
}

// addSale adds what a developer bought. A nil sale, of an order that is no developer's, adds nothing.
func (f *facts) addSale(s *topup.Sale) {
	if s == nil {
		return
	}
	f.add("transaction", fmt.Sprintf("%d under %q", s.Number, s.Identifier))
	f.add("operator", words(s.Operator, s.OperatorName))
	f.add("delivers", s.Delivered.String())
	f.add("price", fmt.Sprintf("%s less %s, rate %s", s.Requested, s.Discount, cmp.Or(s.FX, "none")))
	debited := "no"
	if !s.DebitedAt.IsZero() {
		debited = s.DebitedAt.Format(time.DateTime) + ", leaving " + s.Balance.String()
	}
	f.add("debited", debited)
}

func allowedNow(actions []topup.OperatorAction) string {
	said := make([]string, len(actions))
	for i, a := range actions {
		said[i] = string(a)
	}
	return cmp.Or(strings.Join(said, ", "), "nothing by hand")
}

// goesOnAt returns when the program works on the order next: NextAt, or the end of a lease that is later. It is zero where the
// order has ended.
func (d Dossier) goesOnAt() time.Time {
	if d.NextAt.IsZero() || d.NextAt.After(d.Order.LeaseUntil) {
		return d.NextAt
	}
	return d.Order.LeaseUntil
}

// span is when the attempt was made, and how long it took.
func (a AttemptRow) span() string {
	at := a.StartedAt.Format(time.DateTime)
	if a.EndedAt.IsZero() {
		return at
	}
	return at + " +" + a.EndedAt.Sub(a.StartedAt).Round(time.Millisecond).String()
}

func (i DeedRow) when() string { return i.At.Format(time.DateTime) + " by " + i.Who }

// Facts are all that is known of the customer.
func (p Profile) Facts() [][]string {
	var f facts
	f.add("id", string(p.ID))
	f.add("brand", p.Brand)
	f.add("number", p.Number)
	f.add("language", p.Language)
	f.add("status", string(p.Status))
	f.add("pays_by", p.PaysBy)
	f.add("instrument", p.Instrument)
	f.addAt("created_at", p.CreatedAt)
	f.addAt("recognised_at", p.RecognisedAt)
	f.add("account", p.Account)
	f.add("pin", p.PIN)
	f.addAt("recovered_at", p.RecoveredAt)
	f.addAt("frozen_at", p.FrozenAt)
	if !p.FrozenAt.IsZero() {
		f.add("", "frozen: see pulsa customers unfreeze")
	}
	for _, m := range p.Mandates {
		f.add("mandate", m.Reference, m.AgreedAt, m.IBAN)
	}
	for _, a := range p.Addresses {
		f.add("address", a.Address, a.reached())
	}
	for _, o := range p.Orders {
		f.add("order", o.ID.Grouped(), o.CreatedAt.Format(time.DateTime), words(o.Currency, o.Amount), words(o.Status, o.Reason))
	}
	for _, i := range p.ByHand {
		f.add("by hand", i.when(), i.What, i.Why)
	}
	return f
}

// reached says which of our messages the address has opted out of.
func (a AddressRow) reached() string {
	var said []string
	if a.OptedOut {
		said = append(said, "texted STOP: gets answers alone")
	}
	if len(a.OptedOutAt) > 0 {
		said = append(said, "can't be reached by "+strings.Join(a.OptedOutAt, ", "))
	}
	return cmp.Or(strings.Join(said, "; "), "takes messages")
}

// Facts are the mandate with its text.
func (m MandateRow) Facts() [][]string {
	return [][]string{
		{"reference", m.Reference}, {"customer", string(m.Customer)}, {"brand", m.Brand}, {"creditor", m.Creditor},
		{"creditor_address", m.CreditorAddress}, {"creditor_id", m.CreditorID}, {"agreed_at", m.AgreedAt}, {"channel", m.Channel},
		{"kind", m.Kind}, {"address", m.Address}, {"language", m.Language}, {"text_version", m.TextVersion}, {"text", m.Text},
	}
}

// stamp is a time as programs read it, RFC 3339 in UTC; "" for the zero time.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
