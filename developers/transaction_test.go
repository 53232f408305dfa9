package developers

import (
	"testing"

	"pulsa/prepaid"
	"pulsa/topup"
	"pulsa/topup/reloadly"
)

func TestAnOrderIsToldInTheAPIsWords(t *testing.T) {
	sold := func(status topup.Status, reason string, m prepaid.MSISDN) reloadly.Transaction {
		return transaction(topup.History{Order: topup.Order{Status: status, Reason: reason, MSISDN: m, NetworkRef: "net"}, Sale: &topup.Sale{}})
	}
	for status, state := range map[topup.Status]reloadly.State{
		topup.Charged: reloadly.Processing, topup.Held: reloadly.Processing, topup.DeliveryUnknown: reloadly.Processing,
		topup.RefundFailed: reloadly.Processing, topup.Delivered: reloadly.Successful, topup.Refunded: reloadly.Refunded, topup.Declined: reloadly.Failed,
	} {
		if got := sold(status, "", "31612345678"); got.Status != state || (got.OperatorTransactionID != "") != (state == reloadly.Successful) {
			t.Errorf("%s is told as %s, %q", status, got.Status, got.OperatorTransactionID)
		}
	}
	for code, want := range map[string]reloadly.Text{
		topup.CodeRefused: topup.CodeRefused, "PHONE_BANNED_BY_OPERATOR": "PHONE_BANNED_BY_OPERATOR",
		topup.CodeNoFunds: "TOPUP_TRANSACTION_FAILED", topup.CodeReferenceUsed: "TOPUP_TRANSACTION_FAILED", // ours, not the developer's
		topup.ReasonHeldTooLong: "TOPUP_TRANSACTION_FAILED", topup.CodeByHand: "TOPUP_TRANSACTION_FAILED", "": "TOPUP_TRANSACTION_FAILED",
	} {
		if got := sold(topup.Refunded, code, ""); got.Reason != want {
			t.Errorf("%s is told as %s", code, got.Reason)
		}
	}
	for code, want := range map[string]reloadly.Text{
		topup.CodeMismatch: topup.CodeMismatch, topup.CodeNoFunds: topup.CodeNoFunds, topup.CodeInactive: topup.CodeInactive, // the developer's own
		topup.CodeByHand: "TOPUP_TRANSACTION_FAILED",
	} {
		if got := sold(topup.Declined, code, ""); got.Reason != want || got.BalanceInfo != nil {
			t.Errorf("%s is told as %s, %+v", code, got.Reason, got.BalanceInfo)
		}
	}
	if got := sold(topup.Delivered, "", "31612345678"); got.RecipientPhone != "31612345678" {
		t.Errorf("recipient %q", got.RecipientPhone)
	}
	if got := sold(topup.Delivered, "", "erased-1-b55898d9cd4f935e"); got.RecipientPhone != "" {
		t.Errorf("an erased recipient is %q", got.RecipientPhone)
	}
}
