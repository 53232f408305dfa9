package reloadly

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/nyaruka/phonenumbers"
	"github.com/shopspring/decimal"

	"pulsa/prepaid"
	"pulsa/topup"
)

// operatorOf asks which operator has a number. An *Error tells that none has; any other error, that it is
// not known.
func (c *Client) operatorOf(ctx context.Context, m prepaid.MSISDN) (Operator, error) {
	if o, ok := c.numbers.get(m); ok {
		return o, nil
	}
	country := countryOf(m)
	if country == "" {
		return Operator{}, Refuse(400, topup.CodeInvalidNumber, "no country has such numbers")
	}
	var o Operator
	path := "/operators/auto-detect/phone/+" + string(m) + "/countries/" + url.PathEscape(country)
	if err := c.get(ctx, path+"?suggestedAmountsMap=true&suggestedAmounts=true", &o); err != nil {
		return Operator{}, err
	}
	if o.OperatorID == 0 {
		return Operator{}, errors.New("reloadly answered without an operator")
	}
	c.numbers.put(m, o)
	return o, nil
}

// countryOf is the country of a number, "" for none.
func countryOf(m prepaid.MSISDN) string {
	number, err := phonenumbers.Parse(m.String(), "")
	if err != nil {
		return ""
	}
	country := phonenumbers.GetRegionCodeForNumber(number)
	if len(country) != 2 {
		return "" // "001": of no country
	}
	return country
}

// nauta finds the operator, Nauta Cuba, that tops up mail accounts. It has no number to be detected by.
func (c *Client) nauta(ctx context.Context) (Operator, error) {
	all, ok := c.countries.get("CU")
	if !ok {
		if err := c.get(ctx, "/operators/countries/CU?suggestedAmountsMap=true&suggestedAmounts=true", &all); err != nil {
			return Operator{}, err
		}
		c.countries.put("CU", all)
	}
	for _, o := range all {
		if o.OperatorID != 0 && o.TopsUpMail() {
			return o, nil
		}
	}
	return Operator{}, Refuse(503, topup.CodeUnavailable, "Nauta Cuba is not offered")
}

// TopsUpMail reports whether the operator tops up mail accounts: Nauta Cuba.
func (o Operator) TopsUpMail() bool {
	return strings.Contains(strings.ToLower(string(o.Name)), "nauta") && !o.Bundle && !o.Data
}

// active reports whether the operator can be topped up at all.
func (o Operator) active() bool { return !strings.EqualFold(string(o.Status), "INACTIVE") }

// price is how the operator is asked for an amount; where it can't be, code says why. Nothing is rounded: the
// customer gets what was paid for, or nothing.
func (o Operator) price(amount prepaid.Money) (asked Number, local bool, code string) {
	wanted := NumberOf(amount)
	destination := o.DestinationCurrencyCode == Text(amount.Currency)
	switch {
	case destination && o.SupportsLocalAmounts:
		if !o.sells(wanted, o.LocalFixedAmounts, o.LocalMinAmount, o.LocalMaxAmount) {
			return Number{}, false, codeBadLocal
		}
		return wanted, true, ""
	case o.SenderCurrencyCode == Text(amount.Currency):
		if !o.sells(wanted, o.FixedAmounts, o.MinAmount, o.MaxAmount) {
			return Number{}, false, codeBadAmount
		}
		return wanted, false, ""
	case destination:
		if sender, ok := o.senderAmount(wanted.Value); ok {
			return sender, false, ""
		}
	}
	return Number{}, false, codeNoLocal
}

// sells reports whether an amount is offered. Bounds that are not told are left to Reloadly.
func (o Operator) sells(wanted Number, fixed []Number, low, high Number) bool {
	if o.DenominationType != denominationFixed {
		return (!low.Valid || wanted.Value.GreaterThanOrEqual(low.Value)) && (!high.Valid || wanted.Value.LessThanOrEqual(high.Value))
	}
	for _, offered := range fixed {
		if offered.Valid && offered.Value.Equal(wanted.Value) {
			return true
		}
	}
	return false
}

// senderAmount finds the amount in the wallet's currency that delivers exactly the wanted one, at an operator
// that sells fixed amounts but takes no local ones.
func (o Operator) senderAmount(wanted decimal.Decimal) (Number, bool) {
	if o.DenominationType != denominationFixed {
		return Number{}, false
	}
	for i, offered := range o.LocalFixedAmounts {
		if i < len(o.FixedAmounts) && offered.Valid && o.FixedAmounts[i].Valid && offered.Value.Equal(wanted) {
			return o.FixedAmounts[i], true
		}
	}
	for _, sender := range o.FixedAmounts {
		for text, local := range o.SuggestedAmountsMap {
			key, err := decimal.NewFromString(text)
			if err == nil && sender.Valid && key.Equal(sender.Value) && local.Valid && local.Value.Equal(wanted) {
				return sender, true
			}
		}
	}
	return Number{}, false
}
