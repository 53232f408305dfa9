package operators_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"pulsa/accounts"
	"pulsa/cards"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/topup"
)

// help is a person of the help desk; watcher may only look.
var (
	help    = operators.Actor{Person: "H", Name: "Hanna", Email: "hanna@pulsa.example", Roles: map[string][]operators.Role{brandName: {operators.Support, operators.Fraud}}, From: "192.0.2.7"}
	watcher = operators.Actor{Person: "W", Email: "wim@pulsa.example", Roles: map[string][]operators.Role{brandName: {operators.Viewer}}}
	foreign = operators.Actor{Person: "F", Email: "fons@pulsa.example", Roles: map[string][]operators.Role{"another": operators.Roles()}}
)

// desk is the counter as people at the desk use it.
func (c *counter) desk() *operators.Desk {
	s := c.Customers
	s.Reader, s.CardLocks, s.Notes, s.Sightings, s.Callers = c.db.Desk, c.db.CardTries, c.db.Desk, c.db.Desk, c.db.Desk
	s.Results, s.Endings, s.Codes = c.db.Desk, c.db.Desk, c.accounts()
	c.Customers = s
	return &operators.Desk{Customers: s, Deeds: c.db.Deeds, Forms: c.db.Forms, Approvals: c.db.Approvals, Brands: s.Brands, Clock: s.Clock}
}

func (c *counter) accounts() *accounts.Service {
	c.Helper()
	peppers := prepaid.NewKeyring(map[int]prepaid.Secret{1: prepaid.NewSecret("0123456789abcdef0123456789abcdef")})
	service, err := accounts.New(accounts.Config{Customers: c.db.Customers, Tries: c.db.PINs, Codes: c.db.Codes, OptOuts: c.db.OptOuts, Moves: c.db.Moves,
		Brands: c.Brands, Clock: c.Clock, Peppers: peppers})
	c.ok(err)
	return service
}

// later passes time.
func (c *counter) later(d time.Duration) {
	c.Clock.(*prepaid.VirtualClock).AdvanceTo(c.Clock.Now().Add(d))
}

func (c *counter) search(d *operators.Desk) operators.Search {
	return operators.Search{Store: c.db.Search, Sightings: d.Customers.Sightings, Brands: c.Brands, Clock: c.Clock}
}

func (c *counter) of(customer accounts.Customer) operators.OfCustomer {
	return operators.OfCustomer{Brand: brandName, Customer: customer.ID}
}

func (c *counter) forCaller(customer accounts.Customer) operators.ForCaller {
	return operators.ForCaller{OfCustomer: c.of(customer), Person: help.Person, AskedAt: c.Clock.Now()}
}

// verify has the caller known by a code read back.
func (c *counter) verify(of accounts.Customer) {
	c.Helper()
	check := operators.CallerCheck{ID: prepaid.NewID[string](), Brand: brandName, Customer: of.ID, Person: help.Person, Fact: operators.FactCode,
		Outcome: operators.CallerRight, At: c.Clock.Now()}
	c.ok(c.db.Desk.SaveCheck(c.Context(), check, accounts.Place{}, operators.CallerLimits{}, operator))
}

func TestSearchReadsWhatPeopleSay(t *testing.T) {
	c := newCounter(t)
	d := c.desk()
	customer := c.registers(annaPhone)
	order := c.orders(customer)
	c.agrees(customer, "MNDT0042X")
	for text, want := range map[string]string{
		order.Grouped():                                   "order " + string(order),
		strings.ToLower(string(order)):                    "order " + string(order),
		" " + string(order[:5]) + " " + string(order[5:]): "order " + string(order),
		"+31 6 12 34 56 78":                               "customer " + string(customer.ID),
		"06-12345678":                                     "customer " + string(customer.ID),
		"0031 6 1234 5678":                                "customer " + string(customer.ID),
		"mndt0042x":                                       "customer " + string(customer.ID),
		"tx 1234":                                         "",
		"transaction 12":                                  "",
		"card 101-00000042":                               "",
		"ch_nothing":                                      "",
		"4915112345678901234":                             "",
	} {
		found, err := c.search(d).Find(t.Context(), watcher, text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		var got []string
		for _, f := range found {
			got = append(got, f.Kind+" "+f.ID)
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
		if found, err = c.search(d).Find(t.Context(), foreign, text); err != nil || len(found) > 0 {
			t.Errorf("%q, of another brand: %v, %v", text, found, err)
		}
	}
}

func TestSearchRefusesWhatMayBeASecret(t *testing.T) {
	c := newCounter(t)
	d := c.desk()
	for _, text := range []string{"4821", " 4 8 2 1", "48-21", "٤٨٢١", "48 2I", "12345678901234", "1234 5678 9012 34", "1234-5678-9012-34"} {
		_, err := c.search(d).Find(t.Context(), help, text)
		if !errors.Is(err, operators.ErrMaySecret) {
			t.Errorf("%q: %v", text, err)
		}
		if digits, _ := prepaid.Code(text); strings.Contains(err.Error(), digits) {
			t.Errorf("the refusal of %q says it: %v", text, err)
		}
	}
	if _, err := c.search(d).Find(t.Context(), help, "  "); !errors.Is(err, operators.ErrEmptySearch) {
		t.Error(err)
	}
	if _, err := c.search(d).Find(t.Context(), help, strings.Repeat("x", 201)); !errors.Is(err, operators.ErrLongSearch) {
		t.Error(err)
	}
}

func TestTheSheetTellsOfABlockOfTheNumber(t *testing.T) {
	c := newCounter(t)
	d := c.desk()
	customer := c.registers(annaPhone)
	for _, blocked := range []bool{false, true} {
		customers := d.Customers
		customers.Blocks = func(k operators.BlockKind, brand, what string) bool {
			return blocked && k == operators.BlockNumber && brand == brandName && what == string(customer.MSISDN)
		}
		s, err := customers.Sheet(t.Context(), help, brandName, customer.ID)
		c.ok(err)
		if s.OnBlocks != blocked {
			t.Errorf("on the list of blocks: %v, want %v", s.OnBlocks, blocked)
		}
	}
}

func TestWhoTypedAWholeNumberSeesItWhole(t *testing.T) {
	c := newCounter(t)
	d := c.desk()
	customer := c.registers(annaPhone)
	number := func(a operators.Actor) string {
		s, err := d.Customers.Sheet(t.Context(), a, brandName, customer.ID)
		c.ok(err)
		return s.Number
	}
	if got := number(watcher); got != "+316****5678" {
		t.Error(got)
	}
	_, err := c.search(d).Find(t.Context(), watcher, "0612345678")
	c.ok(err)
	if got := number(watcher); got != "+31612345678" {
		t.Error("typed:", got)
	}
	if got := number(help); got != "+316****5678" {
		t.Error("somebody else:", got)
	}
	c.later(15 * time.Minute)
	if got := number(watcher); got != "+316****5678" {
		t.Error("later:", got)
	}
	if _, err := d.Customers.Sheet(t.Context(), foreign, brandName, customer.ID); !errors.Is(err, accounts.ErrNoCustomer) {
		t.Error("another brand's:", err)
	}
	if _, err := d.Customers.Sheet(t.Context(), help, "another", customer.ID); !errors.Is(err, accounts.ErrNoCustomer) {
		t.Error("under another brand:", err)
	}
}

func TestANumberIsSeenForAReasonAndRecorded(t *testing.T) {
	c := newCounter(t)
	d := c.desk()
	customer := c.registers(annaPhone)
	see := operators.See{Brand: brandName, Customer: customer.ID, Person: help.Person, What: operators.SeesNumber}
	if _, err := d.Do(t.Context(), help, "k1", see, " "); !errors.Is(err, operators.ErrNoReason) {
		t.Error(err)
	}
	var forbidden *operators.ForbiddenError
	if _, err := d.Do(t.Context(), watcher, "k2", see, "curious"); !errors.As(err, &forbidden) {
		t.Error(err)
	}
	_, err := d.Do(t.Context(), help, "k3", see, "ticket")
	c.ok(err)
	s, err := d.Customers.Sheet(t.Context(), help, brandName, customer.ID)
	c.ok(err)
	if s.Number != "+31612345678" || !s.NumberUntil.Equal(c.Clock.Now().Add(15*time.Minute)) {
		t.Errorf("%s until %s", s.Number, s.NumberUntil)
	}
	var what []string
	for _, deed := range s.Deeds {
		what = append(what, deed.What+" by "+deed.Who)
	}
	see.What = operators.SeesConversation
	_, err = d.Do(t.Context(), help, "k4", see, "ticket")
	c.ok(err)
	demoted := help
	demoted.Roles = watcher.Roles
	for who, sees := range map[*operators.Actor]bool{&help: true, &demoted: false} {
		s, err := d.Customers.Sheet(t.Context(), *who, brandName, customer.ID)
		c.ok(err)
		if s.TalkUntil.IsZero() == sees {
			t.Errorf("with the roles %v the conversation is seen until %s", who.Roles, s.TalkUntil)
		}
	}
	if !slices.Contains(what, "see number by hanna@pulsa.example") || !slices.Contains(what, "refused: see customer by wim@pulsa.example") {
		t.Error(what)
	}
}

func TestACodeReadBackTellsWhoIsCalling(t *testing.T) {
	c := newCounter(t)
	d := c.desk()
	customer := c.registers(annaPhone)
	c.due()
	unlock := func(key string) error {
		_, err := d.Do(t.Context(), help, key, operators.UnlockPIN{ForCaller: c.forCaller(customer)}, "called")
		return err
	}
	if err := unlock("k1"); !errors.Is(err, operators.ErrNotVerified) {
		t.Error("not verified:", err)
	}
	said := func(key, code string) error {
		return d.CheckCaller(t.Context(), help, brandName, customer.ID, key, operators.Answer{Fact: operators.FactCode, Code: prepaid.NewSecret(code)})
	}
	if err := said("c0", "123456"); !errors.Is(err, operators.ErrCallerCode) {
		t.Error("none was sent:", err)
	}
	_, err := d.Do(t.Context(), help, "k2", operators.SendCallerCode{Brand: brandName, Customer: customer.ID, Person: help.Person}, "calls")
	c.ok(err)
	notice := c.due()[0]
	if notice.About != prepaid.NoticeCallerCode || notice.Address != annaPhone.Tel() || notice.Kind != "sms" {
		t.Fatalf("%+v", notice)
	}
	code, err := c.accounts().NewCode(t.Context(), accounts.CodeRequest{Brand: brandName, Channel: "twilio", Address: prepaid.CallerAddress(notice.ID),
		MSISDN: annaPhone, OperationKey: string(notice.ID)})
	c.ok(err)
	wrong := "000000"
	if code.Reveal() == wrong {
		wrong = "111111"
	}
	if err := said("c1", wrong); !errors.Is(err, operators.ErrCallerWrong) {
		t.Error("wrong:", err)
	}
	c.ok(said("c2", code.Reveal()[:3]+" "+code.Reveal()[3:]))
	c.ok(unlock("k3"))
	known, err := d.Customers.Caller(t.Context(), customer, help.Person, c.Clock.Now())
	c.ok(err)
	if known.How != operators.FactCode || known.WrongLeft != 4 || !known.Sent.IsZero() {
		t.Errorf("%+v", known)
	}
	if known, _ := d.Customers.Caller(t.Context(), customer, "somebody else", c.Clock.Now()); known.Verified() {
		t.Error("somebody else at the desk knows it, too")
	}
	asked := c.forCaller(customer)
	c.later(30 * time.Minute)
	if err := unlock("k4"); !errors.Is(err, operators.ErrNotVerified) {
		t.Error("half an hour later:", err)
	}
	if _, _, err := d.Check(t.Context(), help, operators.UnlockPIN{ForCaller: asked}); err != nil {
		t.Error("asked for in time, decided on later:", err)
	}
}

func TestTwoFactsTellWhoIsCalling(t *testing.T) {
	c := newCounter(t)
	d := c.desk()
	customer := c.registers(annaPhone)
	o := c.orders(customer)
	_, err := c.db.Writer().ExecContext(t.Context(), `UPDATE orders SET status = 'delivered' WHERE id = '`+string(o)+`'`)
	c.ok(err)
	say := func(key string, said operators.Answer) error {
		return d.CheckCaller(t.Context(), help, brandName, customer.ID, key, said)
	}
	known := func() operators.Caller {
		known, err := d.Customers.Caller(t.Context(), customer, help.Person, c.Clock.Now())
		c.ok(err)
		return known
	}
	day := start.Format(time.DateOnly)
	c.ok(say("1", operators.Answer{Fact: operators.FactInstrument, Last4: " 4300"}))
	c.ok(say("2", operators.Answer{Fact: operators.FactInstrument, Last4: "4300"}))
	if known().Verified() {
		t.Error("one fact told twice is enough")
	}
	other := c.registers("+31612345679")
	for _, key := range []string{"1", "3"} { // a key that was used for another customer, and a new one
		err := d.CheckCaller(t.Context(), help, brandName, other.ID, key, operators.Answer{Fact: operators.FactRegistered, Month: "1999-01"})
		if !errors.Is(err, operators.ErrCallerWrong) {
			t.Error(err)
		}
	}
	if k, err := d.Customers.Caller(t.Context(), other, help.Person, c.Clock.Now()); err != nil || k.WrongLeft != 3 {
		t.Error("a wrong answer was not counted:", k, err)
	}
	if err := say("3", operators.Answer{Fact: operators.FactLastTopUp, Sum: "10.00", Day: "2026-10-31"}); !errors.Is(err, operators.ErrCallerWrong) {
		t.Error("another day:", err)
	}
	c.ok(say("4", operators.Answer{Fact: operators.FactLastTopUp, Sum: "10", Day: day}))
	if got := known(); got.How != operators.FactsTold || len(got.Ask) != 3 {
		t.Errorf("%+v", got)
	}
	for i := range 4 {
		if err := say(string(rune('a'+i)), operators.Answer{Fact: operators.FactRegistered, Month: "2020-01"}); !errors.Is(err, operators.ErrCallerWrong) {
			t.Error(err)
		}
	}
	if err := say("z", operators.Answer{Fact: operators.FactRegistered, Month: "2026-11"}); !errors.Is(err, operators.ErrManyChecks) {
		t.Error("after five wrong ones:", err)
	}
	if err := d.CheckCaller(t.Context(), watcher, brandName, customer.ID, "w", operators.Answer{Fact: operators.FactRegistered, Month: "2026-11"}); err == nil {
		t.Error("a viewer may check")
	}
}

func TestOperationsOnACustomer(t *testing.T) {
	c := newCounter(t)
	d := c.desk()
	customer := c.registers(annaPhone, annaBot)
	c.due()
	do := func(op operators.Operation) string {
		t.Helper()
		r, err := d.Do(t.Context(), help, prepaid.NewToken(), op, "ticket 7")
		if err != nil {
			t.Errorf("%s: %v", op.Kind(), err)
		}
		return r.Text
	}
	refused := func(op operators.Operation, want error) {
		t.Helper()
		if _, err := d.Do(t.Context(), help, prepaid.NewToken(), op, "ticket 7"); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", op.Kind(), err, want)
		}
	}
	note := operators.AddNote{ID: "n1", Brand: brandName, Customer: customer.ID, Text: "PIN is 4821, calls back"}
	r, err := d.Do(t.Context(), help, "note", note, "note")
	c.ok(err)
	sheet := func() operators.Sheet {
		t.Helper()
		s, err := d.Customers.Sheet(t.Context(), help, brandName, customer.ID)
		c.ok(err)
		return s
	}
	if s := sheet(); len(s.Notes) != 1 || s.Notes[0].Text != "PIN is ****, calls back" {
		t.Errorf("%+v", s.Notes)
	}
	do(r.Undo)
	refused(operators.AddNote{ID: "n2", Brand: brandName, Customer: customer.ID, Text: " "}, operators.ErrNoteText)

	keys := cards.AllTryKeys(annaBot, customer.ID)
	_, err = c.db.CardTries.CountWrongCode(t.Context(), brandName, keys, "m", start, func(int) time.Time { return start.Add(time.Hour) })
	c.ok(err)
	if s := sheet(); !s.CardsUntil.Equal(start.Add(time.Hour)) || len(s.Addresses) != 2 || strings.Contains(s.Addresses[1].Address, "352735") {
		t.Errorf("%+v", s)
	}
	do(operators.UnlockCards{OfCustomer: c.of(customer)})
	if s := sheet(); !s.CardsUntil.IsZero() || s.CardsWrong != 0 {
		t.Errorf("%+v", s.CardsUntil)
	}

	for _, op := range []operators.Operation{
		operators.UnlockPIN{ForCaller: c.forCaller(customer)}, operators.SendResetCode{ForCaller: c.forCaller(customer)},
		operators.RemoveInstrument{ForCaller: c.forCaller(customer), Instrument: customer.Pays.ID},
		operators.ChangeNumber{ForCaller: c.forCaller(customer), To: otherOne}, operators.CloseAccount{ForCaller: c.forCaller(customer)},
	} {
		refused(op, operators.ErrNotVerified)
	}
	c.verify(customer)
	c.mistypes(customer)
	do(operators.UnlockPIN{ForCaller: c.forCaller(customer)})
	do(operators.SendResetCode{ForCaller: c.forCaller(customer)})
	refused(operators.RemoveInstrument{ForCaller: c.forCaller(customer), Instrument: "another"}, operators.ErrNoInstrument)
	do(operators.RemoveInstrument{ForCaller: c.forCaller(customer), Instrument: customer.Pays.ID})
	refused(operators.ChangeNumber{ForCaller: c.forCaller(customer), To: "4915112345678"}, prepaid.ErrOtherCountry)
	if text := do(operators.ChangeNumber{ForCaller: c.forCaller(customer), To: otherOne}); strings.Contains(text, string(otherOne)) || !strings.Contains(text, "+316****4321") {
		t.Error(text)
	}
	refused(operators.Unfreeze{OfCustomer: c.of(customer)}, operators.ErrNotFrozen)
	refused(operators.ResendResult{OfCustomer: c.of(customer), Order: "NONE"}, topup.ErrNoOrder)
	do(operators.CloseAccount{ForCaller: c.forCaller(customer)})
	if len(c.said.erased) == 0 {
		t.Error("no conversation was erased")
	}
	if _, err := d.Customers.Sheet(t.Context(), help, brandName, customer.ID); !errors.Is(err, accounts.ErrNoCustomer) {
		t.Error(err)
	}
}

func TestDataAreExportedOnceAndHoldNoSecret(t *testing.T) {
	c := newCounter(t)
	d := c.desk()
	customer := c.registers(annaPhone, annaBot)
	c.orders(customer)
	c.agrees(customer, "MNDT0042X")
	if _, err := d.Customers.Exported(t.Context(), help, brandName, customer.ID); !errors.Is(err, operators.ErrNoExport) {
		t.Error("not asked for:", err)
	}
	_, err := d.Do(t.Context(), help, "k", operators.ExportData{OfCustomer: c.of(customer), Person: help.Person}, "asked in writing")
	c.ok(err)
	file, err := d.Customers.Exported(t.Context(), help, brandName, customer.ID)
	c.ok(err)
	var read map[string]any
	c.ok(json.Unmarshal(file, &read))
	for _, has := range []string{"+31612345678", "telegram:352735", `"EUR 10.00`, "MNDT0042X"} {
		if !strings.Contains(string(file), has) {
			t.Errorf("%s is missing in %s", has, file)
		}
	}
	for _, secret := range []string{"hash", "tok_1", "sealed"} {
		if strings.Contains(string(file), secret) {
			t.Errorf("it holds %s: %s", secret, file)
		}
	}
	if _, err := d.Customers.Exported(t.Context(), help, brandName, customer.ID); !errors.Is(err, operators.ErrNoExport) {
		t.Error("twice:", err)
	}
}

func TestErasingIsAskedForBySupport(t *testing.T) {
	c := newCounter(t)
	d := c.desk()
	customer := c.registers(annaPhone)
	support := help
	support.Roles = map[string][]operators.Role{brandName: {operators.Support}}
	r, err := d.Do(t.Context(), support, "k", operators.EraseCustomer{OfCustomer: c.of(customer)}, "asked in writing")
	c.ok(err)
	if r.Asked == "" {
		t.Errorf("%+v", r)
	}
	c.read(annaPhone)
	_, err = d.Do(t.Context(), help, "k", operators.EraseCustomer{OfCustomer: c.of(customer)}, "asked in writing")
	if !errors.Is(err, operators.ErrFormUsed) && err != nil {
		t.Log(err)
	}
	_, err = d.Do(t.Context(), help, "k2", operators.EraseCustomer{OfCustomer: c.of(customer)}, "asked in writing")
	c.ok(err)
	if _, err := c.db.Customers.CustomerByMSISDN(t.Context(), brandName, annaPhone); !errors.Is(err, accounts.ErrNoCustomer) {
		t.Error("still there")
	}
}
