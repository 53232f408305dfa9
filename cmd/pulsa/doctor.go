package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"text/tabwriter"
	"time"

	"pulsa/app/config"
	"pulsa/app/core"
	"pulsa/channels"
	"pulsa/conversation"
	"pulsa/prepaid"
	"pulsa/sim"

	simgateway "pulsa/sim/gateway"
	"pulsa/store"
)

// The levels of a finding.
const (
	fine  = "ok"
	warn  = "warn"
	wrong = "error"
)

// finding is one thing that the doctor has looked at.
type finding struct {
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

type doctorCommand struct {
	settings
	JSON bool `help:"Print one JSON object per finding."`
}

// Help implements kong.HelpProvider.
func (doctorCommand) Help() string {
	return "Looks at everything a server needs, changes nothing but the schema (it is migrated as at a start), and may run " +
		"beside a server. Exit code 1 if something is wrong.\n\nExample: pulsa doctor --config pulsa.yaml"
}

// Run implements the command.
func (d *doctorCommand) Run(ctx context.Context, e environ) error {
	c, err := d.load(e, nil)
	if err != nil {
		return err
	}
	return d.print(e.stdout, examine(ctx, c))
}

func (d *doctorCommand) print(w io.Writer, findings []finding) error {
	failed := false
	table, out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0), json.NewEncoder(w)
	for _, f := range findings {
		failed = failed || f.Level == wrong
		if d.JSON {
			if err := out.Encode(f); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", f.Level, f.What, f.Found)
		if f.Do != "" {
			fmt.Fprintf(table, "\t\t  -> %s\n", f.Do)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if failed {
		return exitCode(1)
	}
	return nil
}

// examine looks at everything. The simulators stay in memory: a running server has their books.
func examine(ctx context.Context, c config.Config) []finding {
	findings := []finding{{fine, "configuration", c.File, ""}}
	for _, note := range c.Notes {
		findings = append(findings, finding{warn, "configuration", note, "set what is named, or leave the channel off"})
	}
	findings = append(findings, examineKeys(c)...)
	findings = append(findings, examineFolder(c)...)
	quiet := slog.New(slog.DiscardHandler)
	sims, err := sim.Open(sim.Options{Clock: prepaid.SystemClock{}, Log: quiet, BaseURL: c.PublicURL})
	if err != nil {
		return append(findings, finding{wrong, "simulators", err.Error(), "report this"})
	}
	defer func() { _ = sims.Close() }()
	ctx, cancel := context.WithTimeout(ctx, 4*doctorWithin)
	defer cancel()
	p, err := wire(ctx, c, wiring{clock: prepaid.SystemClock{}, log: quiet, sims: sims})
	var key *core.KeyError
	if errors.As(err, &key) {
		return append(findings, finding{wrong, "keys", key.Found, key.Do})
	}
	if err != nil {
		return append(findings, finding{wrong, "stores", err.Error(),
			"start the database, or correct database_url (PULSA_DATABASE_URL) or redis_url (PULSA_REDIS_URL)"})
	}
	defer func() { _ = p.close() }()
	for _, look := range []func(context.Context) []finding{
		p.examineStores, p.examineChannels, p.examineCredentials, p.examineSimulated, p.examineRemote, p.examineGateway,
		p.examineWallet, p.examineRates, p.examineWork,
	} {
		findings = append(findings, look(ctx)...)
	}
	return findings
}

func examineKeys(c config.Config) []finding {
	var findings []finding
	for _, key := range []struct {
		name string
		keys map[int]prepaid.Secret
	}{{"PULSA_PIN_PEPPER", c.Peppers}, {"PULSA_CARD_KEY", c.CardKeys}} {
		if len(key.keys) == 0 {
			findings = append(findings, finding{warn, "keys", key.name + " is not set: a key in the data folder is used, for test brands only",
				"before real customers come: " + key.name + "=$(openssl rand -hex 32), kept outside the database and backed up"})
			continue
		}
		findings = append(findings, finding{fine, "keys", fmt.Sprintf("%s has %d versions", key.name, len(key.keys)), ""})
	}
	return findings
}

func examineFolder(c config.Config) []finding {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return []finding{{wrong, "data folder", err.Error(), "make " + c.Data + " writable for the server's user, or set PULSA_DATA"}}
	}
	f, err := os.CreateTemp(c.Data, ".doctor-*")
	if err != nil {
		return []finding{{wrong, "data folder", err.Error(), "make " + c.Data + " writable for the server's user, or set PULSA_DATA"}}
	}
	_, _ = f.Close(), os.Remove(f.Name())
	return []finding{{fine, "data folder", c.Data, ""}}
}

func (p *program) examineStores(ctx context.Context) []finding {
	skew, took, err := p.clockSkew(ctx)
	if err != nil {
		return []finding{{wrong, "SQL", err.Error(), "start the database, or correct database_url (PULSA_DATABASE_URL)"}}
	}
	findings := []finding{
		{fine, "SQL", fmt.Sprintf("%s answers in %s, its schema is this program's", p.DB.Dialect(), took.Round(time.Millisecond)), ""},
		judgeSkew(skew),
	}
	if p.Redis == nil {
		return append(findings, finding{fine, "sessions", "in the embedded database: one copy of the server at a time", ""})
	}
	ctx, cancel := context.WithTimeout(ctx, doctorWithin)
	defer cancel()
	if err := p.Redis.Ping(ctx).Err(); err != nil {
		return append(findings, finding{wrong, "Redis", err.Error(), "start Redis, or correct redis_url (PULSA_REDIS_URL)"})
	}
	return append(findings, finding{fine, "Redis", "answers", ""})
}

func judgeSkew(skew time.Duration) finding {
	f := finding{fine, "clock", fmt.Sprintf("%s apart from SQL's", skew.Round(time.Millisecond)), ""}
	switch {
	case skew.Abs() >= skewWrong:
		f.Level = wrong
	case skew.Abs() >= skewWarn:
		f.Level = warn
	}
	if f.Level != fine {
		f.Do = "let NTP set the clocks of this machine and the database's: leases and limits go by them"
	}
	return f
}

func (p *program) examineChannels(ctx context.Context) []finding {
	var findings []finding
	reached := false
	for _, s := range p.Registry.List(ctx) {
		f := finding{fine, "channel " + s.Channel.ID(), "on, " + s.Channel.WebhookURL, ""}
		switch {
		case s.Problem != "":
			f.Level, f.Found, f.Do = warn, "off: "+s.Problem, "give it what is missing in "+p.Config.File+" or the environment"
			if declaredOn(p.Brands[s.Channel.Brand.Name], s.Channel.Name) && !s.Channel.Brand.Test {
				f.Level = wrong
			}
		case !s.On:
			f.Level, f.Found, f.Do = warn, "switched off", "switch it on when it is to answer"
		default:
			_, simulated := p.Registry.Adapter(s.Channel).(channels.Simulator)
			reached = reached || !simulated
		}
		findings = append(findings, f)
	}
	return append(findings, examineAddress(p.Config.PublicURL, reached))
}

func declaredOn(b *prepaid.Brand, name string) bool {
	for _, c := range b.Channels {
		if c.Name == name {
			return !c.Disabled
		}
	}
	return false
}

// examineAddress judges where providers reach us, which matters once a real one does.
func examineAddress(public string, needed bool) finding {
	f := finding{fine, "public URL", public, ""}
	u, err := url.Parse(public)
	local := err == nil && (u.Hostname() == "localhost" || net.ParseIP(u.Hostname()).IsLoopback())
	if err == nil && u.Scheme == "https" && !local {
		return f
	}
	f.Do = "set public_url (PULSA_PUBLIC_URL) to the https address under which the world reaches this server"
	f.Found += " is not reached by providers"
	f.Level = warn
	if needed {
		f.Level = wrong
	}
	return f
}

func (p *program) examineSimulated(context.Context) []finding {
	var findings []finding
	for _, b := range p.Config.Brands {
		what := p.Config.Simulated(b.Name)
		if what == "" {
			findings = append(findings, finding{fine, "brand " + b.Name, "gateway " + p.Config.Gateways[b.Name] + ", network " + p.Config.Networks[b.Name], ""})
			continue
		}
		findings = append(findings, finding{warn, "brand " + b.Name, "SIMULATED " + what,
			"nothing for a brand marked test; real customers need a real gateway and network"})
	}
	return findings
}

// examineRemote asks whether pulsa sim is there, and lets us in.
func (p *program) examineRemote(ctx context.Context) []finding {
	if p.remote == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, doctorWithin)
	defer cancel()
	f := finding{wrong, "simulator", "", ""}
	err := p.remote.Gateway.Probe(ctx)
	switch {
	case err == nil:
		return []finding{{warn, "simulator", "SIMULATED payments at " + p.remote.URL, "nothing for brands marked test"}}
	case errors.Is(err, simgateway.ErrSecret):
		f.Do = "set simulator.secret to the PULSA_SIM_GATEWAY_SECRET that pulsa sim was started with: until then no payment is made, and no news of it taken"
	case errors.Is(err, simgateway.ErrNoFace):
		f.Do = "start pulsa sim with --gateway-webhook " + p.Config.PublicURL + sim.Hook + ", or correct simulator.url"
	default:
		f.Do = "start pulsa sim, or correct simulator.url; without it payments are simulated in the server"
	}
	f.Found = p.remote.URL + ": " + err.Error()
	return []finding{f}
}

func (p *program) examineWallet(ctx context.Context) []finding {
	if p.reloadly == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, doctorWithin)
	defer cancel()
	what := "wallet at " + config.NetworkReloadly
	balance, err := p.reloadly.Balance(ctx)
	if err != nil {
		return []finding{{wrong, what, err.Error(), "check the client id and secret, and that the account is live"}}
	}
	f := finding{fine, what, balance.String(), ""}
	low, err := prepaid.ParseMoney(p.Config.Reloadly.LowBalance, balance.Currency)
	switch {
	case balance.Minor <= 0:
		f.Level, f.Do = wrong, "top the wallet up: every order is held until then, and refunded after a day"
	case err == nil && balance.Minor < low.Minor:
		f.Level, f.Do = warn, "top the wallet up: it is below "+low.String()
	}
	return []finding{f}
}

// examineWork looks for what waits for people.
func (p *program) examineWork(ctx context.Context) []finding {
	waiting, err := p.DB.Orders.List(ctx, store.OrderFilter{NeedsHuman: true, Limit: 1000})
	open, openErr := p.DB.Orders.OpenOrders(ctx, p.Clock.Now().Add(-stuckAfter))
	items, itemsErr := p.DB.Reconciliation.OpenItems(ctx, false)
	untold, untoldErr := p.DB.Notices.CountUntold(ctx)
	if err := errors.Join(err, openErr, itemsErr, untoldErr); err != nil {
		return []finding{{wrong, "work", err.Error(), "see SQL above"}}
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
	findings := []finding{{fine, "work", "nothing waits for people", ""}}
	add := func(n int, found, do string) {
		if n > 0 {
			findings = append(findings, finding{warn, "work", fmt.Sprintf(found, n), do})
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
