package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"pulsa/conversation"
	"pulsa/prepaid"
	"pulsa/yamlfile"
)

// ReadLanguages reads the languages anew, as Load has: those that the program brings, and over them those of the folder. All that
// is wrong comes back at once as a *yamlfile.Error. The caller checks them with each brand: conversation.Languages.ForBrands.
func (c Config) ReadLanguages() (*conversation.Languages, error) {
	return c.readLanguages(conversation.ReadLanguages)
}

func (c Config) readLanguages(read func(folder string) (*conversation.Languages, error)) (*conversation.Languages, error) {
	if _, err := os.Stat(c.LanguagesDir); errors.Is(err, fs.ErrNotExist) && !c.ownLanguages {
		return read("")
	}
	return read(c.LanguagesDir)
}

// readLanguages reads the languages, which brands are checked against. By default their folder is beside the file.
func (r *configReader) readLanguages(c *Config, s section) {
	v := s.over("languages_dir", "PULSA_LANGUAGES_DIR")
	c.ownLanguages = v.given()
	c.LanguagesDir = v.or("languages")
	if v.env == "" && !filepath.IsAbs(c.LanguagesDir) {
		c.LanguagesDir = filepath.Join(filepath.Dir(r.file), c.LanguagesDir)
	}
	read := r.known.Languages
	if read == nil {
		read = conversation.ReadLanguages
	}
	var err error
	var wrong *yamlfile.Error
	switch c.Languages, err = c.readLanguages(read); {
	case errors.As(err, &wrong):
		r.faults = append(r.faults, wrong.Faults...)
	case errors.Is(err, fs.ErrNotExist):
		r.fault(v.line, "%s is %s: there is no such folder: make it, or leave %s out", v.name(), c.LanguagesDir, v.name())
	case err != nil:
		r.fault(v.line, "%s: %s", v.name(), err)
	}
	if r.languagesFailed = err != nil; r.languagesFailed { // brands are still checked, against what the program brings
		c.Languages, _ = conversation.ReadLanguages("") // which is always whole: a test reads it
	}
	r.languages = c.Languages
}

// LoadLanguages is LoadKnown without credentials, and with languages that are only tried: path is a folder in the place of the
// configured one, or a file that is read as if it stood there; "" is the configured folder itself.
func LoadLanguages(config, path string, getenv func(string) string) (Config, error) {
	known := supportedWith(NoCredentials)
	info, err := os.Stat(path)
	switch {
	case path == "":
	case err != nil:
		return Config{}, err
	case info.IsDir():
		known.Languages = func(string) (*conversation.Languages, error) { return conversation.ReadLanguages(path) }
	default:
		known.Languages = func(folder string) (*conversation.Languages, error) { return conversation.TryLanguage(folder, path) }
	}
	return Load(config, getenv, known)
}

// LoadDraft is LoadKnown without credentials, and with a language that need not be there yet.
func LoadDraft(config, code string, getenv func(string) string) (Config, error) {
	known := supportedWith(NoCredentials)
	known.Languages = func(folder string) (*conversation.Languages, error) { return conversation.DraftLanguage(folder, code) }
	return Load(config, getenv, known)
}

// CheckLanguages finds what Load does not look at: the texts of languages that a brand does not speak, as it would say them. "" means
// every brand.
func (c Config) CheckLanguages(brand string) ([]yamlfile.Fault, error) {
	brands := c.Brands
	if brand != "" {
		b, err := c.Brand(brand)
		if err != nil {
			return nil, err
		}
		brands = []*prepaid.Brand{b}
	}
	var faults []yamlfile.Fault
	for _, b := range brands {
		for _, f := range c.Languages.Files() {
			if slices.Contains(b.Languages, f.Language) {
				continue
			}
			speaks := *b
			speaks.Languages = append(slices.Clone(b.Languages), f.Language)
			for _, f := range c.Languages.CheckBrand(&speaks) {
				faults = append(faults, f.InFile())
			}
		}
	}
	return faults, nil
}
