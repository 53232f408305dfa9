package httpsms_test

import (
	"strings"
	"testing"

	"pulsa/channels"
	"pulsa/channels/httpsms"
	"pulsa/prepaid"
)

func TestFaultsNameTheKeyAndSayWhatToWrite(t *testing.T) {
	for want, pairs := range map[string][]string{
		"preset: write one of jasmin, kannel":                             {"preset", "kanel"},
		"in_from: write where it stands":                                  {"in_from", "from"},
		"in_text: write where it stands":                                  {"in_text", "yaml.text"},
		"in_from: not set":                                                {"in_from", ""},
		"in_text: not set":                                                {"in_text", ""},
		"in_list: write json":                                             {"in_list", "query.x", "answer", "push"},
		"answer: write push: one response":                                {"in_list", "json"},
		"answer: write response":                                          {"answer", "text"},
		"in_text: a body is a form, JSON or XML":                          {"in_text", "json.text", "in_id", "form.id"},
		"in_token: write path":                                            {"in_token", "cookie"},
		"in_signature_by: write one of":                                   {"in_signature_by", "md5"},
		"in_signature_of: there is no {secret}":                           {"in_signature_of", "{secret}"},
		"in_charset: no such charset":                                     {"in_charset", "klingon"},
		"in_codings: write the charset of each coding":                    {"in_codings", "0=klingon"},
		"in_signature_of: the text is not signed: write {query} or {url}": {"in_signature", "header.X-Signature", "in_text", "query.text"},
		"in_signature: leave it out":                                      {"in_signature", "header.X-Signature", "in_text", "header.X-Text"},
		"send_charset: leave it out":                                      {"send_method", "POST", "send_type", "application/json", "send_body", `{"text":"{text}"}`, "send_charset", "latin1"},
		"in_numbers: write international":                                 {"in_numbers", "local"},
		"send_method: write one of GET":                                   {"send_method", "FETCH"},
		"send_url: there is no {too}: write one of {":                     {"send_url", "{gateway}/?to={too}"},
		"send_url: write a URL of http":                                   {"send_url", "/cgi-bin/sendsms"},
		"send_url: not set":                                               {"send_url", ""},
		"send_url: write a URL of http or https without":                  {"send_url", "http://pulsa:geheim@kannel/send"},
		"gateway_url: write a URL":                                        {"gateway_url", "kannel:13013"},
		"gateway_url: not set":                                            {"gateway_url", ""},
		"send_headers: write one header":                                  {"send_headers", "Authorization"},
		"send_headers: there is no {pass}":                                {"send_headers", "Authorization: {pass}"},
		"send_charset: no such charset":                                   {"send_charset", "x"},
		"result_sent: not set":                                            {"result_sent", ""},
		"result_sent: write a regular expression":                         {"result_sent", "(202"},
		"probe_method: write one of GET, POST":                            {"probe_method", "HEAD"},
		"probe_ok: not set":                                               {"probe_ok", ""},
		"dlr_status: not set":                                             {"dlr_status", ""},
		"dlr_outbound: not set":                                           {"dlr_outbound", ""},
		"dlr_sent: a status can't mean two things":                        {"dlr_sent", "1"},
		"dlr_url: there is no {password}":                                 {"dlr_url", "{webhook}?p={password}"},
		"sources: sources must be addresses or networks such":             {"sources", "anywhere"},
		"carrier_stop: write true or false":                               {"carrier_stop", "maybe"},
	} {
		found := ""
		for _, f := range httpsms.Faults(kannel(pairs...).Settings) {
			found += f.Error() + "\n"
		}
		if !strings.Contains(found, want) || strings.Count(found, "\n") > 2 || strings.Contains(found, "geheim") {
			t.Errorf("%q: %q, want %q", pairs, found, want)
		}
	}
	for _, preset := range httpsms.Presets() {
		c := lineWith(map[string]string{"preset": preset, "gateway_url": "http://127.0.0.1:1"})
		if faults := httpsms.Faults(c.Settings); len(faults) > 0 {
			t.Errorf("preset %s lacks more than gateway_url: %v", preset, faults)
		}
		if err := httpsms.New(prepaid.SystemClock{}).Check(c); err != nil {
			t.Errorf("preset %s: %v", preset, err)
		}
	}
}

func TestAChannelSaysWhichSecretItLacks(t *testing.T) {
	for want, spoil := range map[string]func(*channels.Channel){
		"":                            func(*channels.Channel) {},
		"token is not set":            func(c *channels.Channel) { delete(c.Secrets, "token") },
		"token has fewer than 16":     func(c *channels.Channel) { c.Secrets["token"] = prepaid.NewSecret("short") },
		"token_old has fewer than 16": func(c *channels.Channel) { c.Secrets["token_old"] = prepaid.NewSecret("short") },
		"token stands in a path":      func(c *channels.Channel) { c.Secrets["token"] = prepaid.NewSecret("bcdfghjk/mnpqrst vw") },
		"password is not set":         func(c *channels.Channel) { delete(c.Secrets, "password") },
		"signature_secret is not set": func(c *channels.Channel) {
			c.Settings["in_signature"] = "header.X-S"
			delete(c.Secrets, "signature_secret")
		},
		"send_url: not set: write how a me": func(c *channels.Channel) { c.Settings["send_url"] = "" },
	} {
		c := kannel()
		spoil(&c)
		err := httpsms.New(prepaid.SystemClock{}).Check(c)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestSettingsThatChangeAreReadAgain(t *testing.T) {
	a, c := httpsms.New(prepaid.SystemClock{}), kannel()
	if url := a.ProviderURL(c); url != webhook+"/…?from=%p&id=%I&charset=%C" {
		t.Error(url)
	}
	if url := a.ProviderURL(kannel("in_url", "?x", "in_token", "header.X-Token")); url != webhook+"?x" {
		t.Error(url)
	}
	if url := a.ProviderURL(c); !strings.Contains(url, "%p") {
		t.Error(url)
	}
}

func TestWhichRequestsAreTaken(t *testing.T) {
	a := httpsms.New(prepaid.SystemClock{})
	for _, test := range []struct {
		pairs        []string
		method, path string
		want         bool
	}{
		{nil, "GET", "", true}, {nil, "POST", "/x", true}, {nil, "PUT", "/x", false}, {nil, "HEAD", "/x", false}, {nil, "GET", "/x/y", false},
		{[]string{"in_token", "query.t"}, "GET", "/x", false}, {[]string{"in_token", "query.t"}, "GET", "", true},
	} {
		if got := a.Takes(kannel(test.pairs...), test.method, test.path); got != test.want {
			t.Errorf("%q: %s %s: %v", test.pairs, test.method, test.path, got)
		}
	}
}
