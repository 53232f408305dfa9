package main

import (
	"strings"
	"testing"

	"pulsa/app"
)

func TestTheRecordIsListedAndHeldAgainstALinkKeptOutside(t *testing.T) {
	o := office{t, t.TempDir(), map[string]string{}}
	o.env["PULSA_DATA"] = o.data
	o.does("", "apikeys", "create", "--brand", "demo", "--name", "shop", "--reason", "=contract 7")
	me := app.OSUser()
	o.does(me, "deeds", "list", "--brand", "demo", "--who", me)
	o.does("no such deed", "deeds", "list", "--who", "nobody")
	o.does(`"what":"create"`, "deeds", "list", "--json", "--what", "create")
	o.does(",'=contract 7,", "deeds", "list", "--format", "csv")
	o.fails("KIND:ID", "deeds", "list", "--object", "order")
	o.fails("say why", "deeds", "list", "--about")
	o.does("no violation", "audit")
	o.fails("was kept outside, and the record has none", "audit", "--from-link", "demo:1:"+strings.Repeat("a", 64))
	o.fails("BRAND:NUMBER:DIGEST", "audit", "--from-link", "demo:1")
}
