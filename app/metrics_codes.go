package app

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"pulsa/accounts"
	"pulsa/prepaid"
)

// codeFigures counts the one-time codes sent since a time, and those of them that were used.
type codeFigures func(ctx context.Context, since time.Time) ([]accounts.CodeFigures, error)

func newCodesRefused() *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "pulsa_codes_refused_total", Help: "One-time codes that were asked for and not sent, by the cap that was reached.",
	}, []string{"brand", "channel", "cap"})
}

// codeRefused counts a one-time code that a cap has refused.
func (m *metrics) codeRefused(brand, channel string, by accounts.CodeCap) {
	m.codesRefused.WithLabelValues(label(brand), label(channel), label(string(by))).Inc()
}

// watchCodes registers counts of the last hour's codes, taken at every scrape. Call it once, before the first scrape.
func (m *metrics) watchCodes(figures codeFigures) {
	labels := []string{"brand", "channel"}
	m.registry.MustRegister(&codeCollector{
		clock: m.clock, figures: figures,
		sent:  prometheus.NewDesc("pulsa_codes_sent", "One-time codes sent by SMS in the last hour, by the channel on which they were asked for.", labels, nil),
		used:  prometheus.NewDesc("pulsa_codes_used", "Those of them that were typed in time.", labels, nil),
		share: prometheus.NewDesc("pulsa_codes_used_share", "The share of them that was used, 0 to 1; missing where none was sent.", labels, nil),
	})
}

// codeCollector asks the store at every scrape, so that all copies of the program report the same.
type codeCollector struct {
	clock             prepaid.Clock
	figures           codeFigures
	sent, used, share *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (c *codeCollector) Describe(out chan<- *prometheus.Desc) {
	out <- c.sent
	out <- c.used
	out <- c.share
}

// Collect implements prometheus.Collector.
func (c *codeCollector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), orderScrapeFor)
	defer cancel()
	all, err := c.figures(ctx, c.clock.Now().Add(-time.Hour))
	if err != nil {
		out <- prometheus.NewInvalidMetric(c.sent, err)
		return
	}
	for _, f := range all {
		gauge := func(d *prometheus.Desc, v float64) {
			out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, label(f.Brand), label(f.Channel))
		}
		gauge(c.sent, float64(f.Sent))
		gauge(c.used, float64(f.Used))
		gauge(c.share, float64(f.Used)/float64(f.Sent))
	}
}
