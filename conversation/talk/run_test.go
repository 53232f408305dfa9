package talk_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pulsa/conversation/talk"
)

// loadText loads a script, and files beside it.
func loadText(t testing.TB, text string, beside ...string) (*talk.Scripts, error) {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) string {
		return writeFile(t, filepath.Join(dir, name), text)
	}
	for i := 0; i < len(beside); i += 2 {
		write(beside[i], beside[i+1])
	}
	return talk.Load([]string{write("s.talk", text)}, toyVocabulary())
}

func writeFile(t testing.TB, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func play(t testing.TB, m *toyMaker, text string, beside ...string) *talk.Report {
	t.Helper()
	s, err := loadText(t, text, beside...)
	if err != nil {
		t.Fatal(err)
	}
	return talk.Run(context.Background(), m, s, talk.Options{})
}

func text(t testing.TB, r *talk.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteText(&b, false); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

const head = "story: S\nbrand: demo\ngiven: customer pin 4821 method sepa\n"

func TestExampleOfTheDocumentationPasses(t *testing.T) {
	s, err := talk.Load([]string{"testdata/example.talk"}, toyVocabulary())
	if err != nil {
		t.Fatal(err)
	}
	r := talk.Run(context.Background(), &toyMaker{}, s, talk.Options{})
	if r.ExitCode() != talk.ExitPassed || r.Count(talk.Passed) != 1 {
		t.Fatal(text(t, r))
	}
	if said := r.Results[0].Said; said[10].Text != "****" {
		t.Errorf("the PIN is shown as %q", said[10].Text)
	}
}

func TestStoriesThatPass(t *testing.T) {
	for name, body := range map[string]string{
		"plain text, folded":           "> KOOP 10 0000\n< That  PIN is\n  wrong.\n",
		"anything":                     "> KOOP 10 0000\n< *\n",
		"anything in the middle":       "> KOOP 10 0000\n< That*wrong.\n",
		"prompt with a value":          "> KOOP 10 [secret 4821]\n< {topup.done amount=EUR 10.00}\n",
		"value with anything":          "> KOOP 10 [secret 4821]\n< {topup.done amount=*10* number=\"+316*\"}\n",
		"prompt and text":              "> KOOP 10 [secret 4821]\n< {topup.done}*\n",
		"optional that comes":          "> KOOP 10 0000\n<? {pin.wrong}\n",
		"optional that does not":       "> silence\n<? {pin.wrong}\n",
		"optional before the one":      "> KOOP 10 0000\n<? *\n< {pin.wrong}\n",
		"nothing":                      "> silence\n< nothing\n",
		"two, and no more":             "> twice\n< {pin.wrong}\n< {error.unread}\n< nothing\n",
		"a comment behind":             "> KOOP 10 0000  # wrong\n< {pin.wrong}   # indeed\n",
		"the same message again":       "> KOOP 10 [secret 4821]\n< {topup.done}\n! again\n< {topup.done}\n= charged EUR 10.00 once\n",
		"another customer":             "! another customer\n= not registered\n> KOOP\n< {registration.ask_msisdn}\n= state registration.ask_msisdn\n",
		"a customer by number":         "! customer +31699999999\n> KOOP 10 0000\n< {pin.wrong}\n",
		"late news":                    "! network delivers after 40s\n> KOOP 10 [secret 4821]\n< {topup.working}\n! wait 31s\n! wait 9s\n< {topup.done}\n",
		"news of somebody else":        "! network delivers after 40s\n> KOOP 10 [secret 4821]\n< {topup.working}\n! another customer\n! wait 1m\n< nothing\n",
		"a crash and a new delivery":   "! crash after charge\n> KOOP 10 [secret 4821]\n< nothing\n! again\n< {topup.done}\n= charged EUR 10.00 once\n",
		"facts between the replies":    "> twice\n< {pin.wrong}\n= charged EUR 10.00 never\n< {error.unread}\n",
		"facts from the start":         "= registered\n= state idle\n> silence\n",
		"number sign is text":          "> *123#\n< {error.unread}\n",
		"photo and contact":            "> [photo]\n< {error.unread}\n> [contact]\n< {error.unread}\n> [contact +31612345678]\n< {error.unread}\n",
		"plain brackets and backslash": "> \\[photo]a\\b\\*\\{\\\\\n< {error.unread}\n",
	} {
		t.Run(name, func(t *testing.T) {
			if r := play(t, &toyMaker{}, head+body); r.Count(talk.Passed) != 1 {
				t.Error(text(t, r))
			}
		})
	}
}

func TestStoriesThatFail(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		want []string
		with func(*toy)
	}{
		"another reply":          {"> KOOP 10 0000\n< {error.unread}\n", []string{"s.talk:5: another reply came", "{error.unread}\n              = I can't read that.", "= {pin.wrong}", "state     idle", "> KOOP 10 0000"}, nil},
		"no reply":               {"> silence\n< *\n", []string{"s.talk:5: no reply came"}, nil},
		"one reply more":         {"> twice\n< {pin.wrong}\n", []string{"s.talk:5: a reply came that no line lists", "I can't read that."}, nil},
		"a reply without a line": {"> KOOP 10 0000\n", []string{"s.talk:4: a reply came that no line lists"}, nil},
		"a reply after nothing":  {"> KOOP 10 0000\n< nothing\n", []string{"s.talk:5: a reply came where there should be none"}, nil},
		"another language":       {"> KOOP 10 0000\n< {pin.wrong}\n", []string{"another reply came"}, func(t *toy) { t.setup.Language = "nl" }},
		"a wrong value":          {"> KOOP 10 [secret 4821]\n< {topup.done amount=EUR 15.00}\n", []string{"another reply came"}, nil},
		"one prompt of two":      {"> KOOP 10 0000\n< {pin.wrong} {error.unread}\n", []string{"another reply came"}, nil},
		"a fact":                 {"> silence\n= charged EUR 10.00 once\n", []string{"s.talk:5: a fact does not hold", "expected  charged EUR 10.00 once", "came      charged EUR 10.00 never"}, nil},
		"a fact without words":   {"= not registered\n", []string{"it is not so"}, nil},
		"never ends":             {"> forever\n< *\n", []string{`s.talk:4: the story "S" can't end`}, nil},
		"never rests":            {"! wait 1m\n", []string{`the story "S" can't end`, "due again and again"}, func(t *toy) { t.again = true }},
		"a panic":                {"> panic\n", []string{"s.talk:4: the program panicked: oops"}, nil},
		"a failing program":      {"! restart\n", []string{"the program failed", "restart: it did not come up"}, nil},
		"nothing to happen to":   {"! customer authenticates\n", []string{"s.talk:4: this event can't happen now", "no charge waits"}, nil},
		"a hole":                 {"> hole\n< Dear*\n", []string{"not fit to be sent: it misses a prompt or value: {name}"}, nil},
		"a secret in the log":    {"> KOOP 10 [secret 4821]\n< {topup.done}\n", []string{"a secret of the story stands in the log", `text="KOOP 10 ****"`}, func(t *toy) { t.loose = true }},
		"a given PIN in the log": {"> KOOP 10 4821\n< {topup.done}\n", []string{"a secret of the story stands in the log"}, func(t *toy) { t.loose = true }},
		"a secret in the reply":  {"> KOOP 10 [secret 4821]\n< {topup.done}\n> KOOP 10 [secret 10]\n< *\n", []string{"it shows a secret", "EUR ****.00"}, nil},
		"no such button":         {"> [button \"SEPA\"]\n", []string{"no such button", "there is none"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := play(t, &toyMaker{tamper: c.with}, head+c.body)
			got := text(t, r)
			if r.ExitCode() != talk.ExitFailed {
				t.Fatal(got)
			}
			for _, want := range c.want {
				if !strings.Contains(got, want) {
					t.Errorf("no %q in:\n%s", want, got)
				}
			}
			if strings.Contains(got, "4821") {
				t.Errorf("the report shows the PIN:\n%s", got)
			}
		})
	}
}

func TestWhatIsNotOfferedIsNotRun(t *testing.T) {
	r := play(t, &toyMaker{}, head+"! redis lost\n")
	if got := text(t, r); r.Count(talk.NotRun) != 1 || r.ExitCode() != talk.ExitPassed || !strings.Contains(got, "s.talk:4: redis lost: redis: not offered here") {
		t.Error(got)
	}
}

func TestButtonIsTappedOrItsNumberSent(t *testing.T) {
	r := play(t, &toyMaker{}, `story: Buttons
channel: sms, telegram, whatsapp
> KOOP
< {registration.ask_msisdn}
> 0612345678
< {registration.ask_msisdn_again}
> 0612345678
< {registration.ask_pin}
> [secret 4821]
< {registration.ask_pin_again}
> [secret 4821]
< {registration.ask_method}
> [button "sepa"]
< *http*
`)
	if r.Count(talk.Passed) != 3 {
		t.Error(text(t, r))
	}
}

func TestStoryRunsForEachRowChannelAndLanguage(t *testing.T) {
	r := play(t, &toyMaker{}, `story: Wrong <what>
channel: sms, telegram
language: en, nl
given: customer pin 4821 method sepa
> KOOP <amount> <pin>
< <reply>
examples:
| what   | amount | pin  | reply                       |
| PIN    | 10     | 0000 | {pin.wrong}                 |
| amount | a\|b   | 4821 | {error.unread}              |
| none   | 10     | 4821 | {topup.done amount=EUR 10*} |
`)
	if r.Count(talk.Passed) != 12 {
		t.Error(text(t, r))
	}
	if got := r.Results[4].Story.Title(); got != "Wrong amount (sms, en, row 2)" {
		t.Error(got)
	}
}

func TestIncludedLinesRunFirst(t *testing.T) {
	r := play(t, &toyMaker{}, "story: S\ninclude: registered.talk\n> KOOP 10 0000\n< {pin.wrong}\n= charged EUR 15.00 once\n",
		"registered.talk", "given: customer pin 4821 method sepa\nlanguage: nl\n\n> KOOP 15 [secret 4821]\n< {topup.done}\n")
	if r.Count(talk.Passed) != 1 || r.Results[0].Story.Language != "nl" {
		t.Error(text(t, r))
	}
}

// A server shows no prompts: their templates are compared with the text.
func TestPromptsMatchByTextAlone(t *testing.T) {
	blind := func(t *toy) { t.setup.Language = "en" }
	s, err := loadText(t, head+"> KOOP\n< {registration.ask_msisdn}\n> 0612345678\n< {registration.ask_msisdn_again}\n> 0612345678\n< {registration.ask_pin}\n"+
		"> [secret 4821]\n< {registration.ask_pin_again}\n> [secret 4821]\n< {registration.ask_method}\n> [button \"Card\"]\n< {registration.link url=http*}\n")
	if err != nil {
		t.Fatal(err)
	}
	r := talk.Run(context.Background(), blindMaker{&toyMaker{tamper: blind}}, s, talk.Options{})
	if r.Count(talk.Passed) != 1 {
		t.Error(text(t, r))
	}
}

type blindMaker struct{ *toyMaker }

type blind struct{ talk.Program }

func (m blindMaker) New(ctx context.Context, s talk.Setup) (talk.Program, error) {
	p, err := m.toyMaker.New(ctx, s)
	return blind{p}, err
}

func (b blind) Send(ctx context.Context, in talk.Inbound) ([]talk.Message, error) {
	ms, err := b.Program.Send(ctx, in)
	for i := range ms {
		ms[i].Parts, ms[i].Choices = nil, nil
	}
	return ms, err
}

func TestManyStoriesTakeNoTime(t *testing.T) {
	var script strings.Builder
	for range 1000 {
		script.WriteString(head + strings.Repeat("> KOOP 10 0000\n< {pin.wrong}\n", 10))
	}
	r := play(t, &toyMaker{}, script.String())
	if r.Count(talk.Passed) != 1000 {
		t.Error(r.Count(talk.Passed))
	}
	if r.Took.Seconds() > 60 { // it takes a fifth of a second, but the machine may be busy
		t.Errorf("a thousand stories took %s", r.Took)
	}
}
