package main

import (
	"context"
	"fmt"

	"pulsa/cards"
	"pulsa/cmd/pulsa/term"
	"pulsa/operators"
	"pulsa/prepaid"
)

// runJob runs a job that was started, or found, and prints what it has done.
func runJob(ctx context.Context, e term.Env, shop operators.Cards) func(cards.Job, error) error {
	return func(j cards.Job, err error) error {
		if err != nil {
			return err
		}
		if operators.LongJob(j) {
			fmt.Fprintf(e.Stderr, "job %s; if it is interrupted: pulsa cards resume %s --brand %s\n", j.ID, j.ID, j.Brand)
		}
		bar := e.Progress(j.Action())
		done, err := shop.Run(ctx, j, operators.CardRun{Progress: bar.Show, Made: func(c cards.Card, code prepaid.Secret) error {
			_, err := fmt.Fprintf(e.Stdout, "%s  %s  %s\n", c.Serial, code.Reveal(), c.Amount)
			return err
		}})
		bar.End()
		return say(e)(done, err)
	}
}

// cardsWorkCommand works on many existing cards; W holds the flags of the kind of work.
type cardsWorkCommand[W interface{ work() operators.CardWork }] struct {
	ofBrand
	cardFilter
	deed
	Work W    `embed:""`
	All  bool `help:"${all}"`
	Yes  bool `help:"Do not ask."`
}

func (c *cardsWorkCommand[W]) Run(ctx context.Context, e term.Env, shop operators.Cards) error {
	which := operators.CardSelection{CardQuery: operators.CardQuery(c.cardFilter), All: c.All}
	plan, err := shop.Plan(ctx, which, c.Work.work(), c.by())
	fmt.Fprint(e.Stdout, plan.Text())
	if err == nil && !c.Yes {
		err = e.Confirm(ctx, plan.Question())
	}
	if err != nil {
		return err
	}
	return runJob(ctx, e, shop)(plan.Start(ctx))
}

// What the commands do; see operators.CardWork.
func (cardRelease) work() operators.CardWork  { return operators.CardRelease{} }
func (f cardEdit) work() operators.CardWork   { return operators.CardEdit(f) }
func (cardDelete) work() operators.CardWork   { return operators.CardDelete{} }
func (f cardExport) work() operators.CardWork { return operators.CardExport(f) }

type cardRelease struct{}

// cardEdit are the flags of operators.CardEdit.
type cardEdit struct {
	SetExpires     string `name:"set-valid-through" aliases:"set-expires" help:"Set the last day that they are valid through, or a time of it, or never." placeholder:"DATE"`
	SetReseller    string `help:"Set who sells them, or none." placeholder:"NAME"`
	SetStatus      string `help:"lock withdraws cards for now, unlock puts them back where they were, void withdraws them for good." enum:"lock,unlock,void,preserve" default:"preserve"`
	AllowGuessable bool   `help:"Let expired cards be worth something again even if codes so short can be guessed."`
}

type cardDelete struct{}

// cardExport are the flags of operators.CardExport.
type cardExport struct {
	Recipient []string `help:"The printer's public key, of age or SSH: age1…, or 'ssh-ed25519 AAAA…'. May be given several times." placeholder:"KEY"`
	Out       string   `required:"" help:"The print file, which must not exist yet." placeholder:"FILE"`
	Plaintext bool     `help:"Write the codes in clear. Needs --reason."`
}

// cardBatch are the flags of operators.CardBatch.
type cardBatch struct {
	Amount         string `required:"" help:"What each is worth, in the brand's currency: 10 or 7.50."`
	Quantity       int    `required:"" help:"How many: 1 to 10000000."`
	Series         string `required:"" help:"What their serials begin with: 101 gives 101-00000001."`
	CodeLength     int    `help:"Digits of a code, 5 or more (default: the brand's)."`
	Reseller       string `help:"Who sells them."`
	Expires        string `name:"valid-through" aliases:"expires" help:"The last day that they are valid through: 2027-12-31, or a time of it: '2027-12-31 18:00'." placeholder:"DATE"`
	Hold           bool   `help:"Treat a test brand's cards like others: not on sale yet, codes not shown."`
	AllowGuessable bool   `help:"Make them even if codes so short can be guessed."`
}

type cardsGenerateCommand struct {
	ofBrand
	deed
	cardBatch
}

func (c *cardsGenerateCommand) Run(ctx context.Context, e term.Env, shop operators.Cards) error {
	return runJob(ctx, e, shop)(shop.Generate(ctx, operators.CardBatch(c.cardBatch), c.by()))
}

type cardsRekeyCommand struct {
	ofBrand
}

func (c *cardsRekeyCommand) Run(ctx context.Context, e term.Env, shop operators.Cards) error {
	return runJob(ctx, e, shop)(shop.Rekey(ctx, deed{}.by()))
}

type cardsResumeCommand struct {
	ofBrand
	Job string `arg:"" help:"Which: pulsa cards jobs --open lists them."`
	Out string `help:"Of an export: another file than it was to write." placeholder:"FILE"`
}

func (c *cardsResumeCommand) Run(ctx context.Context, e term.Env, shop operators.Cards) error {
	return runJob(ctx, e, shop)(shop.Unfinished(ctx, c.Job, c.Out))
}

// cardImport are the flags of operators.CardImport.
type cardImport struct {
	File           string   `arg:"" help:"CSV with the columns serial, code, amount, and if wanted currency, valid_through, status, reseller, activated, created." type:"existingfile"`
	Reseller       string   `help:"Who sells them all (default: whom the file names)."`
	Map            []string `help:"What a column is whose name is not known: 'PIN nr=code,Remarks=-'; - leaves it out." placeholder:"NAME=COLUMN"`
	CodeLength     int      `help:"Digits that every code has at least (default: the brand's)." placeholder:"N"`
	AllowGuessable bool     `help:"Take them over even if codes so short can be guessed."`
}

type cardsImportCommand struct {
	ofBrand
	deed
	cardImport
	Check bool `help:"Only say what would be imported, and what is wrong."`
}

func (c *cardsImportCommand) Run(ctx context.Context, e term.Env, shop operators.Cards) error {
	if c.Check {
		bar := e.Progress("check")
		check, err := shop.CheckImport(ctx, operators.CardImport(c.cardImport), bar.Show)
		bar.End()
		return say(e)(check, err)
	}
	bar := e.Progress("import")
	done, err := shop.Import(ctx, operators.CardImport(c.cardImport), c.by(), bar.Show)
	bar.End()
	return say(e)(done, err)
}
