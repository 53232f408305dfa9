package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Credentials is a set of credentials, by what they are for.
type Credentials uint8

// The credentials that a configuration may name, or that are read without being named.
const (
	PINPepper      Credentials = 1 << iota
	CardKey                    // PULSA_CARD_KEY
	ChannelSecrets             // those of the brands' channels
	GatewaySecrets             // stripe, simulator
	NetworkSecrets             // reloadly
	DeskSecrets                // desk.oidc, desk.notify

	NoCredentials  Credentials = 0
	AllCredentials             = PINPepper | CardKey | ChannelSecrets | GatewaySecrets | NetworkSecrets | DeskSecrets
)

// Missing is a credential that is not there, and that was not asked for either.
type Missing struct {
	Of   Credentials
	Name string // of the variable, or the file
	Text string // which says where it is named: "pulsa.yaml:12: auth_token: TWILIO_AUTH_TOKEN is not set in the environment"
}

// Lacks reports whether credentials of a kind are missing.
func (c Config) Lacks(of Credentials) bool {
	return slices.ContainsFunc(c.Missing, func(m Missing) bool { return m.Of == of })
}

// lacks tells of a credential that is not there: a fault, unless it may be missing. Line 0 is of what no line names.
func (r *configReader) lacks(of Credentials, line int, name, format string, args ...any) {
	if r.known.Optional&of == 0 {
		r.fault(line, format, args...)
		return
	}
	where := ""
	if line > 0 {
		where = fmt.Sprintf("%s:%d: ", r.file, line)
	}
	r.missing = append(r.missing, Missing{of, name, where + fmt.Sprintf(format, args...)})
}

// notSet is how messages say where a credential was looked for.
func (r *configReader) notSet() string {
	if r.folder == "" {
		return "not set in the environment"
	}
	return "not set in the environment, nor a file in " + r.folder
}

// maxCredential is longer than any, and short enough to read at once.
const maxCredential = 64 << 10

// openCredentials lets what is secret be read from files: from then on a file in the folder wins over the variable of its name. What
// only says where the program listens and the like is no credential.
func (r *configReader) openCredentials(folder value) {
	r.folder = folder.or(r.getenv("CREDENTIALS_DIRECTORY"))
	if r.folder == "" {
		return
	}
	if info, err := os.Stat(r.folder); err != nil || !info.IsDir() {
		if err == nil {
			err = errors.New("it is no folder")
		}
		r.fault(folder.line, "credentials_dir: %s can't be read: %v", r.folder, err)
		return
	}
	getenv, read := r.getenv, map[string]string{}
	r.getenv = func(name string) string {
		if isSetting(name) || !fileName.MatchString(name) {
			return getenv(name)
		}
		text, known := read[name]
		if !known {
			var there bool
			if text, there = r.credentialFile(filepath.Join(r.folder, name)); !there {
				text = getenv(name)
			}
			read[name] = text
		}
		return text
	}
}

// credentialFile reads one file, less the line break at its end, and reports whether there is one.
func (r *configReader) credentialFile(path string) (text string, there bool) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", false
	}
	if err != nil {
		r.fault(0, "%v: let the server's user read it, or remove it", err)
		return "", true
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		r.fault(0, "%v", err)
		return "", true
	}
	switch mode := info.Mode().Perm(); {
	case !info.Mode().IsRegular():
		r.fault(0, "%s is no file: a credential is one file", path)
		return "", true
	case mode&0o022 != 0:
		r.fault(0, "%s has mode %04o, so that others may change it: chmod 400 %s", path, mode, path)
		return "", true
	case mode&0o004 != 0:
		r.notes = append(r.notes, fmt.Sprintf("%s has mode %04o, so that everybody on this machine may read it: chmod 400, unless this is a container", path, mode))
	}
	content, err := io.ReadAll(io.LimitReader(f, maxCredential+1))
	text = strings.TrimRight(string(content), "\r\n")
	switch {
	case err != nil:
		r.fault(0, "%v", err)
	case len(content) > maxCredential:
		r.fault(0, "%s has more than %d bytes: a credential is one line", path, maxCredential)
	case text == "":
		r.fault(0, "%s is empty: write the credential into it, or remove it", path)
	default:
		return text, true
	}
	return "", true
}
