package config

import "pulsa/conversation"

// LoadKnown is Load by flags (see WithFlags) and environment, checked against what this program speaks.
func LoadKnown(path string, getenv func(string) string, flags map[string]string) (Config, error) {
	known, err := KnownWords()
	if err != nil {
		return Config{}, err
	}
	return Load(path, WithFlags(getenv, flags), known)
}

// KnownWords is what a configuration may name: what this program speaks.
func KnownWords() (Known, error) {
	k := Known{Languages: conversation.Languages(), Words: map[string]map[string][]string{}, Prompts: conversation.PromptKeys(), CheckPrompt: conversation.CheckPrompt,
		Networks: []string{NetworkReloadly}, Gateways: []string{GatewayStripe}}
	for _, language := range k.Languages {
		words, err := conversation.ReservedWords(language)
		if err != nil {
			return k, err
		}
		k.Words[language] = words
	}
	return k, nil
}
