package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"time"

	"pulsa/app/config"
	"pulsa/app/core"
	"pulsa/channels"
	"pulsa/conversation"
	"pulsa/prepaid"
	"pulsa/sim"

	"pulsa/operators"
	simgateway "pulsa/sim/gateway"
)

// The levels of a finding.
const (
	LevelOK    = "ok"
	LevelWarn  = "warn"
	LevelError = "error"
)

// Finding is one thing that the doctor has looked at.
type Finding struct {
	Level string `json:"level"`
	What  string `json:"what"`
	Found string `json:"found"`
	Do    string `json:"do,omitempty"` // what to do about it
}

const (
	// doctorWithin bounds what a provider or store may take.
	doctorWithin = 15 * time.Second
	// stuckAfter is how old an order may be that is still open without anybody wondering.
	stuckAfter = time.Hour
)

// Examine looks at everything. The simulators stay in memory: a running server has their books.
func Examine(ctx context.Context, c config.Config) []Finding {
	findings := []Finding{{LevelOK, "configuration", c.File, ""}}
	for _, note := range c.Notes {
		findings = append(findings, Finding{LevelWarn, "configuration", note, "set what is named, or leave the channel off"})
	}
	findings = append(findings, examineKeys(c)...)
	findings = append(findings, examineFolder(c)...)
	quiet := slog.New(slog.DiscardHandler)
	sims, err := sim.Open(sim.Options{Clock: prepaid.SystemClock{}, Log: quiet, BaseURL: c.PublicURL})
	if err != nil {
		return append(findings, Finding{LevelError, "simulators", err.Error(), "report this"})
	}
	defer func() { _ = sims.Close() }()
	ctx, cancel := context.WithTimeout(ctx, 4*doctorWithin)
	defer cancel()
	p, err := Wire(ctx, c, Wiring{Clock: prepaid.SystemClock{}, Log: quiet, Sims: sims})
	var key *core.KeyError
	if errors.As(err, &key) {
		return append(findings, Finding{LevelError, "keys", key.Found, key.Do})
	}
	if err != nil {
		return append(findings, Finding{LevelError, "stores", err.Error(),
			"start the database, or correct database_url (PULSA_DATABASE_URL) or redis_url (PULSA_REDIS_URL)"})
	}
	defer func() { _ = p.Close() }()
	for _, look := range []func(context.Context) []Finding{
		p.ExamineStores, p.examineChannels, p.ExamineCredentials, p.examineSimulated, p.ExamineRemote, p.ExamineGateway,
		p.examineWallet, p.ExamineRates, p.examineWork,
	} {
		findings = append(findings, look(ctx)...)
	}
	return findings
}

func examineKeys(c config.Config) []Finding {
	var findings []Finding
	for _, key := range []struct {
		name string
		keys map[int]prepaid.Secret
	}{{"PULSA_PIN_PEPPER", c.Peppers}, {"PULSA_CARD_KEY", c.CardKeys}} {
		if len(key.keys) == 0 {
			findings = append(findings, Finding{LevelWarn, "keys", key.name + " is not set: a key in the data folder is used, for test brands only",
				"before real customers come: " + key.name + "=$(openssl rand -hex 32), kept outside the database and backed up"})
			continue
		}
		findings = append(findings, Finding{LevelOK, "keys", fmt.Sprintf("%s has %d versions", key.name, len(key.keys)), ""})
	}
	return findings
}

func examineFolder(c config.Config) []Finding {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return []Finding{{LevelError, "data folder", err.Error(), "make " + c.Data + " writable for the server's user, or set PULSA_DATA"}}
	}
	f, err := os.CreateTemp(c.Data, ".doctor-*")
	if err != nil {
		return []Finding{{LevelError, "data folder", err.Error(), "make " + c.Data + " writable for the server's user, or set PULSA_DATA"}}
	}
	_, _ = f.Close(), os.Remove(f.Name())
	return []Finding{{LevelOK, "data folder", c.Data, ""}}
}

func (p *Program) ExamineStores(ctx context.Context) []Finding {
	skew, took, err := p.clockSkew(ctx)
	if err != nil {
		return []Finding{{LevelError, "SQL", err.Error(), "start the database, or correct database_url (PULSA_DATABASE_URL)"}}
	}
	findings := []Finding{
		{LevelOK, "SQL", fmt.Sprintf("%s answers in %s, its schema is this program's", p.DB.Dialect(), took.Round(time.Millisecond)), ""},
		JudgeSkew(skew),
	}
	if p.Redis == nil {
		return append(findings, Finding{LevelOK, "sessions", "in the embedded database: one copy of the server at a time", ""})
	}
	ctx, cancel := context.WithTimeout(ctx, doctorWithin)
	defer cancel()
	if err := p.Redis.Ping(ctx).Err(); err != nil {
		return append(findings, Finding{LevelError, "Redis", err.Error(), "start Redis, or correct redis_url (PULSA_REDIS_URL)"})
	}
	return append(findings, Finding{LevelOK, "Redis", "answers", ""})
}

func JudgeSkew(skew time.Duration) Finding {
	f := Finding{LevelOK, "clock", fmt.Sprintf("%s apart from SQL's", skew.Round(time.Millisecond)), ""}
	switch {
	case skew.Abs() >= skewWrong:
		f.Level = LevelError
	case skew.Abs() >= skewWarn:
		f.Level = LevelWarn
	}
	if f.Level != LevelOK {
		f.Do = "let NTP set the clocks of this machine and the database's: leases and limits go by them"
	}
	return f
}

func (p *Program) examineChannels(ctx context.Context) []Finding {
	var findings []Finding
	reached := false
	for _, s := range p.Registry.List(ctx) {
		f := Finding{LevelOK, "channel " + s.Channel.ID(), "on, " + s.Channel.WebhookURL, ""}
		switch {
		case s.Problem != "":
			f.Level, f.Found, f.Do = LevelWarn, "off: "+s.Problem, "give it what is missing in "+p.Config.File+" or the environment"
			if DeclaredOn(p.Brands[s.Channel.Brand.Name], s.Channel.Name) && !s.Channel.Brand.Test {
				f.Level = LevelError
			}
		case !s.On:
			f.Level, f.Found, f.Do = LevelWarn, "switched off", "switch it on when it is to answer"
		default:
			_, simulated := p.Registry.Adapter(s.Channel).(channels.Simulator)
			reached = reached || !simulated
		}
		findings = append(findings, f)
	}
	return append(findings, ExamineAddress(p.Config.PublicURL, reached))
}

func DeclaredOn(b *prepaid.Brand, name string) bool {
	for _, c := range b.Channels {
		if c.Name == name {
			return !c.Disabled
		}
	}
	return false
}

// ExamineAddress judges where providers reach us, which matters once a real one does.
func ExamineAddress(public string, needed bool) Finding {
	f := Finding{LevelOK, "public URL", public, ""}
	u, err := url.Parse(public)
	local := err == nil && (u.Hostname() == "localhost" || net.ParseIP(u.Hostname()).IsLoopback())
	if err == nil && u.Scheme == "https" && !local {
		return f
	}
	f.Do = "set public_url (PULSA_PUBLIC_URL) to the https address under which the world reaches this server"
	f.Found += " is not reached by providers"
	f.Level = LevelWarn
	if needed {
		f.Level = LevelError
	}
	return f
}

func (p *Program) examineSimulated(context.Context) []Finding {
	var findings []Finding
	for _, b := range p.Config.Brands {
		what := p.Config.Simulated(b.Name)
		if what == "" {
			findings = append(findings, Finding{LevelOK, "brand " + b.Name, "gateway " + p.Config.Gateways[b.Name] + ", network " + p.Config.Networks[b.Name], ""})
			continue
		}
		findings = append(findings, Finding{LevelWarn, "brand " + b.Name, "SIMULATED " + what,
			"nothing for a brand marked test; real customers need a real gateway and network"})
	}
	return findings
}

// ExamineRemote asks whether pulsa sim is there, and lets us in.
func (p *Program) ExamineRemote(ctx context.Context) []Finding {
	if p.Remote == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, doctorWithin)
	defer cancel()
	f := Finding{LevelError, "simulator", "", ""}
	err := p.Remote.Gateway.Probe(ctx)
	switch {
	case err == nil:
		return []Finding{{LevelWarn, "simulator", "SIMULATED payments at " + p.Remote.URL, "nothing for brands marked test"}}
	case errors.Is(err, simgateway.ErrSecret):
		f.Do = "set simulator.secret to the PULSA_SIM_GATEWAY_SECRET that pulsa sim was started with: until then no payment is made, and no news of it taken"
	case errors.Is(err, simgateway.ErrNoFace):
		f.Do = "start pulsa sim with --gateway-webhook " + p.Config.PublicURL + sim.Hook + ", or correct simulator.url"
	default:
		f.Do = "start pulsa sim, or correct simulator.url; without it payments are simulated in the server"
	}
	f.Found = p.Remote.URL + ": " + err.Error()
	return []Finding{f}
}

func (p *Program) examineWallet(ctx context.Context) []Finding {
	if p.reloadly == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, doctorWithin)
	defer cancel()
	what := "wallet at " + config.NetworkReloadly
	balance, err := p.reloadly.Balance(ctx)
	if err != nil {
		return []Finding{{LevelError, what, err.Error(), "check the client id and secret, and that the account is live"}}
	}
	f := Finding{LevelOK, what, balance.String(), ""}
	low, err := prepaid.ParseMoney(p.Config.Reloadly.LowBalance, balance.Currency)
	switch {
	case balance.Minor <= 0:
		f.Level, f.Do = LevelError, "top the wallet up: every order is held until then, and refunded after a day"
	case err == nil && balance.Minor < low.Minor:
		f.Level, f.Do = LevelWarn, "top the wallet up: it is below "+low.String()
	}
	return []Finding{f}
}

// examineWork looks for what waits for people.
func (p *Program) examineWork(ctx context.Context) []Finding {
	waiting, err := p.DB.Orders.List(ctx, operators.OrderFilter{NeedsHuman: true, Limit: 1000})
	open, openErr := p.DB.Orders.OpenOrders(ctx, p.Clock.Now().Add(-stuckAfter))
	items, itemsErr := p.DB.Reconciliation.OpenItems(ctx, false)
	untold, untoldErr := p.DB.Notices.CountUntold(ctx)
	if err := errors.Join(err, openErr, itemsErr, untoldErr); err != nil {
		return []Finding{{LevelError, "work", err.Error(), "see SQL above"}}
	}
	old := 0
	for _, statuses := range open {
		for _, n := range statuses {
			old += n
		}
	}
	unreached := 0
	for _, n := range untold {
		if n.Why != conversation.HeldByStop {
			unreached += n.Count
		}
	}
	findings := []Finding{{LevelOK, "work", "nothing waits for people", ""}}
	add := func(n int, found, do string) {
		if n > 0 {
			findings = append(findings, Finding{LevelWarn, "work", fmt.Sprintf(found, n), do})
		}
	}
	add(len(waiting), "%d orders wait for an operator", "pulsa topups list --needs-human")
	add(old, "%d orders are open for more than an hour", "pulsa topups list --open")
	add(unreached, "%d pieces of news reach their customers on no channel", "pulsa customers untold")
	add(len(items), "%d differences with providers are open", "pulsa reconcile --list")
	if len(findings) > 1 {
		return findings[1:]
	}
	return findings
}
