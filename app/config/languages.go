package config

import (
	"errors"
	"io/fs"
	"path/filepath"

	"pulsa/conversation"
	"pulsa/yamlfile"
)

// ReadLanguages reads the languages anew, as Load has: those that the program brings, and over them those of the folder. All that
// is wrong comes back at once as a *yamlfile.Error. The caller checks them with each brand: conversation.Languages.ForBrands.
func (c Config) ReadLanguages() (*conversation.Languages, error) {
	l, err := conversation.ReadLanguages(c.LanguagesDir)
	if errors.Is(err, fs.ErrNotExist) && !c.ownLanguages {
		return conversation.ReadLanguages("")
	}
	return l, err
}

// readLanguages reads the languages, which brands are checked against. By default their folder is beside the file.
func (r *configReader) readLanguages(c *Config, s section) {
	beside := filepath.Dir(r.file)
	v := s.over("languages_dir", "PULSA_LANGUAGES_DIR")
	c.ownLanguages = v.given()
	c.LanguagesDir = v.or("languages")
	if v.env == "" && !filepath.IsAbs(c.LanguagesDir) {
		c.LanguagesDir = filepath.Join(beside, c.LanguagesDir)
	}
	var err error
	c.Languages, err = c.ReadLanguages()
	var wrong *yamlfile.Error
	switch {
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
