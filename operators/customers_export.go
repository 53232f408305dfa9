package operators

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"pulsa/prepaid"
	"pulsa/topup"
)

// ExportData has what is known of a customer written down, for one who asks. It is fetched once, by Desk.Exported.
type ExportData struct {
	OfCustomer
	Person PersonID
}

// Kind implements Operation.
func (ExportData) Kind() string { return "export data" }

// Act implements Operation.
func (ExportData) Act(Actor) Act { return ActIdentity }

// Plan implements Operation.
func (o ExportData) Plan(ctx context.Context, d *Desk) (Plan, error) {
	_, err := o.find(ctx, d)
	return Plan{Does: "Gives you one file with all that is known of the customer: number, addresses, orders, messages, mandates, opt-outs, cards and notes. " +
		"It holds their number whole, and no PIN or code. You can fetch it once, within 15 minutes."}, err
}

// Carry implements Operation.
func (o ExportData) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	now := d.Clock.Now()
	deed := onCustomer(o.Brand, o.Customer, o.Kind(), by, now)
	err := d.Customers.Sightings.See(ctx, Sighting{o.Brand, o.Customer, o.Person, SeesData, now.Add(seenFor)}, &deed)
	return Result{Text: "The file is ready: fetch it below."}, err
}

// ErrNoExport says that a person has not asked for a customer's data, or has it already.
var ErrNoExport = errors.New("the file was fetched, or not asked for: ask for it again")

// Exported is the file that a person has asked for: JSON. It is given once. Errors: ErrNoExport, accounts.ErrNoCustomer.
func (s Customers) Exported(ctx context.Context, a Actor, brand string, id prepaid.CustomerID) ([]byte, error) {
	taken, err := s.Sightings.Take(ctx, Sighting{Brand: brand, Customer: id, Person: a.Person, What: SeesData}, s.Clock.Now())
	if err == nil && !taken {
		err = ErrNoExport
	}
	if err != nil {
		return nil, err
	}
	return s.export(ctx, OfCustomer{brand, id})
}

// exported is the file of what is known of a customer. Times are in UTC.
type exported struct {
	Brand      string             `json:"brand"`
	Customer   prepaid.CustomerID `json:"customer"`
	Number     string             `json:"number"`
	Language   string             `json:"language"`
	Status     string             `json:"status"`
	Registered time.Time          `json:"registered"`
	PaysBy     string             `json:"pays_by,omitempty"`
	Instrument string             `json:"way_to_pay,omitempty"` // as the customer sees it
	Addresses  []exportedAddress  `json:"addresses"`
	OptOuts    []exportedStop     `json:"opt_outs"`
	Orders     []exportedOrder    `json:"orders"`
	Cards      []exportedCard     `json:"cards"`
	Mandates   []MandateRow       `json:"mandates"`
	Messages   []exportedMessage  `json:"messages"`
	Notes      []exportedNote     `json:"notes"`
}

type exportedAddress struct {
	Address  prepaid.Address `json:"address"`
	Kind     string          `json:"kind"`
	LinkedAt time.Time       `json:"linked_at"`
}

type exportedStop struct {
	Address prepaid.Address `json:"address"`
	Channel string          `json:"channel,omitempty"` // "" is all of them
	At      time.Time       `json:"at"`
	Words   string          `json:"words,omitempty"`
}

type exportedOrder struct {
	ID     prepaid.OrderID `json:"id"`
	At     time.Time       `json:"at"`
	For    string          `json:"for"`
	Amount string          `json:"amount"`
	Status topup.Status    `json:"status"`
	Method string          `json:"method"`
}

type exportedCard struct {
	Serial string    `json:"serial"`
	Amount string    `json:"amount"`
	At     time.Time `json:"at"`
}

type exportedMessage struct {
	At      time.Time       `json:"at"`
	Sent    bool            `json:"sent_by_us"`
	Channel string          `json:"channel"`
	Address prepaid.Address `json:"address"`
	Text    string          `json:"text"`
}

type exportedNote struct {
	At   time.Time `json:"at"`
	Who  string    `json:"who"`
	Text string    `json:"text"`
}

// mostExported bounds each list: more than any one person has.
const mostExported = 10_000

// export writes all that is known of a customer, in order of time but for lists that pages show newest first.
func (s Customers) export(ctx context.Context, o OfCustomer) ([]byte, error) {
	c, err := s.byID(ctx, o.Brand, o.Customer)
	if err != nil {
		return nil, err
	}
	e := exported{Brand: c.Brand, Customer: c.ID, Number: c.MSISDN.String(), Language: c.Language, Status: string(c.Status), Registered: c.CreatedAt.UTC(),
		PaysBy: c.Pays.Method, Instrument: c.Pays.Display, Addresses: []exportedAddress{}, OptOuts: []exportedStop{}, Orders: []exportedOrder{},
		Cards: []exportedCard{}, Mandates: []MandateRow{}, Messages: []exportedMessage{}, Notes: []exportedNote{}}
	known, err := s.Addresses.AddressesOf(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	for _, k := range known {
		e.Addresses = append(e.Addresses, exportedAddress{k.Address, k.Kind, k.LinkedAt.UTC()})
	}
	places := placesOf(c, known)
	outs, err := s.Reader.OptOutsOf(ctx, c.Brand, places)
	if err != nil {
		return nil, err
	}
	for _, out := range outs {
		e.OptOuts = append(e.OptOuts, exportedStop{out.Address, out.Channel, out.At.UTC(), out.Words})
	}
	orders, err := s.Orders.List(ctx, OrderFilter{Customer: c.ID, Limit: mostExported})
	if err != nil {
		return nil, err
	}
	for _, o := range orders {
		row := exportedOrder{o.ID, o.CreatedAt.UTC(), o.MSISDN.Masked(), o.Amount.String(), o.Status, o.Funding.Method}
		if o.MSISDN == c.MSISDN {
			row.For = o.MSISDN.String()
		}
		e.Orders = append(e.Orders, row)
	}
	redeemed, err := s.Reader.CardsOf(ctx, c.Brand, c.MSISDN)
	if err != nil {
		return nil, err
	}
	for _, r := range redeemed {
		e.Cards = append(e.Cards, exportedCard{r.Serial, r.Amount.String(), r.ActivatedAt.UTC()})
	}
	messages, err := s.Reader.Messages(ctx, c.Brand, places, s.Clock.Now().Add(time.Minute), mostExported)
	if err != nil {
		return nil, err
	}
	for _, m := range messages {
		e.Messages = append(e.Messages, exportedMessage{m.At.UTC(), m.Out, m.Channel, m.Address, m.Text})
	}
	notes, err := s.Notes.Notes(ctx, c.Brand, c.ID)
	if err != nil {
		return nil, err
	}
	for _, n := range notes {
		e.Notes = append(e.Notes, exportedNote{n.At.UTC(), n.Who, n.Text})
	}
	mandates, err := s.Mandates.MandatesOf(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	e.Mandates = append(e.Mandates, mandateRows(mandates)...)
	return json.MarshalIndent(e, "", "  ")
}
