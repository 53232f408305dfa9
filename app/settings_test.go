package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"pulsa/app/apptest"
	"pulsa/app/config"
	"pulsa/app/core"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/topup"

	simgateway "pulsa/sim/gateway"
)

var publisher = prepaid.By{Who: "ola", Why: "a test"}

// brands are the operations on the brands of a running program.
func (r *running) brands() operators.Brands {
	return operators.Brands{Store: r.DB.Brands, Read: core.BrandReader(r.Config), File: config.SettingsFile, FileNote: func(string) string { return "" },
		Reach: nobody{}, Clock: r.Clock}
}

type nobody struct{ operators.BrandReach }

func (nobody) LanguagesOf(context.Context, string) (map[string]int, error) { return nil, nil }
func (nobody) ChannelsOf(context.Context, string) (map[string]int, error)  { return nil, nil }
func (nobody) OpenConversations(context.Context, string) ([]operators.OpenConversation, error) {
	return nil, nil
}

// publishes changes a brand's settings, and waits until the running program works with them.
func (r *running) publishes(brand, old, new string) {
	r.t.Helper()
	file, err := r.brands().Show(r.t.Context(), brand, 0)
	if err != nil || strings.Count(file, old) != 1 {
		r.t.Fatalf("%v: %q is not once in\n%s", err, old, file)
	}
	r.applies(strings.Replace(file, old, new, 1))
}

func (r *running) applies(file string) {
	r.t.Helper()
	done, err := r.brands().Apply(r.t.Context(), operators.Application{File: "test.yaml", Text: []byte(file)}, publisher)
	if err != nil {
		r.t.Fatal(err)
	}
	r.worksWith(done.Brand, done.Version)
}

func (r *running) worksWith(brand string, version int) {
	r.t.Helper()
	apptest.Await(r.t, fmt.Sprintf("version %d of %s", version, brand), func() bool {
		b := r.Brands.Named(brand)
		return b != nil && b.Version == version
	}, nil)
}

func TestSettingsChangeWhileTheProgramRuns(t *testing.T) {
	r := runDemo(t, nil, nil)
	r.customer(apptest.Number)
	r.wants(apptest.Number, "KOOP 70 "+apptest.PIN, "€50")
	r.publishes("demo", "max: 50", "max: 100")
	r.wants(apptest.Number, "KOOP 70 "+apptest.PIN, "€70 was added")
	r.publishes("demo", "topup: [KOOP, TOPUP]", "topup: [LAAD, TOPUP]")
	r.wants(apptest.Number, "HELP", "LAAD")
	r.publishes("demo", "title: Demo Mobile", "title: Other Mobile")
	r.wants("+31612345670", "LAAD", "Welcome to Other Mobile")
	orders, err := r.DB.Orders.List(t.Context(), operators.OrderFilter{})
	if err != nil || len(orders) != 1 || orders[0].Settings != 2 || orders[0].Network != "sim" {
		t.Errorf("an order remembers the version and the network that it was made with: %+v, %v", orders, err)
	}
}

func TestAPurchaseUnderWayIsLedOnWhenItsAmountIsSoldNoLonger(t *testing.T) {
	r := runDemo(t, nil, nil)
	r.customer(apptest.Number)
	r.wants(apptest.Number, "KOOP 40", "with your PIN")
	r.publishes("demo", "max: 50", "max: 20")
	r.wants(apptest.Number, apptest.PIN, "€20") // what is sold now
	r.wants(apptest.Number, "15", "PIN")
	r.wants(apptest.Number, apptest.PIN, "€15 was added")
	if charged := r.Sims.Gateway.Charged(simgateway.Filter{}); len(charged) != 1 || charged[0].Amount.Minor != 1500 {
		t.Errorf("charged %+v", charged)
	}
}

func TestALanguageThatIsRemovedLeavesNobodyWithoutAnAnswer(t *testing.T) {
	r := runDemo(t, nil, nil)
	r.customer(apptest.Number)
	r.wants(apptest.Number, "LANG nl", "Nederlands")
	r.wants(apptest.Number, "KOOP 10", "pincode")
	r.publishes("demo", "languages: [en, nl]", "languages: [en]")
	r.wants(apptest.Number, apptest.PIN, "€10 was added")
}

func TestABrandIsAddedAndWithdrawnWhileTheProgramRuns(t *testing.T) {
	r := runDemo(t, nil, nil)
	demo, err := r.brands().Show(t.Context(), "demo", 0)
	if err != nil {
		t.Fatal(err)
	}
	to := func(text string) (string, int) {
		return apptest.PostTo(r.t, r.server.URL+"/webhooks/trial/fake", map[string]any{"id": prepaid.NewToken(), "from": apptest.Number, "text": text})
	}
	if _, status := to("KOOP"); status != http.StatusNotFound {
		t.Errorf("before: %d", status)
	}
	trial := strings.Replace(strings.Replace(demo, "brand: demo\nparent: 1\n", "brand: trial\n", 1), "title: Demo Mobile", "title: Trial", 1)
	r.applies(trial)
	if answer, status := to("KOOP"); status != http.StatusOK || !strings.Contains(answer, "Welcome to Trial") {
		t.Errorf("added: %d %s", status, answer)
	}
	if _, err := r.brands().Withdraw(t.Context(), "trial", publisher); err != nil {
		t.Fatal(err)
	}
	apptest.Await(t, "the brand withdrawn", func() bool { return r.Brands.Named("trial") == nil }, nil)
	for _, text := range []string{"0612345678", "KOOP 10 1234", "hello"} {
		if answer, status := to(text); status != http.StatusOK || !strings.Contains(answer, "no longer sells") {
			t.Errorf("withdrawn, %q: %d %s", text, status, answer)
		}
	}
	if answer, status := to("STATUS"); status != http.StatusOK || !strings.Contains(answer, "no order") {
		t.Errorf("STATUS: %d %s", status, answer)
	}
	to("STOP")
	apptest.Await(t, "STOP's answer", func() bool {
		sent, err := r.DB.Outbox.OutboundTo(t.Context(), "trial", "fake", "tel:"+apptest.Number, 0, 10)
		return err == nil && len(sent) == 1 && strings.Contains(sent[0].Text, "no more messages")
	}, nil)
	if _, err := r.brands().Publish(t.Context(), "trial", 1, 0, publisher); err != nil {
		t.Fatal(err)
	}
	r.worksWith("trial", 1)
}

// heldNetwork credits nobody before it is opened.
type heldNetwork struct {
	topup.Network
	open chan struct{}
}

func (n heldNetwork) Credit(ctx context.Context, c topup.Credit) topup.Result {
	<-n.open
	return n.Network.Credit(ctx, c)
}

func TestAnOrderUnderWayEndsAfterItsBrandIsWithdrawn(t *testing.T) {
	open := make(chan struct{})
	r := runWired(t, nil, nil, Wiring{Clock: prepaid.SystemClock{}, network: func(n topup.Network) topup.Network { return heldNetwork{n, open} }})
	r.customer(apptest.Number)
	r.wants(apptest.Number, "KOOP 10 "+apptest.PIN, "working on")
	if _, err := r.brands().Withdraw(t.Context(), "demo", publisher); err != nil {
		t.Fatal(err)
	}
	apptest.Await(t, "the brand withdrawn", func() bool { return r.Brands.Named("demo") == nil }, nil)
	close(open)
	r.hears("€10 was added")
	desk, err := core.OpenDeskFor(t.Context(), r.Config, "demo")
	if err != nil {
		t.Fatalf("operators can't see to its orders and customers: %v", err)
	}
	if err := desk.Close(); err != nil {
		t.Error(err)
	}
	if _, err := core.OpenDeskFor(t.Context(), r.Config, "nobody"); !errors.As(err, new(*config.NoBrandError)) {
		t.Errorf("a brand that never was: %v", err)
	}
}

func TestAVersionThatCantBeTakenHereLeavesTheOneBefore(t *testing.T) {
	r := runDemo(t, map[string]string{"TELEGRAM_BOT_TOKEN": "1:bot"}, nil)
	// Another copy has published what this one has no account for.
	v, err := r.DB.Brands.BrandVersion(t.Context(), "demo", 1)
	if err != nil {
		t.Fatal(err)
	}
	v.Text = strings.Replace(v.Text, "gateway: sim", "gateway: stripe", 1)
	if _, err := r.DB.Brands.PutBrandInForce(t.Context(), operators.BrandState{Brand: "demo", By: publisher, At: v.At}, 1, &v); err != nil {
		t.Fatal(err)
	}
	apptest.Await(t, "a fault", func() bool { return len(r.Settings.Faults()) == 1 }, nil)
	if fault := r.Settings.Faults()[0]; !strings.Contains(fault, "version 2 of brand demo") || !strings.Contains(fault, "gateway stripe") {
		t.Errorf("fault %q", fault)
	}
	r.wants(apptest.Number, "KOOP", "Welcome")
	if b := r.Brands.Named("demo"); b.Version != 1 || b.Gateway != "sim" {
		t.Errorf("works with version %d", b.Version)
	}
	r.publishesOver(2, v.Text, "gateway: stripe", "gateway: sim")
	if len(r.Settings.Faults()) != 0 {
		t.Errorf("mended, and still %q", r.Settings.Faults())
	}
}

func (r *running) publishesOver(over int, text, old, new string) {
	r.t.Helper()
	done, err := r.brands().Apply(r.t.Context(), operators.Application{File: "test.yaml", Brand: "demo", Text: []byte(strings.Replace(text, old, new, 1)), Over: over}, publisher)
	if err != nil {
		r.t.Fatal(err)
	}
	r.worksWith("demo", done.Version)
}

func TestAChannelThatIsAddedAnswersAtOnce(t *testing.T) {
	r := runDemo(t, nil, nil)
	r.publishes("demo", "  fake: {}\n", "  fake: {}\n  second:\n    type: fake\n")
	answer, status := apptest.PostTo(r.t, r.server.URL+"/webhooks/demo/second", map[string]any{"id": "m1", "from": apptest.Number, "text": "KOOP"})
	if status != http.StatusOK || !strings.Contains(answer, "Welcome") {
		t.Errorf("%d %s", status, answer)
	}
	if _, ok := r.Registry.Declared("demo", "second"); !ok {
		t.Error("it is not declared")
	}
}

func TestChannelsCredentialsAreReadAgainWithoutARestart(t *testing.T) {
	env := map[string]string{"TWILIO_ACCOUNT_SID": "AC0123", "TWILIO_AUTH_TOKEN": "before"}
	r := runDemo(t, env, nil)
	before := r.Brands.Named("demo")
	env["TWILIO_AUTH_TOKEN"] = "after"
	again := func() (config.Config, error) { return apptest.DemoIn(t, env), nil }
	r.readAgain(t.Context(), again, r.reloads(new(slog.LevelVar)))
	apptest.Await(t, "the new token", func() bool {
		c, _, on := r.Registry.Channel(t.Context(), "demo", "twilio")
		return on && c.Secrets["auth_token"].Reveal() == "after"
	}, nil)
	if now := r.Brands.Named("demo"); now.Version != before.Version {
		t.Errorf("version %d became %d", before.Version, now.Version)
	}
	broken := func() (config.Config, error) {
		c := apptest.DemoIn(t, env)
		c.Brands[0].Prompts = map[string]map[string]string{"en": {"no.such.prompt": "Hello"}}
		return c, nil
	}
	taken := r.Brands.Named("demo")
	r.readAgain(t.Context(), broken, r.reloads(new(slog.LevelVar)))
	_ = r.Clock.Sleep(t.Context(), 2*settingsEvery)
	if r.Brands.Named("demo") != taken || !strings.Contains(r.log.String(), "nothing of it was taken") {
		t.Error("what is wrong was taken")
	}
}
