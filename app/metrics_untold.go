package app

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"pulsa/prepaid"
	"pulsa/store"
)

// untoldNewsCounts counts late news that is held, by brand and reason.
type untoldNewsCounts func(ctx context.Context) ([]store.UntoldCount, error)

// watchUntold registers counts of held news, taken at every scrape. Call it once, before the first scrape.
func (m *metrics) watchUntold(counts untoldNewsCounts) {
	labels := []string{"brand", "why"}
	m.registry.MustRegister(&untoldCollector{
		clock: m.clock, counts: counts,
		untold: prometheus.NewDesc("pulsa_news_untold", "News that waits to be told: for its customer to write (stop), or for an operator.", labels, nil),
		oldest: prometheus.NewDesc("pulsa_news_untold_seconds", "For how long the oldest of it has waited.", labels, nil),
	})
}

// untoldCollector asks the store at every scrape.
type untoldCollector struct {
	clock          prepaid.Clock
	counts         untoldNewsCounts
	untold, oldest *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (c *untoldCollector) Describe(out chan<- *prometheus.Desc) {
	out <- c.untold
	out <- c.oldest
}

// Collect implements prometheus.Collector.
func (c *untoldCollector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), orderScrapeFor)
	defer cancel()
	counts, err := c.counts(ctx)
	if err != nil {
		out <- prometheus.NewInvalidMetric(c.untold, err)
		return
	}
	for _, n := range counts {
		gauge := func(d *prometheus.Desc, v float64) {
			out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, label(n.Brand), label(string(n.Why)))
		}
		gauge(c.untold, float64(n.Count))
		gauge(c.oldest, c.clock.Now().Sub(prepaid.FromMicros(n.Oldest)).Seconds())
	}
}
