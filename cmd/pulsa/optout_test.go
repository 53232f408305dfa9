package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"pulsa/accounts"
	"pulsa/prepaid"

	simnetwork "pulsa/sim/network"
)

func TestOperatorsTellByHandWhatNoChannelCan(t *testing.T) {
	o := newOffice(t)
	p := o.program()
	ctx := t.Context()
	a := prepaid.Address("tel:" + testNumber)
	for id, why := range map[prepaid.NoticeID]prepaid.HeldFor{"nbcd": prepaid.HeldNoWay, "nfgh": prepaid.HeldByStop} {
		_, err := p.DB.Writer().ExecContext(ctx, `
			INSERT INTO notices (id, brand, channel, kind, address, language, about, order_id, due_at, created_at)
			VALUES (?, 'demo', 'fake', 'sms', ?, 'en', 'instrument_ended', '', 1, 1)`, id, a)
		if err == nil {
			err = p.DB.Notices.Hold(ctx, id, why, p.Clock.Now())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	page := scrape(t, p.Metrics)
	for _, want := range []string{`pulsa_news_untold{brand="demo",why="carrier"} 1`, `pulsa_news_untold{brand="demo",why="stop"} 1`, `pulsa_news_untold_seconds{brand="demo",why="carrier"} `} {
		if !strings.Contains(page, want) {
			t.Errorf("no metric %s", want)
		}
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	o.does("nbcd", "customers", "untold", "--brand", "demo")
	o.does(`"why":"texted STOP: told when they write"`, "customers", "untold", "--json")
	if out, _ := o.pulsa("doctor"); !strings.Contains(out, "1 pieces of news reach their customers on no channel") {
		t.Errorf("the doctor says %s", out)
	}
	o.fails("--reason", "customers", "untold", "--told", "nbcd")
	o.does("nbcd was told", "customers", "untold", "--told", "nbcd", "--reason", "ticket 4711: told by phone")
	o.fails("no news with that id", "customers", "untold", "--told", "nbcd", "--reason", "again")
	o.does("ticket 4711: told by phone", "customers", "show", testNumber, "--brand", "demo")
	if out := o.does("nfgh", "customers", "untold"); strings.Contains(out, "nbcd") {
		t.Errorf("what was told by hand still waits: %s", out)
	}
}

// The real adapters, and servers in their providers' place.

func TestASTOPThatTwilioTakesForItsOwnIsKnownForOne(t *testing.T) {
	l := newLine(t, "twilio")
	l.r.customer(testNumber)
	l.v.refuseWith(sendCall, refused{status: 400, body: `{"code":21610,"message":"unsubscribed","status":400}`})
	l.wants(l.says("STOP"), "") // Twilio passes the word on, has answered, and takes no message of ours
	await(t, "the opt-out at the carrier is known", func() bool { return l.out().At("twilio") }, nil)
	l.v.accept(sendCall)
	l.wants(l.says("KOOP 10 "+testPIN), "did nothing with what you sent")
	l.wants(l.says("START"), "Welcome back")
	if out := l.out(); !out.None() {
		t.Errorf("%+v", out)
	}
	l.wants(l.says("KOOP 10 "+testPIN), "was added")
	l.says("STOP") // and where Twilio leaves the word to us
	l.wants(l.hears(), "no more messages")
	l.wants(l.says("KOOP 20 "+testPIN), "was added")
}

func TestARefusalThatTwilioReportsLaterIsAnOptOut(t *testing.T) {
	l := newLine(t, "twilio")
	l.r.customer(testNumber)
	l.wants(l.says("KOOP 10 "+testPIN), "was added")
	if err := l.r.Sims.Network.TakeBack(t.Context(), simnetwork.Filter{MSISDN: "31612345678"}); err != nil {
		t.Fatal(err)
	}
	l.r.Clock.(*skipClock).skip(time.Minute)
	news := l.v.await(l.at(), 1)
	_, query, _ := strings.Cut(news.callback, "?")
	form := url.Values{"MessageSid": {"SM1"}, "MessageStatus": {"failed"}, "ErrorCode": {"21610"}, "To": {testNumber}, "AccountSid": {"AC0123"}}
	for range 2 {
		if _, status := l.r.postTwilio("demo/twilio?"+query, form); status != http.StatusOK {
			t.Fatalf("the report is answered %d", status)
		}
	}
	l.r.hears(news.text) // by the brand's SMS channel, which is another one here
	if out := l.out(); out.ByWord || !out.At("twilio") {
		t.Errorf("%+v", out)
	}
	l.wants(l.says("KOOP 20 "+testPIN), "did nothing with what you sent")
}

func TestAnAnswerThatABlockedBotCanNotGiveIsToldElsewhere(t *testing.T) {
	l := newLine(t, "telegram")
	l.r.customer(testNumber)
	l.r.links(t, l.address())
	l.v.refuseWith("sendMessage", refused{status: 403, body: `{"ok":false,"error_code":403,"description":"Forbidden: bot was blocked by the user"}`})
	if status := l.r.postTelegram(telegramUpdate(1, telegramChat, `"text":"KOOP 10 `+testPIN+`"`)); status != http.StatusOK {
		t.Fatal(status)
	}
	await(t, "the block is known", func() bool { return l.out().At("telegram") }, nil)
	await(t, "the SMS tells", func() bool {
		l.r.Clock.(*skipClock).skip(30 * time.Second)
		sent, err := l.r.DB.Outbox.OutboundTo(t.Context(), "demo", "fake", "tel:"+testNumber, 0, 9)
		return err == nil && len(sent) == 1 && strings.Contains(sent[0].Text, "was added")
	}, nil)
	l.v.accept("sendMessage")
	l.sent = 1
	l.wants(l.says("STATUS"), "was added") // who writes has unblocked us
	if out := l.out(); !out.None() {
		t.Errorf("%+v", out)
	}
}

func (l *line) out() accounts.OptOut {
	l.r.t.Helper()
	out, err := l.r.Accounts.OptedOut(l.r.t.Context(), "demo", l.address())
	if err != nil {
		l.r.t.Fatal(err)
	}
	return out
}

func (r *running) links(t *testing.T, a prepaid.Address) {
	t.Helper()
	c, err := r.Accounts.ByAddress(t.Context(), "demo", "tel:"+testNumber)
	if err == nil {
		err = r.Accounts.Link(t.Context(), c, accounts.Place{Address: a, Channel: "fake", Kind: "telegram"})
	}
	if err != nil {
		t.Fatal(err)
	}
}
