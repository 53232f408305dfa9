package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// folderOf makes a folder of credentials. Each file has the mode 0400.
func folderOf(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o400); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestACredentialIsAFileOrAVariable(t *testing.T) {
	folder := folderOf(t, map[string]string{"TOKEN": "from the file\n", "PULSA_PIN_PEPPER_2": key32 + "2\r\n", "PULSA_CARD_KEY": key32 + "card",
		"PULSA_DATABASE_URL": "postgres://file/db\n", "PULSA_REDIS_URL": "redis://file:6379", "PULSA_LISTEN": "127.0.0.1:1", "lower": "x"})
	vars := map[string]string{"TOKEN": "from the environment", "FROM": "+31600000000", "PULSA_PIN_PEPPER": key32 + "1", "PULSA_REDIS_URL": "redis://environment:6379"}
	getenv := func(name string) string { return vars[name] }
	for name, set := range map[string]func() string{
		"by the file": func() string { return "credentials_dir: " + folder + "\n" + real },
		"by the environment": func() string {
			vars["PULSA_CREDENTIALS_DIR"], vars["CREDENTIALS_DIRECTORY"] = folder, "/nowhere"
			return "credentials_dir: /nowhere\n" + real
		},
		"by systemd": func() string {
			delete(vars, "PULSA_CREDENTIALS_DIR")
			vars["CREDENTIALS_DIRECTORY"] = folder
			return real
		},
	} {
		c, err := load(t, set(), getenv)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := fmt.Sprint(c.Brands[0].Channels[0].Secrets["auth_token"].Reveal(), "|", c.Peppers[1].Reveal(), "|", c.Peppers[2].Reveal(), "|", c.CardKeys[1].Reveal(), "|",
			c.DatabaseURL.Reveal(), "|", c.RedisURL.Reveal(), "|", c.Listen)
		if want := "from the file|" + key32 + "1|" + key32 + "2|" + key32 + "card|postgres://file/db|redis://file:6379|127.0.0.1:8080"; got != want || len(c.Notes) != 0 {
			t.Errorf("%s: %s; notes %q", name, got, c.Notes)
		}
		delete(vars, "PULSA_CREDENTIALS_DIR")
		delete(vars, "CREDENTIALS_DIRECTORY")
	}
}

func TestABadCredentialFileIsNamed(t *testing.T) {
	full := map[string]string{"TOKEN": "t", "FROM": "+31600000000", "PULSA_PIN_PEPPER": key32, "PULSA_CARD_KEY": key32}
	for name, test := range map[string]struct {
		spoil func(path string) error
		want  string
	}{
		"empty":              {func(path string) error { return os.WriteFile(path, []byte("\n"), 0o600) }, "is empty"},
		"a folder":           {func(path string) error { return os.MkdirAll(filepath.Join(path, "x"), 0o700) }, "is no file"},
		"others may change":  {func(path string) error { return os.Chmod(path, 0o620) }, "chmod 400"},
		"too long":           {func(path string) error { return os.WriteFile(path, []byte(strings.Repeat("x", 70_000)), 0o600) }, "more than 65536 bytes"},
		"others may read it": {func(path string) error { return os.Chmod(path, 0o444) }, ""},
		"gone":               {os.Remove, "TOKEN not set in the environment"},
	} {
		folder := folderOf(t, full)
		path := filepath.Join(folder, "TOKEN")
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
		if name == "a folder" {
			_ = os.Remove(path)
		}
		if err := test.spoil(path); err != nil {
			t.Fatal(err)
		}
		c, err := load(t, "credentials_dir: "+folder+"\n"+real, func(string) string { return "" })
		switch {
		case test.want == "" && err == nil:
			if !slices.ContainsFunc(c.Notes, func(note string) bool { return strings.Contains(note, path+" has mode 0444") }) {
				t.Errorf("%s: notes %q", name, c.Notes)
			}
		case err == nil || !strings.Contains(err.Error(), test.want) || name != "gone" && !strings.Contains(err.Error(), path):
			t.Errorf("%s: %v", name, err)
		}
	}
	if os.Getuid() != 0 { // who may read everything
		folder := folderOf(t, full)
		if err := os.Chmod(filepath.Join(folder, "TOKEN"), 0); err != nil {
			t.Fatal(err)
		}
		if _, err := load(t, "credentials_dir: "+folder+"\n"+real, func(string) string { return "" }); err == nil || !strings.Contains(err.Error(), "let the server's user read it") {
			t.Errorf("unreadable: %v", err)
		}
	}
	if _, err := load(t, "credentials_dir: /nowhere\n"+real, func(string) string { return "" }); err == nil || !strings.Contains(err.Error(), "1: credentials_dir: /nowhere can't be read") {
		t.Errorf("no folder: %v", err)
	}
}

func TestOnlyCredentialsThatAreNeededMustBeThere(t *testing.T) {
	text := real + "stripe: {key: \"${STRIPE_KEY}\", webhook_secret: \"${STRIPE_HOOK}\"}\nreloadly: {client_id: \"${RELOADLY_ID}\", client_secret: \"${RELOADLY_SECRET}\"}\n"
	names := map[Credentials]string{PINPepper: "PULSA_PIN_PEPPER", CardKey: "PULSA_CARD_KEY", ChannelSecrets: "TOKEN, FROM", GatewaySecrets: "STRIPE_KEY, STRIPE_HOOK",
		NetworkSecrets: "RELOADLY_ID, RELOADLY_SECRET"}
	known := Known{Gateways: []string{"psp"}, Networks: []string{"net"}, Optional: AllCredentials}
	c, err := Parse("pulsa.yaml", []byte(text), func(string) string { return "" }, known)
	if err != nil {
		t.Fatal(err)
	}
	missing := map[Credentials][]string{}
	for _, m := range c.Missing {
		missing[m.Of] = append(missing[m.Of], m.Name)
	}
	for of, want := range names {
		slices.Sort(missing[of])
		got := slices.Sorted(slices.Values(strings.Split(want, ", ")))
		if !slices.Equal(missing[of], got) || !c.Lacks(of) {
			t.Errorf("missing %q, want %q", missing[of], got)
		}
		known.Optional = AllCredentials &^ of
		_, err := Parse("pulsa.yaml", []byte(text), func(string) string { return "" }, known)
		for other, its := range names {
			for name := range strings.SplitSeq(its, ", ") {
				if told := err != nil && strings.Contains(err.Error(), name); told != (other == of) {
					t.Errorf("%s is needed, and of %s it says: %v", want, name, err)
				}
			}
		}
	}
	if err := c.OpenKeys(PINPepper); err == nil || !strings.Contains(err.Error(), "PULSA_PIN_PEPPER is not set, and brand shop is not marked test") {
		t.Errorf("a real brand's pepper is made up: %v", err)
	}
	if err := c.FindKeys(); err != nil || len(c.Peppers)+len(c.CardKeys) != 0 {
		t.Errorf("found %d keys, %v", len(c.Peppers)+len(c.CardKeys), err)
	}
}
