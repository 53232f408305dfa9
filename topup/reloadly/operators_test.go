package reloadly_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pulsa/prepaid"
	"pulsa/topup"
	"pulsa/topup/reloadly"
)

func TestAmountIsAskedForExactlyOrNotAtAll(t *testing.T) {
	const (
		fixed   = `{"operatorId":1,"denominationType":"FIXED","senderCurrencyCode":"USD","destinationCurrencyCode":"EUR","minAmount":null,"maxAmount":null,`
		ranging = `{"operatorId":1,"denominationType":"RANGE","destinationCurrencyCode":"EUR",`
	)
	tests := map[string]struct {
		operator string
		amount   prepaid.Money
		asked    string // amount and useLocalAmount
		code     string
	}{
		"local in range":           {rangeNL, eur(1000), "10 true", ""},
		"cents":                    {rangeNL, eur(1250), "12.5 true", ""},
		"local too little":         {rangeNL, eur(499), "", "INVALID_LOCAL_AMOUNT_FOR_OPERATOR"},
		"local too much":           {rangeNL, eur(5001), "", "INVALID_LOCAL_AMOUNT_FOR_OPERATOR"},
		"sender in range":          {ranging + `"senderCurrencyCode":"EUR","minAmount":1,"maxAmount":20}`, eur(2000), "20 false", ""},
		"sender too much":          {ranging + `"senderCurrencyCode":"EUR","minAmount":1,"maxAmount":20}`, eur(2001), "", "INVALID_AMOUNT_FOR_OPERATOR"},
		"no local amounts":         {ranging + `"senderCurrencyCode":"USD","minAmount":1,"maxAmount":20}`, eur(1000), "", "LOCAL_AMOUNTS_NOT_SUPPORTED_BY_OPERATOR"},
		"fixed local":              {fixed + `"supportsLocalAmounts":true,"localFixedAmounts":[5,10.00,20]}`, eur(1000), "10 true", ""},
		"fixed local, not offered": {fixed + `"supportsLocalAmounts":true,"localFixedAmounts":[5,20]}`, eur(1000), "", "INVALID_LOCAL_AMOUNT_FOR_OPERATOR"},
		"fixed, by pairs":          {fixed + `"fixedAmounts":[5.55,11.1],"localFixedAmounts":[5,10]}`, eur(1000), "11.1 false", ""},
		"fixed, by the map":        {fixed + `"fixedAmounts":[5.55,11.1],"suggestedAmountsMap":{"5.55":5,"11.10":10.0}}`, eur(1000), "11.1 false", ""},
		"fixed, nothing exact":     {fixed + `"fixedAmounts":[5.55,11.1],"suggestedAmountsMap":{"5.55":5,"11.10":9.99}}`, eur(1000), "", "LOCAL_AMOUNTS_NOT_SUPPORTED_BY_OPERATOR"},
		"another currency":         {rangeNL, prepaid.Money{Minor: 1000, Currency: "GBP"}, "", "LOCAL_AMOUNTS_NOT_SUPPORTED_BY_OPERATOR"},
		"nothing":                  {strings.Replace(rangeNL, `"localMinAmount":5.00`, `"localMinAmount":0`, 1), eur(0), "", "INVALID_AMOUNT"},
		"less than nothing":        {strings.Replace(rangeNL, `"localMinAmount":5.00`, `"localMinAmount":null`, 1), eur(-1), "", "INVALID_AMOUNT"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, nil).set(detect, ok(test.operator))
			r := s.client.Credit(t.Context(), topup.Credit{Reference: "REF", MSISDN: number, Amount: test.amount})
			if test.code != "" {
				s.want(r, topup.Refused, test.code)
				if s.count(post) != 0 {
					t.Error("a top-up was asked for")
				}
				return
			}
			s.want(r, topup.Done, "")
			if got := fmt.Sprint(s.request()["amount"], " ", s.request()["useLocalAmount"]); got != test.asked {
				t.Errorf("asked for %s, want %s", got, test.asked)
			}
		})
	}
}

func TestRecogniseTellsUnknownNumbersFromALookUpThatIsDown(t *testing.T) {
	for name, test := range map[string]struct {
		answer answer
		want   error
	}{
		"known":             {ok(rangeNL), nil},
		"not detected":      {refusal(404, "COULD_NOT_AUTO_DETECT_OPERATOR"), topup.ErrUnknownNumber},
		"no such country":   {refusal(409, "COUNTRY_NOT_SUPPORTED"), topup.ErrUnknownNumber},
		"no number":         {refusal(400, "INVALID_PHONE_NUMBER"), topup.ErrUnknownNumber},
		"no such path":      {answer{status: 404, body: `{"status":404,"error":"Not Found","path":"/x"}`}, topup.ErrNetworkDown},
		"no body":           {answer{status: 404}, topup.ErrNetworkDown},
		"down":              {answer{status: 503, body: "<html>"}, topup.ErrNetworkDown},
		"success unread":    {ok("<html>"), topup.ErrNetworkDown},
		"success without":   {ok("{}"), topup.ErrNetworkDown},
		"connection breaks": {answer{abort: true}, topup.ErrNetworkDown},
	} {
		s := newStage(t, nil).set(detect, test.answer)
		if err := s.client.Recognise(t.Context(), number); !errors.Is(err, test.want) {
			t.Errorf("%s: got %v", name, err)
		} else if err != nil && strings.Contains(err.Error(), string(number)) {
			t.Errorf("%s: the error tells the number: %v", name, err)
		}
	}
	if err := newStage(t, nil).client.Recognise(t.Context(), "80012345678"); !errors.Is(err, topup.ErrUnknownNumber) {
		t.Errorf("a number of no country: got %v", err)
	}
}

func TestOperatorIsKeptForAWhileAndForgottenWhenItRefuses(t *testing.T) {
	s := newStage(t, nil)
	for range 3 {
		if err := s.client.Recognise(t.Context(), number); err != nil {
			t.Fatal(err)
		}
	}
	s.want(s.buy(), topup.Done, "")
	if s.count(detect) != 1 {
		t.Errorf("asked %d times", s.count(detect))
	}
	s.set(post, refusal(400, "OPERATOR_AND_RECIPIENT_PHONE_MISMATCH"))
	s.buy()
	s.buy()
	if s.count(detect) != 2 {
		t.Errorf("after a mismatch: asked %d times", s.count(detect))
	}
}

func TestInactiveOperatorHoldsTheOrder(t *testing.T) {
	s := newStage(t, nil).set(detect, ok(strings.Replace(rangeNL, "ACTIVE", "INACTIVE", 1)))
	s.want(s.buy(), topup.Passing, "OPERATOR_UNAVAILABLE_OR_CURRENTLY_INACTIVE")
}

func TestOperatorThatCannotBeLookedUpHoldsTheOrderUnlessTheNumberIsUnknown(t *testing.T) {
	s := newStage(t, nil).set(detect, answer{status: 500})
	s.want(s.buy(), topup.Passing, "HTTP_500")
	s = newStage(t, nil).set(detect, refusal(404, "COULD_NOT_AUTO_DETECT_OPERATOR"))
	s.want(s.buy(), topup.Refused, "COULD_NOT_AUTO_DETECT_OPERATOR")
	if s.count(post) != 0 {
		t.Error("a top-up was asked for")
	}
}

func TestNautaCubaIsToppedUpByMailAddress(t *testing.T) {
	const operators = `[{"operatorId":1,"name":"Cubacel Cuba"},{"operatorId":685,"name":"Nauta Cuba","denominationType":"RANGE",
"senderCurrencyCode":"EUR","destinationCurrencyCode":"CUP","minAmount":5,"maxAmount":50}]`
	for email, want := range map[string]topup.Outcome{
		"anyone@nauta.com.cu": topup.Done, "anyone@nauta.co.cu": topup.Done,
		"anyone@nauta.cu": topup.Refused, "@nauta.com.cu": topup.Refused, "a@b@nauta.com.cu": topup.Refused, "anyone@example.com": topup.Refused,
	} {
		s := newStage(t, nil).set(nauta, ok(operators))
		r := s.client.Credit(t.Context(), topup.Credit{Reference: "REF", Email: prepaid.Email(email), Amount: eur(1000)})
		if r.Outcome != want {
			t.Errorf("%s: got %s %s", email, r.Outcome, r.Code)
		}
		if want != topup.Done {
			continue
		}
		got := fmt.Sprint(s.request())
		if got != "map[amount:10 customIdentifier:REF operatorId:685 recipientEmail:"+email+" useLocalAmount:false]" {
			t.Errorf("asked %s", got)
		}
	}
	s := newStage(t, nil).set(nauta, ok(`[]`))
	s.want(s.client.Credit(t.Context(), topup.Credit{Reference: "REF", Email: "a@nauta.co.cu", Amount: eur(1000)}), topup.Passing,
		"OPERATOR_UNAVAILABLE_OR_CURRENTLY_INACTIVE")
}

func TestPINOperatorsAreRefusedWhereNobodyHandsThePINOn(t *testing.T) {
	pins := strings.Replace(rangeNL, `"pin":false`, `"pin":true`, 1)
	s := newStage(t, nil).set(detect, ok(pins))
	if err := s.client.Recognise(t.Context(), number); !errors.Is(err, topup.ErrUnknownNumber) {
		t.Errorf("recognised: %v", err)
	}
	s.want(s.client.Credit(t.Context(), topup.Credit{Reference: "REF", MSISDN: number, Amount: eur(1000)}), topup.Refused, "PIN_OPERATOR")
	if s.count(post) != 0 {
		t.Error("a top-up was asked for")
	}
	s = newStage(t, func(c *reloadly.Config) { c.PINs = true }).set(detect, ok(pins)).set(post, ok(withPIN))
	if err := s.client.Recognise(t.Context(), number); err != nil {
		t.Error(err)
	}
	s.want(s.client.Credit(t.Context(), topup.Credit{Reference: "REF", MSISDN: number, Amount: eur(1000)}), topup.Done, "")
}
