package app

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"pulsa/app/apptest"
	"pulsa/conversation"
	"pulsa/operators"
)

// TestWhatIsOldIsArchivedAndForgotten lets the server run on after a conversation: its workers do the rest, one copy at a time.
func TestWhatIsOldIsArchivedAndForgotten(t *testing.T) {
	t.Parallel()
	r := runWired(t, nil, nil, Wiring{Clock: apptest.NewSkipClock()})
	clock := r.Clock.(*apptest.SkipClock)
	transcript := conversation.Transcript{Sender: "demo/fake/tel:+31612345678", MessageID: "m", At: clock.Now(), Entry: []byte("{}")}
	if err := r.DB.Transcripts.SaveTranscripts(t.Context(), []conversation.Transcript{transcript}); err != nil {
		t.Fatal(err)
	}
	rows := func(table string) (n int) {
		if err := r.DB.Writer().GetContext(t.Context(), &n, "SELECT COUNT(*) FROM "+table); err != nil {
			t.Fatal(err)
		}
		return n
	}
	nextHour := func() { clock.Skip(time.Hour) } // a job that was at work when the time went on sleeps for an hour
	clock.Skip(8 * 24 * time.Hour)
	apptest.Await(t, "archived", func() bool { return rows("transcripts_archive") == 1 && rows("transcripts") == 0 }, nextHour)
	clock.Skip(90 * 24 * time.Hour)
	apptest.Await(t, "forgotten", func() bool { return rows("transcripts_archive") == 0 }, nextHour)
}

// TestDoctorTellsHowFarBackThingsGo, and warns where nothing forgets them.
func TestDoctorTellsHowFarBackThingsGo(t *testing.T) {
	t.Parallel()
	c := apptest.Demo(t, nil)
	p, err := Wire(t.Context(), c, Wiring{Clock: apptest.NewStillClock(), Log: slog.New(slog.DiscardHandler), Volatile: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	if err := p.DB.Retention.SetRetention(t.Context(), c.Brands); err != nil {
		t.Fatal(err)
	}
	found := p.examineRetention(t.Context())
	if len(found) == 0 || found[0].Level != operators.LevelOK || !strings.Contains(found[0].Found, "transcripts none") {
		t.Errorf("of nothing: %+v", found)
	}
	at := p.Clock.Now().AddDate(-1, 0, 0)
	if _, err := p.DB.Writer().ExecContext(t.Context(), `INSERT INTO transcripts_archive (brand, address, sender, message_id, at, entry)
		VALUES ('demo', 'x', 'demo/fake/x', 'm', ?, x'00')`, at.UnixMicro()); err != nil {
		t.Fatal(err)
	}
	found = p.examineRetention(t.Context())
	if found[0].Level != operators.LevelWarn || !strings.Contains(found[0].Found, "transcripts since "+at.UTC().Format(time.DateOnly)+" (kept for 90 days)") {
		t.Errorf("behind: %+v", found)
	}
}
