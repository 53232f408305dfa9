package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/prepaid"
	"pulsa/topup"
)

var errNoVault = errors.New("no key is given to seal or open it with")

// pinDetail is a topup.PINDetail as it is sealed.
type pinDetail struct {
	Code     string    `json:"code"`
	Serial   string    `json:"serial,omitempty"`
	Value    string    `json:"value,omitempty"`
	Info     [3]string `json:"info"`
	IVR      string    `json:"ivr,omitempty"`
	Validity string    `json:"validity,omitempty"`
}

// changePIN keeps the PIN of a delivery, and drops that of one which the network has taken back.
func (db Orders) changePIN(ctx context.Context, tx *sqlx.Tx, o topup.Order, c topup.Change) error {
	if len(c.To) > 0 && c.From == topup.Delivered {
		_, err := exec(ctx, tx, `DELETE FROM pin_details WHERE brand = ? AND order_id = ?`, o.Brand, o.ID)
		return err
	}
	if c.PIN == nil {
		return nil
	}
	text, err := json.Marshal(pinDetail{c.PIN.Code.Reveal(), c.PIN.Serial, c.PIN.Value, c.PIN.Info, c.PIN.IVR, c.PIN.Validity})
	if err != nil {
		return err
	}
	sealed, err := db.seal(text, string(o.ID))
	if err != nil {
		return err
	}
	_, err = exec(ctx, tx, `INSERT INTO pin_details (brand, order_id, sealed, at) VALUES (?, ?, ?, ?)`, o.Brand, o.ID, sealed, prepaid.Micros(c.At))
	return err
}

// pinOfOrder is the condition of an order's PIN where only the order's id is known.
const pinOfOrder = `(brand, order_id) = (SELECT o.brand, o.id FROM orders o WHERE o.id = ?)`

// PIN implements topup.Finder.
func (db Orders) PIN(ctx context.Context, id prepaid.OrderID) (*topup.PINDetail, error) {
	var sealed []byte
	found, err := get(ctx, db.reader, &sealed, `SELECT sealed FROM pin_details WHERE `+pinOfOrder, id)
	if err != nil || !found {
		return nil, err
	}
	text, err := db.open(sealed, string(id))
	var d pinDetail
	if err == nil {
		err = json.Unmarshal(text, &d)
	}
	if err != nil {
		return nil, fmt.Errorf("pin of order %s: %w", id, err)
	}
	return &topup.PINDetail{Code: prepaid.NewSecret(d.Code), Serial: d.Serial, Value: d.Value, Info: d.Info, IVR: d.IVR, Validity: d.Validity}, nil
}

// HasPIN reports whether the PIN of an order is still kept.
func (db Orders) HasPIN(ctx context.Context, id prepaid.OrderID) (bool, error) {
	var one int
	return get(ctx, db.reader, &one, `SELECT 1 FROM pin_details WHERE `+pinOfOrder, id)
}

// ForgetPINs implements developers.Sales.
func (db Sales) ForgetPINs(ctx context.Context, before time.Time) (int, error) {
	rows, err := exec(ctx, db.orderWriter, `
		DELETE FROM pin_details WHERE at < ? AND EXISTS (
			SELECT 1 FROM orders o WHERE o.brand = pin_details.brand AND o.id = pin_details.order_id AND o.funding_kind = 'developer')`, prepaid.Micros(before))
	if err != nil {
		return 0, fmt.Errorf("forget pins: %w", err)
	}
	return int(rows), nil
}

// deletePINs forgets the PINs of orders that were handed on. A message that shows one and was not sent keeps it: the
// customer may ask for it.
func deletePINs(ctx context.Context, tx *sqlx.Tx, orders []prepaid.OrderID) error {
	for _, id := range orders {
		_, err := exec(ctx, tx, `
			DELETE FROM pin_details WHERE `+pinOfOrder+`
			  AND NOT EXISTS (SELECT 1 FROM outbox WHERE pin_order = ? AND pin_order <> '' AND status <> 'sent')
			  AND NOT EXISTS (SELECT 1 FROM outbox_archive WHERE pin_order = ? AND pin_order <> '' AND status <> 'sent')`, id, id, id)
		if err != nil {
			return fmt.Errorf("drop pin: %w", err)
		}
	}
	return nil
}

func (db *core) seal(text []byte, owner string) ([]byte, error) {
	if db.vault == nil {
		return nil, errNoVault
	}
	return db.vault.Seal(text, owner), nil
}

func (db *core) open(sealed []byte, owner string) ([]byte, error) {
	if db.vault == nil {
		return nil, errNoVault
	}
	return db.vault.Open(sealed, owner)
}
