package app

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"pulsa/app/apptest"
	"pulsa/app/config"
)

func TestServeTellsWhatIsSimulatedAndWhatToTry(t *testing.T) {
	for _, each := range []struct {
		change     func(*config.Config)
		want, lack string
	}{
		{func(*config.Config) {}, "SIMULATED: payments and network", ""},
		{func(*config.Config) {}, "apikeys create --brand demo --name shop", ""},
		{func(*config.Config) {}, "http://127.0.0.1:8080/docs", ""},
		{func(*config.Config) {}, "  > 246810 ", ""},
		{func(c *config.Config) { c.Brands[0].TestCode = "" }, "REDEEM", "code by SMS"},
		{func(c *config.Config) { delete(c.API, "demo") }, "REDEEM", "/docs"},
		{func(c *config.Config) {
			c.Brands[0].Network = config.NetworkReloadly
			c.Reloadly = config.Reloadly{ClientID: "id", BaseURL: "http://127.0.0.1:1", AuthURL: "http://127.0.0.1:1/oauth/token"}
		}, "SIMULATED: payments.", "network"},
	} {
		var out strings.Builder
		r := runDemo(t, nil, each.change)
		r.Config.Listen = "127.0.0.1:8080"
		r.welcome(t.Context(), &out, "http://127.0.0.1:8081", "")
		if !strings.Contains(out.String(), each.want) || each.lack != "" && strings.Contains(out.String(), each.lack) {
			t.Errorf("want %q, not %q: %s", each.want, each.lack, out.String())
		}
	}
}

func TestHintsBeginAsTheProgramWasCalled(t *testing.T) {
	for arg, want := range map[string]string{
		"/tmp/go-build3527/b001/exe/pulsa":                   "go run ./cmd/pulsa",
		"/cache/5d/" + strings.Repeat("5d", 32) + "-d/pulsa": "go run ./cmd/pulsa",
		"./pulsa":                "./pulsa",
		"pulsa":                  "pulsa",
		"/usr/local/bin/pulsa-2": "/usr/local/bin/pulsa-2",
		"":                       "pulsa",
	} {
		if got := calledAs(arg); got != want {
			t.Errorf("%s: %s, want %s", arg, got, want)
		}
	}
	r := runDemo(t, nil, func(c *config.Config) { c.File = "brands.yaml" })
	var welcome strings.Builder
	r.welcome(t.Context(), &welcome, "http://127.0.0.1:8081", "")
	page, err := http.Get(r.server.URL + "/?number=%2B31612345678")
	if err != nil {
		t.Fatal(err)
	}
	defer page.Body.Close()
	phone, err := io.ReadAll(page.Body)
	if err != nil {
		t.Fatal(err)
	}
	flags := "--config brands.yaml --data " + r.Config.Data
	for _, want := range []string{"go run ./cmd/pulsa chat --server ", "go run ./cmd/pulsa cards generate ", flags} {
		if !strings.Contains(welcome.String(), want) {
			t.Errorf("serve says nothing of %q:\n%s", want, welcome.String())
		}
	}
	for _, want := range []string{"<code>go run ./cmd/pulsa talk run</code>", "<i>go run ./cmd/pulsa cards generate</i>", flags} {
		if !strings.Contains(string(phone), want) {
			t.Errorf("the phone says nothing of %q", want)
		}
	}
}

func TestServeSaysWhatToConfigureAtTwilio(t *testing.T) {
	env := apptest.ProviderEnv()
	delete(env, "USSD_TOKEN")
	r := runDemo(t, env, func(c *config.Config) { c.File, c.PublicURL = "brands.yaml", apptest.PublicURL })
	var out strings.Builder
	r.welcome(t.Context(), &out, "http://127.0.0.1:8081", "")
	for _, word := range []string{"https://topup.example/webhooks/demo/twilio#rc=5&rp=all", "off  token is not set", "On this machine: http://127.0.0.1:", "chat --server http://127.0.0.1:", " --config brands.yaml"} {
		if !strings.Contains(out.String(), word) {
			t.Errorf("no %q in:\n%s", word, out.String())
		}
	}
}
