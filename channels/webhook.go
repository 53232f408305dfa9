package channels

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"pulsa/prepaid"
)

// turnFor bounds a turn that a provider has stopped waiting for.
const turnFor = 90 * time.Second

// WebhookConfig is what Webhooks are made of.
type WebhookConfig struct {
	Registry *Registry
	Outbox   Outbox
	// Turn takes one message to the parts of its one reply. It may be called again with the same message
	// and then answers the same. An error means that the message was not taken: the provider is asked to
	// deliver it again, unless it is ErrBadRequest, which no second delivery makes better.
	Turn func(ctx context.Context, c Channel, in Inbound) ([]Outbound, error)
	// OptOut is told who has blocked a channel at its provider, as a delivery report says. It may be repeated.
	OptOut func(ctx context.Context, brand, channel string, a prepaid.Address) error
	// Wake is called when something was put into the outbox; may be nil.
	Wake  func()
	Clock prepaid.Clock
	Log   *slog.Logger
}

// Webhooks receives the providers' requests at /webhooks/{brand}/{channel}. 2xx is answered only after
// the turn has committed and its reply is written or stored.
type Webhooks struct {
	WebhookConfig
	mux *http.ServeMux
}

// NewWebhooks returns the handler.
func NewWebhooks(c WebhookConfig) *Webhooks {
	w := &Webhooks{WebhookConfig: c, mux: http.NewServeMux()}
	w.mux.HandleFunc("/webhooks/{brand}/{channel}", w.receive)
	w.mux.HandleFunc("/webhooks/{brand}/{channel}/{path...}", w.route)
	return w
}

// ServeHTTP implements http.Handler. A panic is answered 500; neither it nor anything else logs what
// customers wrote.
func (w *Webhooks) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if p == http.ErrAbortHandler { //nolint:errorlint // net/http compares it so
			panic(p)
		}
		w.Log.Error("webhook panicked", "brand", r.PathValue("brand"), "channel", r.PathValue("channel"),
			"error", prepaid.Recovered(p).Error())
		answer(rw, http.StatusInternalServerError, "something went wrong")
	}()
	w.mux.ServeHTTP(rw, r)
}

// find returns the channel of a request and limits its body; it has answered 404 where ok is false.
func (w *Webhooks) find(rw http.ResponseWriter, r *http.Request) (c Channel, a Adapter, ok bool) {
	c, a, ok = w.Registry.Channel(r.Context(), r.PathValue("brand"), r.PathValue("channel"))
	if !ok {
		http.NotFound(rw, r)
		return c, a, false
	}
	limit := int64(defaultBodyLimit)
	if limiter, ok := a.(BodyLimiter); ok {
		limit = limiter.BodyLimit()
	}
	r.Body = http.MaxBytesReader(rw, r.Body, limit)
	return c, a, true
}

func (w *Webhooks) route(rw http.ResponseWriter, r *http.Request) {
	c, a, ok := w.find(rw, r)
	if !ok {
		return
	}
	routes, ok := a.(Routes)
	if !ok {
		http.NotFound(rw, r)
		return
	}
	http.StripPrefix("/webhooks/"+c.ID(), routes.Routes(c)).ServeHTTP(rw, r)
}

func (w *Webhooks) receive(rw http.ResponseWriter, r *http.Request) {
	c, a, ok := w.find(rw, r)
	if !ok {
		return
	}
	if r.Method != http.MethodPost {
		rw.Header().Set("Allow", http.MethodPost)
		rw.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	received, err := a.Receive(r, c)
	if err != nil {
		w.refuse(rw, c, err)
		return
	}
	// The provider may hang up before the turn ends; what has begun is finished all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), turnFor)
	defer cancel()
	in, parts, err := w.take(ctx, c, received)
	if errors.Is(err, ErrBadRequest) {
		w.refuse(rw, c, err)
		return
	}
	if err != nil {
		w.Log.Error("webhook not taken", "channel", c.ID(), "error", err.Error())
		rw.Header().Set("Retry-After", "5")
		answer(rw, http.StatusServiceUnavailable, "try again later")
		return
	}
	if responder, ok := a.(Responder); ok && (in.ID != "" || len(received.Messages) == 0) {
		if err := responder.Respond(rw, c, in, parts); err != nil {
			w.Log.Warn("reply not written", "channel", c.ID(), "from", in.Address, "error", err.Error())
		}
		return
	}
	rw.WriteHeader(http.StatusOK)
}

// take carries out all that a request holds. It returns what goes out in its response, and the message
// that this answers, if there is one.
func (w *Webhooks) take(ctx context.Context, c Channel, received Received) (in Inbound, parts []Outbound, err error) {
	for _, report := range received.Reports {
		if report.Refused != "" {
			if err := w.OptOut(ctx, c.Brand.Name, c.Name, report.Refused); err != nil {
				return in, nil, err
			}
		}
		if err := w.Outbox.ReportDelivery(ctx, report, w.Clock.Now()); err != nil {
			return in, nil, err
		}
	}
	for _, message := range received.Messages {
		if !message.Can.InResponse {
			if err := w.Handle(ctx, c, message); err != nil {
				return in, nil, err
			}
			continue
		}
		reply, err := w.turn(ctx, c, message)
		if err != nil {
			return in, nil, err
		}
		in, parts = message, append(parts, reply...)
	}
	return in, parts, nil
}

// Handle takes one message of a channel that does not answer in its response, and stores the reply for
// sending. It may be repeated.
func (w *Webhooks) Handle(ctx context.Context, c Channel, in Inbound) error {
	parts, err := w.turn(ctx, c, in)
	if err != nil || len(parts) == 0 {
		return err
	}
	for i := range parts {
		parts[i].Answer = true
		if parts[i].CreatedAt.IsZero() {
			parts[i].CreatedAt = w.Clock.Now()
		}
	}
	if err := w.Outbox.PutOutbound(prepaid.WithTimeLimit(ctx, w.Clock, in.Deadline), parts); err != nil {
		return err
	}
	if w.Wake != nil {
		w.Wake()
	}
	return nil
}

func (w *Webhooks) turn(ctx context.Context, c Channel, in Inbound) ([]Outbound, error) {
	start := w.Clock.Now()
	parts, err := w.Turn(ctx, c, in)
	w.Log.Debug("turn", "channel", c.ID(), "from", in.Address, "message", in.ID, "parts", len(parts),
		"took", w.Clock.Now().Sub(start), "ok", err == nil)
	return parts, err
}

// refuse answers what Receive did not take. What is not authentic learns nothing.
func (w *Webhooks) refuse(rw http.ResponseWriter, c Channel, err error) {
	w.Log.Warn("webhook refused", "channel", c.ID(), "error", err.Error())
	var limit *http.MaxBytesError
	switch {
	case errors.Is(err, ErrTooLarge), errors.As(err, &limit):
		answer(rw, http.StatusRequestEntityTooLarge, "the request is too large")
	case errors.Is(err, ErrBadRequest):
		answer(rw, http.StatusBadRequest, err.Error())
	default:
		rw.WriteHeader(http.StatusForbidden)
	}
}

// answer says in JSON what is wrong.
func answer(rw http.ResponseWriter, status int, problem string) {
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(status)
	_ = json.NewEncoder(rw).Encode(map[string]string{"error": problem}) // the provider may have gone
}
