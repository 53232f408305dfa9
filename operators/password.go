package operators

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"pulsa/prepaid"
)

// What a password's hash costs: what OWASP asks of Argon2id at least.
const (
	hashMemory  = 19 * 1024 // KiB
	hashTime    = 2
	hashThreads = 1
	hashSalt    = 16
	hashLength  = 32
	// hashesAtOnce bounds the memory that guesses can take: 76 MiB.
	hashesAtOnce = 4
)

// How long a password may be. NIST SP 800-63B asks for 15 characters where it is all there is; a one-time password stands beside most of
// ours.
const (
	minPassword = 12
	maxPassword = 200
)

// Weakness is why a password is not taken.
type Weakness string

func (w Weakness) Error() string { return "the password is " + string(w) }

// The weaknesses.
const (
	TooShort  Weakness = "too short"
	TooLong   Weakness = "too long"
	TooAlike  Weakness = "too much alike"
	TooCommon Weakness = "guessed first"
)

// checkPassword returns a *FieldError where a password is too weak for a person.
func checkPassword(password prepaid.Secret, email string) error {
	text := password.Reveal()
	name, _, _ := strings.Cut(email, "@")
	lower := strings.ToLower(text)
	letters := map[rune]bool{}
	for _, r := range text {
		letters[r] = true
	}
	var wrong Weakness
	switch n := utf8.RuneCountInString(text); {
	case n < minPassword:
		wrong = TooShort
	case len(text) > maxPassword:
		wrong = TooLong
	case len(letters) < 6:
		wrong = TooAlike
	case len(name) > 3 && strings.Contains(lower, name), strings.Contains(lower, "password"), strings.Contains(lower, "wachtwoord"), strings.Contains(lower, "pulsa"):
		wrong = TooCommon
	default:
		return nil
	}
	return &FieldError{Field: "password", Err: wrong}
}

// Hasher hashes passwords, a few at once. Safe for concurrent use.
type hasher struct {
	slots chan struct{}
	none  func() string // the hash of no password: what is checked where there is no person
}

func newHasher() *hasher {
	h := &hasher{slots: make(chan struct{}, hashesAtOnce)}
	h.none = sync.OnceValue(func() string { return encodeHash(make([]byte, hashSalt), make([]byte, hashLength)) })
	return h
}

func encodeHash(salt, sum []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, hashMemory, hashTime, hashThreads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(sum))
}

// hash returns what is stored of a password. It waits for its turn, or for ctx.
func (h *hasher) hash(ctx context.Context, password prepaid.Secret) (prepaid.Secret, error) {
	salt := make([]byte, hashSalt)
	_, _ = rand.Read(salt) // crypto/rand.Read never fails since Go 1.24
	sum, err := h.derive(ctx, password, salt, hashMemory, hashTime, hashThreads)
	if err != nil {
		return prepaid.Secret{}, err
	}
	return prepaid.NewSecret(encodeHash(salt, sum)), nil
}

var errBadPasswordHash = errors.New("stored hash of a password is malformed")

// right reports whether a stored hash is the password's. An empty one takes as long, and is nobody's. It waits for its turn, or for ctx.
func (h *hasher) right(ctx context.Context, stored, password prepaid.Secret) (bool, error) {
	text := stored.Reveal()
	if text == "" {
		text = h.none()
	}
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return false, errBadPasswordHash
	}
	var memory, time uint32
	var threads uint8
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &time, &threads); err != nil || n != 3 {
		return false, errBadPasswordHash
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false, errBadPasswordHash
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[5])
	// Whoever can write to the database shall not be able to stop the program with it.
	if err != nil || memory > 1<<20 || time < 1 || time > 16 || threads < 1 || threads > 16 || len(want) != hashLength {
		return false, errBadPasswordHash
	}
	sum, err := h.derive(ctx, password, salt, memory, time, threads)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(sum, want) == 1 && !stored.Empty(), nil
}

func (h *hasher) derive(ctx context.Context, password prepaid.Secret, salt []byte, memory, time uint32, threads uint8) ([]byte, error) {
	if len(password.Reveal()) > maxPassword { // it is nobody's, and long texts cost
		password = prepaid.Secret{}
	}
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return argon2.IDKey([]byte(password.Reveal()), salt, time, memory, threads, hashLength), nil
}
