package prepaid

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Brand is whom the customer buys from: one version of its settings, which never changes. [Brands] has those in force.
type Brand struct {
	Name     string   // "demo": in URLs, commands and keys; lower-case letters, digits and dashes
	Title    string   // "Demo Mobile": shown to customers
	Test     bool     // fake channel and simulators may be used; PINs may be hashed cheaply
	Country  string   // ISO 3166: "NL"
	Currency Currency // of its prices
	// TimeZone is where its days begin and end; nil: UTC.
	TimeZone  *time.Location
	Languages []string // ISO 639-1, the first is the default: "en", "nl"
	// LanguageByPrefix is in what strangers are answered whose word and messenger say nothing else, by how their number begins: "+3249".
	LanguageByPrefix map[string]string
	Support          string // where HELP sends people: a number or page, "" for none
	Version          int    // of its settings, from 1; 0: not from the store
	Withdrawn        bool   // it sells nothing more; what has begun is brought to its end

	Gateway string // the name of its payments.Gateway: "sim", "stripe"
	Network string // the name of its topup.Network: "sim", "reloadly"

	// Keywords adds words to the languages' own, by action ("topup": "KOOP", "TOPUP"); the first word of
	// an action is the one that prompts offer.
	Keywords map[string][]string
	// CancelOptsOut: CANCEL, END and QUIT stop our messages where nothing is going on, as the law of the United States and Canada asks;
	// elsewhere we ask whether that was meant.
	CancelOptsOut bool
	// Prompts overrides texts: language, key, text.
	Prompts map[string]map[string]string

	Amounts       AmountRange
	DefaultAmount Money // what KOOP alone buys; zero: it asks
	Limits        Limits
	Recovery      Recovery
	Cards         CardFormat
	Creditor      Creditor // the zero value: customers can't type an IBAN
	Codes         CodeBudget
	Retention     Retention
	CheapPINHash  bool   // only with Test
	TestCode      string // only with Test: every one-time code is this one; "" for random codes

	Channels []ChannelConfig
	// SMSChannel names the channel that carries one-time codes and late news of channels that can't push.
	SMSChannel string
}

// AmountRange is what may be bought: from Min to Max in steps of Step, counted from Min.
type AmountRange struct{ Min, Max, Step Money }

// Limits bound what one customer may buy; zero is no limit.
type Limits struct {
	DayCount   int
	DaySum     Money
	MonthSum   Money // 30 days
	MonthCount int
	// SEPAExposure is how much may be delivered while its debits are pending.
	SEPAExposure Money
}

// CodeBudget bounds the one-time codes that a brand sends by SMS within an hour; a field that is zero is not said. The last
// fifth of what strangers share with customers (block, channel, brand) is kept for customers.
type CodeBudget struct {
	PerAddress int // asked for by one address
	PerNumber  int // sent to one number
	PerBlock   int // sent to the 100 numbers that differ in their last two digits alone
	PerChannel int // asked for on one channel
	PerBrand   int
}

// OrDefault fills in what is not said.
func (b CodeBudget) OrDefault() CodeBudget {
	return CodeBudget{
		PerAddress: cmp.Or(b.PerAddress, 5), PerNumber: cmp.Or(b.PerNumber, 5), PerBlock: cmp.Or(b.PerBlock, 10),
		PerChannel: cmp.Or(b.PerChannel, 100), PerBrand: cmp.Or(b.PerBrand, 300),
	}
}

// Recovery says how a brand trusts who has just set a PIN without the old one.
type Recovery struct {
	Hold time.Duration // how long HoldLimits hold; zero: not at all
	// DayPercent is how much of the limits of a day they leave: 1 to 100.
	DayPercent int
}

// HoldLimits are the limits that hold for a while after a recovery: a share of what is allowed in a day, but at least the
// smallest amount, once. Where a day's sum is not limited, it is the largest amount.
func (b *Brand) HoldLimits() Limits {
	l, percent := b.Limits, int64(b.Recovery.DayPercent)
	l.DayCount = (l.DayCount*b.Recovery.DayPercent + 99) / 100
	if l.DaySum.Zero() {
		l.DaySum = b.Amounts.Max
		return l
	}
	l.DaySum.Minor = max(l.DaySum.Minor/100*percent+l.DaySum.Minor%100*percent/100, b.Amounts.Min.Minor)
	return l
}

// Creditor is who debits customers' bank accounts, as SEPA mandates name it.
type Creditor struct {
	Name       string
	Address    string
	Identifier string // "DE98ZZZ09999999999"
	Email      string // optional: where the gateway sends what it must tell debtors who have given no address
}

// CardFormat is how a brand's card codes look.
type CardFormat struct {
	CodeLength int // digits, 14 unless said otherwise
	Luhn       bool
	NoRedeem   bool // customers can't redeem them
}

// ServiceCodeSetting is the setting of a channel that says what customers dial to reach it: "*123#".
const ServiceCodeSetting = "service_code"

// ServiceCode is what customers dial, by the first of the brand's channels that says it; else "*123#".
func (b *Brand) ServiceCode() string {
	for _, c := range b.Channels {
		if code := c.Settings[ServiceCodeSetting]; code != "" {
			return code
		}
	}
	return "*123#"
}

// ChannelConfig declares one line of a brand: a Twilio number, a Telegram bot.
type ChannelConfig struct {
	Name     string            // in the webhook URL: "twilio"
	Type     string            // the adapter that speaks it: "twilio", "telegram", "ussd", "fake"
	Disabled bool              // declared, but off until an operator switches it on
	Settings map[string]string // what the adapter's comment lists, secrets excluded
	Secrets  map[string]Secret
	// Templates are what is sent of news, by prompt ("order.delivered"), where the messenger takes our own words no more.
	Templates map[string]Template
}

// Template is a text that a messenger has approved, with variables {{1}}, {{2}} and so on.
type Template struct {
	IDs map[string]string // the messenger's, by language: "nl": "HX…"
	// Variables name the values of the prompt that fill {{1}}, {{2}}; nil: those of the prompt's text, in its order.
	Variables []string
}

// Speaks returns a language if it is one of the brand's, else "".
func (b *Brand) Speaks(language string) string {
	if slices.Contains(b.Languages, language) {
		return language
	}
	return ""
}

// LanguageOf returns the language of the longest prefix that a sender's number has; "" where none is said, or the address is no number.
func (b *Brand) LanguageOf(a Address) string {
	number, _ := a.Tel()
	longest, language := 0, ""
	for prefix, l := range b.LanguageByPrefix {
		if len(prefix) > longest && strings.HasPrefix("+"+strings.TrimPrefix(number.String(), "+"), prefix) {
			longest, language = len(prefix), l
		}
	}
	return language
}

// Language returns the brand's own spelling of the first wanted language it has, else its default.
func (b *Brand) Language(wanted ...string) string {
	for _, w := range wanted {
		for _, l := range b.Languages {
			if l == w {
				return l
			}
		}
	}
	return b.Languages[0]
}
