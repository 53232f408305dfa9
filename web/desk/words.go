package desk

import (
	"fmt"
	"io/fs"
	"path"
	"strings"

	"go.yaml.in/yaml/v3"
)

// words are the desk's in one language, by key: "orders.none".
type words map[string]string

// readWords reads all languages: words/en/orders.yaml and its like. It does not matter in which file of a language a key stands.
func readWords(from fs.FS) (map[string]words, error) {
	names, err := fs.Glob(from, "words/*/*.yaml")
	if err != nil {
		return nil, err
	}
	all := map[string]words{}
	for _, name := range names {
		text, err := fs.ReadFile(from, name)
		if err != nil {
			return nil, err
		}
		read := words{}
		if err := yaml.Unmarshal(text, &read); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		language := path.Base(path.Dir(name))
		if all[language] == nil {
			all[language] = words{}
		}
		for key, says := range read {
			if _, twice := all[language][key]; twice {
				return nil, fmt.Errorf("%s: %s stands in another file too", name, key)
			}
			all[language][key] = says
		}
	}
	return all, nil
}

// say returns the words of a key. pairs are names and values of what stands in braces: "amount", "€10.00".
func (w words) say(key string, pairs ...string) string {
	text, ok := w[key]
	if !ok {
		return key
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		text = strings.ReplaceAll(text, "{"+pairs[i]+"}", pairs[i+1])
	}
	return text
}

// has reports whether there are words for a key.
func (w words) has(key string) bool { _, ok := w[key]; return ok }
