package sim

import (
	"cmp"
	"context"
	"crypto/subtle"
	"errors"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nyaruka/phonenumbers"
	"github.com/shopspring/decimal"
	"golang.org/x/text/currency"
	"golang.org/x/text/language"

	"pulsa/prepaid"
	simnetwork "pulsa/sim/network"
	"pulsa/topup"
	"pulsa/topup/reloadly"
)

const (
	// simTokenLife is what Reloadly's sandbox has been seen to give.
	simTokenLife = time.Hour
	// simTokens bounds the tokens that are kept.
	simTokens = 10_000
	// simWallet is what is in the simulated wallet at first, in whole units.
	simWallet = 1_000_000
	// simLook is how often an asynchronous top-up is looked for in the book.
	simLook = 5 * time.Millisecond
)

// Face shows the simulated network with the Reloadly API as its face: it is what reloadly.Server asks.
// One unit of any currency costs one of the wallet's. Safe for concurrent use.
type Face struct {
	network   *simnetwork.Network
	clock     prepaid.Clock
	wallet    prepaid.Currency
	ClientID  string         // "" lets any in
	Secret    prepaid.Secret // empty lets any in
	operators []reloadly.Operator
	// life ends the asynchronous top-ups, which outlive their requests.
	life context.Context

	mu     sync.Mutex
	tokens map[string]time.Time // until when each is good
}

// NewFace shows a network with the Reloadly API as its face. life ends the asynchronous top-ups, wallet is the currency of
// the client's account.
func NewFace(life context.Context, network *simnetwork.Network, clock prepaid.Clock, wallet prepaid.Currency) *Face {
	return &Face{
		life: life, network: network, clock: clock, wallet: wallet,
		operators: simOperators(wallet), tokens: map[string]time.Time{},
	}
}

// simOperators is one operator of airtime and one of PINs for every country that has numbers and a currency, and one
// for mail accounts.
func simOperators(wallet prepaid.Currency) []reloadly.Operator {
	var all []reloadly.Operator
	for _, country := range slices.Sorted(maps.Keys(phonenumbers.GetSupportedRegions())) {
		region, err := language.ParseRegion(country)
		if err != nil || len(country) != 2 {
			continue
		}
		unit, ok := currency.FromRegion(region)
		if !ok {
			continue
		}
		destination := reloadly.Text(cmp.Or(newCurrency(country), unit.String()))
		number := func(n int64, exponent int32) reloadly.Number {
			return reloadly.Number{Value: decimal.New(n, exponent), Valid: true}
		}
		o := reloadly.Operator{
			OperatorID: reloadly.ID(1000 + int(country[0]-'A')*26 + int(country[1]-'A')), Name: reloadly.Text("Simulated " + country),
			SupportsLocalAmounts: true, DenominationType: "RANGE", Status: "ACTIVE",
			SenderCurrencyCode: reloadly.Text(wallet), DestinationCurrencyCode: destination,
			InternationalDiscount: number(4, 0), LocalDiscount: number(4, 0),
			MinAmount: number(1, -2), MaxAmount: number(1, 6), LocalMinAmount: number(1, -2), LocalMaxAmount: number(1, 6),
			Country: reloadly.OperatorCountry{ISOName: reloadly.Text(country), Name: reloadly.CountryName(reloadly.Text(country))},
			FX:      reloadly.FX{Rate: number(1, 0), CurrencyCode: destination},
		}
		all = append(all, o)
		o.OperatorID, o.Name, o.PIN = o.OperatorID+simPINOperator, "Simulated PIN "+o.Country.ISOName, true
		all = append(all, o)
		if country == simMailCountry {
			o.OperatorID, o.Name, o.PIN = simMailOperator, "Simulated Nauta", false
			all = append(all, o)
		}
	}
	return all
}

// newCurrency is what a country has come to pay with since x/text's table was made; "" where that is right.
func newCurrency(country string) string {
	return map[string]string{"BG": "EUR", "CW": "XCG", "HR": "EUR", "MR": "MRU", "SL": "SLE", "SX": "XCG", "VE": "VES"}[country]
}

// Each country has an operator of airtime and one of PINs, whose id is so much higher. One more tops up mail accounts.
const (
	simPINOperator  reloadly.ID = 1000
	simMailOperator reloadly.ID = 500
	simMailCountry              = "CU"
)

// simAudiences are those that Reloadly's own clients ask for.
var simAudiences = []string{
	reloadly.LiveURL, reloadly.SandboxURL, "https://topups-hs256.reloadly.com", "https://topups-hs256-sandbox.reloadly.com",
}

// Token implements reloadly.Accounts. The audience may be any of Reloadly's, or the simulator's own address.
func (f *Face) Token(_ context.Context, clientID string, secret prepaid.Secret, audience string) (reloadly.Token, error) {
	same := func(want, got string) bool {
		return got != "" && (want == "" || subtle.ConstantTimeCompare([]byte(want), []byte(got)) == 1)
	}
	switch {
	case !same(f.ClientID, clientID), !same(f.Secret.Reveal(), secret.Reveal()):
		return reloadly.Token{}, reloadly.RefuseCode("INVALID_CREDENTIALS")
	case !slices.Contains(simAudiences, audience) && !strings.HasPrefix(audience, "http://"):
		return reloadly.Token{}, reloadly.RefuseCode("INVALID_AUDIENCE")
	}
	token, now := "sim_"+prepaid.NewToken(), f.clock.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	maps.DeleteFunc(f.tokens, func(_ string, until time.Time) bool { return !now.Before(until) })
	if len(f.tokens) >= simTokens {
		clear(f.tokens)
	}
	f.tokens[token] = now.Add(simTokenLife)
	return reloadly.Token{AccessToken: token, Scope: "developer", ExpiresIn: reloadly.ID(simTokenLife / time.Second), TokenType: "Bearer"}, nil
}

// Account implements reloadly.Accounts.
func (f *Face) Account(_ context.Context, token string) (reloadly.Caller, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	until, ok := f.tokens[token]
	switch {
	case !ok:
		return reloadly.Caller{}, reloadly.RefuseCode("INVALID_TOKEN")
	case !f.clock.Now().Before(until):
		return reloadly.Caller{}, reloadly.RefuseCode("TOKEN_EXPIRED")
	}
	return reloadly.Caller{Account: "sim"}, nil
}

// dropTokens makes every client fetch a new one.
func (f *Face) dropTokens() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.tokens)
}

// Balance implements reloadly.Accounts.
func (f *Face) Balance(context.Context, string) (reloadly.Balance, error) {
	return reloadly.Balance{
		Balance: reloadly.NumberOf(f.balance()), CurrencyCode: reloadly.Text(f.wallet), CurrencyName: reloadly.CurrencyName(reloadly.Text(f.wallet)),
		UpdatedAt: reloadly.Text(f.clock.Now().Format(time.DateTime)),
	}, nil
}

func (f *Face) balance() prepaid.Money {
	left := prepaid.Money{Currency: f.wallet}
	if f.network.Told().Kind == simnetwork.OutOfFunds {
		return left
	}
	left.Minor = decimal.New(simWallet, int32(f.wallet.Decimals())).IntPart()
	for _, e := range f.network.Delivered(simnetwork.Filter{}) {
		left.Minor -= e.Cost.Minor
	}
	return left
}

// Operators implements reloadly.Airtime.
func (f *Face) Operators(context.Context, string) ([]reloadly.Operator, error) {
	return f.operators, nil
}

func (f *Face) operator(fits func(reloadly.Operator) bool) (reloadly.Operator, error) {
	if i := slices.IndexFunc(f.operators, fits); i >= 0 {
		return f.operators[i], nil
	}
	return reloadly.Operator{}, reloadly.RefuseCode(topup.CodeUnavailable)
}

// operatorOf finds the operator that has a number.
func (f *Face) operatorOf(country string, m prepaid.MSISDN) (reloadly.Operator, error) {
	return f.operator(func(o reloadly.Operator) bool {
		return string(o.Country.ISOName) == country && o.OperatorID != simMailOperator && o.PIN == simnetwork.SellsPINs(string(m))
	})
}

// Detect implements reloadly.Airtime.
func (f *Face) Detect(ctx context.Context, _ string, p reloadly.Phone) (reloadly.Operator, error) {
	if o, err := f.operator(func(o reloadly.Operator) bool { return o.Country.ISOName == p.CountryCode }); err != nil {
		return o, reloadly.RefuseCode("COUNTRY_NOT_SUPPORTED")
	}
	m, err := p.MSISDN()
	if err == nil {
		err = f.network.Recognise(ctx, m)
	}
	switch {
	case errors.Is(err, topup.ErrNetworkDown):
		return reloadly.Operator{}, reloadly.RefuseCode(topup.CodeUnavailable)
	case err != nil:
		return reloadly.Operator{}, reloadly.RefuseCode(topup.CodeNoOperator)
	}
	return f.operatorOf(string(p.CountryCode), m)
}

// simID is the number by which the API names a credit: the same for ever, and exact in JSON.
func simID(networkRef string) reloadly.ID {
	h := fnv.New64a()
	_, _ = h.Write([]byte(networkRef))
	return reloadly.ID(h.Sum64()>>12 | 1)
}
