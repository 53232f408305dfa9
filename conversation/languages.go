package conversation

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"pulsa/prepaid"
	"pulsa/yamlfile"
)

//go:embed prompts/*.yaml
var promptFiles embed.FS

// sourceLanguage is the one that others are translated from: its file has every key and every name.
const sourceLanguage = "en"

// Languages are the texts and words of every language that the program speaks: those that it brings, and over them those of a
// folder. They never change once they are read, and are safe for concurrent use.
type Languages struct {
	byCode map[string]*language
	beside besideAmounts
}

// language is one language, as its files say it.
type language struct {
	code string
	languageFile
}

// languageCode is how a language's file is named: ISO 639, with a country or script where one is needed, as in "pt-br".
var languageCode = regexp.MustCompile(`^[a-z]{2,3}(-[a-z]{2,4})?$`)

// maxLanguageBytes is far more than any language has.
const maxLanguageBytes = 1 << 20

// ReadLanguages reads the languages that the program brings, and over them the files xx.yaml of a folder: one of a language that it
// lacks must be complete, any other says anew what it holds. "" means no folder. Where anything is wrong, all of it comes back as
// one *yamlfile.Error; a folder that is not there is an fs.ErrNotExist.
func ReadLanguages(folder string) (*Languages, error) {
	r := &languageReader{names: newOurNames()}
	l := &Languages{byCode: map[string]*language{}, beside: newBesideAmounts()}
	if err := l.readFiles(r, promptFiles, "prompts", builtIn); err != nil {
		return nil, err
	}
	if folder != "" {
		if err := l.readFiles(r, os.DirFS(folder), ".", func(name string) string { return filepath.Join(folder, name) }); err != nil {
			return nil, fmt.Errorf("read languages of %s: %w", folder, err)
		}
	}
	if err := yamlfile.NewError(r.faults); err != nil {
		return nil, err
	}
	for _, known := range l.byCode {
		l.beside.add(known.Amounts)
	}
	return l, nil
}

// builtIn is how faults name a file that the program brings.
func builtIn(name string) string { return "prompts/" + name + " (built in)" }

// readFiles adds the languages of a folder. shown is how faults call a file.
func (l *Languages) readFiles(r *languageReader, files fs.FS, folder string, shown func(name string) string) error {
	entries, err := fs.ReadDir(files, folder)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(entries, func(e fs.DirEntry) bool { return e.Name() == sourceLanguage+".yaml" }); i > 0 {
		entries[0], entries[i] = entries[i], entries[0] // the others are judged by it
	}
	for _, e := range entries {
		r.file = shown(e.Name())
		code, ok := r.languageOf(e)
		if !ok {
			continue
		}
		text, err := readAtMost(files, path.Join(folder, e.Name()), maxLanguageBytes)
		if err != nil {
			return err
		}
		l.add(r, code, text)
	}
	return nil
}

// languageOf returns the language that a folder's entry is of; ok is false where it is none.
func (r *languageReader) languageOf(e fs.DirEntry) (code string, ok bool) {
	name := e.Name()
	code, ok = strings.CutSuffix(name, ".yaml")
	switch {
	case e.IsDir() || strings.HasPrefix(name, "."):
		return "", false
	case strings.HasSuffix(name, ".yml"):
		r.fault(1, "the file would not be read: its name must end in .yaml")
	case ok && !languageCode.MatchString(code):
		r.fault(1, "%q is no code of a language: name the file after ISO 639, such as de.yaml or pt-br.yaml", code)
		return "", false
	}
	return code, ok
}

func readAtMost(files fs.FS, name string, most int64) ([]byte, error) {
	f, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(text)) > most {
		err = fmt.Errorf("%s is larger than %d bytes", name, most)
	}
	return text, errors.Join(err, f.Close())
}

// add reads a language's file over what is known of the language.
func (l *Languages) add(r *languageReader, code string, text []byte) {
	before := len(r.faults)
	f := r.read(text)
	if known := l.byCode[code]; known != nil {
		f = known.under(f)
	} else if len(r.faults) == before {
		r.complete(f, l.source())
	}
	r.judge(f, l.source())
	l.byCode[code] = &language{code, f}
}

// source is the language that others are translated from; nil while its own file is read.
func (l *Languages) source() *language { return l.byCode[sourceLanguage] }

// Codes lists the languages: "en", "nl".
func (l *Languages) Codes() []string { return slices.Sorted(maps.Keys(l.byCode)) }

// Keys lists the prompts, sorted: every language has them all.
func (l *Languages) Keys() []string {
	return slices.Sorted(maps.Keys(l.source().Prompts))
}

// Words are the words of a language by action, in capitals, for checking a brand's own keywords.
func (l *Languages) Words(language string) map[string][]string {
	words := map[string][]string{}
	if known := l.byCode[language]; known != nil {
		for action, list := range known.Keywords {
			words[string(action)] = list
		}
	}
	return words
}

// ForBrands returns the texts of every brand. The error tells all that is wrong with any.
func (l *Languages) ForBrands(brands map[string]*prepaid.Brand) (map[string]*BrandPrompts, error) {
	all := map[string]*BrandPrompts{}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(brands)) {
		p, err := l.ForBrand(brands[name])
		all[name], errs = p, append(errs, err)
	}
	return all, errors.Join(errs...)
}

// ReturnPage returns what the page says to which payment pages send customers back, in a language or, where that is not spoken, in
// the one that others are translated from.
func (l *Languages) ReturnPage(language string) (spoken, title, text string) {
	known := l.byCode[language]
	if known == nil {
		known = l.source()
	}
	return known.code, known.Pages["returned"], known.Pages["returned_text"]
}
