package config

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

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

// loadLanguages is LoadKnown without credentials, and with languages that are only tried: path is a folder in the place of the
// configured one, or a file that is read as if it stood there; "" is the configured folder itself.
func loadLanguages(config, path string, getenv func(string) string) (Config, error) {
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

// orNil is Brand, or nil where no name is given.
func (c Config) orNil(name string) (*prepaid.Brand, error) {
	if name == "" {
		return nil, nil //nolint:nilnil // no brand is meant
	}
	return c.Brand(name)
}

// ExportLanguage writes the texts of a language, which need not be there yet, as a file to change or to translate from: see
// conversation.Languages.Export. With a brand, the brand's own texts stand in it. Errors: *yamlfile.Error, *NoBrandError,
// *conversation.NoLanguageError.
func ExportLanguage(config, code, brand string, getenv func(string) string) (string, error) {
	known := supportedWith(NoCredentials)
	known.Languages = func(folder string) (*conversation.Languages, error) { return conversation.DraftLanguage(folder, code) }
	c, err := Load(config, getenv, known)
	if err != nil {
		return "", err
	}
	b, err := c.orNil(brand)
	if err != nil {
		return "", err
	}
	return c.Languages.Export(code, b)
}

// CompareLanguage lists how a language, with a brand's own texts if one is named, differs from what the program brings. what is a
// language of the configuration, or a file such as "de.yaml" that is read as if it stood in the configured folder. Errors as ExportLanguage.
func CompareLanguage(config, what, brand string, getenv func(string) string) (conversation.Differences, error) {
	language, path := what, ""
	if name, isFile := strings.CutSuffix(filepath.Base(what), ".yaml"); isFile {
		language, path = name, what
	}
	c, err := loadLanguages(config, path, getenv)
	if err != nil {
		return conversation.Differences{}, err
	}
	b, err := c.orNil(brand)
	if err != nil {
		return conversation.Differences{}, err
	}
	return c.Languages.Differences(language, b)
}

// CheckedLanguages is what a check of languages has found.
type CheckedLanguages struct {
	Faults  []yamlfile.Fault
	Files   []conversation.LanguageFile // where there is no fault
	nothing string                      // said where there is no file
}

// Text says for people, in lines, what is wrong, or what there is.
func (l CheckedLanguages) Text() string {
	text := ""
	for _, fault := range l.Faults {
		text += fault.String() + "\n"
	}
	for _, file := range l.Files {
		text += file.String() + "\n"
	}
	return cmp.Or(text, l.nothing+"\n")
}

// CheckLanguages checks languages with the values of a brand, or of every brand (""), whether it speaks them already or not. path is a folder
// in the place of the configured one, or a file that is read as if it stood there; "" is the configured folder. Errors: *NoBrandError.
func CheckLanguages(config, path, brand string, getenv func(string) string) (CheckedLanguages, error) {
	c, err := loadLanguages(config, path, getenv)
	if err == nil {
		err = c.checkUnspoken(brand)
	}
	var wrong *yamlfile.Error
	switch {
	case errors.As(err, &wrong):
		return CheckedLanguages{Faults: wrong.Faults}, nil
	case err != nil:
		return CheckedLanguages{}, err
	}
	return CheckedLanguages{Files: c.Languages.Files(), nothing: fmt.Sprintf(
		"No languages in %s: what the program brings (%s) has %d texts each, nothing missing",
		cmp.Or(path, c.LanguagesDir), strings.Join(c.Languages.Codes(), ", "), len(c.Languages.Keys()))}, nil
}

// checkUnspoken finds what Load does not look at: the texts of languages that a brand does not speak, as it would say them. "" means
// every brand. Errors: *yamlfile.Error, *NoBrandError.
func (c Config) checkUnspoken(brand string) error {
	brands := c.Brands
	if brand != "" {
		b, err := c.Brand(brand)
		if err != nil {
			return err
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
	return yamlfile.NewError(faults)
}
