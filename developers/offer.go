package developers

import (
	"slices"

	"github.com/shopspring/decimal"

	"pulsa/prepaid"
	"pulsa/topup"
	"pulsa/topup/reloadly"
)

// offer is what an operator sells to an account. Prices in the account's currency become amounts in the base currency,
// in which the network is asked: the operator's own where it takes that, else our wallet's there.
type offer struct {
	operator reloadly.Operator // as the network shows it to our wallet
	account  prepaid.Currency
	base     prepaid.Currency
	toBase   conversion      // from the account's currency
	discount decimal.Decimal // percent
}

// offer finds how an operator's airtime is sold to an account; false where a rate is missing.
func (t Terms) offer(o reloadly.Operator, account prepaid.Currency) (offer, bool) {
	wallet, destination := prepaid.Currency(o.SenderCurrencyCode), prepaid.Currency(o.DestinationCurrencyCode)
	f := offer{operator: o, account: account, base: wallet, discount: t.Discounts[int64(o.OperatorID)]}
	if o.SupportsLocalAmounts {
		f.base = destination
	}
	var ok bool
	if f.toBase, ok = t.convert(account, f.base); ok {
		return f, true
	}
	// What our table lacks is taken from the network's, by way of its wallet.
	if f.toBase, ok = t.convert(account, wallet); ok && f.base == destination && o.FX.Rate.Valid && o.FX.Rate.Value.Sign() > 0 {
		f.toBase = f.toBase.by(o.FX.Rate.Value)
		f.toBase.said = f.toBase.rate().String() + " of the network"
		return f, true
	}
	return f, false
}

// local reports whether the base currency is the operator's own.
func (f offer) local() bool { return f.base == prepaid.Currency(f.operator.DestinationCurrencyCode) }

// ownList reports whether the network's own lists in the operator's currency count: otherwise those in our wallet's.
func (f offer) ownList() bool { return f.operator.SupportsLocalAmounts }

func (f offer) bounds() (low, high reloadly.Number) {
	if f.ownList() {
		return f.operator.LocalMinAmount, f.operator.LocalMaxAmount
	}
	return f.operator.MinAmount, f.operator.MaxAmount
}

func (f offer) fixed() []reloadly.Number {
	if f.ownList() {
		return f.operator.LocalFixedAmounts
	}
	return f.operator.FixedAmounts
}

// isFixed reports whether the operator sells single amounts.
func (f offer) isFixed() bool { return f.operator.DenominationType == "FIXED" }

// price is an amount of the base currency in the account's.
func (f offer) price(base decimal.Decimal) (prepaid.Money, bool) {
	return f.toBase.back().of(base, f.account)
}

// quote is what an order asks of the network and costs its developer.
type quote struct {
	amount, delivered, requested, discount prepaid.Money
}

// codeOf why nothing is sold for an amount.
const (
	codeNoLocal   = "LOCAL_AMOUNTS_NOT_SUPPORTED_BY_OPERATOR"
	codeBadLocal  = "INVALID_LOCAL_AMOUNT_FOR_OPERATOR"
	codeBadAmount = "INVALID_AMOUNT_FOR_OPERATOR"
	codeNoRate    = "FX_RATE_NOT_AVAILABLE"
)

// quote prices an amount, which is in the operator's currency with local, else in the account's. A code says why it is
// not sold.
func (f offer) quote(amount decimal.Decimal, local bool) (q quote, code string) {
	if local {
		q, code = f.quoteLocal(amount)
	} else {
		q, code = f.quoteRequested(amount)
	}
	if code != "" {
		return q, code
	}
	var ok bool
	q.delivered = q.amount
	if !f.local() {
		rate := same().by(f.operator.FX.Rate.Value)
		if q.delivered, ok = rate.of(reloadly.NumberOf(q.amount).Value, prepaid.Currency(f.operator.DestinationCurrencyCode)); !ok {
			return q, topup.CodeInvalidAmount
		}
	}
	percent := f.discount.Shift(-2)
	q.discount, ok = same().of(reloadly.NumberOf(q.requested).Value.Mul(percent), f.account)
	if !ok || q.requested.Minor <= 0 || q.requested.Minor <= q.discount.Minor || q.amount.Minor <= 0 {
		return q, topup.CodeInvalidAmount
	}
	return q, ""
}

func (f offer) quoteLocal(amount decimal.Decimal) (q quote, code string) {
	if !f.operator.SupportsLocalAmounts {
		return q, codeNoLocal
	}
	base, exact := exactly(amount, f.base)
	if !exact {
		return q, topup.CodeInvalidAmount
	}
	if !f.sells(amount) {
		return q, codeBadLocal
	}
	requested, ok := f.price(amount)
	if !ok {
		return q, topup.CodeInvalidAmount
	}
	return quote{amount: base, requested: requested}, ""
}

func (f offer) quoteRequested(amount decimal.Decimal) (q quote, code string) {
	requested, exact := exactly(amount, f.account)
	if !exact {
		return q, topup.CodeInvalidAmount
	}
	base, ok := f.baseOf(requested)
	if !ok || !f.sells(reloadly.NumberOf(base).Value) || !f.within(amount) {
		return q, codeBadAmount
	}
	return quote{amount: base, requested: requested}, ""
}

// baseOf is what an amount of the account's currency buys. Where single amounts are sold it must be the price of one.
func (f offer) baseOf(requested prepaid.Money) (prepaid.Money, bool) {
	if !f.isFixed() {
		return f.toBase.of(reloadly.NumberOf(requested).Value, f.base)
	}
	for _, n := range f.fixed() {
		if price, ok := f.price(n.Value); n.Valid && ok && price == requested {
			return exactly(n.Value, f.base)
		}
	}
	return prepaid.Money{}, false
}

// exactly is a decimal as an amount of a currency; false where the currency can't express it.
func exactly(amount decimal.Decimal, c prepaid.Currency) (prepaid.Money, bool) {
	m, ok := reloadly.Number{Value: amount, Valid: true}.Money(c)
	return m, ok && reloadly.NumberOf(m).Value.Equal(amount)
}

// sells reports whether the network sells an amount of the base currency. Bounds that it does not tell are left to it.
func (f offer) sells(base decimal.Decimal) bool {
	if f.isFixed() {
		return slices.ContainsFunc(f.fixed(), func(n reloadly.Number) bool { return n.Valid && n.Value.Equal(base) })
	}
	low, high := f.bounds()
	return (!low.Valid || base.GreaterThanOrEqual(low.Value)) && (!high.Valid || base.LessThanOrEqual(high.Value))
}

// within reports whether an amount of the account's currency lies between the bounds that the account is shown: rounding
// could bring one from outside to them.
func (f offer) within(amount decimal.Decimal) bool {
	low, high := f.shownBounds()
	return f.isFixed() || (!low.Valid || amount.GreaterThanOrEqual(low.Value)) && (!high.Valid || amount.LessThanOrEqual(high.Value))
}

// shownBounds are the bounds in the account's currency.
func (f offer) shownBounds() (low, high reloadly.Number) {
	low, high = f.bounds()
	for _, bound := range []*reloadly.Number{&low, &high} {
		if bound.Valid {
			bound.Value = f.toBase.back().inner(bound.Value, f.account, bound == &low)
		}
	}
	return low, high
}

// shown is the operator as the account sees it. Without a rate it has no amounts in the account's currency.
func (t Terms) shown(o reloadly.Operator, account prepaid.Currency) reloadly.Operator {
	f, sold := t.offer(o, account)
	o.SenderCurrencyCode, o.SenderCurrencySymbol = reloadly.Text(account), ""
	percent := reloadly.Number{Value: f.discount, Valid: true}
	o.InternationalDiscount, o.LocalDiscount, o.Commission = percent, percent, percent
	o.Fees, o.Promotions, o.GeographicalRechargePlans, o.SupportsGeographicalPlans = reloadly.Fees{}, nil, nil, false
	o.MinAmount, o.MaxAmount, o.MostPopularAmount, o.FX.Rate = reloadly.Number{}, reloadly.Number{}, reloadly.Number{}, reloadly.Number{}
	o.FixedAmounts, o.FixedAmountsDescriptions, o.SuggestedAmounts, o.SuggestedAmountsMap = nil, nil, nil, nil
	if !sold {
		return o
	}
	rate := f.toBase
	if !f.local() {
		rate = rate.by(f.operator.FX.Rate.Value)
	}
	o.FX = reloadly.FX{Rate: reloadly.Number{Value: rate.rate(), Valid: true}, CurrencyCode: o.DestinationCurrencyCode}
	if f.isFixed() {
		for _, n := range f.fixed() {
			if price, ok := f.price(n.Value); n.Valid && ok {
				o.FixedAmounts = append(o.FixedAmounts, reloadly.NumberOf(price))
			}
		}
		return o
	}
	o.MinAmount, o.MaxAmount = f.shownBounds()
	return o
}
