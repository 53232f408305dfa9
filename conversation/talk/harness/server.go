package harness

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"pulsa/app/config"
	"pulsa/channels/fake"
	"pulsa/conversation/talk"
	"pulsa/prepaid"
)

// ServerMaker plays stories on a running server, through its fake channel and the test endpoints of its admin
// listener. What only a program of one's own can do is not offered: moving the clock, crashes, outages.
type ServerMaker struct {
	server, admin string
	config        config.Config
	numbers       atomic.Int64
	http          *http.Client
}

// NewServerMaker reaches a running server: server is its public address, admin its admin listener. An error says which flag is wrong.
func NewServerMaker(ctx context.Context, server, admin string, c config.Config) (*ServerMaker, error) {
	m := &ServerMaker{
		server: strings.TrimRight(server, "/"), admin: strings.TrimRight(admin, "/"), config: c,
		http: &http.Client{Timeout: 30 * time.Second},
	}
	m.numbers.Store(rand.Int64N(1 << 40)) // a server remembers the customers of earlier runs
	return m, errors.Join(m.reach(ctx, "--server", m.server), m.reach(ctx, "--admin", m.admin))
}

// reach returns an error if a listener does not answer, so that no story fails because of it.
func (m *ServerMaker) reach(ctx context.Context, flag, address string) error {
	if err := config.CheckServer(flag, address); err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/healthz", nil)
	if err != nil {
		return fmt.Errorf("%s %s: %w", flag, address, err)
	}
	response, err := m.http.Do(r)
	if err != nil {
		return fmt.Errorf("%s %s: no server answers there: %w", flag, address, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: what answers there is no pulsa (%s)", flag, address, response.Status)
	}
	return nil
}

// Fresh implements talk.Maker.
func (m *ServerMaker) Fresh(brand string) (string, error) {
	b, err := m.config.Brand(brand)
	if err != nil {
		return "", err
	}
	number, err := prepaid.FreshMSISDN(b.Country, int(m.numbers.Add(1)))
	return number.String(), err
}

// New implements talk.Maker. A story can't begin with a number that the server knows already.
func (m *ServerMaker) New(ctx context.Context, setup talk.Setup) (talk.Program, error) {
	if !setup.Now.IsZero() {
		return nil, fmt.Errorf("given now: %w: the server's time is the real one", talk.ErrNotOffered)
	}
	s := &serverProgram{maker: m, setup: setup, began: time.Now().UTC(), clients: map[talk.Customer]*fake.Client{}}
	var known talk.Finding
	err := s.ask(ctx, "fact", Request{Customer: setup.Customer, Fact: &talk.Fact{Kind: talk.Registered}}, &known)
	if err != nil {
		return nil, err
	}
	if known.Holds {
		return nil, fmt.Errorf("%w: the server knows %s already", talk.ErrNotOffered, setup.Customer.Number)
	}
	if _, err := s.client(ctx, setup.Customer); err != nil {
		return nil, err
	}
	for _, g := range setup.Givens {
		if err := s.given(ctx, g); err != nil {
			return nil, fmt.Errorf("given: %w", err)
		}
	}
	return s, nil
}

// serverProgram is a running server as one story sees it.
type serverProgram struct {
	maker   *ServerMaker
	setup   talk.Setup
	began   time.Time
	clients map[talk.Customer]*fake.Client
	behaved bool // the simulators were told how to behave
}

func (s *serverProgram) client(ctx context.Context, who talk.Customer) (*fake.Client, error) {
	if c := s.clients[who]; c != nil {
		return c, nil
	}
	c := &fake.Client{Server: s.maker.server, Brand: s.setup.Brand, From: who.Number, As: who.Kind}
	s.clients[who] = c
	return c, c.SkipOld(ctx)
}

func (s *serverProgram) given(ctx context.Context, g talk.Given) error {
	switch {
	case g.Event != nil:
		return s.Do(ctx, s.setup.Customer, *g.Event)
	case g.Customer != nil:
		return s.ask(ctx, "given", Request{
			Customer: s.setup.Customer, Language: s.setup.Language, PIN: g.Customer.PIN.Reveal(), Method: g.Customer.Method,
		}, nil)
	}
	return s.ask(ctx, "given", Request{Card: &CardRequest{
		Serial: g.Card.Serial, Code: g.Card.Code.Reveal(), Amount: g.Card.Amount, Expires: g.Card.Expires, Generated: g.Card.Generated,
	}}, nil)
}

// Send implements talk.Program.
func (s *serverProgram) Send(ctx context.Context, in talk.Inbound) ([]talk.Message, error) {
	c, err := s.client(ctx, in.From)
	if err != nil {
		return nil, err
	}
	replies, err := c.Send(ctx, fakeMessageOf(in))
	if err != nil || len(replies) == 0 {
		return nil, err
	}
	m := joined(replies)
	var turn TurnAnswer
	if err := s.ask(ctx, "turn/"+in.ID, Request{Customer: in.From}, &turn); err != nil {
		return nil, err
	}
	m.Parts, m.Choices = turn.Parts, turn.Choices
	return []talk.Message{m}, nil
}

// SendTogether implements talk.Crowd.
func (s *serverProgram) SendTogether(ctx context.Context, ins []talk.Inbound) ([][]talk.Message, error) {
	answers := make([][]talk.Message, len(ins))
	errs := make([]error, len(ins))
	for _, in := range ins { // all clients are made before any message is sent
		if _, err := s.client(ctx, in.From); err != nil {
			return nil, err
		}
	}
	var wait sync.WaitGroup
	for i, in := range ins {
		wait.Go(func() { answers[i], errs[i] = s.Send(ctx, in) })
	}
	wait.Wait()
	return answers, errors.Join(errs...)
}

// Settle implements talk.Program: the server is asked to do what is due, and then what it has pushed is read.
func (s *serverProgram) Settle(ctx context.Context) ([]talk.Message, error) {
	if err := s.ask(ctx, "settle", Request{}, nil); err != nil {
		return nil, err
	}
	var messages []talk.Message
	for who, c := range s.clients {
		pushed, err := c.Outbox(ctx)
		if err != nil {
			return nil, err
		}
		for _, r := range pushed {
			m := joined([]fake.Reply{r})
			m.To = who.Address()
			for _, b := range r.Buttons {
				m.Choices = append(m.Choices, talk.Choice{Label: b.Label, Button: b.ID})
			}
			messages = append(messages, m)
		}
	}
	return messages, nil
}

// Do implements talk.Program.
func (s *serverProgram) Do(ctx context.Context, who talk.Customer, e talk.Event) error {
	if e.Kind == talk.PaymentBehaves || e.Kind == talk.NetworkBehaves {
		s.behaved = true
	}
	return s.ask(ctx, "event", Request{Customer: who, Event: &e}, nil)
}

// Check implements talk.Program.
func (s *serverProgram) Check(ctx context.Context, who talk.Customer, f talk.Fact) (talk.Finding, error) {
	if f.Kind == talk.InState {
		state, err := s.State(ctx, who)
		return is(state, f.Name), err
	}
	request := Request{Customer: who, Fact: &f, Since: s.began}
	for c := range s.clients {
		if m, err := prepaid.ParseE164(c.Number); err == nil {
			request.Numbers = append(request.Numbers, m)
		}
	}
	var finding talk.Finding
	err := s.ask(ctx, "fact", request, &finding)
	return finding, err
}

// State implements talk.Stater.
func (s *serverProgram) State(ctx context.Context, who talk.Customer) (string, error) {
	var state StateAnswer
	err := s.ask(ctx, "state", Request{Customer: who}, &state)
	return state.State, err
}

// Problems implements talk.Proofreader.
func (s *serverProgram) Problems(to talk.Customer, m talk.Message) []string {
	return proofread(s.maker.config, s.setup.Brand, to.Kind, m)
}

// Close implements talk.Program: the simulators choose by the customer's number again.
func (s *serverProgram) Close() error {
	if !s.behaved {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for _, e := range []talk.Event{{Kind: talk.PaymentBehaves}, {Kind: talk.NetworkBehaves}} {
		if err := s.ask(ctx, "event", Request{Customer: s.setup.Customer, Event: &e}, nil); err != nil {
			return err
		}
	}
	return nil
}

// ask calls a test endpoint.
func (s *serverProgram) ask(ctx context.Context, what string, request Request, into any) error {
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.maker.admin+"/test/"+s.setup.Brand+"/"+what, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := s.maker.http.Do(r)
	if err != nil {
		return fmt.Errorf("%w (is --admin the server's admin listener?)", err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	switch {
	case err != nil:
		return err
	case response.StatusCode == http.StatusNotImplemented, response.StatusCode == http.StatusNotFound:
		return fmt.Errorf("%w by the server", talk.ErrNotOffered)
	case response.StatusCode == http.StatusConflict:
		return fmt.Errorf("%w%s", talk.ErrCantHappen, strings.TrimPrefix(string(bytes.TrimSpace(text)), talk.ErrCantHappen.Error()))
	case response.StatusCode != http.StatusOK:
		return fmt.Errorf("%s: %s", what, bytes.TrimSpace(text))
	case into == nil:
		return nil
	}
	return json.Unmarshal(text, into)
}
