package main

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"pulsa/prepaid"
	"pulsa/topup"
	"pulsa/topup/reloadly"
)

func TestOperatorsKeepWebhooks(t *testing.T) {
	o := office{t, t.TempDir(), map[string]string{}}
	o.env["PULSA_DATA"] = o.data
	var key struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	if err := json.Unmarshal([]byte(o.does("client_secret", "apikeys", "create", "--brand", "demo", "--name", "shop", "--json")), &key); err != nil {
		t.Fatal(err)
	}
	o.does("booked", "apikeys", "credit", "--key", key.ID, "--amount", "100", "--reason", "paid")
	o.fails("no webhook: pulsa apikeys webhook --url URL gives it one", "apikeys", "webhook", "--key", key.ID)
	o.fails("--url: write an https address", "apikeys", "webhook", "--key", key.ID, "--url", "http://shop.example/", "--reason", "wrong")
	o.fails("--reason", "apikeys", "webhook", "--key", key.ID, "--url", "https://shop.example/")
	o.fails("no such key", "apikeys", "webhook", "--key", "nobody", "--url", "https://shop.example/", "--reason", "wrong")
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "not today", http.StatusTeapot) }))
	defer receiver.Close()
	printed := o.does("webhook_secret", "apikeys", "webhook", "--key", key.ID, "--url", receiver.URL, "--reason", "asked for")
	o.does(receiver.URL, "apikeys", "webhook", "--key", key.ID)
	o.does(`"url":"`+receiver.URL, "apikeys", "webhook", "--key", key.ID, "--json")

	p := o.program()
	api := httptest.NewServer(p.Routes())
	client := reloadly.New(reloadly.Config{Credentials: reloadly.Credentials{ClientID: key.ID, ClientSecret: prepaid.NewSecret(key.Secret)}, BaseURL: api.URL, AuthURL: api.URL + "/oauth/token",
		Audience: reloadly.LiveURL, Clock: prepaid.SystemClock{}, Log: slog.New(slog.DiscardHandler)})
	client.Credit(t.Context(), topup.Credit{Reference: "REF", MSISDN: "31612345678", Amount: prepaid.Money{Minor: 500, Currency: "EUR"}})
	if n, err := p.Developers.DeliverDue(t.Context()); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	api.Close()
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}

	listed := o.does("waiting after 1 try until", "apikeys", "deliveries", "list", "--key", key.ID)
	delivery := strings.Fields(strings.Split(listed, "\n")[1])[0]
	o.does(`"code":"HTTP 418"`, "apikeys", "deliveries", "list", "--key", key.ID, "--status", "waiting", "--json")
	if out := o.does("", "apikeys", "deliveries", "list", "--key", key.ID, "--status", "taken"); out != "Nothing found.\n" {
		t.Errorf("taken: %s", out)
	}
	if !regexp.MustCompile(`\n` + delivery + ` +\S+ +1 `).MatchString(listed) {
		t.Errorf("without the transaction's id: %s", listed)
	}
	if out := o.does("", "apikeys", "deliveries", "show", "--delivery", delivery); !regexp.MustCompile(`transaction +1\b`).MatchString(out) {
		t.Errorf("without the transaction's id: %s", out)
	}
	o.does(`"transaction":1`, "apikeys", "deliveries", "show", "--delivery", delivery, "--json")
	o.fails("--limit must be positive", "apikeys", "deliveries", "list", "--key", key.ID, "--limit", "0")
	o.fails("no such key", "apikeys", "deliveries", "list", "--key", "nobody")
	o.does("not today", "apikeys", "deliveries", "show", "--delivery", delivery)
	o.does(`"excerpt":"not today"`, "apikeys", "deliveries", "show", "--delivery", delivery, "--json")
	o.fails("no such delivery", "apikeys", "deliveries", "show", "--delivery", "none")
	o.does("sent again", "apikeys", "deliveries", "repeat", "--delivery", delivery, "--reason", "they are back")
	o.does("repeat delivery "+delivery, "apikeys", "show", "--key", key.ID)
	o.does("no webhook any more", "apikeys", "webhook", "--key", key.ID, "--remove", "--reason", "left")
	o.fails("no webhook: pulsa apikeys webhook --url URL gives it one", "apikeys", "deliveries", "repeat", "--delivery", delivery, "--reason", "again")
	if out := o.does("remove webhook", "apikeys", "show", "--key", key.ID); strings.Contains(out, strings.Fields(printed)[1]) {
		t.Error("the record tells the secret")
	}
}
