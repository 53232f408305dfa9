package payments_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pulsa/payments"
)

func TestIBANsAreReadAsPeopleTypeThem(t *testing.T) {
	for _, text := range []string{
		"NL91ABNA0417164300", "nl91abna0417164300", "NL91 ABNA 0417 1643 00", "NL91-ABNA-0417-1643-00", "IBAN NL91ABNA0417164300",
		"iban: nl91 abna 0417 1643 00", "NL91ABNA0417164300,", "NL91ABNA0417164300 ABNANL2A", "NL91 ABNA 0417 1643 00 BIC ABNANL2A",
		"BIC: ABNANL2AXXX, IBAN: NL91 ABNA 0417 1643 00.", "NL91ABNA0417164300 (NL91ABNA0417164300)", "IBANNL91ABNA0417164300",
		"NL91ABNA0417164300 t.n.v. J. de Vries", "my account is NL91ABNA0417164300 in the name of Pat Smith", "NL91ABNA0417164300; DROP",
		"Mijn rekeningnummer is NL91-ABNA-0417-1643-00 bij de bank", "ＮＬ９１ＡＢＮＡ０４１７１６４３００", "\u200eNL91\u00a0ABNA\u00a00417\u00a01643\u00a000",
	} {
		i, _, err := payments.ParseIBAN(text)
		if err != nil || i.Reveal() != "NL91ABNA0417164300" || i.Display() != "NL** **** 4300" {
			t.Errorf("%q: %q %s, %v", text, i.Reveal(), i.Display(), err)
		}
		if shown := fmt.Sprintf("%v %+v %#v %s", i, i, i, &i); strings.Contains(shown, "0417164300") {
			t.Errorf("prints as %s", shown)
		}
	}
}

// Examples of the ISO 13616 registry, one for each length and for letters inside.
func TestIBANsOfSEPAsCountries(t *testing.T) {
	for _, text := range []string{
		"NO9386011117947", "BE68539007547034", "DK5000400440116243", "FI2112345600000785", "SI56263300012039086", "AT611904300234573201",
		"CH9300762011623852957", "DE89370400440532013000", "GB29NWBK60161331926819", "IE29AIBK93115212345678", "GI75NWBK000000007099453",
		"ES9121000418450200051332", "SE4550000000058398257466", "PT50000201231234567890154", "IS140159260076545510730339",
		"FR1420041010050500013M02606", "IT60X0542811101000000123456", "GR1601101250000000012300695", "PL61109010140000071219812874",
		"CY17002001280000001200527600", "HU42117730161111101800000000", "MT84MALT011000012345MTLCAST001S", "LT121000011101001000",
		"RO49AAAA1B31007593840000", "BG80BNBG96611020345678", "HR1210010051863000160", "LV80BANK0000435195001", "LU280019400644750000",
		"EE382200221020145685", "SK3112000000198742637541", "CZ6508000000192000145399", "MC5811222000010123456789030",
		"SM86U0322509800000000270100", "VA59001123000012345678", "AD1200012030200359100100", "LI21088100002324013AA", "RS35260005601001611379",
		"MK07250120000058984", "ME25505000012345678951", "MD24AG000225100013104168", "AL47212110090000000235698741",
	} {
		if i, _, err := payments.ParseIBAN(text); err != nil || i.Reveal() != text {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestWrongIBANsAreRefused(t *testing.T) {
	for text, want := range map[string]error{
		"":                                      payments.ErrNoIBAN,
		"hello":                                 payments.ErrNoIBAN,
		"4111111111111111":                      payments.ErrNoIBAN,
		"91NLABNA0417164300":                    payments.ErrNoIBAN,
		"NL91":                                  payments.ErrNoIBAN,
		"XX91ABNA0417164300":                    payments.ErrNoIBAN,
		"NL91ABNA04171643é0":                    payments.ErrIBANLength,
		"NL91ABNA0417164300 NL20INGB0001234567": payments.ErrIBANs,
		"NL91ABNA0417164300 or DE89370400440532013000": payments.ErrIBANs,
		"NL91 ABNA 0417 1643 00 5":                     payments.ErrIBANLength,
		"NL91ABNA0417164300 en 0612345678":             payments.ErrIBANLength,
		"NL" + strings.Repeat("1", 40):                 payments.ErrIBANLength,
		"TR330006100519786457841326":                   payments.ErrNotSEPA,
		"AE070331234567890123456":                      payments.ErrNotSEPA,
		"NL91ABNA041716430":                            payments.ErrIBANLength,
		"NL91ABNA04171643000":                          payments.ErrIBANLength,
		"NL91ABNA0417164301":                           payments.ErrIBANChecked,
		"NL19ABNA0417164300":                           payments.ErrIBANChecked,
		"NL91ABNA0417614300":                           payments.ErrIBANChecked,
		"mijn IBAN is NL91 ABNA 0417 1643 01":          payments.ErrIBANChecked,
		"IBAN":                                         payments.ErrNoIBAN,
	} {
		if i, _, err := payments.ParseIBAN(text); !errors.Is(err, want) || !i.Empty() || i.Display() != "" {
			t.Errorf("%q: %v, want %v", text, err, want)
		}
	}
}

func TestCreditorIdentifiers(t *testing.T) {
	for _, id := range []string{"DE98ZZZ09999999999", "DE98ABC09999999999", "NL79ZZZ999999990000", "FR72ZZZ123456", "IT66ZZZA1B2C3D4E5F6G7H8", "BE69ZZZ050D000000008", "ES50ZZZM23456789"} {
		if err := payments.CheckCreditorID(id); err != nil {
			t.Errorf("%s %v", id, err)
		}
	}
	for _, id := range []string{"", "D", "DE98", "DE98ZZZ", "de98ZZZ09999999999", "DE98ZZZ09999999998", "DE89ZZZ09999999999", "US98ZZZ09999999999", "DE98 ZZZ 09999999999", "NLZZZZZ999999990000", strings.Repeat("DE98ZZZ0", 5)} {
		if err := payments.CheckCreditorID(id); err == nil {
			t.Errorf("%q is taken", id)
		}
	}
}

func TestTheHolderIsReadBesideAnIBAN(t *testing.T) {
	for text, want := range map[string]string{
		"NL91ABNA0417164300 t.n.v. J. de Vries":               "J. de Vries",
		"NL91ABNA0417164300 tnv J. de Vries":                  "J. de Vries",
		"NL91ABNA0417164300 T.N.V J. de Vries BIC ABNANL2A":   "J. de Vries",
		"NL91ABNA0417164300 ABNANL2A ten name van J de Vries": "J de Vries",
		"NL91ABNA0417164300 in the name of Pat Smith":         "Pat Smith",
		"name: Zoë O'Neill-Müller, NL91ABNA0417164300":        "Zoë O'Neill-Müller",
		"NL91ABNA0417164300 J. de Vries":                      "",
		"NL91ABNA0417164300 ABNANL2A":                         "",
		"NL91ABNA0417164300":                                  "",
	} {
		_, beside, err := payments.ParseIBAN(text)
		if got := payments.HolderBeside(beside); err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", text, got, err, want)
		}
	}
}

// The masker of transcripts asks this of every text.
func TestATextWithoutAnIBANCostsNothing(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { _, _, _ = payments.ParseIBAN("KOOP 10 4821 please, NL is nice") }); n > 0 {
		t.Errorf("%.0f allocations", n)
	}
}

func FuzzIBAN(f *testing.F) {
	for _, text := range []string{"NL91ABNA0417164300 t.n.v. J", "IBANNL91 ABNA", "nl91-abna-0417-1643-00 BIC ABNANL2A", "é NL91", "MT84MALT011000012345MTLCAST001S"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		i, beside, err := payments.ParseIBAN(text)
		if (err == nil) == i.Empty() || err == nil && strings.Contains(payments.HolderBeside(beside), i.Reveal()) {
			t.Errorf("%q: %v", text, err)
		}
		if err != nil {
			return
		}
		again, rest, err := payments.ParseIBAN(i.Reveal())
		if err != nil || again.Reveal() != i.Reveal() || strings.TrimSpace(rest) != "" {
			t.Errorf("%q: read again: %v", text, err)
		}
	})
}
