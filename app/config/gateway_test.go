package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// gateway is a brand whose customers reach it by Kannel. Its last line is line 20.
var gateway = strings.Replace(minimal, "fake: {}", `sms:
        type: httpsms
        preset: kannel
        gateway_url: http://kannel.internal:13013
        user: pulsa
        password: ${KANNEL_PASSWORD}
        token: ${KANNEL_TOKEN}
        from: "1234"`, 1)

func TestAnSMSGatewayIsRead(t *testing.T) {
	c, err := load(t, gateway+"        dlr_url: \"\"\n        dlr_status: ''\n", env("KANNEL_PASSWORD", "geheim", "KANNEL_TOKEN", "bcdfghjklmnpqrstvwxz"))
	if err != nil {
		t.Fatal(err)
	}
	channel := c.Brands[0].Channels[0]
	want := map[string]string{"preset": "kannel", "gateway_url": "http://kannel.internal:13013", "user": "pulsa", "from": "1234", "dlr_url": "", "dlr_status": ""}
	if diff := cmp.Diff(want, channel.Settings); diff != "" || c.Brands[0].SMSChannel != "sms" || channel.Secrets["password"].Reveal() != "geheim" {
		t.Errorf("%s %+v", diff, c.Brands[0])
	}
}

func TestAnSMSGatewaySFaultsNameTheirLines(t *testing.T) {
	vars := env("KANNEL_PASSWORD", "geheim", "KANNEL_TOKEN", "bcdfghjklmnpqrstvwxz")
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"a value of its own": {gateway + "        send_method: FETCH\n        result_refused: \"(\"\n",
			[]string{"21: channel sms: send_method: write one of GET, POST, PUT", "22: channel sms: result_refused: write a regular expression for the status and the body, such as ^202 0"}},
		"a key that is lacking": {strings.Replace(gateway, "        gateway_url: http://kannel.internal:13013\n", "", 1),
			[]string{"13: channel sms: gateway_url: not set: write where the gateway listens, such as http://kannel.internal:13013"}},
		"a preset that there is not": {strings.Replace(gateway, "preset: kannel", "preset: kanel", 1),
			[]string{"15: channel sms: preset: write one of jasmin, kannel, or leave it out and say everything else"}},
		"a key that there is not": {gateway + "        send_uri: x\n", []string{"21: channel sms has no key send_uri: did you mean send_url?"}},
		"a secret in the file": {strings.Replace(gateway, "${KANNEL_PASSWORD}", "hush", 1),
			[]string{"18: password is a secret: put it into the environment and write password: ${NAME}"}},
		"no token": {strings.Replace(gateway, "        token: ${KANNEL_TOKEN}\n", "", 1),
			[]string{"13: channel sms has no token: write token: ${NAME}, and NAME into the environment"}},
		"a bad rate": {gateway + "        rate: fast\n        redelivers: often\n",
			[]string{"21: rate is \"fast\": write messages a second, such as 10 or 0.5", "22: redelivers is \"often\": write true or false"}},
	} {
		_, err := load(t, tc.text, vars)
		if err == nil {
			t.Errorf("%s: no fault", name)
			continue
		}
		if diff := cmp.Diff(tc.want, faults(t, err)); diff != "" || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestAnSMSGatewayWithoutItsSecretsIsOff(t *testing.T) {
	c, err := load(t, gateway, env("KANNEL_TOKEN", "bcdfghjklmnpqrstvwxz"))
	if err != nil || len(c.Notes) != 1 || c.Notes[0] != "channel shop/sms is off: KANNEL_PASSWORD not set in the environment" {
		t.Errorf("%v %q", err, c.Notes)
	}
}
