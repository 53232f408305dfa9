package links

import (
	"context"
	"embed"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/web/guard"
	"pulsa/web/ui"
)

const (
	// CountedFor is for how long the misses of an address are counted together.
	CountedFor = 10 * time.Minute
	// mostMisses is how many of them are answered.
	mostMisses = 20
)

//go:embed pages static
var files embed.FS

// Misses counts, for all copies of the server together, the links that an address has asked for and that do not exist.
type Misses interface {
	// Misses tells how many there were within a time, and when the first of them was counted.
	Misses(ctx context.Context, address string, now time.Time, within time.Duration) (n int, since time.Time, err error)
	// CountMiss counts one more, and returns what Misses does.
	CountMiss(ctx context.Context, address string, now time.Time, within time.Duration) (n int, since time.Time, err error)
}

// Config is what a Handler is made of. All fields are needed.
type Config struct {
	// Follow tells where a token leads; payments.ErrNoLink.
	Follow func(ctx context.Context, token prepaid.Secret) (payments.Followed, error)
	Misses Misses
	Brands *prepaid.Brands
	// Page returns what a page says in a language, and in which language that is where it is another. Names: "link_unknown".
	Page func(language, name string) (spoken, title, text string)
	// Preferred returns the language that a browser's Accept-Language asks for.
	Preferred func(acceptLanguage string) string
	PublicURL string
	Clock     prepaid.Clock
	Log       *slog.Logger
}

// Handler serves short links. Safe for concurrent use.
type Handler struct {
	c     Config
	pages *ui.Pages
}

// The address of the pages' own files begins like that of the links, so that a proxy which forwards only those serves both.
const filesPath = payments.LinkPath + "files/"

// New returns a Handler.
func New(c Config) *Handler {
	below := ""
	if u, err := url.Parse(c.PublicURL); err == nil {
		below = u.Path
	}
	return &Handler{c: c, pages: ui.New(below+filesPath, files, c.Log)}
}

// Routes serves the links below payments.LinkPath.
func (h *Handler) Routes(mux *http.ServeMux) {
	mux.Handle("GET "+payments.LinkPath+"{token...}", h)
	mux.Handle("GET "+strings.ToUpper(payments.LinkPath)+"{token...}", h) // typed in capitals throughout
	mux.HandleFunc("GET "+filesPath+"{file}", h.pages.ServeFile)
}

// ServeHTTP answers a link with 303 to the page behind it, and 410 where there is nothing to do there any more. A link that does not
// exist is 404, and counts as a miss of the client's address: an IPv4 address, or an IPv6 network of 64 bits, which one household has.
// After 20 misses within ten minutes the address gets 429 for every link until these have passed, right ones too: whoever tries tokens
// would else still find the right ones. Requests that are made at the same time may be a few more.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, now, client := r.Context(), h.c.Clock.Now(), household(guard.Client(r))
	n, since, err := h.c.Misses.Misses(ctx, client, now, CountedFor)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	if n >= mostMisses {
		wait := since.Add(CountedFor).Sub(now)
		w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
		h.say(w, r, http.StatusTooManyRequests, payments.Followed{}, "link_blocked")
		return
	}
	f, err := h.c.Follow(ctx, readToken(r.PathValue("token")))
	switch {
	case errors.Is(err, payments.ErrNoLink):
		if _, _, err := h.c.Misses.CountMiss(ctx, client, now, CountedFor); err != nil {
			h.fail(w, r, err) // a miss that is not counted would be free
			return
		}
		h.say(w, r, http.StatusNotFound, f, "link_unknown")
	case err != nil:
		h.fail(w, r, err)
	case f.URL != "":
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Referrer-Policy", "no-referrer") // the gateway is not to learn the token
		http.Redirect(w, r, f.URL, http.StatusSeeOther)
	case f.Kind == payments.OrderLink:
		h.say(w, r, http.StatusGone, f, "link_order_over")
	case f.Done:
		h.say(w, r, http.StatusGone, f, "link_setup_done")
	default:
		h.say(w, r, http.StatusGone, f, "link_setup_over")
	}
}

func (h *Handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() == nil { // else the browser has left
		h.c.Log.ErrorContext(r.Context(), "short link not followed", "error", err)
	}
	w.Header().Set("Retry-After", "60")
	h.say(w, r, http.StatusServiceUnavailable, payments.Followed{}, "link_failed")
}

// message is what the template shows.
type message struct{ Brand, Title, Text string }

func (h *Handler) say(w http.ResponseWriter, r *http.Request, status int, of payments.Followed, name string) {
	language := of.Language
	if language == "" {
		language = h.c.Preferred(r.Header.Get("Accept-Language"))
	}
	var m message
	language, m.Title, m.Text = h.c.Page(language, name)
	if b := h.c.Brands.Known(of.Brand); b != nil {
		m.Brand = b.Title
	}
	h.pages.Show(w, r, status, ui.Page{Language: language, Title: m.Title, Styles: []string{"links.css"}, Template: "link", Data: m})
}

// readToken reads a token as people retype it: capitals count as small letters, and what ends a sentence is not part of it.
func readToken(text string) prepaid.Secret {
	return prepaid.NewSecret(strings.ToLower(strings.Trim(text, " \t\r\n\u00a0.,;:!?()[]<>{}'\"’”»…/")))
}

// household is what misses are counted by. Requests without an address share one count.
func household(a netip.Addr) string {
	if a.Is6() {
		network, _ := a.Prefix(64) // an IPv6 address has 64 bits
		return network.String()
	}
	return a.String()
}
