package developers

import (
	"cmp"

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

// transaction is a developer's order as the API shows it.
func transaction(h topup.History) reloadly.Transaction {
	s := h.Sale
	currency, at := reloadly.Text(s.Requested.Currency), wireTime(h.CreatedAt)
	before := s.Balance
	before.Minor += s.Price.Minor
	t := reloadly.Transaction{
		TransactionID: reloadly.ID(s.Number), Status: stateOf(h.Status), CustomIdentifier: reloadly.Text(s.Identifier),
		RecipientPhone: reloadly.Text(h.MSISDN), RecipientEmail: reloadly.Text(h.Email), SenderPhone: reloadly.Text(s.Sender),
		CountryCode: reloadly.Text(s.Country), OperatorID: reloadly.ID(s.Operator), OperatorName: reloadly.Text(s.OperatorName),
		Discount: reloadly.NumberOf(s.Discount), DiscountCurrencyCode: currency,
		RequestedAmount: reloadly.NumberOf(s.Requested), RequestedCurrencyCode: currency,
		DeliveredAmount: reloadly.NumberOf(s.Delivered), DeliveredCurrencyCode: reloadly.Text(s.Delivered.Currency),
		TransactionDate: at, Fee: reloadly.Number{Valid: true},
		BalanceInfo: &reloadly.BalanceInfo{
			OldBalance: reloadly.NumberOf(before), NewBalance: reloadly.NumberOf(s.Balance), Cost: reloadly.NumberOf(s.Price),
			CurrencyCode: currency, CurrencyName: reloadly.CurrencyName(currency), UpdatedAt: at,
		},
	}
	switch t.Status {
	case reloadly.Successful:
		t.OperatorTransactionID = reloadly.Text(h.NetworkRef)
	case reloadly.Refunded, reloadly.Failed:
		t.Reason = reason(h.Reason)
	}
	return t
}

// reason is why nothing was delivered, in a word of the API's. What is ours or our account's at the network is not told.
func reason(code string) reloadly.Text {
	_, cause, known := topup.ClassifyCode(code)
	if !known || cause == topup.CauseAccount || code == topup.CodeReferenceUsed {
		code = ""
	}
	return reloadly.Text(cmp.Or(code, "TOPUP_TRANSACTION_FAILED"))
}
