package config

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"

	"pulsa/conversation"
	"pulsa/developers"
	"pulsa/prepaid"
	"pulsa/yamlfile"
)

// Demo is the configuration of the built-in demo brand.
//
//go:embed demo.yaml
var Demo []byte

// Config is all that the program is told at start: flags over environment over pulsa.yaml over defaults.
// It never changes while the program runs. What it says of brands is their first version; after that the store's versions hold.
type Config struct {
	File        string         // where the brands came from: "pulsa.yaml", "demo.yaml (built in)"
	PublicURL   string         // where providers and customers reach us, no slash at the end
	Listen      string         // host:port of webhooks and pages
	AdminListen string         // host:port of metrics and health
	DeskListen  string         // host:port of the operators' pages
	DeskURL     string         // where our staff reaches them, no slash at the end
	DeskOIDC    DeskOIDC       // empty: our staff signs in with passwords
	DeskNotify  DeskNotify     // how our staff is told what waits for them
	Data        string         // folder of the embedded database, the simulators' books and the test keys
	DatabaseURL prepaid.Secret // empty: one file in the data folder
	MigrateURL  prepaid.Secret // the same database as its owner; empty: DatabaseURL's user migrates
	RedisURL    prepaid.Secret // empty: sessions are kept in the embedded database
	Log         Log

	// TrustedProxies are the addresses of our own proxies in front of Listen: whom we believe about the address of a client.
	TrustedProxies []netip.Prefix

	// Brands, API and Sources are what the file says of brands. The store may say otherwise: see core.Settings.
	Brands   []*prepaid.Brand            // in the order of the file
	API      map[string]developers.Terms // by brand: on which terms developers top up; missing: it has no API
	Sources  map[string]Source           // by brand
	Reloadly Reloadly                    // empty: no account
	Stripe   Stripe                      // empty: no account

	// Languages are the texts and words that customers may be spoken to with; LanguagesDir is the folder that may add to them.
	Languages    *conversation.Languages
	LanguagesDir string
	ownLanguages bool // the folder was named, and so must be there

	Simulator Simulator // empty where the simulated gateway is in the server itself

	// Peppers and CardKeys are by version. What the environment does not give is there after OpenKeys.
	Peppers  map[int]prepaid.Secret
	CardKeys map[int]prepaid.Secret
	// PepperFile and CardKeyFile are where OpenKeys found the key; empty: in the environment.
	PepperFile, CardKeyFile string

	// Missing are the credentials that are not there, of those that may be missing.
	Missing []Missing
	// Notes are lines for the log at start: a channel that is off for want of credentials.
	Notes []string

	getenv      func(string) string // nil: it was not loaded
	known       Known
	credentials value // the folder
}

// NoBrandError says that the configuration does not declare a brand, and names the one that may have been meant.
type NoBrandError struct{ text string }

func (e *NoBrandError) Error() string { return e.text }

// Brand returns the declared brand of that name, or a *NoBrandError.
func (c Config) Brand(name string) (*prepaid.Brand, error) { return c.brandAmong(name, false) }

// ErrNoTestBrand is what an error wraps that names a configuration without a brand marked test.
var ErrNoTestBrand = errors.New("declares no brand marked test")

// TestBrand is Brand for what only brands marked test may be used for. "" means the first of them; an error wraps
// ErrNoTestBrand where there is none.
func (c Config) TestBrand(name string) (*prepaid.Brand, error) {
	if name != "" {
		return c.brandAmong(name, true)
	}
	for _, b := range c.Brands {
		if b.Test {
			return b, nil
		}
	}
	return nil, fmt.Errorf("%s %w", c.File, ErrNoTestBrand)
}

func (c Config) brandAmong(name string, testing bool) (*prepaid.Brand, error) {
	var names []string
	for _, b := range c.Brands {
		switch {
		case testing && !b.Test:
		case b.Name == name:
			return b, nil
		default:
			names = append(names, b.Name)
		}
	}
	kind := ""
	if testing {
		kind = " marked test"
	}
	return nil, &NoBrandError{fmt.Sprintf("--brand %s: %s declares no such brand%s%s", name, c.File, kind, yamlfile.DidYouMean(name, names))}
}

// Log says how the log is written.
type Log struct {
	Format string // "text" or "json"
	Level  string // "debug", "info", "warn" or "error"
}

// maxConfigBytes is far more than any configuration, and little enough to read at once.
const maxConfigBytes = 1 << 20

// Load reads the configuration from path; "" means PULSA_CONFIG, else pulsa.yaml where there is one,
// else the built-in demo. It writes nothing. Everything that is wrong, with languages' files too, comes back at once as a *yamlfile.Error.
func Load(path string, getenv func(string) string, known Known) (Config, error) {
	file, text, err := configText(path, getenv)
	if err != nil {
		return Config{}, fmt.Errorf("read configuration: %w", err)
	}
	return Parse(file, text, getenv, known)
}

// Parse reads a configuration that is at hand; file is what faults name it. It is Load but for the reading.
func Parse(file string, text []byte, getenv func(string) string, known Known) (Config, error) {
	r := &configReader{file: file, getenv: getenv, known: known}
	c := Config{File: file, getenv: getenv, known: known}
	if root := yamlfile.Read(text, r.fault); root != nil {
		s := r.section(root, 1, "the file", "")
		c.credentials = s.over("credentials_dir", "PULSA_CREDENTIALS_DIR")
		r.openCredentials(c.credentials)
		r.readConfig(&c, s)
	}
	if err := yamlfile.NewError(r.faults); err != nil {
		return Config{}, err
	}
	return c, nil
}

// BuiltIn is the name of the demo's configuration, which is used where there is no file.
const builtIn = "demo.yaml (built in)"

func configText(path string, getenv func(string) string) (file string, text []byte, err error) {
	if path == "" {
		path = getenv("PULSA_CONFIG")
	}
	given := path != ""
	if !given {
		path = "pulsa.yaml"
	}
	f, err := os.Open(path)
	if !given && errors.Is(err, fs.ErrNotExist) {
		return builtIn, Demo, nil
	}
	if err != nil {
		return "", nil, err
	}
	defer f.Close()
	text, err = io.ReadAll(io.LimitReader(f, maxConfigBytes+1))
	if err != nil {
		return "", nil, err
	}
	if len(text) > maxConfigBytes {
		return "", nil, fmt.Errorf("%s is larger than %d bytes", path, maxConfigBytes)
	}
	return path, text, nil
}

func (r *configReader) readConfig(c *Config, s section) {
	c.Listen = r.listenAddress(s.over("listen", "PULSA_LISTEN"), "127.0.0.1:8080")
	c.AdminListen = r.listenAddress(s.over("admin_listen", "PULSA_ADMIN_LISTEN"), "127.0.0.1:9090")
	r.readDesk(c, s)
	c.TrustedProxies = r.networks(s.list("trusted_proxies"))
	c.Data = s.over("data", "PULSA_DATA").or("pulsa-data")
	c.PublicURL = r.publicURL(s.over("public_url", "PULSA_PUBLIC_URL"), c.Listen)
	r.readStores(c, s)
	if log, ok := s.sub("log"); ok {
		c.Log.Format = log.oneOf("format", "text", "json")
		c.Log.Level = log.oneOf("level", "info", "debug", "warn", "error")
	} else {
		c.Log = Log{Format: "text", Level: "info"}
	}
	c.Peppers, c.CardKeys = r.keysFromEnvironment("PULSA_PIN_PEPPER"), r.keysFromEnvironment("PULSA_CARD_KEY")
	r.readLanguages(c, s)
	c.API, c.Sources = map[string]developers.Terms{}, map[string]Source{}
	brands := s.free("brands")
	for _, name := range brands.names() {
		b := r.readBrand(c, name, r.section(brands.fields[name], brands.lines[name], "brand "+name, "brand"))
		c.Brands, c.Sources[name] = append(c.Brands, b.Brand), b.Source
		if b.API != nil {
			c.API[name] = *b.API
		}
	}
	if len(brands.fields) == 0 {
		r.fault(brands.line, "brands are missing: declare one at least, as the example does")
	}
	r.readReloadly(c, s)
	r.readStripe(c, s)
	r.readSimulator(c, s)
	c.Notes, c.Missing = r.notes, r.missing
}

// readStores reads where SQL and the sessions live. Several copies of the program share a Postgres, and so
// must share their sessions in a Redis.
func (r *configReader) readStores(c *Config, s section) {
	database := s.over("database_url", "PULSA_DATABASE_URL")
	migrate := s.over("migrate_url", "PULSA_MIGRATE_URL")
	redis := s.over("redis_url", "PULSA_REDIS_URL")
	kind := r.storeURL(database, "postgres", "postgresql", "sqlite")
	r.storeURL(redis, "redis", "rediss")
	if (kind == "postgres" || kind == "postgresql") && !redis.given() {
		r.fault(database.line, "%s is PostgreSQL, which needs a Redis for the sessions: set redis_url or PULSA_REDIS_URL", database.name())
	}
	r.storeURL(migrate, "postgres", "postgresql")
	if migrate.given() && kind != "postgres" && kind != "postgresql" {
		r.fault(migrate.line, "%s is for PostgreSQL: set database_url (PULSA_DATABASE_URL) to it too, or leave it out", migrate.name())
	}
	c.MigrateURL = prepaid.NewSecret(migrate.text)
	c.DatabaseURL, c.RedisURL = prepaid.NewSecret(database.text), prepaid.NewSecret(redis.text)
}

// usersOf lists the brands of the file that use a provider, and those of them that are not marked test.
func (c *Config) usersOf(uses func(*prepaid.Brand) bool) (users, strict []string) {
	for _, b := range c.Brands {
		if !uses(b) {
			continue
		}
		users = append(users, b.Name)
		if !b.Test {
			strict = append(strict, b.Name)
		}
	}
	return users, strict
}
