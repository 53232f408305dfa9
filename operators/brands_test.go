package operators_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/store/storetest"
)

// office is the operations on brands over a store of their own. Settings are lines "field: value" here.
type office struct {
	*testing.T
	operators.Brands
	reached
}

// reached is whom settings reach, as a test says.
type reached struct {
	languages, channels map[string]int
	open                []operators.OpenConversation
}

func (r *reached) LanguagesOf(context.Context, string) (map[string]int, error) {
	return r.languages, nil
}
func (r *reached) ChannelsOf(context.Context, string) (map[string]int, error) { return r.channels, nil }
func (r *reached) OpenConversations(context.Context, string) ([]operators.OpenConversation, error) {
	return r.open, nil
}

var errTitle = errors.New("has no title")

// readLines is a BrandReader of lines.
func readLines(file string, text []byte, brand string) ([]operators.BrandText, error) {
	read := operators.BrandText{Brand: &prepaid.Brand{Name: brand, Currency: "EUR"}, Fields: map[string]string{}}
	for line := range strings.Lines(string(text)) {
		field, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch {
		case strings.HasPrefix(field, "#"):
		case field == "brand":
			read.Brand.Name = value
		case field == "parent":
			read.Parent, _ = strconv.Atoi(value)
		default:
			read.Text += line
			read.Fields[field] = value
		}
	}
	read.Brand.Languages = strings.Fields(read.Fields["languages"])
	for _, name := range strings.Fields(read.Fields["channels"]) {
		read.Brand.Channels = append(read.Brand.Channels, prepaid.ChannelConfig{Name: name})
	}
	most, _ := strconv.ParseInt(read.Fields["max"], 10, 64)
	read.Brand.Amounts = prepaid.AmountRange{Min: prepaid.Money{Minor: 1000, Currency: "EUR"}, Max: prepaid.Money{Minor: most, Currency: "EUR"}}
	if read.Fields["title"] == "" {
		return []operators.BrandText{read}, fmt.Errorf("%s: %w", file, errTitle)
	}
	return []operators.BrandText{read}, nil
}

func newOffice(t *testing.T) *office {
	o := &office{T: t}
	o.Brands = operators.Brands{
		Store: storetest.SQLite(t).Brands, Read: readLines, Reach: &o.reached, Clock: prepaid.NewVirtualClock(start),
		FileNote: func(string) string { return "" },
		File: func(brand string, version int, about, text string) string {
			return fmt.Sprintf("# %s\nbrand: %s\nparent: %d\n%s", about, brand, version, text)
		},
	}
	return o
}

const shop = "title: Shop\nmax: 5000\nlanguages: en nl\nchannels: sms telegram\n"

func (o *office) apply(text string, over int) (operators.Published, error) {
	return o.Apply(o.Context(), operators.Application{File: "shop.yaml", Text: []byte(text), Brand: brandName, Over: over}, operator)
}

// published applies a text that must be taken.
func (o *office) published(text string, over int) operators.Published {
	o.Helper()
	done, err := o.apply(text, over)
	if err != nil {
		o.Fatal(err)
	}
	return done
}

func TestAFileThatWasShownIsChangedAndApplied(t *testing.T) {
	o := newOffice(t)
	if done := o.published(shop, 0); done.Version != 1 || len(done.Changes) != 4 {
		t.Errorf("a new brand: %+v", done)
	}
	file, err := o.Show(t.Context(), brandName, 0)
	if err != nil {
		t.Fatal(err)
	}
	done := o.published(strings.Replace(file, "5000", "9000", 1), 0)
	want := operators.Published{Brand: brandName, Version: 2, Changes: []operators.FieldChange{{Field: "max", Old: "5000", New: "9000"}}}
	if diff := cmp.Diff(want, done); diff != "" {
		t.Error(diff)
	}
	if done := o.published(strings.Replace(file, "5000", "9000", 1), 0); !done.Nothing || done.Version != 2 {
		t.Errorf("what is in force already: %+v", done)
	}
	rows, err := o.Versions(t.Context(), brandName)
	if err != nil || len(rows) != 2 || rows[0].State != "in force" || rows[0].Parent != 1 || rows[1].State != "was in force" {
		t.Errorf("versions %+v, %v", rows, err)
	}
}

func TestTheSecondOfTwoSeesTheFirstsDifference(t *testing.T) {
	o := newOffice(t)
	o.published(shop, 0)
	file, _ := o.Show(t.Context(), brandName, 0)
	o.published(strings.Replace(file, "5000", "9000", 1), 0)
	_, err := o.apply(strings.Replace(file, "Shop", "Store", 1), 0)
	var overtaken *operators.OvertakenError
	if !errors.As(err, &overtaken) || overtaken.InForce.Version != 2 || overtaken.Parent != 1 {
		t.Fatalf("the second: %v", err)
	}
	if diff := cmp.Diff([]operators.FieldChange{{Field: "max", Old: "5000", New: "9000"}}, overtaken.Changes); diff != "" {
		t.Error(diff)
	}
	if _, err := o.apply(shop, 0); !errors.Is(err, operators.ErrOvertaken) {
		t.Errorf("a file that does not say what it was made from: %v", err)
	}
	if done := o.published(strings.Replace(file, "Shop", "Store", 1), 2); done.Version != 3 {
		t.Errorf("over what is in force: %+v", done)
	}

	var all sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		all.Go(func() { _, errs[i] = o.apply(shop+fmt.Sprintf("n: %d\n", i), 3) })
	}
	all.Wait()
	if n := len(slices.DeleteFunc(errs, func(err error) bool { return errors.As(err, &overtaken) })); n != 1 {
		t.Errorf("%d of 8 were published at once, want 1: %v", n, errs)
	}
}

func TestADraftIsPublishedOnceItsParentIsInForce(t *testing.T) {
	o := newOffice(t)
	draft := func(text string) int {
		t.Helper()
		done, err := o.Apply(t.Context(), operators.Application{File: "f", Text: []byte(text), Brand: brandName, Draft: true, Over: 1}, operator)
		if err != nil || !done.Draft {
			t.Fatalf("%+v, %v", done, err)
		}
		return done.Version
	}
	o.published(shop, 0)
	first, second := draft(strings.Replace(shop, "5000", "7000", 1)), draft(strings.Replace(shop, "5000", "9000", 1))
	if rows, err := o.List(t.Context()); err != nil || rows[0].Version != 1 || !slices.Equal(rows[0].Drafts, []int{first, second}) {
		t.Errorf("listed %+v, %v", rows, err)
	}
	if done, err := o.Publish(t.Context(), brandName, first, 0, operator); err != nil || done.Version != first {
		t.Errorf("publish: %+v, %v", done, err)
	}
	if _, err := o.Publish(t.Context(), brandName, second, 0, operator); !errors.As(err, new(*operators.OvertakenError)) {
		t.Errorf("the other draft: %v", err)
	}
	if done, err := o.Publish(t.Context(), brandName, second, first, operator); err != nil || done.Version != second {
		t.Errorf("over the first: %+v, %v", done, err)
	}
	if done, err := o.Publish(t.Context(), brandName, second, 0, operator); err != nil || !done.Nothing {
		t.Errorf("again: %+v, %v", done, err)
	}
	done, err := o.Revert(t.Context(), brandName, 0, operator)
	if err != nil || done.Version != second+1 || len(done.Changes) != 1 || done.Changes[0].New != "7000" {
		t.Errorf("revert: %+v, %v", done, err)
	}
	if changes, err := o.Diff(t.Context(), brandName, 1, 0); err != nil || len(changes) != 1 || changes[0].Old != "5000" {
		t.Errorf("diff: %v, %v", changes, err)
	}
	if _, err := o.Publish(t.Context(), brandName, 99, 0, operator); !errors.Is(err, operators.ErrNoVersion) {
		t.Errorf("no such version: %v", err)
	}
}

func TestWhatIsWrongIsRefusedWholeAndChangesNothing(t *testing.T) {
	o := newOffice(t)
	o.published(shop+"currency: EUR\ncountry: NL\n", 0)
	for name, text := range map[string]string{
		"currency": shop + "currency: USD\ncountry: NL\n",
		"country":  shop + "currency: EUR\ncountry: BE\n",
		"test":     shop + "currency: EUR\ncountry: NL\ntest: true\n",
	} {
		var fixed *operators.FixedError
		if _, err := o.apply(text, 1); !errors.As(err, &fixed) || fixed.Change.Field != name {
			t.Errorf("another %s: %v", name, err)
		}
	}
	if _, err := o.apply("max: 1\n", 1); !errors.Is(err, errTitle) || !strings.Contains(err.Error(), "shop.yaml") {
		t.Errorf("no title: %v", err)
	}
	if _, err := o.Apply(t.Context(), operators.Application{File: "f", Text: []byte(shop), Brand: brandName, Over: 1}, prepaid.By{Who: "ola"}); !errors.Is(err, operators.ErrNoReason) {
		t.Errorf("no reason: %v", err)
	}
	if _, err := o.Withdraw(t.Context(), "shpo", operator); !errors.As(err, new(*operators.UnknownBrandError)) {
		t.Errorf("no such brand: %v", err)
	}
	if rows, err := o.Versions(t.Context(), brandName); err != nil || len(rows) != 1 {
		t.Errorf("versions %+v, %v", rows, err)
	}
}

func TestAWithdrawnBrandIsSoldAgain(t *testing.T) {
	o := newOffice(t)
	o.published(shop, 0)
	o.open = []operators.OpenConversation{{Channel: "sms"}}
	done, err := o.Withdraw(t.Context(), brandName, operator)
	if err != nil || len(done.Stranded) != 1 || done.Stranded[0].What != "conversation under way" {
		t.Fatalf("%+v, %v", done, err)
	}
	if done, err := o.Withdraw(t.Context(), brandName, operator); err != nil || !done.Nothing {
		t.Errorf("again: %+v, %v", done, err)
	}
	if rows, err := o.List(t.Context()); err != nil || rows[0].State != "withdrawn" {
		t.Errorf("%+v, %v", rows, err)
	}
	if done, err := o.Publish(t.Context(), brandName, 1, 0, operator); err != nil || done.Version != 1 || done.Nothing {
		t.Errorf("sold again: %+v, %v", done, err)
	}
	if rows, err := o.List(t.Context()); err != nil || rows[0].State != "in force" {
		t.Errorf("%+v, %v", rows, err)
	}
}

func TestTheOnlyBrandNeedsNoName(t *testing.T) {
	o := newOffice(t)
	o.published(shop, 0)
	o.FileNote = func(brand string) string { return "the next start takes the file of " + brand }
	o.published(strings.Replace(shop, "5000", "9000", 1), 1)
	done, err := o.Revert(t.Context(), "", 0, operator)
	if want := "Version 3 of brand demo is in force: every running copy works with it within 5s.\n  max: 9000 -> 5000\n" +
		"note: the next start takes the file of demo\n"; err != nil || done.Text() != want {
		t.Errorf("%v, %q", err, done.Text())
	}
	if rows, err := o.Versions(t.Context(), ""); err != nil || len(rows) != 3 {
		t.Errorf("%+v, %v", rows, err)
	}
	if changes, err := o.Diff(t.Context(), "", 1, 2); err != nil || len(changes) != 1 {
		t.Errorf("%v, %v", changes, err)
	}
	for range 2 { // the second time it is withdrawn already
		if done, err = o.Withdraw(t.Context(), "", operator); err != nil {
			t.Fatal(err)
		}
	}
	if done.Text() != "Brand demo is withdrawn already.\n" {
		t.Error(done.Text())
	}
	if _, err := o.Apply(t.Context(), operators.Application{File: "b.yaml", Text: []byte(shop), Brand: "other"}, operator); err != nil {
		t.Fatal(err)
	}
	var field *operators.FieldError
	if _, err := o.Show(t.Context(), "", 0); !errors.As(err, &field) || !slices.Equal(field.Known, []string{"demo", "other"}) {
		t.Errorf("one of two: %v", err)
	}
}

func TestWhomAChangeStrandsIsSaid(t *testing.T) {
	o := newOffice(t)
	o.published(shop, 0)
	o.languages, o.channels = map[string]int{"en": 5, "nl": 3}, map[string]int{"telegram": 2}
	o.open = []operators.OpenConversation{{Channel: "telegram"}, {Channel: "sms", Minor: 4000}, {Channel: "sms", Minor: 1000}}
	done := o.published("title: Shop\nmax: 2000\nlanguages: en\nchannels: sms\n", 1)
	var said []string
	for _, s := range done.Stranded {
		said = append(said, s.String())
	}
	want := []string{
		"3 customers with language nl: they are answered in en",
		"2 addresses linked on channel telegram: late news goes to another address of theirs, or to `pulsa customers untold`",
		"1 conversation under way on channel telegram: they end; orders under way are brought to their end",
		"1 purchase under way of an amount that is not sold any more: they are told what is sold, and asked for another amount",
	}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Error(diff)
	}
	if done := o.published(shop, 2); len(done.Stranded) != 0 {
		t.Errorf("what is added strands nobody: %v", done.Stranded)
	}
}
