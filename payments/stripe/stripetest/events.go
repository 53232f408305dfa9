package stripetest

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// Timing says when events are sent. Those of what customers and banks do are sent at once, unless all are held.
type Timing string

// The timings.
const (
	WithAnswer   Timing = "with the answer" // as a rule
	BeforeAnswer Timing = "before the answer"
	Held         Timing = "held"  // until Release
	Never        Timing = "never" // those of what the API was asked for; all others are sent
)

// Event is one of Stripe's, as it is sent.
type Event struct {
	ID, Type string
	Body     []byte
}

// How often an event that is not accepted is sent again, and how soon: what takes Stripe three days.
const (
	tries      = 400
	retryAfter = 25 * time.Millisecond
)

// SendEvents sends events to an endpoint from now on, signed with each of the secrets, as while one replaces the other.
func (s *Server) SendEvents(endpoint string, when Timing, secrets ...string) {
	s.change(func() { s.endpoint, s.timing, s.secrets = endpoint, when, secrets })
}

// Wait waits until no event is being sent.
func (s *Server) Wait() {
	s.change(func() {
		for s.sendings > 0 {
			s.sent.Wait()
		}
	})
}

// Release returns the events that were held, the oldest first. Send sends them, in any order and as often.
func (s *Server) Release() (held []Event) {
	s.change(func() { held, s.held = s.held, nil })
	return held
}

// NewEvent is an event about an object as it is now.
func (s *Server) NewEvent(kind string, about any) (e Event) {
	s.change(func() { e = s.event(kind, about) })
	return e
}

// NewThinEvent is an event of the second version of the API: it holds no object, only where one is.
func (s *Server) NewThinEvent(kind, about string) (e Event) {
	s.change(func() {
		s.last++
		e = Event{ID: fmt.Sprintf("evt_test_%04d", s.last), Type: kind}
		e.Body, _ = json.Marshal(Object{"id": e.ID, "object": "v2.core.event", "type": kind, "livemode": false,
			"created": s.clock.Now().Format("2006-01-02T15:04:05.000Z"), "context": nil, "reason": nil,
			"related_object": Object{"id": about, "type": "billing.meter", "url": "/v1/billing/meters/" + about}})
	})
	return e
}

// event is a new one. Under mu.
func (s *Server) event(kind string, about any) Event {
	s.last++
	e := Event{ID: fmt.Sprintf("evt_%04d", s.last), Type: kind}
	e.Body, _ = json.Marshal(Object{"id": e.ID, "object": "event", "api_version": "2019-01-01", "livemode": false, "type": kind,
		"created": s.clock.Now().Unix(), "data": Object{"object": about}})
	return e
}

// tell says that an object has changed. Under mu.
func (s *Server) tell(kind string, about Object) { s.fresh = append(s.fresh, s.event(kind, about)) }

// sendFresh sends the events of a request. Under mu, which it leaves while it sends before the answer.
func (s *Server) sendFresh() {
	fresh := s.fresh
	s.fresh = nil
	switch {
	case s.endpoint == "" || s.timing == Never || len(fresh) == 0:
	case s.timing == Held:
		s.held = append(s.held, fresh...)
	case s.timing == BeforeAnswer:
		s.mu.Unlock()
		_ = s.deliver(fresh)
		s.mu.Lock()
	default:
		s.sendings++
		go func() {
			_ = s.deliver(fresh)
			s.change(func() { s.sendings-- })
			s.sent.Broadcast()
		}()
	}
}

// act is what somebody does beside the API. Its events are held, or have been accepted when it returns.
func (s *Server) act(what func() error) error {
	s.mu.Lock()
	err := what()
	fresh := s.fresh
	s.fresh = nil
	kept := s.endpoint == "" || s.timing == Held
	if s.timing == Held {
		s.held = append(s.held, fresh...)
	}
	s.mu.Unlock()
	if err != nil || kept {
		return err
	}
	return s.deliver(fresh)
}

// deliver sends events, each until it is accepted.
func (s *Server) deliver(events []Event) error {
	var failed []error
	for _, e := range events {
		status := 0
		for n := 0; n < tries && status/100 != 2; n++ {
			if n > 0 {
				select {
				case <-s.ctx.Done():
					return s.ctx.Err()
				case <-time.After(retryAfter):
				}
			}
			status = s.Send(e)
		}
		if status/100 != 2 {
			failed = append(failed, fmt.Errorf("%s was answered %d", e.Type, status))
		}
	}
	return errors.Join(failed...)
}

// Send sends an event once, and returns how it is answered; 0 for not at all.
func (s *Server) Send(e Event) int {
	s.mu.Lock()
	endpoint, secrets := s.endpoint, slices.Clone(s.secrets)
	s.mu.Unlock()
	r, err := http.NewRequestWithContext(s.ctx, http.MethodPost, endpoint, bytes.NewReader(e.Body))
	if err != nil {
		return 0
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("Stripe-Signature", Signature(e.Body, s.clock.Now(), secrets...))
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// Signature is the Stripe-Signature header of a body: "t=1700000000,v1=<hex>", with a v1 for each secret.
func Signature(body []byte, at time.Time, secrets ...string) string {
	header := fmt.Sprintf("t=%d", at.Unix())
	for _, secret := range secrets {
		mac := hmac.New(sha256.New, []byte(secret))
		fmt.Fprintf(mac, "%d.%s", at.Unix(), body)
		header += ",v1=" + hex.EncodeToString(mac.Sum(nil))
	}
	return header
}
