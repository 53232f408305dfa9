package main

import (
	"context"
	"fmt"

	"pulsa/app/config"
	"pulsa/cmd/pulsa/term"
	"pulsa/conversation"
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

type promptsExportCommand struct {
	promptsFlags
	Language string `arg:"" help:"Which language: its code in ISO 639, such as de. One that there is none of begins in English."`
}

func (x *promptsExportCommand) Run(_ context.Context, e term.Env) error {
	text, err := config.ExportLanguage(x.Config, x.Language, x.Brand, e.Getenv)
	fmt.Fprint(e.Stdout, text)
	return err
}

type promptsCheckCommand struct {
	promptsFlags
	term.Output
	Path string `arg:"" optional:"" help:"A file such as de.yaml, or a folder of them (default: the configured folder)." placeholder:"FILE|FOLDER"`
}

func (k *promptsCheckCommand) Run(_ context.Context, e term.Env) error {
	found, err := config.CheckLanguages(k.Config, k.Path, k.Brand, e.Getenv)
	if k.IsText() {
		err = say(e)(found, err)
	} else {
		err = term.NewTable[yamlfile.Fault](e, k.Output).Print(found.Faults, err)
	}
	if err == nil && len(found.Faults) > 0 {
		err = exitCode(1)
	}
	return err
}

type promptsDiffCommand struct {
	promptsFlags
	term.Output
	What string `arg:"" help:"A language of the configuration, such as de, or a file de.yaml." placeholder:"LANGUAGE|FILE"`
}

func (d *promptsDiffCommand) Run(_ context.Context, e term.Env) error {
	found, err := config.CompareLanguage(d.Config, d.What, d.Brand, e.Getenv)
	if d.IsText() {
		return say(e)(found, err)
	}
	return term.NewTable[conversation.Difference](e, d.Output).Print(found.List, err)
}
