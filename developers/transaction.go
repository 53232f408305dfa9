package developers

import (
	"cmp"
	"context"
	"time"

	"pulsa/prepaid"
	"pulsa/topup"
	"pulsa/topup/reloadly"
)

// stateOf is how an order's status is told by the API.
func stateOf(status topup.Status) reloadly.State {
	switch status {
	case topup.Delivered:
		return reloadly.Successful
	case topup.Refunded:
		return reloadly.Refunded
	case topup.Declined:
		return reloadly.Failed
	}
	return reloadly.Processing
}

// pinsKept is how long a PIN can be read again: an answer may get lost.
const pinsKept = 30 * 24 * time.Hour

// ForgetPINs drops PINs that were delivered long ago, and returns how many.
func (s *Service) ForgetPINs(ctx context.Context) (int, error) {
	return s.c.Sales.ForgetPINs(ctx, s.c.Clock.Now().Add(-pinsKept))
}

// transaction is a developer's order as the API shows it, with the PIN that it was delivered as.
func (s *Service) transaction(ctx context.Context, h topup.History) (reloadly.Transaction, error) {
	t := transaction(h)
	if !h.ByPIN || t.Status != reloadly.Successful {
		return t, nil
	}
	p, err := s.c.Orders.PIN(ctx, h.ID)
	if err != nil || p == nil {
		return t, err
	}
	t.PINDetail = &reloadly.PINDetail{
		Serial: reloadly.Text(p.Serial), Code: reloadly.Text(p.Code.Reveal()), Value: reloadly.Text(p.Value), IVR: reloadly.Text(p.IVR),
		Validity: reloadly.Text(p.Validity), Info1: reloadly.Text(p.Info[0]), Info2: reloadly.Text(p.Info[1]), Info3: reloadly.Text(p.Info[2]),
	}
	return t, nil
}

// recipient is the number as it is shown; of one whose owner was erased there is none.
func recipient(m prepaid.MSISDN) reloadly.Text {
	if _, err := prepaid.ParseE164(m.String()); err != nil {
		return ""
	}
	return reloadly.Text(m)
}

func transaction(h topup.History) reloadly.Transaction {
	s := h.Sale
	currency, at := reloadly.Text(s.Requested.Currency), wireTime(h.CreatedAt)
	t := reloadly.Transaction{
		TransactionID: reloadly.ID(s.Number), Status: stateOf(h.Status), CustomIdentifier: reloadly.Text(s.Identifier),
		RecipientPhone: recipient(h.MSISDN), RecipientEmail: reloadly.Text(h.Email), SenderPhone: reloadly.Text(s.Sender),
		CountryCode: reloadly.Text(s.Country), OperatorID: reloadly.ID(s.Operator), OperatorName: reloadly.Text(s.OperatorName),
		Discount: reloadly.NumberOf(s.Discount), DiscountCurrencyCode: currency,
		RequestedAmount: reloadly.NumberOf(s.Requested), RequestedCurrencyCode: currency,
		DeliveredAmount: reloadly.NumberOf(s.Delivered), DeliveredCurrencyCode: reloadly.Text(s.Delivered.Currency),
		TransactionDate: at, Fee: reloadly.Number{Valid: true},
		BalanceInfo: balanceInfo(s),
	}
	switch t.Status {
	case reloadly.Successful:
		t.OperatorTransactionID = reloadly.Text(h.NetworkRef)
	case reloadly.Refunded, reloadly.Failed:
		t.Reason = reason(t.Status, h.Reason)
	}
	return t
}

// balanceInfo is what a top-up did to its account; nil where it has done nothing yet.
func balanceInfo(s *topup.Sale) *reloadly.BalanceInfo {
	if s.DebitedAt.IsZero() {
		return nil
	}
	currency, before := reloadly.Text(s.Price.Currency), s.Balance
	before.Minor += s.Price.Minor
	return &reloadly.BalanceInfo{
		OldBalance: reloadly.NumberOf(before), NewBalance: reloadly.NumberOf(s.Balance), Cost: reloadly.NumberOf(s.Price),
		CurrencyCode: currency, CurrencyName: reloadly.CurrencyName(currency), UpdatedAt: wireTime(s.DebitedAt),
	}
}

// reason is why nothing was delivered, in a word of the API's. What concerns an account is told of the developer's, for
// which a top-up fails, not of ours at the network, for which it is refunded.
func reason(state reloadly.State, code string) reloadly.Text {
	_, cause, known := topup.ClassifyCode(code)
	if !known || cause == topup.CauseAccount && state != reloadly.Failed || code == topup.CodeReferenceUsed {
		code = ""
	}
	return reloadly.Text(cmp.Or(code, "TOPUP_TRANSACTION_FAILED"))
}

// news is what a webhook tells of a developer's order that came to a state. The PIN of a PIN operator is not pushed:
// whoever needs it asks.
func news(h topup.History, state reloadly.State) reloadly.Transaction {
	t := transaction(h)
	t.Status, t.PINDetail, t.BalanceInfo = state, nil, nil
	return t
}
