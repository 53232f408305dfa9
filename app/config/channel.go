package config

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"

	"pulsa/channels/httpsms"
	"pulsa/channels/ussd"
	"pulsa/channels/wire"
	"pulsa/prepaid"
	"pulsa/yamlfile"
)

// channelType says what an adapter reads beside type and disabled.
type channelType struct {
	keys     map[string]keyUse
	oneOf    []string // keys of which a brand that is not marked test writes at least one
	sms      bool     // carries one-time codes and late news
	testOnly bool     // for brands marked test alone
	// faults judges all settings together; nil: each stands alone.
	faults func(settings map[string]string) []wire.Fault
	// templates matches the ids of the messenger's templates; nil: it has none
	templates *regexp.Regexp
}

// keyUse is how a channel's key is read.
type keyUse struct {
	secret   bool // only from the environment
	needed   bool // without it the channel is off
	wanted   bool // where it is written it needs a value, or the channel is off
	blank    bool // an empty value says something too
	testOnly bool // it sends messages and tokens elsewhere
}

// twilioKeys are those of both kinds of channels at Twilio.
var twilioKeys = map[string]keyUse{
	"account_sid":           {needed: true},
	"auth_token":            {needed: true, secret: true},
	"auth_token_old":        {secret: true},
	"shared_key":            {secret: true},
	"shared_key_old":        {secret: true},
	"from":                  {},
	"messaging_service_sid": {},
	"rate":                  {},
	"redelivers":            {},
	"base_url":              {testOnly: true},
}

// twilioSenders are the keys that say what messages are sent from.
var twilioSenders = []string{"from", "messaging_service_sid"}

var channelTypes = map[string]channelType{
	"fake":     {sms: true, testOnly: true, templates: twilioSID},
	"twilio":   {sms: true, keys: twilioKeys, oneOf: twilioSenders},
	"whatsapp": {keys: twilioKeys, oneOf: twilioSenders, templates: contentSID},
	"telegram": {keys: map[string]keyUse{
		"bot_token":      {needed: true, secret: true},
		"webhook_secret": {secret: true},
		"rate":           {},
		"base_url":       {testOnly: true},
	}},
	ussd.Type:    {keys: dialledKeys(), faults: ussd.Faults},
	httpsms.Type: {sms: true, keys: gatewayKeys(), faults: httpsms.Faults},
}

// gatewayKeys are those of an SMS gateway over HTTP.
func gatewayKeys() map[string]keyUse {
	keys := map[string]keyUse{
		"token":                {needed: true, secret: true},
		"token_old":            {secret: true},
		"password":             {wanted: true, secret: true},
		"signature_secret":     {wanted: true, secret: true},
		"signature_secret_old": {secret: true},
	}
	addKeys(keys, httpsms.Keys())
	return keys
}

// dialledKeys are those of a USSD gateway.
func dialledKeys() map[string]keyUse {
	keys := map[string]keyUse{
		"token":     {needed: true, secret: true},
		"token_old": {secret: true},

		prepaid.ServiceCodeSetting: {},
	}
	addKeys(keys, ussd.Keys())
	return keys
}

func addKeys(keys map[string]keyUse, names []string) {
	for _, key := range names {
		keys[key] = keyUse{wanted: true, blank: true}
	}
}

var (
	perSecond   = regexp.MustCompile(`^[0-9]{1,4}(\.[0-9]{1,2})?$`)
	twilioFrom  = regexp.MustCompile(`^((whatsapp:)?\+[1-9][0-9]{6,14}|[0-9]{3,8}|[A-Za-z0-9 ]{1,11})$`)
	serviceCode = regexp.MustCompile(`^\*[0-9]{1,6}(\*[0-9]{1,6})*#$`)
	twilioSID   = regexp.MustCompile(`^[A-Za-z0-9]{1,64}$`)
	contentSID  = regexp.MustCompile(`^HX[0-9a-fA-F]{32}$`)
)

// templates reads what is sent of news where the messenger takes our own words no more: by prompt, an id for each language, and optionally
// the values that fill the variables.
func (s section) templates(b *prepaid.Brand, id *regexp.Regexp) map[string]prepaid.Template {
	all := s.free("templates")
	templates := map[string]prepaid.Template{}
	for _, prompt := range all.names() {
		ofPrompt := s.r.mapping(all.fields[prompt], all.lines[prompt], "templates: "+prompt)
		t := prepaid.Template{IDs: map[string]string{}}
		for _, language := range ofPrompt.names() {
			if language == "variables" {
				t.Variables = []string{}
				for _, v := range ofPrompt.list(language) {
					t.Variables = append(t.Variables, v.text)
				}
				continue
			}
			v := ofPrompt.value(language)
			if v.given() && !id.MatchString(v.text) {
				s.r.fault(v.line, "templates: %s: %s is %s: write the id of a template, HX and 32 digits, as Twilio shows it", prompt, language, v.shown())
			}
			if v.given() {
				t.IDs[language] = v.text
			}
		}
		if len(t.IDs) == 0 {
			s.r.fault(all.lines[prompt], "templates: %s names no template: write %s: {%s: HX…}", prompt, prompt, b.Languages[0])
		}
		templates[prompt] = t
	}
	for _, f := range s.r.languages.CheckTemplates(b, templates) {
		ofPrompt := all.free(f.Prompt)
		switch {
		case f.Language != "":
			s.r.fault(ofPrompt.lines[f.Language], "templates: %s: %s %s", f.Prompt, f.Language, f.Text)
		case f.Variable != "":
			s.r.fault(ofPrompt.lines["variables"], "templates: %s: variables: %s %s", f.Prompt, f.Variable, f.Text)
		default:
			s.r.fault(all.lines[f.Prompt], "templates: %s %s", f.Prompt, f.Text)
		}
	}
	return templates
}

// channels reads the brand's lines. Where the credentials of a test brand's channel are not in the
// environment, the channel stays off and a note says so; for other brands that is a fault.
func (s section) channels(b *prepaid.Brand) []prepaid.ChannelConfig {
	var list []prepaid.ChannelConfig
	all := s.free("channels")
	for _, name := range all.names() {
		list = append(list, s.r.channel(b, name, s.r.mapping(all.fields[name], all.lines[name], "channel "+name).holding(ChannelSecrets)))
	}
	if len(list) == 0 {
		s.r.fault(all.line, "%s has no channels: declare one at least", s.what)
	}
	return list
}

func (r *configReader) channel(b *prepaid.Brand, name string, s section) prepaid.ChannelConfig {
	if !slug.MatchString(name) {
		r.fault(s.line, "%q is no name for a channel: %s", name, slugRule)
	}
	c := prepaid.ChannelConfig{
		Name: name, Type: s.value("type").or(name), Disabled: s.boolean("disabled"),
		Settings: map[string]string{}, Secrets: map[string]prepaid.Secret{},
	}
	kind, ok := channelTypes[c.Type]
	switch {
	case !ok && s.has("type"):
		r.fault(s.lines["type"], "type is %q%s", c.Type, yamlfile.DidYouMean(c.Type, sortedKeys(channelTypes)))
		return c
	case !ok:
		r.fault(s.line, "%s has no type: write type: with one of %s", s.what, strings.Join(sortedKeys(channelTypes), ", "))
		return c
	case kind.testOnly && !b.Test:
		r.fault(s.line, "%s: the %s channel can impersonate anyone and is only for brands marked test", s.what, c.Type)
	}
	unset := s.channelKeys(b, &c, kind)
	for _, key := range sortedKeys(kind.keys) {
		if kind.keys[key].needed && !s.has(key) {
			r.fault(s.line, "%s has no %s: write %s: ${NAME}, and NAME into the environment", s.what, key, key)
		}
	}
	s.checkSender(b, &c, kind.oneOf)
	if kind.faults != nil && len(unset) == 0 {
		for _, f := range kind.faults(c.Settings) {
			r.fault(cmp.Or(s.lines[f.Key], s.line), "%s: %s", s.what, f.Error())
		}
	}
	s.judgeUnset(b, &c, unset)
	return c
}

// channelKeys reads what the adapter reads, and returns the variables that it can't do without and that are
// not set.
func (s section) channelKeys(b *prepaid.Brand, c *prepaid.ChannelConfig, kind channelType) (unset []string) {
	for _, key := range s.names() {
		if key == "type" || key == "disabled" {
			continue
		}
		if key == "templates" && kind.templates != nil {
			c.Templates = s.templates(b, kind.templates)
			continue
		}
		use, known := kind.keys[key]
		if !known {
			s.r.fault(s.lines[key], "%s has no key %s%s", s.what, key, yamlfile.DidYouMean(key, append(sortedKeys(kind.keys), "type", "disabled")))
			continue
		}
		v := s.optional(key)
		if v.text == "" && v.env != "" && (use.needed || use.wanted) {
			unset = append(unset, v.env)
		}
		s.channelValue(b, c, use, v)
	}
	return unset
}

// channelValue stores one setting or secret.
func (s section) channelValue(b *prepaid.Brand, c *prepaid.ChannelConfig, use keyUse, v value) {
	if v.text == "" {
		if use.blank && v.env == "" {
			c.Settings[v.key] = ""
		}
		return
	}
	if use.secret {
		if v.env == "" {
			s.r.fault(v.line, "%s is a secret: put it into the environment and write %s: ${NAME}", v.key, v.key)
		}
		c.Secrets[v.key] = prepaid.NewSecret(v.text)
		return
	}
	c.Settings[v.key] = v.text
	switch {
	case use.testOnly && !b.Test:
		s.r.fault(v.line, "%s is only for brands marked test: remove it", v.key)
	case v.key == "rate" && (!perSecond.MatchString(v.text) || strings.Trim(v.text, "0.") == ""):
		s.r.fault(v.line, "rate is %s: write messages a second, such as 10 or 0.5", v.shown())
	case v.key == "redelivers" && v.text != "true" && v.text != "false":
		s.r.fault(v.line, "redelivers is %s: write true or false", v.shown())
	case v.key == "base_url" && !IsHTTP(v.text):
		s.r.fault(v.line, "base_url is %s: write http://host:port", v.shown())
	case v.key == "from" && !twilioFrom.MatchString(v.text):
		s.r.fault(v.line, `%s is %s: write "+31612345678", "whatsapp:+31612345678", a short code or a name of up to 11 letters`, v.key, v.shown())
	case v.key == prepaid.ServiceCodeSetting && !serviceCode.MatchString(v.text):
		s.r.fault(v.line, `%s is %s: write what customers dial, such as "*123#"`, v.key, v.shown())
	case strings.HasSuffix(v.key, "_sid") && !twilioSID.MatchString(v.text):
		s.r.fault(v.line, "%s is %s: use letters and digits, as Twilio shows it", v.key, v.shown())
	}
}

// checkSender requires one of the keys, with a value, unless the brand is marked test.
func (s section) checkSender(b *prepaid.Brand, c *prepaid.ChannelConfig, oneOf []string) {
	if len(oneOf) == 0 || b.Test {
		return
	}
	if !slices.ContainsFunc(oneOf, s.has) {
		s.r.fault(s.line, "%s has neither %s: write one of them", s.what, strings.Join(oneOf, " nor "))
	}
	for _, key := range oneOf {
		if s.has(key) && c.Settings[key] == "" {
			s.value(key) // says which variable is not set
		}
	}
}

func (s section) judgeUnset(b *prepaid.Brand, c *prepaid.ChannelConfig, unset []string) {
	switch {
	case len(unset) == 0 || c.Disabled:
	case b.Test:
		s.r.notes = append(s.r.notes, "channel "+b.Name+"/"+c.Name+" is off: "+strings.Join(unset, " and ")+" "+s.r.notSet())
	default:
		s.r.lacks(ChannelSecrets, s.line, strings.Join(unset, ", "), "%s: %s %s: set what is missing, or write disabled: true", s.what, strings.Join(unset, " and "), s.r.notSet())
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// smsChannel reads which channel carries one-time codes and late news; where there is only one that can, it
// need not be said.
func (s section) smsChannel(b *prepaid.Brand) string {
	var able []string
	for _, c := range b.Channels {
		if channelTypes[c.Type].sms {
			able = append(able, c.Name)
		}
	}
	v := s.value("sms_channel")
	switch {
	case v.given() && !slices.Contains(able, v.text):
		s.r.fault(v.line, "sms_channel is %s: no channel of that name sends SMS%s", v.shown(), yamlfile.DidYouMean(v.text, able))
	case v.given():
		return v.text
	case len(able) == 1:
		return able[0]
	case len(able) > 1:
		s.r.fault(s.line, "%s has several channels that send SMS: write sms_channel: with one of %s", s.what, strings.Join(able, ", "))
	case len(b.Channels) > 0:
		s.r.fault(s.line, "%s has no channel that sends SMS: its one-time codes need one", s.what)
	}
	return ""
}
