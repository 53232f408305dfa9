package topup_test

import (
	"context"
	"io"
	"log/slog"
	"sync/atomic"

	"pulsa/prepaid"
	"pulsa/topup"
)

func discard() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// counted counts calls that all go well.
type counted struct{ n atomic.Int32 }

func (c *counted) done() topup.Result {
	c.n.Add(1)
	return topup.Result{Outcome: topup.Done}
}

type countedNetwork struct{ *counted }

func (countedNetwork) Recognise(context.Context, prepaid.MSISDN) error     { return nil }
func (c countedNetwork) Credit(context.Context, topup.Credit) topup.Result { return c.done() }
func (c countedNetwork) LookUp(context.Context, string) topup.Result       { return c.done() }

type countedFunding struct{ *counted }

func (c countedFunding) Take(context.Context, topup.Order, prepaid.ChargeID) topup.Result {
	return c.done()
}
func (c countedFunding) LookUp(context.Context, topup.Order, prepaid.ChargeID) topup.Result {
	return c.done()
}
func (c countedFunding) Cancel(context.Context, topup.Order, prepaid.ChargeID) topup.Result {
	return c.done()
}
func (c countedFunding) GiveBack(context.Context, topup.Order, prepaid.ChargeID, prepaid.Money) topup.Result {
	return c.done()
}
func (c countedFunding) LookUpGivenBack(context.Context, topup.Order, prepaid.ChargeID) topup.Result {
	return c.done()
}
