package sim

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"pulsa/prepaid"
	simnetwork "pulsa/sim/network"
	"pulsa/topup"
	"pulsa/topup/reloadly"
)

// Topup implements reloadly.Airtime. A used reference is refused, even where the first was delivered.
func (f *Face) Topup(ctx context.Context, _ string, r reloadly.TopupRequest, async bool) (reloadly.Transaction, error) {
	credit, err := f.credit(r)
	if err != nil {
		return reloadly.Transaction{}, err
	}
	if len(f.network.Find(simnetwork.Filter{Reference: credit.Reference})) > 0 {
		return reloadly.Transaction{}, reloadly.RefuseCode(topup.CodeReferenceUsed)
	}
	if async {
		return f.accept(ctx, credit)
	}
	return f.judge(f.network.Credit(ctx, credit), credit)
}

// credit is what a request asks of the network.
func (f *Face) credit(r reloadly.TopupRequest) (topup.Credit, error) {
	o, err := f.operator(func(o reloadly.Operator) bool { return o.OperatorID == r.OperatorID })
	if err != nil {
		return topup.Credit{}, reloadly.RefuseOperator()
	}
	credit, err := simRecipient(r, o)
	if err != nil {
		return credit, err
	}
	amount, ok := r.Amount.Money(prepaid.Currency(o.DestinationCurrencyCode))
	limit := o.LocalMaxAmount.Value
	if !ok || !reloadly.NumberOf(amount).Value.Equal(r.Amount.Value) || r.Amount.Value.GreaterThan(limit) {
		return topup.Credit{}, reloadly.RefuseCode("INVALID_AMOUNT_FOR_OPERATOR")
	}
	credit.Amount, credit.Reference = amount, string(r.CustomIdentifier)
	if credit.Reference == "" {
		credit.Reference = "unnamed_" + prepaid.NewToken()
	}
	return credit, nil
}

// simRecipient is whom a request tops up: a mail account, at the one operator that has such, or a number.
func simRecipient(r reloadly.TopupRequest, o reloadly.Operator) (topup.Credit, error) {
	if o.OperatorID == simMailOperator {
		email, err := prepaid.ParseEmail(string(r.RecipientEmail))
		if err != nil {
			return topup.Credit{}, reloadly.RefuseCode("INVALID_INPUT_PROVIDED")
		}
		return topup.Credit{Email: email}, nil
	}
	if r.RecipientPhone == nil {
		return topup.Credit{}, reloadly.RefuseCode("INVALID_INPUT_PROVIDED")
	}
	m, err := r.RecipientPhone.MSISDN()
	switch {
	case err != nil:
		return topup.Credit{}, reloadly.RefuseCode(topup.CodeInvalidNumber)
	case r.RecipientPhone.CountryCode != o.Country.ISOName, o.PIN != simnetwork.SellsPINs(string(m)):
		return topup.Credit{}, reloadly.RefuseCode("OPERATOR_AND_RECIPIENT_PHONE_MISMATCH")
	}
	return topup.Credit{MSISDN: m}, nil
}

// accept begins a credit, and answers as soon as it is in the book or refused.
func (f *Face) accept(ctx context.Context, credit topup.Credit) (reloadly.Transaction, error) {
	results := make(chan topup.Result, 1)
	failed := make(chan error, 1)
	go func() {
		failed <- prepaid.Guard(func() error {
			results <- f.network.Credit(f.life, credit)
			return nil
		})
	}()
	for {
		select {
		case r := <-results:
			return f.judge(r, credit)
		case err := <-failed:
			if err != nil {
				return reloadly.Transaction{}, err
			}
		default:
		}
		if found := f.network.Find(simnetwork.Filter{Reference: credit.Reference}); len(found) > 0 {
			return f.Transaction(found[len(found)-1]), nil
		}
		if err := f.clock.Sleep(ctx, simLook); err != nil {
			return reloadly.Transaction{}, noAnswer{}
		}
	}
}

// judge is how the API answers what the network has come to.
func (f *Face) judge(r topup.Result, credit topup.Credit) (reloadly.Transaction, error) {
	switch {
	case r.Code == topup.CodeReferenceUsed:
		return reloadly.Transaction{}, reloadly.RefuseCode(r.Code)
	case r.Outcome == topup.Done, r.Outcome == topup.Pending:
		for _, found := range f.network.Find(simnetwork.Filter{Reference: credit.Reference}) {
			if found.NetworkRef == r.ProviderRef {
				return f.Transaction(found), nil
			}
		}
	case r.Code == simnetwork.CodeTimeout:
		return reloadly.Transaction{}, noAnswer{}
	case r.Code == simnetwork.CodeGarbage:
		return reloadly.Transaction{}, garbage{}
	case r.Outcome == topup.Refused, r.Outcome == topup.Passing, isReloadlyCode(r.Code):
		return reloadly.Transaction{}, reloadly.RefuseCode(r.Code)
	}
	return reloadly.Transaction{}, errors.New("simulated credit not booked")
}

func isReloadlyCode(code string) bool {
	_, _, known := topup.ClassifyCode(code)
	return known
}

// noAnswer breaks the connection off.
type noAnswer struct{}

func (noAnswer) Error() string { return "no answer" }

// ServeHTTP implements http.Handler.
func (noAnswer) ServeHTTP(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// garbage is success in a form that nobody can read.
type garbage struct{}

func (garbage) Error() string { return "garbage" }

// ServeHTTP implements http.Handler.
func (garbage) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	_, _ = w.Write([]byte("<html><body>Please stand by</body></html>"))
}

// Transactions implements reloadly.Airtime. Those that are asked for by id are there at once, others only when
// the reports have them.
func (f *Face) Transactions(_ context.Context, _ string, filter reloadly.Filter) ([]reloadly.Transaction, int, error) {
	var list []reloadly.Transaction
	for _, r := range f.network.Find(simnetwork.Filter{}) {
		wanted := filter.CustomIdentifier == "" || strings.EqualFold(filter.CustomIdentifier, r.Reference)
		if filter.TransactionID == 0 && r.Reported && wanted || filter.TransactionID == simID(r.NetworkRef) && wanted {
			list = append(list, f.Transaction(r))
		}
	}
	page, total := filter.Of(list)
	return page, total, nil
}

// Transaction is a credit of the book as the API shows it.
func (f *Face) Transaction(r simnetwork.Record) reloadly.Transaction {
	amount := reloadly.NumberOf(r.Amount)
	country := CountryOf(r.MSISDN)
	o, _ := f.operatorOf(country, r.MSISDN)
	if r.Email != "" {
		country = simMailCountry
		o, _ = f.operator(func(o reloadly.Operator) bool { return o.OperatorID == simMailOperator })
	}
	t := reloadly.Transaction{
		TransactionID: simID(r.NetworkRef), Status: simStatus(r), CustomIdentifier: reloadly.Text(r.Reference),
		RecipientPhone: reloadly.Text(r.MSISDN), RecipientEmail: reloadly.Text(r.Email),
		CountryCode: reloadly.Text(country), OperatorID: o.OperatorID, OperatorName: o.Name,
		RequestedAmount: amount, RequestedCurrencyCode: reloadly.Text(f.wallet),
		DeliveredAmount: amount, DeliveredCurrencyCode: reloadly.Text(r.Amount.Currency),
		Discount:             reloadly.Number{Value: amount.Value.Sub(reloadly.NumberOf(r.Cost).Value), Valid: true},
		DiscountCurrencyCode: reloadly.Text(f.wallet), Fee: reloadly.Number{Value: decimal.Zero, Valid: true},
		TransactionDate: reloadly.Text(r.At.UTC().Format(time.DateTime)), Reason: reloadly.Text(r.Failed),
	}
	if t.Status != reloadly.Successful {
		return t
	}
	if p := r.PIN; p != nil {
		t.PINDetail = &reloadly.PINDetail{
			Serial: reloadly.Text(p.Serial), Info1: reloadly.Text(p.Info[0]), Info2: reloadly.Text(p.Info[1]), Info3: reloadly.Text(p.Info[2]),
			Value: reloadly.Text(p.Value), Code: reloadly.Text(p.Code.Reveal()), IVR: reloadly.Text(p.IVR), Validity: reloadly.Text(p.Validity),
		}
	}
	left := reloadly.NumberOf(f.balance())
	t.BalanceInfo = &reloadly.BalanceInfo{
		OldBalance: reloadly.Number{Value: left.Value.Add(reloadly.NumberOf(r.Cost).Value), Valid: true},
		NewBalance: left, Cost: reloadly.NumberOf(r.Cost),
		CurrencyCode: reloadly.Text(r.Cost.Currency), CurrencyName: reloadly.CurrencyName(reloadly.Text(r.Cost.Currency)), UpdatedAt: t.TransactionDate,
	}
	return t
}

// simStatus is where a credit of the book stands, in the API's words.
func simStatus(r simnetwork.Record) reloadly.State {
	switch {
	case r.TakenBack, r.Failed != "":
		return reloadly.Refunded
	case r.Delivered:
		return reloadly.Successful
	}
	return reloadly.Processing
}
