package main

import (
	"context"
	"fmt"

	"github.com/alecthomas/kong"

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
	Pause    brandsPauseCommand    `cmd:"" help:"Sell nothing for a while: customers read why."`
	Resume   brandsResumeCommand   `cmd:"" help:"Sell again after a pause."`
}

// whichBrand names a brand.
type whichBrand struct {
	settings
	Brand string `help:"Which brand (default: the only one)."`
}

type brandsListCommand struct {
	settings
	term.Output
	Brand string `help:"List the versions of this one's settings, newest first."`
}

func (l *brandsListCommand) Run(ctx context.Context, e term.Env, brands operators.Brands) error {
	if l.Brand != "" {
		return term.NewTable[operators.VersionRow](e, l.Output).Least("version", "parent").Print(brands.Versions(ctx, l.Brand))
	}
	return term.NewTable[operators.BrandRow](e, l.Output).Least("version", "drafts").
		Nothing("No brand is stored yet: the first start of a server stores those of the file.").Print(brands.List(ctx))
}

type brandsShowCommand struct {
	whichBrand
	Version int `arg:"" optional:"" help:"Which version (default: the one in force)."`
}

func (s *brandsShowCommand) Run(ctx context.Context, e term.Env, brands operators.Brands) error {
	text, err := brands.Show(ctx, s.Brand, s.Version)
	fmt.Fprint(e.Stdout, text)
	return err
}

type brandsDiffCommand struct {
	whichBrand
	term.Output
	From int                       `arg:"" optional:"" help:"From which version (default: the one that the other was made from)."`
	To   int                       `arg:"" optional:"" help:"To which version (default: the one in force)."`
	File kong.NamedFileContentFlag `help:"Compare the version in force with this file." placeholder:"FILE"`
}

func (c *brandsDiffCommand) Run(ctx context.Context, e term.Env, brands operators.Brands) error {
	table := term.NewTable[operators.FieldChange](e, c.Output).Nothing("Nothing differs.")
	if c.File.Filename != "" {
		return table.Print(brands.DiffFile(ctx, c.File.Filename, c.File.Contents, c.Brand))
	}
	return table.Print(brands.Diff(ctx, c.Brand, c.From, c.To))
}

type brandsApplyCommand struct {
	settings
	deed
	answer
	File  kong.NamedFileContentFlag `arg:"" help:"What brands show has printed, changed; or a whole configuration."`
	Brand string                    `help:"Which brand of a whole configuration; of a file that does not say whose it is."`
	Over  int                       `help:"The version in force, which is replaced although the file was not made from it." placeholder:"N"`
	Draft bool                      `help:"Only store it: pulsa brands publish puts it in force."`
}

// ProvideBrands creates a missing database: a brand may be applied before the first start of a server.
func (a *brandsApplyCommand) ProvideBrands(ctx context.Context, o *opened) (operators.Brands, error) {
	return partOf((*core.Desk).OpenBrands)(open(ctx, o, a.settings, config.NoCredentials, core.NewDesk))
}

func (a *brandsApplyCommand) Run(ctx context.Context, e term.Env, brands operators.Brands) error {
	asked := operators.Application{File: a.File.Filename, Text: a.File.Contents, Brand: a.Brand, Over: a.Over, Draft: a.Draft}
	return a.print(e)(brands.Apply(ctx, asked, a.by()))
}

type brandsPublishCommand struct {
	whichBrand
	deed
	answer
	Version int `arg:"" help:"Which version."`
	Over    int `help:"The version in force, which is replaced although the draft was not made from it." placeholder:"N"`
}

func (p *brandsPublishCommand) Run(ctx context.Context, e term.Env, brands operators.Brands) error {
	return p.print(e)(brands.Publish(ctx, p.Brand, p.Version, p.Over, p.by()))
}

type brandsRevertCommand struct {
	whichBrand
	deed
	answer
	Version int `arg:"" optional:"" help:"To which version (default: the one that was in force before)."`
}

func (r *brandsRevertCommand) Run(ctx context.Context, e term.Env, brands operators.Brands) error {
	return r.print(e)(brands.Revert(ctx, r.Brand, r.Version, r.by()))
}

type brandsWithdrawCommand struct {
	ofBrand
	deed
	answer
}

func (w *brandsWithdrawCommand) Run(ctx context.Context, e term.Env, brands operators.Brands) error {
	return w.print(e)(brands.Withdraw(ctx, w.Brand, w.by()))
}

type brandsPauseCommand struct {
	ofBrand
	deed
	answer
	Until  string `help:"It ends by itself then: 14:00 or \"2027-12-31 14:00\" in the brand's time zone, or a time of RFC 3339 (default: never)." placeholder:"TIME"`
	TextEN string `name:"text-en" help:"What customers read, in English (default: that top-ups are down, and until when)." placeholder:"TEXT"`
	TextNL string `name:"text-nl" help:"The same in Dutch." placeholder:"TEXT"`
}

// ProvidePauses opens pauses.
func (b ofBrand) ProvidePauses(ctx context.Context, o *opened) (operators.MachinePauses, error) {
	return partOf(func(d *core.Desk) (operators.MachinePauses, error) { return d.Pauses, nil })(b.ProvideDesk(ctx, o))
}

func (p *brandsPauseCommand) Run(ctx context.Context, e term.Env, pauses operators.MachinePauses) error {
	r := operators.PauseRequest{Brand: p.Brand, Until: p.Until, Texts: map[string]string{"en": p.TextEN, "nl": p.TextNL}}
	return p.print(e)(pauses.Pause(ctx, r, p.by()))
}

type brandsResumeCommand struct {
	ofBrand
	deed
	answer
}

func (r *brandsResumeCommand) Run(ctx context.Context, e term.Env, pauses operators.MachinePauses) error {
	return r.print(e)(pauses.Resume(ctx, r.Brand, r.by()))
}
