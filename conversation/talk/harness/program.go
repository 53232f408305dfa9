package harness

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"pulsa/app/config"
	"pulsa/app/core"
	"pulsa/channels"
	"pulsa/channels/fake"
	"pulsa/conversation"
	"pulsa/conversation/talk"
	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/sim"

	simnetwork "pulsa/sim/network"
	"pulsa/store/scratch"
	"pulsa/topup"
)

// Program is the whole program, wired for one conversation script: on stores of its own, under a clock that
// stands still, with simulators that outlive its restarts. It implements talk.Program.
type Program struct {
	maker       *Maker
	setup       talk.Setup
	config      config.Config
	clock       *prepaid.VirtualClock
	sims        *sim.Simulators
	redisPrefix string
	drop        func(context.Context) error // removes the stores

	carrier carrier // nil: the fake channel takes every message
	p       *core.Program
	life    *life
	offline time.Time
	closed  map[prepaid.Address]bool // addresses that can't be pushed to until they write
	redis   time.Time                // the sessions' store is down until then
	log     LogBuffer
	pushed  map[prepaid.OutboundID]bool

	mu      sync.Mutex
	armed   string                         // crash point
	records map[string]conversation.Record // by recordKey
	walked  []talk.Transition
}

// life is one run of the program within a story. When it is cut, nothing that it does later has any effect.
type life struct{ cut atomic.Bool }

var errCut = errors.New("the program was killed")

func (s *Program) start(ctx context.Context) error {
	l := &life{}
	s.life = l
	p, err := core.Open(ctx, s.config, core.Options{
		Clock: s.clock, Log: slog.New(slog.NewTextHandler(&s.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Volatile: true, RedisPrefix: s.redisPrefix,
		Sessions: func(inner conversation.Sessions) conversation.Sessions { return &unsteadySessions{inner, s} },
	})
	if err != nil {
		return err
	}
	s.p = p
	gateways, networks := map[string]payments.Gateway{}, map[string]topup.Network{}
	for _, b := range s.config.Brands { // whatever a brand's gateway and network are, stories meet simulators
		gateways[b.Gateway] = cutGateway{s.sims.Gateway, l}
		networks[b.Network] = cutNetwork{s.sims.Network, l}
	}
	adapters := []channels.Adapter{&unsteadyFake{fake.New(p.DB.Outbox, s.clock), s}}
	if s.carrier != nil {
		adapters = append(adapters, s.carrier.adapter(s.clock))
	}
	err = p.Assemble(core.Parts{
		Gateways: gateways, Networks: networks, Prompts: s.maker.prompts,
		Adapters:  adapters,
		Redeliver: s.sims.Redeliver,
		Reached:   func(point string) { s.reached(l, point) },
		Observe:   func(r conversation.Record) { s.observe(l, r) },
	})
	if err != nil {
		return errors.Join(err, p.Close())
	}
	s.sims.Gateway.Connect(p.GatewayNews.Handle)
	s.sims.Network.Connect(p.DeliveryTakenBack)
	return nil
}

// reached crashes the program where the script has asked for it.
func (s *Program) reached(l *life, point string) {
	s.mu.Lock()
	struck := s.armed == point && l.cut.CompareAndSwap(false, true)
	if struck {
		s.armed = ""
	}
	s.mu.Unlock()
	if !struck {
		return
	}
	_ = s.p.Close() // as the kernel closes a killed program's files and connections
}

func (s *Program) observe(l *life, r conversation.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.cut.Load() {
		return
	}
	key := recordKey(r.Address, r.MessageID)
	if _, seen := s.records[key]; !seen || r.Result != "seen" {
		s.records[key] = r
	}
	for _, step := range r.Path {
		s.walked = append(s.walked, talk.Transition{From: step.From, Event: string(step.Event), To: step.To})
	}
}

// recordKey names a turn: two senders' messages may have the same id.
func recordKey(a prepaid.Address, messageID string) string { return string(a) + " " + messageID }

// run does something under the story's clock.
func (s *Program) run(do func() error) error {
	var err error
	if clockErr := s.clock.Run(func() { err = do() }); clockErr != nil {
		return clockErr
	}
	return err
}

// reborn restarts the program if it was killed meanwhile, and otherwise returns err.
func (s *Program) reborn(ctx context.Context, err error) error {
	if !s.life.cut.Load() {
		return err
	}
	return s.start(ctx)
}

// Send implements talk.Program: the message goes through the webhook, as a provider's would.
func (s *Program) Send(ctx context.Context, in talk.Inbound) ([]talk.Message, error) {
	answers, err := s.SendTogether(ctx, []talk.Inbound{in})
	if err != nil {
		return nil, err
	}
	return answers[0], nil
}

// SendTogether implements talk.Crowd.
func (s *Program) SendTogether(ctx context.Context, ins []talk.Inbound) ([][]talk.Message, error) {
	captured := make([]capture, len(ins))
	errs := make([]error, len(ins))
	var work []func()
	for i, in := range ins {
		delete(s.closed, in.From.Address())
		body, err := json.Marshal(fakeMessageOf(in))
		if err != nil {
			return nil, err
		}
		work = append(work, func() {
			if s.carrier != nil && s.carrier.carries(in) {
				captured[i], errs[i] = s.carrier.carry(ctx, s, in)
				return
			}
			captured[i], errs[i] = s.deliver(ctx, body)
		})
	}
	if err := s.clock.Run(work...); err != nil {
		return nil, err
	}
	answers := make([][]talk.Message, len(ins))
	err := errors.Join(errs...)
	if s.life.cut.Load() {
		return answers, s.reborn(ctx, err)
	}
	for i, in := range ins {
		if err == nil {
			answers[i], err = s.read(in, &captured[i])
		}
	}
	return answers, err
}

// fakeMessageOf is a message as the fake channel takes it.
func fakeMessageOf(in talk.Inbound) fake.Message {
	return fake.Message{
		ID: in.ID, From: in.From.Number, As: in.From.Kind, Text: in.Text, Button: in.Button, Contact: in.Contact,
		Attachment: in.Attachment, Language: in.Language, Session: in.Session, Typed: in.Typed,
	}
}

// read returns what the webhook answered to a message.
func (s *Program) read(in talk.Inbound, answer *capture) ([]talk.Message, error) {
	if answer.status != http.StatusOK {
		return nil, fmt.Errorf("the webhook answered %d: %s", answer.status, strings.TrimSpace(answer.body.String()))
	}
	var replies struct{ Replies []fake.Reply }
	if err := json.Unmarshal(answer.body.Bytes(), &replies); err != nil {
		return nil, err
	}
	if len(replies.Replies) == 0 {
		return nil, nil
	}
	return []talk.Message{s.explain(joined(replies.Replies), recordKey(in.From.Address(), cmp.Or(answer.message, in.ID)))}, nil
}

// joined makes one message of its parts.
func joined(replies []fake.Reply) talk.Message {
	last := replies[len(replies)-1]
	m := talk.Message{Buttons: len(last.Buttons) > 0, Ends: last.Ends}
	for _, r := range replies {
		m.Text = strings.TrimSpace(m.Text + " " + r.Text)
	}
	return m
}

// What a provider does where we answer 503: Twilio, asked by #rc=5, delivers again up to five times.
const (
	redeliveries   = 5
	redeliverAfter = 15 * time.Second
)

// deliver puts a message through the webhook as a provider does.
func (s *Program) deliver(ctx context.Context, body []byte) (capture, error) {
	for tries := 0; ; tries++ {
		var answer capture
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, "/webhooks/"+s.setup.Brand+"/fake", bytes.NewReader(body))
		if err != nil {
			return answer, err
		}
		r.Header.Set("Content-Type", "application/json")
		s.p.Webhooks.ServeHTTP(&answer, r)
		if answer.status != http.StatusServiceUnavailable || tries == redeliveries || s.life.cut.Load() {
			return answer, nil
		}
		if err := s.clock.Sleep(ctx, redeliverAfter); err != nil {
			return answer, err
		}
	}
}

// explain adds the prompts that a message was made of.
func (s *Program) explain(m talk.Message, recordKey string) talk.Message {
	s.mu.Lock()
	r := s.records[recordKey]
	s.mu.Unlock()
	for _, p := range r.Parts {
		m.Parts = append(m.Parts, talk.Part{Key: string(p.Key), Values: p.Values, Text: p.Text})
	}
	for _, c := range r.Choices {
		m.Choices = append(m.Choices, talk.Choice{ID: c.ID, Label: c.Label, Button: c.Button()})
	}
	return m
}

// Settle implements talk.Program.
func (s *Program) Settle(ctx context.Context) ([]talk.Message, error) {
	err := s.run(func() error { return s.p.Settle(ctx) })
	if s.life.cut.Load() {
		if err := s.reborn(ctx, err); err != nil {
			return nil, err
		}
		return s.Settle(ctx)
	}
	if err != nil && !s.clock.Now().Before(s.redis) {
		return nil, err
	}
	sent, err := scratch.SentMessages(ctx, s.p.DB)
	if err != nil {
		return nil, err
	}
	var messages []talk.Message
	at := map[string]int{} // by address and message id
	for _, o := range sent {
		if s.pushed[o.ID] {
			continue
		}
		s.pushed[o.ID] = true
		key := recordKey(o.Address, o.MessageID)
		if i, ok := at[key]; ok {
			messages[i].Text += " " + o.Text
			continue
		}
		at[key] = len(messages)
		messages = append(messages, s.explain(talk.Message{To: o.Address, Text: o.Text, Buttons: len(o.Buttons) > 0}, key))
	}
	return messages, nil
}

// Now implements talk.TimeTraveller.
func (s *Program) Now() time.Time { return s.clock.Now() }

// Next implements talk.TimeTraveller.
func (s *Program) Next(ctx context.Context) (time.Time, bool, error) {
	next, err := s.p.NextDue(ctx)
	if err != nil {
		return time.Time{}, false, err
	}
	if timer, any := s.clock.Next(); any && (next.IsZero() || timer.Before(next)) {
		next = timer
	}
	if now := s.clock.Now(); !s.redis.IsZero() && s.redis.After(now) && !next.After(now) {
		next = s.redis // what is due waits for the sessions
	}
	return next, !next.IsZero(), nil
}

// AdvanceTo implements talk.TimeTraveller.
func (s *Program) AdvanceTo(_ context.Context, t time.Time) error {
	s.clock.AdvanceTo(t)
	return nil
}

// Close implements talk.Program.
func (s *Program) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var err error
	if sessions, ok := s.p.Sessions.(*unsteadySessions).Sessions.(interface{ Drop(context.Context) error }); ok {
		err = sessions.Drop(ctx) // a Redis is shared, an embedded file goes with its folder
	}
	return errors.Join(err, s.p.Close(), s.sims.Close(), s.drop(ctx))
}

// Walked implements talk.Walker.
func (s *Program) Walked() []talk.Transition { return s.walked }

// State implements talk.Stater.
func (s *Program) State(ctx context.Context, who talk.Customer) (string, error) {
	state, _, err := s.p.Handler.State(ctx, s.channelOf(who), who.Address())
	return state, err
}

// ReadsSecret implements talk.SecretReader.
func (s *Program) ReadsSecret(ctx context.Context, who talk.Customer) (bool, error) {
	_, secret, err := s.p.Handler.State(ctx, s.channelOf(who), who.Address())
	return secret, err
}

// carrier takes some messages to the program in the place of the fake channel.
type carrier interface {
	adapter(clock prepaid.Clock) channels.Adapter
	channel() string // that the adapter speaks
	carries(in talk.Inbound) bool
	// carry answers as the fake channel does.
	carry(ctx context.Context, s *Program, in talk.Inbound) (capture, error)
}

func (s *Program) channelOf(who talk.Customer) channels.Channel {
	name := "fake"
	if s.carrier != nil && s.carrier.carries(talk.Inbound{From: who}) {
		name = s.carrier.channel()
	}
	c, _ := s.p.Registry.Declared(s.setup.Brand, name)
	return c
}

// Problems implements talk.Proofreader.
func (s *Program) Problems(to talk.Customer, m talk.Message) []string {
	return proofread(s.config, s.setup.Brand, to.Kind, m)
}

// proofread finds what is wrong with a message whatever it says.
func proofread(c config.Config, brand, kind string, m talk.Message) []string {
	can, ok := channels.Of(channels.Kind(kind))
	if !ok {
		return []string{"unknown kind of channel " + kind}
	}
	var problems []string
	if b, err := c.Brand(brand); err == nil && can.Plain && !channels.IsGSM7(m.Text) && !c.Languages.NeedsOtherLetters(b) {
		problems = append(problems, "has letters that are not GSM-7")
	}
	if n := channels.Segments(m.Text).Segments; can.Segmented && n > can.MaxSegments {
		problems = append(problems, fmt.Sprintf("takes %d SMS segments, %d at most", n, can.MaxSegments))
	}
	for _, p := range m.Parts {
		if p.Text == "["+p.Key+"]" {
			problems = append(problems, "misses the prompt "+p.Key)
		}
	}
	return problems
}

// Evidence implements talk.Witness.
func (s *Program) Evidence(ctx context.Context) ([]talk.Evidence, error) {
	if _, err := s.p.DrainTranscripts(ctx); err != nil {
		return nil, err
	}
	read := scratch.TextsButMessages
	if len(s.HandedOut()) > 0 {
		read = scratch.Texts
	}
	texts, err := read(ctx, s.p.DB)
	if err != nil {
		return nil, err
	}
	evidence := []talk.Evidence{{Where: "log", Text: s.log.String()}}
	for table, text := range texts {
		evidence = append(evidence, talk.Evidence{Where: "table " + table, Text: text})
	}
	return evidence, nil
}

// HandedOut implements talk.HandsOut.
func (s *Program) HandedOut() []string {
	var codes []string
	for _, e := range s.sims.Network.Delivered(simnetwork.Filter{}) {
		if e.PIN != nil {
			codes = append(codes, e.PIN.Code.Reveal())
		}
	}
	return codes
}

// LogBuffer keeps a story's log.
type LogBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *LogBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *LogBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// capture is a response kept in memory.
type capture struct {
	message string // the id that the message has for the program; "": the story's
	header  http.Header
	status  int
	body    bytes.Buffer
}

func (c *capture) Header() http.Header {
	if c.header == nil {
		c.header = http.Header{}
	}
	return c.header
}

func (c *capture) WriteHeader(status int) {
	if c.status == 0 {
		c.status = status
	}
}

func (c *capture) Write(p []byte) (int, error) {
	c.WriteHeader(http.StatusOK)
	return c.body.Write(p)
}

// Points are the crash points in the order in which a purchase passes them.
func Points() []talk.Point {
	return []talk.Point{
		{Name: "begin", Meaning: "the turn has begun and nothing is done yet"},
		{Name: "order", Meaning: "the order is stored"},
		{Name: "charge", Meaning: "the gateway has charged, we have not written it down"},
		{Name: "charged", Meaning: "the charge is written down"},
		{Name: "delivery", Meaning: "the network has credited, we have not written it down"},
		{Name: "delivered", Meaning: "the delivery is written down"},
		{Name: "refund", Meaning: "the gateway has refunded, we have not written it down"},
		{Name: "mandate", Meaning: "a mandate is stored, nothing is asked of the gateway"},
		{Name: "signed", Meaning: "the gateway has made its instrument, we have not written it down"},
		{Name: "commit", Meaning: "the turn is committed, nothing is answered yet"},
	}
}

// Vocabulary is what scripts are checked against: the test brands of a configuration, prompts, flows, crash points.
func Vocabulary(c config.Config) (*talk.Vocabulary, error) {
	prompts, err := c.Languages.ForBrands(c.Brands)
	if err != nil {
		return nil, err
	}
	v := &talk.Vocabulary{Points: Points(), Keys: c.Languages.Keys()}
	for _, b := range c.Brands {
		if b.Test {
			v.Brands = append(v.Brands, b)
		}
	}
	for _, status := range topup.Statuses() {
		v.Statuses = append(v.Statuses, string(status))
	}
	v.Flows = append(v.Flows, talk.Flow{Name: "idle", States: []string{"idle"}})
	for _, f := range conversation.Flows() {
		flow := talk.Flow{Name: f.Name}
		for _, state := range f.States {
			flow.States = append(flow.States, state.Name)
		}
		for _, t := range f.Transitions {
			flow.Transitions = append(flow.Transitions, talk.Transition{From: t.From, Event: string(t.Event), To: t.To})
		}
		v.Flows = append(v.Flows, flow)
	}
	v.Prompt = func(brand, language, key string) (string, bool) {
		p := prompts[brand]
		if p == nil || p.ByLanguage[language] == nil {
			return "", false
		}
		return p.ByLanguage[language].Template(conversation.Key(key))
	}
	return v, nil
}
