package operators_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/shopspring/decimal"

	"pulsa/developers"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/store"
	"pulsa/store/storetest"
	"pulsa/topup"
)

// keyring is the operations on keys over a store of their own, at one moment. The brand demo sells in EUR and USD.
type keyring struct {
	*testing.T
	db *store.DB
	operators.APIKeys
}

func newKeyring(t *testing.T) *keyring {
	t.Helper()
	db, clock := storetest.SQLite(t), prepaid.NewVirtualClock(start)
	terms := func(brand string) (developers.Terms, bool) {
		return developers.Terms{Currency: "EUR", Test: true,
			FX: map[prepaid.Currency]developers.Rate{"USD": {Rate: decimal.New(9, -1), Date: start}}}, brand == brandName
	}
	service, err := developers.New(developers.Config{
		Keys: db.Developers, Usage: db.Developers, Sales: db.Sales, Webhooks: db.Webhooks, Clock: clock,
		Secrets: prepaid.NewKeyring(map[int]prepaid.Secret{1: prepaid.NewSecret(strings.Repeat("k", 32))}),
		Terms:   terms,
	})
	if err != nil {
		t.Fatal(err)
	}
	return &keyring{t, db, operators.APIKeys{Keys: db.Developers, Deeds: db.Deeds, Webhooks: db.Webhooks, Service: service, Clock: clock,
		Brands: prepaid.NewBrands(&prepaid.Brand{Name: brandName}), Terms: terms}}
}

func (k *keyring) ok(err error) {
	k.Helper()
	if err != nil {
		k.Fatal(err)
	}
}

// key makes a key without money.
func (k *keyring) key(name string) string {
	k.Helper()
	row, secret, err := k.Create(k.Context(), operators.NewKey{Brand: brandName, Name: name}, operator)
	k.ok(err)
	if secret.Empty() {
		k.Fatal("no secret")
	}
	return row.Key
}

// deeds are what was done to a key, and who and why.
func (k *keyring) deeds(key string) (all []string) {
	k.Helper()
	detail, err := k.Show(k.Context(), key)
	k.ok(err)
	for _, d := range detail.ByHand {
		if !d.At.Equal(start) {
			k.Errorf("%s at %v", d.What, d.At)
		}
		all = append(all, d.Who+": "+d.What+": "+d.Why)
	}
	return all
}

func TestWhatIsDoneToAKeySaysWhoAndWhy(t *testing.T) {
	k := newKeyring(t)
	row, _, err := k.Create(t.Context(), operators.NewKey{Brand: brandName, Name: " shop ", Scopes: "send-topups,read-operators", Currency: "usd"}, prepaid.By{Who: "ola"})
	k.ok(err)
	want := operators.KeyRow{Key: row.Key, Brand: brandName, Name: "shop", Scopes: "send-topups read-operators", Balance: "0.00", Currency: "USD", CreatedAt: start}
	if diff := cmp.Diff(want, row); diff != "" {
		t.Error(diff)
	}
	got, err := k.Credit(t.Context(), operators.KeyCredit{Key: row.Key, Amount: "20.5", Reference: " statement 7 "}, operator)
	k.ok(err)
	if want := (operators.Credited{Balance: "20.50", Credited: "20.50", Currency: "USD", Key: row.Key}); got != want {
		t.Errorf("%+v", got)
	}
	_, err = k.SetWebhook(t.Context(), row.Key, "https://shop.example/", operator)
	k.ok(err)
	k.ok(failure(k.RemoveWebhook(t.Context(), row.Key, operator)))
	k.ok(failure(k.Suspend(t.Context(), row.Key, operator)))
	k.ok(failure(k.Resume(t.Context(), row.Key, operator)))
	k.ok(failure(k.Revoke(t.Context(), row.Key, operator)))
	deeds := []string{"ola: create: new key"}
	for _, what := range []string{"credit USD 20.50, statement 7", "set webhook", "remove webhook", "suspend", "resume", "revoke"} {
		deeds = append(deeds, "ola: "+what+": the customer asked")
	}
	if diff := cmp.Diff(deeds, k.deeds(row.Key), cmpopts.SortSlices(strings.Compare)); diff != "" {
		t.Error(diff)
	}
}

func TestAKeyIsChangedForAReasonOnly(t *testing.T) {
	k := newKeyring(t)
	key, idle := k.key("shop"), prepaid.By{Who: "ola", Why: " "}
	delivery := k.delivered(key)
	before := k.deeds(key)
	_, credited := k.Credit(t.Context(), operators.KeyCredit{Key: key, Amount: "1"}, idle)
	_, set := k.SetWebhook(t.Context(), key, "https://shop.example/", idle)
	_, repeated := k.RepeatDelivery(t.Context(), delivery, idle)
	for what, err := range map[string]error{
		"revoke": failure(k.Revoke(t.Context(), key, idle)), "suspend": failure(k.Suspend(t.Context(), key, idle)), "resume": failure(k.Resume(t.Context(), key, idle)),
		"credit": credited, "set webhook": set, "remove webhook": failure(k.RemoveWebhook(t.Context(), key, idle)), "repeat": repeated,
	} {
		if !errors.Is(err, operators.ErrNoReason) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if diff := cmp.Diff(before, k.deeds(key)); diff != "" {
		t.Error(diff)
	}
}

func TestAKeyThatCantBeMade(t *testing.T) {
	k := newKeyring(t)
	k.key("shop")
	for want, n := range map[string]operators.NewKey{
		"scopes send-money: known are send-topups read-topups-history ": {Brand: brandName, Name: "x", Scopes: "send-money"},
		"name: write up to 60 characters on one line":                   {Brand: brandName, Name: strings.Repeat("x", 61)},
		"name: write up": {Brand: brandName, Name: "a\nb"},
		"name: write":    {Brand: brandName, Name: " "},
	} {
		_, _, err := k.Create(t.Context(), n, operator)
		if !errors.As(err, new(*operators.FieldError)) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%+v: %v", n, err)
		}
	}
	for n, want := range map[operators.NewKey]error{
		{Brand: "other", Name: "x"}:                    developers.ErrNoAPI,
		{Brand: brandName, Name: "x", Currency: "GBP"}: developers.ErrNoRate,
		{Brand: brandName, Name: "shop"}:               developers.ErrNameTaken,
	} {
		if _, _, err := k.Create(t.Context(), n, operator); !errors.Is(err, want) {
			t.Errorf("%+v: %v", n, err)
		}
	}
	rows, err := k.List(t.Context(), "")
	if err != nil || len(rows) != 1 {
		t.Errorf("%+v, %v", rows, err)
	}
}

func TestAChangeOfAKeyThatIsRefused(t *testing.T) {
	k := newKeyring(t)
	key, ended := k.key("shop"), k.key("ended")
	k.ok(failure(k.Revoke(t.Context(), ended, operator)))
	ctx := t.Context()
	for what, do := range map[string]func(key string) error{
		"revoke":         func(key string) error { return failure(k.Revoke(ctx, key, operator)) },
		"suspend":        func(key string) error { return failure(k.Suspend(ctx, key, operator)) },
		"resume":         func(key string) error { return failure(k.Resume(ctx, key, operator)) },
		"set webhook":    func(key string) error { return failure(k.SetWebhook(ctx, key, "https://shop.example/", operator)) },
		"remove webhook": func(key string) error { return failure(k.RemoveWebhook(ctx, key, operator)) },
	} {
		if err := do("nobody"); !errors.Is(err, developers.ErrNoKey) {
			t.Errorf("%s nobody: %v", what, err)
		}
		if err := do(ended); what != "remove webhook" && !errors.Is(err, developers.ErrRevoked) {
			t.Errorf("%s a revoked key: %v", what, err)
		}
	}
	if err := failure(k.Resume(t.Context(), key, operator)); !errors.Is(err, developers.ErrNotSuspended) {
		t.Error(err)
	}
	k.ok(failure(k.Suspend(t.Context(), key, operator)))
	if err := failure(k.Suspend(t.Context(), key, operator)); !errors.Is(err, developers.ErrSuspended) {
		t.Error(err)
	}
	if _, err := k.Show(t.Context(), "nobody"); !errors.Is(err, developers.ErrNoKey) {
		t.Error(err)
	}
	if _, err := k.SetWebhook(t.Context(), key, "ftp://shop.example/", operator); err == nil || err.Error() != "url: ftp is no https address" {
		t.Error(err)
	}
}

func TestACreditThatIsRefusedBooksNothing(t *testing.T) {
	k := newKeyring(t)
	key := k.key("shop")
	credit := func(amount, reference string) error {
		_, err := k.Credit(t.Context(), operators.KeyCredit{Key: key, Amount: amount, Reference: reference}, operator)
		return err
	}
	k.ok(credit("10", "7"))
	for _, amount := range []string{"0", "1.001", "ten", "--5", "1e3", ""} {
		var field *operators.FieldError
		if err := credit(amount, ""); !errors.As(err, &field) || field.Field != "amount" || field.Value != amount || field.Err.Error() != "write an amount of EUR such as 100 or 99.50" {
			t.Errorf("%q: %v", amount, err)
		}
	}
	for _, reference := range []string{"a\nb", strings.Repeat("x", 101)} {
		var field *operators.FieldError
		if err := credit("1", reference); !errors.As(err, &field) || field.Field != "reference" || strings.Contains(err.Error(), reference) {
			t.Errorf("%q: %v", reference, err)
		}
	}
	if err := credit("10", "7"); !errors.Is(err, developers.ErrBooked) {
		t.Error(err)
	}
	if err := credit("-10.01", ""); !errors.As(err, new(*operators.ShortError)) || !errors.Is(err, topup.ErrNoFunds) || err.Error() != "the account holds EUR 10.00 only" {
		t.Error(err)
	}
	k.ok(failure(k.Revoke(t.Context(), key, operator)))
	if err := credit("1", ""); !errors.Is(err, developers.ErrRevoked) {
		t.Error(err)
	}
	k.ok(credit("-3", ""))
	if detail, err := k.Show(t.Context(), key); err != nil || !slices.Equal(detail.Facts()[4], []string{"balance", "EUR 7.00 since 2026-11-01T09:00:00Z"}) {
		t.Errorf("%+v, %v", detail, err)
	}
}

func TestAKeyStateInWords(t *testing.T) {
	at := start
	for want, row := range map[string]operators.KeyRow{
		"never used":                     {},
		"last used 2026-11-01T09:00:00Z": {LastUsedAt: &at},
		"suspended 2026-11-01T09:00:00Z": {LastUsedAt: &at, Suspended: true, SuspendedAt: &at},
		"revoked 2026-11-01T09:00:00Z":   {LastUsedAt: &at, Suspended: true, SuspendedAt: &at, Revoked: true, RevokedAt: &at},
	} {
		if got := row.State(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// delivered gives a key a webhook and an order that is delivered, and returns what is to be told of it.
func (k *keyring) delivered(key string) (delivery string) {
	k.Helper()
	_, err := k.SetWebhook(k.Context(), key, "https://shop.example/", operator)
	k.ok(err)
	_, err = k.Credit(k.Context(), operators.KeyCredit{Key: key, Amount: "10"}, operator)
	k.ok(err)
	ten, id := prepaid.Money{Minor: 1000, Currency: "EUR"}, prepaid.NewOrderID()
	entry := func(kind, from, to string) []topup.Entry {
		return []topup.Entry{{Kind: kind, Postings: []topup.Posting{{Account: from, Amount: ten}, {Account: to, Amount: ten.Neg()}}}}
	}
	_, _, err = k.db.Orders.Create(k.Context(), topup.NewOrder{
		Order: topup.Order{ID: id, Brand: brandName, MSISDN: annaPhone, Amount: ten, Funding: topup.FundingRef{Kind: topup.ByDeveloper, Ref: key},
			OperationKey: "api:" + string(id), RequestHash: "r", AuthorisedBy: "api", Status: topup.Charged, CreatedAt: start, StatusAt: start, RunAt: start},
		Charge:   topup.Charge{ID: prepaid.NewID[prepaid.ChargeID](), Order: id, Status: topup.ChargeCaptured},
		Attempt:  topup.Attempt{Order: id, Number: 1, Step: topup.StepCharge, Reference: string(id), Outcome: topup.Done, StartedAt: start, EndedAt: start},
		Sale:     &topup.Sale{Operator: 1, Country: "NL", Requested: ten, Price: ten, Delivered: ten},
		Postings: entry("capture", "developer:"+key, "refunds_due"),
	})
	k.ok(err)
	_, err = k.db.Orders.Apply(k.Context(), topup.Change{Order: id, From: topup.Charged, To: []topup.Status{topup.Delivering, topup.Delivered}, At: start,
		Postings: entry("delivery", "refunds_due", "airtime_sold"), NetworkRef: "n1"})
	k.ok(err)
	rows, err := k.Deliveries(k.Context(), key, "", 50)
	k.ok(err)
	for _, row := range rows {
		if row.Order == id {
			return row.Delivery
		}
	}
	k.Fatal("nothing is to be told")
	return ""
}

func TestDeliveriesSayHowFarTheyAre(t *testing.T) {
	k := newKeyring(t)
	key := k.key("shop")
	id := k.delivered(key)
	row, err := k.Delivery(t.Context(), id)
	k.ok(err)
	at := start
	want := operators.DeliveryRow{Delivery: id, Key: key, Order: row.Order, Transaction: 1, State: "SUCCESSFUL", Status: developers.DeliveryWaiting,
		CreatedAt: start, GiveUpAt: start.Add(developers.DeliverTries), NextAt: &at}
	if diff := cmp.Diff(want, row, cmpopts.IgnoreUnexported(operators.DeliveryRow{})); diff != "" {
		t.Error(diff)
	}
	says := func(want string) {
		t.Helper()
		row, err := k.Delivery(t.Context(), id)
		if err != nil || row.Progress() != want {
			t.Errorf("%q, %v, want %q", row.Progress(), err, want)
		}
	}
	says("waiting")
	try := func(status developers.DeliveryStatus) {
		t.Helper()
		d, due, err := k.db.Webhooks.ClaimDelivery(t.Context(), start, start.Add(time.Minute))
		if err != nil || !due {
			t.Fatal(due, err)
		}
		if status == "" {
			return
		}
		d.Status, d.Last = status, developers.DeliveryTry{At: start, HTTPStatus: 418, Code: "HTTP 418"}
		k.ok(k.db.Webhooks.EndDelivery(t.Context(), d))
	}
	try(developers.DeliveryWaiting)
	says("waiting after 1 try until 2026-11-01T09:00:00Z")
	try(developers.DeliveryGivenUp)
	says("given up after 2 tries")
	if row, err := k.Delivery(t.Context(), id); err != nil || row.NextAt != nil || row.TriedAt == nil || row.Code != "HTTP 418" {
		t.Errorf("%+v, %v", row, err)
	}

	_, err = k.RepeatDelivery(t.Context(), id, operator)
	k.ok(err)
	says("waiting after 2 tries until 2026-11-01T09:00:00Z")
	try("")
	says("being sent, try 3")
	if deeds := k.deeds(key); len(deeds) != 4 || !strings.Contains(strings.Join(deeds, "\n"), "ola: repeat delivery "+id+": the customer asked") {
		t.Errorf("%q", deeds)
	}
	for status, n := range map[developers.DeliveryStatus]int{"": 1, developers.DeliveryWaiting: 1, developers.DeliveryTaken: 0} {
		if rows, err := k.Deliveries(t.Context(), key, status, 50); err != nil || len(rows) != n {
			t.Errorf("%q: %+v, %v", status, rows, err)
		}
	}
	k.delivered(key)
	if rows, err := k.Deliveries(t.Context(), key, "", 1); err != nil || len(rows) != 1 {
		t.Errorf("the newest: %+v, %v", rows, err)
	}
}

func TestADeliveryThatCantBeRepeated(t *testing.T) {
	k := newKeyring(t)
	key := k.key("shop")
	id := k.delivered(key)
	k.ok(failure(k.RemoveWebhook(t.Context(), key, operator)))
	if _, err := k.RepeatDelivery(t.Context(), id, operator); !errors.Is(err, developers.ErrNoWebhook) {
		t.Errorf("without a webhook: %v", err)
	}
	if _, err := k.Webhook(t.Context(), key); !errors.Is(err, developers.ErrNoWebhook) {
		t.Error(err)
	}
	if _, err := k.RepeatDelivery(t.Context(), "none", operator); !errors.Is(err, developers.ErrNoDelivery) {
		t.Error(err)
	}
	if _, err := k.Delivery(t.Context(), "none"); !errors.Is(err, developers.ErrNoDelivery) {
		t.Error(err)
	}
	if _, err := k.Deliveries(t.Context(), "nobody", "", 50); !errors.Is(err, developers.ErrNoKey) {
		t.Error(err)
	}
}
