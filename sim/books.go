package sim

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"pulsa/operators"
	"pulsa/prepaid"
	simgateway "pulsa/sim/gateway"
	simnetwork "pulsa/sim/network"
)

// The simulators' books in their folder.
const (
	GatewayBook = "gateway.book"
	NetworkBook = "network.book"
)

// HasBook reports whether a folder has a book of that name.
func HasBook(folder, name string) bool {
	_, err := os.Stat(filepath.Join(folder, name))
	return !errors.Is(err, fs.ErrNotExist)
}

// ReadBooks opens the simulators' books in a folder for reading, even while a server writes into them.
func ReadBooks(folder string, log *slog.Logger) (*Simulators, error) {
	gateway, err := simgateway.OpenBook(simgateway.Config{
		Clock: prepaid.SystemClock{}, Book: filepath.Join(folder, GatewayBook), Log: log,
	})
	if err != nil {
		return nil, err
	}
	network, err := simnetwork.OpenBook(simnetwork.Config{Clock: prepaid.SystemClock{}, Book: filepath.Join(folder, NetworkBook), Log: log})
	return &Simulators{Gateway: gateway, Network: network}, err
}

// ReadFolders reads the books in folders as one, even while simulators write into them.
func ReadFolders(folders []string) (b Books, err error) {
	for _, folder := range folders {
		sims, err := ReadBooks(folder, slog.New(slog.DiscardHandler))
		if err != nil {
			return b, err
		}
		b = b.With(sims.Books())
	}
	return b, nil
}

// With is both books in one.
func (b Books) With(c Books) Books {
	return Books{
		PaymentBook{slices.Concat(b.Charged, c.Charged), slices.Concat(b.Refunded, c.Refunded), slices.Concat(b.Returned, c.Returned)},
		slices.Concat(b.Delivered, c.Delivered),
	}
}

// Provider is the books as an audit reads them.
func (b Books) Provider() operators.ProviderBooks {
	moved := func(entries []simgateway.Entry) (all []operators.Moved) {
		for _, e := range entries {
			all = append(all, operators.Moved{Charge: prepaid.ChargeID(e.Reference), Setup: prepaid.SetupID(e.Setup), Minor: e.Amount.Minor})
		}
		return all
	}
	books := operators.ProviderBooks{Charged: moved(b.Charged), Refunded: moved(b.Refunded), Returned: moved(b.Returned)}
	for _, e := range b.Delivered {
		books.Delivered = append(books.Delivered, prepaid.OrderID(e.Reference))
	}
	return books
}
