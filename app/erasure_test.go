package app

import (
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"

	"pulsa/app/apptest"
	"pulsa/app/config"
	"pulsa/operators"
	"pulsa/prepaid"
)

func TestAnErasedCustomersConversationIsForgotten(t *testing.T) {
	m, err := prepaid.ParseE164(apptest.Number)
	if err != nil {
		t.Fatal(err)
	}
	forget := func(t *testing.T, r *running) {
		t.Helper()
		r.customer(apptest.Number)
		r.wants(apptest.Number, "KOOP 10", "PIN")
		if err := r.Sessions.(operators.ConversationEraser).Erase(t.Context(), "demo/fake/"+string(m.Tel())); err != nil {
			t.Fatal(err)
		}
		c, _ := r.Registry.Declared("demo", "fake")
		if state, _, err := r.Handler.State(t.Context(), c, m.Tel()); err != nil || state != "idle" {
			t.Errorf("stands at %s, %v", state, err)
		}
	}
	t.Run("SQLite", func(t *testing.T) { forget(t, runDemo(t, nil, nil)) })
	t.Run("Redis", func(t *testing.T) {
		m := miniredis.RunT(t)
		forget(t, runDemo(t, nil, func(c *config.Config) { c.RedisURL = prepaid.NewSecret(apptest.PatientRedis("redis://" + m.Addr())) }))
		for line := range strings.Lines(m.Dump()) {
			if strings.Contains(line, strings.TrimPrefix(apptest.Number, "+")) && !strings.Contains(line, ":session:") {
				t.Errorf("Redis still knows: %s", line) // the look at the state made an empty session
			}
		}
	})
}
