package app

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"pulsa/app/apptest"
	"pulsa/prepaid"
	"pulsa/topup"
)

// nameless is somebody on WhatsApp whose number it does not tell.
type nameless struct {
	*line
	id string
}

func (n *nameless) says(form ...string) string {
	n.r.t.Helper()
	n.sent++
	f := url.Values{"MessageSid": {fmt.Sprintf("SMn%d", n.sent)}, "AccountSid": {"AC0123"}, "From": {"whatsapp:" + n.id}, "To": {"whatsapp:" + apptest.WhatsAppNumber}, "NumMedia": {"0"}}
	f.Set("Body", form[0])
	for i := 1; i+1 < len(form); i += 2 {
		f.Set(form[i], form[i+1])
	}
	texts, status := n.r.postTwilio("demo/whatsapp", f)
	if status != http.StatusOK {
		n.r.t.Fatalf("%q is answered %d", form, status)
	}
	return strings.Join(texts, " ")
}

func TestAnIDOfWhatsAppThatChangesIsFoundAgain(t *testing.T) {
	r, v := runLines(t, nil)
	r.customer(apptest.Number)
	l := &nameless{line: &line{r: r, v: v, channel: "whatsapp"}, id: "NL.13491208655302741918"}
	find := func(bought string) {
		t.Helper()
		l.wants(l.says("KOOP 10"), "mobile number") // the id proves nothing
		l.wants(l.says("06 12345678"), "once more")
		l.wants(l.says("06 12345678"), "code")
		l.wants(l.says("246810"), "PIN")
		l.wants(l.says(apptest.PIN), "from here too")
		l.wants(l.says(apptest.PIN), bought)
	}
	find("was added")
	l.wants(l.says("STOP"), "no more messages")
	l.id = "NL.20000000000000000001" // their number has changed
	find("Buy it again")
	out, err := r.Accounts.OptedOut(t.Context(), "demo", prepaid.Address("whatsapp:"+l.id))
	if err != nil || !out.ByWord {
		t.Errorf("STOP is forgotten: %+v, %v", out, err)
	}
	l.wants(l.says("STATUS"), "€10") // with the orders of before
	if c, err := r.Accounts.ByAddress(t.Context(), "demo", prepaid.Address("whatsapp:"+l.id)); err != nil || c.MSISDN != "31612345678" {
		t.Errorf("%+v, %v", c, err)
	}
}

// The id of before is gone, and its window with it: news goes to the number by SMS.
func TestNewsForAnIDThatIsGoneGoesToTheNumber(t *testing.T) {
	r, v := runLines(t, nil)
	r.customer(apptest.Number)
	l := &nameless{line: &line{r: r, v: v, channel: "whatsapp"}, id: "NL.13491208655302741918"}
	l.wants(l.says("KOOP 10"), "mobile number")
	l.says("06 12345678")
	l.says("06 12345678")
	l.says("246810")
	l.says(apptest.PIN)
	l.wants(l.says(apptest.PIN), "was added")
	l.takesBack(25 * time.Hour)
	r.hears("€10 was paid back")
	if n := len(v.To("whatsapp:" + l.id)); n != 0 {
		t.Errorf("%d messages to an id whose window is shut", n)
	}
}

func TestWhatWhatsAppTellsBesideWordsChangesNothing(t *testing.T) {
	l := newLine(t, "whatsapp")
	l.wants(l.says("KOOP"), "mobile number")
	before := l.state()
	for name, form := range map[string]url.Values{
		"a reaction": {"MessageType": {"reaction"}, "Body": {"👍"}}, "a deletion": {"MessageType": {"deleted"}, "Body": {""}},
		"what it does not pass on": {"MessageType": {"unsupported"}, "Body": {""}}, "nothing": {"Body": {""}},
	} {
		if answer := l.sends(form, "", ""); answer != "" || l.state() != before {
			t.Errorf("%s is answered %q, and the state is %s", name, answer, l.state())
		}
	}
	l.wants(l.sends(url.Values{"Body": {""}, "ListId": {"row 1"}, "ListTitle": {"HELP"}, "MessageType": {"interactive"}}, "", ""), "mobile number")
	l.wants(l.sends(url.Values{"Body": {"STATUS"}, "ButtonText": {"STATUS"}, "ButtonPayload": {"status-button"}, "MessageType": {"button"}}, "", ""), "")
	if n := len(l.r.latestOrders()); n != 0 {
		t.Errorf("%d orders", n)
	}
}

func (r *running) latestOrders() []topup.History {
	r.t.Helper()
	all, err := r.DB.Orders.AllOrders(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return all
}
