package talk_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/conversation/talk"
)

// watched plays a story and returns the program that it was played on.
func watched(t *testing.T, story string) (*talk.Report, *toy) {
	t.Helper()
	var seen *toy
	r := play(t, &toyMaker{tamper: func(p *toy) { seen = p }}, story)
	return r, seen
}

func passes(t *testing.T, story string) *toy {
	t.Helper()
	r, p := watched(t, story)
	if r.Count(talk.Passed) != len(r.Results) {
		t.Fatal(text(t, r))
	}
	return p
}

func fails(t *testing.T, story string, want ...string) {
	t.Helper()
	r, _ := watched(t, story)
	got := text(t, r)
	if r.ExitCode() != talk.ExitFailed {
		t.Fatalf("it passed:\n%s", got)
	}
	for _, w := range want {
		if !strings.Contains(got, w) {
			t.Errorf("no %q in:\n%s", w, got)
		}
	}
}

func TestANameKeepsAValueAndStandsForItInLaterLines(t *testing.T) {
	p := passes(t, head+"> echo one\n< {echo text=$o}\n> echo a$o, $other and $5\n< You said aone, $other and $5.\n< nothing\n"+
		"> echo $o\n< {echo text=$o}\n> echo $o\n< You said $o.\n> echo $o!\n< {echo text=$o!}\n")
	var sent []string
	for _, in := range p.sent {
		sent = append(sent, in.Text)
	}
	if diff := cmp.Diff([]string{"echo one", "echo aone, $other and $5", "echo one", "echo one", "echo one!"}, sent); diff != "" {
		t.Error(diff)
	}
	passes(t, head+"> echo EUR 10.00\n< {echo text=$sum}\n> KOOP 10 [secret 4821]\n< {topup.done amount=$sum number=$who}\n= charged $sum once\n"+
		"! customer $who\n> KOOP 10 [secret 4821]\n< {topup.done number=$who}\n= charged $sum twice\n")
	fails(t, head+"> echo one\n< {echo text=$o}\n> echo two\n< {echo text=$o}\n", "s.talk:7: another reply came", "You said two.")
	fails(t, head+"> silence\n<? {echo text=$o}\n> echo $o\n< *\n", "s.talk:6: nothing is kept as $o")
	fails(t, head+"> silence\n<? {echo text=$o}\n> echo x\n< You said $o.\n", "s.talk:7: nothing is kept as $o")
	fails(t, head+"> echo EUR\n< {echo text=$o}\n= charged $o once\n", "s.talk:6: with the values of its names this line can't be read: ")
}

func TestAKeptValueThatIsSentAsASecretIsHunted(t *testing.T) {
	r := play(t, &toyMaker{tamper: func(p *toy) { p.loose = true }}, head+"> echo 77665544\n< {echo text=$code}\n> KOOP 10 [secret $code]\n< {pin.wrong}\n")
	if got := text(t, r); r.ExitCode() != talk.ExitFailed || !strings.Contains(got, "a secret of the story stands in the log") || strings.Contains(got, "KOOP 10 7766") {
		t.Error(got)
	}
}

func TestNamesThatAreWrong(t *testing.T) {
	const s = "story: S\n"
	for script, want := range map[string]string{
		s + "> echo $order\n< {echo text=$order}\n":                     "s.talk:2: $order is kept by a later line; use it below the reply that keeps it",
		s + "> x\n< {echo text=$order}\n> echo $ordr\n< *\n":            "s.talk:4: no reply keeps $ordr; did you mean $order?",
		s + "> x\n< {echo text=no. $order}\n":                           "s.talk:3: $order is kept by no line before this one; write text=$order, with nothing beside it",
		s + "> x\n< {echo text=$a}\n> [contact $a]\n< *\n> [foto]\n< *": "s.talk:6: unknown [foto]; write",
	} {
		if got := strings.Join(problemsOf(t, script), "\n"); !strings.HasPrefix(got, want) {
			t.Errorf("%s\ngot  %s\nwant %s", script, got, want)
		}
	}
	if got := problemsOf(t, s+"> TOPUP $5.000 or $x\n< *\n"); got != nil {
		t.Errorf("a $ where nothing is kept: %v", got)
	}
}

func TestMessagesOfManyAreSentAtOneInstant(t *testing.T) {
	const three = "! together\n! customer +31611111111\n> echo one\n! customer +31622222222\n> echo two\n! customer +31611111111\n> echo three\n! end\n"
	p := passes(t, head+three+"< {echo text=one}\n< {echo text=three}\n< {echo text=two}\n= not registered\n> echo four\n< {echo text=four}\n")
	if len(p.together) != 1 || p.together[0] != 3 {
		t.Errorf("sent together: %v", p.together)
	}
	if last := p.sent[len(p.sent)-1]; last.From.Number != "+31611111111" {
		t.Errorf("the last one named is not the present customer: %s", last.From.Number)
	}
	p = passes(t, head+"> echo x\n< *\n! together\n! another customer\n> echo one\n< {echo text=one}\n! another customer\n! same id\n> echo one\n< {echo text=one}\n! end\n")
	if a, b := p.sent[1], p.sent[2]; a.ID != b.ID || a.From == b.From {
		t.Errorf("%+v and %+v", a, b)
	}
	fails(t, head+three+"< {echo text=one}\n< {echo text=two}\n< {echo text=three}\n", "another reply came", "> echo three")
	fails(t, head+three+"< {echo text=one}\n< {echo text=three}\n", "a reply came that no line lists")
}

func TestTogetherThatIsWrong(t *testing.T) {
	const s = "story: S\n"
	for script, want := range map[string]string{
		s + "! together\n! another customer\n> a\n":                               "s.talk:2: ! together without its end; write ! end below the last of its messages",
		s + "> a\n< *\n! end\n":                                                   "s.talk:4: ! end without ! together; write ! together above the messages that are sent at one instant",
		s + "! together\n! end\n":                                                 "s.talk:2: nothing is sent together; write ! customer +31612345678 and a > line, twice or more, before ! end",
		s + "! together\n> a\n! end\n":                                            "s.talk:3: a message within ! together that does not say whose it is; write ! customer +31612345678 or ! another customer before each >",
		s + "! together\n! another customer\n> a\n> b\n! end\n":                   "s.talk:5: a message within ! together that does not say whose it is; write ! customer +31612345678 or ! another customer before each >",
		s + "! together\n! wait 1m\n! another customer\n> a\n! end\n":             "s.talk:3: ! wait 1m within ! together; write only ! customer +31612345678, ! another customer and > lines there; put it before ! together",
		s + "! together\n! another customer\n> a\n= registered\n! end\n":          "s.talk:5: a fact within ! together; write it below ! end",
		s + "! together\n< *\n! another customer\n> a\n! end\n":                   "s.talk:3: a reply to nothing; write it below a > line, or below ! end",
		s + "! together\n! another customer\n> a\n! together\n! end\n":            "s.talk:5: ! together within ! together; write ! end before it",
		s + "! same id\n> a\n< *\n":                                               "s.talk:2: nothing was sent whose id a message could have; write a > line before it",
		s + "> a\n< *\n! same id\n":                                               "s.talk:4: no message follows that could have the same id; write a > line below it",
		s + "! together\n! another customer\n> a\n! end\n! end\n= automatic no\n": "s.talk:6: ! end without ! together",
	} {
		if got := strings.Join(problemsOf(t, script), "\n"); !strings.HasPrefix(got, want) {
			t.Errorf("%s\ngot  %s\nwant %s", script, got, want)
		}
	}
}

// blindMaker's programs offer nothing that is optional.
func TestTogetherIsNotRunWhereItIsNotOffered(t *testing.T) {
	s, err := loadText(t, head+"! together\n! another customer\n> a\n! end\n< *\n")
	if err != nil {
		t.Fatal(err)
	}
	if r := talk.Run(context.Background(), blindMaker{&toyMaker{}}, s, talk.Options{}); r.Count(talk.NotRun) != 1 {
		t.Error(text(t, r))
	}
}

func TestTheNextMessageHasTheLastOnesID(t *testing.T) {
	p := passes(t, head+"> echo a\n< {echo text=a}\n! same id\n> echo b\n< {echo text=a}\n! same id\n! another customer\n> echo c\n< {echo text=a}\n> echo d\n< {echo text=d}\n")
	var ids []string
	for _, in := range p.sent {
		ids = append(ids, in.ID)
	}
	if ids[0] != ids[1] || ids[1] != ids[2] || ids[2] == ids[3] {
		t.Errorf("ids %v", ids)
	}
}

func TestAButtonOfAnOlderQuestionIsTapped(t *testing.T) {
	const asked = "> choose\n< {choose}\n> choose else\n< {choose}\n> choose\n< {choose}\n"
	for tap, want := range map[string]string{
		`[button "Again"]`: "3.Again", `[button "Again" of 1]`: "3.Again", `[button "Again" of 2]`: "1.Again", `[button "again"  of  2]`: "1.Again",
		`[button "Else"]`: "2.Else",
	} {
		p := passes(t, strings.Replace(head, "brand", "channel: telegram\nbrand", 1)+asked+"> "+tap+"\n< *\n")
		if got := p.sent[3].Button; got != want {
			t.Errorf("%s sends %s, want %s", tap, got, want)
		}
	}
	if p := passes(t, head+asked+"> [button \"Again\" of 2]\n< *\n"); p.sent[3].Text != "1" {
		t.Errorf("where there are no buttons, its number is sent; sent %+v", p.sent[3])
	}
	fails(t, head+asked+"> [button \"Again\" of 3]\n< *\n", "no such button", "expected  Again of 3")
	fails(t, head+asked+"! another customer\n> [button \"Again\"]\n< *\n", "no such button")
	passes(t, head+"> choose\n< *\n! customer +31699999999\n> x\n< *\n! customer +31610000001\n> [button \"Again\"]\n< *\n")
	if got := problemsOf(t, "story: S\n> [button \"Again\" of two]\n< *\n"); len(got) != 1 || !strings.Contains(got[0], `write [button "SEPA"], or [button "SEPA" of 2]`) {
		t.Error(got)
	}
}

func TestACodeIsDialledOnUSSDAlone(t *testing.T) {
	const body = "> echo a\n< *\n> *123*9911#\n< *\n> two\n< *\n> bye\n< *\n> echo b\n< *\n> \\*123#\n< *\n> *123#\n< *\n"
	p := passes(t, "story: S\nchannel: ussd\n"+body)
	var in []string
	for i, m := range p.sent {
		session := "-"
		if m.Session != "" {
			session = fmt.Sprint(slices.IndexFunc(p.sent, func(n talk.Inbound) bool { return n.Session == m.Session }))
		}
		in = append(in, fmt.Sprintf("%d %s %v %s", i, session, m.Typed, m.Text))
	}
	want := []string{"0 - true echo a", "1 1 false *123*9911#", "2 1 true two", "3 1 true bye", "4 - true echo b", "5 - true *123#", "6 6 false *123#"}
	if diff := cmp.Diff(want, in); diff != "" {
		t.Errorf("number, session, typed, text: %s", diff)
	}
	for _, m := range passes(t, "story: S\nchannel: sms\n"+body).sent {
		if m.Session != "" {
			t.Errorf("on sms %q is of a session", m.Text)
		}
	}
}

func TestMoneyIsComparedAsMoney(t *testing.T) {
	for _, shown := range []string{"EUR 10.00", "€10", "€ 10,00", "10 euro", "10,00 EUR", "10,- euro", "EUR 10", "١٠٫٠٠"} {
		if shown == "١٠٫٠٠" {
			shown = "€١٠"
		}
		passes(t, head+"> echo "+shown+"\n< {echo text=EUR 10.00}\n")
	}
	for _, shown := range []string{"EUR 100.00", "EUR 1.00", "USD 10.00", "$10", "EUR -10.00", "EUR 10.005", "ten euro", "EUR 10.00 and more", "10 10"} {
		fails(t, head+"> echo "+shown+"\n< {echo text=EUR 10.00}\n", "another reply came")
	}
	for _, shown := range []string{"EUR 100,000", "EUR 1,00,000", "EUR 1,00,000.00", "EUR 100.000,00"} {
		passes(t, head+"> echo "+shown+"\n< {echo text=EUR 100000.00}\n")
	}
	for _, shown := range []string{"EUR 1,00,00", "EUR 1,000,00,000", "EUR 1,00", "EUR 10,0,000"} {
		fails(t, head+"> echo "+shown+"\n< {echo text=EUR 100000.00}\n", "another reply came")
	}
}

func TestADayIsComparedAsADay(t *testing.T) {
	for _, shown := range []string{"2026-11-05", "05-11-2026", "5-11-2026", "5.11.2026", "11/05/2026", "5 Nov 2026", "November 5, 2026"} {
		passes(t, head+"> echo "+shown+"\n< {echo text=2026-11-05}\n")
	}
	for _, shown := range []string{"2026-11-06", "5 Oct 2026", "05-11-2027", "5 Nov", "on 5 Nov 2026"} {
		fails(t, head+"> echo "+shown+"\n< {echo text=2026-11-05}\n", "another reply came")
	}
}

func TestAnAmountThatANameKeepsIsMoney(t *testing.T) {
	passes(t, head+"> echo € 10\n< {echo text=$paid}\n> echo EUR 10.00\n< {echo text=$paid}\n= charged $paid never\n")
	fails(t, head+"> echo € 10\n< {echo text=$paid}\n> echo EUR 11.00\n< {echo text=$paid}\n", "another reply came")
}

func TestAnAmountWithinAValueIsMoney(t *testing.T) {
	for _, shown := range []string{"EUR 10.00 for +31612345678", "€10 for +31612345678", "€ 10,00 voor +31612345678", "10 euro voor +31612345678"} {
		passes(t, head+"> echo "+shown+"\n< {echo text=\"EUR 10.00 * +31612345678\"}\n")
	}
	fails(t, head+"> echo €100 for +31612345678\n< {echo text=\"EUR 10.00 * +31612345678\"}\n", "another reply came")
}

func TestAStoryBeginsWhenItSays(t *testing.T) {
	p := passes(t, "story: S\ngiven: now 2028-02-28 09:00\n> silence\n")
	if want := time.Date(2028, 2, 28, 9, 0, 0, 0, time.UTC); !p.setup.Now.Equal(want) {
		t.Errorf("begins at %s", p.setup.Now)
	}
	if p := passes(t, "story: S\n> silence\n"); !p.setup.Now.IsZero() {
		t.Errorf("begins at %s", p.setup.Now)
	}
	r, p := func() (*talk.Report, *toy) {
		var seen *toy
		return play(t, &toyMaker{tamper: func(p *toy) { seen = p }}, "story: S\ninclude: i.talk\ngiven: now 2028-02-28 09:00\n> silence\n", "i.talk", "given: now 2027-01-01 09:00\n> silence\n"), seen
	}()
	if r.Count(talk.Passed) != 1 || p.setup.Now.Year() != 2028 {
		t.Errorf("a story's own time does not count before an included one: %s", p.setup.Now)
	}
}

func TestStoriesAreChosenByTagOrName(t *testing.T) {
	const stories = "story: Slow network\ntags: money slow\n> a\nstory: A wrong PIN\ntags: pin, money\n> a\nstory: Nothing\n> a\n"
	for choice, want := range map[string]string{
		"money": "Slow network|A wrong PIN", "slow": "Slow network", "PIN": "A wrong PIN", "wrong  pin": "A wrong PIN", "no": "Nothing", "mon": "", "": "",
	} {
		s, err := loadText(t, stories)
		if err != nil {
			t.Fatal(err)
		}
		err = s.Only([]string{choice})
		var names []string
		for _, story := range s.Stories {
			names = append(names, story.Name)
		}
		if got := strings.Join(names, "|"); got != want || errors.As(err, new(*talk.ChoiceError)) != (want == "") {
			t.Errorf("%q chooses %q, %v", choice, got, err)
		}
	}
	s, err := loadText(t, stories)
	if err != nil || s.Only(nil) != nil || len(s.Stories) != 3 || strings.Join(s.Tags(), " ") != "money pin slow" {
		t.Errorf("%v: %d stories, tags %v", err, len(s.Stories), s.Tags())
	}
	if err := s.Only([]string{"slow", "nothing"}); err != nil || len(s.Stories) != 2 {
		t.Errorf("%d stories of two choices", len(s.Stories))
	}
}

func TestWhatIsNotBuiltYetIsSaidSo(t *testing.T) {
	const s = "story: S\n"
	for script, want := range map[string]string{
		s + "given: automatic EUR 10.00 monthly\n> a\n":                       "s.talk:2: given: automatic is not available yet: there is no automatic top-up; take the line out until it is there",
		s + "given: automatic EUR 10.00 every 14 days\n> a\n":                 "s.talk:2: given: automatic is not available yet",
		s + "given: automatic EUR 10.00 below EUR 5.00\n> a\n":                "s.talk:2: given: automatic is not available yet",
		s + "given: automatic EUR 10.00 daily\n> a\n":                         `s.talk:2: "daily" does not say when; write automatic EUR 10.00 monthly`,
		s + "given: automatic\n> a\n":                                         "s.talk:2: an automatic top-up that lacks its amount, or when it comes; write automatic EUR 10.00 monthly",
		s + "! balance EUR 3.20\n":                                            "s.talk:2: ! balance is not available yet: no network tells balances; take the line out until automatic top-up is there",
		s + "! balance 3.20\n":                                                `s.talk:2: unknown event "balance 3.20"; write balance CURRENCY AMOUNT`,
		s + "given: now tomorrow\n> a\n":                                      `s.talk:2: "tomorrow" is not a time; write now 2028-02-28 09:00, which is UTC`,
		s + "given: now 2028-02-28 09:00\ngiven: now 2028-02-28 10:00\n> a\n": "s.talk:3: a second time to begin at; write one given: now",
		s + "= pays by cash\n":                                                `s.talk:2: unknown way to pay "cash"; write sepa, card, paypal or nothing`,
		s + "= pays by\n":                                                     `s.talk:2: unknown fact "pays by"; write pays by WORD`,
		s + "= automatic EUR 10.00\n":                                         `s.talk:2: unknown fact "automatic EUR 10.00"; write automatic EUR 10.00 monthly`,
		s + "= automatic EUR 10.00 every 0 days\n":                            `s.talk:2: "every 0 days" does not say when; write automatic EUR 10.00 monthly`,
		s + "= automatic on\n":                                                `s.talk:2: unknown fact "automatic on"; write automatic o`,
		s + "tags:\n> a\n":                                                    "s.talk:2: tags: says nothing; write tags: money slow",
		s + "! window close\n":                                                `s.talk:2: unknown event "window close"; write window closes`,
	} {
		if got := strings.Join(problemsOf(t, script), "\n"); !strings.HasPrefix(got, want) {
			t.Errorf("%s\ngot  %s\nwant %s", script, got, want)
		}
	}
}
