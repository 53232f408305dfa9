package conversation

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pulsa/channels"
	"pulsa/prepaid"
	"pulsa/topup"
)

func TestTemplatesAreChecked(t *testing.T) {
	languages, err := ReadLanguages("")
	if err != nil {
		t.Fatal(err)
	}
	ids := func(languages ...string) map[string]string {
		byLanguage := map[string]string{}
		for _, l := range languages {
			byLanguage[l] = "HX1"
		}
		return byLanguage
	}
	for _, test := range []struct {
		name, prompt string
		t            prepaid.Template
		want         string
	}{
		{"as it stands", "order.delivered", prepaid.Template{IDs: ids("en", "nl")}, ""},
		{"its values in another order", "order.refunded", prepaid.Template{IDs: ids("en"), Variables: []string{"order", "amount"}}, ""},
		{"no prompt", "order.delivred", prepaid.Template{IDs: ids("en")}, "order.delivered"},
		{"no news", "topup.ask_pin", prepaid.Template{IDs: ids("en")}, "never late news"},
		{"a PIN", "order.pin", prepaid.Template{IDs: ids("en")}, "never late news"},
		{"another language", "order.delivered", prepaid.Template{IDs: ids("de")}, "none of the brand's languages"},
		{"no value", "order.delivered", prepaid.Template{IDs: ids("en"), Variables: []string{"ammount"}}, "no value"},
		{"what news never fills in", "order.delivered", prepaid.Template{IDs: ids("en"), Variables: []string{"on"}}, "no value"},
		{"what the brand fills in", "order.declined", prepaid.Template{IDs: ids("en"), Variables: []string{"pay"}}, "no value"},
		{"twice", "order.delivered", prepaid.Template{IDs: ids("en"), Variables: []string{"order", "order"}}, "twice"},
	} {
		faults := languages.CheckTemplates(demoBrand(), map[string]prepaid.Template{test.prompt: test.t})
		text := ""
		for _, f := range faults {
			text += f.Text
		}
		if (test.want == "") != (text == "") || !strings.Contains(text, test.want) {
			t.Errorf("%s: %q", test.name, text)
		}
	}
}

func TestTemplatesSayWhatTheNewsSays(t *testing.T) {
	b := demoBrand()
	all := mustPrompts(t, b)
	say := func(said ...[]string) *Turn {
		turn := bareTurn(t, b, all, &Session{}, "")
		for _, s := range said {
			turn.Say(Key(s[0]), s[1:]...)
		}
		return turn
	}
	delivered := []string{"order.delivered", "amount", "€10", "number", "+31612345678", "order", "BKT-RMW-QXZD", "on", ""}
	returned := []string{"order.debit_returned", "amount", "€10", "order", "BKT-RMW-QXZD"}
	known := map[string]prepaid.Template{
		"order.delivered":      {IDs: map[string]string{"en": "HX1"}},
		"order.debit_returned": {IDs: map[string]string{"en": "HX2"}, Variables: []string{"order", "amount"}},
		"order.pin":            {IDs: map[string]string{"en": "HX3"}},
	}
	for _, test := range []struct {
		name string
		turn *Turn
		want []channels.Template // nil: none
	}{
		{"one text, in its order", say(delivered), []channels.Template{{ID: "HX1", Values: []string{"€10", "+31612345678", "BKT-RMW-QXZD"}}}},
		{"two texts", say(delivered, returned), []channels.Template{{ID: "HX1", Values: []string{"€10", "+31612345678", "BKT-RMW-QXZD"}}, {ID: "HX2", Values: []string{"BKT-RMW-QXZD", "€10"}}}},
		{"one of them without", say(delivered, []string{"order.gift", "amount", "€10", "number", "+31612345678"}), nil},
		{"a value is missing", say([]string{"order.delivered", "amount", "€10", "number", "", "order", "BKT"}), nil},
		{"nothing", say(), nil},
	} {
		got, ok := test.turn.templatesFor(known)
		if diff := cmp.Diff(test.want, got); diff != "" && ok || ok != (test.want != nil) {
			t.Errorf("%s: %v %s", test.name, ok, diff)
		}
	}
	secret := say([]string{"order.pin", "amount", "€10", "number", "+31612345678", "order", "BKT", "code", "1234"})
	if secret.shows = "bcdfg"; secret.shows != "" {
		if got, ok := secret.templatesFor(known); ok {
			t.Errorf("a PIN goes into a template: %+v", got)
		}
	}
	dutch := say(delivered)
	dutch.prompts = all.ByLanguage["nl"]
	if got, ok := dutch.templatesFor(known); ok {
		t.Errorf("Dutch news goes by an English template: %+v", got)
	}
}

// Whatever an order's news says may have a template.
func TestAllNewsOfOrdersMayHaveTemplates(t *testing.T) {
	for _, status := range []topup.Status{topup.Requested, topup.Charging, topup.Confirming, topup.ChargeUnknown, topup.Charged, topup.Declined, topup.Delivering, topup.Delivered,
		topup.Held, topup.DeliveryUnknown, topup.Refunding, topup.RefundUnknown, topup.RefundFailed, topup.Refunded} {
		for _, funding := range []topup.FundingKind{topup.ByCharge, topup.ByCard} {
			for _, after := range []bool{false, true} {
				o := topup.Order{Status: status, AfterDebit: after}
				o.Funding.Kind = funding
				if key := orderPrompt(o); !mayBeLate(string(key)) {
					t.Errorf("%s, paid by %s: %s may have no template", status, funding, key)
				}
			}
		}
	}
}
