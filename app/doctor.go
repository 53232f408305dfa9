package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"pulsa/app/config"
	"pulsa/app/core"
	"pulsa/conversation"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/sim"
	"pulsa/store"

	simgateway "pulsa/sim/gateway"
)

// doctorWithin bounds what a provider or store may take.
const doctorWithin = 15 * time.Second

// Examine makes all checks of pulsa doctor. It keeps the simulators in memory, because a running server has their books open.
func Examine(ctx context.Context, c config.Config) []operators.Finding {
	findings := []operators.Finding{operators.OK("configuration", c.File)}
	for _, note := range c.Notes {
		do := "do what it says"
		if strings.HasPrefix(note, "channel ") {
			do = "set what is named, or leave the channel off"
		}
		findings = append(findings, operators.Warning("configuration", note, do))
	}
	for _, m := range c.Missing {
		findings = append(findings, operators.Failure("credentials", m.Text, "set "+m.Name+", or write it into a file of that name in credentials_dir"))
	}
	if c.Lacks(config.PINPepper) || c.Lacks(config.CardKey) {
		return append(findings, examineStoresAlone(ctx, c)...)
	}
	findings = append(findings, operators.CheckKey("PULSA_PIN_PEPPER", len(c.Peppers)), operators.CheckKey("PULSA_CARD_KEY", len(c.CardKeys)))
	findings = append(findings, examineFolder(c)...)
	quiet := slog.New(slog.DiscardHandler)
	sims, err := sim.Open(sim.Options{Clock: prepaid.SystemClock{}, Log: quiet, BaseURL: c.PublicURL})
	if err != nil {
		return append(findings, operators.Failure("simulators", err.Error(), "report this"))
	}
	defer func() { _ = sims.Close() }()
	ctx, cancel := context.WithTimeout(ctx, 4*doctorWithin)
	defer cancel()
	p, err := Wire(ctx, c, Wiring{Clock: prepaid.SystemClock{}, Log: quiet, sims: sims, leaveBrands: true})
	var key *core.KeyError
	if errors.As(err, &key) {
		return append(append(findings, operators.Failure("keys", key.Found, key.Do)), examineStoresAlone(ctx, c)...)
	}
	var settings *core.SettingsError
	if errors.As(err, &settings) {
		for _, fault := range settings.Faults {
			findings = append(findings, operators.Failure("settings", fault, "give this machine what is missing, or publish a version that does without: pulsa brands apply"))
		}
		return findings
	}
	if err != nil {
		return append(findings, operators.Failure("stores", err.Error(),
			"start the database, or correct database_url (PULSA_DATABASE_URL), migrate_url (PULSA_MIGRATE_URL) or redis_url (PULSA_REDIS_URL)"))
	}
	defer func() { _ = p.Close() }()
	for _, look := range []func(context.Context) []operators.Finding{
		p.examineStores, p.examineCopies, p.examineRetention, p.examineChannels, p.examineSimulated, p.examinePauses, p.examineRemote,
		p.examineGateway,
		p.examineWallet, p.examineRates, p.examineWork,
	} {
		findings = append(findings, look(ctx)...)
	}
	return findings
}

// examineStoresAlone looks at what can be looked at without the keys.
func examineStoresAlone(ctx context.Context, c config.Config) []operators.Finding {
	db, err := core.OpenExisting(ctx, c)
	if err != nil {
		return []operators.Finding{operators.Failure("stores", err.Error(), "start the database, or correct database_url (PULSA_DATABASE_URL)")}
	}
	defer func() { _ = db.Close() }()
	findings := operators.CheckDatabase(ctx, prepaid.SystemClock{}, db, string(db.Dialect()))
	findings = append(findings, examineCopies(ctx, db)...)
	return append(findings, operators.Warning("keys", "without the keys nothing else can be looked at", "set what is missing, and run doctor again"))
}

func examineFolder(c config.Config) []operators.Finding {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return []operators.Finding{operators.Failure("data folder", err.Error(), "make "+c.Data+" writable for the server's user, or set PULSA_DATA")}
	}
	f, err := os.CreateTemp(c.Data, ".doctor-*")
	if err != nil {
		return []operators.Finding{operators.Failure("data folder", err.Error(), "make "+c.Data+" writable for the server's user, or set PULSA_DATA")}
	}
	_, _ = f.Close(), os.Remove(f.Name())
	return []operators.Finding{operators.OK("data folder", c.Data)}
}

// examineStores asks the stores whether they answer.
func (p *Program) examineStores(ctx context.Context) []operators.Finding {
	findings := operators.CheckDatabase(ctx, p.Clock, p.DB, string(p.DB.Dialect()))
	if findings[0].Level != operators.LevelOK {
		return findings
	}
	findings = append(findings, p.examineSchema(ctx)...)
	if p.Redis == nil {
		return append(findings, operators.OK("sessions", "in the embedded database: one copy of the server at a time"))
	}
	ctx, cancel := context.WithTimeout(ctx, doctorWithin)
	defer cancel()
	if err := p.Redis.Ping(ctx).Err(); err != nil {
		return append(findings, operators.Failure("Redis", err.Error(), "start Redis, or correct redis_url (PULSA_REDIS_URL)"))
	}
	return append(findings, operators.OK("Redis", "answers"))
}

// examineSchema judges who owns the tables of PostgreSQL, and whether their months were made in time.
func (p *Program) examineSchema(ctx context.Context) []operators.Finding {
	owns, err := p.DB.OwnsSchema(ctx)
	strays, straysErr := p.DB.Partitions.Strays(ctx)
	if err := errors.Join(err, straysErr); err != nil {
		return []operators.Finding{operators.Failure("schema", err.Error(), "correct database_url (PULSA_DATABASE_URL)")}
	}
	var findings []operators.Finding
	if owns {
		findings = append(findings, operators.Warning("schema", "the server's own user owns the tables: whoever breaks into the server can change the ledger and its records",
			"let another user own them: migrate_url (PULSA_MIGRATE_URL), as docs/configuration.md says under Stores"))
	}
	for _, s := range strays {
		findings = append(findings, operators.Failure("partitions",
			fmt.Sprintf("%d rows of %s came before the partition of %s was made", s.Rows, s.Table, s.First.UTC().Format("January 2006")),
			"start the server, which makes it and moves them within the hour; if they stay, its log says why"))
	}
	return findings
}

// forgetsWithin is how long after its time something may still be there: the worker comes every hour, and on PostgreSQL waits for the end of
// the month.
func (p *Program) forgetsWithin() time.Duration {
	const days = 3 * 24 * time.Hour
	if p.DB.Dialect() == store.Postgres {
		return days + 31*24*time.Hour
	}
	return days
}

// examineRetention tells how far back each brand's rows go, and whether what is older than they are kept is forgotten.
func (p *Program) examineRetention(ctx context.Context) []operators.Finding {
	oldest, err := p.DB.Retention.Oldest(ctx)
	if err != nil {
		return []operators.Finding{operators.Failure("retention", err.Error(), "report this")}
	}
	now := p.Clock.Now()
	found, behind := map[string][]string{}, map[string]bool{}
	for _, o := range oldest {
		text := string(o.Kind) + " none"
		if !o.At.IsZero() {
			text = fmt.Sprintf("%s since %s", o.Kind, o.At.UTC().Format(time.DateOnly))
		}
		if o.Behind(now) > p.forgetsWithin() {
			behind[o.Brand] = true
			text += fmt.Sprintf(" (kept for %d days)", o.Days)
		}
		found[o.Brand] = append(found[o.Brand], text)
	}
	var findings []operators.Finding
	for _, brand := range slices.Sorted(maps.Keys(found)) {
		text := strings.Join(found[brand], ", ")
		if behind[brand] {
			findings = append(findings, operators.Warning("kept of "+brand, text, "let the server run: it forgets what is old every hour, and its log says what keeps it from that"))
			continue
		}
		findings = append(findings, operators.OK("kept of "+brand, text))
	}
	return findings
}

// examineChannels looks at the channels, and tries the credentials of those that are on.
func (p *Program) examineChannels(ctx context.Context) []operators.Finding {
	findings := operators.CheckChannels(ctx, p.Registry, p.Config.File, p.Config.PublicURL)
	findings = append(findings, examineProxies(p.Config)...)
	findings = append(findings, operators.CheckCredentials(ctx, p.Registry)...)
	return append(findings, operators.CheckTemplates(ctx, p.Registry, lateTexts{p.Handler})...)
}

// examineProxies warns of a proxy that is not named. There is one in front of every server that is reached by https: it speaks none itself.
func examineProxies(c config.Config) []operators.Finding {
	if len(c.TrustedProxies) > 0 || !strings.HasPrefix(c.PublicURL, "https://") {
		return nil
	}
	return []operators.Finding{operators.Warning("proxies", "a proxy serves "+c.PublicURL+" and is not named: all who open links through it are one address, and refused together after 20 wrong links",
		"name the proxy's addresses in trusted_proxies")}
}

// lateTexts are the conversations' texts of late news.
type lateTexts struct{ h *conversation.Handler }

// Keys implements operators.LateTexts.
func (lateTexts) Keys() []string {
	var keys []string
	for _, key := range conversation.LateKeys() {
		keys = append(keys, string(key))
	}
	return keys
}

// Values implements operators.LateTexts.
func (l lateTexts) Values(brand, language, prompt string, t prepaid.Template) int {
	prompts := l.h.Prompts(brand)
	if prompts == nil || prompts.ByLanguage[language] == nil {
		return len(t.Variables)
	}
	return len(prompts.ByLanguage[language].VariablesOf(conversation.Key(prompt), t))
}

func (p *Program) examineSimulated(context.Context) []operators.Finding {
	var findings []operators.Finding
	for _, b := range p.Brands.All() {
		what := config.Simulated(b)
		if what == "" {
			findings = append(findings, operators.OK("brand "+b.Name, "gateway "+b.Gateway+", network "+b.Network))
			continue
		}
		findings = append(findings, operators.Warning("brand "+b.Name, "SIMULATED "+what,
			"nothing for a brand marked test; real customers need a real gateway and network"))
	}
	return findings
}

func (p *Program) examinePauses(ctx context.Context) []operators.Finding {
	paused, err := p.DB.Blocks.Pauses(ctx)
	if err != nil {
		return []operators.Finding{operators.Failure("pauses", err.Error(), "see SQL above")}
	}
	return operators.CheckPauses(paused, p.Clock.Now())
}

// examineRemote asks whether pulsa sim is there, and lets us in.
func (p *Program) examineRemote(ctx context.Context) []operators.Finding {
	if p.remote == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, doctorWithin)
	defer cancel()
	f := operators.Failure("simulator", "", "")
	err := p.remote.Gateway.Probe(ctx)
	switch {
	case err == nil:
		return []operators.Finding{operators.Warning("simulator", "SIMULATED payments at "+p.remote.URL, "nothing for brands marked test")}
	case errors.Is(err, simgateway.ErrSecret):
		f.Do = "set simulator.secret to the PULSA_SIM_GATEWAY_SECRET that pulsa sim was started with: until then no payment is made, and no news of it taken"
	case errors.Is(err, simgateway.ErrNoFace):
		f.Do = "start pulsa sim with --gateway-webhook " + p.Config.PublicURL + sim.Hook + ", or correct simulator.url"
	default:
		f.Do = "start pulsa sim, or correct simulator.url; without it payments are simulated in the server"
	}
	f.Found = p.remote.URL + ": " + err.Error()
	return []operators.Finding{f}
}

func (p *Program) examineWallet(ctx context.Context) []operators.Finding {
	if p.reloadly == nil {
		return nil
	}
	return []operators.Finding{operators.CheckWallet(ctx, config.NetworkReloadly, p.reloadly, p.Config.Reloadly.LowBalance)}
}

// examineRates judges the rates by which developers pay.
func (p *Program) examineRates(context.Context) []operators.Finding {
	var findings []operators.Finding
	for _, b := range p.Brands.All() {
		if terms, sells := p.Settings.Terms(b.Name); sells {
			findings = append(findings, operators.CheckRates(p.Clock.Now(), b.Name, terms.FX)...)
		}
	}
	return findings
}

// examineWork looks for what waits for people.
func (p *Program) examineWork(ctx context.Context) []operators.Finding {
	waiting, err := p.DB.Orders.List(ctx, operators.OrderFilter{NeedsHuman: true, Limit: 1000})
	open, openErr := p.DB.Orders.OpenOrders(ctx, p.Clock.Now().Add(-operators.StuckAfter))
	items, itemsErr := p.DB.Reconciliation.OpenItems(ctx, false)
	untold, untoldErr := p.DB.Notices.CountUntold(ctx)
	if err := errors.Join(err, openErr, itemsErr, untoldErr); err != nil {
		return []operators.Finding{operators.Failure("work", err.Error(), "see SQL above")}
	}
	work := operators.Waiting{Orders: len(waiting), Differences: len(items)}
	for _, statuses := range open {
		for _, n := range statuses {
			work.Stuck += n
		}
	}
	for _, n := range untold {
		if n.Why != prepaid.HeldByStop {
			work.Untold += n.Count
		}
	}
	return work.Findings()
}
