package main

import (
	"context"
	"errors"
	"fmt"

	"pulsa/app/config"
	"pulsa/app/core"
	"pulsa/cards"
	"pulsa/cmd/pulsa/term"
	"pulsa/operators"
)

type cardsCommand struct {
	Generate cardsGenerateCommand          `cmd:"" help:"Make new top-up cards."`
	Release  cardsWorkCommand[cardRelease] `cmd:"" help:"Put generated cards on sale: until then they are worthless." set:"all=Release all cards of the brand."`
	List     cardsListCommand              `cmd:"" help:"Search for cards."`
	Show     cardsShowCommand              `cmd:"" help:"Show one card."`
	Edit     cardsWorkCommand[cardEdit]    `cmd:"" help:"Change many cards at once: expiry, reseller or status." set:"all=Edit all cards of the brand that were never spent."`
	Delete   cardsWorkCommand[cardDelete]  `cmd:"" help:"Delete cards that were never spent." set:"all=Delete all cards of the brand that were never spent."`
	Export   cardsWorkCommand[cardExport]  `cmd:"" help:"Write the print file: serials with their codes, encrypted, once." set:"all=Export all cards of the brand."`
	Import   cardsImportCommand            `cmd:"" help:"Take over existing cards from a CSV file."`
	Rekey    cardsRekeyCommand             `cmd:"" help:"Seal all codes with the card key in use."`
	Report   cardsReportCommand            `cmd:"" help:"Report liability or redemptions."`
	Jobs     cardsJobsCommand              `cmd:"" help:"List work on cards: who did what, why, and what was interrupted."`
	Resume   cardsResumeCommand            `cmd:"" help:"Go on with work that was interrupted."`
}

// forBrand are the flags of every command about one brand's cards.
type forBrand struct {
	settings
	Brand string `required:"" help:"Whose cards."`
}

// onCards opens the brand's cards, and calls do with them.
func (f forBrand) onCards(ctx context.Context, e term.Env, do func(operators.Cards) error) error {
	return f.onDeskWith(ctx, e, config.CardKey, f.Brand, core.NewDesk, func(desk *core.Desk) error {
		shop, err := desk.OpenCards(ctx, f.Brand)
		if err != nil {
			return err
		}
		return f.explained(do(shop))
	})
}

// explained adds to an error the flag or command that helps.
func (f forBrand) explained(err error) error {
	var none *operators.NoCardsError
	var stopped *operators.UnfinishedError
	switch {
	case errors.Is(err, cards.ErrOpen):
		return fmt.Errorf("%w (--all)", err)
	case errors.Is(err, cards.ErrGuessable):
		return fmt.Errorf("%w; or say --allow-guessable", err)
	case errors.As(err, &none) && none.Verb == "export": // has a colon already
		return fmt.Errorf("%w; look with pulsa cards list --brand %s and the same filter", err, f.Brand)
	case errors.As(err, &none):
		return fmt.Errorf("%w: look with pulsa cards list --brand %s and the same filter", err, f.Brand)
	case errors.As(err, &stopped) && errors.Is(err, cards.ErrJobElsewhere):
		return fmt.Errorf("%w: pulsa cards jobs %s --brand %s tells how far it is", err, stopped.Job.ID, f.Brand)
	case errors.As(err, &stopped) && stopped.Job.Kind == cards.KindImport:
		return fmt.Errorf("%w; go on with the same command and file", err)
	case errors.As(err, &stopped):
		return fmt.Errorf("%w; go on with: pulsa cards resume %s --brand %s", err, stopped.Job.ID, f.Brand)
	}
	return err
}

// cardFilter are the flags of operators.CardQuery.
type cardFilter struct {
	Status        []string `help:"new, activated, expired, locked or void; or generated, live, reserved." placeholder:"STATUS"`
	Serial        string   `help:"One card."`
	FromSerial    string   `help:"The first of a range." placeholder:"SERIAL"`
	ToSerial      string   `help:"The last of a range." placeholder:"SERIAL"`
	Series        string   `help:"The series."`
	Batch         string   `help:"What was generated or imported together." placeholder:"JOB"`
	Amount        string   `help:"What a card is worth: 10 or 7.50."`
	Reseller      string   `help:"Who sells them."`
	CreatedFrom   string   `help:"Created then or later." placeholder:"TIME"`
	CreatedTo     string   `help:"Created before." placeholder:"TIME"`
	ExpiresFrom   string   `help:"Valid through that day or later." placeholder:"TIME"`
	ExpiresTo     string   `help:"Valid through a day before." placeholder:"TIME"`
	ActivatedFrom string   `help:"Activated then or later." placeholder:"TIME"`
	ActivatedTo   string   `help:"Activated before." placeholder:"TIME"`
	Customer      string   `help:"The number that it was spent on: +31612345678." placeholder:"+NUMBER"`
}
