package operators

import (
	"context"
	"slices"
	"strings"

	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/topup"
)

// Evidence is what a bank asks for when its customer disputes a debit.
type Evidence struct {
	Mandate payments.Mandate
	Text    string        // as the debtor read it
	Orders  []topup.Order // paid by SEPA since, the newest first
}

// evidenceOrders is how many orders a mandate's evidence lists at most.
const evidenceOrders = 100

// Evidence returns a mandate's evidence. It shows whose it is, so that a deed tells who read it, and why. Errors: ErrNoMandate,
// ErrNoReason, *ForbiddenError.
func (d *Desk) Evidence(ctx context.Context, a Actor, brand, reference, why string) (Evidence, error) {
	if a.Right(ActUnmask, brand) != May {
		return Evidence{}, forbidden(ActUnmask, brand)
	}
	by := a.By(ActUnmask, brand, strings.TrimSpace(why))
	if err := needsReason(by); err != nil {
		return Evidence{}, err
	}
	found, err := d.Customers.Mandates.MandatesByReference(ctx, reference)
	if err != nil {
		return Evidence{}, err
	}
	i := slices.IndexFunc(found, func(m payments.Mandate) bool { return m.Reference == reference && m.Brand == brand })
	if i < 0 {
		return Evidence{}, ErrNoMandate
	}
	e := Evidence{Mandate: found[i], Text: found[i].AsShown()}
	orders, err := d.Orders.Orders.List(ctx, OrderFilter{Customer: e.Mandate.Customer, Since: e.Mandate.AgreedAt, Limit: evidenceOrders})
	if err != nil {
		return Evidence{}, err
	}
	e.Orders = slices.DeleteFunc(orders, func(o topup.Order) bool { return o.Funding.Method != string(payments.SEPA) })
	return e, d.Deeds.Record(ctx, prepaid.Deed{Brand: brand, What: "read mandate", Kind: prepaid.OnCustomer, Object: string(e.Mandate.Customer), New: reference, By: by, At: d.Clock.Now()})
}
