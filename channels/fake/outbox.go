package fake

import (
	"net/http"
	"strconv"
	"strings"

	"pulsa/channels"
)

// listed is how many pushed messages one answer holds at most; ask again after the last.
const listed = 100

// Routes implements channels.Routes:
//
//	GET  outbox?to=%2B31612345678&after=0&as=telegram   lists what was pushed to a customer
//	POST report {"outbound":"…","status":"delivered"}   reports how far a pushed message has come
//	POST fault  {"send":"throttled","after":"30s"}      makes the provider fail
func (a *Adapter) Routes(c channels.Channel) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /outbox", func(w http.ResponseWriter, r *http.Request) { a.listOutbox(w, r, c) })
	mux.HandleFunc("POST /report", a.postReport)
	mux.HandleFunc("POST /fault", func(w http.ResponseWriter, r *http.Request) { a.postFault(w, r, c) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case channels.Foreign(r):
			writeError(w, http.StatusForbidden, "a page of another site may not do this")
		case r.Method == http.MethodPost && !channels.IsJSON(r):
			writeError(w, http.StatusUnsupportedMediaType, notJSON)
		default:
			mux.ServeHTTP(w, r)
		}
	})
}

func (a *Adapter) listOutbox(w http.ResponseWriter, r *http.Request, c channels.Channel) {
	query := r.URL.Query()
	kind := channels.Kind(query.Get("as"))
	if kind == "" {
		kind = channels.SMS
	}
	if _, ok := channels.Of(kind); !ok {
		writeError(w, http.StatusBadRequest, `"as" must be sms, telegram, whatsapp, ussd or web`)
		return
	}
	// A plus that was not written as %2B arrives as a space.
	to, ok := address(strings.Replace(query.Get("to"), " ", "+", 1), kind)
	if !ok {
		writeError(w, http.StatusBadRequest, `"to" must be a number such as %2B31612345678`)
		return
	}
	after := int64(0)
	if text := query.Get("after"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			writeError(w, http.StatusBadRequest, `"after" must be the n of a message, or 0`)
			return
		}
		after = n
	}
	sent, err := a.outbox.OutboundTo(r.Context(), c.Brand.Name, c.Name, to, after, listed)
	if err != nil {
		w.Header().Set("Retry-After", "5")
		writeError(w, http.StatusServiceUnavailable, "try again later")
		return
	}
	messages := []Reply{}
	for _, o := range sent {
		m := replyOf(o)
		m.N, m.Outbound, m.Status = o.Seq, o.ID, o.Delivery
		messages = append(messages, m)
	}
	_ = writeJSON(w, http.StatusOK, map[string][]Reply{"messages": messages}) // the client may have gone
}

func writeError(w http.ResponseWriter, status int, problem string) {
	_ = writeJSON(w, status, map[string]string{"error": problem}) // the client may have gone
}
