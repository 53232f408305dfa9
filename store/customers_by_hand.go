package store

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/accounts"
	"pulsa/operators"
	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/topup"
)

var (
	_ operators.CustomerEnder = CustomerDesk{}
	_ operators.ResultSender  = CustomerDesk{}
)

// RemoveByHand implements operators.CustomerEnder.
func (db CustomerDesk) RemoveByHand(ctx context.Context, r payments.Removal, phone accounts.Place, by prepaid.By) error {
	return db.write(ctx, "remove instrument by hand", func(tx *sqlx.Tx) error {
		removed, err := db.removeInstrument(ctx, tx, r)
		if err == nil && !removed {
			err = operators.ErrNoInstrument
		}
		if err != nil {
			return err
		}
		c, err := getCustomer(ctx, tx, `c.id = ?`, r.Customer)
		if err != nil {
			return err
		}
		to := topup.ReplyTo{Channel: phone.Channel, Kind: phone.Kind, Address: phone.Address, Language: c.Language}
		if err := insertNotice(ctx, tx, newNotice(prepaid.NewID[prepaid.NoticeID](), c.Brand, prepaid.NoticeInstrumentEnded, to, r.At)); err != nil {
			return err
		}
		return recordDeed(ctx, tx, prepaid.Deed{Brand: c.Brand, What: "remove way to pay", Kind: prepaid.OnCustomer, Object: string(c.ID),
			Old: string(r.Instrument), By: by, At: r.At})
	})
}

// removeInstrument deactivates an instrument, and abandons what setup of its customer is open. It reports false where it was not active.
func (db *core) removeInstrument(ctx context.Context, tx *sqlx.Tx, r payments.Removal) (bool, error) {
	p, err := db.lockHolder(ctx, tx, r.Customer, r.Holder)
	if err != nil {
		return false, err
	}
	rows, err := exec(ctx, tx, `UPDATE instruments SET active = FALSE WHERE brand = ? AND id = ? AND customer = ? AND active`,
		p.Brand, r.Instrument, r.Customer)
	if err != nil || rows == 0 { // it has ended before, and another may have been set up since
		return false, err
	}
	return true, abandonSetups(ctx, tx, p.Brand, r.Customer, r.At)
}

// CloseByHand implements operators.CustomerEnder.
func (db CustomerDesk) CloseByHand(ctx context.Context, cl accounts.Closing, by prepaid.By) ([]prepaid.Address, error) {
	return Moves(db).closeCustomer(ctx, cl, func(tx *sqlx.Tx, c accounts.Customer) error {
		return recordDeed(ctx, tx, prepaid.Deed{Brand: c.Brand, What: "close account", Kind: prepaid.OnCustomer, Object: string(c.ID),
			Old: string(c.Status), New: string(accounts.Erased), By: by, At: cl.At})
	})
}

// SendResultAgain implements operators.ResultSender. The notice is marked as told in vain: else who has heard the result is not told again.
func (db CustomerDesk) SendResultAgain(ctx context.Context, id prepaid.OrderID, by prepaid.By, now time.Time) error {
	return db.writeOrders(ctx, "send result again", func(tx *sqlx.Tx) error {
		o, found, err := orderTable.get(ctx, tx, `WHERE id = ?`, id)
		switch {
		case err != nil:
			return err
		case !found:
			return topup.ErrNoOrder
		case o.ReplyTo.Address == "":
			return operators.ErrNoPlace
		}
		row := newNotice(prepaid.NewID[prepaid.NoticeID](), o.Brand, prepaid.NoticeOrder, o.ReplyTo, now)
		row.Order, row.OrderedAt, row.Retold = o.ID, o.CreatedAt, true
		if err := insertNotice(ctx, tx, row); err != nil {
			return err
		}
		return recordDeed(ctx, tx, prepaid.Deed{Brand: o.Brand, What: "send result again", Kind: prepaid.OnOrder, Object: string(id), By: by, At: now})
	})
}
