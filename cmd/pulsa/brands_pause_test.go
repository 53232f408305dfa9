package main

import "testing"

func TestABrandIsPausedAndResumed(t *testing.T) {
	o := office{t, t.TempDir(), map[string]string{}}
	o.env["PULSA_DATA"] = o.data
	o.does("", "apikeys", "create", "--brand", "demo", "--name", "shop", "--reason", "contract 7") // makes the database
	pause := func(args ...string) []string {
		return append([]string{"brands", "pause", "--brand", "demo", "--reason", "ticket 7"}, args...)
	}
	o.fails("say why", "brands", "pause", "--brand", "demo")
	o.fails("the brand is not paused", "brands", "resume", "--brand", "demo", "--reason", "ticket 7")
	o.fails("14:00", pause("--until", "tomorrow")...)
	o.fails("a time that is to come", pause("--until", "2020-01-31 14:00")...)
	o.fails("300 characters", pause("--text-en", "two\nlines")...)
	o.does("The brand is paused", pause("--until", "23:59", "--text-en", "Top-ups are down.", "--text-nl", "Opwaarderen kan nu niet.")...)
	o.does("pulsa brands resume --brand demo", "doctor")
	o.does(`"new":"paused until `, "deeds", "list", "--json", "--what", "pause brand")
	o.does("sells again", "brands", "resume", "--brand", "demo", "--reason", "ticket 7")
	o.does("resume brand", "deeds", "list")
}
