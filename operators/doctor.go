package operators

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"time"

	"pulsa/channels"
	"pulsa/developers"
	"pulsa/prepaid"
)

// Level is how bad a Finding is.
type Level string

// The levels of a Finding.
const (
	LevelOK    Level = "ok"
	LevelWarn  Level = "warn"
	LevelError Level = "error"
)

// Finding is the result of one check of what a server needs.
type Finding struct {
	Level Level  `json:"level"`
	What  string `json:"what"`
	Found string `json:"found"`
	Do    string `json:"do,omitempty"` // what to do about it
}

// Cells are what people see of the row; what to do about it stands below.
func (f Finding) Cells() [][2]string {
	return [][2]string{{"level", string(f.Level)}, {"what", f.What}, {"found", f.Found}}
}

// WithAdvice gives what to do about a finding a row of its own below it.
func WithAdvice(findings []Finding) []Finding {
	var rows []Finding
	for _, f := range findings {
		rows = append(rows, f)
		if f.Do != "" {
			rows = append(rows, Finding{Found: "  -> " + f.Do})
		}
	}
	return rows
}

// Failing reports whether a server can't do without what the finding is about.
func (f Finding) Failing() bool { return f.Level == LevelError }

// OK is a Finding that asks for nothing.
func OK(what, found string) Finding { return Finding{Level: LevelOK, What: what, Found: found} }

// Warning is a Finding that somebody should see to.
func Warning(what, found, do string) Finding { return Finding{LevelWarn, what, found, do} }

// Failure is a Finding of what does not work.
func Failure(what, found, do string) Finding { return Finding{LevelError, what, found, do} }

const (
	// skewWarn and skewError are how far our clock and the database's may be apart: leases and limits are judged by ours,
	// and copies of the server share them.
	skewWarn, skewError = 2 * time.Second, 30 * time.Second
	// ratesGoodFor is the age from which a developers' rate gives a warning.
	ratesGoodFor = 31 * 24 * time.Hour
	// walletWithin bounds the reading of a wallet.
	walletWithin = 15 * time.Second
)

// RemoteClock is the database's clock.
type RemoteClock interface {
	Now(ctx context.Context) (time.Time, error)
}

// ClockSkew returns how far the database's clock is ahead of ours, less what the time of the answer may explain.
func ClockSkew(ctx context.Context, ours prepaid.Clock, db RemoteClock) (skew, took time.Duration, err error) {
	sent := ours.Now()
	now, err := db.Now(ctx)
	if err != nil {
		return 0, 0, err
	}
	took = ours.Now().Sub(sent)
	switch {
	case now.Before(sent):
		skew = now.Sub(sent)
	case now.After(sent.Add(took)):
		skew = now.Sub(sent.Add(took))
	}
	return skew, took, nil
}

// CheckClock judges a skew between our clock and the database's.
func CheckClock(skew time.Duration) Finding {
	f := OK("clock", fmt.Sprintf("%s apart from SQL's", skew.Round(time.Millisecond)))
	switch {
	case skew.Abs() >= skewError:
		f.Level = LevelError
	case skew.Abs() >= skewWarn:
		f.Level = LevelWarn
	}
	if f.Level != LevelOK {
		f.Do = "let NTP set the clocks of this machine and the database's: leases and limits go by them"
	}
	return f
}

// CheckDatabase asks the database, which speaks the dialect, for its time, and judges its clock.
func CheckDatabase(ctx context.Context, ours prepaid.Clock, db RemoteClock, dialect string) []Finding {
	skew, took, err := ClockSkew(ctx, ours, db)
	if err != nil {
		return []Finding{Failure("SQL", err.Error(), "start the database, or correct database_url (PULSA_DATABASE_URL)")}
	}
	return []Finding{
		OK("SQL", fmt.Sprintf("%s answers in %s, its schema is this program's", dialect, took.Round(time.Millisecond))),
		CheckClock(skew),
	}
}

// CheckKey judges how many versions of a key are set in its variable.
func CheckKey(variable string, versions int) Finding {
	if versions == 0 {
		return Warning("keys", variable+" is not set: a key in the data folder is used, for test brands only",
			"before real customers come: "+variable+"=$(openssl rand -hex 32), kept outside the database and backed up")
	}
	return OK("keys", fmt.Sprintf("%s has %d versions", variable, versions))
}

// ChannelRegistry is what the checks of channels ask; *channels.Registry is one.
type ChannelRegistry interface {
	List(ctx context.Context) []channels.Status
	Adapter(c channels.Channel) channels.Adapter
}

// CheckChannels says which channels are on, and why others are not. It judges the address at which providers reach us,
// which must be public once a real provider is used. configFile is named where something is missing in it.
func CheckChannels(ctx context.Context, registry ChannelRegistry, configFile, publicURL string) []Finding {
	var findings []Finding
	unreached := LevelWarn
	for _, s := range registry.List(ctx) {
		f := OK("channel "+s.Channel.ID(), "on, "+s.Channel.WebhookURL)
		switch {
		case s.Problem != "":
			f.Level, f.Found, f.Do = LevelWarn, "off: "+s.Problem, "give it what is missing in "+configFile+" or the environment"
			if DeclaredOn(s.Channel) && !s.Channel.Brand.Test {
				f.Level = LevelError
			}
		case s.On && s.RepliesOnly:
			f.Level, f.Found, f.Do = LevelWarn, "on, replies only, "+s.Channel.WebhookURL, "write from or messaging_service_sid, or news goes elsewhere"
			unreached = LevelError
		case !s.On:
			f.Level, f.Found, f.Do = LevelWarn, "switched off", "switch it on when it is to answer"
		default:
			if _, simulated := registry.Adapter(s.Channel).(channels.Simulator); !simulated {
				unreached = LevelError
			}
		}
		findings = append(findings, f)
	}
	return append(findings, checkPublicURL(publicURL, unreached))
}

// DeclaredOn reports whether the configuration wants the channel on.
func DeclaredOn(c channels.Channel) bool {
	return slices.ContainsFunc(c.Brand.Channels, func(declared prepaid.ChannelConfig) bool { return declared.Name == c.Name && !declared.Disabled })
}

// checkPublicURL judges the address at which providers reach us. unreached is the level where they cannot.
func checkPublicURL(public string, unreached Level) Finding {
	u, err := url.Parse(public)
	local := err == nil && (u.Hostname() == "localhost" || net.ParseIP(u.Hostname()).IsLoopback())
	if err == nil && u.Scheme == "https" && !local {
		return OK("public URL", public)
	}
	return Finding{unreached, "public URL", public + " is not reached by providers",
		"set public_url (PULSA_PUBLIC_URL) to the https address under which the world reaches this server"}
}

// CheckRates judges the age of the rates by which a brand's developers pay.
func CheckRates(now time.Time, brand string, rates map[prepaid.Currency]developers.Rate) []Finding {
	var findings []Finding
	for _, currency := range slices.Sorted(maps.Keys(rates)) {
		date := rates[currency].Date
		f := OK("api rates", fmt.Sprintf("%s: %s of %s", brand, currency, date.Format(time.DateOnly)))
		if now.Sub(date) > ratesGoodFor {
			f.Level, f.Do = LevelWarn, "write today's rate and date into the brand's api.fx"
		}
		findings = append(findings, f)
	}
	return findings
}

// CheckWallet reads our wallet at a network. It warns of a balance below low, an amount in the wallet's currency; with ""
// it never warns.
func CheckWallet(ctx context.Context, network string, wallet WalletReader, low string) Finding {
	ctx, cancel := context.WithTimeout(ctx, walletWithin)
	defer cancel()
	what := "wallet at " + network
	balance, err := wallet.Balance(ctx)
	if err != nil {
		return Failure(what, err.Error(), "check the client id and secret, and that the account is live")
	}
	f := OK(what, balance.String())
	least, err := prepaid.ParseMoney(low, balance.Currency)
	switch {
	case balance.Minor <= 0:
		f.Level, f.Do = LevelError, "top the wallet up: every order is held until then, and refunded after a day"
	case err == nil && balance.Minor < least.Minor:
		f.Level, f.Do = LevelWarn, "top the wallet up: it is below "+least.String()
	}
	return f
}

// StuckAfter is the age from which an open order gives a warning.
const StuckAfter = time.Hour

// Waiting counts what waits for people.
type Waiting struct {
	Orders      int // that need an operator
	Stuck       int // orders that are open for longer than StuckAfter
	Untold      int // pieces of news that reach their customers on no channel
	Differences int // open items of the reconciliation
}

// Findings are a warning for each kind of work that waits.
func (w Waiting) Findings() []Finding {
	var findings []Finding
	add := func(n int, found, do string) {
		if n > 0 {
			findings = append(findings, Warning("work", fmt.Sprintf(found, n), do))
		}
	}
	add(w.Orders, "%d orders wait for an operator", "pulsa topups list --needs-human")
	add(w.Stuck, "%d orders are open for more than an hour", "pulsa topups list --open")
	add(w.Untold, "%d pieces of news reach their customers on no channel", "pulsa customers untold")
	add(w.Differences, "%d differences with providers are open", "pulsa reconcile --list")
	if len(findings) == 0 {
		return []Finding{OK("work", "nothing waits for people")}
	}
	return findings
}

// reachProvider is what to do where a provider does not answer.
const reachProvider = "let this machine reach the provider (or correct its address in the configuration), and look whether it has an outage"

// failed says how a call at a provider failed: that it refused, or that there was no answer.
func failed(err error) string {
	if noAnswer(err) {
		return "no answer: " + Refusal(err)
	}
	return "the provider says no: " + Refusal(err)
}

// noAnswer says that a provider could not be asked, so that nothing is known of what it was asked about.
func noAnswer(err error) bool {
	var failure *channels.SendError
	return errors.As(err, &failure) && (failure.Class == channels.Retryable || failure.Class == channels.UnknownIfSent)
}

// Refusal says in a few words why a provider did not do what it was asked.
func Refusal(err error) string {
	var failure *channels.SendError
	if errors.As(err, &failure) {
		return fmt.Sprintf("%s (%s)", failure.Class, failure.Code)
	}
	return err.Error()
}
