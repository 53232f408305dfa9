// Command pulsa is a server for topping up prepaid phones by text, and the tools to run and try it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"pulsa/app"
	"pulsa/app/config"
	"pulsa/app/version"
	"pulsa/cmd/pulsa/term"
	"pulsa/conversation"
	"pulsa/conversation/talk"
	"pulsa/prepaid"
	"pulsa/yamlfile"
)

func main() {
	app.QuietRedis()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once, as a crash would
	err := prepaid.Guard(func() error { return run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr) })
	stop()
	if err != nil {
		os.Exit(report(os.Stderr, err))
	}
}

// report prints an error, and returns the program's exit code: 2 where what was typed or a file is wrong.
func report(w io.Writer, err error) int {
	code, text := exitCode(1), "pulsa: "+err.Error()
	switch {
	case errors.As(err, &code):
		return int(code)
	case errors.Is(err, term.ErrFailing): // the table says it
		return 1
	case errors.As(err, new(*kong.ParseError)):
		code, text = 2, text+"\nTry: pulsa --help"
		if strings.Contains(text, "PRIVATE KEY-----") { // the error quotes what was typed, and a key in PEM begins as a flag does
			text = "pulsa: a flag was given a private key: give the public one that belongs to it"
		}
	case errors.As(err, new(*yamlfile.Error)), errors.As(err, new(talk.ScriptErrors)), errors.As(err, new(*talk.ChoiceError)):
		code, text = 2, err.Error() // each line begins with the place
	case errors.As(err, new(flagError)), errors.As(err, new(*config.NoBrandError)), errors.As(err, new(*conversation.NoLanguageError)):
		code = 2
	}
	fmt.Fprintln(w, text)
	return int(code)
}

// exitCode is an error that ends the program with that code, and prints nothing more.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// flagError is what is wrong with a flag's value: the program exits 2, as it does where a flag is unknown.
type flagError struct{ error }

// wrongFlag formats a flagError.
func wrongFlag(format string, args ...any) error { return flagError{fmt.Errorf(format, args...)} }

// commands are all subcommands; each stands in a file of its own.
type commands struct {
	Serve     serveCommand     `cmd:"" help:"Run the server."`
	Chat      chatCommand      `cmd:"" help:"Talk to a brand in the terminal, as a customer would by phone."`
	Cards     cardsCommand     `cmd:"" help:"Run the top-up card business: generate, release, find, change, export."`
	Resellers resellersCommand `cmd:"" help:"Create and list resellers, and tell where their cards stand."`
	Flows     flowsCommand     `cmd:"" help:"Draw the conversations."`
	Prompts   promptsCommand   `cmd:"" help:"Translate and check what customers are told: languages are files."`
	Sim       simCommand       `cmd:"" help:"Run a simulated network with the Reloadly API as its face."`
	Talk      talkCommand      `cmd:"" help:"Run, check and record conversation scripts."`
	Topups    topupsCommand    `cmd:"" help:"Look at orders, and settle or refund them by hand."`
	Brands    brandsCommand    `cmd:"" help:"Look at brands' settings and change them while servers run."`
	Channels  channelsCommand  `cmd:"" help:"Switch channels on and off, and say how they fare."`
	Customers customersCommand `cmd:"" help:"Show, unlock or erase a customer."`
	People    peopleCommand    `cmd:"" help:"Your own staff: who may do what, and how they sign in."`
	Approvals approvalsCommand `cmd:"" help:"List and decide what needs a second person."`
	Deeds     deedsCommand     `cmd:"" help:"The record of what was done by hand."`
	Audit     auditCommand     `cmd:"" help:"Check that no money and no airtime is lost, made or spent twice."`
	Reconcile reconcileCommand `cmd:"" help:"Compare our ledger with the providers' own reports."`
	Apikeys   apikeysCommand   `cmd:"" help:"Let developers top up by the API: make and revoke keys, book what they pay."`
	Keys      keysCommand      `cmd:"" help:"Change the PIN pepper and the card key while servers run."`
	Doctor    doctorCommand    `cmd:"" help:"Check configuration, stores, credentials, clock and wallet, and say what to do."`
	Health    healthCommand    `cmd:"" help:"Ask a running server whether it is ready; exit code 1 if it is not."`
	Version   versionCommand   `cmd:"" help:"Say which build this is."`

	PrintVersion kong.VersionFlag `name:"version" help:"Say which build this is."`
}

// run is the whole program, apart from the process around it.
func run(ctx context.Context, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) error {
	done := false
	parser, err := newParser(stdout, stderr, func(int) { done = true })
	if err != nil {
		return err
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if done { // --help was printed
		return nil
	}
	if err != nil {
		return err
	}
	if command := parsed.Command(); command != "serve" && command != "sim" { // these two have logs of their own
		defer app.IgnoreHangup(slog.New(slog.NewTextHandler(stderr, nil)))()
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	o := opened{env: term.Env{Getenv: getenv, Stdin: stdin, Stdout: stdout, Stderr: stderr}}
	err = parsed.Run(o.env, &o)
	return advised(errors.Join(err, o.Close()))
}

func newParser(stdout, stderr io.Writer, exit func(int)) (*kong.Kong, error) {
	parser, err := kong.New(&commands{},
		kong.Name("pulsa"),
		kong.Description("Top up prepaid phones by text."),
		kong.Writers(stdout, stderr),
		kong.Exit(exit),
		kong.Vars{"version": version.Current().String()},
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 110}),
		kong.Help(func(o kong.HelpOptions, c *kong.Context) error {
			err := kong.DefaultHelpPrinter(o, c)
			if c.Selected() == nil {
				fmt.Fprintf(c.Stdout, "\n%s", config.EnvironmentHelp())
			}
			return err
		}),
	)
	if err != nil {
		return nil, fmt.Errorf("command line: %w", err)
	}
	addHelp(parser.Model.Node, helpSections())
	return parser, nil
}
