package console

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"pulsa/channels"
)

const (
	// atOnce is how many late messages are read at a time.
	atOnce = 100
	// beat is how often a stream that has nothing to say shows that it lives.
	beat = 15 * time.Second
	// writeFor is how long a browser may take for one event.
	writeFor = 10 * time.Second
)

// late returns the next messages pushed to the customer after a sequence number, oldest first.
func (c *Console) late(ctx context.Context, u customer, after int64) ([]channels.Outbound, error) {
	var all []channels.Outbound
	for _, a := range u.hears() {
		some, err := c.Outbox.OutboundTo(ctx, u.line.Brand.Name, u.line.Name, a, after, atOnce)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	slices.SortFunc(all, func(a, b channels.Outbound) int { return cmp.Compare(a.Seq, b.Seq) })
	return all[:min(len(all), atOnce)], nil // beyond them, one address may have more between
}

// lastSeen is the sequence number of the last message that was pushed to the customer so far.
func (c *Console) lastSeen(ctx context.Context, u customer) (after int64, err error) {
	for {
		old, err := c.late(ctx, u, after)
		if err != nil || len(old) == 0 {
			return after, err
		}
		after = old[len(old)-1].Seq
	}
}

// streamNews answers GET /phone/news with what is pushed to the customer from now on, as server-sent events.
// A browser that comes back says what it had last.
func (c *Console) streamNews(w http.ResponseWriter, r *http.Request) {
	u, err := c.customer(r.Context(), r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	after, err := seenBefore(r.Header, r.URL.Query())
	if err != nil {
		http.Error(w, "after must be the number of a message, or 0", http.StatusBadRequest)
		return
	}
	c.endWithServer(r)
	s := &stream{to: w, control: http.NewResponseController(w)}
	protect(w.Header())
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // a proxy would keep the events to itself
	_ = s.control.SetReadDeadline(time.Time{})
	if s.write(c.Clock.Now(), "retry: 1000\n\n") != nil {
		return
	}
	c.follow(r.Context(), s, u, after)
}

// follow writes what is pushed until the browser leaves or the server stops.
func (c *Console) follow(ctx context.Context, s *stream, u customer, after int64) {
	for {
		news, err := c.late(ctx, u, after)
		if err != nil {
			if ctx.Err() == nil {
				c.Log.WarnContext(ctx, "phone: outbox not read", "channel", u.line.ID(), "error", err)
			}
			return // the browser comes back
		}
		now := c.Clock.Now()
		for _, o := range news {
			text, err := c.event(u, o)
			if err != nil {
				c.Log.ErrorContext(ctx, "phone: late message", "error", err)
				return
			}
			if s.write(now, text) != nil {
				return
			}
			after = o.Seq
		}
		if now.Sub(s.last) >= beat && s.write(now, ":\n\n") != nil {
			return
		}
		select {
		case <-c.stopping:
			return
		default:
		}
		if c.Clock.Sleep(ctx, lookEvery) != nil {
			return
		}
	}
}

// event writes one late message as an event.
func (c *Console) event(u customer, o channels.Outbound) (string, error) {
	e := newEntry(o.CreatedAt, o, u)
	e.Late = true
	var html bytes.Buffer
	if err := c.pages.ExecuteTemplate(&html, "bubbles", []bubble{u.heard(o, e)}); err != nil {
		return "", err
	}
	data := strings.ReplaceAll(strings.TrimSpace(html.String()), "\r", "")
	return fmt.Sprintf("id: %d\ndata: %s\n\n", o.Seq, strings.ReplaceAll(data, "\n", "\ndata: ")), nil
}

func seenBefore(h http.Header, query url.Values) (int64, error) {
	text := cmp.Or(h.Get("Last-Event-ID"), query.Get("after"), "0")
	n, err := strconv.ParseInt(text, 10, 64)
	if err == nil && n < 0 {
		err = strconv.ErrRange
	}
	return n, err
}

// endWithServer ends all streams when the server is told to stop, which else would wait for them.
func (c *Console) endWithServer(r *http.Request) {
	c.watch.Do(func() {
		if server, ok := r.Context().Value(http.ServerContextKey).(*http.Server); ok {
			server.RegisterOnShutdown(func() { close(c.stopping) })
		}
	})
}

// stream is a response that stays open.
type stream struct {
	to      http.ResponseWriter
	control *http.ResponseController
	last    time.Time
}

func (s *stream) write(now time.Time, text string) error {
	s.last = now
	_ = s.control.SetWriteDeadline(now.Add(writeFor)) // a test's recorder has none
	if _, err := s.to.Write([]byte(text)); err != nil {
		return err
	}
	return s.control.Flush()
}
