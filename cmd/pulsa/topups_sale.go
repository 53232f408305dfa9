package main

import (
	"cmp"
	"context"
	"strconv"
	"strings"
	"time"

	"pulsa/prepaid"
	"pulsa/store"
	"pulsa/topup"
)

// orderNamed is the order that somebody names: by its number, which has no digits, or as developers do by transactionId.
func orderNamed(ctx context.Context, db *store.DB, name string) (prepaid.OrderID, error) {
	transaction, err := strconv.ParseInt(name, 10, 64)
	if err != nil {
		return prepaid.OrderID(strings.ToUpper(name)), nil
	}
	return db.Sales.OrderOfSale(ctx, transaction)
}

func printSale(line func(format string, args ...any), s topup.Sale) {
	line("transaction\t%d under %q", s.Number, s.Identifier)
	line("operator\t%d %s", s.Operator, s.OperatorName)
	line("delivers\t%s", s.Delivered)
	line("price\t%s less %s, rate %s", s.Requested, s.Discount, cmp.Or(s.FX, "none"))
	if s.DebitedAt.IsZero() {
		line("debited\tno")
	} else {
		line("debited\t%s, leaving %s", s.DebitedAt.Format(time.DateTime), s.Balance)
	}
}

func saleJSON(s topup.Sale) map[string]any {
	out := map[string]any{
		"transaction_id": s.Number, "identifier": s.Identifier, "operator_id": s.Operator, "operator": s.OperatorName,
		"requested": s.Requested.Number(), "discount": s.Discount.Number(), "cost": s.Price.Number(), "currency": s.Price.Currency,
		"delivered": s.Delivered.Number(), "delivered_currency": s.Delivered.Currency, "fx": s.FX, "debited_at": nil,
	}
	if !s.DebitedAt.IsZero() {
		out["debited_at"], out["balance"] = s.DebitedAt, s.Balance.Number()
	}
	return out
}
