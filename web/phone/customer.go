package phone

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"pulsa/channels"
	"pulsa/prepaid"
)

// customer is who texts, to whom and on what, as every request of the page says it.
type customer struct {
	line     channels.Channel
	can      channels.Capabilities
	number   prepaid.MSISDN
	language string
	price    price
}

// Why a request names no customer.
var (
	errNoLine = errors.New("no test brand of that name has its fake channel on")
	errKind   = errors.New("choose SMS, Telegram, WhatsApp or USSD")
	errNumber = errors.New("write the number in full, like +31612345678")
	errPrice  = errors.New("write the price as a number, like 0.08")
)

// lines lists the channels that may be called.
func (c *Console) lines(ctx context.Context) []channels.Channel {
	return slices.DeleteFunc(slices.Clone(c.Lines(ctx)), func(l channels.Channel) bool { return !l.Brand.Test })
}

// customer reads who texts. What is left out is the first brand, SMS, the brand's first language and the
// usual price; the number must be there. The customer is filled in as far as possible also with an error.
func (c *Console) customer(ctx context.Context, form url.Values) (customer, error) {
	var errs []error
	var u customer
	lines := c.lines(ctx)
	i := slices.IndexFunc(lines, func(l channels.Channel) bool {
		return l.Brand.Name == form.Get("brand") || form.Get("brand") == ""
	})
	if i < 0 {
		return u, errNoLine
	}
	u.line = lines[i]
	u.language = u.line.Brand.Language(form.Get("language"))
	kind := channels.Kind(form.Get("kind"))
	var ok bool
	if u.can, ok = channels.Of(kind); !ok {
		u.can, _ = channels.Of(channels.SMS)
		if kind != "" {
			errs = append(errs, errKind)
		}
	}
	var err error
	if u.number, err = readNumber(form.Get("number")); err != nil {
		errs = append(errs, errNumber)
	}
	if u.price, ok = readPrice(form.Get("price")); !ok {
		errs = append(errs, errPrice)
	}
	return u, errors.Join(errs...)
}

// readNumber reads a number in full. A plus that was not written as %2B arrives as a space.
func readNumber(text string) (prepaid.MSISDN, error) {
	digits, _ := prepaid.PhoneDigits(text)
	return prepaid.ParseE164("+" + strings.TrimPrefix(digits, "+"))
}

// address is where the customer's messages come from.
func (u customer) address() prepaid.Address {
	if u.can.Vouches {
		return u.number.Tel()
	}
	return prepaid.Address(string(u.can.Kind) + ":" + string(u.number))
}

// hears lists the addresses whose messages the phone shows: an app's, and the number's own SMS.
func (u customer) hears() []prepaid.Address {
	if u.address() == u.number.Tel() {
		return []prepaid.Address{u.address()}
	}
	return []prepaid.Address{u.address(), u.number.Tel()}
}

// query is the page of this customer.
func (u customer) query() url.Values {
	return url.Values{
		"brand": {u.line.Brand.Name}, "kind": {string(u.can.Kind)}, "number": {u.number.String()},
		"language": {u.language}, "price": {u.price.number(0)},
	}
}
