package app

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"pulsa/cards"
)

// watchCards registers a count of wrong card codes, taken at every scrape. Call it once, before the first scrape.
func (m *metrics) watchCards(guessing func(context.Context) (map[string]int64, error)) {
	m.registry.MustRegister(&guessCollector{
		guessing: guessing,
		wrong: prometheus.NewDesc("pulsa_card_wrong_codes",
			"Wrong card codes of the last 10 minutes, by all customers together.", []string{"brand"}, nil),
		wave: prometheus.NewDesc("pulsa_card_guessing",
			"1 while so many wrong card codes come in that somebody must be guessing; alarm on it.", []string{"brand"}, nil),
	})
}

// guessCollector asks the store, so that all copies of the program report the same.
type guessCollector struct {
	guessing    func(context.Context) (map[string]int64, error)
	wrong, wave *prometheus.Desc
}

// guessScrapeFor is how long a scrape waits for the store: less than Prometheus's default of 10 s.
const guessScrapeFor = 5 * time.Second

// Describe implements prometheus.Collector.
func (c *guessCollector) Describe(out chan<- *prometheus.Desc) {
	out <- c.wrong
	out <- c.wave
}

// Collect implements prometheus.Collector.
func (c *guessCollector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), guessScrapeFor)
	defer cancel()
	counts, err := c.guessing(ctx)
	if err != nil {
		out <- prometheus.NewInvalidMetric(c.wrong, err)
		return
	}
	for brand, n := range counts {
		wave := 0.0
		if n >= cards.WaveCodes {
			wave = 1
		}
		out <- prometheus.MustNewConstMetric(c.wrong, prometheus.GaugeValue, float64(n), label(brand))
		out <- prometheus.MustNewConstMetric(c.wave, prometheus.GaugeValue, wave, label(brand))
	}
}
