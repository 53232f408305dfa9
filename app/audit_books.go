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
	"pulsa/operators"
	"pulsa/sim"

	simnetwork "pulsa/sim/network"
)

// readBooks reads the books of all simulators that brands use. Where pulsa sim plays a provider, its books are read at its
// address, or from the folders if nothing answers there, and the server's own from the data folder. Otherwise the folders have
// them all. The coverage says which books were not found.
func readBooks(ctx context.Context, c config.Config, folders []string) (books sim.Books, seen *operators.Coverage, err error) {
	seen = &operators.Coverage{
		HiddenNetworks: map[string]string{config.NetworkReloadly: operators.NotSimulated},
		HiddenGateways: map[string]string{config.GatewayStripe: operators.NotSimulated},
	}
	folders = slices.CompactFunc(slices.Clone(folders), sameFolder)
	own, others, reloadly := folders, []string(nil), c.SimulatedReloadly()
	if c.Simulator.URL != "" || reloadly != "" {
		own, others = []string{c.Data}, slices.DeleteFunc(slices.Clone(folders), func(f string) bool { return sameFolder(f, c.Data) })
	}
	stopped, err := sim.ReadFolders(others)
	if err == nil {
		books, err = sim.ReadFolders(own)
	}
	if err != nil {
		return books, nil, err
	}
	missing := func(name string) string {
		if slices.ContainsFunc(own, func(f string) bool { return sim.HasBook(f, name) }) {
			return ""
		}
		return fmt.Sprintf("%s has no %s", strings.Join(own, ", "), name)
	}
	seen.HiddenNetworks["sim"] = missing(sim.NetworkBook)
	if c.Simulator.URL == "" {
		seen.HiddenGateways["sim"] = missing(sim.GatewayBook)
	} else {
		var book sim.PaymentBook
		book, seen.HiddenGateways["sim"] = bookAt(ctx, c.Simulator.URL, "payment", stopped.PaymentBook, len(others) > 0)
		books = books.With(sim.Books{PaymentBook: book})
	}
	if reloadly != "" {
		var delivered []simnetwork.Entry
		delivered, seen.HiddenNetworks[config.NetworkReloadly] = bookAt(ctx, reloadly, "network", stopped.Delivered, len(others) > 0)
		books = books.With(sim.Books{Delivered: delivered})
	}
	return books, seen, nil
}

// bookAt asks pulsa sim for a book. If nothing answers and folders were given, it returns stopped, the book found in them. why
// says why there is no book; "" where there is one.
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
