package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pulsa/developers"
	"pulsa/prepaid"
)

// developer makes a key with an account of 100 euros.
func (r *running) developer(k developers.Key) (id string, secret prepaid.Secret) {
	r.t.Helper()
	k.Brand = "demo"
	by := prepaid.By{Who: "test", Why: "test"}
	key, secret, err := r.Developers.Create(r.t.Context(), k, by)
	if err != nil {
		r.t.Fatal(err)
	}
	if _, err := r.Developers.Credit(r.t.Context(), key.ID, prepaid.Money{Minor: 10000, Currency: key.Balance.Currency}, "", by); err != nil {
		r.t.Fatal(err)
	}
	return key.ID, secret
}

// docExample is a command of docs/api.md, and the answer that it is shown with, if it is.
type docExample struct{ command, answer string }

func docExamples(t *testing.T) (all []docExample) {
	t.Helper()
	page, err := os.ReadFile("../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("(?s)```sh\n(.*?)```(?:\n```json\n(.*?)```)?").FindAllStringSubmatch(string(page), -1) {
		all = append(all, docExample{m[1], m[2]})
	}
	if len(all) < 20 {
		t.Fatalf("only %d examples", len(all))
	}
	return all
}

// TestExamplesOfTheAPIsPageWork runs each curl of docs/api.md in its order and compares the answer's form with the
// one that is shown. Where there is no curl the commands are read here.
func TestExamplesOfTheAPIsPageWork(t *testing.T) {
	r := runDemo(t, nil, nil)
	id, secret := r.developer(developers.Key{Name: "shop-backend"})
	c := newContract(t, r.server.URL)
	env := map[string]string{"PULSA": r.server.URL, "CLIENT_ID": id, "CLIENT_SECRET": secret.Reveal()}
	called := map[string]bool{}
	for _, e := range docExamples(t) {
		request := readCurl(t, e.command, env)
		called[request.Method+" "+c.pathOf(request.URL.EscapedPath())] = true
		text := runCurl(t, e.command, env)
		if text == nil {
			response, err := c.client().Do(request)
			if err != nil {
				t.Fatal(err)
			}
			text, _ = io.ReadAll(response.Body)
			_ = response.Body.Close()
		}
		var got, want any
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatalf("%s\nanswered %s", e.command, text)
		}
		if e.answer != "" {
			if err := json.Unmarshal([]byte(e.answer), &want); err != nil {
				t.Fatalf("the answer to %s is shown as no JSON: %v", e.command, err)
			}
			if difference := sameForm("", want, got); difference != "" {
				t.Errorf("%s%s\nshown is %s\nanswered %s", e.command, difference, e.answer, text)
			}
		} else if object, ok := got.(map[string]any); ok && object["errorCode"] != nil {
			t.Errorf("%s\nanswered %s", e.command, text)
		}
		if token, ok := at(got, "access_token").(string); ok {
			env["TOKEN"] = token
		}
		if n, ok := at(got, "transactionId").(float64); ok && env["TRANSACTION"] == "" {
			env["TRANSACTION"] = fmt.Sprint(int(n))
		}
	}
	for _, o := range c.operations() {
		if !called[o.name] {
			t.Errorf("docs/api.md has no example of %s", o.name)
		}
	}
}

// runCurl runs a command in bash; nil where there is no curl.
func runCurl(t *testing.T, command string, env map[string]string) []byte {
	for _, tool := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			return nil
		}
	}
	var complaint bytes.Buffer
	c := exec.CommandContext(t.Context(), "bash", "-euc", command)
	c.Stderr = &complaint
	c.Env = append(os.Environ(), "NO_PROXY=127.0.0.1")
	for name, value := range env {
		c.Env = append(c.Env, name+"="+value)
	}
	text, err := c.Output()
	if err != nil {
		t.Fatalf("%s\n%v\n%s", command, err, complaint.Bytes())
	}
	return text
}

// readCurl reads a curl command as far as docs/api.md uses it: -X, -H, -d, quotes and variables.
func readCurl(t *testing.T, command string, env map[string]string) *http.Request {
	t.Helper()
	words := shellWords(command, env)
	method, address, body := "", "", ""
	header := http.Header{}
	for i := 1; i < len(words); i++ {
		switch words[i] {
		case "-X", "-H", "-d":
			if i+1 == len(words) {
				t.Fatalf("%s: nothing after %s", command, words[i])
			}
			switch value := words[i+1]; words[i] {
			case "-X":
				method = value
			case "-H":
				name, text, _ := strings.Cut(value, ": ")
				header.Set(name, text)
			case "-d":
				body = value
			}
			i++
		default:
			if address != "" || strings.HasPrefix(words[i], "-") {
				t.Fatalf("%s: what is %s?", command, words[i])
			}
			address = words[i]
		}
	}
	if method == "" {
		method = "GET"
		if body != "" {
			method = "POST"
		}
	}
	request, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil || words[0] != "curl" {
		t.Fatalf("%s: %v", command, err)
	}
	request.Header = header
	return request
}

// shellWords splits a command as a shell does.
func shellWords(command string, env map[string]string) (words []string) {
	word, quote, in := "", rune(0), false
	command = strings.ReplaceAll(command, "\\\n", " ")
	for i := 0; i < len(command); i++ {
		switch c := rune(command[i]); {
		case quote == 0 && (c == '\'' || c == '"'):
			quote, in = c, true
		case c == quote:
			quote = 0
		case c == '$' && quote != '\'':
			name := regexp.MustCompile("^[A-Z_]+").FindString(command[i+1:])
			word, in = word+env[name], true
			i += len(name)
		case quote == 0 && (c == ' ' || c == '\n'):
			if in {
				words = append(words, word)
			}
			word, in = "", false
		default:
			word, in = word+command[i:i+1], true
		}
	}
	if in {
		words = append(words, word)
	}
	return words
}

// sameForm says where two answers differ in more than their values.
func sameForm(place string, want, got any) string {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return fmt.Sprintf("%s is no object", place)
		}
		for name := range w {
			if _, ok := g[name]; !ok {
				return fmt.Sprintf("%s.%s is missing", place, name)
			}
		}
		for name, value := range g {
			shown, ok := w[name]
			if !ok {
				return fmt.Sprintf("%s.%s is not shown", place, name)
			}
			if difference := sameForm(place+"."+name, shown, value); difference != "" {
				return difference
			}
		}
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return fmt.Sprintf("%s is not a list of %d", place, len(w))
		}
		for i := range w {
			if difference := sameForm(fmt.Sprintf("%s[%d]", place, i), w[i], g[i]); difference != "" {
				return difference
			}
		}
	default:
		if fmt.Sprintf("%T", want) != fmt.Sprintf("%T", got) {
			return fmt.Sprintf("%s is %v", place, got)
		}
	}
	return ""
}

func TestCurlIsReadAsAShellReadsIt(t *testing.T) {
	env := map[string]string{"PULSA": "http://here", "ID": "me"}
	got := shellWords("curl \"$PULSA/a?b=$ID&c\" -H 'A: $ID' \\\n  -d '{\"id\":\"'\"$ID\"'\"}'\n", env)
	want := []string{"curl", "http://here/a?b=me&c", "-H", "A: $ID", "-d", `{"id":"me"}`}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}
