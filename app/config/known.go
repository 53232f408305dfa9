package config

import "pulsa/conversation"

// Known is what the rest of the program understands, for the configuration to be checked against.
type Known struct {
	Gateways []string // beside "sim"
	Networks []string // beside "sim"
	// Optional are credentials that may be missing: they are then in Config.Missing.
	Optional Credentials

	// Languages reads the languages of a folder; nil: conversation.ReadLanguages.
	Languages func(folder string) (*conversation.Languages, error)
}

// Supported is what this program understands.
func Supported() Known {
	return Known{Networks: []string{NetworkReloadly}, Gateways: []string{GatewayStripe}}
}

// LoadKnown is Load by flags (see WithFlags) and environment, checked against what this program understands. Only the credentials
// that are needed must be there.
func LoadKnown(path string, getenv func(string) string, flags map[string]string, needs Credentials) (Config, error) {
	return Load(path, WithFlags(getenv, flags), supportedWith(needs))
}

func supportedWith(needs Credentials) Known {
	known := Supported()
	known.Optional = AllCredentials &^ needs
	return known
}
