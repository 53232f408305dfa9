package sessionstest

import (
	"fmt"
	"time"

	"pulsa/conversation"
)

var lines = map[string]func(*scene){
	"many turns go first come, first served": func(s *scene) {
		const waiting = 20
		token := func(i int) string { return fmt.Sprint("t", i) }
		s.begin("m0", token(0), conversation.Yours)
		for i := 1; i < waiting; i++ {
			s.begin(fmt.Sprint("m", i), token(i), conversation.InLine)
		}
		for i := range waiting {
			for j := waiting - 1; j > i; j-- {
				s.begin(fmt.Sprint("m", j), token(j), conversation.InLine)
			}
			begun := s.begin(fmt.Sprint("m", i), token(i), conversation.Yours)
			s.commit(fmt.Sprint("m", i), token(i), begun.Version, conversation.Stored)
		}
		s.holds(s.begin("last", "last", conversation.Yours), fmt.Sprint("session of m", waiting-1), waiting)
	},
	"a newcomer does not overtake when the lock is free": func(s *scene) {
		s.begin("m1", "a", conversation.Yours)
		s.begin("m2", "b", conversation.InLine)
		s.commit("m1", "a", 0, conversation.Stored)
		s.begin("m3", "c", conversation.InLine)
		s.begin("m2", "b", conversation.Yours)
	},
	"a newcomer does not overtake when the lock lapses": func(s *scene) {
		s.begin("m1", "a", conversation.Yours)
		s.pass(lockFor - time.Second)
		s.begin("m2", "b", conversation.InLine)
		s.pass(time.Second)
		s.begin("m3", "c", conversation.InLine)
		s.begin("m2", "b", conversation.Yours)
	},
	"who stops asking blocks the line until its time, not longer": func(s *scene) {
		s.begin("m1", "a", conversation.Yours)
		s.begin("m2", "dead", conversation.InLine)
		s.pass(time.Second)
		s.begin("m3", "c", conversation.InLine)
		s.commit("m1", "a", 0, conversation.Stored)
		s.pass(waitFor - time.Second - time.Microsecond)
		s.begin("m3", "c", conversation.InLine)
		s.pass(time.Microsecond)
		s.begin("m3", "c", conversation.Yours)
	},
	"who comes back after its time stands at the end": func(s *scene) {
		s.begin("m1", "a", conversation.Yours)
		s.begin("m2", "b", conversation.InLine)
		s.pass(waitFor)
		s.begin("m3", "c", conversation.InLine)
		s.begin("m2", "b", conversation.InLine)
		s.commit("m1", "a", 0, conversation.Stored)
		s.begin("m2", "b", conversation.InLine)
		s.begin("m3", "c", conversation.Yours)
	},
	"who asks in time keeps its place for longer": func(s *scene) {
		s.begin("m1", "a", conversation.Yours)
		s.begin("m2", "b", conversation.InLine)
		s.pass(waitFor - time.Second)
		s.begin("m2", "b", conversation.InLine)
		s.pass(2 * time.Second)
		s.begin("m3", "c", conversation.InLine)
		s.commit("m1", "a", 0, conversation.Stored)
		s.begin("m3", "c", conversation.InLine)
		s.begin("m2", "b", conversation.Yours)
	},
	"a whole line that died lets a newcomer in at once": func(s *scene) {
		s.begin("m1", "a", conversation.Yours)
		s.begin("m2", "b", conversation.InLine)
		s.begin("m3", "c", conversation.InLine)
		s.pass(lockFor)
		s.begin("m4", "d", conversation.Yours)
	},
	"a turn whose patience has ended does not stand in line": func(s *scene) {
		s.begin("m1", "a", conversation.Yours)
		b := s.beginOf("m2", "b")
		b.LineUntil = s.now
		if begun, err := s.store.Begin(s.Context(), b); err != nil || begun.Status != conversation.InLine {
			s.Fatal(begun, err)
		}
		s.commit("m1", "a", 0, conversation.Stored)
		s.begin("m3", "c", conversation.Yours)
	},
	"who leaves the line makes room": func(s *scene) {
		s.begin("m1", "a", conversation.Yours)
		s.begin("m2", "b", conversation.InLine)
		s.begin("m3", "c", conversation.InLine)
		s.leave("b")
		s.commit("m1", "a", 0, conversation.Stored)
		s.begin("m3", "c", conversation.Yours)
	},
	"who leaves with the lock lets the first in line go on": func(s *scene) {
		s.begin("m1", "a", conversation.Yours)
		s.begin("m2", "b", conversation.InLine)
		s.leave("a")
		s.begin("m3", "c", conversation.InLine)
		s.begin("m2", "b", conversation.Yours)
	},
	"a stranger that leaves changes nothing": func(s *scene) {
		s.leave("nobody")
		s.begin("m1", "a", conversation.Yours)
		s.begin("m2", "b", conversation.InLine)
		s.leave("nobody")
		s.begin("m3", "c", conversation.InLine)
		s.commit("m1", "a", 0, conversation.Stored)
		s.begin("m2", "b", conversation.Yours)
	},
	"a turn that finds its message answered leaves the line": func(s *scene) {
		s.begin("m1", "a", conversation.Yours)
		s.begin("m1", "again", conversation.InLine)
		s.begin("m2", "b", conversation.InLine)
		s.commit("m1", "a", 0, conversation.Stored)
		s.equal("memo", s.begin("m1", "again", conversation.Seen).Memo, []byte("memo of m1"))
		s.begin("m2", "b", conversation.Yours)
	},
	"a month may pass between two turns": func(s *scene) {
		s.turn("m1")
		s.pass(29 * 24 * time.Hour)
		s.turn("m2")
		s.pass(29 * 24 * time.Hour)
		s.holds(s.begin("m3", "c", conversation.Yours), "session of m2", 2)
	},
}
