package app

import (
	"cmp"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pulsa/accounts"
	"pulsa/app/apptest"
	"pulsa/conversation/talk"
	"pulsa/conversation/talk/harness"
	"pulsa/developers"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/store/scratch"
	"pulsa/topup"
	"pulsa/web/desk"
)

// deskWalk walks every route of the desk's table in a demo with the brands demo and trial.
type deskWalk struct {
	*running
	walks  *testing.T
	brand  string
	number *int // of the last customer
}

// The names of what stands in braces in the table of routes are taught here: what a name may be, in the walk's brand. What can be done to
// one thing can't to another, so there may be several; each call makes new ones.
var deskThings = map[string]func(w *deskWalk) []string{
	"brand":     func(w *deskWalk) []string { return []string{w.brand} },
	"channel":   func(*deskWalk) []string { return []string{"fake"} },
	"token":     func(*deskWalk) []string { return []string{"nothing"} },
	"order":     (*deskWalk).orders,
	"customer":  (*deskWalk).customers,
	"developer": (*deskWalk).keys,
	"approval":  func(w *deskWalk) []string { return []string{w.asks()} },
	"mandate":   func(w *deskWalk) []string { return []string{w.mandate()} },
	"delivery":  func(*deskWalk) []string { return []string{"nothing"} },
	"person":    (*deskWalk).people,
	"block":     (*deskWalk).blocks,
	"kind/id":   (*deskWalk).waits,
}

// notWalked are routes of which a walk learns nothing, and why.
var notWalked = map[string]string{
	"GET /-/invite/{token}":  "what a link does is tried in signin_test.go",
	"POST /-/invite/{token}": "likewise",
	"GET /-/demo/{token}":    "likewise",
	"POST /-/demo/{token}":   "likewise",
	"GET /-/sign-in":         "likewise",
	"POST /-/sign-in":        "likewise",
	"GET /-/me":              "who is signed in here is nobody who is stored: people_test.go tries it",
	"POST /-/me":             "likewise",
	"POST /-/me/password":    "likewise",
	"POST /-/me/sessions":    "likewise",
	"POST /-/sign-in/issuer": "signin_test.go tries it",
	"GET /-/me/factor":       "likewise",
	"POST /-/me/factor":      "likewise",
	"POST /-/health":         "it asks the providers, and shows what they said",
}

// deskTyped is what a person types into fields of these names. A field that is missing here and must be filled in fails the test.
var deskTyped = map[string]string{
	"reason": "ticket 4711", "amount": "1.00", "name": "New name", "note": "a note", "text": "a text", "email": "bo@pulsa.example", "roles-demo": "support", "number": "0611990001", "reason-number": "ticket 4711",
	"reason-talk": "ticket 4711", "last4": "1234", "month": "1", "day": "1", "sum": "1.00", "code": "000000", "list": "0611990002",
}

func newDeskWalk(t *testing.T) *deskWalk {
	t.Helper()
	r := runDemo(t, nil, nil)
	demo, err := r.brands().Show(t.Context(), "demo", 0)
	if err != nil {
		t.Fatal(err)
	}
	r.applies(strings.Replace(strings.Replace(demo, "brand: demo\nparent: 1\n", "brand: trial\n", 1), "title: Demo Mobile", "title: Trial", 1))
	apptest.Await(t, "the second brand", func() bool { return r.Brands.Named("trial") != nil }, nil)
	return &deskWalk{running: r, walks: t, brand: "demo", number: new(int)}
}

// of is the walk in another brand.
func (w *deskWalk) of(brand string) *deskWalk {
	other := *w
	other.brand = brand
	return &other
}

func (w *deskWalk) registers(end string) string {
	w.walks.Helper()
	*w.number++
	number := fmt.Sprintf("+31611%02d%s", *w.number, end)
	err := harness.GivenCustomer(w.walks.Context(), w.Program.Program, w.completeSetup, talk.Setup{
		Brand: w.brand, Language: "en", Customer: talk.Customer{Number: number, Kind: "sms"},
	}, talk.GivenCustomer{PIN: prepaid.NewSecret(apptest.PIN), Method: "card"})
	if err != nil {
		w.walks.Fatal(err)
	}
	return number
}

// orders makes one that was delivered, one that is held, and one of which the network has not said whether it was delivered.
func (w *deskWalk) orders() (ids []string) {
	w.walks.Helper()
	for _, end := range []string{"0001", "8005", "8005"} {
		ids = append(ids, w.buys(w.registers(end)))
	}
	w.exec(`UPDATE orders SET run_at = ? WHERE id = ?`, w.Clock.Now().Add(1000*time.Hour).UnixMicro(), ids[1]) // else it is tried again meanwhile
	w.unknown(ids[2])
	return ids
}

// buys has a customer buy something, and waits until it is delivered or held.
func (w *deskWalk) buys(number string) (id string) {
	w.walks.Helper()
	apptest.PostTo(w.walks, w.server.URL+"/webhooks/"+w.brand+"/fake", map[string]any{"id": prepaid.NewToken(), "from": number, "text": "KOOP 10 " + apptest.PIN})
	apptest.Await(w.walks, "an order of "+number, func() bool {
		list, err := w.DB.Orders.List(w.walks.Context(), operators.OrderFilter{Brand: w.brand, MSISDN: prepaid.MSISDN(number[1:])})
		if err != nil || len(list) != 1 || !slices.Contains([]topup.Status{topup.Delivered, topup.Held}, list[0].Status) {
			return false
		}
		id = string(list[0].ID)
		return true
	}, nil)
	return id
}

// unknown has the network leave it open whether it has delivered, for weeks.
func (w *deskWalk) unknown(order string) {
	w.walks.Helper()
	w.exec(`UPDATE orders SET status = 'delivery_unknown', needs_human = TRUE, run_at = ? WHERE id = ?`, w.Clock.Now().Add(1000*time.Hour).UnixMicro(), order)
}

// customer registers one.
func (w *deskWalk) customer() string {
	w.walks.Helper()
	m := w.registers("0001")
	c, err := w.DB.Customers.CustomerByMSISDN(w.walks.Context(), w.brand, prepaid.MSISDN(m[1:]))
	if err != nil {
		w.walks.Fatal(err)
	}
	return string(c.ID)
}

// customers makes one who calls, and is known to be who they are; one who has bought something; and one whose account is frozen.
func (w *deskWalk) customers() []string {
	w.walks.Helper()
	calls, frozen := w.customer(), w.customer()
	w.exec(`UPDATE customers SET pin_tries = 2 WHERE id = ?`, calls)
	w.exec(`UPDATE customers SET frozen_at = 1 WHERE id = ?`, frozen)
	for _, role := range operators.Roles() {
		check := operators.CallerCheck{ID: prepaid.NewID[string](), Brand: w.brand, Customer: prepaid.CustomerID(calls), Person: walker(role),
			Fact: operators.FactCode, Outcome: operators.CallerRight, At: w.Clock.Now()}
		if err := w.DB.Desk.SaveCheck(w.walks.Context(), check, accounts.Place{}, operators.CallerLimits{}, prepaid.ByMachine("test", "test")); err != nil {
			w.walks.Fatal(err)
		}
	}
	number := w.registers("0001")
	w.buys(number)
	c, err := w.DB.Customers.CustomerByMSISDN(w.walks.Context(), w.brand, prepaid.MSISDN(number[1:]))
	if err != nil {
		w.walks.Fatal(err)
	}
	return []string{calls, string(c.ID), frozen}
}

// walker is who walks with these roles.
func walker(role operators.Role) operators.PersonID { return operators.PersonID("P" + role) }

func (w *deskWalk) key() string {
	w.walks.Helper()
	key, _, err := w.Developers.Create(w.walks.Context(), developers.Key{Brand: w.brand, Name: prepaid.NewToken()[:8]}, prepaid.ByMachine("test", "test"))
	if err != nil {
		w.walks.Fatal(err)
	}
	return key.ID
}

// asks has a colleague of the help desk ask for something that another must agree to.
func (w *deskWalk) asks() string {
	w.walks.Helper()
	var op operators.Operation
	if w.brand == "" {
		op = operators.CloseDifference{ID: strings.TrimPrefix(w.waits()[0], prepaid.OnItem+"/")}
	} else {
		op = operators.CreditKey{Brand: w.brand, Credit: operators.KeyCredit{Key: w.key(), Amount: "10.00", Reference: prepaid.NewToken()}}
	}
	colleague := operators.Actor{Person: "colleague", Email: "colleague@pulsa.example", Roles: map[string][]operators.Role{cmp.Or(w.brand, operators.AllBrands): {operators.Support}}, FreshAt: w.Clock.Now()}
	r, err := w.operatorsDesk().Do(w.walks.Context(), colleague, prepaid.NewToken(), op, "ticket 1")
	if err != nil || r.Asked == "" {
		w.walks.Fatal(r, err)
	}
	return string(r.Asked)
}

// mandate has one given by text.
func (w *deskWalk) mandate() string {
	w.walks.Helper()
	setup := prepaid.NewID[string]()
	w.exec(`INSERT INTO payment_setups (id, brand, operation_key, customer, gateway, method, url, gateway_ref, status, reply_channel, reply_kind, reply_address, reply_language, created_at)
		VALUES (?, ?, ?, ?, 'sim', 'sepa', '', '', 'done', '', '', '', '', 1)`, setup, w.brand, "mandate/"+setup, w.customer())
	reference := "M" + prepaid.NewToken()[:12]
	w.exec(`INSERT INTO mandates (setup, brand, customer, reference, creditor_name, creditor_address, creditor_id, language, text_version, text, holder, iban, channel, kind, address,
			agreed_at, settings, sealed, tell_at, run_at)
		SELECT id, brand, customer, ?, 'C', 'A', 'NL', 'en', '1', 'I agree', 'Ann', 'NL** 1234', 'fake', 'sms', '', 1, 1, '', 0, 0 FROM payment_setups WHERE id = ?`,
		reference, setup)
	return reference
}

// waits makes something of each kind that waits for people, and returns what there is.
func (w *deskWalk) waits() (all []string) {
	w.walks.Helper()
	w.item()
	if w.brand != "" {
		w.brandWaits()
	}
	rows, err := w.DB.Waits.Waiting(w.walks.Context(), operators.WaitFilter{Brands: []string{w.brand}, Limit: 1000})
	if err != nil {
		w.walks.Fatal(err)
	}
	for _, row := range rows {
		if row.On.Brand == w.brand {
			all = append(all, row.On.Kind+"/"+row.On.ID)
		}
	}
	slices.Sort(all) // notices come last: they are told meanwhile
	return all
}

// item is a dispute of which we have no order.
func (w *deskWalk) item() {
	w.walks.Helper()
	item := operators.OpenItem{Provider: "sim", Reference: "dp_" + prepaid.NewToken(), Currency: "EUR", Theirs: 1000, HappenedAt: w.Clock.Now()}
	if err := w.DB.Reconciliation.SaveDispute(w.walks.Context(), item, w.Clock.Now()); err != nil {
		w.walks.Fatal(err)
	}
}

func (w *deskWalk) brandWaits() {
	w.walks.Helper()
	id := w.customer()
	w.exec(`UPDATE customers SET status = 'blocked', blocked_at = 1 WHERE id = ?`, id)
	w.exec(`UPDATE customers SET frozen_at = 1 WHERE id = ?`, w.customer())
	orders := w.orders()
	w.exec(`UPDATE notices SET told_at = 0, held = 'carrier', held_at = 1 WHERE order_id = ?`, orders[0])
}

func (w *deskWalk) exec(query string, args ...any) {
	w.walks.Helper()
	if _, err := w.DB.Writer().ExecContext(w.walks.Context(), w.DB.Writer().Rebind(query), args...); err != nil {
		w.walks.Fatal(err)
	}
}

// blocks has a number blocked.
func (w *deskWalk) blocks() []string {
	w.walks.Helper()
	id := prepaid.NewID[string]()
	w.exec(`INSERT INTO blocks (brand, id, batch, kind, value, shows, who, why, blocked_at, blocked_until, ended_at) VALUES (?, ?, ?, 'number', ?, '+316****0001', 'x', 'y', 1, 0, 0)`,
		w.brand, id, id, id)
	return []string{id}
}

// people are colleagues: one who has not signed in yet.
func (w *deskWalk) people() []string {
	w.walks.Helper()
	person, _, err := w.Program.people().Add(w.walks.Context(), operators.NewPerson{
		Email: prepaid.NewToken() + "@pulsa.example", Name: "Bo", Roles: map[string][]operators.Role{"demo": {operators.Support}},
	}, prepaid.ByMachine("test", "test"))
	if err != nil {
		w.walks.Fatal(err)
	}
	return []string{string(person.ID)}
}

// keys makes one that works, and one that is suspended.
func (w *deskWalk) keys() []string {
	w.walks.Helper()
	works, suspended := w.key(), w.key()
	w.exec(`UPDATE developer_keys SET suspended_at = 1 WHERE id = ?`, suspended)
	return []string{works, suspended}
}

var inBraces = regexp.MustCompile(`\{([a-z]+(?:\}/\{id)?)\}`)

// addresses makes addresses of a route's pattern. None: a name in it was not taught.
func (w *deskWalk) addresses(pattern string) []string {
	all := []string{strings.ReplaceAll(pattern, "{$}", "")}
	if strings.HasPrefix(pattern, "/-/") {
		w = w.of("") // what belongs to no brand
	}
	for _, name := range inBraces.FindAllStringSubmatch(pattern, -1) {
		things := deskThings[strings.ReplaceAll(name[1], "}/{", "/")]
		if things == nil {
			w.walks.Errorf("%s: teach deskThings what %s is", pattern, name[0])
			return nil
		}
		var next []string
		for _, thing := range things(w) {
			for _, a := range all {
				next = append(next, strings.Replace(a, name[0], thing, 1))
			}
		}
		all = next
	}
	return all
}

// as is somebody with these roles in the brand demo; in all brands where the walk is of none.
func (w *deskWalk) as(brand string, roles ...operators.Role) http.Handler {
	w.walks.Helper()
	c := w.deskConfig()
	c.SignIn = fixedActor{operators.Actor{
		Person: walker(roles[0]), Name: "Ann", Email: string(roles[0]) + "@pulsa.example", Language: "en", TimeZone: time.UTC, From: "192.0.2.1",
		Roles: map[string][]operators.Role{brand: roles}, Goodwill: map[prepaid.Currency]int64{"EUR": 1000}, FreshAt: w.Clock.Now(),
	}}
	c.Log = slog.New(slog.NewTextHandler(w.log, nil))
	handler, err := desk.New(c)
	if err != nil {
		w.walks.Fatal(err)
	}
	return handler
}

type deskAnswer struct {
	status   int
	body, to string
}

func askDesk(h http.Handler, method, path string, form url.Values) deskAnswer {
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader(form.Encode())
	} else if form != nil {
		path += "?" + form.Encode()
	}
	request := httptest.NewRequest(method, "http://desk.example"+path, body)
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, request)
	return deskAnswer{recorder.Code, recorder.Body.String(), recorder.Header().Get("Location")}
}

// inBackground are tables that the program itself writes at any time, and where the desk notes who looks.
var inBackground = []string{"leases", "copies", "sessions", "presence", "send_slots", "people_sessions", "audit_runs", "transcripts", "session_transcripts", "outbox", "deed_links", "deed_sealed"}

// dump waits until nothing moves, and returns all that is stored.
func (w *deskWalk) dump() scratch.Rows {
	w.walks.Helper()
	var now scratch.Rows
	apptest.Await(w.walks, "a store at rest", func() bool {
		var untold int
		if err := w.DB.Writer().GetContext(w.walks.Context(), &untold, `SELECT COUNT(*) FROM notices WHERE told_at = 0 AND held = ''`); err != nil || untold > 0 {
			return false
		}
		before, err := scratch.Dump(w.walks.Context(), w.DB)
		if err != nil {
			w.walks.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
		if now, err = scratch.Dump(w.walks.Context(), w.DB); err != nil {
			w.walks.Fatal(err)
		}
		return len(now.Beyond(before, inBackground...)) == 0
	}, nil)
	return now
}

// changed tells what is stored otherwise than before, and whether another message was put into the outbox.
func (w *deskWalk) changed(before scratch.Rows, but ...string) []string {
	w.walks.Helper()
	now := w.dump()
	lines := now.Beyond(before, append(but, inBackground...)...)
	for i, line := range lines {
		lines[i] = fmt.Sprintf("%.300s", line)
	}
	if n := len(now["outbox"]) - len(before["outbox"]); n != 0 {
		lines = append(lines, fmt.Sprintf("%d more messages", n))
	}
	return lines[:min(len(lines), 10)]
}

// whose is the brand in which somebody needs roles for a route.
func whose(r desk.Row) string {
	if strings.HasPrefix(r.Pattern, "/-/") {
		return operators.AllBrands
	}
	return "demo"
}

// stops is 1 for what stops a channel or the brand: the others sell nothing after it, so it comes last.
func stops(r desk.Row) int {
	if strings.Contains(r.Pattern, "{channel}") || strings.HasPrefix(r.Pattern, "/{brand}/pause") || strings.HasPrefix(r.Pattern, "/{brand}/resume") {
		return 1
	}
	return 0
}

func walked(t *testing.T, each func(r desk.Row)) {
	t.Helper()
	all := desk.Table()
	slices.SortStableFunc(all, func(a, b desk.Row) int { return stops(a) - stops(b) })
	for _, r := range all {
		if notWalked[r.Method+" "+r.Pattern] == "" {
			each(r)
		}
	}
	if len(desk.Table()) < 30 {
		t.Errorf("only %d routes", len(desk.Table()))
	}
}

func TestWhatTheTableOfRightsForbidsIs403AndLeavesADeed(t *testing.T) {
	w := newDeskWalk(t)
	handlers := map[string]map[operators.Role]http.Handler{"demo": {}, operators.AllBrands: {}}
	for brand := range handlers {
		for _, role := range operators.Roles() {
			handlers[brand][role] = w.as(brand, role)
		}
	}
	walked(t, func(r desk.Row) {
		all := w.addresses(r.Pattern)
		for _, role := range operators.Roles() {
			brand := whose(r)
			actor := operators.Actor{Roles: map[string][]operators.Role{brand: {role}}}
			mine := brand
			if brand == operators.AllBrands {
				mine = ""
			}
			for _, address := range all[:min(len(all), 1)] {
				before := w.deeds()
				got := askDesk(handlers[brand][role], r.Method, address, nil)
				refused := w.deeds() - before
				switch forbidden := r.Act != "" && actor.Right(r.Act, mine) == operators.Not; {
				case forbidden && (got.status != http.StatusForbidden || refused != 1):
					t.Errorf("%s %s by %s: %d, with %d deeds", r.Method, r.Pattern, role, got.status, refused)
				case got.status >= 500:
					t.Errorf("%s %s by %s: %d", r.Method, address, role, got.status)
				case !forbidden && got.status == http.StatusForbidden && refused == 0:
					t.Errorf("%s %s by %s: refused, and no deed says so", r.Method, r.Pattern, role)
				}
			}
		}
	})
}

// deeds counts the deeds that say that somebody was refused.
func (w *deskWalk) deeds() (n int) {
	w.walks.Helper()
	if err := w.DB.Writer().GetContext(w.walks.Context(), &n, `SELECT COUNT(*) FROM deeds WHERE what LIKE 'refused%'`); err != nil {
		w.walks.Fatal(err)
	}
	return n
}

func TestAnotherBrandsObjectsAre404(t *testing.T) {
	w := newDeskWalk(t)
	all := w.as("demo", operators.Roles()...)
	walked(t, func(r desk.Row) {
		if !strings.HasPrefix(r.Pattern, "/{brand}") {
			return
		}
		for _, address := range w.of("trial").addresses(r.Pattern) {
			if got := askDesk(all, r.Method, address, nil); got.status != http.StatusNotFound {
				t.Errorf("%s %s: %d in a brand in which the person has no role", r.Method, address, got.status)
			}
			names := inBraces.FindAllString(r.Pattern, -1)
			if len(names) < 2 || strings.HasPrefix(r.Pattern, "/{brand}/open/") || // it notes, in the person's own brand, who looks at what
				strings.Contains(r.Pattern, "{channel}") { // both brands have a channel of that name
				continue
			}
			address = strings.Replace(address, "/trial", "/demo", 1)
			if got := askDesk(all, r.Method, address, url.Values{"reason": {deskTyped["reason"]}}); got.status != http.StatusNotFound {
				t.Errorf("%s %s: %d, though it is another brand's", r.Method, address, got.status)
			}
		}
	})
}

func TestGETChangesNothing(t *testing.T) {
	w := newDeskWalk(t)
	handlers := map[string]http.Handler{"demo": w.as("demo", operators.Roles()...), operators.AllBrands: w.as(operators.AllBrands, operators.Roles()...)}
	var addresses []string
	walked(t, func(r desk.Row) {
		if r.Method != http.MethodGet {
			return
		}
		for _, a := range w.addresses(r.Pattern) {
			addresses = append(addresses, whose(r)+" "+a)
		}
	})
	before := w.dump()
	shown := map[string]bool{}
	for _, a := range addresses {
		brand, path, _ := strings.Cut(a, " ")
		got := askDesk(handlers[brand], http.MethodGet, path, nil)
		if got.status >= 500 || got.status == http.StatusForbidden {
			t.Errorf("GET %s: %d", path, got.status)
		}
		shown[path] = got.status < 400
		w.holdsNoSecret(path, got)
	}
	if changed := w.changed(before); len(changed) > 0 {
		t.Errorf("reading has changed:\n%s", strings.Join(changed, "\n"))
	}
	w.holdsNoSecret("the log", deskAnswer{body: w.log.String()})
}

var wholeNumber = regexp.MustCompile(`(\+|00)?(31|0)\s?-?6\s?-?11\d{6}`)

// holdsNoSecret fails the test where an answer shows a whole number, a PIN or a code.
func (w *deskWalk) holdsNoSecret(path string, got deskAnswer) {
	w.walks.Helper()
	if number := wholeNumber.FindString(got.body + got.to); number != "" {
		w.walks.Errorf("%s shows a whole number, %s", path, number)
	}
	if regexp.MustCompile(`\b` + apptest.PIN + `\b`).MatchString(got.body + got.to) {
		w.walks.Errorf("%s shows a PIN", path)
	}
}
