package cards

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"pulsa/prepaid"
)

// card reads one line and seals its code. Its errors quote nothing of the line: where columns were mixed up, any of them
// may be a code.
func (in importing) card(p printedCard, j Job) (Sealed, error) {
	serial := strings.TrimPrefix(p.serial, "'") // what keeps a spreadsheet from taking it for a number
	if why := spreadsheetChange(serial); why != "" {
		return Sealed{}, fmt.Errorf("serial %s", why)
	}
	series, _, ok := SplitSerial(serial)
	if !ok {
		return Sealed{}, fmt.Errorf("serial must be a series, a dash and up to %d digits: 101-00000042", maxDigits)
	}
	code, err := in.code(p)
	if err != nil {
		return Sealed{}, err
	}
	amount, err := in.amount(p)
	if err != nil {
		return Sealed{}, err
	}
	if p, err = in.withoutSlashes(p); err != nil {
		return Sealed{}, err
	}
	c := Card{Serial: serial, Brand: in.brand.Name, Series: series, Amount: amount, State: Generated, CreatedAt: j.CreatedAt, Batch: j.ID, Export: j.ID}
	if c.Reseller, err = in.reseller(p); err != nil {
		return Sealed{}, err
	}
	if err := in.readTimes(p, &c); err != nil {
		return Sealed{}, err
	}
	if err := in.readStatus(p, j, &c); err != nil {
		return Sealed{}, err
	}
	return in.s.vault.seal(c, code), nil
}

// code reads the code of a line.
func (in importing) code(p printedCard) (string, error) {
	text := strings.TrimPrefix(p.code, "'")
	if why := spreadsheetChange(text); why != "" {
		return "", fmt.Errorf("code %s", why)
	}
	code, ok := normalise(text)
	switch {
	case !ok:
		return "", fmt.Errorf("code must be %d to %d digits", minCodeLength, maxCodeLength)
	case len(code) < in.spec.CodeLength:
		return "", fmt.Errorf("code has %d digits instead of %d: a spreadsheet drops the zeros in front of a number; %s", len(code), in.spec.CodeLength, exportAnew)
	case in.brand.Cards.Luhn && !Luhn(code):
		return "", errors.New("code must end in its check digit")
	}
	return code, nil
}

// exportAnew is how to keep a spreadsheet from changing numbers.
const exportAnew = "export the cards anew, and import that file without opening it in a spreadsheet, or import its columns there as text"

var (
	scientific = regexp.MustCompile(`^[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]+$`)
	decimal    = regexp.MustCompile(`[0-9][.,]0{1,2}$`)
)

// spreadsheetChange says what a spreadsheet has made of a serial or code that it took for a number; "" for nothing.
func spreadsheetChange(text string) string {
	switch {
	case scientific.MatchString(text):
		return "is written like 9.3E+13: a spreadsheet took it for a number and has dropped digits; " + exportAnew
	case decimal.MatchString(text):
		return "ends in .0: a spreadsheet took it for a number; " + exportAnew
	}
	return ""
}

// amount reads the amount of a line, with a point or a comma, and its currency.
func (in importing) amount(p printedCard) (prepaid.Money, error) {
	currency := in.brand.Currency
	if p.currency != "" && !strings.EqualFold(p.currency, string(currency)) {
		return prepaid.Money{}, fmt.Errorf("currency must be %s", currency)
	}
	text := strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(p.amount, string(currency)), string(currency)))
	if whole, cents, ok := strings.Cut(text, ","); ok && len(cents) <= 2 && len(cents) <= currency.Decimals() { // "1,000" may be a thousand
		text = whole + "." + cents
	}
	amount, err := prepaid.ParseMoney(text, currency)
	switch {
	case err != nil:
		return amount, fmt.Errorf("amount: %w; write it like 7.50", err)
	case amount.Minor <= 0:
		return amount, errors.New("amount must be more than 0")
	}
	return amount, nil
}

// reseller finds who sells the card: whom the import is for, else whom the line names, by name or title.
func (in importing) reseller(p printedCard) (string, error) {
	if in.spec.Reseller != "" || p.reseller == "" || p.reseller == NoReseller {
		return in.spec.Reseller, nil
	}
	name, ok := in.resellers[strings.ToLower(p.reseller)]
	if !ok {
		return "", errors.New("reseller is none of the brand's: create it first (pulsa resellers create), or say who sells them all (--reseller)")
	}
	return name, nil
}

// readTimes reads when the card was made, and until when it is good.
func (in importing) readTimes(p printedCard, c *Card) (err error) {
	if p.validThrough != "" {
		if c.ExpiresAt, err = in.brand.ParseExpiry(p.validThrough); err != nil {
			return fmt.Errorf("valid through: %w", err)
		}
	}
	if p.created == "" {
		return nil
	}
	created, ok := in.when(p.created)
	if !ok || created.After(c.CreatedAt) {
		return errors.New("created must be a time that has passed, like 2027-12-31 18:00")
	}
	c.CreatedAt = created
	return nil
}

// readStatus reads what became of the card where it comes from. One that was activated or has expired there is so here.
func (in importing) readStatus(p printedCard, j Job, c *Card) error {
	past := !c.ExpiresAt.IsZero() && !c.ExpiresAt.After(j.CreatedAt)
	switch strings.ToLower(p.status) {
	case "":
		if past {
			return errPast
		}
	case "new", "green", "generated", "live": // may have expired since the file was written
	case "activated", "gray", "grey", "used", "spent":
		c.State = Spent
		if p.activated == "" {
			return nil
		}
		at, ok := in.when(p.activated)
		if !ok || at.After(j.CreatedAt) {
			return errors.New("activated must begin with a time that has passed, like 2027-12-31 18:00")
		}
		c.ActivatedAt = at
		c.ActivatedBy = in.customer(p.activated)
	case "expired", "yellow":
		if !past {
			c.ExpiresAt = j.CreatedAt // nobody says when; it was before this
		}
	case "void":
		c.State = Void
	default:
		return errors.New("status must be new, activated, expired or void")
	}
	return nil
}

const whenClock = `([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?(?: ?([AaPp])[Mm]\b)?`

var (
	whenISO = regexp.MustCompile(`([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ,]+` + whenClock + `)?`)
	whenDMY = regexp.MustCompile(`([0-9]{1,2})[-.]([0-9]{1,2})[-.]([0-9]{4})(?:[ ,]+` + whenClock + `)?`)
)

// when finds a time in a text that may say more: "2027-12-31 18:00:00 by 31612345678", "6:00 PM". With dashes or points the day may
// stand first; for slashes see dayOrder.
func (in importing) when(text string) (time.Time, bool) {
	m := whenISO.FindStringSubmatch(text)
	if m == nil {
		if m = whenDMY.FindStringSubmatch(text); m == nil {
			return time.Time{}, false
		}
		m[1], m[3] = m[3], m[1]
	}
	hour, minute, second := "0"+hourOf(m[4], m[7]), "0"+m[5], "0"+m[6]
	written := fmt.Sprintf("%s-%s-%s %s:%s:%s", m[1], lastTwo("0"+m[2]), lastTwo("0"+m[3]), lastTwo("0"+hour), lastTwo("0"+minute), lastTwo("0"+second))
	t, err := time.ParseInLocation(time.DateTime, written, in.brand.Local(in.now).Location())
	return t.UTC(), err == nil
}

// hourOf is an hour of the day, half being "a" or "p" where it is counted to twelve.
func hourOf(hour, half string) string {
	n, err := strconv.Atoi(hour)
	if err != nil || half == "" {
		return hour
	}
	n %= 12
	if strings.EqualFold(half, "p") {
		n += 12
	}
	return strconv.Itoa(n)
}

func lastTwo(digits string) string { return digits[len(digits)-2:] }

// customer finds the number in what a file says of an activation; "" where it names somebody in another way.
func (in importing) customer(activated string) prepaid.MSISDN {
	for _, word := range strings.FieldsFunc(activated, func(r rune) bool { return r == ' ' || r == ',' || r == ';' || r == '(' || r == ')' }) {
		if len(word) < 9 {
			continue
		}
		for _, number := range []string{word, "+" + word} {
			if m, err := prepaid.ParseMSISDN(number, in.brand.Country); err == nil {
				return m
			}
		}
	}
	return ""
}
