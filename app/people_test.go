package app

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pulsa/app/apptest"
	"pulsa/app/config"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/store/storetest"
)

// office is a running program whose desk people sign in to. No time passes but what is skipped.
type office struct {
	*running
	clock   *apptest.SkipClock
	address string
	secrets []string // what must stand in no log and in no deed
}

func newOffice(t *testing.T, change func(*config.Config)) *office {
	t.Helper()
	o := &office{clock: apptest.NewStillClock()}
	server := httptest.NewUnstartedServer(nil)
	o.address = "http://" + server.Listener.Addr().String()
	o.running = runWired(t, nil, func(c *config.Config) {
		c.DeskURL = o.address
		if change != nil {
			change(c)
		}
	}, Wiring{Clock: o.clock})
	pages, err := o.DeskRoutes(o.address)
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = pages
	server.Start()
	t.Cleanup(func() {
		server.Close()
		o.keptSecret()
	})
	return o
}

// keptSecret fails the test where the log or the record holds something that was secret, or the database holds it in clear.
func (o *office) keptSecret() {
	texts := map[string]string{"the log": o.log.String()}
	files, err := filepath.Glob(filepath.Join(o.Config.Data, "*.db*"))
	if err != nil || len(files) == 0 {
		o.t.Error("no database", files, err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			o.t.Error(err)
		}
		texts[f] = string(text)
	}
	for where, text := range texts {
		for _, secret := range o.secrets {
			if strings.Contains(text, secret) {
				o.t.Errorf("%s holds %q", where, secret)
			}
		}
	}
}

// browser is one browser at the desk.
type browser struct {
	*atDesk
	office *office
	jar    *cookiejar.Jar
}

func (o *office) browser() *browser {
	o.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		o.t.Fatal(err)
	}
	d := &atDesk{T: o.t, address: o.address, client: http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	return &browser{d, o, jar}
}

const goodPassword = "seven green bicycles"

// totp is a one-time password by RFC 6238, without the library that the program has.
func totp(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha1.New, key)
	_, _ = mac.Write(binary.BigEndian.AppendUint64(nil, uint64(at.Unix()/30)))
	sum := mac.Sum(nil)
	at4 := sum[len(sum)-1] & 15
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[at4:at4+4])&0x7fffffff%1_000_000)
}

var (
	shownSecret = regexp.MustCompile(`<p class="mono" data-copy>([A-Z2-7 ]+)</p>`)
	hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`)
)

// hidden are the hidden fields of a page.
func hidden(page string) url.Values {
	all := url.Values{}
	for _, m := range hiddenField.FindAllStringSubmatch(page, -1) {
		all.Add(m[1], html.UnescapeString(m[2]))
	}
	return all
}

// worker is somebody of the staff with their app.
type worker struct {
	email, secret string
	office        *office
}

// code is what their app shows now. A new one is waited for, because each works once.
func (w *worker) code() string {
	w.office.clock.Skip(30 * time.Second)
	return totp(w.office.t, w.secret, w.office.clock.Now())
}

// hires adds somebody, who sets how they sign in with a browser of their own.
func (o *office) hires(email string, roles ...operators.Role) (*worker, *browser) {
	o.t.Helper()
	_, token, err := o.people().Add(o.t.Context(), operators.NewPerson{Email: email, Name: "Anna", Roles: map[string][]operators.Role{operators.AllBrands: roles}},
		prepaid.By{Who: "root", From: prepaid.Machine})
	if err != nil {
		o.t.Fatal(err)
	}
	o.secrets = append(o.secrets, token.Reveal(), goodPassword)
	b, path := o.browser(), "/-/invite/"+token.Reveal()
	page := b.shows(path, http.StatusOK, "<svg", email)
	w := &worker{email, strings.ReplaceAll(shownSecret.FindStringSubmatch(page)[1], " ", ""), o}
	o.secrets = append(o.secrets, w.secret)
	form := hidden(page)
	form.Set("password", goodPassword)
	form.Set("code", w.code())
	if status, body := b.post(path, form); status != http.StatusSeeOther {
		o.t.Fatal(status, body)
	}
	return w, b
}

func (w *worker) typed() url.Values {
	return url.Values{"sign-in": {"GET"}, "sign-in-email": {w.email}, "sign-in-password": {goodPassword}, "sign-in-code": {w.code()}}
}

func TestALinkSetsHowSomebodySignsInOnce(t *testing.T) {
	o := newOffice(t, nil)
	_, token, err := o.people().Add(t.Context(), operators.NewPerson{Email: "anna@acme.example", Name: "Anna", Roles: map[string][]operators.Role{operators.AllBrands: {operators.Finance}}},
		prepaid.By{Who: "root", From: prepaid.Machine})
	if err != nil {
		t.Fatal(err)
	}
	path := "/-/invite/" + token.Reveal()
	o.secrets = append(o.secrets, token.Reveal(), goodPassword)
	b := o.browser()
	page := b.shows(path, http.StatusOK, "anna@acme.example")
	response, err := b.client.Get(o.address + path)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if policy := response.Header.Get("Referrer-Policy"); policy != "strict-origin" {
		t.Error("the page's address may go elsewhere:", policy)
	}
	secret := strings.ReplaceAll(shownSecret.FindStringSubmatch(page)[1], " ", "")
	o.secrets = append(o.secrets, secret)
	send := func(password, code string, status int, says string) string {
		t.Helper()
		form := hidden(page)
		form.Set("password", password)
		form.Set("code", code)
		got, body := b.post(path, form)
		if got != status || !strings.Contains(body, says) {
			t.Errorf("%s: %d without %q:\n%s", password, got, says, body)
		}
		return body
	}
	now := func() string { return totp(t, secret, o.clock.Now()) }
	if again := send("short", now(), 422, "A few words will do"); !strings.Contains(strings.ReplaceAll(again, " ", ""), secret) {
		t.Error("the QR code that was read already is another now")
	}
	send("password1234567", now(), 422, "They are guessed first")
	send(goodPassword, "", 422, "Your roles need a one-time password")
	send(goodPassword, "000000", 422, "not the code of now")
	send(goodPassword, now(), 303, "/")
	b.shows("/", http.StatusSeeOther, "/demo")
	cookies := b.jar.Cookies(&url.URL{Scheme: "http", Host: strings.TrimPrefix(o.address, "http://")})
	if len(cookies) != 1 || cookies[0].Name != "pulsa-desk" {
		t.Error(cookies)
	}
	o.secrets = append(o.secrets, cookies[0].Value)
	send(goodPassword, now(), 410, "does not work any more")
	o.browser().shows(path, http.StatusGone, "does not work any more")
	o.browser().shows("/-/invite/bcdfghjklmnpqrstvwxzbcdfghjklmnp", http.StatusGone)
}

// postgres keeps an office in a PostgreSQL whose tables the program does not own, and its conversations in Redis.
func postgres(t *testing.T) func(*config.Config) {
	t.Helper()
	_, redis := apptest.Servers(t)
	users := storetest.PostgresUsers(t)
	return func(c *config.Config) {
		c.DatabaseURL, c.MigrateURL, c.RedisURL = prepaid.NewSecret(users.Program), prepaid.NewSecret(users.Owner), prepaid.NewSecret(redis)
	}
}

func TestPeopleSignInWithPasswordAndACodeThatWorksOnce(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { signInOnce(t, newOffice(t, nil)) })
	t.Run("postgres", func(t *testing.T) { signInOnce(t, newOffice(t, postgres(t))) })
}

func signInOnce(t *testing.T, o *office) {
	t.Helper()
	anna, first := o.hires("anna@acme.example", operators.Admin)
	first.shows("/", http.StatusSeeOther, "/demo")
	b := o.browser()
	b.shows("/demo/orders", http.StatusUnauthorized, "Sign in", `action="/demo/orders"`)
	wrong := func(change func(url.Values)) string {
		t.Helper()
		form := anna.typed()
		change(form)
		status, body := b.post("/demo/orders", form)
		if status != http.StatusUnauthorized {
			t.Errorf("%d", status)
		}
		if strings.Contains(body, "nobody@acme.example") {
			body = strings.ReplaceAll(body, "nobody@acme.example", "anna@acme.example")
		}
		return body
	}
	texts := []string{
		wrong(func(f url.Values) { f.Set("sign-in-password", "seven red bicycles") }),
		wrong(func(f url.Values) { f.Set("sign-in-code", "") }),
		wrong(func(f url.Values) { f.Set("sign-in-code", "000000") }),
		wrong(func(f url.Values) { f.Set("sign-in-email", "nobody@acme.example") }),
	}
	if texts = slices.Compact(texts); len(texts) != 1 {
		t.Error("what was wrong can be told from the answer")
	}
	form := anna.typed()
	if status, body := b.post("/demo/orders", form); status != http.StatusSeeOther || !strings.HasSuffix(body, "/demo/orders") {
		t.Fatal(status, body)
	}
	b.shows("/demo/orders", http.StatusOK)
	other := o.browser()
	if status, _ := other.post("/demo/orders", form); status != http.StatusUnauthorized {
		t.Error("a code works twice:", status)
	}
	if status, body := b.post("/-/sign-out", nil); status != http.StatusSeeOther {
		t.Error(status, body)
	}
	b.shows("/demo/orders", http.StatusUnauthorized)
	first.shows("/demo/orders", http.StatusOK)

	form = anna.typed()
	statuses := make(chan int, 4)
	for range cap(statuses) {
		go func(b *browser) {
			response, err := b.client.PostForm(o.address+"/demo/orders", form)
			if err != nil {
				statuses <- 0
				return
			}
			_ = response.Body.Close()
			statuses <- response.StatusCode
		}(o.browser())
	}
	in := 0
	for range cap(statuses) {
		if <-statuses == http.StatusSeeOther {
			in++
		}
	}
	if in != 1 {
		t.Errorf("a code has let %d in at once", in)
	}
}

// Where the desk is reached by https, browsers send the session's cookie nowhere else.
func TestTheSessionIsSentByHTTPSAlone(t *testing.T) {
	o := newOffice(t, nil)
	anna, _ := o.hires("anna@acme.example", operators.Support)
	pages, err := o.DeskRoutes("https://desk.acme.example")
	if err != nil {
		t.Fatal(err)
	}
	request := httptest.NewRequest(http.MethodPost, "/-/sign-in", strings.NewReader(anna.typed().Encode()))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer := httptest.NewRecorder()
	pages.ServeHTTP(answer, request)
	cookies := answer.Result().Cookies()
	if answer.Code != http.StatusSeeOther || len(cookies) != 1 {
		t.Fatal(answer.Code, cookies)
	}
	c := cookies[0]
	if c.Name != "__Host-pulsa-desk" || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || !c.Expires.IsZero() {
		t.Errorf("%+v", c)
	}
	request.Header.Set("Origin", "https://evil.example")
	answer = httptest.NewRecorder()
	pages.ServeHTTP(answer, request)
	if answer.Code != http.StatusForbidden {
		t.Error("another site may sign people in:", answer.Code)
	}
}

func TestWhoTriesTooOftenIsLockedOutForAWhile(t *testing.T) {
	o := newOffice(t, nil)
	anna, _ := o.hires("anna@acme.example", operators.Support)
	b := o.browser()
	for range 5 {
		form := anna.typed()
		form.Set("sign-in-password", "seven red bicycles")
		if status, _ := b.post("/demo/orders", form); status != http.StatusUnauthorized {
			t.Fatal(status)
		}
	}
	status, body := b.post("/demo/orders", anna.typed())
	if status != http.StatusTooManyRequests || !regexp.MustCompile(`Try again at \d\d:\d\d UTC`).MatchString(body) {
		t.Fatal(status, body)
	}
	o.clock.Skip(15 * time.Minute)
	if status, body := b.post("/demo/orders", anna.typed()); status != http.StatusSeeOther {
		t.Fatal(status, body)
	}
	for _, unknown := range []string{"eve@acme.example", "eve@acme.example", "eve@acme.example", "eve@acme.example", "eve@acme.example", "eve@acme.example"} {
		form := anna.typed()
		form.Set("sign-in-email", unknown)
		status, _ = b.browserless().post("/demo/orders", form)
	}
	if status != http.StatusTooManyRequests {
		t.Error("an address that nobody has is not locked alike:", status)
	}

	// Whoever is locked out by their IP address locks out nobody else.
	o.clock.Skip(15 * time.Minute)
	check, at := o.signIn(), "198.51.100.7"
	guess := func(email string) error {
		_, _, err := check.Password(t.Context(), operators.Typed{Email: email, Password: prepaid.NewSecret("seven red bicycles"), From: at})
		return err
	}
	for i := range 31 {
		_ = guess(fmt.Sprint("guess", i, "@acme.example"))
	}
	var locked *operators.LockedError
	for range 6 {
		if err := guess(anna.email); !errors.As(err, &locked) {
			t.Fatal("the IP address is not locked:", err)
		}
	}
	if status, body := b.browserless().post("/demo/orders", anna.typed()); status != http.StatusSeeOther {
		t.Error("locked out by others:", status, body)
	}
}

// browserless is a browser without cookies at the same desk.
func (b *browser) browserless() *browser { return b.office.browser() }

func TestASessionEndsByItselfAndWhatWasTypedGoesOn(t *testing.T) {
	o := newOffice(t, nil)
	anna, b := o.hires("anna@acme.example", operators.Support)
	o.clock.Skip(29 * time.Minute)
	b.shows("/demo/orders", http.StatusOK)
	o.clock.Skip(29 * time.Minute)
	b.shows("/demo/orders", http.StatusOK)
	for range 3 { // what a page reads by itself keeps no session alive
		o.clock.Skip(14 * time.Minute)
		request, _ := http.NewRequest(http.MethodGet, o.address+"/demo/orders", nil)
		request.Header.Set("HX-Request", "true")
		_, _ = b.read(b.client.Do(request))
	}
	b.shows("/demo/orders", http.StatusUnauthorized)
	status, page := b.post("/demo/undo", url.Values{"what": {`the "form"`}, "key": {"k"}, "code": {"123456"}})
	if status != http.StatusUnauthorized || !strings.Contains(page, "what you typed goes on") || strings.Contains(page, "123456") {
		t.Fatal(status, page)
	}
	if _, searched := b.post("/demo/search", url.Values{"q": {"48213907"}}); strings.Contains(searched, "48213907") {
		t.Error("what was searched for is shown again:", searched)
	}
	form := hidden(page)
	if form.Get("what") != `the "form"` || form.Get("sign-in") != http.MethodPost {
		t.Fatal(form)
	}
	for name, values := range anna.typed() {
		if name != "sign-in" {
			form[name] = values
		}
	}
	if status, body := b.post("/demo/undo", form); status != http.StatusConflict || !strings.Contains(body, "too late to undo") {
		t.Fatal("the form did not go on:", status, body)
	}
	for range 25 {
		b.shows("/demo/orders", http.StatusOK)
		o.clock.Skip(29 * time.Minute)
	}
	b.shows("/demo/orders", http.StatusUnauthorized)
}

func TestWhatIsDoneToPeopleCountsAtOnce(t *testing.T) {
	o := newOffice(t, nil)
	by := prepaid.By{Who: "root", Why: "a test", From: prepaid.Machine}
	_, boss := o.hires("boss@acme.example", operators.Admin)
	_, b := o.hires("anna@acme.example", operators.Support)
	anna, err := o.people().Find(t.Context(), "anna@acme.example")
	if err != nil {
		t.Fatal(err)
	}
	b.shows("/demo/orders", http.StatusOK)
	if err := o.people().SetRoles(t.Context(), anna.ID, map[string][]operators.Role{"other": {operators.Support}}, by); err == nil {
		t.Error("a role in a brand that there is not")
	}
	if err := o.people().SetRoles(t.Context(), anna.ID, nil, by); err != nil {
		t.Fatal(err)
	}
	b.shows("/demo/orders", http.StatusNotFound)
	if err := o.people().Reset(t.Context(), anna.ID, by); err != nil {
		t.Fatal(err)
	}
	b.shows("/demo/orders", http.StatusUnauthorized)
	boss.shows("/demo/orders", http.StatusOK)
}

func TestALinkLetsItsReaderIntoTheDemoOnce(t *testing.T) {
	o := newOffice(t, nil)
	link, err := o.demoLink(t.Context(), o.address)
	if err != nil {
		t.Fatal(err)
	}
	path := strings.TrimPrefix(link, o.address)
	o.secrets = append(o.secrets, path[len("/-/demo/"):])
	b := o.browser()
	for range 2 {
		b.shows(path, http.StatusOK, "Sign in as the demo")
	}
	if status, body := b.post(path, nil); status != http.StatusSeeOther {
		t.Fatal(status, body)
	}
	b.shows("/demo/orders", http.StatusOK)
	if status, _ := o.browser().post(path, nil); status != http.StatusGone {
		t.Error("it works twice:", status)
	}
	demo, err := o.people().Find(t.Context(), "demo@pulsa.example")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.people().Link(t.Context(), demo.ID, prepaid.By{Who: "root", From: prepaid.Machine}); !errors.Is(err, operators.ErrCanSignIn) {
		t.Error("the demo's person gets a password:", err)
	}
	next, err := o.demoLink(t.Context(), o.address)
	if err != nil {
		t.Fatal(err)
	}
	o.clock.Skip(time.Hour)
	o.browser().shows(strings.TrimPrefix(next, o.address), http.StatusGone)
}
