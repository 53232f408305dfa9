package talk

import "io/fs"

// LoadFrom loads one script from memory; there is no file beside it.
func LoadFrom(script string, v *Vocabulary) (*Scripts, error) {
	return load([]string{"s.talk"}, v, func(path string) ([]byte, error) {
		if path != "s.talk" {
			return nil, fs.ErrNotExist
		}
		return []byte(script), nil
	})
}
