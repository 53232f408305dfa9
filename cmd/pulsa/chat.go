package main

import (
	"context"
	"errors"
	"fmt"

	"pulsa/app"
	"pulsa/app/config"
	"pulsa/cmd/pulsa/term"
)

type chatCommand struct {
	settings
	Brand  string `help:"Whom to talk to (default: the first test brand)."`
	From   string `help:"Your number, as +31612345678 (default: a new one)." placeholder:"+NUMBER"`
	As     string `help:"What you write on: sms, telegram, whatsapp, ussd (*123# dials) or web." enum:"sms,telegram,whatsapp,ussd,web" default:"sms"`
	Server string `help:"Talk to this server (default: the one that runs on the data folder, else one of its own in this process)." placeholder:"URL"`
}

func (c *chatCommand) Run(ctx context.Context, e term.Env) error {
	loaded, err := c.load(e, config.AllCredentials, nil)
	if err != nil {
		return err
	}
	chat, err := app.OpenChat(ctx, loaded, app.ChatOptions{Brand: c.Brand, From: c.From, As: c.As, Server: c.Server})
	if err != nil {
		return err
	}
	if chat.Joined {
		fmt.Fprintf(e.Stdout, "A server runs on %s, at %s: this is a chat with it.\n", loaded.Data, chat.Server)
	}
	fmt.Fprintf(e.Stdout, "You are %s on %s, talking to %s. %s/quit ends.\n", chat.From, chat.As, chat.Brand, chat.Hint)
	if err = chat.SkipOld(ctx); err == nil {
		err = e.Chat(ctx, term.Partner{Say: chat.SendTyped, News: chat.Pushed, Every: 2 * app.LookEvery})
	}
	return errors.Join(err, chat.Close())
}
