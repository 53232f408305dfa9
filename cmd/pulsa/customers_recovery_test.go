package main

import (
	"testing"
	"time"

	"pulsa/accounts"
	"pulsa/conversation/talk"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/store"
)

func TestOperatorsDecideWhoseAnAccountIs(t *testing.T) {
	o := newOffice(t)
	about := []string{testNumber, "--brand", "demo"}
	why := append(about, "--reason", "asked the provider")
	o.does("never recovered", append([]string{"customers", "show"}, about...)...)
	o.fails("not frozen", append([]string{"customers", "unfreeze"}, why...)...)
	o.fails("say why", append([]string{"customers", "unfreeze"}, about...)...)
	o.does("gets a code by SMS", append([]string{"customers", "reset-pin"}, why...)...)
	o.fails("say why", append([]string{"customers", "reset-pin"}, about...)...)
	freeze := func() {
		t.Helper()
		p := o.program()
		m, _ := prepaid.ParseE164(testNumber)
		c, err := p.Accounts.ByMSISDN(t.Context(), "demo", m)
		if err == nil {
			err = p.Accounts.Link(t.Context(), c, accounts.Place{Address: "telegram:1", Channel: "fake", Kind: talk.Telegram})
		}
		if err == nil {
			_, err = p.Accounts.Recover(t.Context(), accounts.Recovery{Brand: "demo", MSISDN: m, PIN: prepaid.NewSecret("3917"),
				Places: []accounts.Place{{Address: m.Tel(), Channel: "fake", Kind: talk.SMS}}, OperationKey: prepaid.NewToken()})
		}
		if err == nil {
			_, err = p.Accounts.NotMe(t.Context(), "demo", "telegram:1")
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
	}
	freeze()
	o.does("frozen since", append([]string{"customers", "show"}, about...)...)
	o.does("+316****5678", "customers", "frozen", "--brand", "demo")
	o.does(`"frozen_at"`, "customers", "frozen", "--brand", "demo", "--json")
	o.fails("frozen", append([]string{"customers", "reset-pin"}, why...)...)
	o.does("stays with", append([]string{"customers", "unfreeze"}, why...)...)
	o.does("asked the provider", append([]string{"customers", "show"}, about...)...)
	freeze()
	o.does("is nobody's", append([]string{"customers", "unfreeze", "--end"}, why...)...)
	o.does("locked until", append([]string{"customers", "show"}, about...)...)
	o.switchOff("fake")
	o.fails("which carries SMS, is off", append([]string{"customers", "reset-pin"}, why...)...)
}

// switchOff switches a channel off, whoever else it reaches.
func (o office) switchOff(channel string) {
	o.Helper()
	db, err := store.Open(o.Context(), "sqlite:"+o.data+"/pulsa.db", store.Options{})
	if err == nil {
		err = db.Channels.SetSwitch(o.Context(), operators.SwitchChange{Brand: "demo", Channel: channel, On: false, By: prepaid.By{Who: "test"}, At: time.Now()})
	}
	if err == nil {
		err = db.Close()
	}
	if err != nil {
		o.Fatal(err)
	}
}
