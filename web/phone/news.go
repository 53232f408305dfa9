package phone

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"pulsa/channels"
	"pulsa/web/ui"
)

const (
	// atOnce is how many late messages are read at a time.
	atOnce = 100
	// beat is how often a stream that has nothing to say shows that it lives.
	beat = 15 * time.Second
	// writeFor is how long a browser may take for one event.
	writeFor = 10 * time.Second
)

// seen are the sequence numbers of the last messages that a phone has shown, of each address that it hears, in
// their order. Messages leave in order to one address, not to two: one number for both would miss some.
type seen []int64

func (s seen) String() string {
	var texts []string
	for _, n := range s {
		texts = append(texts, strconv.FormatInt(n, 10))
	}
	return strings.Join(texts, "-")
}

// readSeen reads what String wrote. "" and "0" mean that nothing was seen yet.
func readSeen(text string, u customer) (seen, error) {
	s := make(seen, len(u.hears()))
	if text == "" || text == "0" {
		return s, nil
	}
	texts := strings.Split(text, "-")
	if len(texts) != len(s) {
		return nil, strconv.ErrSyntax
	}
	for i, text := range texts {
		n, err := strconv.ParseUint(text, 10, 63)
		if err != nil {
			return nil, err
		}
		s[i] = int64(n)
	}
	return s, nil
}

// late returns messages pushed to the customer after those that were seen, oldest first.
func (c *Console) late(ctx context.Context, u customer, after seen) ([]channels.Outbound, error) {
	var all []channels.Outbound
	for i, a := range u.hears() {
		some, err := c.Outbox.OutboundTo(ctx, u.line.Brand.Name, u.line.Name, a, after[i], atOnce)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	slices.SortFunc(all, func(a, b channels.Outbound) int { return cmp.Compare(a.Seq, b.Seq) })
	return all, nil
}

// show notes that a message was seen.
func (s seen) show(u customer, o channels.Outbound) { s[slices.Index(u.hears(), o.Address)] = o.Seq }

// lastSeen are the last messages that were pushed to the customer so far.
func (c *Console) lastSeen(ctx context.Context, u customer) (seen, error) {
	after, err := readSeen("", u)
	for err == nil {
		var old []channels.Outbound
		old, err = c.late(ctx, u, after)
		if len(old) == 0 {
			break
		}
		for _, o := range old {
			after.show(u, o)
		}
	}
	return after, err
}

// streamNews answers GET /phone/news with what is pushed to the customer from now on, as server-sent events.
// A browser that comes back says what it had last.
func (c *Console) streamNews(w http.ResponseWriter, r *http.Request) {
	u, err := c.customer(r.Context(), r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	after, err := readSeen(cmp.Or(r.Header.Get("Last-Event-ID"), r.URL.Query().Get("after")), u)
	if err != nil {
		http.Error(w, "after must be the id of an event, or 0", http.StatusBadRequest)
		return
	}
	c.endWithServer(r)
	s := &stream{to: w, control: http.NewResponseController(w)}
	ui.Protect(w.Header())
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // a proxy would keep the events to itself
	_ = s.control.SetReadDeadline(time.Time{})
	if s.write(c.Clock.Now(), "retry: 1000\n\n") != nil {
		return
	}
	c.follow(r.Context(), s, u, after)
}

// follow writes what is pushed until the browser leaves or the server stops.
func (c *Console) follow(ctx context.Context, s *stream, u customer, after seen) {
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
			after.show(u, o)
			text, err := c.event(u, o, after)
			if err != nil {
				c.Log.ErrorContext(ctx, "phone: late message", "error", err)
				return
			}
			if s.write(now, text) != nil {
				return
			}
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

// event writes one late message as an event, whose id is what has been seen with it.
func (c *Console) event(u customer, o channels.Outbound, after seen) (string, error) {
	e := newEntry(o.CreatedAt, o, u)
	e.Late = true
	var html bytes.Buffer
	if err := c.pages.WritePart(&html, "bubbles", []bubble{u.heard(o, e)}); err != nil {
		return "", err
	}
	data := strings.ReplaceAll(strings.TrimSpace(html.String()), "\r", "")
	return fmt.Sprintf("id: %s\ndata: %s\n\n", after, strings.ReplaceAll(data, "\n", "\ndata: ")), nil
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
