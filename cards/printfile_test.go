package cards_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"golang.org/x/crypto/ssh"

	"pulsa/cards"
	"pulsa/prepaid"
)

// into is a file that is always safe.
func into(out *bytes.Buffer) func(func(io.Writer) error) error {
	return func(write func(io.Writer) error) error {
		out.Reset()
		return write(out)
	}
}

func (w world) startExport(t *testing.T, f cards.Filter, e cards.ExportSpec) cards.Job {
	t.Helper()
	p, err := w.PreviewExport(t.Context(), f, true)
	if err != nil {
		t.Fatal(err)
	}
	j, err := w.StartExport(t.Context(), p, e, prepaid.By{Who: "ann", Why: "printed at home"})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func TestAPrintFileIsForItsRecipientAloneAndWrittenOnce(t *testing.T) {
	w := newWorld(t)
	made, codes := w.batch(t, cards.GenerateRequest{
		Brand: "demo", Amount: tenEuros, Quantity: 60, Series: "101", ExpiresAt: time.Date(2027, 12, 31, 0, 0, 0, 0, time.UTC),
	})
	printer, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	f := cards.Filter{Brand: "demo", Batch: made[0].Batch}
	j := w.startExport(t, f, cards.ExportSpec{Recipients: []string{printer.Recipient().String()}})
	var file bytes.Buffer
	j, export, err := w.ResumeExport(t.Context(), j, into(&file), nil)
	if err != nil || export.Cards != 60 || j.State != cards.JobDone {
		t.Fatalf("%+v, %v", export, err)
	}
	if bytes.Contains(file.Bytes(), []byte(codes[0])) || bytes.Contains(file.Bytes(), []byte(made[0].Serial)) {
		t.Error("the file is not encrypted")
	}
	clear, err := age.Decrypt(&file, printer)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(clear)
	lines := strings.Split(string(text), "\r\n")
	if err != nil || len(lines) != 63 || lines[0] != "serial,code,amount,currency,valid_through" ||
		lines[60] != "101-00000060,"+codes[59]+",10.00,EUR,2027-12-30" || lines[61] != "total,60,sha256,"+export.Checksum+"," {
		t.Errorf("%d lines, %v", len(lines), err)
	}
	if _, _, err := w.ResumeExport(t.Context(), j, into(&file), nil); err == nil {
		t.Error("written again")
	}
	if p, err := w.PreviewExport(t.Context(), f, true); err != nil || p.Cards() != 0 {
		t.Errorf("%d cards can be exported again, %v", p.Cards(), err)
	}
}

func TestAPrintFileIsOpenedByTheSSHKeysItIsFor(t *testing.T) {
	w := newWorld(t)
	made, codes := w.batch(t, cards.GenerateRequest{Brand: "demo", Amount: tenEuros, Quantity: 1, Series: "101"})
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	big, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	var recipients []string
	for _, key := range []any{public, &big.PublicKey} {
		of, err := ssh.NewPublicKey(key)
		if err != nil {
			t.Fatal(err)
		}
		recipients = append(recipients, string(ssh.MarshalAuthorizedKey(of))) // a line of id_ed25519.pub
	}
	j := w.startExport(t, cards.Filter{Brand: "demo", Batch: made[0].Batch}, cards.ExportSpec{Recipients: recipients})
	var file bytes.Buffer
	if _, _, err := w.ResumeExport(t.Context(), j, into(&file), nil); err != nil {
		t.Fatal(err)
	}
	first, err := agessh.NewEd25519Identity(private)
	if err != nil {
		t.Fatal(err)
	}
	second, err := agessh.NewRSAIdentity(big)
	if err != nil {
		t.Fatal(err)
	}
	for _, identity := range []age.Identity{first, second} {
		clear, err := age.Decrypt(bytes.NewReader(file.Bytes()), identity)
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(clear); err != nil || !strings.Contains(string(text), codes[0]) {
			t.Errorf("%d bytes, %v", len(text), err)
		}
	}
}

func TestAnExportThatFailsIsMadeAnewByItsOwnJobAlone(t *testing.T) {
	w := newWorld(t)
	made, _ := w.batch(t, cards.GenerateRequest{Brand: "demo", Amount: tenEuros, Quantity: 3, Series: "101"})
	f := cards.Filter{Brand: "demo", Batch: made[0].Batch}
	j := w.startExport(t, f, cards.ExportSpec{Plaintext: true})
	full := errors.New("disk full")
	j, _, err := w.ResumeExport(t.Context(), j, func(write func(io.Writer) error) error {
		return errors.Join(write(io.Discard), full)
	}, nil)
	if !errors.Is(err, full) || j.State != cards.UnderWay {
		t.Fatalf("%v, %s", err, j.State)
	}
	if p, err := w.PreviewExport(t.Context(), f, true); err != nil || p.Cards() != 0 {
		t.Errorf("another export takes %d, %v", p.Cards(), err)
	}
	if j, err = w.Job(t.Context(), j.ID); err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if _, export, err := w.ResumeExport(t.Context(), j, into(&file), nil); err != nil || export.Cards != 3 {
		t.Errorf("%+v, %v", export, err)
	}
}

func TestExportsThatAreRefused(t *testing.T) {
	w := newWorld(t)
	w.batch(t, cards.GenerateRequest{Brand: "demo", Amount: tenEuros, Quantity: 3, Series: "101"})
	p, err := w.PreviewExport(t.Context(), cards.Filter{Brand: "demo"}, true)
	if err != nil {
		t.Fatal(err)
	}
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	for want, tt := range map[string]struct {
		e   cards.ExportSpec
		why string
	}{
		"to whom":             {cards.ExportSpec{}, "x"},
		"say why":             {cards.ExportSpec{Plaintext: true}, ""},
		"not both":            {cards.ExportSpec{Plaintext: true, Recipients: []string{identity.Recipient().String()}}, "x"},
		"secret key":          {cards.ExportSpec{Recipients: []string{identity.String()}}, ""},
		"no recipient of age": {cards.ExportSpec{Recipients: []string{"age1xyz"}}, ""},
		"no SSH key":          {cards.ExportSpec{Recipients: []string{"ssh-ed25519 AAAAC3Nza jo@printer"}}, ""},
		"is a secret key":     {cards.ExportSpec{Recipients: []string{"-----BEGIN OPENSSH PRIVATE KEY-----\nAGE-SECRET\n"}}, ""},
	} {
		if _, err := w.StartExport(t.Context(), p, tt.e, prepaid.By{Who: "ann", Why: tt.why}); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "AGE-SECRET") {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func (w world) take(t *testing.T, text string) (cards.Job, error) {
	t.Helper()
	return w.Import(t.Context(), cards.ImportRequest{Brand: "demo", By: prepaid.By{Who: "ann", Why: "moved"}}, strings.NewReader(text), nil)
}

func TestAPrintFileCanBeImported(t *testing.T) {
	from, to := newWorld(t), newWorld(t)
	_, codes := from.batch(t, cards.GenerateRequest{Brand: "demo", Amount: tenEuros, Quantity: 3, Series: "101"})
	var file bytes.Buffer
	j := from.startExport(t, cards.Filter{Brand: "demo"}, cards.ExportSpec{Plaintext: true})
	if _, _, err := from.ResumeExport(t.Context(), j, into(&file), nil); err != nil {
		t.Fatal(err)
	}
	j, err := to.take(t, file.String())
	if err != nil || j.Total != 3 || j.State != cards.JobDone {
		t.Fatalf("%+v, %v", j, err)
	}
	c, err := to.Find(t.Context(), "demo", prepaid.NewSecret(codes[1]), []string{"a"}, "m")
	if !errors.Is(err, cards.ErrNotLive) || c.Serial != "101-00000002" || c.Batch != j.ID || c.Export != j.ID {
		t.Errorf("%+v, %v", c, err)
	}
	if made, _ := to.batch(t, cards.GenerateRequest{Brand: "demo", Amount: tenEuros, Quantity: 1, Series: "101"}); made[0].Serial != "101-00000004" {
		t.Errorf("the next serial is %s", made[0].Serial)
	}
	changed := strings.Replace(file.String(), "10.00", "90.00", 1)
	if _, err := newWorld(t).take(t, changed); err == nil || !strings.Contains(err.Error(), "line 5: has another checksum") {
		t.Errorf("changed: %v", err)
	}
}

func TestImportsSayWhatIsWrongByLineAndStoreNothing(t *testing.T) {
	const header = "serial,code,amount,currency,valid through\n"
	for want, text := range map[string]string{
		"the file must be CSV":                      "hello world\nthis is no CSV\n",
		"must be CSV":                               "",
		"the file has no cards":                     header,
		"line 2: has 2 columns instead of 5":        header + "101-1,11111111111111\n",
		"line 3: serial must be a series":           header + "101-1,11111111111111,10,EUR,\nx,22222222222222,10,EUR,\n",
		"line 2: code must be 5 to 32 digits":       header + "101-1,1111,10,EUR,\n",
		"line 2: amount: not an amount":             header + "101-1,11111111111111,ten,EUR,\n",
		"line 2: amount must be more than 0":        header + "101-1,11111111111111,0,EUR,\n",
		"line 2: currency must be EUR":              header + "101-1,11111111111111,10,USD,\n",
		"line 2: valid through: write a day":        header + "101-1,11111111111111,10,EUR,soon\n",
		"line 2: expiry must be in the future":      header + "101-1,11111111111111,10,EUR,2020-01-01\n",
		"line 4: has the same code as line 2":       header + "101-1,11111111111111,10,EUR,\n\n101-2,1111-1111-1111-11,10,EUR,\n",
		"line 3: has the same serial as line 2":     header + "101-1,11111111111111,10,EUR,\n101-1,22222222222222,10,EUR,\n",
		"line 2: a card with serial 77-1 exists":    header + "77-1,11111111111111,10,EUR,\n",
		"line 2: a card with this code exists":      header + "101-1,77777777777777,10,EUR,\n",
		"line 3: says \"2\" cards, but there are 1": header + "101-1,11111111111111,10,EUR,\ntotal,2,sha256,x,\n",
		"line 2: is not CSV":                        header + "\"101-1,11111111111111\n",
		"line 2: serial must be":                    header + "11111111111111,101-1,10,EUR,\n",
		"line 2: amount: not":                       header + "101-1,22222222222222,1111 1111 1111 11,EUR,\n",
		"line 2: valid through: write":              header + "101-1,22222222222222,10,EUR,11111111111111\n",
		"line 5: stands behind the line of totals":  header + "101-1,11111111111111,10,EUR,\ntotal,1,sha256,x,\n\n101-2,22222222222222,10,EUR,\n",
		"two columns named code":                    "serial,code,code,amount\n",
	} {
		w := newWorld(t)
		w.add(t, "77-1", "77777777777777")
		_, err := w.take(t, text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %s", err, want)
			continue
		}
		for _, code := range []string{"11111111111111", "22222222222222", "77777777777777"} {
			if strings.Contains(err.Error(), code) {
				t.Errorf("a code shows: %v", err)
			}
		}
		if b, err := w.Balances(t.Context(), cards.Filter{Brand: "demo"}, cards.ByNothing); err != nil || b[0].Issued.Cards != 1 {
			t.Errorf("%s: %+v, %v", want, b, err)
		}
	}
}

func TestAnInterruptedImportGoesOnWithTheSameFile(t *testing.T) {
	w := newWorld(t)
	var text strings.Builder
	text.WriteString("Serial, Code ,AMOUNT\r\n")
	for i := range 120 {
		fmt.Fprintf(&text, "9-%d,%014d,10\r\n", i+1, i)
	}
	ctx, progress := cut(1)
	_, err := w.Import(ctx, cards.ImportRequest{Brand: "demo", By: prepaid.By{Who: "ann"}}, strings.NewReader(text.String()), progress)
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if p, err := w.PreviewEdit(t.Context(), cards.Filter{Brand: "demo"}, cards.Change{Action: cards.Release}, true); err != nil || p.Cards() != 0 {
		t.Errorf("%d can be released, %v", p.Cards(), err)
	}
	w.reseller(t, "kiosk")
	other := cards.ImportRequest{Brand: "demo", Reseller: "kiosk", By: prepaid.By{Who: "ann"}}
	if _, err := w.Import(t.Context(), other, strings.NewReader(text.String()), nil); err == nil || !strings.Contains(err.Error(), `begun with reseller ""`) {
		t.Errorf("for another reseller: %v", err)
	}
	j, err := w.take(t, text.String())
	if err != nil || j.Done != 120 || j.State != cards.JobDone {
		t.Fatalf("%+v, %v", j, err)
	}
	jobs, err := w.Jobs(t.Context(), "demo", false)
	if err != nil || len(jobs) != 2 { // one created the reseller
		t.Errorf("%+v, %v", jobs, err)
	}
	if _, err := w.take(t, text.String()); err == nil || !strings.HasSuffix(err.Error(), "\nand 20 faults more") {
		t.Errorf("again: %v", err) // one fault a line, though serial and code are taken
	}
	if j, err := w.take(t, "serial,code,amount,currency\n8-1,88888888888888,10,eur\n"); err != nil || j.Done != 1 {
		t.Errorf("a currency in small letters: %v", err)
	}
}
