package app

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"pulsa/app/apptest"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/sim"
	"pulsa/store/storetest"
)

// TestAMissingMonthIsAnAlarmAndNeverALostRow takes the clock beyond the months that are made ahead, as where a worker has been stuck.
func TestAMissingMonthIsAnAlarmAndNeverALostRow(t *testing.T) {
	t.Parallel()
	_, redis := apptest.Servers(t)
	users := storetest.PostgresUsers(t)
	c := apptest.Demo(t, nil)
	c.DatabaseURL, c.MigrateURL, c.RedisURL = prepaid.NewSecret(users.Program), prepaid.NewSecret(users.Owner), prepaid.NewSecret(redis)
	var logged bytes.Buffer
	log := slog.New(slog.NewTextHandler(&logged, nil))
	clock := apptest.NewStillClock()
	sims, err := sim.Open(sim.Options{Clock: clock, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	p, err := Wire(t.Context(), c, Wiring{Clock: clock, Log: log, sims: sims})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = p.Close(), sims.Close() })
	if f := p.examineSchema(t.Context()); len(f) > 0 {
		t.Errorf("in time, with an owner: %+v", f)
	}
	late := clock.Now().AddDate(2, 0, 0)
	if _, err := p.DB.Writer().ExecContext(t.Context(), `
		INSERT INTO notices (id, brand, channel, kind, address, language, about, order_id, ordered_at, due_at, created_at)
		VALUES ('n', 'demo', 'fake', 'sms', 'tel:+31612345678', 'en', 'registered', '', $1, $1, $1)`, prepaid.Micros(late)); err != nil {
		t.Fatal(err)
	}
	f := p.examineSchema(t.Context())
	if len(f) != 1 || f[0].Level != operators.LevelError || !strings.Contains(f[0].Found, "1 rows of notices came before the partition of "+late.UTC().Format("January 2006")) {
		t.Errorf("doctor finds %+v", f)
	}
	page := func() string {
		answer := httptest.NewRecorder()
		p.AdminRoutes().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		return answer.Body.String()
	}
	if text := page(); !strings.Contains(text, `pulsa_stray_rows{table="notices"} 1`) {
		t.Error("the metric does not tell of it")
	}
	if n, err := p.PreparePartitions(t.Context()); err != nil || n != 1 {
		t.Errorf("moved %d, %v", n, err)
	}
	if text := logged.String(); !strings.Contains(text, "level=ERROR") || !strings.Contains(text, "table=notices") {
		t.Errorf("the log says %s", text)
	}
	if f := p.examineSchema(t.Context()); len(f) > 0 {
		t.Errorf("afterwards: %+v", f)
	}
	if strings.Contains(page(), "pulsa_stray_rows{") {
		t.Error("the metric goes on")
	}
	if at, err := p.DB.Notices.NextNotice(t.Context()); err != nil || !at.Equal(late.Truncate(time.Microsecond)) {
		t.Errorf("the notice is due %s, %v", at, err)
	}
}

// TestOneUserForAllIsSaidByDoctor: it works, and costs something.
func TestOneUserForAllIsSaidByDoctor(t *testing.T) {
	t.Parallel()
	database, redis := apptest.Servers(t)
	c := apptest.Demo(t, nil)
	c.DatabaseURL, c.RedisURL = prepaid.NewSecret(database), prepaid.NewSecret(redis)
	for _, f := range Examine(context.WithoutCancel(t.Context()), c) {
		if f.What == "schema" && f.Level == operators.LevelWarn && strings.Contains(f.Do, "PULSA_MIGRATE_URL") {
			return
		}
	}
	t.Error("nothing is said")
}
