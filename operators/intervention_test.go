package operators_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/topup"
)

// refuser refuses every action on an order.
type refuser struct {
	order topup.History
	err   error
}

func (r refuser) Intervene(context.Context, prepaid.OrderID, topup.OperatorAction, prepaid.By) (topup.History, error) {
	return r.order, r.err
}

func (r refuser) Order(context.Context, prepaid.OrderID) (topup.History, error) {
	return r.order, r.err
}

func (r refuser) Goodwill(context.Context, prepaid.OrderID, prepaid.Money, prepaid.By) (topup.History, error) {
	return r.order, r.err
}

func TestWhoCantBeGivenGoodwillIsHelpedOtherwise(t *testing.T) {
	order := func(kind topup.FundingKind, charge topup.ChargeStatus) topup.History {
		return topup.History{Order: topup.Order{ID: "BKTRMWQXZD", Brand: "demo", Status: topup.Delivered, Amount: prepaid.Money{Minor: 1000, Currency: "EUR"},
			Funding: topup.FundingRef{Kind: kind, Ref: "101-00000042"}}, Charge: topup.Charge{Status: charge}}
	}
	held := order(topup.ByCharge, topup.ChargeCaptured)
	held.Status = topup.Held
	for want, test := range map[string]struct {
		order topup.History
		err   error
	}{
		"give the customer another of EUR 10.00":  {order(topup.ByCard, ""), topup.ErrNotGoodwill},
		"pulsa apikeys credit --key 101-00000042": {order(topup.ByDeveloper, ""), topup.ErrNotGoodwill},
		"show BKT-RMW-QXZD says captured":         {order(topup.ByCharge, topup.ChargePending), topup.ErrNotGoodwill},
		"has the money back already":              {order(topup.ByCharge, topup.ChargeRefunded), topup.ErrNotGoodwill},
		"unlock NUMBER --brand demo --paid":       {order(topup.ByCharge, topup.ChargeReturned), topup.ErrNotGoodwill},
		"by other means":                          {order(topup.ByCharge, topup.ChargeCaptured), topup.ErrRefusedBack},
		"leave --goodwill out":                    {held, topup.ErrNotLegal},
	} {
		asked := operators.Intervention{Order: "BKTRMWQXZD", Action: topup.RefundAsGoodwill, By: prepaid.By{Who: "ola", Why: "ticket 4711"}}
		_, err := asked.CarryOut(t.Context(), refuser{test.order, test.err})
		if !errors.Is(err, test.err) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestAnOrderIsUnfinishedUntilItIsAsWasAsked(t *testing.T) {
	for _, test := range []struct {
		asked    topup.OperatorAction
		answer   operators.Intervened
		finished bool
	}{
		{topup.ResolveCharged, operators.Intervened{Status: topup.Delivered}, true},
		{topup.ResolveCharged, operators.Intervened{Status: topup.DeliveryUnknown}, true},
		{topup.ResolveCharged, operators.Intervened{Status: topup.ChargeUnknown}, false},
		{topup.ResolveCharged, operators.Intervened{Status: topup.RefundFailed}, false},
		{topup.ResolveNotCharged, operators.Intervened{Status: topup.Declined}, true},
		{topup.ResolveNotCharged, operators.Intervened{Status: topup.Declined, NeedsHuman: true}, false},
		{topup.ResolveDelivered, operators.Intervened{Status: topup.Delivered}, true},
		{topup.ResolveDelivered, operators.Intervened{Status: topup.DeliveryUnknown}, false},
		{topup.ResolveNotDelivered, operators.Intervened{Status: topup.Refunded}, true},
		{topup.ResolveNotDelivered, operators.Intervened{Status: topup.RefundUnknown}, false},
		{topup.ResolveNotDelivered, operators.Intervened{Status: topup.RefundFailed, Funding: topup.ByCard}, false},
		{topup.ResolveRefunded, operators.Intervened{Status: topup.Declined, Charge: topup.ChargeRefunded}, true},
		{topup.ResolveNotRefunded, operators.Intervened{Status: topup.RefundFailed}, true},
		{topup.RefundOrder, operators.Intervened{Status: topup.Declined, Charge: topup.ChargeCaptured}, false},
		{topup.RefundOrder, operators.Intervened{Status: topup.Refunding}, false},
		{topup.RefundAsGoodwill, operators.Intervened{Status: topup.Delivered, Charge: topup.ChargeCaptured}, false},
		{topup.RefundAsGoodwill, operators.Intervened{Status: topup.Delivered, Charge: topup.ChargeRefunded}, true},
	} {
		test.answer.Action = test.asked
		if err := test.answer.Unfinished(); (err == nil) != test.finished {
			t.Errorf("%+v: %v", test.answer, err)
		}
	}
}
