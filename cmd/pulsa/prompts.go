package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"pulsa/app/config"
	"pulsa/cmd/pulsa/term"
	"pulsa/conversation"
	"pulsa/prepaid"
	"pulsa/yamlfile"
)

type promptsCommand struct {
	Export promptsExportCommand `cmd:"" help:"Write the texts of a language as a file to change, or to translate from."`
	Check  promptsCheckCommand  `cmd:"" help:"Say what is missing in languages' files, too long, or uses an unknown name."`
	Diff   promptsDiffCommand   `cmd:"" help:"Say how a language differs from what the program brings, and what is out of date or not translated."`
}

// promptsFlags are those of every command about texts.
type promptsFlags struct {
	Config string `help:"Configuration file, for its brands and its folder of languages (default: ./pulsa.yaml, else the built-in demo)." placeholder:"FILE"`
	Brand  string `help:"Only this brand's values, and its own texts (default: every brand's values)." placeholder:"BRAND"`
}

// loaded returns what a configuration was loaded as, with the brand that was named; nil for none. What is wrong with the
// configuration is printed.
func (p promptsFlags) loaded(e term.Env, c config.Config, err error) (*conversation.Languages, *prepaid.Brand, error) {
	switch {
	case errors.As(err, new(*yamlfile.Error)):
		fmt.Fprintln(e.Stderr, err)
		return nil, nil, exitCode(2)
	case err != nil || p.Brand == "":
		return c.Languages, nil, err
	}
	b, err := c.Brand(p.Brand)
	return c.Languages, b, err
}

type promptsExportCommand struct {
	promptsFlags
	Language string `arg:"" help:"Which language: its code in ISO 639, such as de. One that there is none of begins in English."`
}

func (x *promptsExportCommand) Run(_ context.Context, e term.Env) error {
	c, err := config.LoadDraft(x.Config, x.Language, e.Getenv)
	languages, b, err := x.loaded(e, c, err)
	if err != nil {
		return err
	}
	text, err := languages.Export(x.Language, b)
	if err != nil {
		return flagError{err}
	}
	_, err = fmt.Fprint(e.Stdout, text)
	return err
}

type promptsCheckCommand struct {
	promptsFlags
	term.Output
	Path string `arg:"" optional:"" help:"A file such as de.yaml, or a folder of them (default: the configured folder)." placeholder:"FILE|FOLDER"`
}

func (k *promptsCheckCommand) Run(_ context.Context, e term.Env) error {
	c, err := config.LoadLanguages(k.Config, k.Path, e.Getenv)
	var wrong *yamlfile.Error
	if err == nil {
		var faults []yamlfile.Fault
		if faults, err = c.CheckLanguages(k.Brand); err == nil {
			err = yamlfile.NewError(faults)
		}
	}
	switch {
	case errors.As(err, &wrong):
		return cmp.Or(k.print(e, wrong), error(exitCode(1)))
	case err != nil:
		return err
	case !k.IsText():
		return k.print(e, &yamlfile.Error{})
	}
	for _, f := range c.Languages.Files() {
		fmt.Fprintln(e.Stdout, f)
	}
	if len(c.Languages.Files()) == 0 {
		fmt.Fprintf(e.Stdout, "No languages in %s: what the program brings (%s) has %d texts each, nothing missing\n",
			cmp.Or(k.Path, c.LanguagesDir), strings.Join(c.Languages.Codes(), ", "), len(c.Languages.Keys()))
	}
	return nil
}

// print lists faults, one a line with its place for people.
func (k *promptsCheckCommand) print(e term.Env, wrong *yamlfile.Error) error {
	if !k.IsText() {
		return term.NewTable[yamlfile.Fault](e, k.Output).Print(wrong.Faults)
	}
	_, err := fmt.Fprintf(e.Stdout, "%s\n", wrong)
	return err
}

type promptsDiffCommand struct {
	promptsFlags
	term.Output
	What string `arg:"" help:"A language of the configuration, such as de, or a file de.yaml." placeholder:"LANGUAGE|FILE"`
}

func (d *promptsDiffCommand) Run(_ context.Context, e term.Env) error {
	language, path := d.What, ""
	if name, isFile := strings.CutSuffix(filepath.Base(d.What), ".yaml"); isFile {
		language, path = name, d.What
	}
	c, err := config.LoadLanguages(d.Config, path, e.Getenv)
	languages, b, err := d.loaded(e, c, err)
	if err != nil {
		return err
	}
	rows, err := languages.Differences(language, b)
	if err != nil {
		return flagError{err}
	}
	if !d.IsText() {
		return term.NewTable[conversation.Difference](e, d.Output).Print(rows)
	}
	for _, row := range rows {
		fmt.Fprintln(e.Stdout, row)
	}
	if len(rows) == 0 {
		fmt.Fprintf(e.Stdout, "%s: nothing differs from what the program brings, and nothing is out of date\n", language)
	}
	return nil
}
