package app

import (
	"net/http"
	"strconv"
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

func TestOnlyTheKeyOpensItsAccount(t *testing.T) {
	r := runDemo(t, nil, func(c *config.Config) {
		terms := c.API["demo"]
		terms.PerMinute = 200
		c.API["demo"] = terms
	})
	c, other := r.caller(developers.Key{Name: "one"}), r.caller(developers.Key{Name: "other"})
	theirs := other.wants(http.MethodPost, "/topups", buying("theirs", "0612345678"), http.StatusOK, "")
	number := strings.TrimSuffix(strings.TrimPrefix(theirs[:strings.Index(theirs, ",")], `{"transactionId":`), ",")
	for _, path := range []string{"/topups/" + number + "/status", "/topups/reports/transactions/" + number} {
		other.wants(http.MethodGet, path, "", http.StatusOK, `"customIdentifier":"theirs"`)
		c.wants(http.MethodGet, path, "", http.StatusNotFound, "TRANSACTION_NOT_FOUND")
	}
	c.wants(http.MethodGet, "/topups/reports/transactions?customIdentifier=theirs", "", http.StatusOK, `"totalElements":0`)

	for name, body := range map[string]string{
		"another's secret": `{"client_id":"` + c.id + `","client_secret":"` + other.secret + `","grant_type":"client_credentials","audience":"https://topups.reloadly.com"}`,
		"no secret":        `{"client_id":"` + c.id + `","client_secret":"","grant_type":"client_credentials","audience":"https://topups.reloadly.com"}`,
		"nobody":           `{"client_id":"nobody","client_secret":"` + c.secret + `","grant_type":"client_credentials","audience":"https://topups.reloadly.com"}`,
	} {
		if status, text := c.call(http.MethodPost, "/oauth/token", body); status != http.StatusUnauthorized || !strings.Contains(text, "INVALID_CREDENTIALS") {
			t.Errorf("%s: %d %s", name, status, text)
		}
	}
	for audience, status := range map[string]int{
		"https://topups-sandbox.reloadly.com": 200, "https://topups-hs256.reloadly.com": 200, r.Config.PublicURL: 200, r.Config.PublicURL + "/": 200,
		"https://example.com": 400, "": 400,
	} {
		c.wants(http.MethodPost, "/oauth/token", `{"client_id":"`+c.id+`","client_secret":"`+c.secret+
			`","grant_type":"client_credentials","audience":"`+audience+`"}`, status, "")
	}
	good := c.token
	mine, others := strings.Split(good, "."), strings.Split(other.token, ".")
	for _, forged := range []string{"guess", good + "x", good[:len(good)-1], mine[0] + "." + others[1] + "." + mine[2]} {
		c.token = forged
		c.wants(http.MethodPost, "/topups", buying("forged", "0612345678"), http.StatusUnauthorized, "INVALID_TOKEN")
	}
	c.token = ""
	c.wants(http.MethodPost, "/topups", buying("forged", "0612345678"), http.StatusUnauthorized, "MISSING_TOKEN")

	narrow := r.caller(developers.Key{Name: "narrow", Scopes: []reloadly.Scope{reloadly.ScopeOperators}})
	narrow.wants(http.MethodGet, "/operators/1349", "", http.StatusOK, "Simulated NL")
	for method, path := range map[string]string{http.MethodPost: "/topups", http.MethodGet: "/accounts/balance"} {
		body := ""
		if method == http.MethodPost {
			body = buying("narrow", "0612345678")
		}
		narrow.wants(method, path, body, http.StatusForbidden, "INSUFFICIENT_SCOPE")
	}

	c.token = good
	if c.balance() != "100" {
		t.Errorf("left %s", c.balance())
	}
	if err := r.Developers.Revoke(t.Context(), c.id, prepaid.By{Who: "t", Why: "t"}); err != nil {
		t.Fatal(err)
	}
	c.wants(http.MethodGet, "/accounts/balance", "", http.StatusUnauthorized, "INVALID_TOKEN")
	c.wants(http.MethodPost, "/oauth/token", `{"client_id":"`+c.id+`","client_secret":"`+c.secret+
		`","grant_type":"client_credentials","audience":"https://topups.reloadly.com"}`, http.StatusUnauthorized, "INVALID_CREDENTIALS")
	for _, secret := range []string{c.secret, other.secret, good, other.token} {
		r.wantNowhere(secret)
	}
	r.wantClean()
}

func TestASuspendedKeyReadsAndBuysNothing(t *testing.T) {
	r := runDemo(t, nil, nil)
	c := r.caller(developers.Key{Name: "suspended"})
	by := prepaid.By{Who: "t", Why: "t"}
	before := c.wants(http.MethodPost, "/topups", buying("before", "0612345678"), http.StatusOK, `"SUCCESSFUL"`)
	held := c.accepted(buying("held", "0612348005")) // debited, and not delivered yet
	apptest.Await(t, "it is debited", func() bool { return c.balance() == "80.8" }, nil)
	if err := r.Developers.Suspend(t.Context(), c.id, by); err != nil {
		t.Fatal(err)
	}
	c.token = c.newToken()
	for _, path := range []string{"/topups", "/topups-async"} {
		c.wants(http.MethodPost, path, buying("after", "0612345678"), http.StatusBadRequest, topup.CodeInactive)
	}
	if again := c.wants(http.MethodPost, "/topups", buying("before", "0612345678"), http.StatusOK, ""); again != before {
		t.Errorf("what was bought before is answered %s", again)
	}
	c.wants(http.MethodGet, "/operators/1349", "", http.StatusOK, "Simulated NL")
	c.wants(http.MethodGet, "/topups/"+held+"/status", "", http.StatusOK, "PROCESSING")
	if n := c.transactions().TotalElements; n != 2 || c.balance() != "80.8" {
		t.Errorf("%d transactions, left %s", n, c.balance())
	}
	if err := r.Developers.Resume(t.Context(), c.id, by); err != nil {
		t.Fatal(err)
	}
	c.wants(http.MethodPost, "/topups", buying("after", "0612345678"), http.StatusOK, `"SUCCESSFUL"`)
	r.wantClean()
}

func TestRequestsAboveTheRateAreRefusedUntilTheNextMinute(t *testing.T) {
	clock := apptest.NewSkipClock()
	r := runWired(t, nil, func(c *config.Config) {
		terms := c.API["demo"]
		terms.PerMinute = 5
		c.API["demo"] = terms
	}, Wiring{Clock: clock})
	c, other := r.caller(developers.Key{Name: "eager"}), r.caller(developers.Key{Name: "calm"})
	var last http.Header
	refused := 0
	for range 12 { // two windows at most, however slow the machine
		status, header, text := c.ask(http.MethodGet, "/countries/NL", "", http.Header{})
		switch {
		case status == http.StatusTooManyRequests && strings.Contains(text, "RATE_LIMIT_REACHED"):
			refused++
			last = header
		case status != http.StatusOK:
			t.Errorf("%d %s", status, text)
		}
	}
	if refused < 2 || last.Get("X-RateLimit-Limit") != "5" || last.Get("X-RateLimit-Remaining") != "0" || last.Get("X-RateLimit-Reset") == "" {
		t.Fatalf("%d refused, %v", refused, last)
	}
	if wait, err := strconv.Atoi(last.Get("Retry-After")); err != nil || wait < 1 || wait > 60 {
		t.Errorf("to wait %q seconds", last.Get("Retry-After"))
	}
	other.wants(http.MethodGet, "/countries/NL", "", http.StatusOK, "Netherlands")
	clock.Skip(time.Minute)
	c.wants(http.MethodGet, "/countries/NL", "", http.StatusOK, "Netherlands")
}

func TestWhatIsRefusedChangesNothing(t *testing.T) {
	r := runDemo(t, nil, func(c *config.Config) {
		terms := c.API["demo"]
		terms.DayCount, terms.Gap = 2, 2*time.Minute
		c.API["demo"] = terms
	})
	c := r.caller(developers.Key{Name: "refused"})
	local := `"useLocalAmount":true,"amount"`
	for name, refusal := range map[string]struct {
		body   string
		status int
		code   string
	}{
		"no operator":                 {buying("x", "0612345678", "1349", "7"), 404, "RESOURCE_NOT_FOUND"},
		"another country's":           {buying("x", "0612345678", "1349", "1030"), 400, "OPERATOR_AND_RECIPIENT_PHONE_MISMATCH"},
		"a mail account's operator":   {buying("x", "0612345678", "1349", "500"), 400, "OPERATOR_AND_RECIPIENT_PHONE_MISMATCH"},
		"mail at an operator":         {`{"operatorId":1349,"amount":10,"recipientEmail":"a@nauta.com.cu"}`, 400, "OPERATOR_AND_RECIPIENT_PHONE_MISMATCH"},
		"mail of another":             {`{"operatorId":500,"amount":10,"recipientEmail":"a@example.com"}`, 400, "INVALID_INPUT_PROVIDED"},
		"no number":                   {buying("x", "06123"), 400, topup.CodeInvalidNumber},
		"a number of another country": {buying("x", "+32470123456"), 400, topup.CodeInvalidNumber},
		"a landline":                  {buying("x", "0201234567"), 400, topup.CodeInvalidNumber},
		"no sender":                   {buying("x", "0612345678", `"amount"`, `"senderPhone":{"countryCode":"ZZ","number":"12345"},"amount"`), 400, "INVALID_SENDER_PHONE"},
		"a third decimal":             {buying("x", "0612345678", ":10,", ":10.001,"), 400, topup.CodeInvalidAmount},
		"nothing":                     {buying("x", "0612345678", ":10,", ":0,"), 400, topup.CodeInvalidAmount},
		"less than nothing":           {buying("x", "0612345678", ":10,", ":-10,"), 400, topup.CodeInvalidAmount},
		"too much":                    {buying("x", "0612345678", ":10,", ":1000001,"), 400, "INVALID_AMOUNT_FOR_OPERATOR"},
		"too much, local":             {buying("x", "0612345678", ":10,", ":1000001,", `"amount"`, local), 400, "INVALID_LOCAL_AMOUNT_FOR_OPERATOR"},
		"more than there is":          {buying("x", "0612345678", ":10,", ":104.18,"), 400, topup.CodeNoFunds},
		"no amount":                   {buying("x", "0612345678", ":10,", `:"ten",`), 400, "INVALID_INPUT_PROVIDED"},
		"an endless amount":           {buying("x", "0612345678", ":10,", `:1e999999999,`), 400, "INVALID_INPUT_PROVIDED"},
		"a long identifier":           {buying(strings.Repeat("x", 151), "0612345678"), 400, "INVALID_INPUT_PROVIDED"},
		"an unprintable identifier":   {buying(`\u0000`, "0612345678"), 400, "INVALID_INPUT_PROVIDED"},
		"no JSON":                     {`{"operatorId":`, 400, "INVALID_INPUT_PROVIDED"},
		"too long":                    {`{"x":"` + strings.Repeat("x", 70_000) + `"}`, 413, "INVALID_INPUT_PROVIDED"},
	} {
		for _, path := range []string{"/topups", "/topups-async"} {
			if status, text := c.call(http.MethodPost, path, refusal.body); status != refusal.status || codeOf([]byte(text)) != refusal.code {
				t.Errorf("%s %s: %d %s; want %d %s", path, name, status, text, refusal.status, refusal.code)
			}
		}
	}
	// What only the network knows is refused where it is waited for.
	c.wants(http.MethodPost, "/topups", buying("x", "0612345678", "1349", "2349"), http.StatusBadRequest, topup.CodeMismatch)
	c.wants(http.MethodPost, "/topups", buying("x", "0612349999"), http.StatusBadRequest, topup.CodeInvalidNumber)
	if n := c.transactions().TotalElements; n != 0 || c.balance() != "100" || len(r.Sims.Network.Find(simnetwork.Filter{})) != 0 {
		t.Errorf("%d transactions, left %s", n, c.balance())
	}

	c.wants(http.MethodPost, "/topups", buying("1", "0612345678"), http.StatusOK, "")
	c.wants(http.MethodPost, "/topups", buying("2", "0612345678"), http.StatusBadRequest, topup.CodeRecharged)
	c.wants(http.MethodPost, "/topups-async", buying("3", "0612348005"), http.StatusOK, "")
	for end := time.Now().Add(apptest.Patience); ; time.Sleep(20 * time.Millisecond) {
		if _, text := c.call(http.MethodPost, "/topups", buying("4", "0612348005")); strings.Contains(text, "RECIPIENT_HAS_PENDING_TRANSACTION") {
			break
		} else if time.Now().After(end) {
			t.Fatal(text)
		}
	}
	c.wants(http.MethodPost, "/topups", buying("5", "0612345670"), http.StatusBadRequest, "MAX_DAILY_TRANSACTION_COUNT_REACHED")
	// What the mobile operator refuses was bought, and is refunded.
	for _, code := range []string{"PHONE_BANNED_BY_OPERATOR", "RECIPIENT_PHONE_INACTIVE", "RECIPIENT_REACHED_MAX_TOPUP_NUMBER",
		"TRANSACTION_REJECTED_BY_OPERATOR", "INVALID_AMOUNT_FOR_RECIPIENT_PHONE"} {
		other := r.caller(developers.Key{Name: code})
		r.tellNetwork(simnetwork.Behaviour{Kind: simnetwork.Rejects, Code: code})
		other.wants(http.MethodPost, "/topups", buying("x", "0612345678"), http.StatusBadRequest, code)
		if other.balance() != "100" {
			t.Errorf("%s: left %s", code, other.balance())
		}
		if all := other.transactions(); all.TotalElements != 1 || all.Content[0].Status != reloadly.Refunded {
			t.Errorf("%s: %+v", code, all.Content)
		}
	}
	r.tellNetwork(simnetwork.Behaviour{Kind: simnetwork.Unavailable})
	c.wants(http.MethodPost, "/topups", buying("down", "0612345671"), http.StatusServiceUnavailable, topup.CodeUnavailable)
	r.tellNetwork(simnetwork.Behaviour{})
	r.wantClean()
}

func TestCopiesOfTheServerShareKeysOrdersAndRates(t *testing.T) {
	onEveryStore(t, func(t *testing.T, change func(*config.Config)) {
		shared := func(c *config.Config) {
			change(c)
			if c.DatabaseURL.Empty() {
				t.Skip("one SQLite file has one copy of the server")
			}
			c.Peppers = map[int]prepaid.Secret{1: prepaid.NewSecret(apptest.Key)} // as PULSA_PIN_PEPPER is
			terms := c.API["demo"]
			terms.PerMinute = 100
			c.API["demo"] = terms
		}
		clock := apptest.NewSlowClock(20) // all requests are of one minute
		first := runWired(t, nil, shared, Wiring{Clock: clock})
		second := runWired(t, nil, shared, Wiring{Clock: clock})
		c := first.caller(developers.Key{Name: "copies"})
		at := []*caller{c, {running: second, c: c.c, id: c.id, secret: c.secret, token: c.token}}
		answers := make([]string, 32)
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() { _, answers[i] = at[i%2].call(http.MethodPost, "/topups", buying("one", "0612345678")) })
		}
		all.Wait()
		for _, a := range answers {
			if a != answers[0] || !strings.Contains(a, `"status":"SUCCESSFUL"`) {
				t.Fatalf("answered\n%s\nand\n%s", answers[0], a)
			}
		}
		n := len(first.Sims.Network.Delivered(simnetwork.Filter{})) + len(second.Sims.Network.Delivered(simnetwork.Filter{}))
		if n != 1 || at[1].balance() != "90.4" {
			t.Errorf("delivered %d times, left %s", n, at[1].balance())
		}
		clock.Skip(clock.Now().Truncate(time.Minute).Add(time.Minute).Sub(clock.Now())) // a window begins
		refused := 0
		for i := range 150 { // 75 each
			if status, _ := at[i%2].call(http.MethodGet, "/countries/NL", ""); status == http.StatusTooManyRequests {
				refused++
			}
		}
		if refused == 0 {
			t.Error("the copies count apart")
		}
		if err := second.Developers.Revoke(t.Context(), c.id, prepaid.By{Who: "t", Why: "t"}); err != nil {
			t.Fatal(err)
		}
		c.wants(http.MethodGet, "/accounts/balance", "", http.StatusUnauthorized, "INVALID_TOKEN")
	})
}
