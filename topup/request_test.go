package topup

import (
	"errors"
	"testing"

	"pulsa/prepaid"
)

func TestAmountsAreJudgedByTheBrandsRangeAndSteps(t *testing.T) {
	b := &prepaid.Brand{Currency: "EUR", Amounts: prepaid.AmountRange{Min: eur(1000), Max: eur(5000), Step: eur(500)}}
	for _, c := range []struct {
		amount prepaid.Money
		want   error
	}{
		{eur(1000), nil}, {eur(1500), nil}, {eur(5000), nil},
		{eur(500), ErrOutOfRange}, {eur(5500), ErrOutOfRange}, {eur(0), ErrOutOfRange}, {eur(-1000), ErrOutOfRange},
		{usd(1000), ErrOutOfRange},
		{eur(1200), ErrWrongStep}, {eur(1001), ErrWrongStep},
	} {
		if got := CheckAmount(b, c.amount); !errors.Is(got, c.want) {
			t.Errorf("CheckAmount(%s) = %v, want %v", c.amount, got, c.want)
		}
	}
	b.Amounts.Step = prepaid.Money{}
	if err := CheckAmount(b, eur(1234)); err != nil {
		t.Errorf("without steps any amount in the range is right, got %v", err)
	}
	card := Request{MSISDN: "31612345678", Amount: eur(750), Funding: FundingRef{Kind: ByCard}}
	if err := checkRequest(b, card); err != nil {
		t.Errorf("a card's worth is not bound by what may be bought, got %v", err)
	}
	card.Amount = usd(750)
	if err := checkRequest(b, card); !errors.Is(err, ErrOutOfRange) {
		t.Errorf("a card of another currency: %v, want ErrOutOfRange", err)
	}
}

func TestRequestHasOneRecipient(t *testing.T) {
	b := &prepaid.Brand{Currency: "EUR", Amounts: prepaid.AmountRange{Min: eur(1000), Max: eur(5000)}}
	for _, c := range []struct {
		msisdn prepaid.MSISDN
		email  prepaid.Email
		want   error
	}{
		{"31612345678", "", nil}, {"", "anyone@nauta.com.cu", nil}, {"", "anyone@nauta.co.cu", nil},
		{"", "", ErrRecipient}, {"31612345678", "anyone@nauta.com.cu", ErrRecipient},
		{"", "anyone@example.com", prepaid.ErrNotAnAccount}, {"", "Anyone@nauta.com.cu", prepaid.ErrNotAnAccount},
	} {
		r := Request{MSISDN: c.msisdn, Email: c.email, Amount: eur(1000), Funding: FundingRef{Kind: ByCharge}}
		if err := checkRequest(b, r); !errors.Is(err, c.want) {
			t.Errorf("%q %q: %v, want %v", c.msisdn, c.email, err, c.want)
		}
	}
}

func TestRequestHashOfANumberIsAsItWasEver(t *testing.T) {
	r := Request{Brand: "demo", MSISDN: "31612345678", Amount: eur(1000), Funding: FundingRef{Kind: ByCharge, Ref: "instrument"}}
	if got := requestHash(r); got != "8c32d15c32b2aed6b2035af6c05adb8f5f7204648e01eef2cbf5e65ccec47ce5" {
		t.Errorf("hash is %s: a message that is delivered again after an upgrade would be refused", got)
	}
}

func TestRequestHashTellsRequestsApart(t *testing.T) {
	base := Request{Brand: "demo", MSISDN: "31612345678", Amount: eur(1000),
		Funding: FundingRef{Kind: ByCharge, Ref: "instrument", Provider: "sim", Method: "card"}}
	hash := requestHash(base)
	for name, change := range map[string]func(*Request){
		"brand": func(r *Request) { r.Brand = "other" }, "number": func(r *Request) { r.MSISDN = "31612345679" },
		"amount": func(r *Request) { r.Amount.Minor++ }, "currency": func(r *Request) { r.Amount.Currency = "USD" },
		"funding": func(r *Request) { r.Funding.Ref = "another" }, "kind": func(r *Request) { r.Funding.Kind = ByCard },
		"mail account":       func(r *Request) { r.MSISDN, r.Email = "", "anyone@nauta.com.cu" },
		"parts run together": func(r *Request) { r.Brand, r.MSISDN = "demo3", "1612345678" },
	} {
		r := base
		change(&r)
		if requestHash(r) == hash {
			t.Errorf("another %s has the same hash", name)
		}
	}
	same := base
	same.OperationKey, same.AuthorisedBy, same.Confirmed = "another message", "api", true
	if requestHash(same) != hash {
		t.Error("the hash depends on how the order was placed")
	}
}
