package stripe_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pulsa/payments/paymentstest"
	"pulsa/prepaid"
)

const testKey = "sk_test_4eC39HqLyjWDarjtT1zdp7dc"

// server behaves like Stripe where it matters: Idempotency-Keys with their replays, conflicts and end; a
// search that lags and lists that do not; authentication, debits that fail late, disputes, events.
type server struct {
	*httptest.Server
	t     *testing.T
	clock *prepaid.VirtualClock

	mu       sync.Mutex
	next     paymentstest.Answer
	problem  *answer // given to what is asked next, which is not done
	only     string  // the method for which the problem waits; "" for any
	broken   bool    // the next POST is carried out, answered 500, and so replayed
	last     int
	objects  map[string]object // by id
	order    []string
	keys     map[string]*kept
	seen     map[string]bool // what the search has got hold of
	requests []request
	deliver  func(kind string, o object) // an event
}

// object is one of Stripe's, as JSON has it.
type object map[string]any

func (o object) id() string               { return o["id"].(string) }
func (o object) text(field string) string { s, _ := o[field].(string); return s }
func (o object) meta(key string) string {
	m, _ := o["metadata"].(map[string]string)
	return m[key]
}

// kept is what an Idempotency-Key stands for.
type kept struct {
	body   string
	at     time.Time
	answer *answer // nil while the request is under way
}

type answer struct {
	status int
	body   any
}

type request struct {
	method, path, key, version string
	form                       url.Values
}

func newServer(t *testing.T, clock *prepaid.VirtualClock) *server {
	t.Helper()
	s := &server{t: t, clock: clock, next: paymentstest.Approves, objects: map[string]object{}, keys: map[string]*kept{},
		seen: map[string]bool{}, deliver: func(string, object) {}}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	form, err := url.ParseQuery(string(body))
	if r.Method == http.MethodGet {
		form = r.URL.Query()
	}
	if err != nil || r.Header.Get("Authorization") != "Bearer "+testKey {
		write(w, refusal(401, "invalid_request_error", "", object{"message": "Invalid API Key provided: " + testKey}))
		return
	}
	q := request{r.Method, r.URL.Path, r.Header.Get("Idempotency-Key"), r.Header.Get("Stripe-Version"), form}
	s.mu.Lock()
	s.requests = append(s.requests, q)
	charging := q.method == http.MethodPost && (q.path == "/v1/payment_intents" || q.path == "/v1/setup_intents") && form.Get("confirm") == "true"
	var a *answer
	if s.only == "" || s.only == q.method {
		a, s.problem = s.problem, nil
	}
	lost := charging && s.next == paymentstest.LosesRequest
	switch {
	case lost, a != nil:
	case q.method == http.MethodPost:
		a = s.once(q)
	default:
		a = frozen(s.read(q))
	}
	lost = lost || (charging && s.next == paymentstest.LosesAnswer)
	s.mu.Unlock()
	if lost {
		panic(http.ErrAbortHandler)
	}
	write(w, a)
}

// tell changes how the server goes on.
func (s *server) tell(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

func write(w http.ResponseWriter, a *answer) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Request-Id", "req_test1")
	w.WriteHeader(a.status)
	if text, raw := a.body.(string); raw {
		_, _ = io.WriteString(w, text)
		return
	}
	_ = json.NewEncoder(w).Encode(a.body)
}

func refusal(status int, kind, code string, more object) *answer {
	e := object{"type": kind, "message": "no " + code}
	if code != "" {
		e["code"] = code
	}
	for k, v := range more {
		e[k] = v
	}
	return &answer{status, object{"error": e}}
}

// once carries a POST out under its key. Under mu, which it leaves while Stripe would be busy.
func (s *server) once(q request) *answer {
	if q.key == "" {
		s.t.Errorf("POST %s without an Idempotency-Key", q.path)
	}
	body := q.path + "?" + q.form.Encode()
	if k := s.keys[q.key]; k != nil && s.clock.Now().Sub(k.at) < 24*time.Hour {
		switch {
		case k.body != body:
			return refusal(400, "idempotency_error", "", nil)
		case k.answer == nil:
			return refusal(409, "idempotency_error", "idempotency_key_in_use", nil)
		}
		return k.answer
	}
	k := &kept{body: body, at: s.clock.Now()}
	s.keys[q.key] = k
	s.mu.Unlock()
	time.Sleep(time.Millisecond) // long enough for another request under the key to come in
	s.mu.Lock()
	a := s.change(q)
	if s.broken {
		a, s.broken = refusal(500, "api_error", "", nil), false
	}
	k.answer = frozen(a)
	return k.answer
}

// frozen is an answer as it is now: objects change later.
func frozen(a *answer) *answer {
	var text bytes.Buffer
	_ = json.NewEncoder(&text).Encode(a.body)
	return &answer{a.status, text.String()}
}

// put makes an object. Under mu.
func (s *server) put(prefix string, o object) object {
	s.last++
	o["id"] = fmt.Sprintf("%s_%04d", prefix, s.last)
	o["created"] = s.clock.Now().Unix()
	s.objects[o.id()] = o
	s.order = append(s.order, o.id())
	return o
}

// list pages through objects, the newest first. Under mu.
func (s *server) list(q request, prefix string, fits func(object) bool) *answer {
	limit, _ := strconv.Atoi(q.form.Get("limit"))
	if limit == 0 {
		limit = 10
	}
	page, started, more := []object{}, q.form.Get("starting_after") == "", false
	for i := len(s.order) - 1; i >= 0; i-- {
		o := s.objects[s.order[i]]
		switch {
		case !strings.HasPrefix(o.id(), prefix+"_"):
		case !started:
			started = o.id() == q.form.Get("starting_after")
		case !fits(o):
		case len(page) == limit:
			more = true
		default:
			page = append(page, o)
		}
	}
	return &answer{200, object{"object": "list", "data": page, "has_more": more, "url": q.path}}
}

// formMap reads metadata[charge]=….
func formMap(form url.Values, name string) map[string]string {
	m := map[string]string{}
	for key, values := range form {
		if inner, ok := strings.CutPrefix(key, name+"["); ok {
			m[strings.TrimSuffix(inner, "]")] = values[0]
		}
	}
	return m
}
