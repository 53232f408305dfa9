package topup

// The ledger is append-only double entry in minor units, per brand. Positive is a debit.
//
//	entry     when                                       debit                      credit
//	capture   charged, also by a pending debit, even of
//	          an order that waits until it has settled   psp:{gateway}              refunds_due
//	          paid by a top-up card                      card_liability             refunds_due
//	          paid by a developer's account              developer:{key}, discount  refunds_due
//	          in another currency than the order's, too  fx:{account's currency}    fx:{account's currency}
//	delivery  the network has credited                   refunds_due                airtime_sold
//	          its cost, the wallet in the same currency  airtime_sold               wallet:{network}
//	          its cost, the wallet in another            fx:{wallet's currency}     wallet:{network}
//	refund    given back                                 refunds_due                psp:{gateway}, card_liability
//	          to a developer's account                   what capture credited      what capture debited
//	          never delivered, but the bank had taken
//	          the money back before                      refunds_due                customer_owes
//	          paid back by other means, by hand          refunds_due                suspense
//	          given back though delivered: goodwill      loss                       psp:{gateway}
//	goodwill  the same, of a part of it                  loss                       psp:{gateway}
//	reversal  the network took its credit back           what delivery credited     what delivery debited
//	          of what was given back before, too         refunds_due                loss
//	return    the bank took a debit back                 customer_owes              psp:{gateway}
//	credit    a developer has paid in advance            suspense                   developer:{key}
//
// What stays on airtime_sold is what we earned; where the wallet has another currency, fx holds the cost until
// the wallet's funding is booked against it. A pending debit is booked like a captured one: when it
// settles, only the charge's status changes. A delivery whose cost the network did not tell is booked
// without it, and reconciliation of the wallet finds the difference.

import "pulsa/prepaid"

// The accounts without a name in them.
const (
	accountRefundsDue    = "refunds_due"
	accountSold          = "airtime_sold"
	accountCardLiability = "card_liability"
	accountOwed          = "customer_owes"
	accountSuspense      = "suspense"
	accountLoss          = "loss"
	accountDiscount      = "discount"
)

// paidFrom is the account that the customer's money comes from and goes back to.
func paidFrom(o Order) string {
	switch o.Funding.Kind {
	case ByCard:
		return accountCardLiability
	case ByDeveloper:
		return "developer:" + o.Funding.Ref
	}
	return "psp:" + o.Funding.Provider
}

func transfer(kind, debit, credit string, m prepaid.Money) Entry {
	return Entry{Kind: kind, Postings: []Posting{{debit, m}, {credit, m.Neg()}}}
}

func captureEntry(o Order) Entry {
	return transfer("capture", paidFrom(o), accountRefundsDue, o.Amount)
}

// deliveryEntry books a credit that took cost from the wallet; a cost of zero is not known.
func deliveryEntry(o Order, cost prepaid.Money) Entry {
	e := transfer("delivery", accountRefundsDue, accountSold, o.Amount)
	if cost.Minor <= 0 {
		return e
	}
	against := accountSold
	if cost.Currency != o.Amount.Currency {
		against = "fx:" + string(cost.Currency)
	}
	e.Postings = append(e.Postings, Posting{against, cost}, Posting{"wallet:" + o.Network, cost.Neg()})
	return e
}

// left is what is still to be given back of the order's amount, where it is given back.
func (h *History) left() prepaid.Money {
	m := h.Amount
	m.Minor -= h.Charge.GivenAway.Minor
	return m
}

// refundEntry books money given back.
func refundEntry(o Order, m prepaid.Money) Entry {
	return transfer("refund", accountRefundsDue, paidFrom(o), m)
}

// returnedRefundEntry books that nothing is to be given back, and nothing owed to us: the bank took the money back before.
func (h *History) returnedRefundEntry() Entry {
	return transfer("refund", accountRefundsDue, accountOwed, h.left())
}

// paidBackEntry books money that an operator paid back by other means: what the gateway still holds of it
// is cleared against suspense by whoever keeps the bank account's books.
func (h *History) paidBackEntry() Entry {
	return transfer("refund", accountRefundsDue, accountSuspense, h.left())
}

// goodwillEntry books money given back of an order that stays delivered. Its kind is a refund's: there is one at most.
func goodwillEntry(o Order) Entry {
	return transfer("refund", accountLoss, paidFrom(o), o.Amount)
}

// reversalEntry books a delivery undone by the network, which gives our wallet its cost back. A goodwill refund that was
// made before is a loss no longer.
func (h *History) reversalEntry() Entry {
	e := deliveryEntry(h.Order, h.Cost)
	lost := h.Charge.GivenAway
	if h.Charge.Status == ChargeRefunded {
		lost = h.Amount
	}
	if !lost.Zero() {
		e.Postings = append(e.Postings, Posting{accountLoss, lost}, Posting{accountRefundsDue, lost.Neg()})
	}
	return e.undone("reversal")
}

// partGoodwillEntry books some of it. Its kind is not a refund's: the rest may still be given back, if the network takes the delivery back.
func partGoodwillEntry(o Order, part prepaid.Money) Entry {
	return transfer("goodwill", accountLoss, paidFrom(o), part)
}

func returnEntry(o Order) Entry {
	return transfer("return", accountOwed, paidFrom(o), o.Amount)
}
