package developers

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nyaruka/phonenumbers"

	"pulsa/prepaid"
	"pulsa/topup"
	"pulsa/topup/reloadly"
)

const (
	// patience is how long a call waits for its top-up to come to an end. What is not known by then is PROCESSING.
	patience = 50 * time.Second
	// lookFirst and lookEvery pace how a repeated request waits for the first one's answer.
	lookFirst = 20 * time.Millisecond
	lookEvery = time.Second
)

// Topup implements reloadly.Airtime. The identifier is claimed by the order itself: of requests that meet one makes the
// order, and all get its answer. What is refused before there is an order leaves no trace, and its identifier free. The
// synchronous order is debited by being made; the asynchronous one waits for nobody, and may fail afterwards.
func (s *Service) Topup(ctx context.Context, account string, r reloadly.TopupRequest, async bool) (reloadly.Transaction, error) {
	k, terms, err := s.key(ctx, account)
	if err != nil {
		return reloadly.Transaction{}, err
	}
	request, err := s.request(k, r)
	if err != nil {
		return reloadly.Transaction{}, err
	}
	placed := prepaid.WithoutTimeLimit(ctx) // once there is an order, nobody is told to try again
	until := s.c.Clock.Now().Add(patience)
	if !async {
		request.Patience = patience
	}
	var limit *topup.LimitError
	var paused *topup.PausedError
	h, err := s.c.Orders.Placed(ctx, request)
	if errors.Is(err, topup.ErrNoOrder) {
		request.DebitLater = async
		if err = s.fill(ctx, terms, k, r, &request); err == nil {
			h, err = s.place(ctx, request)
		}
	}
	switch {
	case errors.Is(err, topup.ErrKeyReused):
		return reloadly.Transaction{}, reloadly.RefuseCode(topup.CodeReferenceUsed)
	case errors.Is(err, topup.ErrNoFunds):
		return reloadly.Transaction{}, reloadly.RefuseCode(topup.CodeNoFunds)
	case errors.Is(err, topup.ErrNoKey):
		return reloadly.Transaction{}, reloadly.RefuseCode("INVALID_TOKEN")
	case errors.Is(err, topup.ErrInactive):
		return reloadly.Transaction{}, reloadly.RefuseCode(topup.CodeInactive)
	case errors.Is(err, topup.ErrNumberBlocked):
		return reloadly.Transaction{}, reloadly.RefuseCode("PHONE_BANNED_BY_OPERATOR")
	case errors.As(err, &paused):
		return reloadly.Transaction{}, reloadly.RefuseCode(topup.CodeUnavailable)
	case errors.As(err, &limit):
		return reloadly.Transaction{}, reloadly.RefuseCode(codeOf(limit))
	case err != nil:
		return reloadly.Transaction{}, err
	case async:
		return s.transaction(placed, h)
	}
	return s.outcome(placed, h, until)
}

func (s *Service) place(ctx context.Context, r topup.Request) (topup.History, error) {
	o, err := s.c.Orders.Place(ctx, r)
	if err != nil {
		return topup.History{}, err
	}
	return s.c.Orders.Order(prepaid.WithoutTimeLimit(ctx), o.ID)
}

// codeOf is how the API tells which limit a top-up would have crossed.
func codeOf(limit *topup.LimitError) string {
	switch limit.Name {
	case topup.LimitPending:
		return "RECIPIENT_HAS_PENDING_TRANSACTION"
	case topup.LimitGap:
		return topup.CodeRecharged
	case topup.LimitDayCount:
		return "MAX_DAILY_TRANSACTION_COUNT_REACHED"
	}
	return "MAX_DAILY_TRANSACTION_AMOUNT_REACHED"
}

// outcome is a top-up's answer once it has come to rest, or nobody is at it, or the time is up. One that came to nothing
// is answered with why.
func (s *Service) outcome(ctx context.Context, h topup.History, until time.Time) (reloadly.Transaction, error) {
	for pause := lookFirst; underWay(h.Status) && s.c.Clock.Now().Before(until); pause = min(2*pause, lookEvery) {
		if s.c.Clock.Sleep(ctx, pause) != nil {
			break // whoever asked is gone
		}
		now, err := s.c.Orders.Order(ctx, h.ID)
		if err != nil {
			break // the top-up stands, whether or not it can be read just now
		}
		h = now
	}
	t, err := s.transaction(ctx, h)
	if err != nil {
		return t, err
	}
	if t.Status == reloadly.Refunded || t.Status == reloadly.Failed {
		return t, reloadly.RefuseCode(string(t.Reason))
	}
	return t, nil
}

// underWay reports whether somebody is making a call for the order.
func underWay(status topup.Status) bool {
	return slices.Contains([]topup.Status{topup.Charging, topup.Charged, topup.Delivering, topup.Refunding}, status)
}

// request is what was asked for, in one form however it was written: enough to find its order, if there is one.
func (s *Service) request(k Key, r reloadly.TopupRequest) (topup.Request, error) {
	identifier := string(r.CustomIdentifier)
	sender, err := senderOf(r.SenderPhone)
	if err != nil {
		return topup.Request{}, err
	}
	out := topup.Request{
		Brand: k.Brand, Funding: topup.FundingRef{Kind: topup.ByDeveloper, Ref: k.ID}, AuthorisedBy: "api",
		OperationKey: "api:" + k.ID + ":" + identifier,
		Sale:         &topup.Sale{Identifier: identifier, Operator: int64(r.OperatorID), Sender: sender},
	}
	if identifier == "" { // each is its own
		out.OperationKey = "api-unnamed:" + k.ID + ":" + prepaid.NewToken()
	}
	if r.RecipientEmail != "" {
		out.Email, err = prepaid.ParseEmail(string(r.RecipientEmail))
	} else if r.RecipientPhone != nil {
		out.MSISDN, err = r.RecipientPhone.MSISDN()
	}
	if err != nil || (out.Email == "" && out.MSISDN == "") {
		return topup.Request{}, reloadly.RefuseCode(topup.CodeInvalidNumber)
	}
	out.Sale.Asked = strings.Join([]string{
		r.OperatorID.String(), r.Amount.Value.String(), strconv.FormatBool(bool(r.UseLocalAmount)),
		string(out.MSISDN), string(out.Email), sender,
	}, " ")
	return out, nil
}

// senderOf is the sender's number as it is shown: digits with their country's. It is nobody's proof of anything, and
// need not be one that exists.
func senderOf(p *reloadly.Phone) (string, error) {
	if p == nil || p.Number == "" {
		return "", nil
	}
	if m, err := p.MSISDN(); err == nil {
		return string(m), nil
	}
	country := strings.ToUpper(string(p.CountryCode))
	if n, err := phonenumbers.Parse(string(p.Number), country); err == nil && phonenumbers.IsValidNumber(n) {
		return strings.TrimPrefix(phonenumbers.Format(n, phonenumbers.E164), "+"), nil // a landline
	}
	digits, _ := prepaid.PhoneDigits(string(p.Number))
	digits, full := strings.CutPrefix(digits, "+")
	calling := phonenumbers.GetCountryCodeForRegion(country)
	if len(digits) < 4 || len(digits) > 15 || calling == 0 {
		return "", reloadly.RefuseCode("INVALID_SENDER_PHONE")
	}
	code := strconv.Itoa(calling)
	if full || strings.HasPrefix(digits, code) && tooLong(calling, digits) {
		return digits, nil
	}
	return code + digits, nil
}

// tooLong reports whether digits are more than a national number of the calling code has.
func tooLong(calling int, digits string) bool {
	national, err := strconv.ParseUint(digits, 10, 64)
	country := int32(calling)
	return err == nil && phonenumbers.IsPossibleNumberWithReason(&phonenumbers.PhoneNumber{CountryCode: &country, NationalNumber: &national}) ==
		phonenumbers.TOO_LONG
}

// fill completes a request for an order that there is not yet: its operator, and what it costs. Whether the number is the
// operator's is asked here only where the order is not asked for at once.
func (s *Service) fill(ctx context.Context, terms Terms, k Key, r reloadly.TopupRequest, request *topup.Request) error {
	if k.Suspended() {
		return topup.ErrInactive
	}
	all, err := s.catalogue(ctx, k.Brand)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(o reloadly.Operator) bool { return o.OperatorID == r.OperatorID })
	if i < 0 {
		return reloadly.RefuseOperator()
	}
	if strings.EqualFold(string(all[i].Status), "INACTIVE") {
		return reloadly.RefuseCode(topup.CodeUnavailable)
	}
	o := all[i]
	if request.Email != "" && !o.TopsUpMail() ||
		request.Email == "" && !strings.EqualFold(string(o.Country.ISOName), string(r.RecipientPhone.CountryCode)) {
		return reloadly.RefuseCode(topup.CodeMismatch)
	}
	if !request.DebitLater {
		if err := fits(ctx, s.c.Catalogue(k.Brand), o.OperatorID, request.MSISDN); err != nil {
			return err
		}
	}
	f, ok := terms.offer(o, k.Balance.Currency)
	limits, limited := terms.limits(k.Balance.Currency)
	if !ok || !limited {
		return reloadly.RefuseCode(codeNoRate)
	}
	q, code := f.quote(r.Amount.Value, bool(r.UseLocalAmount))
	if code != "" {
		return reloadly.RefuseCode(code)
	}
	sale := request.Sale
	sale.OperatorName, sale.Country = string(o.Name), string(o.Country.ISOName)
	sale.Requested, sale.Discount, sale.Delivered, sale.FX = q.requested, q.discount, q.delivered, f.toBase.said
	sale.Price = prepaid.Money{Minor: q.requested.Minor - q.discount.Minor, Currency: q.requested.Currency}
	request.Amount, sale.Limits = q.amount, limits
	if request.DebitLater && k.Balance.Minor < sale.Price.Minor {
		return topup.ErrNoFunds // what creates the other orders finds out by itself
	}
	return nil
}
