package talk_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"pulsa/conversation/talk"
	"pulsa/prepaid"
)

// toyMaker makes toys: the other side of these tests, a small top-up bot in memory.
type toyMaker struct {
	mu     sync.Mutex
	number int
	tamper func(*toy)
}

func (m *toyMaker) Fresh(string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.number++
	return fmt.Sprintf("+3161%07d", m.number), nil
}

func (m *toyMaker) New(_ context.Context, s talk.Setup) (talk.Program, error) {
	t := &toy{setup: s, now: time.Date(2025, 3, 1, 9, 0, 0, 0, time.UTC), customers: map[prepaid.Address]*toyCustomer{}, answered: map[string][]talk.Message{}}
	for _, g := range s.Givens {
		switch {
		case g.Customer != nil:
			*t.of(s.Customer) = toyCustomer{state: "idle", pin: g.Customer.PIN.Reveal(), registered: true}
		case g.Event != nil:
			_ = t.Do(context.Background(), s.Customer, *g.Event)
		}
	}
	if m.tamper != nil {
		m.tamper(t)
	}
	return t, nil
}

type toyCustomer struct {
	state, msisdn, pin string
	registered         bool
}

type toyTimer struct {
	at  time.Time
	run func()
}

type toy struct {
	setup     talk.Setup
	now       time.Time
	customers map[prepaid.Address]*toyCustomer
	answered  map[string][]talk.Message
	charges   []prepaid.Money
	pushed    []talk.Message
	timers    []toyTimer
	log       strings.Builder
	slow      time.Duration
	crash     bool
	again     bool // a timer sets itself anew for ever
	walked    []talk.Transition
	loose     bool // logs what it should not
	together  []int
	asked     int
	sent      []talk.Inbound
}

var toyPrompts = map[string]map[string]string{
	"en": {
		"registration.ask_msisdn":       "Your mobile number?",
		"registration.ask_msisdn_again": "Type it again.",
		"registration.msisdn_differs":   "These differ. Your mobile number?",
		"registration.ask_pin":          "Choose a PIN of four digits.",
		"registration.ask_pin_again":    "Type the PIN again.",
		"registration.ask_method":       "How do you want to pay?",
		"registration.link":             "Go to {url} please.",
		"registration.done":             "You are registered.",
		"topup.done":                    "Done: {amount} for {number}.",
		"topup.again":                   "Again {amount} for {number}?",
		"topup.working":                 "We work on it.",
		"pin.wrong":                     "That PIN is wrong.",
		"error.unread":                  "I can't read that.",
		"echo":                          "You said {text}.",
		"choose":                        "What next?",
	},
	"nl": {"registration.ask_msisdn": "Uw mobiele nummer?", "topup.done": "Klaar: {amount} voor {number}.", "pin.wrong": "Die PIN is fout.", "error.unread": "Dat kan ik niet lezen."},
}

func toyVocabulary() *talk.Vocabulary {
	var keys []string
	for key := range toyPrompts["en"] {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return &talk.Vocabulary{
		Brands: []*prepaid.Brand{{Name: "demo", Country: "NL", Currency: "EUR", Languages: []string{"en", "nl"}}},
		Flows: []talk.Flow{
			{Name: "idle", States: []string{"idle"}},
			{Name: "registration", States: []string{"registration.ask_msisdn", "registration.ask_msisdn_again", "registration.ask_pin",
				"registration.ask_pin_again", "registration.ask_method", "registration.wait"},
				Transitions: []talk.Transition{{From: "idle", Event: "text", To: "registration.ask_msisdn"}, {From: "idle", Event: "never", To: "registration.wait"}}},
		},
		Statuses: []string{"delivered", "declined"},
		Points:   []talk.Point{{Name: "order", Meaning: "stored"}, {Name: "charge", Meaning: "the gateway has charged"}},
		Keys:     keys,
		Prompt: func(_, language, key string) (string, bool) {
			text, ok := toyPrompts[language][key]
			return text, ok
		},
	}
}

func (t *toy) of(c talk.Customer) *toyCustomer {
	a := c.Address()
	if t.customers[a] == nil {
		t.customers[a] = &toyCustomer{state: "idle"}
	}
	return t.customers[a]
}

func (t *toy) reply(keysAndValues ...string) []talk.Message {
	var m talk.Message
	var texts []string
	for _, one := range keysAndValues {
		words := strings.Split(one, "|")
		part := talk.Part{Key: words[0], Text: toyPrompts[t.setup.Language][words[0]], Values: map[string]string{}}
		for _, pair := range words[1:] {
			name, value, _ := strings.Cut(pair, "=")
			part.Values[name] = value
			part.Text = strings.ReplaceAll(part.Text, "{"+name+"}", value)
		}
		m.Parts = append(m.Parts, part)
		texts = append(texts, part.Text)
	}
	m.Text = strings.Join(texts, "\n")
	return []talk.Message{m}
}

func (t *toy) Send(_ context.Context, in talk.Inbound) ([]talk.Message, error) {
	t.sent = append(t.sent, in)
	if t.crash {
		t.crash = false
		return nil, nil
	}
	if before, ok := t.answered[in.ID]; ok {
		return before, nil
	}
	if t.loose {
		fmt.Fprintf(&t.log, "2025-03-01T09:00:00Z turn from=%s text=%q\n", in.From.Address().Masked(), in.Text)
	}
	c := t.of(in.From)
	before := c.state
	answer, err := t.answer(c, in)
	if c.state != before {
		t.walked = append(t.walked, talk.Transition{From: before, Event: "text", To: c.state})
	}
	t.answered[in.ID] = answer
	return answer, err
}

// SendTogether implements talk.Crowd.
func (t *toy) SendTogether(ctx context.Context, ins []talk.Inbound) ([][]talk.Message, error) {
	t.together = append(t.together, len(ins))
	answers := make([][]talk.Message, len(ins))
	for i := range ins { // the last first: the order of the answers is the runner's
		n := len(ins) - 1 - i
		var err error
		if answers[n], err = t.Send(ctx, ins[n]); err != nil {
			return nil, err
		}
	}
	return answers, nil
}

func (t *toy) answer(c *toyCustomer, in talk.Inbound) ([]talk.Message, error) {
	words := strings.Fields(in.Text)
	switch {
	case in.Text == "forever":
		return nil, fmt.Errorf("turn: %w", prepaid.ErrNeverEnds)
	case in.Text == "panic":
		panic("oops")
	case strings.HasPrefix(in.Text, "echo "):
		return t.reply("echo|text=" + strings.TrimPrefix(in.Text, "echo ")), nil
	case in.Text == "choose" || in.Text == "choose else":
		label := map[string]string{"choose": "Again", "choose else": "Else"}[in.Text]
		m := t.reply("choose")
		t.asked++
		m[0].Choices = []talk.Choice{{ID: strings.ToLower(label), Label: label, Button: fmt.Sprintf("%d.%s", t.asked, label)}}
		if m[0].Buttons = in.From.Kind == talk.Telegram; !m[0].Buttons {
			m[0].Text += "\n1 " + label
		}
		return m, nil
	case in.Session != "":
		m := t.reply("echo|text=" + in.Text)
		m[0].Ends = in.Text == "bye"
		return m, nil
	case in.Text == "silence":
		return nil, nil
	case in.Text == "twice":
		return slices.Concat(t.reply("pin.wrong"), t.reply("error.unread")), nil
	case in.Text == "hole":
		return []talk.Message{{Text: "Dear {name}"}}, nil
	case c.state == "registration.ask_msisdn":
		c.msisdn, c.state = in.Text, "registration.ask_msisdn_again"
	case c.state == "registration.ask_msisdn_again":
		if in.Text != c.msisdn {
			c.state = "registration.ask_msisdn"
			return t.reply("registration.msisdn_differs"), nil
		}
		c.state = "registration.ask_pin"
	case c.state == "registration.ask_pin":
		c.pin, c.state = in.Text, "registration.ask_pin_again"
	case c.state == "registration.ask_pin_again":
		c.state = "registration.ask_method"
		m := t.reply(c.state)
		choices := []talk.Choice{{ID: "sepa", Label: "SEPA direct debit", Button: "1.sepa"}, {ID: "card", Label: "Card", Button: "1.card"}}
		m[0].Choices = choices
		if in.From.Kind == talk.Telegram {
			m[0].Buttons = true
		} else {
			m[0].Text += "\n1 SEPA direct debit\n2 Card"
		}
		return m, nil
	case c.state == "registration.ask_method" && (in.Text == "1" || in.Text == "2" || in.Button != ""):
		c.state = "registration.wait"
		return t.reply("registration.link|url=http://pay.example/abc"), nil
	case len(words) == 1 && words[0] == "KOOP":
		c.state = "registration.ask_msisdn"
	case len(words) == 3 && words[2] != c.pin:
		return t.reply("pin.wrong"), nil
	case len(words) == 3:
		return t.buy(in)
	default:
		return t.reply("error.unread"), nil
	}
	return t.reply(c.state), nil
}

func (t *toy) buy(in talk.Inbound) ([]talk.Message, error) {
	amount, err := prepaid.ParseMoney(strings.Fields(in.Text)[1], "EUR")
	if err != nil {
		return t.reply("error.unread"), nil
	}
	t.charges = append(t.charges, amount)
	done := t.reply("topup.done|amount=" + amount.String() + "|number=" + in.From.Number)
	if t.slow == 0 {
		return done, nil
	}
	done[0].To = in.From.Address()
	t.timers = append(t.timers, toyTimer{t.now.Add(t.slow), func() { t.pushed = append(t.pushed, done...) }})
	return t.reply("topup.working"), nil
}

func (t *toy) Settle(context.Context) ([]talk.Message, error) {
	pushed := t.pushed
	t.pushed = nil
	return pushed, nil
}

func (t *toy) Do(_ context.Context, who talk.Customer, e talk.Event) error {
	switch e.Kind {
	case talk.SetupCompleted:
		c := t.of(who)
		c.registered, c.state = true, "idle"
		m := t.reply("registration.done")
		m[0].To = who.Address()
		t.pushed = append(t.pushed, m...)
	case talk.NetworkBehaves:
		t.slow = e.For
	case talk.CrashAfter:
		t.crash = true
	case talk.RedisLost:
		return fmt.Errorf("redis: %w", talk.ErrNotOffered)
	case talk.CustomerAuthenticates:
		return fmt.Errorf("%w: no charge waits", talk.ErrCantHappen)
	case talk.Restart:
		return errors.New("it did not come up")
	}
	return nil
}

func (t *toy) Check(_ context.Context, who talk.Customer, f talk.Fact) (talk.Finding, error) {
	switch f.Kind {
	case talk.InState:
		return talk.Finding{Holds: t.of(who).state == f.Name, Actual: "state " + t.of(who).state}, nil
	case talk.Charged, talk.ToppedUp:
		n := 0
		for _, c := range t.charges {
			if c == f.Amount {
				n++
			}
		}
		return talk.Finding{Holds: n == f.Times, Actual: string(f.Kind) + " " + f.Amount.String() + " " + talk.Count(n)}, nil
	case talk.Registered:
		return talk.Finding{Holds: t.of(who).registered != f.Not}, nil
	}
	return talk.Finding{}, talk.ErrNotOffered
}

func (t *toy) Close() error { return nil }

func (t *toy) Now() time.Time { return t.now }

func (t *toy) Next(context.Context) (time.Time, bool, error) {
	if t.again {
		return t.now, true, nil
	}
	if len(t.timers) == 0 {
		return time.Time{}, false, nil
	}
	return t.timers[0].at, true, nil
}

func (t *toy) AdvanceTo(_ context.Context, to time.Time) error {
	for len(t.timers) > 0 && !t.timers[0].at.After(to) {
		t.timers[0].run()
		t.timers = t.timers[1:]
	}
	t.now = to
	return nil
}

func (t *toy) State(_ context.Context, who talk.Customer) (string, error) {
	return t.of(who).state, nil
}

func (t *toy) Problems(_ talk.Customer, m talk.Message) []string {
	if len(m.Text) > 160 {
		return []string{"2 segments"}
	}
	return nil
}

func (t *toy) Evidence(context.Context) ([]talk.Evidence, error) {
	return []talk.Evidence{{Where: "log", Text: t.log.String()}}, nil
}

func (t *toy) Walked() []talk.Transition { return t.walked }

func (t *toy) ReadsSecret(_ context.Context, who talk.Customer) (bool, error) {
	return strings.Contains(t.of(who).state, "ask_pin"), nil
}
