package stripe

import (
	"context"
	"errors"
	"strings"

	"pulsa/prepaid"
)

// What Probe finds wrong.
var (
	ErrKey         = errors.New("stripe does not know the key")
	ErrRights      = errors.New("stripe does not let the key read the balance")
	ErrMode        = errors.New("stripe answers in the other mode than the key's")
	ErrUnreachable = errors.New("stripe does not answer")
)

// Live reports whether the key moves real money.
func (g *Gateway) Live() bool { return g.live }

// Serves reports whether the gateway takes a brand's money: a test key only that of brands marked test, a live key only
// that of others.
func (g *Gateway) Serves(b *prepaid.Brand) bool { return g.serves(b) }

// Probe reads the account's balance, which changes nothing, and returns it in words for operators: "test key, balance EUR 12.00".
// Errors: ErrKey, ErrRights, ErrMode, ErrUnreachable, or what else Stripe says.
func (g *Gateway) Probe(ctx context.Context) (string, error) {
	balance, err := g.now.Load().api.V1Balance.Retrieve(ctx, nil)
	if err != nil {
		p := problemOf(ctx, err)
		switch p.status {
		case 0:
			return "", errors.Join(ErrUnreachable, p)
		case 401:
			return "", errors.Join(ErrKey, p)
		case 403:
			return "", errors.Join(ErrRights, p)
		}
		return "", p
	}
	if balance.Livemode != g.live {
		return "", ErrMode
	}
	found := "test key"
	if g.live {
		found = "live key"
	}
	for _, a := range balance.Available {
		currency := prepaid.Currency(strings.ToUpper(string(a.Currency)))
		decimals, listed := stripeDecimals[currency]
		if !listed {
			decimals = 2
		}
		if currency.Valid() && currency.Decimals() == decimals {
			found += ", balance " + prepaid.Money{Minor: a.Amount, Currency: currency}.String()
		}
	}
	return found, nil
}
