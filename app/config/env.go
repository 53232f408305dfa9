package config

import (
	"fmt"
	"slices"
	"strings"
)

// Variable is one environment variable that the program reads.
type Variable struct {
	Name    string
	Flag    string // the flag that overrides it, "" for none
	Meaning string
}

// Environment lists every variable that the program reads, in the order of the documentation; a
// configuration file may name more, as ${NAME}.
var Environment = []Variable{
	{"PULSA_CONFIG", "--config", "the configuration file; without it ./pulsa.yaml, or the built-in demo"},
	{"PULSA_DATA", "--data", "the folder of the embedded database, the simulators' books and the keys of test brands"},
	{"PULSA_LISTEN", "--listen", "host:port of webhooks and pages"},
	{"PULSA_ADMIN_LISTEN", "--admin-listen", "host:port of metrics and health, best kept on loopback"},
	{"PULSA_DESK_LISTEN", "--desk-listen", "host:port of the operators' pages, best kept on loopback or a private network"},
	{"PULSA_DESK_URL", "", "where your staff reaches them: https://desk.acme.example"},
	{"PULSA_PUBLIC_URL", "", "where providers and customers reach the program: https://topup.example"},
	{"PULSA_LANGUAGES_DIR", "", "a folder of languages that are added, or replace texts; without it languages beside the configuration file"},
	{"PULSA_CREDENTIALS_DIR", "", "the folder of credentials, where a file wins over the variable of its name (default: $CREDENTIALS_DIRECTORY, which systemd sets)"},
	{"PULSA_DATABASE_URL", "", "postgres://… or sqlite:FILE; without it a file in the data folder (secret)"},
	{"PULSA_MIGRATE_URL", "", "the same database as the user who owns its tables, not through PgBouncer; without it PULSA_DATABASE_URL's user migrates (secret)"},
	{"PULSA_REDIS_URL", "", "redis://… for the sessions; needed with PostgreSQL (secret)"},
	{"PULSA_PIN_PEPPER", "", "the key that PINs are hashed with, 32 bytes or more; newer versions in PULSA_PIN_PEPPER_2 to _9 (secret)"},
	{"PULSA_CARD_KEY", "", "the key that card codes are sealed with, 32 bytes or more; newer versions in PULSA_CARD_KEY_2 to _9 (secret)"},
	{"TWILIO_ACCOUNT_SID", "", "the demo brand's Twilio account"},
	{"TWILIO_AUTH_TOKEN", "", "its token (secret)"},
	{"TWILIO_AUTH_TOKEN_OLD", "", "the token before, while tokens are being exchanged (secret)"},
	{"TWILIO_SHARED_KEY", "", "the key that Twilio signs webhooks with, where a rule there names a shared key (secret)"},
	{"TWILIO_SHARED_KEY_OLD", "", "the key before, while shared keys are being exchanged (secret)"},
	{"TWILIO_FROM", "", "the demo brand's number at Twilio: +31…; without it nothing is sent but answers"},
	{"TWILIO_WHATSAPP_FROM", "", "the demo brand's WhatsApp number at Twilio: +31…; without it nothing is sent but answers"},
	{"TELEGRAM_BOT_TOKEN", "", "the demo brand's bot (secret)"},
	{"USSD_TOKEN", "", "what the demo brand's USSD callback URL ends in, 16 characters or more (secret)"},
}

// isSetting reports whether a variable is only said in the environment or by a flag: it is no credential.
func isSetting(name string) bool {
	return slices.ContainsFunc(Environment, func(v Variable) bool {
		return v.Name == name && strings.HasPrefix(name, "PULSA_") && !strings.HasSuffix(v.Meaning, "(secret)")
	})
}

// EnvironmentHelp is the table as `pulsa --help` shows it.
func EnvironmentHelp() string {
	var b strings.Builder
	b.WriteString("Environment:\n")
	for _, v := range Environment {
		fmt.Fprintf(&b, "  %-22s %s\n", v.Name, v.Meaning)
	}
	return b.String()
}

// environmentName is a variable with the flag that may have set it: "PULSA_LISTEN (--listen)".
func environmentName(name string) string {
	for _, v := range Environment {
		if v.Name == name && v.Flag != "" {
			return fmt.Sprintf("%s (%s)", name, v.Flag)
		}
	}
	return name
}

// WithFlags puts flags over the environment: given maps "--listen" to its value, "" where it was not given.
func WithFlags(getenv func(string) string, given map[string]string) func(string) string {
	over := map[string]string{}
	for _, v := range Environment {
		if text := given[v.Flag]; v.Flag != "" && text != "" {
			over[v.Name] = text
		}
	}
	return func(name string) string {
		if text, ok := over[name]; ok {
			return text
		}
		return getenv(name)
	}
}
