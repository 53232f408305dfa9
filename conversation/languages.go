package conversation

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	textlanguage "golang.org/x/text/language"

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
// lacks must be complete, any other says anew what it holds. "" means no folder. Where anything is wrong, all of it comes back as one
// *yamlfile.Error; a folder that is not there is an fs.ErrNotExist.
func ReadLanguages(folder string) (*Languages, error) {
	files, err := languageFilesIn(folder)
	if err != nil {
		return nil, err
	}
	return readLanguages(files)
}

// TryLanguage is ReadLanguages with one more file, read as if it stood in the folder, in the place of one of its name.
func TryLanguage(folder, file string) (*Languages, error) {
	files, err := languageFilesIn(folder)
	if err != nil {
		return nil, err
	}
	files = slices.DeleteFunc(files, func(f foundFile) bool { return f.name == filepath.Base(file) })
	return readLanguages(append(files, diskFile(file)))
}

// DraftLanguage is ReadLanguages for an export of one language: it need not be there yet, nor have anything in its file, and what is
// wrong with other files does not matter. A language that can't be read begins with the texts of the one that others are translated
// from, and no name.
func DraftLanguage(folder, code string) (*Languages, error) {
	files, err := languageFilesIn(folder)
	if err != nil {
		return nil, err
	}
	drafts := []string{code}
	files = slices.DeleteFunc(files, func(f foundFile) bool {
		info, err := os.Stat(f.shown)
		return f.name == code+".yaml" && err == nil && info.Size() == 0 // which the shell has just made, to write the export into
	})
	l, err := readLanguages(files)
	if wrong := (*yamlfile.Error)(nil); errors.As(err, &wrong) {
		files = slices.DeleteFunc(files, func(f foundFile) bool {
			other, ok := strings.CutSuffix(f.name, ".yaml")
			faulty := other != code && slices.ContainsFunc(wrong.Faults, func(w yamlfile.Fault) bool { return w.File == f.shown })
			if faulty && ok && languageCode.MatchString(other) {
				drafts = append(drafts, other)
			}
			return faulty
		})
		l, err = readLanguages(files)
	}
	if err != nil {
		return nil, err
	}
	for _, code := range drafts {
		if l.byCode[code] == nil {
			draft := l.source().languageFile
			draft.Name, draft.Also, draft.places = "", nil, map[string]place{}
			l.byCode[code] = &language{code, draft}
		}
	}
	return l, nil
}

func readLanguages(files []foundFile) (*Languages, error) {
	r := &languageReader{names: newOurNames()}
	l := &Languages{byCode: map[string]*language{}, beside: newBesideAmounts()}
	for _, f := range append(builtInFiles(), files...) {
		r.file = f.shown
		if code, ok := r.languageOf(f.name); ok {
			l.add(r, code, r.readAll(f.open))
		}
	}
	l.judgeNames(r)
	if err := yamlfile.NewError(r.faults); err != nil {
		return nil, err
	}
	for _, known := range l.byCode {
		l.beside.add(known.Amounts)
		l.beside.add(amountWords{besideFiller: slices.Concat(known.Around[aroundAny], known.Around[aroundBefore])})
		l.beside.numbers.add(known.Numbers)
	}
	return l, nil
}

// foundFile is a file that may be a language's.
type foundFile struct {
	name, shown string // "de.yaml", and as faults call it
	open        func() (fs.File, error)
}

// builtInMark ends the name of a file that the program brings.
const builtInMark = " (built in)"

// builtInFiles lists what the program brings, the source first: the others are judged by it.
func builtInFiles() []foundFile {
	entries, _ := promptFiles.ReadDir("prompts") // embedded: it is there
	var files []foundFile
	for _, e := range entries {
		f := foundFile{e.Name(), "prompts/" + e.Name() + builtInMark, func() (fs.File, error) { return promptFiles.Open("prompts/" + e.Name()) }}
		if e.Name() == sourceLanguage+".yaml" {
			files = slices.Insert(files, 0, f)
		} else {
			files = append(files, f)
		}
	}
	return files
}

func diskFile(file string) foundFile {
	return foundFile{filepath.Base(file), file, func() (fs.File, error) { return os.Open(file) }}
}

// languageFilesIn lists the files of a folder; none where there is no folder.
func languageFilesIn(folder string) ([]foundFile, error) {
	if folder == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("read languages: %w", err)
	}
	var files []foundFile
	for _, e := range entries {
		if !e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			files = append(files, diskFile(filepath.Join(folder, e.Name())))
		}
	}
	return files, nil
}

// languageOf returns the language that a file is of; ok is false where it is none.
func (r *languageReader) languageOf(name string) (code string, ok bool) {
	code, ok = strings.CutSuffix(name, ".yaml")
	switch {
	case strings.HasSuffix(name, ".yml"):
		r.fault(1, "the file would not be read: its name must end in .yaml")
	case ok && !languageCode.MatchString(code):
		r.fault(1, "%q is no code of a language: name the file after ISO 639, such as de.yaml or pt-br.yaml", code)
		return "", false
	}
	return code, ok
}

func (r *languageReader) readAll(open func() (fs.File, error)) []byte {
	f, err := open()
	if err != nil {
		r.fault(1, "%s", err)
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(f, maxLanguageBytes+1))
	switch err = errors.Join(err, f.Close()); {
	case err != nil:
		r.fault(1, "%s", err)
	case len(text) > maxLanguageBytes:
		r.fault(1, "the file is larger than %d bytes", maxLanguageBytes)
	default:
		return text
	}
	return nil
}

// judgeNames finds two languages that customers would call the same.
func (l *Languages) judgeNames(r *languageReader) {
	calls := map[string]string{}
	for _, code := range l.Codes() {
		known := l.byCode[code]
		for i, name := range append([]string{known.Name}, known.Also...) {
			section, name := inAlso, strings.ToUpper(name)
			if i == 0 {
				section = inName
			}
			if other := calls[name]; other != "" && other != code {
				at := known.places[section]
				if strings.HasSuffix(at.file, builtInMark) {
					at = l.byCode[other].places[section]
				}
				r.faultAt(at, "%s: %s and %s are both called %s", section, other, code, name)
			}
			calls[name] = code
		}
	}
}

// add reads a language's file over what is known of the language. A file that could not be read has no text.
func (l *Languages) add(r *languageReader, code string, text []byte) {
	if text == nil {
		return
	}
	f := r.read(text)
	if known := l.byCode[code]; known != nil {
		f = known.under(f)
	} else if len(f.places) > 0 {
		r.complete(code, f, l.source())
	}
	r.judge(code, f, l.source())
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

// NeedsOtherLetters reports whether a brand speaks a language that can't be written in GSM-7.
func (l *Languages) NeedsOtherLetters(b *prepaid.Brand) bool {
	return slices.ContainsFunc(b.Languages, func(code string) bool { return l.byCode[code] != nil && l.byCode[code].AnyLetter })
}

// ForBrands returns the texts of brands, by name. The error tells all that is wrong with any.
func (l *Languages) ForBrands(brands []*prepaid.Brand) (map[string]*BrandPrompts, error) {
	all := map[string]*BrandPrompts{}
	var errs []error
	for _, b := range brands {
		p, err := l.ForBrand(b)
		all[b.Name], errs = p, append(errs, err)
	}
	return all, errors.Join(errs...)
}

// Page returns what a web page says, in a language or, where that is not spoken, in the one that others are translated from. name is
// one of the language files' pages: "returned". One that they do not have says nothing.
func (l *Languages) Page(language, name string) (spoken, title, text string) {
	known := l.byCode[language]
	if known == nil {
		known = l.source()
	}
	return known.code, known.Pages[name], known.Pages[name+"_text"]
}

// Preferred returns the language that a browser's Accept-Language asks for first of those that are spoken; else the one that others are
// translated from.
func (l *Languages) Preferred(acceptLanguage string) string {
	codes := []string{sourceLanguage}
	for _, code := range l.Codes() {
		if code != sourceLanguage {
			codes = append(codes, code)
		}
	}
	tags := make([]textlanguage.Tag, len(codes))
	for i, code := range codes {
		tags[i] = textlanguage.Make(code)
	}
	_, i := textlanguage.MatchStrings(textlanguage.NewMatcher(tags), acceptLanguage)
	return codes[i]
}

// LanguageFile is a file that adds a language, or says some of its texts anew.
type LanguageFile struct {
	File, Language string
	Texts          int // that stand in it
	All            int // that the language has
}

// Files lists the files that add to what the program brings, sorted.
func (l *Languages) Files() []LanguageFile {
	byFile := map[string]LanguageFile{}
	for _, code := range l.Codes() {
		known := l.byCode[code]
		for entry, at := range known.places {
			if strings.HasSuffix(at.file, builtInMark) {
				continue
			}
			f := LanguageFile{File: at.file, Language: code, Texts: byFile[at.file].Texts, All: len(known.Prompts)}
			if strings.HasPrefix(entry, inPrompts+".") {
				f.Texts++
			}
			byFile[at.file] = f
		}
	}
	return slices.SortedFunc(maps.Values(byFile), func(a, b LanguageFile) int { return cmp.Compare(a.File, b.File) })
}

// String says that nothing is wrong with the file.
func (f LanguageFile) String() string {
	switch f.Texts {
	case f.All:
		return fmt.Sprintf("%s: %d texts, nothing missing", f.File, f.Texts)
	case 0:
		return fmt.Sprintf("%s: no texts, nothing wrong; all %d are said as before", f.File, f.All)
	case 1:
		return fmt.Sprintf("%s: 1 text, nothing wrong; the other %d are said as before", f.File, f.All-1)
	}
	return fmt.Sprintf("%s: %d texts, nothing wrong; the other %d are said as before", f.File, f.Texts, f.All-f.Texts)
}
