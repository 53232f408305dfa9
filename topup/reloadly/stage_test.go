package reloadly_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"pulsa/prepaid"
	"pulsa/topup"
	"pulsa/topup/reloadly"
)

const number prepaid.MSISDN = "31612345678"

func eur(minor int64) prepaid.Money { return prepaid.Money{Minor: minor, Currency: "EUR"} }

// rangeNL is an operator as the API shows it.
const rangeNL = `{"id":999,"operatorId":999,"name":"Example NL","bundle":false,"data":false,"pin":false,"supportsLocalAmounts":true,
"denominationType":"RANGE","senderCurrencyCode":"USD","destinationCurrencyCode":"EUR","minAmount":1,"maxAmount":100,
"localMinAmount":5.00,"localMaxAmount":50.000,"country":{"isoName":"NL","name":"Netherlands"},"fx":{"rate":0.92,"currencyCode":"EUR"},
"fixedAmounts":[],"fixedAmountsDescriptions":{},"logoUrls":[],"promotions":[],"suggestedAmountsMap":{},"status":"ACTIVE"}`

// delivered is a transaction as the API shows it.
const delivered = `{"transactionId":26523,"status":"SUCCESSFUL","operatorTransactionId":null,"customIdentifier":"REF",
"recipientPhone":31612345678,"discount":0.4,"discountCurrencyCode":"USD","requestedAmount":10,"requestedAmountCurrencyCode":"USD",
"deliveredAmount":10,"deliveredAmountCurrencyCode":"EUR","transactionDate":"2026-01-26 03:19:16","pinDetail":null,
"balanceInfo":{"oldBalance":100,"newBalance":90.4,"cost":9.60000000000,"currencyCode":"USD","currencyName":"US Dollar","updatedAt":"2026-01-26 03:19:16"}}`

func row(status string) string {
	return fmt.Sprintf(`{"transactionId":77,"status":%q,"customIdentifier":"REF","pinDetail":null,"balanceInfo":null}`, status)
}

func page(rows ...string) string {
	return `{"content":[` + strings.Join(rows, ",") + `],"totalElements":` + fmt.Sprint(len(rows)) + `,"totalPages":1,"number":1,"last":true}`
}

// answer is how the stage answers one call.
type answer struct {
	status int
	body   string
	after  time.Duration
	abort  bool
}

func ok(body string) answer { return answer{status: 200, body: body} }

func refusal(status int, code string) answer {
	return answer{status: status, body: fmt.Sprintf(`{"timeStamp":"2026-01-26 03:19:16","message":"for 31612345678","path":"/topups","errorCode":%q,"infoLink":null,"details":[]}`, code)}
}

// stage plays Reloadly: each call is answered by the next of its answers, and the last of them stays.
type stage struct {
	t      *testing.T
	client *reloadly.Client
	log    *strings.Builder

	mu      sync.Mutex
	answers map[string][]answer
	calls   map[string]int
	posted  []string // bodies of top-ups
	asked   []string // paths with their queries
	bearers []string
	seen    func(call, body string)
}

// The calls of a stage.
const (
	token, detect, nauta = "token", "detect", "nauta"
	operator             = "operator"
	post, async          = "post", "async"
	report, status       = "report", "status"
	balance              = "balance"
)

func newStage(t *testing.T, change func(*reloadly.Config)) *stage {
	t.Helper()
	s := &stage{t: t, log: &strings.Builder{}, calls: map[string]int{}, answers: map[string][]answer{
		detect: {ok(rangeNL)}, post: {ok(delivered)}, report: {ok(page())},
		balance: {ok(`{"balance":505.00000000000,"currencyCode":"USD","currencyName":"US Dollar","updatedAt":"x","frozenBalance":null}`)},
	}}
	server := httptest.NewServer(s)
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	c := reloadly.Config{
		Credentials: reloadly.Credentials{ClientID: "id", ClientSecret: prepaid.NewSecret("client-secret"), WebhookSecret: prepaid.NewSecret("webhook-secret")}, BaseURL: server.URL, AuthURL: server.URL + "/oauth/token",
		Audience: reloadly.SandboxURL, Clock: quick{prepaid.SystemClock{}},
		Log: slog.New(slog.NewTextHandler(s.log, nil)),
	}
	if change != nil {
		change(&c)
	}
	s.client = reloadly.New(c)
	return s
}

// quick is a clock whose pauses take no time.
type quick struct{ prepaid.SystemClock }

func (quick) Sleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }

func (s *stage) set(call string, answers ...answer) *stage {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[call] = answers
	return s
}

func (s *stage) count(call string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[call]
}

func callOf(r *http.Request) string {
	switch path := r.URL.Path; {
	case path == "/oauth/token":
		return token
	case strings.HasPrefix(path, "/operators/auto-detect/phone/"):
		return detect
	case path == "/operators/countries/CU":
		return nauta
	case strings.HasPrefix(path, "/operators/"):
		return operator
	case path == "/topups":
		return post
	case path == "/topups-async":
		return async
	case path == "/topups/reports/transactions":
		return report
	case strings.HasSuffix(path, "/status"):
		return status
	case path == "/accounts/balance":
		return balance
	}
	return "unexpected " + r.URL.Path
}

// next records a call and takes its answer.
func (s *stage) next(r *http.Request, body string) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	call := callOf(r)
	s.calls[call]++
	if s.seen != nil {
		s.seen(call, body)
	}
	s.asked = append(s.asked, r.URL.RequestURI())
	if call == post || call == async {
		s.posted = append(s.posted, body)
	}
	if call != token {
		s.bearers = append(s.bearers, r.Header.Get("Authorization"))
	}
	list := s.answers[call]
	if len(list) > 1 {
		s.answers[call] = list[1:]
	}
	switch {
	case len(list) > 0:
		return list[0]
	case call == token:
		return ok(fmt.Sprintf(`{"access_token":"token-%d","scope":"developer","expires_in":3600,"token_type":"Bearer"}`, s.calls[call]))
	}
	s.t.Errorf("unexpected call: %s", call)
	return answer{status: 500}
}

func (s *stage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	a := s.next(r, string(body))
	if a.after > 0 {
		select {
		case <-time.After(a.after):
		case <-r.Context().Done():
		}
	}
	if a.abort {
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.body)
}

func (s *stage) buy() topup.Result {
	s.t.Helper()
	return s.client.Credit(s.t.Context(), topup.Credit{Reference: "REF", MSISDN: number, Amount: eur(1000)})
}

// want checks a result, and that what is logged tells no secret and no number.
func (s *stage) want(r topup.Result, outcome topup.Outcome, code string) {
	s.t.Helper()
	if r.Outcome != outcome || r.Code != code {
		s.t.Errorf("got %s %q, want %s %q", r.Outcome, r.Code, outcome, code)
	}
	for _, secret := range []string{string(number), "client-secret", "Bearer", "token-"} {
		if strings.Contains(s.log.String(), secret) {
			s.t.Errorf("the log tells %s: %s", secret, s.log)
		}
	}
}

// request is the last top-up that was asked for.
func (s *stage) request() map[string]any {
	s.t.Helper()
	if len(s.posted) == 0 {
		s.t.Fatal("no top-up was asked for")
	}
	var m map[string]any
	d := json.NewDecoder(strings.NewReader(s.posted[len(s.posted)-1]))
	d.UseNumber()
	if err := d.Decode(&m); err != nil {
		s.t.Fatal(err)
	}
	return m
}
