package app

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pulsa/app/apptest"
	"pulsa/app/config"
	"pulsa/developers"
	"pulsa/prepaid"

	simnetwork "pulsa/sim/network"
	"pulsa/topup"
	"pulsa/topup/reloadly"
)

// caller is a developer's program. Each of its requests and answers is held against the API's document.
type caller struct {
	*running
	c          *contract
	id, secret string
	token      string
}

// caller makes a key whose account holds 100 of its currency.
func (r *running) caller(k developers.Key) *caller {
	r.t.Helper()
	id, secret := r.developer(k)
	c := &caller{running: r, c: newContract(r.t, r.server.URL), id: id, secret: secret.Reveal()}
	c.token = c.newToken()
	return c
}

func (c *caller) newToken() string {
	c.t.Helper()
	status, text := c.call(http.MethodPost, "/oauth/token", `{"client_id":"`+c.id+`","client_secret":"`+c.secret+
		`","grant_type":"client_credentials","audience":"https://topups.reloadly.com"}`)
	var token reloadly.Token
	if err := json.Unmarshal([]byte(text), &token); err != nil || status != http.StatusOK {
		c.t.Fatalf("token: %d %s", status, text)
	}
	return token.AccessToken
}

func (c *caller) call(method, path, body string) (status int, text string) {
	c.t.Helper()
	status, _, text = c.ask(method, path, body, http.Header{})
	return status, text
}

func (c *caller) ask(method, path, body string, header http.Header) (int, http.Header, string) {
	request, err := http.NewRequestWithContext(c.t.Context(), method, c.server.URL+path, strings.NewReader(body))
	if err != nil {
		c.t.Error(err)
		return 0, nil, ""
	}
	request.Header = header
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := c.c.client().Do(request)
	if err != nil {
		c.t.Error(err)
		return 0, nil, ""
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Error(err)
	}
	return response.StatusCode, response.Header, string(text)
}

// wants calls, and checks the status and that the answer holds a word.
func (c *caller) wants(method, path, body string, status int, word string) string {
	c.t.Helper()
	got, text := c.call(method, path, body)
	if got != status || !strings.Contains(text, word) {
		c.t.Errorf("%s %s %s: %d %s; want %d with %s", method, path, body, got, text, status, word)
	}
	return text
}

func (c *caller) balance() string {
	c.t.Helper()
	_, text := c.call(http.MethodGet, "/accounts/balance", "")
	_, text, _ = strings.Cut(text, `"balance":`)
	text, _, _ = strings.Cut(text, ",")
	return text
}

// buying is a top-up of EUR 10 under an identifier; pairs replace what stands there.
func buying(identifier, number string, pairs ...string) string {
	body := `{"operatorId":1349,"amount":10,"customIdentifier":"` + identifier + `","recipientPhone":{"countryCode":"NL","number":"` + number + `"}}`
	return strings.NewReplacer(pairs...).Replace(body)
}

func (c *caller) transactions() reloadly.Page[reloadly.Transaction] {
	c.t.Helper()
	var page reloadly.Page[reloadly.Transaction]
	status, text := c.call(http.MethodGet, "/topups/reports/transactions", "")
	if err := json.Unmarshal([]byte(text), &page); err != nil || status != http.StatusOK {
		c.t.Fatalf("transactions: %d %s", status, text)
	}
	return page
}

func TestEqualRequestsMakeOneOrderAndAreAnsweredAlike(t *testing.T) {
	onEveryStore(t, func(t *testing.T, change func(*config.Config)) {
		r := runDemo(t, nil, change)
		c := r.caller(developers.Key{Name: "parallel"})
		r.tellNetwork(simnetwork.Behaviour{Kind: simnetwork.Delivers, After: time.Second}) // all meet while it is under way
		answers := make([]string, 32)
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() {
				status, text := c.call(http.MethodPost, "/topups", buying("one", "0612345678"))
				if status != http.StatusOK {
					t.Errorf("%d %s", status, text)
				}
				answers[i] = text
			})
		}
		all.Wait()
		for _, a := range answers {
			if a != answers[0] || !strings.Contains(a, `"status":"SUCCESSFUL"`) {
				t.Fatalf("answered\n%s\nand\n%s", answers[0], a)
			}
		}
		if n := len(r.Sims.Network.Delivered(simnetwork.Filter{})); n != 1 || c.balance() != "90.4" || c.transactions().TotalElements != 1 {
			t.Errorf("delivered %d times, left %s", n, c.balance())
		}
		r.wantClean()
	})
}

func TestManyTopupsAtOnceSpendTheAccountAndNoMore(t *testing.T) {
	onEveryStore(t, func(t *testing.T, change func(*config.Config)) {
		r := runDemo(t, nil, change)
		c := r.caller(developers.Key{Name: "many"}) // 100 euros buy ten for 9.60 each
		var mu sync.Mutex
		answers, balances := map[int]int{}, map[string]bool{}
		atOnce(func(i int) {
			number, err := prepaid.FreshMSISDN("NL", i)
			if err != nil {
				t.Error(err)
			}
			status, text := c.call(http.MethodPost, "/topups", buying("", number.String()))
			var bought reloadly.Transaction
			_ = json.Unmarshal([]byte(text), &bought)
			mu.Lock()
			defer mu.Unlock()
			answers[status]++
			switch {
			case status == http.StatusOK && bought.BalanceInfo.OldBalance.Value.Sub(bought.BalanceInfo.Cost.Value).Equal(bought.BalanceInfo.NewBalance.Value):
				balances[bought.BalanceInfo.NewBalance.Value.String()] = true
			case !strings.Contains(text, topup.CodeNoFunds):
				t.Errorf("%d %s", status, text)
			}
		})
		if answers[http.StatusOK] != 10 || answers[http.StatusBadRequest] != crowded-10 || len(balances) != 10 || c.balance() != "4" {
			t.Errorf("answers %v, balances %v, left %s", answers, balances, c.balance())
		}
		r.wantClean()
	})
}

func TestARepeatIsAnsweredAsTheFirst(t *testing.T) {
	r := runDemo(t, nil, nil)
	c := r.caller(developers.Key{Name: "repeats"})
	first := c.wants(http.MethodPost, "/topups", buying("a", "0612345678"), http.StatusOK, `"SUCCESSFUL"`)
	for name, same := range map[string]string{
		"the same":                  buying("a", "0612345678"),
		"strings for numbers":       buying("a", "0612345678", "1349", `"1349"`, `:10,`, `:"10.00",`),
		"the number in full":        buying("a", "+31 6 1234 5678"),
		"what means nothing anyway": buying("a", "31612345678", `"amount"`, `"useLocalAmount":false,"senderPhone":null,"amount"`),
	} {
		if again := c.wants(http.MethodPost, "/topups", same, http.StatusOK, ""); again != first {
			t.Errorf("%s: answered\n%s, first\n%s", name, again, first)
		}
	}
	for name, other := range map[string]string{
		"another amount": buying("a", "0612345678", ":10,", ":10.01,"), "another number": buying("a", "0612345679"),
		"local":            buying("a", "0612345678", `"amount"`, `"useLocalAmount":true,"amount"`),
		"another sender":   buying("a", "0612345678", `"amount"`, `"senderPhone":{"countryCode":"NL","number":"0612345670"},"amount"`),
		"another operator": buying("a", "0612345678", "1349", "1350"),
	} {
		if _, text := c.call(http.MethodPost, "/topups", other); !strings.Contains(text, topup.CodeReferenceUsed) {
			t.Errorf("%s: %s", name, text)
		}
	}
	c.wants(http.MethodPost, "/topups", buying("A", "0612345678"), http.StatusOK, `"customIdentifier":"A"`)
	c.wants(http.MethodPost, "/topups", buying("", "0612345678"), http.StatusOK, `"customIdentifier":null`)
	c.wants(http.MethodPost, "/topups", buying("", "0612345678"), http.StatusOK, `"customIdentifier":null`)
	for _, unreadable := range []string{"[1]", `{"id":"c"}`, "true"} { // taken for none, each repeat would buy again
		c.wants(http.MethodPost, "/topups", buying("c", "0612345678", `"c"`, unreadable), http.StatusUnprocessableEntity, "UNPROCCESSABLE_ENTITY")
	}
	other := r.caller(developers.Key{Name: "another"})
	if text := other.wants(http.MethodPost, "/topups", buying("a", "0612345678"), http.StatusOK, `"SUCCESSFUL"`); text == first {
		t.Error("another developer got somebody's answer")
	}
	refused := c.wants(http.MethodPost, "/topups", buying("b", "0612348001"), http.StatusBadRequest, topup.CodeRefused)
	if again := c.wants(http.MethodPost, "/topups", buying("b", "0612348001"), http.StatusBadRequest, topup.CodeRefused); codeOf([]byte(again)) != codeOf([]byte(refused)) {
		t.Errorf("a refusal is repeated as %s", again)
	}
	if n := c.transactions().TotalElements; n != 5 || c.balance() != "61.6" { // four delivered
		t.Errorf("%d transactions, left %s", n, c.balance())
	}
	// What was not bought for want of money has not used its identifier up.
	c.wants(http.MethodPost, "/topups", buying("dear", "0612345678", ":10,", ":90,"), http.StatusBadRequest, topup.CodeNoFunds)
	if _, err := r.Developers.Credit(t.Context(), c.id, prepaid.Money{Minor: 10000, Currency: "EUR"}, "", prepaid.By{Who: "t", Why: "t"}); err != nil {
		t.Fatal(err)
	}
	c.wants(http.MethodPost, "/topups", buying("dear", "0612345678", ":10,", ":90,"), http.StatusOK, `"SUCCESSFUL"`)
	r.wantClean()
}

func TestATopupEndsAsItsStatusTells(t *testing.T) {
	clock := apptest.NewSkipClock()
	r := runWired(t, nil, nil, Wiring{Clock: clock})
	c := r.caller(developers.Key{Name: "ends"})
	id := func(text string) string {
		var got struct{ TransactionID json.Number }
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatal(text)
		}
		return got.TransactionID.String()
	}
	until := func(number, word string) string {
		t.Helper()
		for end := time.Now().Add(apptest.Patience); ; {
			_, text := c.call(http.MethodGet, "/topups/"+number+"/status", "")
			if strings.Contains(text, word) {
				return text
			}
			if time.Now().After(end) {
				t.Fatalf("transaction %s is %s, never %s", number, text, word)
			}
			clock.Skip(10 * time.Second)
			time.Sleep(20 * time.Millisecond)
		}
	}
	// Asked for at once, delivered later.
	later := id(c.wants(http.MethodPost, "/topups-async", buying("later", "0612348004"), http.StatusOK, `{"transactionId":`))
	c.wants(http.MethodGet, "/topups/"+later+"/status", "", http.StatusOK, `{"code":null,"message":null,"status":"PROCESSING","transaction":null}`)
	if again := id(c.wants(http.MethodPost, "/topups-async", buying("later", "0612348004"), http.StatusOK, "")); again != later {
		t.Errorf("repeated: %s, first %s", again, later)
	}
	until(later, `"transactionId":`+later+`,"status":"SUCCESSFUL"`)

	// The network is out of our funds: that is not the developer's to read about.
	held := id(c.wants(http.MethodPost, "/topups", buying("held", "0612348005"), http.StatusOK, `"status":"PROCESSING"`))
	if c.balance() != "80.8" {
		t.Errorf("while two are under way or delivered, left %s", c.balance())
	}
	status, text := c.call(http.MethodGet, "/topups/reports/transactions/"+held, "")
	if status != http.StatusOK || !strings.Contains(text, `"status":"PROCESSING"`) || !strings.Contains(text, `"balanceInfo":null`) || !strings.Contains(text, `"operatorTransactionId":null`) {
		t.Errorf("%d %s", status, text)
	}
	clock.Skip(25 * time.Hour) // the token ends too
	c.wants(http.MethodGet, "/accounts/balance", "", http.StatusUnauthorized, "TOKEN_EXPIRED")
	c.token = c.newToken()
	until(held, `"code":"TOPUP_TRANSACTION_FAILED"`)
	if c.balance() != "90.4" {
		t.Errorf("after the refund, left %s", c.balance())
	}

	// The first call's answer comes at the end of its patience; what became of it is told later, and to who repeats it.
	slow := make(chan string, 1)
	go func() {
		_, text := c.call(http.MethodPost, "/topups", buying("slow", "0612348003"))
		slow <- text
	}()
	var answer string
	for answer == "" {
		select {
		case answer = <-slow:
		case <-time.After(50 * time.Millisecond):
			clock.Skip(10 * time.Second)
		}
	}
	if !strings.Contains(answer, `"status":"PROCESSING"`) {
		t.Fatalf("answered %s", answer)
	}
	until(id(answer), `"status":"SUCCESSFUL"`)
	c.wants(http.MethodPost, "/topups", buying("slow", "0612348003"), http.StatusOK, `"status":"SUCCESSFUL"`)
	r.wantClean()
}

// holding is a network that credits when it is let.
type holding struct {
	topup.Network
	asked, open chan struct{}
}

// Credit implements topup.Network.
func (h holding) Credit(ctx context.Context, c topup.Credit) topup.Result {
	close(h.asked)
	<-h.open
	return h.Network.Credit(ctx, c)
}

func TestATopupIsProcessingAfterFiftySeconds(t *testing.T) {
	clock := apptest.NewStillClock()
	network := holding{asked: make(chan struct{}), open: make(chan struct{})}
	r := runWired(t, nil, nil, Wiring{Clock: clock, network: func(n topup.Network) topup.Network {
		network.Network = n
		return network
	}})
	c := r.caller(developers.Key{Name: "patient"})
	answers := make(chan string, 1)
	go func() {
		_, text := c.call(http.MethodPost, "/topups", buying("slow", "0612345678"))
		answers <- text
	}()
	<-network.asked
	clock.Skip(49 * time.Second)
	select {
	case text := <-answers:
		t.Fatalf("answered before its time: %s", text)
	case <-time.After(200 * time.Millisecond):
	}
	var answer string
	apptest.Await(t, "it is answered", func() bool {
		select {
		case answer = <-answers:
		default:
		}
		return answer != ""
	}, func() { clock.Skip(time.Second) })
	if !strings.Contains(answer, `"status":"PROCESSING"`) || !strings.Contains(answer, `"newBalance":90.4`) {
		t.Errorf("answered %s", answer)
	}
	close(network.open)
	apptest.Await(t, "it is delivered", func() bool {
		_, text := c.call(http.MethodPost, "/topups", buying("slow", "0612345678"))
		return strings.Contains(text, `"status":"SUCCESSFUL"`)
	}, func() { clock.Skip(10 * time.Second) })
	if n := len(r.Sims.Network.Delivered(simnetwork.Filter{})); n != 1 {
		t.Errorf("delivered %d times", n)
	}
	r.wantClean()
}

func TestAPINIsTheDevelopersToReadForAWhile(t *testing.T) {
	clock := apptest.NewSkipClock()
	r := runWired(t, nil, nil, Wiring{Clock: clock})
	c := r.caller(developers.Key{Name: "pins"})
	text := c.wants(http.MethodPost, "/topups", buying("pin", "0612348020", "1349", "2349"), http.StatusOK, `"code":"`)
	var bought reloadly.Transaction
	if err := json.Unmarshal([]byte(text), &bought); err != nil || bought.PINDetail == nil || bought.PINDetail.Code == "" {
		t.Fatal(text)
	}
	code := string(bought.PINDetail.Code)
	for _, path := range []string{"/topups/reports/transactions", "/topups/" + bought.TransactionID.String() + "/status"} {
		c.wants(http.MethodGet, path, "", http.StatusOK, code)
	}
	if again := c.wants(http.MethodPost, "/topups", buying("pin", "0612348020", "1349", "2349"), http.StatusOK, code); again != text {
		t.Errorf("repeated: %s, first %s", again, text)
	}
	r.wantNowhere(code)
	clock.Skip(31 * 24 * time.Hour)
	if n, err := r.Developers.ForgetPINs(t.Context()); err != nil || n > 1 {
		t.Errorf("forgot %d, %v", n, err)
	}
	c.token = c.newToken()
	c.wants(http.MethodGet, "/topups/reports/transactions", "", http.StatusOK, `"pinDetail":null`)
}

// wantNowhere checks that a secret is in no log and, in clear, in no file.
func (r *running) wantNowhere(secret string) {
	r.t.Helper()
	if strings.Contains(r.log.String(), secret) {
		r.t.Error("the log tells a secret")
	}
	files, err := filepath.Glob(filepath.Join(r.Config.Data, "*"))
	if err != nil || len(files) < 2 {
		r.t.Fatal(files, err)
	}
	for _, name := range files {
		if text, err := os.ReadFile(name); err != nil || bytes.Contains(text, []byte(secret)) {
			r.t.Errorf("%s holds a secret, %v", filepath.Base(name), err)
		}
	}
}

func TestAccountsInAnotherCurrencyPayByTheTable(t *testing.T) {
	r := runDemo(t, nil, nil) // a dollar is 0.92 euros
	c := r.caller(developers.Key{Name: "dollars", Balance: prepaid.Money{Currency: "USD"}})
	c.wants(http.MethodGet, "/accounts/balance", "", http.StatusOK, `"balance":100,"frozenBalance":null,"currencyCode":"USD","currencyName":"US Dollar"`)
	c.wants(http.MethodPost, "/topups", buying("a", "0612345678"), http.StatusOK, `"discount":0.4,"discountCurrencyCode":"USD","requestedAmount":10,`+
		`"requestedAmountCurrencyCode":"USD","deliveredAmount":9.2,"deliveredAmountCurrencyCode":"EUR"`)
	c.wants(http.MethodPost, "/topups", buying("b", "0612345678", `"amount"`, `"useLocalAmount":true,"amount"`), http.StatusOK,
		`"discount":0.43,"discountCurrencyCode":"USD","requestedAmount":10.87,"requestedAmountCurrencyCode":"USD","deliveredAmount":10,`)
	c.wants(http.MethodPost, "/topups", buying("c", "0612348001"), http.StatusBadRequest, topup.CodeRefused)
	if c.balance() != "79.96" {
		t.Errorf("left %s", c.balance())
	}
	c.wants(http.MethodPost, "/operators/fx-rate", `{"operatorId":"1349","amount":"10"}`, http.StatusOK, `"fxRate":9.2,"currencyCode":"EUR"`)
	c.wants(http.MethodPost, "/operators/1349/fx-rate", `{"amount":10}`, http.StatusOK, `"fxRate":9.2,"currencyCode":"EUR"`)
	delivered := r.Sims.Network.Delivered(simnetwork.Filter{})
	if len(delivered) != 2 || !slices.ContainsFunc(delivered, func(e simnetwork.Entry) bool { return e.Amount == prepaid.Money{Minor: 920, Currency: "EUR"} }) {
		t.Errorf("delivered %+v", delivered)
	}
	r.wantClean()
}

func (r *running) tellNetwork(b simnetwork.Behaviour) {
	r.t.Helper()
	if err := r.Sims.Network.Set(r.t.Context(), b); err != nil {
		r.t.Fatal(err)
	}
}
