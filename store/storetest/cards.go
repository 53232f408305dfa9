package storetest

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"pulsa/cards"
	"pulsa/prepaid"
)

var cardTests = slices.Concat(oneCardTests, cardBusinessTests)

var oneCardTests = []test{
	{"a card is read by serial and by code", func(w *world) {
		c := w.card("101-1")
		same(w, "by serial", must[cards.Card](w)(w.db.Cards.CardBySerial(w.Context(), brand, "101-1")), c)
		same(w, "by code", must[cards.Card](w)(w.db.Cards.CardByMAC(w.Context(), brand, [][]byte{[]byte("old"), []byte("mac 101-1")})), c)
		_, bySerial := w.db.Cards.CardBySerial(w.Context(), "other", "101-1")
		_, byMAC := w.db.Cards.CardByMAC(w.Context(), "other", [][]byte{[]byte("mac 101-1")})
		_, byNone := w.db.Cards.CardByMAC(w.Context(), brand, nil)
		for _, err := range []error{bySerial, byMAC, byNone} {
			if !errors.Is(err, cards.ErrUnknown) {
				w.Errorf("%v; want ErrUnknown", err)
			}
		}
	}},
	{"cards whose code exists are not stored, the others are", func(w *world) {
		w.card("101-1")
		batch := make([]cards.Sealed, 2345)
		for i := range batch {
			batch[i] = sealed(fmt.Sprintf("101-%d", i+2))
		}
		batch[1].MAC = []byte("mac 101-1") // of a stored card
		batch[2300].MAC = batch[7].MAC     // of the same batch
		clashes := must[[]int](w)(w.db.Cards.SaveCards(w.Context(), batch))
		same(w, "clashes", clashes, []int{1, 2300})
		if _, err := w.db.Cards.CardBySerial(w.Context(), brand, "101-3"); !errors.Is(err, cards.ErrUnknown) {
			w.Errorf("clashing card: %v", err)
		}
		must[cards.Card](w)(w.db.Cards.CardBySerial(w.Context(), brand, "101-2346"))
		w.clean()
	}},
	{"a taken serial is an error", func(w *world) {
		w.card("101-1")
		other := sealed("101-1")
		other.MAC = []byte("other")
		if _, err := w.db.Cards.SaveCards(w.Context(), []cards.Sealed{other}); err == nil {
			w.Error("no error")
		}
	}},
	{"only a live card that is not expired is reserved", func(w *world) {
		for serial, c := range map[string]struct {
			state   cards.State
			expires time.Time
			want    bool
		}{
			"live":      {cards.Live, time.Time{}, true},
			"generated": {cards.Generated, time.Time{}, false},
			"locked":    {cards.Locked, time.Time{}, false},
			"void":      {cards.Void, time.Time{}, false},
			"expires":   {cards.Live, start.Add(time.Microsecond), true},
			"expired":   {cards.Live, start, false},
		} {
			s := sealed(serial)
			s.State, s.ExpiresAt = c.state, c.expires
			must[[]int](w)(w.db.Cards.SaveCards(w.Context(), []cards.Sealed{s}))
			same(w, serial, must[bool](w)(w.db.Cards.ReserveCard(w.Context(), brand, serial, "ORDER", start)), c.want)
		}
		if _, err := w.db.Cards.ReserveCard(w.Context(), brand, "none", "ORDER", start); !errors.Is(err, cards.ErrUnknown) {
			w.Errorf("no card: %v", err)
		}
	}},
	{"a reserved card is the order's alone until it is released", func(w *world) {
		c := w.card("101-1")
		reserve := func(o prepaid.OrderID) bool {
			return must[bool](w)(w.db.Cards.ReserveCard(w.Context(), brand, c.Serial, o, start))
		}
		release := func(o prepaid.OrderID) bool {
			return must[bool](w)(w.db.Cards.ReleaseCard(w.Context(), brand, c.Serial, o))
		}
		same(w, "first", reserve("A"), true)
		same(w, "first again", reserve("A"), true)
		same(w, "second", reserve("B"), false)
		same(w, "second has nothing to release", release("B"), true)
		same(w, "still the first's", must[cards.Card](w)(w.db.Cards.CardBySerial(w.Context(), brand, c.Serial)).Order, prepaid.OrderID("A"))
		same(w, "released", release("A"), true)
		same(w, "released again", release("A"), true)
		same(w, "stored", must[cards.Card](w)(w.db.Cards.CardBySerial(w.Context(), brand, c.Serial)), c)
		same(w, "second now", reserve("B"), true)
	}},
	{"a spent card is the order's for good", func(w *world) {
		c := w.card("101-1")
		o := w.redeemed(c.Serial)
		same(w, "reserved by it", must[bool](w)(w.db.Cards.ReserveCard(w.Context(), brand, c.Serial, o, start)), true)
		same(w, "released", must[bool](w)(w.db.Cards.ReleaseCard(w.Context(), brand, c.Serial, o)), false)
		same(w, "by another", must[bool](w)(w.db.Cards.ReserveCard(w.Context(), brand, c.Serial, "OTHER", start)), false)
	}},
	{"a declined order gets no card, however late it asks", func(w *world) {
		c := w.card("101-1")
		o := w.placed(w.purchase(w.customer(), byCard(c.Serial)))
		w.apply(declined(o))
		same(w, "reserved", must[bool](w)(w.db.Cards.ReserveCard(w.Context(), brand, c.Serial, o.ID, start)), false)
	}},
	{"equal operation keys of two senders are two wrong codes", func(w *world) {
		never := func(int) time.Time { return time.Time{} }
		for _, address := range []string{"address:tel:+31612345678", "address:telegram:3527"} {
			for range 2 {
				must[int](w)(w.db.CardTries.CountWrongCode(w.Context(), brand, []string{address, "customer:x"}, "m1", start, never))
			}
			w.tries([]string{address}, 1, time.Time{})
		}
		w.tries([]string{"customer:x"}, 2, time.Time{})
		if _, err := w.db.CardTries.CountWrongCode(w.Context(), brand, nil, "m1", start, never); err == nil {
			w.Error("nobody's wrong code was counted")
		}
	}},
	{"wrong codes are counted for each key, once per operation key", func(w *world) {
		lock := func(wrong int) time.Time {
			if wrong%2 == 0 {
				return start.Add(time.Duration(wrong) * time.Minute)
			}
			return time.Time{}
		}
		wrong := func(op string, keys ...string) int {
			return must[int](w)(w.db.CardTries.CountWrongCode(w.Context(), brand, keys, op, start, lock))
		}
		same(w, "first", wrong("a", "address"), 1)
		same(w, "repeated", wrong("a", "address"), 1)
		same(w, "second", wrong("b", "customer", "address", "customer"), 2)
		w.tries([]string{"address", "customer", "unheard of"}, 2, start.Add(2*time.Minute))
		w.tries([]string{"customer"}, 1, time.Time{})
		same(w, "third", wrong("c", "address"), 3)
		w.tries([]string{"address"}, 3, start.Add(2*time.Minute))
		same(w, "an old key still tells its own count", wrong("b", "customer", "address"), 2)
		same(w, "at the brand", must[int64](w)(w.db.CardReports.WrongCodes(w.Context(), brand, start)), int64(3))
		same(w, "later", must[int64](w)(w.db.CardReports.WrongCodes(w.Context(), brand, start.Add(time.Second))), int64(0))
	}},
	{"the order that spends a card forgives its sender's wrong codes, and no other does", func(w *world) {
		lost, won := w.card("101-1"), w.card("101-2")
		c := w.customer()
		mine, others := cards.AllTryKeys(c.MSISDN.Tel(), c.ID), cards.AllTryKeys("telegram:3527", "another")
		until := start.Add(time.Hour)
		for _, keys := range [][]string{mine, others} {
			must[int](w)(w.db.CardTries.CountWrongCode(w.Context(), brand, keys, "m1", start, func(int) time.Time { return until }))
		}
		o := w.placed(w.purchase(c, byCard(lost.Serial)))
		must[bool](w)(w.db.Cards.ReserveCard(w.Context(), brand, lost.Serial, o.ID, start))
		w.tries(mine, 1, until)
		must[bool](w)(w.db.Cards.ReleaseCard(w.Context(), brand, lost.Serial, o.ID))
		w.apply(declined(o))
		w.tries(mine, 1, until)
		o = w.placed(w.purchase(c, byCard(won.Serial)))
		must[bool](w)(w.db.Cards.ReserveCard(w.Context(), brand, won.Serial, o.ID, start))
		w.apply(charged(o))
		w.tries(mine, 1, until)
		w.apply(delivered(o))
		w.tries(mine, 0, time.Time{})
		w.tries(others, 1, until)
	}},
}

func (w *world) tries(keys []string, wantWrong int, wantUntil time.Time) {
	w.Helper()
	wrong, until, err := w.db.CardTries.CardTries(w.Context(), brand, keys)
	if err != nil || wrong != wantWrong || !until.Equal(wantUntil) {
		w.Errorf("%v: %d until %s, %v; want %d until %s", keys, wrong, until, err, wantWrong, wantUntil)
	}
}

func sealed(serial string) cards.Sealed {
	return cards.Sealed{
		Card: cards.Card{Serial: serial, Brand: brand, Series: "101", Amount: eur(1000), State: cards.Live, Reseller: "kiosk",
			CreatedAt: start, ExpiresAt: start.AddDate(1, 0, 0), ReleasedAt: start},
		MAC: []byte("mac " + serial), Ciphertext: []byte("sealed " + serial), KeyVersion: 1,
	}
}

// card stores a live card.
func (w *world) card(serial string) cards.Card {
	w.Helper()
	s := sealed(serial)
	if clashes := must[[]int](w)(w.db.Cards.SaveCards(w.Context(), []cards.Sealed{s})); len(clashes) > 0 {
		w.Fatal("code exists")
	}
	return s.Card
}

// redeemed spends a card.
func (w *world) redeemed(serial string) prepaid.OrderID {
	w.Helper()
	o := w.placed(w.purchase(w.customer(), byCard(serial)))
	if !must[bool](w)(w.db.Cards.ReserveCard(w.Context(), brand, serial, o.ID, start)) {
		w.Fatal("not reserved")
	}
	w.apply(charged(o))
	w.apply(delivered(o))
	return o.ID
}
