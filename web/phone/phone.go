package phone

import (
	"context"
	"embed"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"pulsa/channels"
	"pulsa/prepaid"
	"pulsa/web/guard"
	"pulsa/web/ui"
)

//go:embed static pages
var files embed.FS

// Outbox is where pushed messages are read. channels.Outbox has it.
type Outbox interface {
	// OutboundTo lists the messages to an address on a channel after a sequence number, oldest first.
	OutboundTo(ctx context.Context, brand, channel string, a prepaid.Address, after int64, n int) ([]channels.Outbound, error)
}

// Words are what a brand calls things in one language.
type Words struct {
	Language string // in the language itself: "Nederlands"
	TopUp    string // the keyword that begins a top-up: "KOOP"
	Redeem   string // "" where the brand takes no cards
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
	Event func(ctx context.Context, brand, link, news string) string
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
	pages    *ui.Pages
	watch    sync.Once // the server's end
	stopping chan struct{}
}

// New returns a Console.
func New(c Config) *Console {
	if c.Event == nil {
		c.Event = func(context.Context, string, string, string) string { return "" }
	}
	return &Console{Config: c, pages: ui.New("/phone/", files, c.Log), stopping: make(chan struct{})}
}

// Routes serves the phone at / and what it needs below /phone/.
func (c *Console) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /{$}", c.showPhone)
	mux.Handle("GET /phone/news", guard.OwnPages(http.HandlerFunc(c.streamNews)))
	mux.HandleFunc("GET /phone/{file}", c.pages.ServeFile)
	mux.Handle("POST /phone/messages", ui.Form(formLimit, c.takeMessage))
	mux.Handle("POST /phone/story", ui.Form(storyLimit, c.saveStory))
}
