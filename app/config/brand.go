package config

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
	"github.com/shopspring/decimal"
	"go.yaml.in/yaml/v3"

	"pulsa/prepaid"
	"pulsa/yamlfile"
)

// configKeys lists the keys that each mapping of the file may have; "" is the file itself.
var configKeys = map[string][]string{
	"":          {"public_url", "listen", "trusted_proxies", "admin_listen", "desk_listen", "desk_url", "desk", "data", "database_url", "credentials_dir", "migrate_url", "redis_url", "languages_dir", "log", "brands", "reloadly", "stripe", "simulator"},
	"log":       {"format", "level"},
	"desk":      {"oidc", "notify"},
	"notify":    {"webhook", "mail"},
	"webhook":   {"url", "secret"},
	"mail":      {"host", "from", "username", "password", "to"},
	"oidc":      {"issuer", "client_id", "client_secret", "groups_claim", "scopes", "groups"},
	"brand":     {"title", "test", "country", "time_zone", "currency", "languages", "language_prefixes", "support", "keywords", "cancel_opts_out", "prompts", "amounts", "limits", "recovery", "codes", "cards", "creditor", "retention", "cheap_pin_hash", "test_code", "gateway", "network", "channels", "sms_channel", "api"},
	"api":       {"discounts", "fx", "rate_limit", "day_count", "day_sum", "gap"},
	"fx":        {"rate", "date"},
	"amounts":   {"min", "max", "step", "default"},
	"limits":    {"day_count", "day_sum", "month_count", "month_sum", "sepa_exposure"},
	"codes":     {"per_address", "per_number", "per_block", "per_channel", "per_brand"},
	"recovery":  {"hold", "day_share"},
	"cards":     {"code_length", "luhn", "redeem"},
	"creditor":  {"name", "address", "identifier", "email"},
	"retention": {"transcripts", "messages", "codes", "tries", "news", "orders", "ledger", "mandates", "deeds"},
	"simulator": {"url", "secret"},
	"stripe":    {"key", "webhook_secret", "webhook_secret_old", "base_url"},
	"reloadly":  {"client_id", "client_secret", "webhook_secret", "base_url", "auth_url", "audience", "async", "low_balance"},
}

// slug is a name that stands in URLs, commands and keys of stores.
var slug = regexp.MustCompile(`^[a-z][a-z0-9-]{0,29}$`)

const slugRule = "use up to 30 lower-case letters, digits and dashes, a letter first"

var sixDigits = regexp.MustCompile(`^[0-9]{6}$`)

// readBrand reads a brand's section. Keys and addresses are the configuration's, which is complete but for its accounts.
func (r *configReader) readBrand(c *Config, name string, s section) Settings {
	if !slug.MatchString(name) {
		r.fault(s.line, "%q is no name for a brand: %s", name, slugRule)
	}
	b := &prepaid.Brand{
		Name:         name,
		Title:        s.oneLine("title", 30, "Demo Mobile"),
		Test:         s.boolean("test"),
		Country:      r.country(s.required("country", "NL")),
		Currency:     r.currency(s.required("currency", "EUR")),
		Languages:    s.languages(),
		CheapPINHash: s.boolean("cheap_pin_hash"),
		TestCode:     s.value("test_code").text,
	}
	out := Settings{Brand: b, Source: sourceOf(s.node)}
	if s.has("support") {
		b.Support = s.oneLine("support", 60, "")
	}
	b.TimeZone = s.timeZone(b)
	b.LanguageByPrefix = s.languagePrefixes(b.Languages)
	b.Keywords = s.keywords(b.Languages)
	b.CancelOptsOut = s.boolean("cancel_opts_out") || !s.has("cancel_opts_out") && slices.Contains(cancelCountries, b.Country)
	b.Prompts = s.prompts(b.Languages)
	b.Amounts, b.DefaultAmount = s.amounts(b.Currency)
	b.Limits = s.limits(b.Currency, b.Amounts.Max)
	b.Codes = s.codes()
	b.Retention = s.retention()
	b.Recovery = s.recovery()
	b.Cards = prepaid.CardFormat{CodeLength: 14}
	if cards, ok := s.sub("cards"); ok {
		b.Cards = prepaid.CardFormat{CodeLength: cards.integer("code_length", 5, 32, 14), Luhn: cards.boolean("luhn")}
		b.Cards.NoRedeem = cards.has("redeem") && !cards.boolean("redeem")
	}
	if terms, ok := s.api(b.Currency); ok {
		terms.Test = b.Test
		out.API = &terms
	}
	b.Creditor = s.creditor(b.Currency)
	s.checkPrompts(b)
	b.Channels = s.channels(b)
	b.SMSChannel = s.smsChannel(b)
	b.Gateway = s.provider("gateway", b.Test, r.known.Gateways)
	b.Network = s.provider("network", b.Test, r.known.Networks)
	if b.Test {
		s.checkTestBrand(b)
	} else {
		s.checkRealBrand(c)
	}
	return out
}

// cancelCountries are where CANCEL, END and QUIT must stop messages: 47 CFR 64.1200(a)(10) of the United States; carriers of Canada ask for
// the same.
var cancelCountries = []string{"US", "CA"}

func (s section) checkTestBrand(b *prepaid.Brand) {
	if b.TestCode != "" && !sixDigits.MatchString(b.TestCode) {
		s.r.fault(s.lines["test_code"], "test_code is %q: write six digits in quotes", b.TestCode)
	}
}

// checkRealBrand refuses what weakens a brand with real customers, and asks for what only such brands need.
func (s section) checkRealBrand(c *Config) {
	for _, key := range []string{"test_code", "cheap_pin_hash"} {
		if s.has(key) {
			s.r.fault(s.lines[key], "%s is only for brands marked test: remove it, or write test: true", key)
		}
	}
	if len(c.Peppers) == 0 {
		s.r.lacks(PINPepper, s.line, "PULSA_PIN_PEPPER", "%s is not marked test: PULSA_PIN_PEPPER is %s: %d bytes or more (openssl rand -hex 32)", s.what, s.r.notSet(), minKeyBytes)
	}
	if len(c.CardKeys) == 0 {
		s.r.lacks(CardKey, s.line, "PULSA_CARD_KEY", "%s is not marked test: PULSA_CARD_KEY is %s: %d bytes or more (openssl rand -hex 32)", s.what, s.r.notSet(), minKeyBytes)
	}
	if !strings.HasPrefix(c.PublicURL, "https://") {
		s.r.fault(s.line, "%s is not marked test: public_url must start with https://", s.what)
	}
}

// oneLine reads a text of one line that messages contain.
func (s section) oneLine(key string, longest int, example string) string {
	v := s.required(key, example)
	if n := s.fields[key]; n != nil && n.Tag == "!!str" && strings.TrimSpace(n.Value) == "" {
		s.r.fault(v.line, "%s is empty: customers would read nothing there", key)
	}
	if n := utf8.RuneCountInString(v.text); n > longest {
		s.r.fault(v.line, "%s has %d characters: at most %d fit into messages", key, n, longest)
	}
	if strings.ContainsFunc(v.text, unicode.IsControl) {
		s.r.fault(v.line, "%s must be one line of text", key)
	}
	return v.text
}

func (r *configReader) country(v value) string {
	if !v.given() || phonenumbers.GetSupportedRegions()[v.text] {
		return v.text
	}
	r.fault(v.line, "country is %s: write two capital letters of ISO 3166, such as NL", v.shown())
	return v.text
}

func (r *configReader) currency(v value) prepaid.Currency {
	if v.given() && !slices.Contains(strings.Fields(currencies), v.text) {
		r.fault(v.line, "currency is %s: write three capital letters of ISO 4217, such as EUR", v.shown())
	}
	return prepaid.Currency(v.text)
}

func (s section) languages() []string {
	var names []string
	for _, v := range s.list("languages") {
		switch {
		case !slices.Contains(s.r.languages.Codes(), v.text) && !s.r.languagesFailed:
			s.r.fault(v.line, "languages: there are no texts in %q%s (pulsa prompts export begins a file of a new one)", v.text, yamlfile.DidYouMean(v.text, s.r.languages.Codes()))
		case slices.Contains(names, v.text):
			s.r.fault(v.line, "languages: %s stands twice", v.text)
		default:
			names = append(names, v.text)
		}
	}
	if !s.has("languages") {
		s.r.fault(s.line, "%s has no languages: write languages: [%s], the first is the default", s.what, strings.Join(s.r.languages.Codes(), ", "))
	}
	return names
}

var numberPrefix = regexp.MustCompile(`^\+[1-9][0-9]{0,9}$`)

// languagePrefixes reads which language numbers are answered in, by how they begin.
func (s section) languagePrefixes(languages []string) map[string]string {
	byPrefix := s.free("language_prefixes")
	var all map[string]string
	for _, prefix := range byPrefix.names() {
		language := byPrefix.value(prefix)
		switch {
		case !numberPrefix.MatchString(prefix):
			s.r.fault(language.line, "language_prefixes: %q is no beginning of a number: write it in quotes with its country, such as \"+3249\"", prefix)
		case !slices.Contains(languages, language.text):
			s.r.fault(language.line, "language_prefixes: %s is none of the brand's languages%s", language.shown(), yamlfile.DidYouMean(language.text, languages))
		}
		if all == nil {
			all = map[string]string{}
		}
		all[prefix] = language.text
	}
	return all
}

// prompts reads the texts that the brand says in its own way.
func (s section) prompts(languages []string) map[string]map[string]string {
	all := map[string]map[string]string{}
	byLanguage := s.free("prompts")
	for _, language := range byLanguage.names() {
		if !slices.Contains(languages, language) {
			s.r.fault(byLanguage.lines[language], "prompts: %s is none of the brand's languages%s", language, yamlfile.DidYouMean(language, languages))
		}
		texts := byLanguage.free(language)
		all[language] = map[string]string{}
		for _, key := range texts.names() {
			n := texts.fields[key]
			if n.Kind != yaml.ScalarNode || strings.TrimSpace(n.Value) == "" {
				s.r.fault(texts.lines[key], "prompts: %s wants one text", key)
			}
			all[language][key] = n.Value
		}
	}
	return all
}

// checkPrompts looks at each text as the brand's customers would get it.
func (s section) checkPrompts(b *prepaid.Brand) {
	if b.Title == "" {
		return
	}
	byLanguage := s.free("prompts")
	for _, f := range s.r.languages.CheckBrand(b) {
		if !f.Own() {
			s.r.faults = append(s.r.faults, f.InFile())
			continue
		}
		line := byLanguage.free(f.Language).lines[f.Key]
		s.r.fault(line, "prompts: %s %s", f.Key, f.Text)
	}
}

func (s section) amounts(c prepaid.Currency) (prepaid.AmountRange, prepaid.Money) {
	amounts, ok := s.sub("amounts")
	if !ok {
		s.r.fault(s.line, "%s has no amounts: write amounts: {min: 10, max: 50, step: 5}", s.what)
		return prepaid.AmountRange{}, prepaid.Money{}
	}
	for _, key := range []string{"min", "max", "step"} {
		if !amounts.has(key) {
			s.r.fault(amounts.line, "amounts has no %s", key)
		}
	}
	a := prepaid.AmountRange{Min: amounts.money("min", c), Max: amounts.money("max", c), Step: amounts.money("step", c)}
	standard := amounts.money("default", c)
	if !a.Min.Zero() && !a.Max.Zero() && a.Min.Minor > a.Max.Minor {
		s.r.fault(amounts.lines["min"], "min %s is more than max %s", a.Min.Number(), a.Max.Number())
		return a, standard
	}
	if a.Min.Zero() || a.Max.Zero() {
		return a, standard
	}
	if !standard.Zero() && (standard.Minor < a.Min.Minor || standard.Minor > a.Max.Minor) {
		s.r.fault(amounts.lines["default"], "default %s can't be bought: write an amount from %s to %s", standard.Number(), a.Min.Number(), a.Max.Number())
	}
	if a.Step.Zero() {
		return a, standard
	}
	switch {
	case (a.Max.Minor-a.Min.Minor)%a.Step.Minor != 0:
		s.r.fault(amounts.lines["step"], "steps of %s do not lead from %s to %s", a.Step.Number(), a.Min.Number(), a.Max.Number())
	case !standard.Zero() && (standard.Minor-a.Min.Minor)%a.Step.Minor != 0:
		s.r.fault(amounts.lines["default"], "default %s can't be bought: steps of %s from %s do not lead there", standard.Number(), a.Step.Number(), a.Min.Number())
	}
	return a, standard
}

func (s section) limits(c prepaid.Currency, largest prepaid.Money) prepaid.Limits {
	limits, ok := s.sub("limits")
	if !ok {
		return prepaid.Limits{DaySum: prepaid.Money{Currency: c}, MonthSum: prepaid.Money{Currency: c}, SEPAExposure: prepaid.Money{Currency: c}}
	}
	l := prepaid.Limits{
		DayCount: limits.integer("day_count", 1, 1000, 0), DaySum: limits.money("day_sum", c),
		MonthCount: limits.integer("month_count", 1, 10000, 0), MonthSum: limits.money("month_sum", c),
		SEPAExposure: limits.money("sepa_exposure", c),
	}
	for key, sum := range map[string]prepaid.Money{"day_sum": l.DaySum, "month_sum": l.MonthSum} {
		if !sum.Zero() && sum.Minor < largest.Minor {
			s.r.fault(limits.lines[key], "%s %s is less than one top-up of %s: nobody could buy it", key, sum.Number(), largest.Number())
		}
	}
	if !l.MonthSum.Zero() && l.MonthSum.Minor < l.DaySum.Minor {
		s.r.fault(limits.lines["month_sum"], "month_sum %s is less than day_sum %s", l.MonthSum.Number(), l.DaySum.Number())
	}
	if l.MonthCount != 0 && l.MonthCount < l.DayCount {
		s.r.fault(limits.lines["month_count"], "month_count %d is less than day_count %d", l.MonthCount, l.DayCount)
	}
	return l
}

// codes reads how many one-time codes are sent within an hour. A wider cap below a narrower one would never let it be reached.
func (s section) codes() prepaid.CodeBudget {
	codes, ok := s.sub("codes")
	if !ok {
		return prepaid.CodeBudget{}.OrDefault()
	}
	standard := prepaid.CodeBudget{}.OrDefault()
	read := func(key string, fallback int) int { return codes.integer(key, 1, 100_000, fallback) }
	b := prepaid.CodeBudget{
		PerAddress: read("per_address", standard.PerAddress), PerNumber: read("per_number", standard.PerNumber),
		PerBlock: read("per_block", standard.PerBlock), PerChannel: read("per_channel", standard.PerChannel),
		PerBrand: read("per_brand", standard.PerBrand),
	}
	for _, pair := range []struct {
		wide, narrow string
		bad          bool
	}{
		{"per_block", "per_number", b.PerBlock < b.PerNumber},
		{"per_channel", "per_address", b.PerChannel < b.PerAddress},
		{"per_brand", "per_channel", b.PerBrand < b.PerChannel},
		{"per_brand", "per_block", b.PerBrand < b.PerBlock},
	} {
		if pair.bad {
			s.r.fault(codes.line, "codes: %s is less than %s, which could never be reached: say both", pair.wide, pair.narrow)
		}
	}
	return b
}

// recovery reads how long, and to what share of a day's limits, a recovered number is held.
func (s section) recovery() prepaid.Recovery {
	r := prepaid.Recovery{Hold: 24 * time.Hour, DayPercent: 50}
	recovery, ok := s.sub("recovery")
	if !ok {
		return r
	}
	if recovery.has("hold") {
		r.Hold = recovery.duration("hold", 30*24*time.Hour)
	}
	if v := recovery.value("day_share"); v.given() {
		share, err := decimal.NewFromString(v.text)
		percent := share.Shift(2)
		if err != nil || !plainDecimal.MatchString(v.text) || !percent.IsInteger() || percent.LessThan(decimal.New(1, 0)) || percent.GreaterThan(decimal.New(100, 0)) {
			s.r.fault(v.line, "day_share is %s: write a share from 0.01 to 1, such as 0.5", v.shown())
		}
		r.DayPercent = int(percent.IntPart())
	}
	return r
}

// provider reads the name of a gateway or network; the simulated ones are for test brands.
func (s section) provider(key string, test bool, real []string) string {
	names := real
	if test {
		names = append([]string{"sim"}, real...)
	}
	if !s.has(key) {
		s.r.fault(s.line, "%s has no %s%s", s.what, key, choices(names))
		return ""
	}
	v := s.value(key)
	switch {
	case v.text == "sim" && !test:
		s.r.fault(v.line, "%s: sim is only for brands marked test: write test: true, or a real one%s", key, choices(real))
	case v.given() && !slices.Contains(names, v.text):
		s.r.fault(v.line, "%s is %s%s", key, v.shown(), yamlfile.DidYouMean(v.text, names))
	}
	return v.text
}

func choices(names []string) string {
	if len(names) == 0 {
		return ": there is none but sim, for brands marked test"
	}
	return ": write one of " + strings.Join(names, ", ")
}
