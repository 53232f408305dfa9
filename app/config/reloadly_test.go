package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pulsa/prepaid"
)

func TestReloadlysAccountIsReadAndGuarded(t *testing.T) {
	real := strings.Replace(real, "network: net", "network: reloadly", 1)
	test := strings.Replace(minimal, "network: sim", "network: reloadly", 1)
	account := "reloadly:\n  client_id: ${ID}\n  client_secret: ${SECRET}\n"
	vars := []string{"PULSA_PIN_PEPPER", key32, "PULSA_CARD_KEY", key32, "TOKEN", "t", "FROM", "+31600000000", "ID", "id", "SECRET", "hush"}
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"no account": {test, []string{"1: brand shop has network reloadly: write reloadly: with client_id and client_secret, as the example does"}},
		"no secret":  {test + "reloadly: {client_id: x}\n", []string{"14: reloadly has no client_secret: write client_secret: ${NAME}"}},
		"secret in the file": {test + "reloadly: {client_id: x, client_secret: oops}\n",
			[]string{"14: client_secret is a secret: put it into the environment and write client_secret: ${NAME}"}},
		"not set": {test + "reloadly:\n  client_id: x\n  client_secret: ${NOWHERE}\n", []string{"16: client_secret: NOWHERE is not set in the environment"}},
		"elsewhere with real customers": {real + account + "  base_url: http://127.0.0.1:8090\n",
			[]string{"17: base_url is only for brands marked test, and brand shop is not: remove it"}},
		"no address":     {test + account + "  auth_url: here\n", []string{`17: auth_url is "here": write https://host`}},
		"no amount":      {test + account + "  low_balance: EUR 5\n", []string{`17: low_balance is "EUR 5": write an amount without its currency, such as 250`}},
		"no such key":    {test + account + "  sandbox: true\n", []string{"17: reloadly has no key sandbox: known are client_id, client_secret, webhook_secret, base_url, auth_url, audience, async, low_balance"}},
		"well":           {test + account + "  base_url: http://127.0.0.1:8090/\n  async: true\n  low_balance: 250\n", nil},
		"well, for real": {real + account, nil},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := load(t, tc.text, env(vars...))
			if tc.want == nil {
				if err != nil {
					t.Fatal(err)
				}
				want := Reloadly{Named: true, ClientID: "id", ClientSecret: prepaid.NewSecret("hush")}
				if name == "well" {
					want.BaseURL, want.Async, want.LowBalance = "http://127.0.0.1:8090", true, "250"
				}
				if c.Reloadly != want {
					t.Errorf("read %+v", c.Reloadly)
				}
				return
			}
			got := faults(t, err)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
