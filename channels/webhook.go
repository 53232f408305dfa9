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

// turnFor is the timeout of a turn, whether or not its provider still waits for the answer.
const turnFor = 90 * time.Second

// WebhookConfig is what a Webhooks is made of.
type WebhookConfig struct {
	Registry *Registry
	Outbox   Outbox
	// Turn handles one message and returns the parts of its one reply. It is idempotent: called again with the same
	// message, it returns the same reply. After an error nothing of the message was kept, and the provider is answered
	// 503 so that it delivers again; except ErrBadRequest, which is answered 400 because no repeat would succeed.
	Turn func(ctx context.Context, c Channel, in Inbound) ([]Outbound, error)
	// OptOut records that an address has blocked a channel at its provider, as a delivery report says. It is idempotent.
	OptOut func(ctx context.Context, brand, channel string, a prepaid.Address) error
	// Wake is called after something was put into the outbox; nil: nobody is woken.
	Wake  func()
	Clock prepaid.Clock
	Log   *slog.Logger
}

// Webhooks is the http.Handler of the providers' requests, at /webhooks/{brand}/{channel}. It answers 2xx only after
// the turn has committed and its reply stands in the response or in the outbox: until then the provider delivers again,
// so a crash loses no message. Safe for concurrent use.
type Webhooks struct {
	c   WebhookConfig
	mux *http.ServeMux
}

// NewWebhooks returns the handler.
func NewWebhooks(c WebhookConfig) *Webhooks {
	w := &Webhooks{c: c, mux: http.NewServeMux()}
	w.mux.HandleFunc("/webhooks/{brand}/{channel}", w.serveWebhook)
	w.mux.HandleFunc("/webhooks/{brand}/{channel}/{path...}", w.serveRoutes)
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
		w.c.Log.Error("webhook panicked", "brand", r.PathValue("brand"), "channel", r.PathValue("channel"),
			"error", prepaid.Recovered(p).Error())
		writeProblem(rw, http.StatusInternalServerError, "something went wrong")
	}()
	w.mux.ServeHTTP(rw, r)
}

// channelOf returns the channel of a request and limits the request's body. Where ok is false it has answered 404.
func (w *Webhooks) channelOf(rw http.ResponseWriter, r *http.Request) (c Channel, a Adapter, ok bool) {
	c, a, ok = w.c.Registry.Channel(r.Context(), r.PathValue("brand"), r.PathValue("channel"))
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

// serveRoutes serves the paths below a webhook, for adapters that have some.
func (w *Webhooks) serveRoutes(rw http.ResponseWriter, r *http.Request) {
	c, a, ok := w.channelOf(rw, r)
	if !ok {
		return
	}
	if callee, ok := a.(Callee); ok && callee.Takes(c, r.Method, "/"+r.PathValue("path")) {
		w.receive(rw, r, c, a)
		return
	}
	routes, ok := a.(Routes)
	if !ok {
		http.NotFound(rw, r)
		return
	}
	http.StripPrefix("/webhooks/"+c.ID(), routes.Routes(c)).ServeHTTP(rw, r)
}

func (w *Webhooks) serveWebhook(rw http.ResponseWriter, r *http.Request) {
	c, a, ok := w.channelOf(rw, r)
	if !ok {
		return
	}
	callee, choosy := a.(Callee)
	if r.Method != http.MethodPost && !(choosy && callee.Takes(c, r.Method, "")) {
		rw.Header().Set("Allow", http.MethodPost)
		rw.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	w.receive(rw, r, c, a)
}

// receive takes a provider's request.
func (w *Webhooks) receive(rw http.ResponseWriter, r *http.Request, c Channel, a Adapter) {
	received, err := a.Receive(r, c)
	if err != nil {
		w.writeRefusal(rw, c, err)
		return
	}
	for _, unread := range received.Unread {
		w.c.Log.Warn("a message of a provider's list can't be read", "channel", c.ID(), "error", unread.Error())
	}
	// The provider may hang up before the turn ends; the turn is finished all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), turnFor)
	defer cancel()
	in, parts, err := w.process(ctx, c, received)
	if errors.Is(err, ErrBadRequest) {
		w.writeRefusal(rw, c, err)
		return
	}
	if err != nil {
		w.c.Log.Error("webhook not taken", "channel", c.ID(), "error", err.Error())
		rw.Header().Set("Retry-After", "5")
		writeProblem(rw, http.StatusServiceUnavailable, "try again later")
		return
	}
	if responder, ok := a.(Responder); ok && (in.ID != "" || len(received.Messages) == 0) {
		if err := responder.Respond(rw, c, in, parts); err != nil {
			w.c.Log.Warn("reply not written", "channel", c.ID(), "from", in.Address, "error", err.Error())
		}
		return
	}
	if acknowledger, ok := a.(Acknowledger); ok {
		if err := acknowledger.Acknowledge(rw, c); err != nil {
			w.c.Log.Warn("acknowledgement not written", "channel", c.ID(), "error", err.Error())
		}
		return
	}
	rw.WriteHeader(http.StatusOK)
}

// process handles all reports and messages of one request. parts is what goes out in its response, and in the message
// that they answer; in is zero where no message is answered there.
func (w *Webhooks) process(ctx context.Context, c Channel, received Received) (in Inbound, parts []Outbound, err error) {
	for _, report := range received.Reports {
		report.Brand, report.Channel = c.Brand.Name, c.Name
		if report.Refused != "" {
			if err := w.c.OptOut(ctx, c.Brand.Name, c.Name, report.Refused); err != nil {
				return in, nil, err
			}
		}
		if err := w.c.Outbox.ReportDelivery(ctx, report, w.c.Clock.Now()); err != nil {
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

// Handle handles one message of a channel that does not answer in its response: its turn, and then the reply's way to
// the outbox. It is idempotent.
func (w *Webhooks) Handle(ctx context.Context, c Channel, in Inbound) error {
	parts, err := w.turn(ctx, c, in)
	if err != nil || len(parts) == 0 {
		return err
	}
	for i := range parts {
		parts[i].Answer = true
		if parts[i].CreatedAt.IsZero() {
			parts[i].CreatedAt = w.c.Clock.Now()
		}
	}
	if err := w.c.Outbox.PutOutbound(prepaid.WithTimeLimit(ctx, w.c.Clock, in.Deadline), parts); err != nil {
		return err
	}
	if w.c.Wake != nil {
		w.c.Wake()
	}
	return nil
}

func (w *Webhooks) turn(ctx context.Context, c Channel, in Inbound) ([]Outbound, error) {
	start := w.c.Clock.Now()
	parts, err := w.c.Turn(ctx, c, in)
	w.c.Log.Debug("turn", "channel", c.ID(), "from", in.Address, "message", in.ID, "parts", len(parts),
		"took", w.c.Clock.Now().Sub(start), "ok", err == nil)
	return parts, err
}

// writeRefusal answers a request that Receive or the turn refused: 413 or 400 with a reason, or a bare 403 that tells
// a forger nothing.
func (w *Webhooks) writeRefusal(rw http.ResponseWriter, c Channel, err error) {
	w.c.Log.Warn("webhook refused", "channel", c.ID(), "error", err.Error())
	var limit *http.MaxBytesError
	switch {
	case errors.Is(err, ErrTooLarge), errors.As(err, &limit):
		writeProblem(rw, http.StatusRequestEntityTooLarge, "the request is too large")
	case errors.Is(err, ErrBadRequest):
		writeProblem(rw, http.StatusBadRequest, err.Error())
	default:
		rw.WriteHeader(http.StatusForbidden)
	}
}

// writeProblem writes a status and, as JSON, what is wrong.
func writeProblem(rw http.ResponseWriter, status int, problem string) {
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(status)
	_ = json.NewEncoder(rw).Encode(map[string]string{"error": problem}) // the provider may have gone
}
