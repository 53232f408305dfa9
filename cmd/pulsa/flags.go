package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"

	"pulsa/app"
	"pulsa/app/config"
	"pulsa/app/core"
	"pulsa/cmd/pulsa/term"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/yamlfile"
)

// settings are the flags of every command that reads the configuration.
type settings struct {
	Config string `help:"Configuration file (default: ./pulsa.yaml, else the built-in demo)." placeholder:"FILE"`
	Data   string `help:"Folder of the embedded database (default: pulsa-data)." placeholder:"DIR"`
}

// load reads the configuration. Of the credentials that it names, those that the command needs must be there.
func (s settings) load(e term.Env, needs config.Credentials, more map[string]string) (config.Config, error) {
	c, err := s.read(e, needs, more)
	if errors.As(err, new(*yamlfile.Error)) {
		fmt.Fprintln(e.Stderr, err)
		return config.Config{}, exitCode(2)
	}
	return c, err
}

// read is load for who says itself what is wrong.
func (s settings) read(e term.Env, needs config.Credentials, more map[string]string) (config.Config, error) {
	flags := map[string]string{"--config": s.Config, "--data": s.Data}
	maps.Copy(flags, more)
	return config.LoadKnown(s.Config, e.Getenv, flags, needs)
}

// actor says who does something by hand.
type actor struct {
	By string `help:"Who does it, for the record (default: $PULSA_OPERATOR, else the operating system's user)." placeholder:"NAME"`
}

// who is the operator's name.
func (a actor) who(e term.Env) string { return app.Operator(a.By, e.Getenv) }

// deed says who does something by hand, and why.
type deed struct {
	actor
	Reason string `help:"Why, for the record. Write no number or name of a customer." placeholder:"TEXT"`
}

// by returns who and why. An operation that needs a reason checks for it.
func (d deed) by(e term.Env) prepaid.By {
	return prepaid.By{Who: d.who(e), Why: strings.TrimSpace(d.Reason)}
}

// answer is what a command prints that answers with one object.
type answer struct {
	JSON bool `help:"Print JSON."`
}

func (a answer) print(e term.Env, object any, text string) error {
	if a.JSON {
		return json.NewEncoder(e.Stdout).Encode(object)
	}
	_, err := fmt.Fprint(e.Stdout, text)
	return err
}

// onDesk opens the desk for one brand, or for all (""), and calls do with it. It needs no credentials but those of the stores.
func (s settings) onDesk(ctx context.Context, e term.Env, brand string, do func(*core.Desk) error) error {
	return s.onDeskWith(ctx, e, config.NoCredentials, brand, core.OpenDesk, do)
}

// onDeskWith is onDesk with credentials, and with core.NewDesk for commands that may run before the first start of a server: it
// creates a missing database.
func (s settings) onDeskWith(ctx context.Context, e term.Env, needs config.Credentials, brand string, open func(context.Context, config.Config) (*core.Desk, error), do func(*core.Desk) error) error {
	c, err := s.load(e, needs, nil)
	if err != nil {
		return err
	}
	desk, err := open(ctx, c)
	if err != nil {
		return err
	}
	if brand != "" {
		_, err = desk.Brand(brand)
	}
	if err == nil {
		err = do(desk)
	}
	return errors.Join(err, desk.Close())
}

// onKeys opens the operations that change keys, and calls do with them.
func (s settings) onKeys(ctx context.Context, e term.Env, do func(operators.APIKeys) error) error {
	return s.onDeskWith(ctx, e, config.PINPepper, "", core.OpenDesk, func(d *core.Desk) error {
		if err := d.OpenAPIKeys(ctx); err != nil {
			return err
		}
		return do(d.APIKeys)
	})
}

// onChannels opens the brand's channels, and calls do with them.
func (o ofBrand) onChannels(ctx context.Context, e term.Env, do func(operators.Channels) error) error {
	c, err := o.load(e, config.ChannelSecrets, nil)
	if err != nil {
		return err
	}
	d, err := app.OpenChannels(ctx, c, o.Brand)
	if err != nil {
		return err
	}
	return errors.Join(do(d.Channels), d.Close())
}
