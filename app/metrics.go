package app

import (
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"pulsa/app/version"
	"pulsa/conversation"
	"pulsa/prepaid"
	"pulsa/topup"
)

// metrics are what the admin listener tells Prometheus. Labels are names of the program's and the
// configuration's own making, never a number or a text of a customer. Safe for concurrent use.
type metrics struct {
	registry     *prometheus.Registry
	turns        *prometheus.CounterVec
	turnTime     *prometheus.HistogramVec
	orderMoves   *prometheus.CounterVec
	states       *prometheus.CounterVec
	codesRefused *prometheus.CounterVec
	// Used where a brand has a network with a wallet.
	wallet       *prometheus.GaugeVec
	walletUnread prometheus.Counter
	clock        prepaid.Clock
}

// newMetrics returns metrics on a registry of their own.
func newMetrics(clock prepaid.Clock) *metrics {
	m := &metrics{
		clock:    clock,
		registry: prometheus.NewRegistry(),
		turns: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pulsa_turns_total", Help: "Turns, by where they ended and what came of them.",
		}, []string{"brand", "channel", "kind", "flow", "state", "result"}),
		turnTime: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "pulsa_turn_seconds", Help: "Time from a message's receipt to its answer.",
			// Twilio gives up after 15 s and USSD after about 3: the edges tell how near we are.
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2, 3, 5, 8, 10, 15, 30},
		}, []string{"brand", "channel", "result"}),
		orderMoves: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pulsa_order_moves_total", Help: "Orders that went from one status to another.",
		}, []string{"brand", "from", "to"}),
		states: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "state_change", Help: "Conversations that went from one state of a flow to another.",
		}, []string{"flow", "from", "to"}),
	}
	m.codesRefused = newCodesRefused()
	m.registry.MustRegister(buildInfo(version.Current()), m.turns, m.turnTime, m.orderMoves, m.states, m.codesRefused,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// buildInfo is always 1: its labels say which build runs.
func buildInfo(b version.Build) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "pulsa_build_info", Help: "Always 1; the labels say which build runs.",
		ConstLabels: prometheus.Labels{"version": b.Version, "commit": b.Commit, "go": b.Go},
	}, func() float64 { return 1 })
}

// turn counts what a turn did.
func (m *metrics) turn(r conversation.Record) {
	m.turnDone(r.Channel.Brand.Name, r.Channel.Name, string(r.Kind), flowOf(r.To), r.To, r.Result, r.Duration)
	for _, step := range r.Path {
		m.stateChanged(flowOf(step.From), step.From, step.To)
	}
}

// flowOf is the flow that a state belongs to: "registration" of "registration.ask_pin".
func flowOf(state string) string {
	flow, _, _ := strings.Cut(state, ".")
	return flow
}

// turnDone counts a turn and how long it took from the receipt of its message. flow and state are where
// the session stands after it; result is conversation.Record's.
func (m *metrics) turnDone(brand, channel, kind, flow, state, result string, d time.Duration) {
	brand, channel, result = label(brand), label(channel), label(result)
	m.turns.WithLabelValues(brand, channel, label(kind), label(flow), label(state), result).Inc()
	m.turnTime.WithLabelValues(brand, channel, result).Observe(d.Seconds())
}

// orderMoved counts a change of an order's status.
func (m *metrics) orderMoved(brand string, from, to topup.Status) {
	m.orderMoves.WithLabelValues(label(brand), label(string(from)), label(string(to))).Inc()
}

// stateChanged counts a transition of a conversation.
func (m *metrics) stateChanged(flow, from, to string) {
	m.states.WithLabelValues(label(flow), label(from), label(to)).Inc()
}

// Handler answers Prometheus on the admin listener. What can't be collected is left out, and counted in
// promhttp_metric_handler_errors_total.
func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError, Registry: m.registry})
}

// label keeps a name that the program or the configuration made, and replaces everything else: a label must
// neither show a customer's number or text nor grow without bounds.
func label(name string) string {
	digits := 0
	for _, r := range name {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case r < 'a' || r > 'z':
			if !strings.ContainsRune("_.-", r) {
				return "other"
			}
		}
	}
	if digits > 3 || len(name) > 64 {
		return "other"
	}
	return name
}
