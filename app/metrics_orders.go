package app

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"pulsa/prepaid"
	"pulsa/topup"
)

// orderScrapeFor is how long a scrape waits for the store: less than Prometheus's default of 10 s.
const orderScrapeFor = 5 * time.Second

// orderAges are the ages by which open orders are counted. An order at rest is not open. So an open order older than a few minutes
// waits for a third party, and one older than a day for an operator.
var orderAges = []struct {
	name string
	age  time.Duration
}{{"0s", 0}, {"1m", time.Minute}, {"10m", 10 * time.Minute}, {"1h", time.Hour}, {"1d", 24 * time.Hour}}

// openOrders counts the orders that have not come to an end and were created at or before a time, by
// brand and status.
type openOrders func(ctx context.Context, createdBefore time.Time) (map[string]map[topup.Status]int, error)

// watchOrders registers counts of open orders, taken at every scrape. Call it once, before the first scrape.
func (m *metrics) watchOrders(orders openOrders) {
	m.registry.MustRegister(&orderCollector{clock: m.clock, orders: orders, open: prometheus.NewDesc("pulsa_orders_open",
		"Orders that have not come to an end, by status, at least as old as older_than says.",
		[]string{"brand", "status", "older_than"}, nil)})
}

// orderCollector asks the store at every scrape, so that all copies of the program report the same.
type orderCollector struct {
	clock  prepaid.Clock
	orders openOrders
	open   *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (c *orderCollector) Describe(out chan<- *prometheus.Desc) { out <- c.open }

// Collect implements prometheus.Collector.
func (c *orderCollector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), orderScrapeFor)
	defer cancel()
	now := c.clock.Now()
	for _, a := range orderAges {
		counts, err := c.orders(ctx, now.Add(-a.age))
		if err != nil {
			out <- prometheus.NewInvalidMetric(c.open, err)
			return
		}
		for brand, statuses := range counts {
			for status, n := range statuses {
				out <- prometheus.MustNewConstMetric(c.open, prometheus.GaugeValue, float64(n), label(brand), label(string(status)), a.name)
			}
		}
	}
}
