package channeltest

import (
	"context"
	"sync"
	"time"

	"pulsa/channels"
	"pulsa/prepaid"
)

// Outbox keeps pushed messages in memory, by the rules of channels.Outbox, for tests of what stands
// before it. Safe for concurrent use.
type Outbox struct {
	// Err, if set before use, is what every method returns: the store is down.
	Err error

	mu      sync.Mutex
	rows    []*row
	reports []channels.DeliveryReport
	free    map[string]time.Time // the next slot, by channel
}

type row struct {
	m     channels.Outbound
	end   channels.SendEnd // Status "" until the first sending ended
	until time.Time        // leased; zero: nobody is sending it
	runAt time.Time
}

func (r *row) unsent() bool { return r.end.Status == "" || r.end.Status == channels.Waiting }

// Slot implements channels.SenderConfig's.
func (o *Outbox) Slot(_ context.Context, channel string, earliest, latest time.Time, every time.Duration) (time.Time, bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	free := o.free[channel]
	if free.After(latest) {
		return time.Time{}, false, o.Err
	}
	if free.Before(earliest) {
		free = earliest
	}
	if o.free == nil {
		o.free = map[string]time.Time{}
	}
	o.free[channel] = free.Add(every)
	return free, true, o.Err
}

// PutOutbound implements channels.Outbox.
func (o *Outbox) PutOutbound(_ context.Context, parts []channels.Outbound) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, p := range parts {
		known := o.find(func(r *row) bool {
			return r.m.Brand == p.Brand && r.m.Channel == p.Channel && r.m.Address == p.Address && r.m.MessageID == p.MessageID && r.m.Part == p.Part
		})
		if known == nil {
			p.Seq = int64(len(o.rows) + 1)
			o.rows = append(o.rows, &row{m: p})
		}
	}
	return o.Err
}

func (o *Outbox) find(is func(*row) bool) *row {
	for _, r := range o.rows {
		if is(r) {
			return r
		}
	}
	return nil
}

// ClaimOutbound implements channels.Outbox.
func (o *Outbox) ClaimOutbound(_ context.Context, now, until time.Time, n int) ([]channels.Outbound, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.Err != nil {
		return nil, o.Err
	}
	type line struct {
		brand, channel string
		address        prepaid.Address
	}
	served := map[line]bool{}
	var out []channels.Outbound
	for _, r := range o.rows {
		l := line{r.m.Brand, r.m.Channel, r.m.Address}
		if !r.unsent() || served[l] {
			continue
		}
		served[l] = true
		if now.Before(r.runAt) || now.Before(r.until) || len(out) == n {
			continue
		}
		r.m.Lapsed = !r.until.IsZero()
		r.m.Attempts++
		r.until = until
		out = append(out, r.m)
	}
	return out, nil
}

// EndOutbound implements channels.Outbox.
func (o *Outbox) EndOutbound(_ context.Context, id prepaid.OutboundID, e channels.SendEnd) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if r := o.find(func(r *row) bool { return r.m.ID == id }); r != nil {
		r.end, r.runAt, r.until = e, e.RunAt, time.Time{}
		if e.Untried {
			r.m.Attempts--
		}
		if e.Status == channels.HandedOn {
			r.m.Delivery = channels.Sent
		}
	}
	return o.Err
}

// ReportDelivery implements channels.Outbox.
func (o *Outbox) ReportDelivery(_ context.Context, r channels.DeliveryReport, _ time.Time) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.reports = append(o.reports, r)
	return o.Err
}

// OutboundTo implements channels.Outbox.
func (o *Outbox) OutboundTo(_ context.Context, brand, channel string, a prepaid.Address, after int64, n int) ([]channels.Outbound, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var out []channels.Outbound
	for _, r := range o.rows {
		if r.m.Brand == brand && r.m.Channel == channel && r.m.Address == a && r.end.Status == channels.HandedOn && r.m.Seq > after && len(out) < n {
			out = append(out, r.m)
		}
	}
	return out, o.Err
}

// End tells how the last sending of a message ended.
func (o *Outbox) End(id prepaid.OutboundID) channels.SendEnd {
	o.mu.Lock()
	defer o.mu.Unlock()
	if r := o.find(func(r *row) bool { return r.m.ID == id }); r != nil {
		return r.end
	}
	return channels.SendEnd{}
}

// Reports lists the delivery reports that came.
func (o *Outbox) Reports() []channels.DeliveryReport {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]channels.DeliveryReport(nil), o.reports...)
}

// All lists every message that was put.
func (o *Outbox) All() []channels.Outbound {
	o.mu.Lock()
	defer o.mu.Unlock()
	var out []channels.Outbound
	for _, r := range o.rows {
		out = append(out, r.m)
	}
	return out
}
