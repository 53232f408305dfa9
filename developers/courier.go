package developers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"time"
	"unicode"

	"pulsa/prepaid"
	"pulsa/topup/reloadly"
)

const (
	// deliverFor bounds one delivery, the reading of the answer included.
	deliverFor   = 10 * time.Second
	deliverLease = deliverFor + 50*time.Second
	// DeliverTries is for how long what fails is sent again.
	DeliverTries = 72 * time.Hour
	maxAnswer    = 4 << 10
	excerptRunes = 200
)

// pauses between the tries of a delivery; the last one stays. Each is a fifth longer or shorter by chance.
func pauses() []time.Duration {
	return []time.Duration{10 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute,
		30 * time.Minute, time.Hour}
}

// couriers send webhooks: to the internet, and for test brands to anywhere. Neither follows redirects, and neither uses
// a proxy, which would look the address up itself.
type couriers struct{ outside, anywhere *http.Client }

func newCouriers() couriers { return couriers{courier(onlyPublic), courier(nil)} }

func courier(control func(network, address string, _ syscall.RawConn) error) *http.Client {
	dialer := &net.Dialer{Timeout: deliverFor, Control: control}
	return &http.Client{
		Timeout: deliverFor,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: deliverFor, MaxIdleConnsPerHost: 2, MaxIdleConns: 32,
			IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 16 << 10, ForceAttemptHTTP2: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

var errPrivate = errors.New("the address is a private one")

// onlyPublic is asked with the very address that is about to be dialled: what a name leads to can't change after it.
func onlyPublic(_, address string, _ syscall.RawConn) error {
	a, err := netip.ParseAddrPort(address)
	if err != nil || !isPublic(a.Addr()) {
		return errPrivate
	}
	return nil
}

// notPublic are the ranges that are somebody's own, besides those that netip knows: shared by providers, for protocols,
// documentation and measurements, reserved, and those that lead to an IPv4 address by another way.
func notPublic() []string {
	return []string{"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
		"203.0.113.0/24", "240.0.0.0/4", "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "fec0::/10"}
}

func isPublic(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	if !ip.IsGlobalUnicast() || ip.IsPrivate() {
		return false
	}
	for _, r := range notPublic() {
		if netip.MustParsePrefix(r).Contains(ip) {
			return false
		}
	}
	return true
}

// DeliverDue sends one delivery that is due, and returns how many it has dealt with: 1 or 0. One whose sender dies is
// sent again when its lease lapses: a receiver may get it twice, never not at all.
func (s *Service) DeliverDue(ctx context.Context) (int, error) {
	now := s.c.Clock.Now()
	d, due, err := s.c.Webhooks.ClaimDelivery(ctx, now, now.Add(deliverLease))
	if err != nil || !due {
		return 0, err
	}
	ctx = context.WithoutCancel(ctx) // what is sent is finished
	d.Last = s.deliver(ctx, d)
	d.Last.At = s.c.Clock.Now()
	switch {
	case d.Last.Code == codeTaken:
		d.Status = DeliveryTaken
	case d.Last.Code == codeNoWebhook, !d.Last.At.Before(d.GiveUpAt):
		d.Status = DeliveryGivenUp
	default:
		d.RunAt = d.Last.At.Add(pauseAfter(d.Attempts))
	}
	if d.Status != DeliveryTaken {
		s.c.Log.LogAttrs(ctx, slog.LevelWarn, "webhook not delivered", slog.String("key", d.Key), slog.String("delivery", d.ID),
			slog.String("code", d.Last.Code), slog.Int("attempts", d.Attempts), slog.String("status", string(d.Status)))
	}
	return 1, s.c.Webhooks.EndDelivery(ctx, d)
}

func pauseAfter(attempts int) time.Duration {
	all := pauses()
	pause := all[min(max(attempts, 1), len(all))-1]
	return pause + time.Duration((rand.Float64()*0.4-0.2)*float64(pause))
}

// CodeNotReached is the code of a delivery whose receiver was not there at all.
const CodeNotReached = "not reached"

// What else can come of a delivery, beside "HTTP 500".
const (
	codeTaken      = "taken"
	codeNoWebhook  = "no webhook"
	codePrivate    = "private address"
	codeLate       = "no answer in time"
	codeUnreadable = "not readable here"
)

// deliver makes one attempt. Its result holds nothing of the address, which may have a token in it.
func (s *Service) deliver(ctx context.Context, d Delivery) DeliveryTry {
	w, err := s.c.Webhooks.Webhook(ctx, d.Key)
	if errors.Is(err, ErrNoWebhook) {
		return DeliveryTry{Code: codeNoWebhook}
	}
	var secret []byte
	if err == nil {
		secret, err = s.vault.Open(w.Secret, d.Key)
	}
	if err != nil {
		s.c.Log.ErrorContext(ctx, "webhook not read", "key", d.Key, "error", err)
		return DeliveryTry{Code: codeUnreadable}
	}
	h, err := s.c.Orders.Order(ctx, d.Order)
	if err != nil || h.Sale == nil {
		s.c.Log.ErrorContext(ctx, "webhook's order not read", "delivery", d.ID, "order", d.Order, "error", err)
		return DeliveryTry{Code: codeUnreadable}
	}
	ctx, cancel := context.WithTimeout(ctx, deliverFor)
	defer cancel()
	r, err := reloadly.NewEvent(ctx, w.URL, prepaid.NewSecret(string(secret)), news(h, d.State), s.c.Clock.Now())
	if err != nil {
		return DeliveryTry{Code: codeUnreadable}
	}
	client := s.couriers.outside
	if s.isTest(h.Brand) {
		client = s.couriers.anywhere
	}
	response, err := client.Do(r)
	if err != nil {
		return DeliveryTry{Code: whyNot(ctx, err)}
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(response.Body, maxAnswer)) // what came is shown, and no more is asked of it
	try := DeliveryTry{HTTPStatus: response.StatusCode, Code: codeTaken, Excerpt: excerpt(text)}
	if response.StatusCode/100 != 2 {
		try.Code = fmt.Sprintf("HTTP %d", response.StatusCode)
	}
	return try
}

func whyNot(ctx context.Context, err error) string {
	var timeout net.Error
	switch {
	case errors.Is(err, errPrivate):
		return codePrivate
	case ctx.Err() != nil, errors.As(err, &timeout) && timeout.Timeout():
		return codeLate
	}
	return CodeNotReached
}

// excerpt is the beginning of an answer, fit for a terminal. Numbers that it repeats are masked.
func excerpt(text []byte) string {
	shown := []rune(strings.ToValidUTF8(string(text), "?"))
	shown = shown[:min(len(shown), excerptRunes)]
	for i, r := range shown {
		if !unicode.IsPrint(r) {
			shown[i] = ' '
		}
	}
	return strings.TrimSpace(prepaid.MaskDigits(string(shown)))
}
