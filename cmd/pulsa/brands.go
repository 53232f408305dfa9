package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"pulsa/app/config"
	"pulsa/app/core"
	"pulsa/cmd/pulsa/term"
	"pulsa/operators"
)

type brandsCommand struct {
	List     brandsListCommand     `cmd:"" help:"List the brands and which version of their settings is in force, or the versions of one."`
	Show     brandsShowCommand     `cmd:"" help:"Print a version of a brand's settings as a file to change and apply."`
	Diff     brandsDiffCommand     `cmd:"" help:"List what differs between two versions, or between a file and the version in force."`
	Apply    brandsApplyCommand    `cmd:"" help:"Make a file the next version of a brand's settings, on every running copy within 5 seconds."`
	Publish  brandsPublishCommand  `cmd:"" help:"Put a draft in force, or sell a withdrawn brand again."`
	Revert   brandsRevertCommand   `cmd:"" help:"Make an earlier version the next one."`
	Withdraw brandsWithdrawCommand `cmd:"" help:"End the sale of a brand. What has begun is brought to its end."`
}

// whichBrand names a brand.
type whichBrand struct {
	settings
	Brand string `help:"Which brand (default: the only one)."`
}

// onBrand opens the desk, and calls do with the brand that is meant.
func (w whichBrand) onBrand(ctx context.Context, e term.Env, do func(d *core.Desk, brand string) error) error {
	return w.onDesk(ctx, e, "", func(d *core.Desk) error {
		if err := d.OpenBrands(); err != nil {
			return err
		}
		brand, err := d.Brands.Only(ctx, w.Brand)
		if err != nil {
			return err
		}
		return do(d, brand)
	})
}

type brandsListCommand struct {
	settings
	term.Output
	Brand string `help:"List the versions of this one's settings, newest first."`
}

func (l *brandsListCommand) Run(ctx context.Context, e term.Env) error {
	return l.onDesk(ctx, e, "", func(d *core.Desk) error {
		if l.Brand == "" {
			return term.NewTable[operators.BrandRow](e, l.Output).Columns("brand", "version", "state", "drafts", "changed_by", "changed_at", "why").
				Show("drafts", operators.BrandRow.DraftList).Least("version", "drafts").Nothing("No brand is stored yet: the first start of a server stores those of the file.").
				PrintResult(d.Brands.List(ctx))
		}
		return term.NewTable[operators.VersionRow](e, l.Output).Columns("version", "parent", "state", "who", "made_at", "why").
			Least("version", "parent").PrintResult(d.Brands.Versions(ctx, l.Brand))
	})
}

type brandsShowCommand struct {
	whichBrand
	Version int `arg:"" optional:"" help:"Which version (default: the one in force)."`
}

func (s *brandsShowCommand) Run(ctx context.Context, e term.Env) error {
	return s.onBrand(ctx, e, func(d *core.Desk, brand string) error {
		text, err := d.Brands.Show(ctx, brand, s.Version)
		fmt.Fprint(e.Stdout, text)
		return err
	})
}

type brandsDiffCommand struct {
	whichBrand
	term.Output
	From int    `arg:"" optional:"" help:"From which version (default: the one that the other was made from)."`
	To   int    `arg:"" optional:"" help:"To which version (default: the one in force)."`
	File string `help:"Compare the version in force with this file." type:"existingfile"`
}

func (c *brandsDiffCommand) Run(ctx context.Context, e term.Env) error {
	return c.onBrand(ctx, e, func(d *core.Desk, brand string) error {
		table := term.NewTable[operators.FieldChange](e, c.Output).Columns("field", "old", "new").Nothing("Nothing differs.")
		if c.File == "" {
			return table.PrintResult(d.Brands.Diff(ctx, brand, c.From, c.To))
		}
		text, err := os.ReadFile(c.File)
		if err != nil {
			return err
		}
		return table.PrintResult(d.Brands.DiffFile(ctx, c.File, text, brand))
	})
}

type brandsApplyCommand struct {
	settings
	deed
	answer
	File  string `arg:"" type:"existingfile" help:"What brands show has printed, changed; or a whole configuration."`
	Brand string `help:"Which brand of a whole configuration; of a file that does not say whose it is."`
	Over  int    `help:"The version in force, which is replaced although the file was not made from it." placeholder:"N"`
	Draft bool   `help:"Only store it: pulsa brands publish puts it in force."`
}

func (a *brandsApplyCommand) Run(ctx context.Context, e term.Env) error {
	text, err := os.ReadFile(a.File)
	if err != nil {
		return err
	}
	return a.onDeskWith(ctx, e, config.NoCredentials, "", core.NewDesk, func(d *core.Desk) error {
		if err := d.OpenBrands(); err != nil {
			return err
		}
		done, err := d.Brands.Apply(ctx, operators.Application{File: a.File, Text: text, Brand: a.Brand, Over: a.Over, Draft: a.Draft}, a.by(e))
		return printPublished(e, a.answer, d, done, err)
	})
}

type brandsPublishCommand struct {
	whichBrand
	deed
	answer
	Version int `arg:"" help:"Which version."`
	Over    int `help:"The version in force, which is replaced although the draft was not made from it." placeholder:"N"`
}

func (p *brandsPublishCommand) Run(ctx context.Context, e term.Env) error {
	return p.onBrand(ctx, e, func(d *core.Desk, brand string) error {
		done, err := d.Brands.Publish(ctx, brand, p.Version, p.Over, p.by(e))
		return printPublished(e, p.answer, d, done, err)
	})
}

type brandsRevertCommand struct {
	whichBrand
	deed
	answer
	Version int `arg:"" optional:"" help:"To which version (default: the one that was in force before)."`
}

func (r *brandsRevertCommand) Run(ctx context.Context, e term.Env) error {
	return r.onBrand(ctx, e, func(d *core.Desk, brand string) error {
		done, err := d.Brands.Revert(ctx, brand, r.Version, r.by(e))
		return printPublished(e, r.answer, d, done, err)
	})
}

type brandsWithdrawCommand struct {
	settings
	deed
	answer
	Brand string `required:"" help:"Which brand."`
}

func (w *brandsWithdrawCommand) Run(ctx context.Context, e term.Env) error {
	return whichBrand{w.settings, w.Brand}.onBrand(ctx, e, func(d *core.Desk, brand string) error {
		done, err := d.Brands.Withdraw(ctx, brand, w.by(e))
		if err != nil {
			return err
		}
		text := fmt.Sprintf("Brand %s is withdrawn: every running copy knows it within %s. Orders under way are brought to their end.\nSell it again: pulsa brands publish %d --brand %[1]s --reason \"why\"\n",
			brand, operators.SettingsKnownWithin, done.Version)
		if done.Nothing {
			text = fmt.Sprintf("Brand %s is withdrawn already.\n", brand)
		}
		return w.print(e, done, text+affected(done))
	})
}

// printPublished prints what publishing did.
func printPublished(e term.Env, a answer, d *core.Desk, done operators.Published, err error) error {
	if err != nil {
		return err
	}
	var text strings.Builder
	switch {
	case done.Nothing:
		fmt.Fprintf(&text, "Version %d of brand %s, which is in force, says that already: nothing was changed.\n", done.Version, done.Brand)
	case done.Draft:
		fmt.Fprintf(&text, "Version %d of brand %s is stored, and not in force: pulsa brands publish %[1]d --brand %[2]s --reason \"why\"\n", done.Version, done.Brand)
	default:
		fmt.Fprintf(&text, "Version %d of brand %s is in force: every running copy works with it within %s.\n", done.Version, done.Brand, operators.SettingsKnownWithin)
		if note := d.FileNote(done.Brand); note != "" {
			done.Notes = append(done.Notes, note)
		}
	}
	for _, c := range done.Changes {
		fmt.Fprintf(&text, "  %s\n", c)
	}
	return a.print(e, done, text.String()+affected(done))
}

// affected tells whom a change finds in the middle of something, and what works less than it could.
func affected(done operators.Published) string {
	var text strings.Builder
	for _, s := range done.Stranded {
		fmt.Fprintf(&text, "%s\n", s)
	}
	for _, note := range done.Notes {
		fmt.Fprintf(&text, "note: %s\n", note)
	}
	return text.String()
}
