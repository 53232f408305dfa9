package stripetest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pulsa/payments/paymentstest"
	"pulsa/prepaid"
)

// Key is the secret key that a new Server lets in.
const Key = "sk_test_4eC39HqLyjWDarjtT1zdp7dc"

// Server is Stripe with one test account. Safe for concurrent use; its fields are set before it is used.
type Server struct {
	*httptest.Server
	t     testing.TB
	clock prepaid.Clock
	mock  string // URL of stripe-mock, or ""

	ctx context.Context // ends with the test

	mu       sync.Mutex
	keys     []string // that are let in
	next     paymentstest.Answer
	failure  *Answer // given to what is asked next, which is not done
	broken   bool    // the next POST is carried out, answered 500, and so replayed
	hanging  bool    // the next charge is carried out, and never answered
	last     int
	objects  map[string]Object // by id
	order    []string          // their ids, oldest first
	asked    map[string]*kept  // by Idempotency-Key
	seen     map[string]bool   // what the search has got hold of
	requests []Request

	sendings int        // under way
	sent     *sync.Cond // of mu: one of them has ended

	endpoint string
	secrets  []string
	timing   Timing
	fresh    []Event // of the change under way
	held     []Event
}

// kept is what an Idempotency-Key stands for.
type kept struct {
	body   string
	at     time.Time
	answer *Answer // nil while the request is under way
}

// Answer is one of the API's.
type Answer struct {
	Status int
	Body   any    // text as it is, or what becomes JSON
	Method string // of the request that FailNext waits for; "" for any
}

// Request is what the API was asked.
type Request struct {
	Method, Path, By, Version string // By is the key
	IdempotencyKey            string
	Form                      url.Values
}

// New starts a server, which closes with the test. Its events go nowhere before SendEvents.
func New(t testing.TB, clock prepaid.Clock) *Server {
	t.Helper()
	s := &Server{t: t, clock: clock, mock: os.Getenv("PULSA_TEST_STRIPE_MOCK"), keys: []string{Key}, next: paymentstest.Approves,
		objects: map[string]Object{}, asked: map[string]*kept{}, seen: map[string]bool{}}
	s.sent = sync.NewCond(&s.mu)
	ctx, stop := context.WithCancel(context.Background())
	s.ctx = ctx
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(func() {
		stop()
		s.Wait()
		s.Close()
	})
	return s
}

// LetIn replaces the keys that are let in.
func (s *Server) LetIn(keys ...string) { s.change(func() { s.keys = keys }) }

// Answer says how charges and mandates go from now on. A SEPA debit that is approved pends as well.
func (s *Server) Answer(a paymentstest.Answer) { s.change(func() { s.next = a }) }

// FailNext answers the next request so, instead of carrying it out.
func (s *Server) FailNext(a *Answer) { s.change(func() { s.failure = a }) }

// BreakNext carries the next POST out, and answers 500.
func (s *Server) BreakNext() { s.change(func() { s.broken = true }) }

// HangNext carries the next charge out, and leaves it unanswered until its client hangs up.
func (s *Server) HangNext() { s.change(func() { s.hanging = true }) }

// SpendKey takes an Idempotency-Key for a request that came to nothing.
func (s *Server) SpendKey(key string) {
	s.change(func() { s.asked[key] = &kept{body: "another", at: s.clock.Now()} })
}

// IndexForSearch lets the search find an object, which it does only some time after it was made.
func (s *Server) IndexForSearch(id string) { s.change(func() { s.seen[id] = true }) }

// Requests lists what was asked so far.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

func (s *Server) change(how func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	how()
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	form, err := url.ParseQuery(string(body))
	if r.Method == http.MethodGet {
		form = r.URL.Query()
	}
	q := Request{Method: r.Method, Path: r.URL.Path, By: strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "),
		Version: r.Header.Get("Stripe-Version"), IdempotencyKey: r.Header.Get("Idempotency-Key"), Form: form}
	s.mu.Lock()
	known := slices.Contains(s.keys, q.By)
	s.mu.Unlock()
	if err != nil || !known {
		write(w, Refusal(http.StatusUnauthorized, "invalid_request_error", "", Object{"message": "Invalid API Key provided: " + q.By}))
		return
	}
	s.check(r, body)
	switch a := s.answer(q); a {
	case nil:
		panic(http.ErrAbortHandler) // it hangs up
	case never:
		select {
		case <-r.Context().Done():
		case <-s.ctx.Done():
		}
	default:
		write(w, a)
	}
}

// never is an answer that does not come.
var never = &Answer{}

// answer carries a request out, and sends its events. It is nil where the server hangs up instead.
func (s *Server) answer(q Request) *Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, q)
	if a := s.failure; a != nil && (a.Method == "" || a.Method == q.Method) {
		s.failure = nil
		return a
	}
	charging := q.Form.Get("confirm") == "true" && q.Method == http.MethodPost
	if charging && s.next == paymentstest.LosesRequest {
		return nil
	}
	var a *Answer
	if q.Method == http.MethodPost {
		a = s.once(q)
	} else {
		a = s.read(q)
	}
	s.sendFresh()
	switch {
	case charging && s.next == paymentstest.LosesAnswer:
		return nil
	case charging && s.hanging:
		s.hanging = false
		return never
	}
	return a
}

// check puts a request to stripe-mock.
func (s *Server) check(r *http.Request, body []byte) {
	if s.mock == "" {
		return
	}
	same, err := http.NewRequestWithContext(s.ctx, r.Method, s.mock+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		s.t.Error(err)
		return
	}
	same.Header = r.Header.Clone()
	response, err := http.DefaultClient.Do(same)
	if err != nil {
		s.t.Errorf("stripe-mock: %v", err)
		return
	}
	defer response.Body.Close()
	if text, _ := io.ReadAll(response.Body); response.StatusCode != http.StatusOK {
		s.t.Errorf("stripe-mock: %s %s: %d %s", r.Method, r.URL, response.StatusCode, text)
	}
}

func write(w http.ResponseWriter, a *Answer) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Request-Id", "req_test1")
	w.WriteHeader(a.Status)
	if text, raw := a.Body.(string); raw {
		_, _ = io.WriteString(w, text)
		return
	}
	_ = json.NewEncoder(w).Encode(a.Body)
}

// Refusal is an answer with an error of the API; more are fields of the error.
func Refusal(status int, kind, code string, more Object) *Answer {
	e := Object{"type": kind, "message": "no " + code}
	if code != "" {
		e["code"] = code
	}
	for k, v := range more {
		e[k] = v
	}
	return &Answer{Status: status, Body: Object{"error": e}}
}

func missing() *Answer {
	return Refusal(http.StatusNotFound, "invalid_request_error", "resource_missing", nil)
}

// once carries a POST out under its key, which is kept for a day. Under mu, which it leaves while Stripe would be busy.
func (s *Server) once(q Request) *Answer {
	if q.IdempotencyKey == "" {
		s.t.Errorf("POST %s without an Idempotency-Key", q.Path)
	}
	body := q.Path + "?" + q.Form.Encode()
	if k := s.asked[q.IdempotencyKey]; k != nil && s.clock.Now().Sub(k.at) < 24*time.Hour {
		switch {
		case k.body != body:
			return Refusal(http.StatusBadRequest, "idempotency_error", "", nil)
		case k.answer == nil:
			return Refusal(http.StatusConflict, "idempotency_error", "idempotency_key_in_use", nil)
		}
		return k.answer
	}
	k := &kept{body: body, at: s.clock.Now()}
	s.asked[q.IdempotencyKey] = k
	s.mu.Unlock()
	time.Sleep(time.Millisecond) // long enough for another request under the key to come in
	s.mu.Lock()
	a := frozen(s.do(q))
	if s.broken {
		a, s.broken = Refusal(http.StatusInternalServerError, "api_error", "", nil), false
	}
	k.answer = a
	return a
}

// frozen is an answer as it is now: objects change later.
func frozen(a *Answer) *Answer {
	if _, raw := a.Body.(string); raw {
		return a
	}
	text, err := json.Marshal(a.Body)
	if err != nil {
		panic(err) // an object that no JSON can hold
	}
	return &Answer{Status: a.Status, Body: string(text)}
}
