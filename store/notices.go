package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/conversation"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/topup"
)

// Notices keeps what customers are yet to be told.
type Notices struct{ *core }

var (
	_ conversation.HeldNotices = Notices{}
	_ conversation.Notices     = Notices{}
)

// Transcripts keeps conversations.
type Transcripts struct{ *core }

var _ conversation.Transcripts = Transcripts{}

// noticeRow is a notice as it is stored.
type noticeRow struct {
	conversation.Notice
	OrderedAt time.Time // the order's time, or CreatedAt
	CreatedAt time.Time // for people who look into the table
}

var noticeTable = newTable[noticeRow]("notices", names{"Order": "order_id"})

// newNotice is a notice that is due at once.
func newNotice(id prepaid.NoticeID, brand string, about prepaid.NoticeKind, to topup.ReplyTo, now time.Time) noticeRow {
	return noticeRow{conversation.Notice{ID: id, Brand: brand, Channel: to.Channel, Kind: to.Kind, Address: to.Address,
		Language: to.Language, About: about, DueAt: now}, now, now}
}

func insertNotice(ctx context.Context, tx *sqlx.Tx, row noticeRow) error {
	if _, err := noticeTable.insert(ctx, tx, row, ""); err != nil {
		return fmt.Errorf("notice: %w", err)
	}
	return nil
}

// newNotices are the notices of rows.
func newNotices(rows []noticeRow) []conversation.Notice {
	notices := make([]conversation.Notice, len(rows))
	for i, r := range rows {
		notices[i] = r.Notice
	}
	return notices
}

// insertOrderNotice asks that an order's news be told. Where the same is asked already and nobody is about
// to tell it, this notice takes its place, at the earlier of the two times: it has another id, because a turn that has
// told what was before may yet mark that one told.
func insertOrderNotice(ctx context.Context, tx *sqlx.Tx, o topup.Order, n topup.NewNotice, now time.Time) error {
	var waiting []int64
	err := list(ctx, tx, &waiting, `
		DELETE FROM notices WHERE `+ofOrder+` AND about = ? AND told_at = 0 AND lease_until <= ? RETURNING due_at`,
		keyOf(o).args(n.Kind, prepaid.Micros(now))...)
	if err != nil {
		return fmt.Errorf("waiting notice: %w", err)
	}
	due := slices.Min(append(waiting, prepaid.Micros(n.DueAt)))
	row := newNotice(n.ID, o.Brand, n.Kind, o.ReplyTo, now)
	row.Order, row.OrderedAt, row.DueAt = o.ID, o.CreatedAt, prepaid.FromMicros(due)
	return insertNotice(ctx, tx, row)
}

// ClaimNotices implements conversation.Notices.
func (db Notices) ClaimNotices(ctx context.Context, now, until time.Time, n int) ([]conversation.Notice, error) {
	var rows []noticeRow
	err := db.write(ctx, "claim notices", func(tx *sqlx.Tx) error {
		var err error
		rows, err = noticeTable.query(ctx, tx, `
			WITH due AS MATERIALIZED (
				SELECT brand AS due_brand, id AS due_id FROM notices
				WHERE told_at = 0 AND held = '' AND due_at <= ? AND lease_until <= ?
				ORDER BY due_at, id`+limited+db.skipLocked+`)
			UPDATE notices SET lease_until = ? WHERE (brand, id) IN (SELECT due_brand, due_id FROM due)
			RETURNING `+noticeTable.columns,
			prepaid.Micros(now), prepaid.Micros(now), n, prepaid.Micros(until))
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(rows, func(a, b noticeRow) int { return cmp.Or(a.DueAt.Compare(b.DueAt), cmp.Compare(a.ID, b.ID)) })
	return newNotices(rows), nil
}

// NoticesOf implements conversation.Notices.
func (db Notices) NoticesOf(ctx context.Context, o prepaid.OrderID, status topup.Status) ([]prepaid.NoticeID, error) {
	var ids []prepaid.NoticeID
	err := list(ctx, db.orderReader, &ids, `
		SELECT id FROM notices
		WHERE (brand, order_id, ordered_at) = (SELECT o.brand, o.id, o.created_at FROM orders o WHERE o.id = ? AND o.status = ?)
		  AND about = 'order' AND told_at = 0
		ORDER BY due_at, id`, o, status)
	if err != nil {
		return nil, fmt.Errorf("notices of order: %w", err)
	}
	return ids, nil
}

// MarkTold implements conversation.Notices. What was told on a channel that reaches the address no more was not told; what
// is held was told by another.
func (db Notices) MarkTold(ctx context.Context, told prepaid.Told, now time.Time) error {
	if told.Nothing() {
		return nil
	}
	return db.write(ctx, "mark notices told", func(tx *sqlx.Tx) error {
		if err := deletePINs(ctx, tx, told.PINs); err != nil || len(told.Notices) == 0 {
			return err
		}
		query, args, err := sqlx.In(`
			UPDATE notices SET told_at = ? WHERE told_at = 0 AND id IN (?) AND (held <> '' OR NOT EXISTS (
				SELECT 1 FROM opt_outs o
				WHERE o.brand = notices.brand AND o.address = notices.address AND o.channel = notices.channel AND o.is_out))`, prepaid.Micros(now), told.Notices)
		if err != nil {
			return err
		}
		_, err = exec(ctx, tx, query, args...)
		return err
	})
}

// NextNotice implements conversation.Notices.
func (db Notices) NextNotice(ctx context.Context) (time.Time, error) {
	var at int64
	_, err := get(ctx, db.reader, &at, `
		SELECT COALESCE(MIN(CASE WHEN due_at > lease_until THEN due_at ELSE lease_until END), 0)
		FROM notices WHERE told_at = 0 AND held = ''`)
	if err != nil {
		return time.Time{}, fmt.Errorf("next notice: %w", err)
	}
	return prepaid.FromMicros(at), nil
}

// transcriptRow is a transcript as it is stored.
type transcriptRow struct {
	Brand   string
	Address prepaid.Address
	conversation.Transcript
}

var transcriptTable = newTable[transcriptRow]("transcripts", nil)

// SaveTranscripts implements conversation.Transcripts.
func (db Transcripts) SaveTranscripts(ctx context.Context, entries []conversation.Transcript) error {
	return db.write(ctx, "save transcripts", func(tx *sqlx.Tx) error {
		for _, e := range entries {
			e.Entry = append([]byte{}, e.Entry...) // never NULL
			brand, rest, _ := strings.Cut(e.Sender, "/")
			_, address, _ := strings.Cut(rest, "/")
			_, err := transcriptTable.insert(ctx, tx, transcriptRow{brand, prepaid.Address(address), e},
				`ON CONFLICT (brand, sender, message_id) DO NOTHING`)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

var orderNoticeTable = newTable[operators.Notice]("notices", nil)

// OfOrder implements operators.NoticeReader.
func (db Notices) OfOrder(ctx context.Context, id prepaid.OrderID) ([]operators.Notice, error) {
	notices, err := orderNoticeTable.list(ctx, db.orderReader, `WHERE `+ofOrderID+` ORDER BY due_at, id`, id)
	if err != nil {
		return nil, fmt.Errorf("read order's notices: %w", err)
	}
	return notices, nil
}
