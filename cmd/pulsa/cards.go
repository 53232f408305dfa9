package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pulsa/app"
	"pulsa/app/core"
	"pulsa/cards"
	"pulsa/cmd/pulsa/term"
	"pulsa/prepaid"
	"pulsa/store"
)

type cardsCommand struct {
	Generate cardsGenerateCommand `cmd:"" help:"Make new top-up cards."`
	Release  cardsReleaseCommand  `cmd:"" help:"Put generated cards on sale: until then they are worthless."`
	List     cardsListCommand     `cmd:"" help:"Search for cards."`
	Show     cardsShowCommand     `cmd:"" help:"Show one card."`
	Edit     cardsEditCommand     `cmd:"" help:"Change many cards at once: expiry, reseller or status."`
	Delete   cardsDeleteCommand   `cmd:"" help:"Delete cards that were never spent."`
	Export   cardsExportCommand   `cmd:"" help:"Write the print file: serials with their codes, encrypted, once."`
	Import   cardsImportCommand   `cmd:"" help:"Take over existing cards from a CSV file."`
	Rekey    cardsRekeyCommand    `cmd:"" help:"Seal all codes with the newest card key."`
	Report   cardsReportCommand   `cmd:"" help:"Report liability or redemptions."`
	Jobs     cardsJobsCommand     `cmd:"" help:"List work on cards: who did what, why, and what was interrupted."`
	Resume   cardsResumeCommand   `cmd:"" help:"Go on with work that was interrupted."`
}

// forBrand are the flags of every command about one brand's cards.
type forBrand struct {
	settings
	Brand string `required:"" help:"Whose cards."`
}

// cardDesk is what commands about cards work with: a running server keeps the rest.
type cardDesk struct {
	*cards.Service
	term.Env
	db    *store.DB
	brand *prepaid.Brand
}

// open opens the store. The caller closes the desk.
func (f forBrand) open(ctx context.Context, e term.Env) (*cardDesk, error) {
	c, err := f.load(e, nil)
	if err != nil {
		return nil, err
	}
	brand, err := c.Brand(f.Brand)
	if err != nil {
		return nil, err
	}
	if err := c.OpenKeys(); err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, c.Database(), store.Options{})
	if err != nil {
		return nil, err
	}
	service, err := core.NewCards(c, db, prepaid.SystemClock{}, app.Logger(c.Log, e.Stderr))
	if err == nil {
		err = core.CheckCardKeys(ctx, c, db, service)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &cardDesk{Service: service, Env: e, db: db, brand: brand}, nil
}

func (d *cardDesk) close() { _ = d.db.Close() }

// interrupted adds to an error how to go on.
func interrupted(ctx context.Context, j cards.Job, err error) error {
	switch {
	case err == nil || j.ID == "" || j.State != cards.UnderWay:
		return err
	case errors.Is(err, cards.ErrJobElsewhere):
		return fmt.Errorf("%w: pulsa cards jobs %s --brand %s tells how far it is", err, j.ID, j.Brand)
	case ctx.Err() != nil:
		err = errors.New("interrupted") // whatever was being done just then
	}
	if j.Kind == cards.KindImport {
		return fmt.Errorf("%w\n%d of %s are done; go on with the same command and file", err, j.Done, cards.HowMany(j.Total, "card"))
	}
	return fmt.Errorf("%w\n%d of %s are done; go on with: pulsa cards resume %s --brand %s", err, j.Done, cards.HowMany(j.Total, "card"), j.ID, j.Brand)
}

// withFlag adds to an error which flag answers it.
func withFlag(err error) error {
	switch {
	case errors.Is(err, cards.ErrGuessable):
		return fmt.Errorf("%w; or say --allow-guessable", err)
	case errors.Is(err, cards.ErrOpen):
		return fmt.Errorf("%w (--all)", err)
	}
	return err
}

// announce says on stderr how a long piece of work is resumed, before it can be interrupted.
func (d *cardDesk) announce(j cards.Job) {
	fmt.Fprintf(d.Stderr, "job %s; if it is interrupted: pulsa cards resume %s --brand %s\n", j.ID, j.ID, j.Brand)
}

func parseAmount(text string, b *prepaid.Brand) (prepaid.Money, error) {
	if text == "" {
		return prepaid.Money{}, nil
	}
	amount, err := prepaid.ParseMoney(text, b.Currency)
	if err != nil {
		return amount, fmt.Errorf("--amount %s: %w; write it like %s", text, err, b.Amounts.Min.Number())
	}
	return amount, nil
}

// parseTime reads the time behind a flag; "" is the zero time.
func parseTime(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := cards.ParseTime(text)
	if err != nil {
		return t, fmt.Errorf("%s %s: %w", flag, text, err)
	}
	return t, nil
}
