package phone_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pulsa/channels"
	"pulsa/prepaid"
)

const markup = `<script>alert(1)</script><img src=x onerror=alert(1)> "' & {{.}} http://evil.example/<b>`

func TestWhatPeopleTypeIsTextNeverMarkup(t *testing.T) {
	p := newPhone(t)
	p.answer = func(in channels.Inbound) ([]channels.Outbound, error) {
		return []channels.Outbound{{Text: in.Text, Buttons: []channels.Choice{{ID: `"><script>`, Label: `<i>'"`}}}}, nil
	}
	for _, kind := range []string{"sms", "telegram", "whatsapp", "ussd"} {
		_, body := p.send(kind, "text", markup)
		lacks(t, body, "<script", "<img", "<b>", "<i>", `onerror="`)
		contains(t, body, "&lt;script&gt;alert(1)&lt;/script&gt;", "{{.}}")
	}
	_, body := p.send("telegram", "button", "x", "label", markup)
	lacks(t, body, "<script", "<img")
}

func TestOnlyTheBrandsLinksAreLinks(t *testing.T) {
	p := newPhone(t)
	p.answer = func(channels.Inbound) ([]channels.Outbound, error) {
		return []channels.Outbound{{Text: `Pay here: https://pay.example/x?a=1&b=2. Not javascript:alert(1), "http://two.example/".`}}, nil
	}
	_, body := p.send("sms", "text", "http://mine.example/")
	contains(t, body, `<a href="https://pay.example/x?a=1&amp;b=2" target="_blank" rel="noopener">`, `<a href="http://two.example/"`)
	lacks(t, body, `href="http://mine.example/`, `href="javascript`)
	if n := strings.Count(body, "<a "); n != 2 {
		t.Errorf("%d links", n)
	}
}

func TestSegmentsAndCostAreShown(t *testing.T) {
	for _, c := range []struct{ kind, text, want string }{
		{"sms", "KOOP", "1 segment, EUR 0.075<"},
		{"sms", strings.Repeat("a", 161), "2 segments, EUR 0.15<"},
		{"sms", strings.Repeat("ë", 71), "2 segments, EUR 0.15, UCS-2<"},
		{"sms", "", "0 segments, EUR 0.00<"},
		{"telegram", "é😀", "3 characters<"},
		{"whatsapp", "a", "1 character<"},
		{"ussd", "a€", "3 of 182 characters<"},
	} {
		p := newPhone(t)
		_, body := p.send(c.kind, "text", c.text)
		_, mine, _ := strings.Cut(body, "<article")
		mine, _, _ = strings.Cut(mine, "</article>")
		contains(t, mine, c.want)
	}
	p := newPhone(t)
	_, body := p.send("sms", "text", strings.Repeat("a", 161))
	contains(t, body, `data-segments="2" data-cost="1500"`)
}

func TestEachKindIsTakenOn(t *testing.T) {
	sms, _ := channels.Of(channels.SMS)
	telegram, _ := channels.Of(channels.Telegram)
	sms.Deletes, telegram.InResponse = true, true
	for _, c := range []struct {
		name string
		kind string
		form []string
		want channels.Inbound
	}{
		{"text", "sms", []string{"text", " KOOP 10\r\n\xff "}, channels.Inbound{Address: "tel:" + number, Text: "KOOP 10\n�", Can: sms}},
		{"button", "telegram", []string{"text", "x", "button", "sepa", "label", "SEPA"},
			channels.Inbound{Address: "telegram:31612345678", Button: "sepa", Can: telegram}},
		{"contact", "telegram", []string{"contact", "own"},
			channels.Inbound{Address: "telegram:31612345678", Contact: &channels.Contact{MSISDN: "31612345678", Own: true}, Can: telegram}},
		{"contact where there are none", "sms", []string{"contact", "own"}, channels.Inbound{Address: "tel:" + number, Attachment: true, Can: sms}},
		{"photo", "sms", []string{"photo", "1"}, channels.Inbound{Address: "tel:" + number, Attachment: true, Can: sms}},
	} {
		p := newPhone(t)
		p.send(c.kind, c.form...)
		c.want.Language = "nl"
		ignored := cmpopts.IgnoreFields(channels.Inbound{}, "ID", "MessageRef", "ReceivedAt", "Deadline")
		if diff := cmp.Diff([]channels.Inbound{c.want}, p.got, ignored); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
			continue
		}
		in := p.got[0]
		if in.ID == "" || in.MessageRef != in.ID || in.ReceivedAt.IsZero() || !in.Deadline.After(in.ReceivedAt) {
			t.Errorf("%s: %+v", c.name, in)
		}
	}
}

func TestButtonsAndContactCanBeTapped(t *testing.T) {
	p := newPhone(t)
	p.answer = func(channels.Inbound) ([]channels.Outbound, error) {
		return []channels.Outbound{{Text: "How?", AskContact: true, Buttons: []channels.Choice{{ID: "sepa", Label: "SEPA direct debit", Question: 17}}}}, nil
	}
	_, body := p.send("telegram", "text", "hi")
	contains(t, body, `<button type="button" hx-post="/phone/messages"`, ">SEPA direct debit</button>", ">Share my number</button>",
		`hx-vals="{&#34;button&#34;:&#34;17.sepa&#34;,&#34;label&#34;:&#34;SEPA direct debit&#34;}"`)
	_, body = p.send("telegram", "button", "sepa", "label", "SEPA direct debit")
	contains(t, body, `<p class="text">SEPA direct debit</p>`)
}

func TestABotDeletesWhatHeldASecretAndAPhoneKeepsIt(t *testing.T) {
	p := newPhone(t)
	p.answer = func(in channels.Inbound) ([]channels.Outbound, error) {
		return []channels.Outbound{{Text: "Thanks", DeleteRef: in.MessageRef}}, nil
	}
	_, body := p.send("telegram", "text", "4821")
	lacks(t, body, `<p class="text">4821`)
	contains(t, body, "Deleted by the bot")
	_, body = p.send("sms", "text", "4821")
	contains(t, body, `<p class="text">4821</p>`)
}

func TestOnUSSDACodeIsDialledAndAnsweredInItsSession(t *testing.T) {
	p := newPhone(t)
	p.answer = func(in channels.Inbound) ([]channels.Outbound, error) {
		return []channels.Outbound{{Text: "What would you like?", Ends: in.Text == "4821"}}, nil
	}
	session := func(body string) string {
		_, after, found := strings.Cut(body, `<input type="hidden" id="session" name="session" value="`)
		id, rest, _ := strings.Cut(after, `"`)
		if !found || !strings.HasPrefix(rest, ` hx-swap-oob="true">`) {
			t.Errorf("the page is not told of the session:\n%s", body)
		}
		return id
	}
	_, body := p.send("ussd", "text", "*123*10#")
	opened := session(body)
	contains(t, body, `&#34;dialled&#34;:true`)
	if diff := cmp.Diff(&channels.Dial{Session: opened, Inputs: []string{"10"}}, p.got[0].Dial); diff != "" || opened == "" || p.got[0].Text != "10" {
		t.Errorf("dialled: %+v %s", p.got[0], diff)
	}
	_, body = p.send("ussd", "text", "1", "session", opened)
	if diff := cmp.Diff(&channels.Dial{Session: opened, Inputs: []string{"1"}}, p.got[1].Dial); diff != "" || session(body) != opened {
		t.Errorf("typed: %s", diff)
	}
	_, body = p.send("ussd", "text", "4821", "session", opened)
	contains(t, body, "The session has ended.")
	if session(body) != "" {
		t.Error("the session goes on after its end")
	}
	_, body = p.send("sms", "text", "*123#")
	lacks(t, body, "session")
	if in := p.got[3]; in.Dial != nil || in.Text != "*123#" {
		t.Errorf("by SMS: %+v", in)
	}
}

func TestTheServiceCodeIsThereToBeDialled(t *testing.T) {
	p := newPhone(t)
	page := func(kind string) string {
		return second(p.do("GET", "/?brand=demo&number=%2B31612345678&kind="+kind, nil))
	}
	contains(t, page("ussd"), `id="code" name="text" type="tel" value="*123#"`, ">Dial</button>", "Dial *123# to begin.")
	lacks(t, page("sms"), `id="code"`, "Dial")
	p.lines[1].Brand.Channels = []prepaid.ChannelConfig{{Name: "fake"}, {Name: "ussd", Settings: map[string]string{"service_code": "*384*20#"}}}
	contains(t, page("ussd"), `value="*384*20#"`)
}
