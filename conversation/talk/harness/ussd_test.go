package harness

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"pulsa/channels"
	"pulsa/channels/fake"
	"pulsa/channels/ussd"
	"pulsa/channels/ussd/ussdtest"
	"pulsa/conversation/talk"
	"pulsa/prepaid"
	"pulsa/prepaid/race"
)

const storyToken = "bcdfghjklmnpqrstvwxz"

// gatewayCarrier takes what is typed on USSD through a gateway, in its form, to the adapter.
type gatewayCarrier struct {
	preset string
	opens  opening
	spy    *spiedUSSD

	mu     sync.Mutex
	phones map[prepaid.Address]*storyPhone
}

// storyPhone is a customer's phone.
type storyPhone struct {
	ussdtest.Phone

	opens   opening
	session string
	last    string // the story's id of the last message
	asked   []byte // its request
	ended   int    // sessions so far, where a story names none
}

// spiedUSSD is the adapter, and what it was last given by each address.
type spiedUSSD struct {
	*ussd.Adapter

	mu    sync.Mutex
	ids   map[prepaid.Address]string
	texts map[prepaid.Address]string
}

func (u *spiedUSSD) Receive(r *http.Request, c channels.Channel) (channels.Received, error) {
	got, err := u.Adapter.Receive(r, c)
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, in := range got.Messages {
		u.ids[in.Address] = in.ID
	}
	return got, err
}

func (u *spiedUSSD) Respond(w http.ResponseWriter, c channels.Channel, in channels.Inbound, parts []channels.Outbound) error {
	u.mu.Lock()
	var texts []string
	for _, p := range parts {
		texts = append(texts, p.Text)
	}
	u.texts[in.Address] = strings.Join(texts, "\n")
	u.mu.Unlock()
	return u.Adapter.Respond(w, c, in, parts)
}

func (g *gatewayCarrier) adapter(clock prepaid.Clock) channels.Adapter {
	g.spy = &spiedUSSD{Adapter: ussd.New(clock), ids: map[prepaid.Address]string{}, texts: map[prepaid.Address]string{}}
	return g.spy
}

func (g *gatewayCarrier) channel() string { return "ussd" }

func (g *gatewayCarrier) carries(in talk.Inbound) bool { return in.From.Kind == talk.USSD }

func (g *gatewayCarrier) phone(ctx context.Context, s *Program, who talk.Customer) *storyPhone {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := g.phones[who.Address()]
	if p == nil {
		p = &storyPhone{opens: g.opens, Phone: ussdtest.Phone{
			Gateway: g.preset, URL: "http://127.0.0.1/webhooks/" + s.setup.Brand + "/ussd?token=" + storyToken, Number: who.Number, Code: "123", Nameless: true,
		}}
		g.phones[who.Address()] = p
	}
	p.Do = func(r *http.Request) (*http.Response, error) { // over the wire, but for the network
		var sent bytes.Buffer
		if err := r.Write(&sent); err != nil {
			return nil, err
		}
		got, err := http.ReadRequest(bufio.NewReader(&sent))
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(got.Body)
		for tries := 0; err == nil; tries++ { // as Program.deliver does
			got.Body = io.NopCloser(bytes.NewReader(body))
			w := httptest.NewRecorder()
			s.p.Webhooks.ServeHTTP(w, got)
			if w.Code != http.StatusServiceUnavailable || tries == redeliveries || s.life.cut.Load() {
				return w.Result(), nil
			}
			err = s.clock.Sleep(ctx, redeliverAfter)
		}
		return nil, err
	}
	return p
}

var footer = regexp.MustCompile(`\n(?:(98|00)\. [^\n]*)?(?:\n?0\. [^\n]*)?$`)

func (g *gatewayCarrier) carry(ctx context.Context, s *Program, in talk.Inbound) (capture, error) {
	p := g.phone(ctx, s, in.From)
	screen, err := p.takes(in)
	if err != nil {
		return capture{}, err
	}
	address := in.From.Address()
	g.spy.mu.Lock()
	answer := capture{message: g.spy.ids[address], status: http.StatusOK}
	whole := g.spy.texts[address]
	g.spy.mu.Unlock()
	var pages []string
	for {
		cut := footer.FindStringSubmatchIndex(screen.Text)
		if len(pages) == 0 && (cut == nil || cut[2] < 0) { // one page has no footer
			pages = append(pages, screen.Text)
			break
		}
		if cut == nil {
			cut = []int{len(screen.Text), 0, -1}
		}
		pages = append(pages, screen.Text[:cut[0]])
		if cut[2] < 0 {
			break
		}
		if screen.Ends {
			return answer, fmt.Errorf("a session ends on a page that is not the last: %q", screen.Text)
		}
		if screen, err = p.Type(screen.Text[cut[2]:cut[3]]); err != nil {
			return answer, err
		}
	}
	if got, want := strings.Fields(strings.Join(pages, " ")), strings.Fields(whole); !slices.Equal(got, want) {
		return answer, fmt.Errorf("the pages say %q, not %q", got, want)
	}
	if screen.Ends {
		p.session = ""
	}
	replies := []fake.Reply{}
	if whole != "" {
		replies = append(replies, fake.Reply{Text: whole, Ends: screen.Ends})
	}
	err = json.NewEncoder(&answer.body).Encode(map[string][]fake.Reply{"replies": replies})
	return answer, err
}

// takes types what a story says, or dials it.
func (p *storyPhone) takes(in talk.Inbound) (ussdtest.Screen, error) {
	if in.ID == p.last {
		r, err := http.NewRequest(http.MethodPost, p.URL, bytes.NewReader(p.asked))
		if err != nil {
			return ussdtest.Screen{}, err
		}
		return p.Ask(r)
	}
	inputs, dials := channels.ReadDialled(in.Text)
	session := in.Session
	if session == "" && p.session == "" {
		p.ended++
		session = fmt.Sprint("open", p.ended)
	} else if session == "" {
		session = p.session
	}
	var screen ussdtest.Screen
	var err error
	if dials && !in.Typed {
		screen, err = p.Dial(session, inputs...)
	} else {
		switch {
		case session == p.session:
		case p.opens == afterTheMenu:
			if screen, err = p.Dial(session); err != nil {
				return screen, err
			}
		default:
			p.Join(session)
		}
		screen, err = p.Type(in.Text)
	}
	p.session, p.last = session, in.ID
	if r, requestErr := p.Request(); requestErr == nil {
		p.asked, _ = io.ReadAll(r.Body)
	}
	return screen, err
}

// notPlayed are the beginnings of the names of stories that a gateway can't play, and why.
var notPlayed = []struct {
	gateways, why string
	stories       []string
}{
	{"all", "no phone sends a photo there", []string{"The mandate is shown again when asked, and only then", "Nonsense out of nothing"}},
	{"all", "a messenger tells the customer's language", []string{"Who greets is welcomed, wherever nothing is asked: hoi"}},
	{
		"arkesel beem emergent nalo southpawsl", "no message has a number, so that what is sent again after its answer was typed again: " +
			"app TestWhatComesTwiceWithoutANumberIsToldByTime",
		[]string{
			"A message that is delivered twice buys once", "A message with a card that is delivered twice spends it once", "An account is closed, asked twice",
			"Killed after commit in the middle of a registration", "Killed after commit while a mandate is made", "A restart in good order loses nothing",
		},
	},
	{"southpawsl", "nothing tells what was dialled from what looks so", []string{`Texts that mean nothing: \*123#`}},
	{"africastalking", "what comes first was dialled, and opens the menu where nobody understands it", []string{"EXIT while buying", "Texts that mean nothing"}},
	{"africastalking", "as above: played after the menu", menuFirst},
}

// menuFirst are stories that Africa's Talking plays in a session that was opened before.
var menuFirst = []string{"What was meant is asked, with amount and number", "Other words"}

// saidInEnglish are stories in which a stranger says an English word, which is answered in English where nobody tells their language.
var saidInEnglish = []string{
	"Register with an IBAN, and buy", "Where a customer is linked, and one address fewer", "REGISTER begins a registration",
	"CANCEL with nothing going on, and a yes", "Without a button, none is told of", "HELP, STATUS, EXIT, BACK and START of a stranger",
	"Who greets is welcomed, wherever nothing is asked: hello",
}

func begins(name string, with []string) bool {
	return slices.ContainsFunc(with, func(w string) bool { return strings.HasPrefix(name, w) })
}

func plays(gateway, name string) bool {
	for _, not := range notPlayed {
		if (not.gateways == "all" || slices.Contains(strings.Fields(not.gateways), gateway)) && begins(name, not.stories) {
			return false
		}
	}
	return true
}

// TestStoriesThroughEveryGateway plays the stories of USSD in English in the form of each preset; PULSA_STORIES=hubtel in that of one,
// PULSA_STORIES=all in all languages.
func TestStoriesThroughEveryGateway(t *testing.T) {
	if race.Enabled() {
		t.Skip("TestStories plays them, and nothing here runs at the same time")
	}
	_, v := storyVocabularyFor(t)
	dialled, which := loadAll(t, v, storyFolder), os.Getenv("PULSA_STORIES")
	dialled.Stories = slices.DeleteFunc(dialled.Stories, func(s *talk.Story) bool { return s.Channel != talk.USSD })
	languages := []string{"en"}
	if which == "all" {
		languages = append(languages, "nl")
	}
	for _, not := range notPlayed {
		for _, name := range not.stories {
			if !slices.ContainsFunc(dialled.Stories, func(s *talk.Story) bool { return strings.HasPrefix(s.Name, name) }) {
				t.Errorf("no story is named %q", name)
			}
		}
	}
	for _, preset := range ussdtest.Gateways() {
		if which != "" && which != "all" && which != preset {
			continue
		}
		t.Run(preset, func(t *testing.T) {
			t.Parallel()
			for _, language := range languages {
				playThrough(t, preset, language, dialled, typedAtOnce, func(name string) bool { return plays(preset, name) })
				if preset == "africastalking" {
					playThrough(t, preset, language, dialled, afterTheMenu, func(name string) bool { return begins(name, menuFirst) })
				}
			}
		})
	}
}

// opening is how a story's text that is not dialled begins a session.
type opening string

const (
	typedAtOnce  opening = "typed at once"
	afterTheMenu opening = "after the menu"
)

// playThrough plays the stories of one language, which is the brand's first: no gateway tells a stranger's.
func playThrough(t *testing.T, preset, language string, all *talk.Scripts, opens opening, plays func(name string) bool) {
	t.Helper()
	c, _ := storyVocabularyFor(t)
	scripts := *all
	scripts.Stories = slices.DeleteFunc(slices.Clone(all.Stories), func(s *talk.Story) bool {
		return s.Language != language || !plays(s.Name) || language != "en" && begins(s.Name, saidInEnglish)
	})
	for _, b := range c.Brands {
		others := slices.DeleteFunc(slices.Clone(b.Languages), func(l string) bool { return l == language })
		b.Languages = append([]string{language}, others...)
		for i := range b.Channels {
			if line := &b.Channels[i]; line.Type == ussd.Type {
				line.Settings["preset"], line.Secrets["token"] = preset, prepaid.NewSecret(storyToken)
			}
		}
	}
	m, err := NewMaker(t.Context(), c, "", "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}()
	m.carrier = func() carrier {
		return &gatewayCarrier{preset: preset, opens: opens, phones: map[prepaid.Address]*storyPhone{}}
	}
	report := talk.Run(t.Context(), m, &scripts, talk.Options{})
	if passed := report.Count(talk.Passed); passed < len(scripts.Stories) || passed == 0 {
		var text bytes.Buffer
		if err := report.WriteText(&text, false); err != nil {
			t.Error(err)
		}
		t.Errorf("%d of %d stories passed:\n%s", passed, len(scripts.Stories), withoutPassed(text.String()))
	}
}
