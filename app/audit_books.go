package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"pulsa/app/config"
	"pulsa/sim"

	simnetwork "pulsa/sim/network"
	"pulsa/topup"
)

// NotSimulated is why a real provider has no book.
const NotSimulated = "it is no simulator, pulsa reconcile compares it"

// SeenBooks are the books that an audit sees, all in one, and why it does not see others: those are not held against orders.
type SeenBooks struct {
	sim.Books
	Config   config.Config
	Gateways map[string]string // by name, why its book is not seen; "" where it is
	Networks map[string]string
	Unseen   map[string]string // what orders could not be held against, and why: for people
}

// SeeBooks reads the books of all simulators that brands use: the server's own, from its data folder where pulsa sim has others,
// and those of pulsa sim at its address, or in the folders given where nothing answers there.
func SeeBooks(ctx context.Context, c config.Config, folders []string) (*SeenBooks, error) {
	s := &SeenBooks{Config: c, Gateways: map[string]string{config.GatewayStripe: NotSimulated}, Networks: map[string]string{config.NetworkReloadly: NotSimulated},
		Unseen: map[string]string{}}
	folders = slices.CompactFunc(slices.Clone(folders), sameFolder)
	own, others, reloadly := folders, []string(nil), c.SimulatedReloadly()
	if c.Simulator.URL != "" || reloadly != "" {
		own, others = []string{c.Data}, slices.DeleteFunc(slices.Clone(folders), func(f string) bool { return sameFolder(f, c.Data) })
	}
	stopped, err := sim.ReadFolders(others)
	if err == nil {
		s.Books, err = sim.ReadFolders(own)
	}
	if err != nil {
		return nil, err
	}
	missing := func(name string) string {
		if slices.ContainsFunc(own, func(f string) bool { return sim.HasBook(f, name) }) {
			return ""
		}
		return fmt.Sprintf("%s has no %s", strings.Join(own, ", "), name)
	}
	s.Networks["sim"] = missing(sim.NetworkBook)
	if c.Simulator.URL == "" {
		s.Gateways["sim"] = missing(sim.GatewayBook)
	} else {
		var book sim.PaymentBook
		book, s.Gateways["sim"] = bookAt(ctx, c.Simulator.URL, "payment", stopped.PaymentBook, len(others) > 0)
		s.Books = s.With(sim.Books{PaymentBook: book})
	}
	if reloadly != "" {
		var delivered []simnetwork.Entry
		delivered, s.Networks[config.NetworkReloadly] = bookAt(ctx, reloadly, "network", stopped.Delivered, len(others) > 0)
		s.Books = s.With(sim.Books{Delivered: delivered})
	}
	return s, nil
}

// bookAt asks pulsa sim for a book; why there is none, "" where there is. Where nothing answers it is what folders hold, if
// there are any.
func bookAt[B any](ctx context.Context, address, kind string, stopped B, folders bool) (book B, why string) {
	err := (&sim.Remote{URL: address}).Control(ctx, http.MethodGet, kind, "", &book)
	var noAnswer *url.Error
	switch {
	case err == nil:
		return book, ""
	case !errors.As(err, &noAnswer):
		return book, fmt.Sprintf("%s is no pulsa sim: %s", address, err)
	case folders:
		return stopped, ""
	}
	return book, fmt.Sprintf("pulsa sim at %s does not answer: start it, or name its --data with another --books", address)
}

func sameFolder(a, b string) bool {
	left, err := os.Stat(a)
	right, errRight := os.Stat(b)
	return err == nil && errRight == nil && os.SameFile(left, right)
}

// Sees tells which providers of an order have shown their books.
func (s *SeenBooks) Sees(o topup.History) (network, gateway bool) {
	name, known := s.Config.Networks[o.Brand]
	why := s.Networks[name]
	if !known {
		why = s.Config.File + " declares no such brand"
	}
	if why != "" {
		s.Unseen["deliveries of brand "+o.Brand] = why
	}
	if o.Funding.Kind != topup.ByCharge {
		return why == "", true
	}
	if hidden := s.Gateways[o.Funding.Provider]; hidden != "" {
		s.Unseen["payments of brand "+o.Brand+" by "+o.Funding.Provider] = hidden
		return why == "", false
	}
	return why == "", true
}
