package app

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"pulsa/app/config"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/topup"
	"pulsa/topup/reloadly"
)

const (
	// reloadlyHook is where Reloadly sends its news, under public_url.
	reloadlyHook = "/networks/reloadly/webhook"
	// walletEvery is how often the wallet is looked at, and walletWithin how long that may take.
	walletEvery  = 5 * time.Minute
	walletWithin = 30 * time.Second
)

// newReloadly returns the client if there is an account at Reloadly, and its credentials are there, else nil.
func newReloadly(c config.Config, clock prepaid.Clock, log *slog.Logger) *reloadly.Client {
	if c.Reloadly.ClientSecret.Empty() {
		return nil
	}
	r := c.Reloadly
	return reloadly.New(reloadly.Config{
		Credentials: reloadlyCredentials(r),
		BaseURL:     r.BaseURL, AuthURL: r.AuthURL, Audience: r.Audience, Async: r.Async, PINs: true, Clock: clock, Log: log,
	})
}

func (p *Program) wireReloadly() {
	if p.reloadly = newReloadly(p.Config, p.Clock, p.Log); p.reloadly != nil {
		p.metrics.watchWallet()
	}
}

// reloadlyNews receives Reloadly's webhooks: an unclear delivery is looked up at once.
func (p *Program) reloadlyNews() http.Handler {
	return p.reloadly.Webhook(func(ctx context.Context, reference string) error {
		err := p.Topups.CreditChanged(ctx, prepaid.OrderID(reference))
		if errors.Is(err, topup.ErrNoOrder) {
			return nil // a top-up that somebody else made with the same account
		}
		return err
	})
}

// watchWallet reads the wallet's balance, sets its metric, and logs an error where the balance is low: an empty wallet holds every
// order.
func (p *Program) watchWallet(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, walletWithin)
	defer cancel()
	balance, err := p.reloadly.Balance(ctx)
	if err != nil {
		p.metrics.walletUnread.Inc()
		p.Log.WarnContext(ctx, "wallet not read", "network", config.NetworkReloadly, "error", err)
		return 0, nil
	}
	if units, err := strconv.ParseFloat(balance.Number(), 64); err == nil {
		p.metrics.wallet.WithLabelValues(config.NetworkReloadly, string(balance.Currency)).Set(units)
	}
	p.walletsRead.Store(config.NetworkReloadly, operators.WalletNow{Network: config.NetworkReloadly, Balance: balance, At: p.Clock.Now()})
	level, message := slog.LevelDebug, "wallet read"
	low, err := prepaid.ParseMoney(p.Config.Reloadly.LowBalance, balance.Currency)
	if balance.Minor <= 0 || err == nil && balance.Minor < low.Minor {
		level, message = slog.LevelError, "wallet is low: top it up at the network, or orders are held"
	}
	p.Log.LogAttrs(ctx, level, message, slog.String("network", config.NetworkReloadly), slog.String("balance", balance.String()))
	return 0, nil
}

// watchWallet registers the metrics of wallets. Call it once, before the first reading.
func (m *metrics) watchWallet() {
	m.wallet = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "pulsa_wallet_balance", Help: "What our wallet at a network held when last read, in whole units of its currency.",
	}, []string{"network", "currency"})
	m.walletUnread = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "pulsa_wallet_unread_total", Help: "Looks at a wallet that told nothing.",
	})
	m.registry.MustRegister(m.wallet, m.walletUnread)
}
