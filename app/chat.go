package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"

	"pulsa/app/config"
	"pulsa/channels"
	"pulsa/channels/fake"
	"pulsa/prepaid"
)

// Chat is a customer's chat with a brand by the fake channel of a server. The caller closes it.
type Chat struct {
	*fake.Client
	Joined bool   // the server is another process's, found on the data folder
	Hint   string // how to begin, where texting is not enough: "Dial *123#. "; else ""
	stop   func() error
}

// ChatOptions say who chats with whom. Errors name the flags that they come from.
type ChatOptions struct {
	Brand  string // "": the first test brand
	From   string // the customer's number; "": a new one
	As     string // the kind of channel that is played
	Server string // "": the one that runs on the data folder, else one that is run for as long as the chat lasts
}

// OpenChat opens a chat. A server that it runs serves the payment page as well, and other chats on the data folder join it.
func OpenChat(ctx context.Context, c config.Config, o ChatOptions) (*Chat, error) {
	brand, err := o.brand(c)
	if err != nil {
		return nil, err
	}
	if o.Server != "" {
		if err := config.CheckServer("--server", o.Server); err != nil {
			return nil, err
		}
	}
	if o.From == "" {
		if brand.Country == "" {
			return nil, fmt.Errorf("--brand %s: %s does not know it, so give your number with --from", brand.Name, c.File)
		}
		m, err := prepaid.FreshMSISDN(brand.Country, rand.Int())
		if err != nil {
			return nil, fmt.Errorf("make up a number: %w; give one with --from", err)
		}
		o.From = m.String()
	}
	if _, err := prepaid.ParseE164(o.From); err != nil {
		return nil, fmt.Errorf("--from %s: write a number in full, like +31612345678", o.From)
	}
	chat := &Chat{
		Client: &fake.Client{Server: o.Server, Brand: brand.Name, From: o.From, As: o.As},
		stop:   func() error { return nil },
	}
	if can, _ := channels.Of(channels.Kind(o.As)); can.Dials {
		chat.Hint = "Dial " + brand.ServiceCode() + " to begin. "
	}
	if chat.Server == "" {
		chat.Server = runningServer(ctx, c.Data)
		chat.Joined = chat.Server != ""
	}
	if chat.Server == "" {
		if chat.Server, chat.stop, err = serveChats(ctx, c); err != nil {
			return nil, err
		}
	}
	return chat, nil
}

// brand is the brand to chat with. A server may have brands that the configuration here lacks: of those only the name is known.
func (o ChatOptions) brand(c config.Config) (*prepaid.Brand, error) {
	b, err := c.TestBrand(o.Brand)
	switch {
	case errors.Is(err, config.ErrNoTestBrand):
		return nil, fmt.Errorf("%w, and only those can be chatted with", err)
	case err != nil && o.Server != "":
		return &prepaid.Brand{Name: o.Brand}, nil
	}
	return b, err
}

// Close ends the server that the chat runs, if it runs one.
func (c *Chat) Close() error { return c.stop() }

// serveChats runs a server on free ports of this machine until stop is called, and leaves its address in the data folder.
func serveChats(ctx context.Context, c config.Config) (address string, stop func() error, err error) {
	public, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	admin, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, errors.Join(err, public.Close())
	}
	c.PublicURL = "http://" + public.Addr().String()
	p, err := Wire(ctx, c, Wiring{Clock: prepaid.SystemClock{}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return "", nil, errors.Join(err, public.Close(), admin.Close())
	}
	remove, err := leaveAddress(c.Data, c.PublicURL, p.instance)
	if err != nil {
		return "", nil, errors.Join(err, public.Close(), admin.Close(), p.Close())
	}
	serving, end := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- p.serve(serving, public, admin, nil) }()
	return c.PublicURL, func() error {
		end()
		return errors.Join(<-served, remove())
	}, nil
}
