package app

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"pulsa/app/apptest"
	"pulsa/app/config"
	"pulsa/developers"
	"pulsa/prepaid"

	simnetwork "pulsa/sim/network"
	"pulsa/topup"
	"pulsa/topup/reloadly"
)

// gated is a catalogue that tells whose number it is when it is let.
type gated struct {
	developers.Catalogue
	asked chan struct{} // receives from each who asks
	open  chan struct{} // lets one go on
}

// OperatorOf implements developers.Catalogue.
func (g gated) OperatorOf(ctx context.Context, m prepaid.MSISDN) (reloadly.Operator, error) {
	g.asked <- struct{}{}
	<-g.open
	return g.Catalogue.OperatorOf(ctx, m)
}

// gate holds up who asks which operator has a number.
func (r *running) gate() gated {
	g := gated{r.catalogue("demo"), make(chan struct{}, 100), make(chan struct{})}
	r.aroundCatalogue = func(developers.Catalogue) developers.Catalogue { return g }
	return g
}

// accepted makes an asynchronous top-up and returns its number.
func (c *caller) accepted(body string) string {
	c.t.Helper()
	text := c.wants(http.MethodPost, "/topups-async", body, http.StatusOK, `{"transactionId":`)
	var got struct{ TransactionID json.Number }
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		c.t.Fatal(text)
	}
	return got.TransactionID.String()
}

// becomes waits until a top-up's status holds a word.
func (c *caller) becomes(number, word string) (text string) {
	c.t.Helper()
	apptest.Await(c.t, "transaction "+number+" has "+word, func() bool {
		_, text = c.call(http.MethodGet, "/topups/"+number+"/status", "")
		return strings.Contains(text, word)
	}, nil)
	return text
}

func TestAnAsynchronousTopupFailsUndebited(t *testing.T) {
	by := prepaid.By{Who: "t", Why: "t"}
	for name, failure := range map[string]struct {
		body      string
		meanwhile func(*running, *caller)
		code      string
		status    int // of the same request, made synchronously
		left      string
	}{
		"another operator's number": {buying("x", "0612345678", "1349", "2349"), nil, topup.CodeMismatch, 400, "100"},
		"nobody's number":           {buying("x", "0612349999"), nil, topup.CodeInvalidNumber, 400, "100"},
		"a network that is down": {buying("x", "0612345678"), func(r *running, _ *caller) {
			r.tellNetwork(simnetwork.Behaviour{Kind: simnetwork.Unavailable})
		}, topup.CodeUnavailable, 503, "100"},
		"money that is spent": {buying("x", "0612345678"), func(r *running, c *caller) {
			if _, err := r.Developers.Credit(r.t.Context(), c.id, prepaid.Money{Minor: -9041, Currency: "EUR"}, "", by); err != nil {
				r.t.Error(err)
			}
		}, topup.CodeNoFunds, 400, "9.59"},
		"a key that is suspended": {buying("x", "0612345678"), func(r *running, c *caller) {
			if err := r.Developers.Suspend(r.t.Context(), c.id, by); err != nil {
				r.t.Error(err)
			}
		}, topup.CodeInactive, 400, "100"},
		"a key that is revoked": {buying("x", "0612345678"), func(r *running, c *caller) {
			if err := r.Developers.Revoke(r.t.Context(), c.id, by); err != nil {
				r.t.Error(err)
			}
		}, topup.CodeInactive, 401, "100"},
	} {
		t.Run(name, func(t *testing.T) {
			onEveryStore(t, func(t *testing.T, change func(*config.Config)) {
				r := runDemo(t, nil, change)
				c := r.caller(developers.Key{Name: "fails"})
				news := make(chan string, 1)
				receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
					text, _ := io.ReadAll(request.Body)
					news <- string(text)
				}))
				defer receiver.Close()
				if _, err := r.Developers.SetWebhook(t.Context(), c.id, receiver.URL, by); err != nil {
					t.Fatal(err)
				}
				gate := r.gate()
				number := c.accepted(failure.body)
				<-gate.asked
				c.wants(http.MethodGet, "/topups/"+number+"/status", "", 200, `{"code":null,"message":null,"status":"PROCESSING","transaction":null}`)
				c.wants(http.MethodGet, "/topups/reports/transactions/"+number, "", 200, `"status":"PROCESSING"`)
				if left := c.balance(); left != "100" {
					t.Errorf("debited before anybody knew the number: left %s", left)
				}
				if failure.meanwhile != nil {
					failure.meanwhile(r, c)
				}
				gate.open <- struct{}{}
				if told := <-news; !strings.Contains(told, `"status":"FAILED"`) || !strings.Contains(told, `"transactionId":`+number+`,`) {
					t.Errorf("the webhook is told %s", told)
				}
				message := reloadly.RefuseCode(failure.code).Message
				if failure.status != http.StatusUnauthorized {
					c.wants(http.MethodGet, "/topups/"+number+"/status", "", 200,
						`{"code":"`+failure.code+`","message":"`+message+`","status":"FAILED","transaction":null}`)
					c.wants(http.MethodGet, "/topups/reports/transactions/"+number, "", 200, `"status":"FAILED"`)
					if again := c.accepted(failure.body); again != number {
						t.Errorf("repeated: %s, first %s", again, number)
					}
					c.wants(http.MethodPost, "/topups", failure.body, failure.status, `"errorCode":"`+failure.code+`"`)
					if left := c.balance(); left != failure.left {
						t.Errorf("left %s", left)
					}
				} else {
					c.wants(http.MethodPost, "/topups", failure.body, failure.status, "INVALID_TOKEN")
				}
				sold, _, err := r.DB.Sales.Sales(t.Context(), c.id, developers.Filter{})
				if err != nil || len(sold) != 1 || sold[0].Status != topup.Declined || sold[0].Reason != failure.code {
					t.Errorf("sold %+v, %v", sold, err)
				}
				if len(r.Sims.Network.Find(simnetwork.Filter{})) != 0 {
					t.Error("the network was asked for it")
				}
				r.wantClean()
			})
		})
	}
}

func TestAsynchronousTopupsTellTheBalanceOfTheirDebit(t *testing.T) {
	r := runDemo(t, nil, nil)
	c := r.caller(developers.Key{Name: "balances"})
	gate := r.gate()
	first := c.accepted(buying("first", "0612345678"))
	<-gate.asked
	if _, err := r.Developers.Credit(t.Context(), c.id, prepaid.Money{Minor: -5000, Currency: "EUR"}, "", prepaid.By{Who: "t", Why: "t"}); err != nil {
		t.Fatal(err)
	}
	go func() { gate.open <- struct{}{} }()
	c.becomes(first, `"balanceInfo":{"oldBalance":50,"newBalance":40.4,"cost":9.6,`)
	c.wants(http.MethodPost, "/topups", buying("first", "0612345678"), http.StatusOK, `"balanceInfo":{"oldBalance":50,"newBalance":40.4,"cost":9.6,`)
	if c.balance() != "40.4" {
		t.Errorf("left %s", c.balance())
	}
	r.wantClean()
}

// Many asynchronous top-ups are accepted while the account holds enough for each; those that it can't pay for fail.
func TestManyAsynchronousTopupsSpendTheAccountAndNoMore(t *testing.T) {
	onEveryStore(t, func(t *testing.T, change func(*config.Config)) {
		r := runDemo(t, nil, change)
		c := r.caller(developers.Key{Name: "many"}) // 100 euros buy ten for 9.60 each
		gate := r.gate()
		var numbers []string
		for i := range 16 {
			number, err := prepaid.FreshMSISDN("NL", i)
			if err != nil {
				t.Fatal(err)
			}
			numbers = append(numbers, c.accepted(buying("", number.String())))
		}
		for range numbers {
			<-gate.asked
		}
		close(gate.open)
		states := map[string]int{}
		for _, number := range numbers {
			var status reloadly.Status
			apptest.Await(t, "it ends", func() bool {
				_, text := c.call(http.MethodGet, "/topups/"+number+"/status", "")
				return json.Unmarshal([]byte(text), &status) == nil && status.Status != reloadly.Processing
			}, nil)
			states[string(status.Status)+" "+string(status.Code)]++
		}
		if states["SUCCESSFUL "] != 10 || states["FAILED "+topup.CodeNoFunds] != 6 || c.balance() != "4" {
			t.Errorf("ended as %v, left %s", states, c.balance())
		}
		r.wantClean()
	})
}
