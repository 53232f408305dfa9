package app

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
)

// watchDoubts registers a count, taken at every scrape, of messages of which it is unknown whether they were sent. Call it once, before the first
// scrape.
func (m *metrics) watchDoubts(doubtful func(context.Context) (map[string]int, error)) {
	m.registry.MustRegister(&doubtCollector{doubtful, prometheus.NewDesc("pulsa_messages_doubtful",
		"Messages of which it is being found out whether they were sent.", []string{"brand"}, nil)})
}

// doubtCollector asks the store at every scrape.
type doubtCollector struct {
	doubtful func(context.Context) (map[string]int, error)
	count    *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (c *doubtCollector) Describe(out chan<- *prometheus.Desc) { out <- c.count }

// Collect implements prometheus.Collector.
func (c *doubtCollector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), orderScrapeFor)
	defer cancel()
	counts, err := c.doubtful(ctx)
	if err != nil {
		out <- prometheus.NewInvalidMetric(c.count, err)
		return
	}
	for brand, n := range counts {
		out <- prometheus.MustNewConstMetric(c.count, prometheus.GaugeValue, float64(n), label(brand))
	}
}
