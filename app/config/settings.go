package config

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"pulsa/developers"
	"pulsa/prepaid"
	"pulsa/yamlfile"
)

// Source is what a brand's settings are written as.
type Source struct {
	// Text is the brand's section in YAML, with its comments and without its name. It names credentials and holds none.
	Text string
	// Fields are its values by their path: "amounts.max" is "50", "languages" is "[en, nl]". Comments, order and spelling
	// make no difference.
	Fields map[string]string
}

// Settings are one brand's settings, read and checked.
type Settings struct {
	Brand  *prepaid.Brand
	API    *developers.Terms // nil: it has no API
	Source Source
	Parent int      // the version that the file says it was made from; 0: it does not say
	Notes  []string // as [Config.Notes]
}

// settingsKeys are the keys that a settings file has beside those of a brand.
var settingsKeys = []string{"brand", "parent"}

// ParseSettings reads the settings of brands from a file of one brand, as `pulsa brands show` writes it, or from a whole
// configuration, whose other sections it ignores. file is what faults name it. brand is whose the text is where it does not say so, or
// which one of a whole configuration is wanted; "" for all. They are checked against the rest of this configuration: the accounts,
// keys and credentials that it has. Everything that is wrong comes back at once, as a *yamlfile.Error.
func (c Config) ParseSettings(file string, text []byte, brand string) ([]Settings, error) {
	r := &configReader{file: file, getenv: c.getenv, known: c.known, languages: c.Languages}
	if r.getenv == nil {
		return nil, errors.New("this configuration was not loaded, so that nothing can be read by it")
	}
	r.openCredentials(c.credentials)
	root := yamlfile.Read(text, r.fault)
	if root == nil {
		return nil, yamlfile.NewError(r.faults)
	}
	top := r.mapping(root, 1, "the file")
	var all []Settings
	if top.has("brands") {
		brands := top.free("brands")
		for _, name := range brands.names() {
			if brand == "" || brand == name {
				all = append(all, r.readSettings(c, name, brands.fields[name], brands.lines[name]))
			}
		}
		if len(all) == 0 {
			r.fault(brands.line, "brands: there is none named %q%s", brand, yamlfile.DidYouMean(brand, brands.names()))
		}
		return all, yamlfile.NewError(r.faults)
	}
	name := top.value("brand")
	switch {
	case !top.has("brand") && brand == "":
		r.fault(1, "the file does not say whose settings these are: write brand: NAME")
	case name.given() && brand != "" && name.text != brand:
		r.fault(name.line, "brand is %s, and %q was asked for", name.shown(), brand)
	case !name.given():
		name.text = brand
	}
	parent := top.integer("parent", 1, 1<<30, 0)
	s := r.readSettings(c, name.text, without(root, settingsKeys), 1)
	s.Parent = parent
	return []Settings{s}, yamlfile.NewError(r.faults)
}

// readSettings reads one brand's section outside of the whole configuration.
func (r *configReader) readSettings(c Config, name string, n *yaml.Node, line int) Settings {
	before, missing := len(r.notes), len(r.missing)
	s := r.readBrand(&c, name, r.section(n, line, "brand "+name, "brand"))
	s.Notes = slices.Clone(r.notes[before:])
	for _, m := range r.missing[missing:] { // the servers need it, and may have it
		s.Notes = append(s.Notes, m.Text+" on this machine")
	}
	r.checkAccounts(c, s.Brand, n)
	return s
}

// checkAccounts refuses providers that this configuration has no account at, or only a test one.
func (r *configReader) checkAccounts(c Config, b *prepaid.Brand, n *yaml.Node) {
	fields := r.mapping(n, n.Line, "brand "+b.Name)
	elsewhere := func(key, provider string, addresses ...string) {
		if !b.Test && strings.Join(addresses, "") != "" {
			r.fault(fields.lines[key], "%s %s is another server in its place, which is only for brands marked test: remove base_url from %s: in %s", key, provider, provider, c.File)
		}
	}
	switch {
	case b.Gateway != GatewayStripe:
	case !c.HasStripe():
		r.fault(fields.lines["gateway"], "gateway stripe: %s has no account at Stripe: write stripe: there, as the example does", c.File)
	default:
		elsewhere("gateway", GatewayStripe, c.Stripe.BaseURL)
	}
	switch {
	case b.Network != NetworkReloadly:
	case !c.HasReloadly():
		r.fault(fields.lines["network"], "network reloadly: %s has no account at Reloadly: write reloadly: there, as the example does", c.File)
	default:
		elsewhere("network", NetworkReloadly, c.Reloadly.BaseURL, c.Reloadly.AuthURL, c.Reloadly.Audience)
	}
}

// sourceOf returns a section as it is stored.
func sourceOf(n *yaml.Node) Source {
	source := Source{Fields: map[string]string{}}
	flatten(source.Fields, "", n)
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := errors.Join(encoder.Encode(n), encoder.Close()); err == nil { // what was decoded can be encoded
		source.Text = out.String()
	}
	return source
}

// flatten writes the values below n by their path.
func flatten(into map[string]string, path string, n *yaml.Node) {
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 && path != "" {
		into[path] = flat(n)
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i].Value
		if path != "" {
			key = path + "." + key
		}
		flatten(into, key, n.Content[i+1])
	}
}

func flat(n *yaml.Node) string {
	switch n.Kind {
	case yaml.SequenceNode:
		items := make([]string, len(n.Content))
		for i, item := range n.Content {
			items[i] = flat(item)
		}
		return "[" + strings.Join(items, ", ") + "]"
	case yaml.MappingNode:
		return "{}"
	default:
		return strings.TrimSpace(n.Value)
	}
}

// without is a mapping less some keys.
func without(n *yaml.Node, keys []string) *yaml.Node {
	if n.Kind != yaml.MappingNode {
		return n
	}
	less := *n
	less.Content = nil
	for i := 0; i+1 < len(n.Content); i += 2 {
		if !slices.Contains(keys, n.Content[i].Value) {
			less.Content = append(less.Content, n.Content[i], n.Content[i+1])
		}
	}
	return &less
}

// SettingsFile is a version of a brand's settings as a file that [Config.ParseSettings] reads: what people change and apply. about is a
// line that tells which version it is.
func SettingsFile(brand string, version int, about, text string) string {
	return fmt.Sprintf("# %s\n# Change what is to change, and make it the next version: pulsa brands apply FILE --reason \"why\"\nbrand: %s\nparent: %d\n%s",
		about, brand, version, text)
}

// Same reports whether two sources say the same.
func (s Source) Same(other Source) bool { return maps.Equal(s.Fields, other.Fields) }
