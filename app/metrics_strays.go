package app

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"pulsa/store"
)

// watchStrays registers a count, taken at every scrape, of rows whose partition is missing. Call it once, before the first scrape.
func (m *metrics) watchStrays(strays func(context.Context) ([]store.Strays, error)) {
	m.registry.MustRegister(&strayCollector{strays, prometheus.NewDesc("pulsa_stray_rows",
		"Rows whose month has no partition yet, by table; anything but 0 is an alarm.", []string{"table"}, nil)})
}

// strayCollector asks the store at every scrape.
type strayCollector struct {
	strays func(context.Context) ([]store.Strays, error)
	rows   *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (c *strayCollector) Describe(out chan<- *prometheus.Desc) { out <- c.rows }

// Collect implements prometheus.Collector.
func (c *strayCollector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), orderScrapeFor)
	defer cancel()
	strays, err := c.strays(ctx)
	if err != nil {
		out <- prometheus.NewInvalidMetric(c.rows, err)
		return
	}
	for _, s := range strays {
		out <- prometheus.MustNewConstMetric(c.rows, prometheus.GaugeValue, float64(s.Rows), label(s.Table))
	}
}
