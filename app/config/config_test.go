package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/prepaid"
	"pulsa/yamlfile"
)

const rootFolder = "../.."

// known is what the rest of the program would understand.
func known() Known {
	return Known{
		Gateways: []string{"psp"},
		Networks: []string{"net", "reloadly"},
	}
}

func env(pairs ...string) func(string) string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return func(name string) string { return m[name] }
}

func load(t *testing.T, text string, getenv func(string) string) (Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pulsa.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Load(path, getenv, known())
}

// faults returns the faults as "LINE: text".
func faults(t *testing.T, err error) []string {
	t.Helper()
	var wrong *yamlfile.Error
	if !errors.As(err, &wrong) {
		t.Fatalf("want a *yamlfile.Error, got %v", err)
	}
	var list []string
	for _, f := range wrong.Faults {
		list = append(list, fmt.Sprintf("%d: %s", f.Line, f.Text))
	}
	return list
}

func TestTheDemoIsBuiltIn(t *testing.T) {
	t.Chdir(t.TempDir())
	c, err := Load("", env(), known())
	if err != nil {
		t.Fatal(err)
	}
	euro := func(n int64) prepaid.Money { return prepaid.Money{Minor: n * 100, Currency: "EUR"} }
	want := []*prepaid.Brand{{
		Name: "demo", Title: "Demo Mobile", Test: true, Country: "NL", Currency: "EUR", Languages: []string{"en", "nl"},
		Support: "demo.example/help", Gateway: "sim", Network: "sim", Keywords: map[string][]string{"topup": {"KOOP", "TOPUP"}}, Prompts: map[string]map[string]string{},
		Amounts: prepaid.AmountRange{Min: euro(10), Max: euro(50), Step: euro(5)}, DefaultAmount: euro(0),
		Limits:   prepaid.Limits{DayCount: 10, DaySum: euro(200), MonthSum: euro(600), SEPAExposure: euro(100)},
		Recovery: prepaid.Recovery{Hold: 24 * time.Hour, DayPercent: 50},
		Codes:    prepaid.CodeBudget{PerAddress: 5, PerNumber: 5, PerBlock: 10, PerChannel: 100, PerBrand: 300},
		Cards:    prepaid.CardFormat{CodeLength: 14}, CheapPINHash: true, TestCode: "246810", SMSChannel: "fake",
		Creditor: prepaid.Creditor{Name: "Demo Mobile B.V.", Address: "Kerkstraat 1, 1017 GA Amsterdam", Identifier: "NL79ZZZ999999990000"},
		Channels: []prepaid.ChannelConfig{
			{Name: "fake", Type: "fake", Settings: map[string]string{}, Secrets: map[string]prepaid.Secret{}},
			{Name: "twilio", Type: "twilio", Settings: map[string]string{}, Secrets: map[string]prepaid.Secret{}},
			{Name: "whatsapp", Type: "whatsapp", Settings: map[string]string{}, Secrets: map[string]prepaid.Secret{}},
			{Name: "telegram", Type: "telegram", Settings: map[string]string{}, Secrets: map[string]prepaid.Secret{}},
			{Name: "ussd", Type: "ussd", Settings: map[string]string{}, Secrets: map[string]prepaid.Secret{}},
		},
	}}
	want[0].TimeZone, err = time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	sameZone := cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() })
	if diff := cmp.Diff(want, c.Brands, sameZone); diff != "" {
		t.Error(diff)
	}
	c.Brands = nil
	got := fmt.Sprintf("%s|%s|%s|%s|%s|%s|%s", c.File, c.PublicURL, c.Listen, c.AdminListen, c.Data, c.DatabaseURL.Reveal(), c.RedisURL.Reveal())
	if want := "demo.yaml (built in)|http://127.0.0.1:8080|127.0.0.1:8080|127.0.0.1:9090|pulsa-data||"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	notes := []string{
		"channel demo/twilio is off: TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN not set in the environment",
		"channel demo/whatsapp is off: TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN not set in the environment",
		"channel demo/telegram is off: TELEGRAM_BOT_TOKEN not set in the environment",
		"channel demo/ussd is off: USSD_TOKEN not set in the environment",
	}
	if diff := cmp.Diff(notes, c.Notes); diff != "" {
		t.Error(diff)
	}
}

func TestCredentialsComeFromTheEnvironment(t *testing.T) {
	t.Chdir(t.TempDir())
	c, err := Load("", env("TWILIO_ACCOUNT_SID", "AC1", "TWILIO_AUTH_TOKEN", "tok", "TELEGRAM_BOT_TOKEN", "1:bot", "TWILIO_FROM", "+31600000000", "USSD_TOKEN", "bcdfghjklmnpqrst"), known())
	if err != nil {
		t.Fatal(err)
	}
	twilio, telegram := c.Brands[0].Channels[1], c.Brands[0].Channels[3]
	if got := twilio.Settings["account_sid"] + twilio.Settings["from"] + twilio.Secrets["auth_token"].Reveal(); got != "AC1+31600000000tok" {
		t.Errorf("twilio got %q", got)
	}
	if got := telegram.Secrets["bot_token"].Reveal(); got != "1:bot" {
		t.Errorf("telegram got %q", got)
	}
	if len(c.Notes) > 0 {
		t.Errorf("notes: %q", c.Notes)
	}
	if printed := fmt.Sprintf("%+v %#v", c, *c.Brands[0]); strings.Contains(printed, "1:bot") {
		t.Errorf("a secret is printed: %s", printed)
	}
}

func TestTheProgramItselfKnowsTheDemoAndTheExample(t *testing.T) {
	known := Supported()
	for _, path := range []string{"demo.yaml", filepath.Join(rootFolder, "pulsa.example.yaml")} {
		if _, err := Load(path, env(), known); err != nil {
			t.Error(err)
		}
	}
}

func TestOnlyTestBrandsAreForTesters(t *testing.T) {
	c := Config{File: "pulsa.yaml", Brands: []*prepaid.Brand{{Name: "acme"}, {Name: "demo", Test: true}, {Name: "trial", Test: true}}}
	for name, want := range map[string]string{"": "demo", "trial": "trial"} {
		if b, err := c.TestBrand(name); err != nil || b.Name != want {
			t.Errorf("%q: %v, %v", name, b, err)
		}
	}
	if _, err := c.TestBrand("acme"); !errors.As(err, new(*NoBrandError)) {
		t.Errorf("a brand that is not marked test: %v", err)
	}
	c.Brands = c.Brands[:1]
	if _, err := c.TestBrand(""); !errors.Is(err, ErrNoTestBrand) || err.Error() != "pulsa.yaml declares no brand marked test" {
		t.Errorf("no test brand: %v", err)
	}
}

func TestFlagsOverEnvironmentOverFileOverDefaults(t *testing.T) {
	file := minimal + "listen: 127.0.0.1:1\nadmin_listen: 127.0.0.1:2\n"
	vars := env("PULSA_ADMIN_LISTEN", "127.0.0.1:3", "PULSA_DATA", "from-env", "PULSA_PUBLIC_URL", "https://p.example/")
	c, err := load(t, file, WithFlags(vars, map[string]string{"--data": "from-flag", "--listen": ""}))
	if err != nil {
		t.Fatal(err)
	}
	got := []string{c.Listen, c.AdminListen, c.Data, c.PublicURL, c.Log.Level}
	want := []string{"127.0.0.1:1", "127.0.0.1:3", "from-flag", "https://p.example", "info"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTheFileIsFound(t *testing.T) {
	t.Chdir(t.TempDir())
	named := strings.Replace(minimal, "shop:", "named:", 1)
	for name, text := range map[string]string{"pulsa.yaml": minimal, "other.yaml": named} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tc := range []struct{ path, variable, want string }{
		{"", "", "shop"},
		{"", "other.yaml", "named"},
		{"other.yaml", "pulsa.yaml", "named"},
	} {
		c, err := Load(tc.path, env("PULSA_CONFIG", tc.variable), known())
		if err != nil || c.Brands[0].Name != tc.want {
			t.Errorf("%+v: %v, %v", tc, c.Brands, err)
		}
	}
	if _, err := Load("missing.yaml", env(), known()); err == nil {
		t.Error("a file that was named must be there")
	}
}

// switchedOn brings the keys in the example's comments to life: "#key: value".
func switchedOn(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		indent, rest, ok := strings.Cut(line, "#")
		if ok && strings.TrimSpace(indent) == "" && rest != "" && rest[0] >= 'a' && rest[0] <= 'z' {
			lines[i] = indent + rest
		}
	}
	return strings.Join(lines, "\n")
}

func TestTheExampleLoadsAndDocumentsEveryKey(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(rootFolder, "pulsa.example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	vars := env("TWILIO_ACCOUNT_SID", "AC1", "TWILIO_AUTH_TOKEN", "t", "TELEGRAM_BOT_TOKEN", "b", "TELEGRAM_WEBHOOK_SECRET", "w",
		"PULSA_DATABASE_URL", "postgres://pulsa@db/pulsa", "PULSA_MIGRATE_URL", "postgres://owner@db/pulsa", "PULSA_REDIS_URL", "redis://redis:6379",
		"RELOADLY_CLIENT_ID", "id", "RELOADLY_CLIENT_SECRET", "s", "RELOADLY_WEBHOOK_SECRET", "w",
		"STRIPE_KEY", "sk_test_x", "STRIPE_WEBHOOK_SECRET", "w", "STRIPE_WEBHOOK_SECRET_OLD", "w", "PULSA_SIM_GATEWAY_SECRET", "w", "DESK_OIDC_SECRET", "s", "DESK_WEBHOOK_SECRET", "s", "DESK_MAIL_PASSWORD", "s")
	all := strings.Replace(switchedOn(string(text)), "languages_dir: languages", "languages_dir: "+t.TempDir(), 1)
	all = strings.Replace(all, "credentials_dir: /run/secrets", "credentials_dir: "+t.TempDir(), 1)
	for name, text := range map[string]string{"as it stands": string(text), "every key switched on": all} {
		c, err := load(t, text, vars)
		if err != nil {
			t.Fatalf("%s:\n%v", name, err)
		}
		first, second := c.Brands[0], c.Brands[1]
		if first.Country == second.Country || first.Currency == second.Currency || first.Languages[0] == second.Languages[0] ||
			first.Keywords["topup"][0] == second.Keywords["topup"][0] || first.Limits.DaySum == second.Limits.DaySum {
			t.Errorf("the second brand must differ: %+v", second)
		}
	}
	keys := []string{"type", "disabled"}
	for _, list := range configKeys {
		keys = append(keys, list...)
	}
	for _, kind := range channelTypes {
		keys = append(keys, sortedKeys(kind.keys)...)
	}
	for _, key := range keys {
		if !strings.Contains(all, " "+key+": ") && !strings.Contains(all, "\n"+key+": ") && !strings.Contains(all, key+":\n") {
			t.Errorf("pulsa.example.yaml does not show %s", key)
		}
	}
	for kind := range channelTypes {
		if !strings.Contains(all, kind) {
			t.Errorf("pulsa.example.yaml does not name the channel type %s", kind)
		}
	}
}

func TestPhoneNumbersAndCodesStayText(t *testing.T) {
	text := strings.Replace(minimal, "fake: {}", "twilio: {account_sid: 0123, auth_token: \"${T}\", from: +31612345678}", 1)
	c, err := load(t, text+"    test_code: 012345\n", env("T", "x"))
	if err != nil {
		t.Fatal(err)
	}
	b := c.Brands[0]
	if b.TestCode != "012345" || b.Channels[0].Settings["from"] != "+31612345678" || b.Channels[0].Settings["account_sid"] != "0123" {
		t.Errorf("%q %v", b.TestCode, b.Channels[0].Settings)
	}
}

func TestTrustedProxiesAreAddressesAndNetworks(t *testing.T) {
	c, err := load(t, minimal+"trusted_proxies: [10.0.0.7, \"::ffff:10.0.0.8\", 10.1.2.3/16, \"fd00::1\", \"fd00:1::/64\"]\n", env())
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(c.TrustedProxies); got != "[10.0.0.7/32 10.0.0.8/32 10.1.0.0/16 fd00::1/128 fd00:1::/64]" {
		t.Error(got)
	}
	if c, err = load(t, minimal, env()); err != nil || c.TrustedProxies != nil {
		t.Errorf("without: %v, %v", c.TrustedProxies, err)
	}
}
