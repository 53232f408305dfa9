package app

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"pulsa/accounts"
	"pulsa/app/apptest"
	"pulsa/prepaid"

	simnetwork "pulsa/sim/network"
)

func TestASTOPThatTwilioTakesForItsOwnIsKnownForOne(t *testing.T) {
	l := newLine(t, "twilio")
	l.r.customer(apptest.Number)
	l.v.RefuseWith(sendCall, apptest.Refused{Status: 400, Body: `{"code":21610,"message":"unsubscribed","status":400}`})
	l.wants(l.says("STOP"), "") // Twilio passes the word on, has answered, and takes no message of ours
	apptest.Await(t, "the opt-out at the carrier is known", func() bool { return l.out().At("twilio") }, nil)
	l.v.Accept(sendCall)
	l.wants(l.says("KOOP 10 "+apptest.PIN), "did nothing with what you sent")
	l.wants(l.says("START"), "Welcome back")
	if out := l.out(); !out.None() {
		t.Errorf("%+v", out)
	}
	l.wants(l.says("KOOP 10 "+apptest.PIN), "was added")
	l.says("STOP") // and where Twilio leaves the word to us
	l.wants(l.hears(), "no more messages")
	l.wants(l.says("KOOP 20 "+apptest.PIN), "was added")
}

func TestARefusalThatTwilioReportsLaterIsAnOptOut(t *testing.T) {
	l := newLine(t, "twilio")
	l.r.customer(apptest.Number)
	l.wants(l.says("KOOP 10 "+apptest.PIN), "was added")
	if err := l.r.Sims.Network.TakeBack(t.Context(), simnetwork.Filter{MSISDN: "31612345678"}); err != nil {
		t.Fatal(err)
	}
	l.r.Clock.(*apptest.SkipClock).Skip(time.Minute)
	news := l.v.Await(l.at(), 1)
	_, query, _ := strings.Cut(news.Callback, "?")
	form := url.Values{"MessageSid": {"SM1"}, "MessageStatus": {"failed"}, "ErrorCode": {"21610"}, "To": {apptest.Number}, "AccountSid": {"AC0123"}}
	for range 2 {
		if _, status := l.r.postTwilio("demo/twilio?"+query, form); status != http.StatusOK {
			t.Fatalf("the report is answered %d", status)
		}
	}
	l.r.hears(news.Text) // by the brand's SMS channel, which is another one here
	if out := l.out(); out.ByWord || !out.At("twilio") {
		t.Errorf("%+v", out)
	}
	l.wants(l.says("KOOP 20 "+apptest.PIN), "did nothing with what you sent")
}

func TestAnAnswerThatABlockedBotCanNotGiveIsToldElsewhere(t *testing.T) {
	l := newLine(t, "telegram")
	l.r.customer(apptest.Number)
	l.r.links(t, l.address())
	l.v.RefuseWith("sendMessage", apptest.Refused{Status: 403, Body: `{"ok":false,"error_code":403,"description":"Forbidden: bot was blocked by the user"}`})
	if status := l.r.postTelegram(apptest.TelegramUpdate(1, telegramChat, `"text":"KOOP 10 `+apptest.PIN+`"`)); status != http.StatusOK {
		t.Fatal(status)
	}
	apptest.Await(t, "the block is known", func() bool { return l.out().At("telegram") }, nil)
	apptest.Await(t, "the SMS tells", func() bool {
		l.r.Clock.(*apptest.SkipClock).Skip(30 * time.Second)
		sent, err := l.r.DB.Outbox.OutboundTo(t.Context(), "demo", "fake", "tel:"+apptest.Number, 0, 9)
		return err == nil && len(sent) == 1 && strings.Contains(sent[0].Text, "was added")
	}, nil)
	l.v.Accept("sendMessage")
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
	c, err := r.Accounts.ByAddress(t.Context(), "demo", "tel:"+apptest.Number)
	if err == nil {
		err = r.Accounts.Link(t.Context(), c, accounts.Place{Address: a, Channel: "fake", Kind: "telegram"})
	}
	if err != nil {
		t.Fatal(err)
	}
}
