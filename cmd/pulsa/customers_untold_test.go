package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"pulsa/prepaid"
)

func TestOperatorsTellByHandWhatNoChannelCan(t *testing.T) {
	o := newOffice(t)
	p := o.program()
	ctx := t.Context()
	a := prepaid.Address("tel:" + testNumber)
	for id, why := range map[prepaid.NoticeID]prepaid.HeldFor{"nbcd": prepaid.HeldNoWay, "nfgh": prepaid.HeldByStop} {
		_, err := p.DB.Writer().ExecContext(ctx, `
			INSERT INTO notices (id, brand, channel, kind, address, language, about, order_id, ordered_at, due_at, created_at)
			VALUES (?, 'demo', 'fake', 'sms', ?, 'en', 'instrument_ended', '', 1, 1, 1)`, id, a)
		if err == nil {
			err = p.DB.Notices.Hold(ctx, id, why, p.Clock.Now())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	answer := httptest.NewRecorder()
	p.AdminRoutes().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	page := answer.Body.String()
	for _, want := range []string{`pulsa_news_untold{brand="demo",why="carrier"} 1`, `pulsa_news_untold{brand="demo",why="stop"} 1`, `pulsa_news_untold_seconds{brand="demo",why="carrier"} `} {
		if !strings.Contains(page, want) {
			t.Errorf("no metric %s", want)
		}
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	o.does("nbcd", "customers", "untold", "--brand", "demo")
	o.does(`"why":"texted STOP: told when they write"`, "customers", "untold", "--json")
	if out, _ := o.pulsa("doctor"); !strings.Contains(out, "1 pieces of news reach their customers on no channel") {
		t.Errorf("the doctor says %s", out)
	}
	o.fails("--reason", "customers", "untold", "--told", "nbcd")
	o.does("nbcd was told", "customers", "untold", "--told", "nbcd", "--reason", "ticket 4711: told by phone")
	o.fails("no news with that id", "customers", "untold", "--told", "nbcd", "--reason", "again")
	o.does("ticket 4711: told by phone", "customers", "show", testNumber, "--brand", "demo")
	if out := o.does("nfgh", "customers", "untold"); strings.Contains(out, "nbcd") {
		t.Errorf("what was told by hand still waits: %s", out)
	}
}
