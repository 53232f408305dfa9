package reloadly

import (
	"encoding/json"
	"testing"

	"github.com/shopspring/decimal"

	"pulsa/prepaid"
	"pulsa/topup"
)

func TestNumbersOfAnyScaleAreExact(t *testing.T) {
	for text, want := range map[string]struct {
		currency prepaid.Currency
		minor    int64
		ok       bool
	}{
		"505.00000000000":      {"EUR", 50500, true},
		"3.8E-5":               {"EUR", 0, true},
		"1.005":                {"EUR", 101, true},
		"0.1":                  {"EUR", 10, true},
		`"10"`:                 {"EUR", 1000, true},
		"9007199254740993":     {"JPY", 9007199254740993, true},
		"-3":                   {"KWD", -3000, true},
		"92233720368547758.07": {"EUR", 9223372036854775807, true},
		"92233720368547758.08": {"EUR", 0, false},
		"1e30":                 {"EUR", 0, false},
		"1e31":                 {"EUR", 0, false},
		"1e-2000000000":        {"EUR", 0, false},
		"1e2000000000":         {"EUR", 0, false},
		"null":                 {"EUR", 0, false},
		`"ten"`:                {"EUR", 0, false},
		"{}":                   {"EUR", 0, false},
		"[1]":                  {"EUR", 0, false},
		"10":                   {"euros", 0, false},
		"1000000000000000000000000000000000000000001": {"EUR", 0, false},
	} {
		var n Number
		if err := json.Unmarshal([]byte(text), &n); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if m, ok := n.Money(want.currency); ok != want.ok || m.Minor != want.minor {
			t.Errorf("%s: got %d, %v", text, m.Minor, ok)
		}
	}
}

func TestNumberIsWrittenAsANumber(t *testing.T) {
	for m, want := range map[prepaid.Money]string{
		{Minor: 1000, Currency: "EUR"}: "10", {Minor: 1250, Currency: "EUR"}: "12.5", {Minor: 7, Currency: "JPY"}: "7", {Minor: 1, Currency: "KWD"}: "0.001",
	} {
		if text, err := json.Marshal(NumberOf(m)); err != nil || string(text) != want {
			t.Errorf("%s: %s, %v", m, text, err)
		}
	}
	if text, _ := json.Marshal(Number{}); string(text) != "null" {
		t.Errorf("no number: %s", text)
	}
}

func TestCostIsToldOrReckoned(t *testing.T) {
	for text, want := range map[string]prepaid.Money{
		`{"balanceInfo":{"cost":9.6,"currencyCode":"EUR"}}`: {Minor: 960, Currency: "EUR"},
		`{"requestedAmount":3168.4,"requestedAmountCurrencyCode":"NGN","discount":63.37,"discountCurrencyCode":"NGN","balanceInfo":null}`: {Minor: 310503, Currency: "NGN"},
		`{"requestedAmount":10,"requestedAmountCurrencyCode":"EUR","discount":0.4,"discountCurrencyCode":"EUR","fee":0.5}`:                {Minor: 1010, Currency: "EUR"},
		`{"requestedAmount":10,"requestedAmountCurrencyCode":"EUR","discount":0.4,"discountCurrencyCode":"USD"}`:                          {},
		`{"requestedAmount":10,"requestedAmountCurrencyCode":"EUR","balanceInfo":{"cost":null,"currencyCode":"EUR"}}`:                     {},
	} {
		var tx Transaction
		if err := json.Unmarshal([]byte(text), &tx); err != nil {
			t.Fatal(err)
		}
		if m, ok := tx.Cost(); m != want || ok == (want == prepaid.Money{}) {
			t.Errorf("%s: got %s, %v", text, m, ok)
		}
	}
}

// FuzzDecoding feeds what comes from outside to every decoder: nothing panics, and nothing but a transaction
// with an id and the word for it counts as delivered.
func FuzzDecoding(f *testing.F) {
	for _, seed := range []string{
		`{"transactionId":26523,"status":"SUCCESSFUL","balanceInfo":{"cost":9.6,"currencyCode":"EUR"},"pinDetail":{"code":"1"}}`,
		`{"code":null,"status":"REFUNDED","transaction":null}`, `{"status":{},"transaction":[]}`, `<html>`, ``, `null`, `[]`,
		`{"errorCode":"INSUFFICIENT_BALANCE","timeStamp":1,"path":"/topups","details":{}}`, `{"content":[{"transactionId":"1"}]}`,
		`{"discount":1e-30,"requestedAmount":1e30,"discountCurrencyCode":"","requestedAmountCurrencyCode":""}`,
	} {
		f.Add(200, seed)
		f.Add(400, seed)
	}
	f.Fuzz(func(t *testing.T, status int, text string) {
		body := []byte(text)
		e := readError(status, body)
		outcome, _ := e.judge()
		if outcome != topup.Refused && outcome != topup.Passing && outcome != topup.Unknown {
			t.Errorf("an error is %s", outcome)
		}
		if outcome == topup.Refused && (status < 400 || status > 499) {
			t.Errorf("%d is a refusal", status)
		}
		for _, into := range []any{&Status{}, &Page[Transaction]{}, &Operator{}, &Token{}, &Balance{}, &news{}, &TopupRequest{}} {
			_ = json.Unmarshal(body, into)
		}
		var tx Transaction
		if json.Unmarshal(body, &tx) != nil {
			return
		}
		if r := tx.result(); r.Outcome == topup.Done && tx.Status != Successful {
			t.Errorf("%q is delivered", tx.Status)
		}
		written, err := json.Marshal(tx)
		if err != nil {
			t.Fatalf("write it again: %v", err)
		}
		var again Transaction
		if err := json.Unmarshal(written, &again); err != nil || again.Status != tx.Status || again.TransactionID != tx.TransactionID {
			t.Errorf("read again: %+v, %v", again, err)
		}
	})
}

func TestSuggestedAmountsAreWhatTheCurrencyCanExpress(t *testing.T) {
	for code, want := range map[Text]string{"JPY": "754", "EUR": "754.1", "KWD": "754.098"} {
		o := Operator{DenominationType: "FIXED", FixedAmounts: []Number{{Value: decimal.New(5, 0), Valid: true}}, DestinationCurrencyCode: code,
			FX: FX{Rate: Number{Value: decimal.RequireFromString("150.81967213"), Valid: true}}}
		o.suggest()
		if got := o.SuggestedAmountsMap["5"].Value.String(); got != want {
			t.Errorf("%s %s, want %s", code, got, want)
		}
	}
}
