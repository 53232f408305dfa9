package phone

import (
	"bytes"
	"context"
	"html/template"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"pulsa/channels"
	"pulsa/prepaid"
)

// Outbox is where pushed messages are read. channels.Outbox has it.
type Outbox interface {
	// OutboundTo lists the messages to an address on a channel after a sequence number, oldest first.
	OutboundTo(ctx context.Context, brand, channel string, a prepaid.Address, after int64, n int) ([]channels.Outbound, error)
}

// Words are what a brand calls things in one language.
type Words struct {
	Language string // in the language itself: "Nederlands"
	TopUp    string // the keyword that begins a top-up: "KOOP"
	Redeem   string
	Status   string
	Help     string
}

// Config is what a Console is made of. All fields are needed but Event and Flags.
type Config struct {
	// Lines lists the channels that the phone may call: the fake channels that are on, at most one of each
	// brand. Those of brands that are not marked test are left out whatever it says.
	Lines func(ctx context.Context) []channels.Channel
	// Turn takes one message to the parts of its one reply, as channels.WebhookConfig's.
	Turn   func(ctx context.Context, c channels.Channel, in channels.Inbound) ([]channels.Outbound, error)
	Outbox Outbox
	Words  func(brand, language string) Words
	// Event tells what a conversation script calls the thing that late news tells of: "customer completes
	// payment setup". link is the last one that the customer was sent, "" for none since the last event. It
	// returns "" where nothing but time has passed. May be nil.
	Event func(brand, link, news string) string
	// Command is how the program is called in hints: "pulsa", "go run ./cmd/pulsa"; Flags, if any, have a command find
	// what this server works on: "--data elsewhere".
	Command, Flags string
	Clock          prepaid.Clock
	Log            *slog.Logger
}

const (
	// lookEvery is how soon late messages show.
	lookEvery = 400 * time.Millisecond
	// formLimit is what a message may have, with what surrounds it, in the form's encoding.
	formLimit = 3*maxText + 8<<10
	// storyLimit is what a whole conversation may have, and some.
	storyLimit = 2 << 20
)

// Console serves the pages. Safe for concurrent use.
type Console struct {
	Config
	pages    *template.Template
	assets   map[string]asset
	watch    sync.Once // the server's end
	stopping chan struct{}
}

// New returns a Console.
func New(c Config) *Console {
	if c.Event == nil {
		c.Event = func(_, _, _ string) string { return "" }
	}
	assets := loadAssets()
	return &Console{Config: c, assets: assets, pages: parsePages(assets), stopping: make(chan struct{})}
}

// Routes serves the phone at / and what it needs below /phone/.
func (c *Console) Routes(mux *http.ServeMux) {
	own := http.NewCrossOriginProtection()
	mux.HandleFunc("GET /{$}", c.showPhone)
	mux.HandleFunc("GET /phone/news", func(w http.ResponseWriter, r *http.Request) {
		if channels.Foreign(r) {
			http.Error(w, "a page of another site may not listen", http.StatusForbidden)
			return
		}
		c.streamNews(w, r)
	})
	mux.HandleFunc("GET /phone/{asset}", c.serveAsset)
	mux.Handle("POST /phone/messages", own.Handler(http.HandlerFunc(c.takeMessage)))
	mux.Handle("POST /phone/story", own.Handler(http.HandlerFunc(c.saveStory)))
}

// policy lets a page load its own script and style, talk to its own server, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

func protect(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// render writes a template whole, or an error and nothing of it.
func (c *Console) render(w http.ResponseWriter, r *http.Request, status int, name string, data any) {
	var body bytes.Buffer
	if err := c.pages.ExecuteTemplate(&body, name, data); err != nil {
		c.Log.ErrorContext(r.Context(), "page not rendered", "template", name, "error", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	protect(w.Header())
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // the browser may have gone
}
