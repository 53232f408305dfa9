package app

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pulsa/app/apptest"
	"pulsa/app/config"
	"pulsa/channels"
	"pulsa/operators"
	"pulsa/prepaid"

	simnetwork "pulsa/sim/network"
)

const (
	refundedTemplate = "HX00000000000000000000000000000001"
	workingTemplate  = "HX00000000000000000000000000000002"
)

// newLateLine is a registered customer on WhatsApp who has bought something.
func newLateLine(t *testing.T, change func(*config.Config)) *line {
	r, v := runLines(t, change)
	l := &line{r: r, v: v, channel: "whatsapp", kind: "whatsapp"}
	r.customer(apptest.Number)
	l.wants(l.says("KOOP 10 "+apptest.PIN), "was added")
	return l
}

// withTemplates gives the brand's WhatsApp templates for the news of a refund.
func withTemplates(c *config.Config) {
	for i := range c.Brands[0].Channels {
		if line := &c.Brands[0].Channels[i]; line.Type == "whatsapp" {
			line.Templates = map[string]prepaid.Template{
				"order.refunded":  {IDs: map[string]string{"en": refundedTemplate}, Variables: []string{"amount", "order"}},
				"order.refunding": {IDs: map[string]string{"en": workingTemplate}},
			}
		}
	}
}

// takesBack has the network take a delivery back, after so long: what is paid back is late news.
func (l *line) takesBack(after time.Duration) {
	l.r.t.Helper()
	l.r.Clock.(*apptest.SkipClock).Skip(after)
	if err := l.r.Sims.Network.TakeBack(l.r.t.Context(), simnetwork.Filter{MSISDN: "31612345678"}); err != nil {
		l.r.t.Fatal(err)
	}
	l.r.Clock.(*apptest.SkipClock).Skip(time.Minute)
}

// reports has Twilio report that a message came to nothing.
func (l *line) reports(m apptest.Pushed, status, code string) {
	l.r.t.Helper()
	_, query, _ := strings.Cut(m.Callback, "?")
	form := url.Values{"MessageSid": {"SM1"}, "MessageStatus": {status}, "ErrorCode": {code}, "To": {m.To}, "AccountSid": {"AC0123"}}
	if _, answered := l.r.postTwilio("demo/"+l.channel+"?"+query, form); answered != http.StatusOK {
		l.r.t.Fatalf("the report is answered %d", answered)
	}
}

// untold waits until so much news is on the operators' list, and returns why the first is.
func (l *line) untold(n int) string {
	l.r.t.Helper()
	var rows []operators.Untold
	apptest.Await(l.r.t, "the operators' list", func() (done bool) {
		var err error
		rows, err = l.r.DB.Notices.Untold(l.r.t.Context(), "demo", 9)
		return err == nil && len(rows) == n
	}, func() { l.r.Clock.(*apptest.SkipClock).Skip(5 * time.Second) })
	if n == 0 {
		return ""
	}
	return string(rows[0].Held)
}

func TestNewsWithinTheWindowIsInOurOwnWords(t *testing.T) {
	l := newLateLine(t, withTemplates)
	l.takesBack(23 * time.Hour)
	if m := l.v.Await(l.at(), 1); m.Template != "" || !strings.Contains(m.Text, "€10") {
		t.Errorf("%+v", m)
	}
}

func TestNewsAfterTheWindowGoesByTemplate(t *testing.T) {
	l := newLateLine(t, withTemplates)
	l.takesBack(24 * time.Hour)
	m := l.v.Await(l.at(), 1)
	if m.Text != "" || m.Template != refundedTemplate || !strings.HasPrefix(m.Values, `{"1":"€10","2":"`) || m.From != "whatsapp:"+apptest.WhatsAppNumber {
		t.Errorf("%+v", m)
	}
	l.wants(l.says("STATUS"), "€10") // which opens the window
	l.wants(l.says("KOOP 20 "+apptest.PIN), "was added")
}

func TestNewsWithoutATemplateGoesBySMS(t *testing.T) {
	l := newLateLine(t, nil)
	l.takesBack(25 * time.Hour)
	l.r.hears("€10 was paid back")
	if n := len(l.v.To(l.at())); n != 0 {
		t.Errorf("%d messages by WhatsApp", n)
	}
}

func TestWhatTwilioReportsAsTooLateIsToldAnotherWay(t *testing.T) {
	for name, change := range map[string]func(*config.Config){"by template": withTemplates, "by SMS": nil} {
		t.Run(name, func(t *testing.T) {
			l := newLateLine(t, change)
			l.takesBack(time.Hour) // by our reckoning the window is open
			m := l.v.Await(l.at(), 1)
			l.r.awaitSent()
			for range 2 {
				l.reports(m, "undelivered", "63016")
			}
			if change == nil {
				l.r.hears("€10 was paid back")
			} else if again := l.v.Await(l.at(), 2); again.Template != refundedTemplate {
				t.Errorf("%+v", again)
			}
			l.untold(0)
			l.r.Clock.(*apptest.SkipClock).Skip(time.Hour)
			l.r.awaitSent()
			if n, want := len(l.v.To(l.at())), map[bool]int{true: 1, false: 2}[change == nil]; n != want {
				t.Errorf("%d messages by WhatsApp, want %d", n, want)
			}
		})
	}
}

func TestNewsThatHasNoWayIsShownAtTheNextMessage(t *testing.T) {
	l := newLateLine(t, func(c *config.Config) { // no SMS line has a sender
		for _, line := range c.Brands[0].Channels {
			if line.Type == "twilio" {
				line.Settings["from"] = ""
			}
		}
		c.Brands[0].SMSChannel = "twilio"
		c.Brands[0].Channels = slices.DeleteFunc(c.Brands[0].Channels, func(line prepaid.ChannelConfig) bool { return line.Type == "fake" })
	})
	l.takesBack(25 * time.Hour)
	if why := l.untold(1); why != string(prepaid.HeldNoWay) {
		t.Errorf("held: %s", why)
	}
	answer := l.says("HELP")
	if paid, help := strings.Index(answer, "€10 was paid back"), strings.Index(answer, "KOOP"); paid < 0 || help < paid {
		t.Errorf("answered %q", answer)
	}
	l.untold(0)
	if answer := l.says("HELP"); strings.Contains(answer, "paid back") {
		t.Errorf("told twice: %q", answer)
	}
}

// How an order ended is an answer, which who has texted STOP gets as well: by SMS where WhatsApp's window is shut.
func TestHowAnOrderEndedGoesBySMSAfterSTOPToo(t *testing.T) {
	l := newLateLine(t, nil)
	l.wants(l.says("STOP"), "no more messages")
	l.takesBack(25 * time.Hour)
	l.r.hears("€10 was paid back")
	l.untold(0)
}

func TestNewsThatDidNotArriveIsShownAtTheNextMessage(t *testing.T) {
	l := newLateLine(t, withTemplates)
	l.takesBack(25 * time.Hour)
	l.reports(l.v.Await(l.at(), 1), "failed", "63024")
	if why := l.untold(1); why != string(prepaid.HeldUndelivered) {
		t.Errorf("held: %s", why)
	}
	l.wants(l.says("HELP"), "€10 was paid back")
	l.untold(0)
}

func TestMessagesGoToTheNumberAsWhatsAppWritesIt(t *testing.T) {
	r, v := runLines(t, nil)
	form := url.Values{"MessageSid": {"SM1"}, "AccountSid": {"AC0123"}, "From": {"whatsapp:+5215512345678"}, "To": {"whatsapp:" + apptest.WhatsAppNumber}, "Body": {"HELP"}, "NumMedia": {"0"}}
	if _, status := r.postTwilio("demo/whatsapp", form); status != http.StatusOK {
		t.Fatal(status)
	}
	r.put("demo", "whatsapp", "tel:+525512345678", "news") // one person, one number
	v.Await("whatsapp:+5215512345678", 1)
}

func TestAChannelWithoutASenderRepliesOnly(t *testing.T) {
	env := apptest.ProviderEnv()
	delete(env, "TWILIO_FROM")
	v := apptest.NewProvider(t)
	r := runDemo(t, env, func(c *config.Config) {
		c.PublicURL = apptest.PublicURL
		v.Connect(c)
	})
	l := &line{r: r, v: v, channel: "twilio", kind: "sms"}
	r.customer(apptest.Number)
	l.wants(l.says("KOOP 10 "+apptest.PIN), "was added")
	l.takesBack(time.Minute)
	r.hears("€10 was paid back") // by the brand's SMS channel, which has one
	said := ""
	for _, s := range r.Registry.List(t.Context()) {
		if s.Channel.Name == "twilio" {
			said = operators.ListedChannel{On: s.On, RepliesOnly: s.RepliesOnly}.State()
		}
	}
	if said != "on, replies only" {
		t.Errorf("the channel is %q", said)
	}
	if r.Registry.Pushes(t.Context(), "demo", "twilio") || len(r.Registry.Ways(t.Context(), "demo", "tel:"+apptest.Number)) != 1 {
		t.Error("a channel without a sender counts as able to push")
	}
}

// smsLine is a customer whose SMS goes by Twilio.
func smsLine(t *testing.T) *line {
	r, v := runLines(t, func(c *config.Config) { c.Brands[0].SMSChannel = "twilio" })
	v.Clock = r.Clock
	l := &line{r: r, v: v, channel: "twilio", kind: "sms"}
	r.customer(apptest.Number)
	l.wants(l.says("KOOP 10 "+apptest.PIN), "was added")
	return l
}

// doubts waits until so many messages are in doubt.
func (l *line) doubts(n int) {
	l.r.t.Helper()
	apptest.Await(l.r.t, "messages in doubt", func() bool {
		counts, err := l.r.DB.Outbox.CountDoubtful(l.r.t.Context())
		return err == nil && counts["demo"] == n
	}, nil)
}

func TestAnSMSWhoseAnswerWasLostIsFoundAtTwilio(t *testing.T) {
	l := smsLine(t)
	l.v.LoseAnswers(true)
	l.takesBack(time.Second)
	l.v.Await(l.at(), 1)
	l.doubts(1)
	l.v.LoseAnswers(false)
	l.r.Clock.(*apptest.SkipClock).Skip(31 * time.Second)
	l.doubts(0)
	l.r.Clock.(*apptest.SkipClock).Skip(time.Hour)
	l.r.awaitSent()
	if n := len(l.v.To(l.at())); n != 1 {
		t.Errorf("sent %d times", n)
	}
	sent, err := l.r.DB.Outbox.OutboundTo(t.Context(), "demo", "twilio", l.address(), 0, 9)
	if err != nil || len(sent) != 1 || sent[0].Delivery != "delivered" {
		t.Errorf("%+v, %v", sent, err)
	}
}

// A copy of the server dies after Twilio has taken a message, and before that is written down.
func TestWhatADeadServerHasSentIsFoundAtTwilio(t *testing.T) {
	l := smsLine(t)
	clock := l.r.Clock.(*apptest.SkipClock)
	later := clock.Now().Add(time.Hour) // so that no sender sees it
	can, _ := channels.Of(channels.SMS)
	m := channels.Outbound{ID: "bcdfghjklm", Brand: "demo", Channel: "twilio", Address: l.address(), MessageID: "news", Text: "€10 was paid back.", Can: can, CreatedAt: later,
		Doubt: channels.AgainInDoubt, AgainMark: "Again:"}
	if err := l.r.DB.Outbox.PutOutbound(t.Context(), []channels.Outbound{m}); err != nil {
		t.Fatal(err)
	}
	claimed, err := l.r.DB.Outbox.ClaimOutbound(t.Context(), later, later.Add(time.Second), 1)
	if err != nil || len(claimed) != 1 {
		t.Fatal(claimed, err)
	}
	c, a, _ := l.r.Registry.Channel(t.Context(), "demo", "twilio")
	clock.Skip(time.Hour)
	if _, err := a.Send(t.Context(), c, claimed[0]); err != nil { // and the copy dies
		t.Fatal(err)
	}
	clock.Skip(2 * time.Second) // its lease lapses
	l.r.Sender.Wake()
	l.doubts(1)
	clock.Skip(31 * time.Second)
	l.doubts(0)
	clock.Skip(time.Hour)
	l.r.awaitSent()
	if n := len(l.v.To(l.at())); n != 1 {
		t.Errorf("sent %d times", n)
	}
}

func TestAReportEndsADoubt(t *testing.T) {
	l := smsLine(t)
	l.v.LoseAnswers(true)
	l.takesBack(time.Second)
	m := l.v.Await(l.at(), 1)
	l.doubts(1)
	l.reports(m, "delivered", "")
	l.doubts(0)
	l.r.Clock.(*apptest.SkipClock).Skip(time.Hour)
	l.r.awaitSent()
	if n := len(l.v.To(l.at())); n != 1 {
		t.Errorf("sent %d times", n)
	}
}

func TestNewsAboutMoneyThatNobodyFindsGoesOnceMore(t *testing.T) {
	l := smsLine(t)
	l.v.RefuseWith(sendCall, apptest.Refused{Status: 502, Body: "<html>bad gateway</html>"}) // also the list of messages
	l.takesBack(time.Second)
	l.doubts(1)
	for range 12 {
		l.r.Clock.(*apptest.SkipClock).Skip(time.Minute - time.Second)
		var copies sync.WaitGroup
		for range 2 {
			copies.Go(func() {
				if _, err := l.r.Sender.SettleDue(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		copies.Wait()
	}
	l.v.Accept(sendCall)
	l.r.Clock.(*apptest.SkipClock).Skip(time.Minute)
	l.r.Sender.Wake()
	apptest.Await(t, "the second try has an end", func() bool {
		l.r.Clock.(*apptest.SkipClock).Skip(30 * time.Second)
		counts, err := l.r.DB.Outbox.CountDoubtful(t.Context())
		next, waits := l.r.DB.Outbox.NextOutbound(t.Context())
		return err == nil && waits == nil && next.IsZero() && counts["demo"] == 0
	}, nil)
	list := l.v.To(l.at())
	if len(list) > 1 || len(list) == 1 && !strings.HasPrefix(list[0].Text, "Again: ") {
		t.Errorf("%+v", list)
	}
	if len(list) == 0 { // the second try was lost as well: nobody is texted a third time
		if why := l.untold(1); why != string(prepaid.HeldUnknown) {
			t.Errorf("held: %s", why)
		}
		l.wants(l.says("HELP"), "€10 was paid back")
	}
}

func TestTemplatesAreCheckedAtTwilio(t *testing.T) {
	r, v := runLines(t, withTemplates)
	find := func() (all []string) {
		for _, f := range operators.CheckTemplates(t.Context(), r.Registry, lateTexts{r.Handler}) {
			all = append(all, string(f.Level)+" "+f.What+": "+f.Found)
		}
		return all
	}
	v.Keep(refundedTemplate, apptest.Template{Language: "en", Text: "We could not deliver. {{1}} was paid back, order {{2}}.", Approval: "approved"})
	for name, test := range map[string]struct {
		other apptest.Template
		want  string
	}{
		"it fits":           {apptest.Template{Language: "en_US", Text: "No luck with {{1}}: {{2}} goes back, order {{3}}.", Approval: "approved"}, "ok templates of demo/whatsapp: 2 are approved and fit"},
		"another language":  {apptest.Template{Language: "nl", Text: "{{1}} {{2}} {{3}}", Approval: "approved"}, `its language is "nl"`},
		"too few variables": {apptest.Template{Language: "en", Text: "{{1}} {{2}}", Approval: "approved"}, "its variables are {{1}} {{2}}, and the text has 3 values"},
		"names":             {apptest.Template{Language: "en", Text: "{{amount}} {{2}} {{3}}", Approval: "approved"}, "its variables are {{2}} {{3}} {{amount}}"},
		"rejected":          {apptest.Template{Language: "en", Text: "{{1}} {{2}} {{3}}", Approval: "rejected"}, "WhatsApp has not approved it: rejected"},
		"never sent there":  {apptest.Template{Language: "en", Text: "{{1}} {{2}} {{3}}"}, "never sent to WhatsApp"},
	} {
		v.Keep(workingTemplate, test.other)
		if found := find(); len(found) != 1 || !strings.Contains(found[0], test.want) {
			t.Errorf("%s: %q, want %q", name, found, test.want)
		}
	}
	empty, _ := runLines(t, withTemplates)
	found := operators.CheckTemplates(t.Context(), empty.Registry, lateTexts{empty.Handler})
	if len(found) != 2 || found[0].Level != operators.LevelError || !strings.Contains(found[0].Found, "no such template") {
		t.Errorf("%+v", found)
	}
}
