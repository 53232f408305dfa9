package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/channels"
	"pulsa/conversation"
	"pulsa/operators"
	"pulsa/payments"
	"pulsa/prepaid"
)

var (
	_ operators.CustomerReader = CustomerDesk{}
	_ operators.CardLocks      = CardTries{}
)

// Used implements operators.CustomerReader. It counts as withinLimits does.
func (db CustomerDesk) Used(ctx context.Context, id prepaid.CustomerID, c prepaid.Currency, now time.Time) (operators.Used, error) {
	var used operators.Used
	dayStart := prepaid.Micros(now.Add(-day))
	_, err := get(ctx, db.orderReader, &used, `
		SELECT COUNT(*) AS month_count, COALESCE(CAST(SUM(o.minor) AS BIGINT), 0) AS month_sum,
			COUNT(CASE WHEN o.created_at > ? THEN 1 END) AS day_count,
			COALESCE(CAST(SUM(CASE WHEN o.created_at > ? THEN o.minor END) AS BIGINT), 0) AS day_sum,
			COALESCE(CAST(SUM(CASE WHEN c.status = 'pending' AND o.status = 'delivered' THEN o.minor END) AS BIGINT), 0) AS pending
		FROM orders o LEFT JOIN charges c ON c.brand = o.brand AND c.order_id = o.id
		WHERE o.customer = ? AND o.created_at > ? AND o.funding_kind = 'charge' AND o.currency = ? AND o.status NOT IN ('declined', 'refunded')`,
		dayStart, dayStart, id, prepaid.Micros(now.Add(-month)), c)
	if err != nil {
		return operators.Used{}, fmt.Errorf("read what a customer has bought: %w", err)
	}
	return used, nil
}

// Owed implements operators.CustomerReader.
func (db CustomerDesk) Owed(ctx context.Context, id prepaid.CustomerID) ([]operators.Owed, error) {
	var rows []struct {
		ID       prepaid.OrderID
		Minor    int64
		Currency prepaid.Currency
		At       int64
	}
	err := list(ctx, db.orderReader, &rows, `
		SELECT o.id, o.minor, o.currency, c.changed_at AS at FROM orders o JOIN charges c ON c.brand = o.brand AND c.order_id = o.id
		WHERE o.customer = ? AND o.status = 'delivered' AND c.status = 'returned' ORDER BY o.created_at DESC LIMIT 50`, id)
	if err != nil {
		return nil, fmt.Errorf("read a customer's debts: %w", err)
	}
	owed := make([]operators.Owed, len(rows))
	for i, r := range rows {
		owed[i] = operators.Owed{Order: r.ID, Amount: prepaid.Money{Minor: r.Minor, Currency: r.Currency}, At: prepaid.FromMicros(r.At)}
	}
	return owed, nil
}

var redeemedTable = newTable[operators.Redeemed]("cards", names{"Amount": "", "Order": "order_id"})

// CardsOf implements operators.CustomerReader.
func (db CustomerDesk) CardsOf(ctx context.Context, brand string, m prepaid.MSISDN) ([]operators.Redeemed, error) {
	redeemed, err := redeemedTable.list(ctx, db.reader,
		`WHERE brand = ? AND activated_by = ? AND activated_by <> '' ORDER BY activated_at DESC, serial LIMIT 50`, brand, m)
	if err != nil {
		return nil, fmt.Errorf("read a customer's cards: %w", err)
	}
	return redeemed, nil
}

// around is how far from an opt-out the words of it are looked for.
const around = time.Minute

// OptOutsOf implements operators.CustomerReader.
func (db CustomerDesk) OptOutsOf(ctx context.Context, brand string, addresses []prepaid.Address) ([]operators.SaidStop, error) {
	var rows []struct {
		Address   prepaid.Address
		Channel   string
		ChangedAt int64
	}
	err := listIn(ctx, db.reader, &rows, `
		SELECT address, channel, changed_at FROM opt_outs WHERE brand = ? AND address IN (?) AND is_out ORDER BY changed_at DESC, address, channel`, brand, addresses)
	if err != nil {
		return nil, fmt.Errorf("read opt-outs: %w", err)
	}
	outs := make([]operators.SaidStop, len(rows))
	for i, r := range rows {
		outs[i] = operators.SaidStop{Address: r.Address, Channel: r.Channel, At: prepaid.FromMicros(r.ChangedAt)}
		if r.Channel != "" {
			continue
		}
		if outs[i].Words, err = db.wordsAt(ctx, brand, r.Address, outs[i].At); err != nil {
			return nil, err
		}
	}
	return outs, nil
}

// wordsAt is what an address wrote at about that time; "" where that is not kept.
func (db CustomerDesk) wordsAt(ctx context.Context, brand string, a prepaid.Address, at time.Time) (string, error) {
	var entry []byte
	span := []any{brand, a, prepaid.Micros(at.Add(-around)), prepaid.Micros(at.Add(around))}
	_, err := get(ctx, db.reader, &entry, `
		SELECT entry FROM (
			SELECT at, entry FROM transcripts WHERE brand = ? AND address = ? AND at >= ? AND at <= ?
			UNION ALL SELECT at, entry FROM transcripts_archive WHERE brand = ? AND address = ? AND at >= ? AND at <= ?
		) AS said ORDER BY ABS(at - CAST(? AS BIGINT)) LIMIT 1`, append(append(span, span...), prepaid.Micros(at))...)
	if err != nil || entry == nil {
		return "", err
	}
	var e conversation.TranscriptEntry
	_ = json.Unmarshal(entry, &e) // one of an older program has no words
	return e.In, nil
}

// sentRow is a message that was sent or is to be.
type sentRow struct {
	Channel      string
	Address      prepaid.Address
	MessageID    string `db:"message_id"`
	Text         string
	PINOrder     string `db:"pin_order"`
	Status       channels.SendStatus
	Delivery     channels.Delivery
	Code         string
	DeliveryCode string `db:"delivery_code"`
	CreatedAt    int64  `db:"created_at"`
}

type heardRow struct {
	Sender    string
	Address   prepaid.Address
	MessageID string `db:"message_id"`
	At        int64
	Entry     []byte
}

// Messages implements operators.CustomerReader. Texts that were answered at once, and never stood in the outbox, are in the transcripts alone.
func (db CustomerDesk) Messages(ctx context.Context, brand string, addresses []prepaid.Address, before time.Time, limit int) ([]operators.Message, error) {
	var sent []sentRow
	var heard []heardRow
	at := prepaid.Micros(before)
	for _, table := range []string{"outbox", "outbox_archive"} {
		var rows []sentRow
		err := listIn(ctx, db.reader, &rows, `
			SELECT channel, address, message_id, text, pin_order, status, delivery, code, delivery_code, created_at FROM `+table+`
			WHERE brand = ? AND address IN (?) AND created_at < ? ORDER BY created_at DESC, message_id, part DESC LIMIT ?`, brand, addresses, at, limit)
		if err != nil {
			return nil, fmt.Errorf("read messages: %w", err)
		}
		sent = append(sent, rows...)
	}
	for _, table := range []string{"transcripts", "transcripts_archive"} {
		var rows []heardRow
		err := listIn(ctx, db.reader, &rows, `
			SELECT sender, address, message_id, at, entry FROM `+table+`
			WHERE brand = ? AND address IN (?) AND at < ? ORDER BY at DESC, message_id LIMIT ?`, brand, addresses, at, limit)
		if err != nil {
			return nil, fmt.Errorf("read transcripts: %w", err)
		}
		heard = append(heard, rows...)
	}
	messages := merged(brand, sent, heard)
	return messages[:min(limit, len(messages))], nil
}

// merged are the messages of rows, newest first; what was answered follows what it answers.
func merged(brand string, sent []sentRow, heard []heardRow) []operators.Message {
	var messages []operators.Message
	pushed := map[string]bool{}
	for _, r := range sent {
		pushed[r.Channel+"/"+string(r.Address)+"/"+r.MessageID] = true
		messages = append(messages, operators.Message{At: prepaid.FromMicros(r.CreatedAt), Out: true, Channel: r.Channel, Address: r.Address, ID: r.MessageID,
			Text: masked(r.Text), Sealed: r.PINOrder != "", Status: r.Status, Delivery: r.Delivery, Code: cmp.Or(r.DeliveryCode, r.Code)})
	}
	for _, r := range heard {
		var e conversation.TranscriptEntry
		_ = json.Unmarshal(r.Entry, &e) // one of an older program shows that something was said
		channel, _, _ := strings.Cut(strings.TrimPrefix(r.Sender, brand+"/"), "/")
		m := operators.Message{At: prepaid.FromMicros(r.At), Channel: channel, Address: r.Address, ID: r.MessageID, From: e.From, To: e.To}
		for _, k := range e.Keys {
			m.Prompts = append(m.Prompts, string(k))
		}
		if e.In != "" {
			in := m
			in.Text = e.In
			messages = append(messages, in)
		}
		if pushed[channel+"/"+string(r.Address)+"/"+r.MessageID] {
			continue
		}
		for _, text := range e.Out {
			out := m
			out.Out, out.Text, out.From, out.To = true, text, "", ""
			messages = append(messages, out)
		}
	}
	slices.SortStableFunc(messages, func(a, b operators.Message) int {
		return cmp.Or(b.At.Compare(a.At), compareBool(b.Out, a.Out))
	})
	return messages
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// codeLike matches whatever in a text of ours could be a code or a number: four digits and more, together or with blanks or hyphens among
// them. Amounts and times are none.
var codeLike = regexp.MustCompile(`[0-9](?:[ \x{a0}-]?[0-9]){3,}`)

// masked is a text of ours as people at the desk read it.
func masked(text string) string {
	return payments.MaskLinks(codeLike.ReplaceAllString(prepaid.Fold(text), "****"))
}

// ForgiveCards implements operators.CardLocks.
func (db CardTries) ForgiveCards(ctx context.Context, brand string, keys []string, d prepaid.Deed) error {
	return db.write(ctx, "forgive card codes", func(tx *sqlx.Tx) error {
		err := execIn(ctx, tx, `UPDATE card_tries SET wrong = 0, locked_until = 0 WHERE brand = ? AND key IN (?)`, brand, keys)
		if err != nil {
			return err
		}
		return recordDeed(ctx, tx, d)
	})
}
