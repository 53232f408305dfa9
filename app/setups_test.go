package app

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"pulsa/app/apptest"
	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/topup"
)

// Whoever chooses anew gets another page; the earlier one says that it is over, and completes nothing.
func TestTheEarlierPaymentPageIsOver(t *testing.T) {
	r := runDemo(t, nil, nil)
	r.customer(apptest.Number)
	page := func(answer string) string { return apptest.Behind(t, r.server, answer) }
	read := func(response *http.Response, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	pays := func() string {
		t.Helper()
		number, _ := prepaid.ParseE164(apptest.Number)
		c, err := r.Accounts.ByMSISDN(t.Context(), "demo", number)
		if err != nil {
			t.Fatal(err)
		}
		return c.Pays.Method
	}
	r.wants(apptest.Number, "PAY", "type your PIN")
	r.wants(apptest.Number, apptest.PIN, "How do you want to pay")
	answer, _ := r.text(apptest.Number, "1") // the page, or an IBAN typed here
	first := page(answer)
	r.wants(apptest.Number, "BACK", "How do you want to pay")
	answer, _ = r.text(apptest.Number, "3")
	second := page(answer)
	if body := read(http.Get(first)); !strings.Contains(body, "This page is over") {
		t.Errorf("the earlier page says %s", body)
	}
	if body := read(http.PostForm(first, url.Values{"action": {"complete"}})); !strings.Contains(body, "This page is over") || pays() != "card" {
		t.Errorf("the earlier page, completed, says %s; the customer pays by %s", body, pays())
	}
	if body := read(http.PostForm(second, url.Values{"action": {"complete"}})); !strings.Contains(body, "is set up") || pays() != "paypal" {
		t.Errorf("the newer page says %s; the customer pays by %s", body, pays())
	}
	r.hears("From now on you pay")
}

// A gateway that could not be told to close its page tells of a completion that counts no more: the customer, who has seen
// its page succeed, is told.
func TestWhoCompletesAPageThatIsOverIsTold(t *testing.T) {
	r := runDemo(t, nil, nil)
	r.customer(apptest.Number)
	number, _ := prepaid.ParseE164(apptest.Number)
	c, err := r.Accounts.ByMSISDN(t.Context(), "demo", number)
	if err != nil {
		t.Fatal(err)
	}
	start := func(key string) payments.Setup {
		s, err := r.Payments.StartSetup(t.Context(), payments.StartRequest{Brand: "demo", Customer: c.ID, MSISDN: number, Method: payments.PayPal,
			OperationKey: key, ReplyTo: topup.ReplyTo{Channel: "fake", Kind: "sms", Address: number.Tel(), Language: "en"}})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	first := start("first")
	start("second")
	err = r.GatewayNews.Handle(t.Context(), payments.Event{Setup: first.ID, Ended: payments.SetupCompleted, Token: prepaid.NewSecret("tok"), Display: "PayPal"})
	if err != nil {
		t.Fatal(err)
	}
	r.hears("had expired, so nothing was changed")
	if c, err = r.Accounts.ByMSISDN(t.Context(), "demo", number); err != nil || c.Pays.Method != "card" {
		t.Errorf("the customer pays by %s, %v", c.Pays.Method, err)
	}
}
