package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// minimal is the least that a test brand needs. Its last line belongs to the brand.
const minimal = `brands:
  shop:
    title: Shop
    test: true
    country: NL
    currency: EUR
    languages: [en, nl]
    keywords: {topup: [KOOP]}
    amounts: {min: 10, max: 50, step: 5}
    gateway: sim
    network: sim
    channels:
      fake: {}
`

// real is a brand with real customers, complete but for its secrets.
const real = `public_url: https://topup.example
brands:
  shop:
    title: Shop
    country: NL
    currency: EUR
    languages: [en]
    keywords: {topup: [BUY]}
    amounts: {min: 10, max: 50, step: 5}
    gateway: psp
    network: net
    channels:
      twilio: {account_sid: AC1, auth_token: "${TOKEN}", from: "${FROM}"}
`

const key32 = "0123456789abcdef0123456789abcdef"

func TestFaults(t *testing.T) {
	with := func(old, new string) string {
		if strings.Count(minimal, old) != 1 {
			panic(old)
		}
		return strings.Replace(minimal, old, new, 1)
	}
	for name, tc := range map[string]struct {
		text string
		env  []string
		want []string
	}{
		"a desk without TLS": {minimal + "desk_url: http://desk.example\ndesk_listen: here\n", nil, []string{
			"14: desk_url is \"http://desk.example\": write https://, or an address of this machine such as http://127.0.0.1:8081",
			"15: desk_listen is \"here\": write host:port, such as 127.0.0.1:8081",
		}},
		"an issuer that nobody can sign in at": {minimal + "desk:\n  oidc:\n    issuer: http://login.example\n    client_id: pulsa\n    client_secret: open\n    groups: {staff: {\"*\": [boss]}}\n", nil, []string{
			"16: issuer is \"http://login.example\": write https://host",
			"18: client_secret is a secret: put it into the environment and write client_secret: ${NAME}",
			"19: *: \"boss\" is no role: known are viewer, support, finance, cards, fraud, engineer, admin",
		}},
		"an issuer without groups": {minimal + "desk: {oidc: {issuer: \"https://login.example\", client_id: pulsa, client_secret: \"${SECRET}\"}}\n", []string{"SECRET", "s"}, []string{
			"14: oidc has no groups, so that nobody could sign in: write groups: {GROUP: {\"*\": [admin]}}",
		}},
		"empty": {"", nil, []string{"1: the file is empty: write keys with values under it"}},
		"proxies that can't be": {minimal + "trusted_proxies: [10.0.0.7, proxy.example, 10.0.0.0/33,\n  0.0.0.0/0, \"::/0\", \"fe80::1%eth0\"]\n", nil, []string{
			"14: trusted_proxies has \"proxy.example\": write an address or a network, such as 10.0.0.7, 10.0.0.0/24 or fd00::/64",
			"14: trusted_proxies has \"10.0.0.0/33\": write an address or a network, such as 10.0.0.7, 10.0.0.0/24 or fd00::/64",
			"15: trusted_proxies has \"0.0.0.0/0\", which is every address: write those of your proxies alone, or anybody may claim any address",
			"15: trusted_proxies has \"::/0\", which is every address: write those of your proxies alone, or anybody may claim any address",
			"15: trusted_proxies has \"fe80::1%eth0\": write an address or a network, such as 10.0.0.7, 10.0.0.0/24 or fd00::/64"}},
		"proxies that are no list": {minimal + "trusted_proxies: 10.0.0.7\n", nil, []string{"14: trusted_proxies wants a list: write trusted_proxies: [ONE, TWO]"}},
		"a recovery that can't be": {minimal + "    recovery: {hold: 1000h, day_share: 1.5}\n", nil,
			[]string{"14: hold is \"1000h\": write a time up to 720h0m0s, such as 2m or 30s", "14: day_share is \"1.5\": write a share from 0.01 to 1, such as 0.5"}},
		"a share that is no number": {minimal + "    recovery: {day_share: half}\n", nil,
			[]string{"14: day_share is \"half\": write a share from 0.01 to 1, such as 0.5"}},
		"a creditor without an identifier": {minimal + "    creditor: {name: Shop B.V., address: Street 1}\n", nil,
			[]string{"14: creditor has no identifier: write identifier: NL79ZZZ999999990000"}},
		"a creditor's mistyped identifier": {minimal + "    creditor: {name: Shop B.V., address: Street 1, identifier: NL79ZZZ999999990001, email: nobody}\n", nil,
			[]string{`14: identifier "NL79ZZZ999999990001" has wrong check digits: it is mistyped`, `14: email is "nobody": write one address such as sepa@demo.example`}},
		"a creditor in another currency": {strings.Replace(minimal, "currency: EUR", "currency: SRD", 1) + "    creditor: {name: Shop B.V., address: Street 1, identifier: NL79 ZZZ 9999 9999 0000}\n", nil,
			[]string{"14: creditor: SEPA debits are in EUR, and the brand's currency is SRD: remove it"}},
		"only a comment":    {"# nothing\n", nil, []string{"1: the file is empty: write keys with values under it"}},
		"a list":            {"- a\n", nil, []string{"1: the file wants keys with values under it: write key: value", "1: brands are missing: declare one at least, as the example does"}},
		"no YAML":           {"brands: {demo\nx: [\n", nil, []string{"1: this is not YAML: did not find expected ',' or '}'"}},
		"second document":   {minimal + "---\nlisten: x\n", nil, []string{"14: a second document begins here: only one is read, remove the line ---"}},
		"a tab":             {"brands:\n\tdemo: 1\n", nil, []string{"2: a tab before the text: indent with spaces"}},
		"not UTF-8":         {"brands:\n  d\xe9mo: 1\n", nil, []string{"2: this is not UTF-8: save the file as UTF-8"}},
		"twice":             {minimal + "    title: Other\n", nil, []string{"14: title stands twice, first in line 3: remove one"}},
		"brand twice":       {minimal + "  shop: {}\n", nil, []string{"14: shop stands twice, first in line 2: remove one"}},
		"no value":          {with("title: Shop", "title:"), nil, []string{"3: title has no value: write one or remove the line"}},
		"alias":             {with("title: Shop", "title: &a Shop") + "    support: *a\n", nil, []string{"3: anchors (&) and aliases (*) are not read: write the value out, or in quotes if it is text", "14: anchors (&) and aliases (*) are not read: write the value out, or in quotes if it is text"}},
		"tag":               {with("title: Shop", "title: !!str 5"), nil, []string{"3: tags (!!str) are not read: remove it"}},
		"unknown key":       {minimal + "listem: 127.0.0.1:1\n", nil, []string{"14: the file has no key listem: did you mean listen?"}},
		"unknown in brand":  {with("currency: EUR", "curency: EUR"), nil, []string{"2: brand shop has no currency: write currency: EUR", "6: brand shop has no key curency: did you mean currency?"}},
		"far from any key":  {minimal + "log: {zzzzzz: 1}\n", nil, []string{"14: log has no key zzzzzz: known are format, level"}},
		"brand name":        {with("shop:", "Shop 1:"), nil, []string{`2: "Shop 1" is no name for a brand: use up to 30 lower-case letters, digits and dashes, a letter first`}},
		"title too long":    {with("title: Shop", "title: A shop with a name that no message has room for"), nil, []string{"3: title has 47 characters: at most 30 fit into messages"}},
		"test":              {with("test: true", "test: yes"), nil, []string{`4: test is "yes": write true or false`}},
		"country":           {with("country: NL", "country: NLD"), nil, []string{`5: country is "NLD": write two capital letters of ISO 3166, such as NL`}},
		"currency":          {with("currency: EUR", "currency: EURO"), nil, []string{`6: currency is "EURO": write three capital letters of ISO 4217, such as EUR`}},
		"language":          {with("languages: [en, nl]", "languages: [en, nk, en]"), nil, []string{`7: languages: there are no texts in "nk": did you mean nl? (pulsa prompts export begins a file of a new one)`, "7: languages: en stands twice"}},
		"languages":         {with("languages: [en, nl]", "languages: en"), nil, []string{"7: languages wants a list: write languages: [ONE, TWO]"}},
		"min over max":      {with("min: 10", "min: 60"), nil, []string{"9: min 60.00 is more than max 50.00"}},
		"step":              {with("step: 5", "step: 7"), nil, []string{"9: steps of 7.00 do not lead from 10.00 to 50.00"}},
		"default":           {with("step: 5", "step: 5, default: 12"), nil, []string{"9: default 12.00 can't be bought: steps of 5.00 from 10.00 do not lead there"}},
		"default too large": {with("step: 5", "step: 5, default: 75"), nil, []string{"9: default 75.00 can't be bought: write an amount from 10.00 to 50.00"}},
		"keyword twice":     {with("[KOOP]", "[KOOP, koop]"), nil, []string{"8: keyword KOOP stands twice"}},
		"decimals":          {with("step: 5", "step: 2.505"), nil, []string{`9: step is "2.505": EUR has 2 decimals`}},
		"amount":            {with("min: 10", "min: -10"), nil, []string{`9: min is "-10": write an amount above zero without its currency, such as 10 or 10.50`}},
		"zero":              {with("step: 5", "step: 0"), nil, []string{`9: step is "0": write an amount above zero without its currency, such as 10 or 10.50`}},
		"limits":            {minimal + "    limits: {day_count: 0, day_sum: 40, month_sum: 60, month_count: x}\n", nil, []string{`14: day_count is "0": write a whole number from 1 to 1000`, `14: month_count is "x": write a whole number from 1 to 10000`, "14: day_sum 40.00 is less than one top-up of 50.00: nobody could buy it"}},
		"retention": {minimal + "    retention: {transcripts: 6d, messages: 90, codes: 2y, orders: 5y, books: 10y, news: 13d}\n", nil, []string{
			"14: retention has no key books: known are transcripts, messages, codes, tries, news, orders, ledger, mandates, deeds",
			`14: transcripts is "6d": keep it for 7d at least, because repeated messages are recognised by it for so long`,
			`14: messages is "90": write days or years, such as 90d or 10y`,
			`14: news is "13d": keep it for 400d at least, because a debit may come back for 13 months`,
			`14: orders is "5y": keep it for 10y at least, because the law wants to see the books of 10 years`}},
		"retention of the books": {minimal + "    retention: {orders: 20y, ledger: 15y, deeds: 20y}\n", nil, []string{
			`14: ledger is "15y": keep it for as long as orders, 20y, because the audit reads both`}},
		"codes": {minimal + "    codes: {per_address: 0, per_block: 3, per_channel: 200, per_brand: 150, per_day: 9}\n", nil, []string{
			"14: codes has no key per_day: known are per_address, per_number, per_block, per_channel, per_brand", `14: per_address is "0": write a whole number from 1 to 100000`,
			"14: codes: per_block is less than per_number, which could never be reached: say both",
			"14: codes: per_brand is less than per_channel, which could never be reached: say both"}},
		"month under day": {minimal + "    limits: {day_count: 5, day_sum: 100, month_sum: 60, month_count: 4}\n", nil, []string{"14: month_sum 60.00 is less than day_sum 100.00", "14: month_count 4 is less than day_count 5"}},
		"code length":     {minimal + "    cards: {code_length: 4}\n", nil, []string{`14: code_length is "4": write a whole number from 5 to 32`}},
		"test code":       {minimal + "    test_code: abc\n", nil, []string{`14: test_code is "abc": write six digits in quotes`}},
		"gateway":         {with("gateway: sim", "gateway: pspp"), nil, []string{`10: gateway is "pspp": did you mean psp?`}},
		"no network":      {with("    network: sim\n", ""), nil, []string{"2: brand shop has no network: write one of sim, net, reloadly"}},
		"channel type":    {with("fake: {}", "line: {type: twillio}"), nil, []string{"2: brand shop has no channel that sends SMS: its one-time codes need one", `13: type is "twillio": did you mean twilio?`}},
		"no channel type": {minimal + "      line: {}\n", nil, []string{"14: channel line has no type: write type: with one of fake, httpsms, telegram, twilio, ussd, whatsapp"}},
		"channel key":     {minimal + "      telegram: {bot_tokn: \"${X}\"}\n", nil, []string{"14: channel telegram has no key bot_tokn: did you mean bot_token?", "14: channel telegram has no bot_token: write bot_token: ${NAME}, and NAME into the environment"}},
		"open secret":     {minimal + "      telegram: {bot_token: hush}\n", nil, []string{"14: bot_token is a secret: put it into the environment and write bot_token: ${NAME}"}},
		"rate":            {minimal + "      telegram: {bot_token: \"${X}\", rate: fast}\n", nil, []string{`14: rate is "fast": write messages a second, such as 10 or 0.5`}},
		"from":            {minimal + "      twilio: {account_sid: AC1, auth_token: \"${X}\", from: 06-12345678}\n    sms_channel: fake\n", nil, []string{`14: from is "06-12345678": write "+31612345678", "whatsapp:+31612345678", a short code or a name of up to 11 letters`}},
		"sms channel":     {minimal + "    sms_channel: fax\n", nil, []string{`14: sms_channel is "fax": no channel of that name sends SMS: did you mean fake?`}},
		"two for SMS":     {minimal + "      two: {type: fake}\n", nil, []string{"2: brand shop has several channels that send SMS: write sms_channel: with one of fake, two"}},
		"templates": {with("      fake: {}\n", "      fake:\n        templates:\n          order.delivered: {en: HX1, de: HX2}\n          order.delivred: {en: HX1}\n          topup.ask_pin: {en: HX1}\n          order.refunded: {variables: [ammount], en: HX1}\n          order.held: {variables: [amount]}\n          order.gift: {en: \"HX 1\"}\n"), nil, []string{
			`15: templates: order.delivered: de is none of the brand's languages`,
			`16: templates: order.delivred is no prompt: did you mean order.delivered?`,
			`17: templates: topup.ask_pin is never late news, or shows a PIN: docs/channels.md says what has templates`,
			`18: templates: order.refunded: variables: ammount is no value of order.refunded: it has [number amount order]`,
			`19: templates: order.held names no template: write order.held: {en: HX…}`,
			`20: templates: order.gift: en is "HX 1": write the id of a template, HX and 32 digits, as Twilio shows it`,
		}},
		"no channels":      {with("    channels:\n      fake: {}\n", ""), nil, []string{"2: brand shop has no channels: declare one at least"}},
		"keyword taken":    {with("[KOOP]", "[KOOP], redeem: [koop]"), nil, []string{"8: keyword KOOP means topup already: choose another word"}},
		"keyword clash":    {with("[KOOP]", "[LADEN], redeem: [help]"), nil, []string{"8: keyword HELP means help already: choose another word"}},
		"carrier's word":   {with("[KOOP]", "[KOOP], exit: [YES]"), nil, []string{"8: keyword YES belongs to the SMS carriers: choose another word"}},
		"reserved word":    {with("KOOP", "STOP"), nil, []string{"8: keyword STOP means stop already: choose another word"}},
		"five words":       {with("KOOP", "GIVE ME SOME MORE CREDIT"), nil, []string{`8: keyword "GIVE ME SOME MORE CREDIT": use one word of 2 to 20 letters, or up to four`}},
		"hyphen":           {with("[KOOP]", "[TOP-UP], redeem: [top up]"), nil, []string{"8: keyword TOP UP means topup already: choose another word"}},
		"action":           {with("topup: [KOOP]", "topupp: [LAAD]"), nil, []string{"8: keywords: there is no action topupp: did you mean topup?"}},
		"prompt":           {minimal + "    prompts: {en: {help.witin: Hi}, de: {help.within: Hallo}}\n", nil, []string{"14: prompts: de is none of the brand's languages: known are en, nl", "14: prompts: help.witin is no prompt: did you mean help.within?"}},
		"listen":           {minimal + "listen: 8080\n", nil, []string{`14: listen is "8080": write host:port, such as 127.0.0.1:8080`}},
		"environment":      {minimal, []string{"PULSA_LISTEN", "8080", "PULSA_CARD_KEY", "short", "PULSA_PIN_PEPPER_2", "short"}, []string{`0: PULSA_LISTEN (--listen) is "8080": write host:port, such as 127.0.0.1:8080`, "0: PULSA_PIN_PEPPER_2 has 5 bytes: give it 32 or more (openssl rand -hex 32)", "0: PULSA_CARD_KEY has 5 bytes: give it 32 or more (openssl rand -hex 32)"}},
		"public URL":       {minimal + "public_url: topup.example\n", nil, []string{`14: public_url is "topup.example": write https://host, without ? and #`}},
		"log":              {minimal + "log: {level: loud}\n", nil, []string{`14: level is "loud": write one of info, debug, warn, error`}},
		"postgres alone":   {minimal, []string{"PULSA_DATABASE_URL", "postgres://db/pulsa"}, []string{"0: PULSA_DATABASE_URL is PostgreSQL, which needs a Redis for the sessions: set redis_url or PULSA_REDIS_URL"}},
		"owner of nothing": {minimal, []string{"PULSA_MIGRATE_URL", "postgres://db/pulsa"}, []string{"0: PULSA_MIGRATE_URL is for PostgreSQL: set database_url (PULSA_DATABASE_URL) to it too, or leave it out"}},
		"open passwords":   {minimal + "database_url: postgres://u:hush@db/pulsa\nredis_url: redis://a:1,:hush@b:2\n", nil, []string{"14: database_url holds a password: put it into the environment and write database_url: ${NAME}", "15: redis_url holds a password: put it into the environment and write redis_url: ${NAME}"}},
		"database":         {minimal + "database_url: mysql://db\n", nil, []string{"14: database_url can't be read: it must start with one of postgres:, postgresql:, sqlite:"}},
		"not set":          {minimal + "    support: ${NUMBER}\n", nil, []string{"14: support: NUMBER is not set in the environment"}},
		"part of a value":  {minimal + "    support: call ${NUMBER}\n", nil, []string{"14: support: a variable must be the whole value, in capitals: support: ${NAME}"}},
		"list for a value": {with("title: Shop", "title: [Shop]"), nil, []string{"3: title wants one value, not a list or keys under it"}},
		"real, no secrets": {real, nil, []string{
			"3: brand shop is not marked test: PULSA_PIN_PEPPER is not set in the environment: 32 bytes or more (openssl rand -hex 32)",
			"3: brand shop is not marked test: PULSA_CARD_KEY is not set in the environment: 32 bytes or more (openssl rand -hex 32)",
			"13: from: FROM is not set in the environment",
			"13: channel twilio: TOKEN not set in the environment: set what is missing, or write disabled: true",
		}},
		"real with test keys": {
			strings.Replace(real, "https:", "http:", 1) + "      fake: {}\n    sms_channel: twilio\n    test_code: \"123456\"\n    cheap_pin_hash: true\n",
			[]string{"PULSA_PIN_PEPPER", key32, "PULSA_CARD_KEY", key32, "TOKEN", "t", "FROM", "+31600000000"},
			[]string{
				"3: brand shop is not marked test: public_url must start with https://",
				"14: channel fake: the fake channel can impersonate anyone and is only for brands marked test",
				"16: test_code is only for brands marked test: remove it, or write test: true",
				"17: cheap_pin_hash is only for brands marked test: remove it, or write test: true",
			},
		},
		"real with sim": {
			strings.Replace(real, "gateway: psp", "gateway: sim", 1),
			[]string{"PULSA_PIN_PEPPER", key32, "PULSA_CARD_KEY", key32, "TOKEN", "t", "FROM", "+31600000000"},
			[]string{"10: gateway: sim is only for brands marked test: write test: true, or a real one: write one of psp"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, tc.text, env(tc.env...))
			got := faults(t, err)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
			if strings.Contains(err.Error(), "hush") {
				t.Errorf("a secret is shown: %v", err)
			}
		})
	}
}

func TestARealBrandWithItsSecretsLoads(t *testing.T) {
	c, err := load(t, real, env("PULSA_PIN_PEPPER", key32, "PULSA_PIN_PEPPER_2", key32+"2", "PULSA_CARD_KEY", key32, "TOKEN", "t", "FROM", "+31600000000"))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Peppers) != 2 || c.Peppers[2].Reveal() != key32+"2" || c.Brands[0].Gateway != "psp" {
		t.Errorf("%+v", c)
	}
	open := real + "      ussd: {sources: 203.0.113.7, token: \"${USSD}\"}\n"
	_, err = load(t, open, env("PULSA_PIN_PEPPER", key32, "PULSA_CARD_KEY", key32, "TOKEN", "t", "FROM", "+31600000000"))
	if diff := cmp.Diff([]string{"14: channel ussd: USSD not set in the environment: set what is missing, or write disabled: true"}, faults(t, err)); diff != "" {
		t.Error(diff)
	}
	off := strings.Replace(real, `from: "${FROM}"`, `from: "+31600000000", disabled: true`, 1)
	if _, err := load(t, off, env("PULSA_PIN_PEPPER", key32, "PULSA_CARD_KEY", key32)); err != nil {
		t.Errorf("a channel that is off needs no credentials: %v", err)
	}
}

func TestAnErrorNamesFileAndLineAndAllFaults(t *testing.T) {
	_, err := load(t, minimal+"lissten: 1\ndatta: 2\n", env("PULSA_CARD_KEY", "short"))
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 3 || !strings.Contains(lines[0], "pulsa.yaml:14: ") || !strings.Contains(lines[1], "pulsa.yaml:15: ") || !strings.HasPrefix(lines[2], "environment: PULSA_CARD_KEY") {
		t.Errorf("got %q", lines)
	}
}

func TestAHugeFileIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pulsa.yaml")
	if err := os.WriteFile(path, make([]byte, maxConfigBytes+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path, env(), known()); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("got %v", err)
	}
}

func FuzzConfig(f *testing.F) {
	f.Add([]byte(minimal))
	f.Add([]byte(real))
	f.Add(Demo)
	f.Add([]byte("brands: {a: {channels: [], prompts: {en: 3}, keywords: {topup: 1}, limits: 2}}"))
	f.Add([]byte("? [a]\n: *b\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := Parse("fuzz.yaml", text, env(), known())
		if err == nil && len(c.Brands) == 0 {
			t.Error("no brand and no error")
		}
	})
}

func TestTextsOfABrandsOwnAreJudgedWhereTheyStand(t *testing.T) {
	k := Supported()
	for text, want := range map[string]string{
		`"Bye from {brand}, text {topup}."`:     "",
		`"Bye, {nobody}."`:                      "prompts: exit.done has {nobody}, which nothing is put in for: known are",
		`"Dag, alles is geïnd"`:                 "prompts: exit.done is not plain GSM-7",
		`"` + strings.Repeat("bye ", 100) + `"`: "prompts: exit.done takes 3 SMS segments, 2 at most",
	} {
		_, err := Parse("pulsa.yaml", []byte(minimal+"    prompts: {en: {exit.done: "+text+"}}\n"), env(), k)
		got := ""
		if err != nil {
			got = strings.Join(faults(t, err), "\n")
		}
		if (want == "") != (got == "") || !strings.Contains(got, want) || want != "" && !strings.HasPrefix(got, "14: ") {
			t.Errorf("%.40s: %q, want %q", text, got, want)
		}
	}
	for key, want := range map[string]string{
		`topup.ask_pin: "Your PIN for {amount}?"`:       "prompts: topup.ask_pin must show {number}",
		`topup.confirm_again: "Again?"`:                 "prompts: topup.confirm_again must show {amount}",
		`session.expired: "Go on?"`:                     "prompts: session.expired must show {what}",
		`pin.wrong: "Wrong, {left} left. {exit} ends."`: "prompts: pin.wrong must show {question}",
		`pin.wrong: "Wrong, {left} left. {question}"`:   "",
	} {
		_, err := Parse("pulsa.yaml", []byte(minimal+"    prompts: {en: {"+key+"}}\n"), env(), k)
		if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", key, err, want)
		}
	}
	if _, err := Parse("pulsa.yaml", []byte(strings.Replace(minimal, "title: Shop", `title: " "`, 1)), env(), k); err == nil || !strings.Contains(err.Error(), "title is empty") {
		t.Errorf("an empty title: %v", err)
	}
}
