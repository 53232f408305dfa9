package app

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
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

// refusing is a server that is asked for what it refuses.
type refusing struct {
	*caller
	clock *apptest.SkipClock
}

// newRefusing runs the demo, its API's terms changed.
func newRefusing(t *testing.T, terms func(*developers.Terms)) *refusing {
	t.Helper()
	clock := apptest.NewSkipClock()
	r := runWired(t, nil, func(c *config.Config) {
		c.Peppers = map[int]prepaid.Secret{1: prepaid.NewSecret(apptest.Key)} // one server's tokens are another's
		changed := c.API["demo"]
		changed.PerMinute = 10_000
		if terms != nil {
			terms(&changed)
		}
		c.API["demo"] = changed
	}, Wiring{Clock: clock})
	return &refusing{caller: r.caller(developers.Key{Name: "refused"}), clock: clock}
}

// answered is how a request was.
type answered struct {
	status int
	path   string
	text   string
}

func (r *refusing) asks(method, path, body string) answered {
	r.t.Helper()
	return r.asksWith(method, path, body, http.Header{})
}

func (r *refusing) asksWith(method, path, body string, header http.Header) answered {
	r.t.Helper()
	status, _, text := r.ask(method, path, body, header)
	path, _, _ = strings.Cut(path, "?")
	return answered{status, path, text}
}

// buys asks for a top-up under an identifier of its own; pairs replace what stands in buying.
func (r *refusing) buys(number string, pairs ...string) answered {
	r.t.Helper()
	return r.asks(http.MethodPost, "/topups", buying("refusal "+prepaid.NewID[string](), number, pairs...))
}

// rejected is a top-up that the network definitely refuses: it was made, and its cost is given back.
func rejected(code string) func(*refusing) answered {
	return func(r *refusing) answered {
		r.tellNetwork(simnetwork.Behaviour{Kind: simnetwork.Rejects, Code: code})
		defer r.tellNetwork(simnetwork.Behaviour{})
		before := r.balance()
		got := r.buys("0612345678")
		all := r.transactions().Content
		if last := all[len(all)-1]; last.Status != reloadly.Refunded || r.balance() != before {
			r.t.Errorf("%s: it is %s, and leaves %s of %s", code, last.Status, r.balance(), before)
		}
		return got
	}
}

// failed is a top-up of which the network answers only later that it delivered nothing. Meanwhile it is PROCESSING; then
// its status tells the code, and so does the same request.
func failed(code string) func(*refusing) answered {
	return func(r *refusing) answered {
		r.t.Helper()
		r.tellNetwork(simnetwork.Behaviour{Kind: simnetwork.Fails, Code: code})
		defer r.tellNetwork(simnetwork.Behaviour{})
		before, body := r.balance(), buying(code, "0612345678")
		var made reloadly.Transaction
		text := r.wants(http.MethodPost, "/topups", body, http.StatusOK, `"status":"PROCESSING"`)
		if err := json.Unmarshal([]byte(text), &made); err != nil || r.balance() == before {
			r.t.Errorf("%s: answered %s, and leaves %s of %s", code, text, r.balance(), before)
		}
		told := `{"code":"` + code + `","message":"` + reloadly.RefuseCode(code).Message + `","status":"REFUNDED","transaction":null}`
		apptest.Await(r.t, code+" is told by the status", func() bool {
			_, text := r.call(http.MethodGet, "/topups/"+made.TransactionID.String()+"/status", "")
			return text == told
		}, func() { r.clock.Skip(5 * time.Second) })
		if r.balance() != before {
			r.t.Errorf("%s: leaves %s of %s", code, r.balance(), before)
		}
		return r.asks(http.MethodPost, "/topups", body)
	}
}

// limited makes a server whose keys may buy little, buys that much, and then asks for more.
func limited(terms func(*developers.Terms), numbers ...string) func(*refusing) answered {
	return func(r *refusing) answered {
		r.t.Helper()
		other := newRefusing(r.t, terms)
		for _, number := range numbers[:len(numbers)-1] {
			if got := other.buys(number); got.status != http.StatusOK {
				r.t.Errorf("bought %+v", got)
			}
		}
		return other.buys(numbers[len(numbers)-1])
	}
}

// offering changes what the catalogue has of every operator.
type offering struct {
	developers.Catalogue
	change func(*reloadly.Operator)
}

// Operators implements developers.Catalogue.
func (o offering) Operators(ctx context.Context) ([]reloadly.Operator, error) {
	all, err := o.Catalogue.Operators(ctx)
	changed := append([]reloadly.Operator{}, all...)
	for i := range changed {
		o.change(&changed[i])
	}
	return changed, err
}

func offered(change func(*reloadly.Operator), ask func(*refusing) answered) func(*refusing) answered {
	return func(r *refusing) answered {
		r.t.Helper()
		other := newRefusing(r.t, nil)
		other.aroundCatalogue = func(c developers.Catalogue) developers.Catalogue { return offering{c, change} }
		return ask(other)
	}
}

func (r *refusing) tokenFor(id, secret, audience string) answered {
	return r.asks(http.MethodPost, "/oauth/token", `{"client_id":"`+id+`","client_secret":"`+secret+
		`","grant_type":"client_credentials","audience":"`+audience+`"}`)
}

// as asks for the balance under another token.
func (r *refusing) as(token string) answered {
	r.t.Helper()
	mine := r.token
	defer func() { r.token = mine }()
	r.token = token
	return r.asks(http.MethodGet, "/accounts/balance", "")
}

const takesLocal = `"useLocalAmount":true,"amount"`

// wayTo is how an error is reached, and the status that it is answered with.
type wayTo struct {
	status int
	reach  func(*refusing) answered
}

// waysToErrors are those to every code of the API's table of errors.
func waysToErrors() map[string]wayTo {
	return map[string]wayTo{
		"INVALID_CREDENTIALS": {401, func(r *refusing) answered { return r.tokenFor(r.id, "guess", reloadly.LiveURL) }},
		"INVALID_AUDIENCE":    {400, func(r *refusing) answered { return r.tokenFor(r.id, r.secret, "https://example.com") }},
		"MISSING_TOKEN":       {401, func(r *refusing) answered { return r.as("") }},
		"INVALID_TOKEN":       {401, func(r *refusing) answered { return r.as("guess") }},
		"TOKEN_EXPIRED": {401, func(r *refusing) answered {
			other := newRefusing(r.t, nil)
			other.clock.Skip(25 * time.Hour)
			return other.as(other.token)
		}},
		"INSUFFICIENT_SCOPE": {403, func(r *refusing) answered {
			narrow := r.running.caller(developers.Key{Name: "narrow", Scopes: []reloadly.Scope{reloadly.ScopeOperators}})
			return r.as(narrow.token)
		}},
		// The database was restored from before the key was made.
		"ACCOUNT_NOT_FOUND": {400, func(r *refusing) answered { return r.as(newRefusing(r.t, nil).token) }},
		"INACTIVE_ACCOUNT": {400, func(r *refusing) answered {
			suspended := &refusing{caller: r.running.caller(developers.Key{Name: "suspended"}), clock: r.clock}
			if err := r.Developers.Suspend(r.t.Context(), suspended.id, prepaid.By{Who: "t", Why: "t"}); err != nil {
				r.t.Error(err)
			}
			return suspended.buys("0612345678")
		}},

		"RESOURCE_NOT_FOUND":   {404, func(r *refusing) answered { return r.buys("0612345678", "1349", "7") }},
		"null":                 {404, func(r *refusing) answered { return r.asks(http.MethodGet, "/operators/9/commissions", "") }},
		"METHOD_NOT_SUPPORTED": {405, func(r *refusing) answered { return r.asks(http.MethodDelete, "/topups", "") }},
		"MEDIA_TYPE_NOT_ACCEPTABLE": {406, func(r *refusing) answered {
			return r.asksWith(http.MethodGet, "/countries", "", http.Header{"Accept": {"text/html"}})
		}},
		"UNSUPPORTED_MEDIA_TYPE": {415, func(r *refusing) answered {
			status, _, text := ask{method: http.MethodPost, path: "/topups", token: r.token, body: "a=b", kind: "application/x-www-form-urlencoded"}.do(r.t, r.c, r.server.URL)
			return answered{status, "/topups", text}
		}},
		"UNPROCCESSABLE_ENTITY":  {422, func(r *refusing) answered { return r.asks(http.MethodPost, "/topups", "[1]") }},
		"INVALID_INPUT_PROVIDED": {400, func(r *refusing) answered { return r.asks(http.MethodPost, "/topups", "{}") }},
		"RATE_LIMIT_REACHED": {429, func(r *refusing) answered {
			busy := newRefusing(r.t, func(t *developers.Terms) { t.PerMinute = 1 })
			for range 3 { // the minute may end in between
				if got := busy.asks(http.MethodGet, "/countries/NL", ""); got.status != http.StatusOK {
					return got
				}
			}
			return answered{}
		}},
		"INTERNAL_SERVER_ERROR": {500, func(r *refusing) answered {
			broken := newRefusing(r.t, nil)
			if _, err := broken.DB.Writer().Exec(`ALTER TABLE developer_rates RENAME TO lost`); err != nil {
				r.t.Error(err)
			}
			return broken.asks(http.MethodGet, "/accounts/balance", "")
		}},
		// The brand's network is Reloadly, which lets us in no more.
		"SERVICE_UNAVAILABLE": {503, func(r *refusing) answered {
			closed := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
			defer closed.Close()
			near := runDemo(r.t, nil, func(c *config.Config) {
				c.Brands[0].Network = config.NetworkReloadly
				c.Reloadly = config.Reloadly{ClientID: "id", ClientSecret: prepaid.NewSecret("secret"), BaseURL: closed.URL,
					AuthURL: closed.URL + "/oauth/token", Audience: reloadly.LiveURL}
			})
			buyer := &refusing{caller: near.caller(developers.Key{Name: "unserved"})}
			return buyer.buys("0612345678")
		}},

		"CUSTOM_IDENTIFIER_ALREADY_USED": {400, func(r *refusing) answered {
			r.wants(http.MethodPost, "/topups", buying("used", "0612345678"), http.StatusOK, `"SUCCESSFUL"`)
			return r.asks(http.MethodPost, "/topups", buying("used", "0612345679"))
		}},
		"INSUFFICIENT_BALANCE":              {400, func(r *refusing) answered { return r.buys("0612345678", ":10,", ":104.18,") }},
		"INVALID_AMOUNT":                    {400, func(r *refusing) answered { return r.buys("0612345678", ":10,", ":10.001,") }},
		"INVALID_AMOUNT_FOR_OPERATOR":       {400, func(r *refusing) answered { return r.buys("0612345678", ":10,", ":1000001,") }},
		"INVALID_LOCAL_AMOUNT_FOR_OPERATOR": {400, func(r *refusing) answered { return r.buys("0612345678", ":10,", ":1000001,", `"amount"`, takesLocal) }},
		"LOCAL_AMOUNTS_NOT_SUPPORTED_BY_OPERATOR": {400, offered(func(o *reloadly.Operator) { o.SupportsLocalAmounts = false },
			func(r *refusing) answered { return r.buys("0612345678", `"amount"`, takesLocal) })},
		"FX_RATE_NOT_AVAILABLE": {500, offered(func(o *reloadly.Operator) { o.SenderCurrencyCode, o.DestinationCurrencyCode = "GBP", "GBP" },
			func(r *refusing) answered {
				if got := r.buys("0612345678"); codeOf([]byte(got.text)) != "FX_RATE_NOT_AVAILABLE" {
					r.t.Errorf("bought %+v", got)
				}
				return r.asks(http.MethodPost, "/operators/1349/fx-rate", `{"amount":1}`)
			})},
		"INVALID_RECIPIENT_PHONE": {400, func(r *refusing) answered { return r.buys("06123") }},
		"INVALID_SENDER_PHONE": {400, func(r *refusing) answered {
			return r.buys("0612345678", `"amount"`, `"senderPhone":{"countryCode":"ZZ","number":"12345"},"amount"`)
		}},
		"OPERATOR_AND_RECIPIENT_PHONE_MISMATCH": {400, func(r *refusing) answered { return r.buys("0612345678", "1349", "2349") }},
		"COUNTRY_NOT_SUPPORTED": {409, func(r *refusing) answered {
			return r.asks(http.MethodGet, "/operators/auto-detect/phone/0612345678/countries/ZZ", "")
		}},
		"COULD_NOT_AUTO_DETECT_OPERATOR": {404, func(r *refusing) answered {
			return r.asks(http.MethodGet, "/operators/auto-detect/phone/0612349999/countries/NL", "")
		}},
		"OPERATOR_UNAVAILABLE_OR_CURRENTLY_INACTIVE": {503, func(r *refusing) answered {
			r.tellNetwork(simnetwork.Behaviour{Kind: simnetwork.Unavailable})
			defer r.tellNetwork(simnetwork.Behaviour{})
			return r.buys("0612345678")
		}},
		"TRANSACTION_NOT_FOUND": {404, func(r *refusing) answered { return r.asks(http.MethodGet, "/topups/999999/status", "") }},

		"PHONE_RECENTLY_RECHARGED":                      {400, limited(func(t *developers.Terms) { t.Gap = time.Hour }, "0612345678", "0612345678")},
		"RECIPIENT_HAS_PENDING_TRANSACTION":             {400, limited(func(t *developers.Terms) { t.Gap = time.Hour }, "0612348005", "0612348005")},
		"MAX_DAILY_TRANSACTION_COUNT_REACHED":           {400, limited(func(t *developers.Terms) { t.DayCount = 1 }, "0612345678", "0612345679")},
		"MAX_DAILY_TRANSACTION_AMOUNT_REACHED":          {400, limited(func(t *developers.Terms) { t.DaySum = prepaid.Money{Minor: 1900, Currency: "EUR"} }, "0612345678", "0612345679")},
		"INVALID_PHONE_NUMBER":                          {400, rejected("INVALID_PHONE_NUMBER")},
		"INVALID_AMOUNT_FOR_RECIPIENT_PHONE":            {400, rejected("INVALID_AMOUNT_FOR_RECIPIENT_PHONE")},
		"RECIPIENT_REACHED_MAX_TOPUP_NUMBER":            {400, rejected("RECIPIENT_REACHED_MAX_TOPUP_NUMBER")},
		"RECIPIENT_PHONE_INACTIVE":                      {400, rejected("RECIPIENT_PHONE_INACTIVE")},
		"PHONE_BANNED_BY_OPERATOR":                      {400, rejected("PHONE_BANNED_BY_OPERATOR")},
		"TRANSACTION_REFUSED_BY_OPERATOR":               {400, rejected(topup.CodeRefused)},
		"TRANSACTION_REJECTED_BY_OPERATOR":              {400, rejected("TRANSACTION_REJECTED_BY_OPERATOR")},
		"OPERATOR_NOT_IN_SERVICE":                       {400, failed("OPERATOR_NOT_IN_SERVICE")},
		"TOPUP_TRANSACTION_FAILED":                      {500, failed("TOPUP_TRANSACTION_FAILED")},
		"TRANSACTION_FAILED_ON_OPERATOR":                {500, failed("TRANSACTION_FAILED_ON_OPERATOR")},
		"CONNECTION_TO_OPERATOR_FAILED":                 {500, failed("CONNECTION_TO_OPERATOR_FAILED")},
		"REQUEST_FAILED_ON_PROVIDER":                    {500, failed("REQUEST_FAILED_ON_PROVIDER")},
		"PROVIDER_INTERNAL_ERROR":                       {500, failed("PROVIDER_INTERNAL_ERROR")},
		"REQUEST_PROCESSING_FAILED":                     {500, failed("REQUEST_PROCESSING_FAILED")},
		"UNMAPPED_PROVIDER_ERROR_CODE":                  {500, failed("UNMAPPED_PROVIDER_ERROR_CODE")},
		"TRANSACTION_CANNOT_BE_PROCESSED_AT_THE_MOMENT": {500, failed("TRANSACTION_CANNOT_BE_PROCESSED_AT_THE_MOMENT")},
	}
}

// TestEveryErrorOfTheTableIsReached asks the real server for each error that its document shows.
func TestEveryErrorOfTheTableIsReached(t *testing.T) {
	r := newRefusing(t, nil)
	table, _ := at(r.c.document, "components", "examples").(map[string]any)
	if len(table) < 50 {
		t.Fatalf("only %d errors", len(table))
	}
	ways := waysToErrors()
	for code := range ways {
		if table[code] == nil {
			t.Errorf("%s is not in the table", code)
		}
	}
	for _, code := range slices.Sorted(maps.Keys(table)) {
		way, ok := ways[code]
		if !ok {
			t.Errorf("no way is known to %s", code)
			continue
		}
		got := way.reach(r)
		var body map[string]any
		if err := json.Unmarshal([]byte(got.text), &body); err != nil || got.status != way.status || codeOf([]byte(got.text)) != code {
			t.Errorf("%s is answered %d %s; want %d", code, got.status, got.text, way.status)
			continue
		}
		details, _ := body["details"].([]any)
		stamp, err := time.Parse(time.DateTime, body["timeStamp"].(string))
		if body["path"] != got.path || body["message"] == "" || details == nil || len(details) != 0 || len(body) != 6 || err != nil || stamp.IsZero() {
			t.Errorf("%s is answered %s", code, got.text)
		}
	}
	r.wantClean()
}

func TestWhatIsWrongIsNamed(t *testing.T) {
	c := runDemo(t, nil, nil).caller(developers.Key{Name: "hasty"})
	for request, want := range map[[3]string]struct {
		status int
		words  string
	}{
		{"GET", "/operators?page=-1"}:                                    {400, "page must be a whole number"},
		{"GET", "/operators?includeCombo=maybe"}:                         {400, "includeCombo must be true or false"},
		{"GET", "/operators/countries/NL?includePin=no"}:                 {400, "includePin must be true or false"},
		{"GET", "/operators/1349?suggestedAmounts=all"}:                  {400, "suggestedAmounts must be true or false"},
		{"GET", "/operators/fx-rate"}:                                    {405, "METHOD_NOT_SUPPORTED"},
		{"POST", "/operators/commissions", "{}"}:                         {405, "METHOD_NOT_SUPPORTED"},
		{"POST", "/operators/fx-rate", `{"amount":10}`}:                  {400, "operatorId is required"},
		{"POST", "/operators/fx-rate", `{"operatorId":1349}`}:            {400, "amount is required"},
		{"POST", "/operators/1349/fx-rate", `{"amount":-1}`}:             {400, "amount is required"},
		{"POST", "/topups", buying(`a\nb`, "0612345678")}:                {400, "customIdentifier must be text"},
		{"POST", "/topups", buying(`a\ud800b`, "0612345678")}:            {400, "customIdentifier must be text"},
		{"POST", "/topups", buying("caf\xe9", "0612345678")}:             {400, "customIdentifier must be text"},
		{"POST", "/topups", `{"recipientPhone":"0612345678"}`}:           {422, "see recipientPhone"},
		{"POST", "/topups", `{"useLocalAmount":"yes"}`}:                  {422, "see useLocalAmount"},
		{"POST", "/topups", `{"customIdentifier":["a"]}`}:                {422, "see customIdentifier"},
		{"POST", "/topups", buying("x", "0612345678", "10,", "10.001,")}: {400, "finer than its currency"},
	} {
		c.wants(request[0], request[1], request[2], want.status, want.words)
	}
	if n := c.transactions().TotalElements; n != 0 {
		t.Errorf("%d transactions", n)
	}
	if _, text := c.call(http.MethodGet, "/operators/countries/NL?includePin=0", ""); strings.Contains(text, `"pin":true`) {
		t.Error("0 is not false")
	}
}

func TestTheSendersNumberIsShownOnceWithItsCountrys(t *testing.T) {
	c := runDemo(t, nil, nil).caller(developers.Key{Name: "senders"})
	for i, number := range []string{"1231231231", "11231231231", "+11231231231", "+1 (123) 123-1231"} {
		sent := `"senderPhone":{"countryCode":"CA","number":"` + number + `"},"amount"`
		c.wants(http.MethodPost, "/topups", buying(strconv.Itoa(i), "0612345678", `"amount"`, sent), http.StatusOK, `"senderPhone":"11231231231"`)
	}
}
