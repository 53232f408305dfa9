package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"pulsa/app"
	"pulsa/app/apptest"
	"pulsa/app/config"
	"pulsa/developers"
	"pulsa/prepaid"
	"pulsa/topup"
	"pulsa/topup/reloadly"
)

// programs is how many developers' programs call at the same time.
const programs = 6

// asked is a top-up that a program has asked for, and how it was answered; "" for not at all.
type asked struct{ path, body, answer string }

// callers are developers' programs that top up while the server is killed. The simulators live and die with it.
type callers struct {
	*testing.T
	server       *process
	listen       string
	keys, tokens []string
	secrets      []prepaid.Secret

	mu     sync.Mutex
	topups [][]asked // by program
}

// TestKilledServersKeepDevelopersBooks kills the real server at the points of an order and at random moments while
// developers top up, repeats what was not answered, and holds every account against what its developer was told.
func TestKilledServersKeepDevelopersBooks(t *testing.T) { killOnEveryStore(t, killForDevelopers) }

func killForDevelopers(t *testing.T, env map[string]string) {
	c := &callers{T: t, listen: freePort(t), topups: make([][]asked, programs)}
	folder := t.TempDir()
	vars := map[string]string{"PULSA_CONFIG": filepath.Join(folder, "pulsa.yaml"), "PULSA_DATA": filepath.Join(folder, "data"),
		"PULSA_LISTEN": c.listen, "PULSA_ADMIN_LISTEN": freePort(t)}
	maps.Copy(vars, env)
	if err := os.WriteFile(vars["PULSA_CONFIG"], config.Demo, 0o600); err != nil {
		t.Fatal(err)
	}
	c.server = &process{t: t, args: []string{"serve"}, env: vars, ask: "http://" + c.listen + "/readyz"}
	t.Cleanup(c.server.kill)
	c.open(prepaid.SystemClock{}, c.makeKeys)
	c.server.start()
	c.authorise()
	stop := make(chan struct{})
	var all sync.WaitGroup
	for i := range programs {
		all.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
					c.buy(i, n)
				}
			}
		})
	}
	apptest.Await(t, "programs top up before the first kill", func() bool { return c.total() >= 2*programs }, nil)
	for _, point := range []string{"order", "charge", "charged", "delivery", "delivered", "refund"} {
		c.server.kill()
		c.server.start("PULSA_CRASH_AT=" + point)
		died(t, c.server, point)
	}
	for range 2 {
		c.server.kill()
		c.server.start()
		time.Sleep(50*time.Millisecond + rand.N(300*time.Millisecond))
	}
	close(stop)
	c.server.kill()
	all.Wait()
	clock := prepaid.NewVirtualClock(time.Now())
	c.open(clock, func(p *app.Program) { c.judge(survivor{t, p, clock}) })
}

// open opens the program over the victim's data, while no server has it.
func (c *callers) open(clock prepaid.Clock, use func(*app.Program)) {
	c.Helper()
	known := config.Supported()
	config, err := config.Load("", func(name string) string { return c.server.env[name] }, known)
	if err != nil {
		c.Fatal(err)
	}
	p, err := app.Wire(c.Context(), config, app.Wiring{Clock: clock, Log: slog.New(slog.DiscardHandler), Volatile: true})
	if err != nil {
		c.Fatal(err)
	}
	defer func() {
		if err := p.Close(); err != nil {
			c.Error(err)
		}
	}()
	use(p)
}

// deposit is what each account holds at first.
const deposit = 1_000_000

func (c *callers) makeKeys(p *app.Program) {
	by := prepaid.By{Who: "test", Why: "test"}
	for i := range programs {
		k, secret, err := p.Developers.Create(c.Context(), developers.Key{Brand: "demo", Name: fmt.Sprint("program ", i)}, by)
		if err == nil {
			_, err = p.Developers.Credit(c.Context(), k.ID, prepaid.Money{Minor: deposit, Currency: "EUR"}, "", by)
		}
		if err != nil {
			c.Fatal(err)
		}
		c.keys, c.secrets = append(c.keys, k.ID), append(c.secrets, secret)
	}
}

func (c *callers) credentials(i int) string {
	return fmt.Sprintf(`{"client_id":%q,"client_secret":%q,"grant_type":"client_credentials","audience":%q}`,
		c.keys[i], c.secrets[i].Reveal(), reloadly.LiveURL)
}

func (c *callers) authorise() {
	for i := range programs {
		text, err := post("http://"+c.listen+"/oauth/token", c.credentials(i))
		var token reloadly.Token
		if err == nil {
			err = json.Unmarshal([]byte(text), &token)
		}
		if err != nil {
			c.Fatal(err)
		}
		c.tokens = append(c.tokens, token.AccessToken) // a restart does not end it
	}
}

// hasty gives a killed server up soon.
var hasty = &http.Client{Timeout: 3 * time.Second}

// buy makes one top-up; what is not answered stays to be repeated.
func (c *callers) buy(i, n int) {
	path, end := "/topups", fmt.Sprintf("%04d", rand.IntN(8000))
	if rand.IntN(2) == 0 {
		path = "/topups-async"
	}
	switch k := rand.IntN(100); {
	case k < 25:
		end = "8001" // refused: the money goes back
	case k == 25:
		end = "8005" // held for want of our own funds
	}
	if n%8 == 1 {
		path, end = "/topups-async", "9999" // nobody's number: nothing is debited
	}
	body := fmt.Sprintf(`{"operatorId":1349,"amount":%d,"customIdentifier":"topup %d","recipientPhone":{"countryCode":"NL","number":"+316123%.1s%s"}}`,
		1+n%20, n, fmt.Sprint(10+i), end)
	answer := ""
	request, err := http.NewRequestWithContext(c.Context(), http.MethodPost, "http://"+c.listen+path, strings.NewReader(body))
	if err != nil {
		c.Error(err)
		return
	}
	request.Header.Set("Authorization", "Bearer "+c.tokens[i])
	if response, err := hasty.Do(request); err == nil {
		text, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err == nil {
			answer = string(text)
		}
		if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusBadRequest {
			c.Errorf("%s is answered %d %s", body, response.StatusCode, text)
		}
	} else if errors.Is(err, syscall.ECONNREFUSED) {
		time.Sleep(50 * time.Millisecond) // it is down, and has not heard of it
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.topups[i] = append(c.topups[i], asked{path, body, answer})
}

// total counts the top-ups that were asked for.
func (c *callers) total() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, list := range c.topups {
		n += len(list)
	}
	return n
}

// final reports whether an answer is a top-up's last word.
func (a asked) final() bool {
	return a.answer != "" && a.path == "/topups" && !strings.Contains(a.answer, `"status":"PROCESSING"`)
}

// judge repeats every request, lets everything come to rest, and repeats again.
func (c *callers) judge(s survivor) {
	open := 0
	for i := range programs {
		token := c.fresh(s, i)
		for n, a := range c.topups[i] {
			if a.answer == "" {
				open++
				c.topups[i][n].answer = c.repeat(s, a.path, token, a.body)
			}
		}
	}
	s.rest()
	s.settleByHand()
	total, failed := 0, 0
	for i := range programs {
		token, left := c.fresh(s, i), decimal.New(deposit, -2)
		for _, a := range c.topups[i] {
			total++
			answer := c.repeat(s, "/topups", token, a.body)
			if a.final() && answer != a.answer && codeOf(answer) != codeOf(a.answer) {
				s.Errorf("%s\nwas answered %s\nand is now answered %s", a.body, a.answer, answer)
			}
			var t reloadly.Transaction
			switch err := json.Unmarshal([]byte(answer), &t); {
			case err == nil && t.Status == reloadly.Successful:
				left = left.Sub(t.BalanceInfo.Cost.Value)
			case strings.Contains(answer, topup.CodeInvalidNumber) && a.path == "/topups-async":
				failed++
			case !strings.Contains(answer, `"errorCode":"T`): // refused by the operator, or refunded by hand or by time
				s.Errorf("%s ended as %s", a.body, answer)
			}
		}
		k, err := s.p.DB.Developers.Key(s.Context(), c.keys[i])
		if err != nil || !reloadly.NumberOf(k.Balance).Value.Equal(left) {
			s.Errorf("program %d has %s left, %v; what it was told comes to %s", i, k.Balance, err, left)
		}
		sold, n, err := s.p.DB.Sales.Sales(s.Context(), c.keys[i], developers.Filter{})
		if err != nil || n != len(c.topups[i]) || len(sold) != n {
			s.Errorf("program %d has %d top-ups, %v; it asked for %d", i, n, err, len(c.topups[i]))
		}
	}
	violations, err := s.p.AuditAll(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	for _, v := range violations {
		s.Error(v)
	}
	s.Logf("%d top-ups, %d of them not answered at first, %d undebited", total, open, failed)
	if open == 0 || failed == 0 || total < 2*programs {
		s.Error("too little happened to tell anything")
	}
}

// call asks the program that came after the kills.
func (c *callers) call(s survivor, path, token, body string) string {
	s.Helper()
	r := httptest.NewRequestWithContext(s.Context(), http.MethodPost, path, strings.NewReader(body))
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	if err := s.clock.Run(func() { s.p.Routes().ServeHTTP(w, r) }); err != nil {
		s.Fatal(err)
	}
	return w.Body.String()
}

func (c *callers) fresh(s survivor, i int) string {
	s.Helper()
	var token reloadly.Token
	if err := json.Unmarshal([]byte(c.call(s, "/oauth/token", "", c.credentials(i))), &token); err != nil {
		s.Fatal(err)
	}
	return token.AccessToken
}

// repeat asks again; a program that asks too often waits.
func (c *callers) repeat(s survivor, path, token, body string) string {
	s.Helper()
	answer := c.call(s, path, token, body)
	if strings.Contains(answer, "RATE_LIMIT_REACHED") {
		s.clock.AdvanceTo(s.clock.Now().Add(time.Minute))
		answer = c.call(s, path, token, body)
	}
	return answer
}

// codeOf is the code of a refusal, "" for any other answer.
func codeOf(answer string) string {
	var refused struct{ ErrorCode string }
	_ = json.Unmarshal([]byte(answer), &refused)
	return refused.ErrorCode
}
