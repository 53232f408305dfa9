package sessionstest

import (
	"time"

	"pulsa/conversation"
)

// The client sends a script again when its answer got lost: every test here sends one twice.
var replays = map[string]func(*scene){
	"begin sent twice is yours twice": func(s *scene) {
		s.turn("m0")
		s.holds(s.begin("m1", "a", conversation.Yours), "session of m0", 1)
		s.holds(s.begin("m1", "a", conversation.Yours), "session of m0", 1)
		s.commit("m1", "a", 1, conversation.Stored)
	},
	"begin sent twice in line keeps one place": func(s *scene) {
		s.begin("m1", "a", conversation.Yours)
		s.begin("m2", "b", conversation.InLine)
		s.begin("m2", "b", conversation.InLine)
		s.begin("m3", "c", conversation.InLine)
		s.commit("m1", "a", 0, conversation.Stored)
		s.begin("m2", "b", conversation.Yours)
		s.commit("m2", "b", 1, conversation.Stored)
		s.begin("m3", "c", conversation.Yours)
	},
	"a begin that arrives after its commit takes no lock": func(s *scene) {
		s.begin("m1", "a", conversation.Yours)
		s.commit("m1", "a", 0, conversation.Stored)
		s.equal("memo", s.begin("m1", "a", conversation.Seen).Memo, []byte("memo of m1"))
		s.begin("m2", "b", conversation.Yours)
	},
	"commit sent twice is seen with its own memo": func(s *scene) {
		s.begin("m1", "a", conversation.Yours)
		s.commit("m1", "a", 0, conversation.Stored)
		s.equal("memo", s.commit("m1", "a", 0, seen).Memo, []byte("memo of m1"))
		s.holds(s.begin("m2", "b", conversation.Yours), "session of m1", 1)
		if got := s.drainAll(10); len(got) != 1 {
			s.Fatalf("%d transcript entries, want 1", len(got))
		}
	},
	"a commit that arrives during the next turn disturbs nothing": func(s *scene) {
		s.begin("m1", "a", conversation.Yours)
		s.commit("m1", "a", 0, conversation.Stored)
		s.begin("m2", "b", conversation.Yours)
		s.commit("m1", "a", 0, seen)
		s.begin("m3", "c", conversation.InLine)
		s.commit("m2", "b", 1, conversation.Stored)
	},
	"leave sent twice takes nobody else's turn": func(s *scene) {
		s.begin("m1", "a", conversation.Yours)
		s.leave("a")
		s.begin("m2", "b", conversation.Yours)
		s.leave("a")
		s.begin("m3", "c", conversation.InLine)
		s.commit("m2", "b", 0, conversation.Stored)
	},
}

var losses = map[string]func(*scene){
	"a lock that lapsed and was taken is lost": func(s *scene) {
		s.begin("m1", "a", conversation.Yours)
		s.pass(lockFor - time.Microsecond)
		s.begin("m2", "b", conversation.InLine)
		s.pass(time.Microsecond)
		s.begin("m2", "b", conversation.Yours)
		s.commit("m1", "a", 0, conversation.Lost)
		s.begin("m1", "a", conversation.InLine)
		s.commit("m2", "b", 0, conversation.Stored)
		s.commit("m1", "a", 0, conversation.Lost)
		s.holds(s.begin("m1", "a", conversation.Yours), "session of m2", 1)
		s.commit("m1", "a", 1, conversation.Stored)
	},
	"a lock that lapsed and was not taken is still good": func(s *scene) {
		s.begin("m1", "a", conversation.Yours)
		s.pass(20 * time.Hour)
		s.sender = "demo/fake/tel:+31600000000"
		s.turn("other")
		s.sender = sender
		s.commit("m1", "a", 0, conversation.Stored)
	},
	"a turn that begins again holds its lock for longer": func(s *scene) {
		s.begin("m1", "a", conversation.Yours)
		s.pass(lockFor - time.Second)
		s.begin("m1", "a", conversation.Yours)
		s.pass(2 * time.Second)
		s.begin("m2", "b", conversation.InLine)
	},
	"another version is lost": func(s *scene) {
		s.turn("m1")
		s.begin("m2", "a", conversation.Yours)
		s.commit("m2", "a", 0, conversation.Lost)
		s.commit("m2", "a", 2, conversation.Lost)
		s.commit("m2", "a", 1, conversation.Stored)
	},
	"a turn that never began is lost": func(s *scene) {
		s.commit("m1", "a", 0, conversation.Lost)
		s.begin("m2", "b", conversation.Yours)
		s.commit("m1", "a", 0, conversation.Lost)
	},
	"a turn that was left is lost": func(s *scene) {
		s.begin("m1", "a", conversation.Yours)
		s.leave("a")
		s.commit("m1", "a", 0, conversation.Lost)
	},
	"a turn is lost when the store forgets, and begins again": func(s *scene) {
		s.turn("m1")
		s.begin("m2", "a", conversation.Yours)
		s.forget()
		s.commit("m2", "a", 1, conversation.Lost)
		s.holds(s.begin("m2", "a", conversation.Yours), "", 0)
		s.commit("m2", "a", 0, conversation.Stored)
	},
	"nothing is stored by a lost commit": func(s *scene) {
		s.begin("m1", "a", conversation.Yours)
		s.commit("m1", "b", 0, conversation.Lost)
		s.begin("m1", "c", conversation.InLine)
		s.leave("a")
		s.holds(s.begin("m1", "c", conversation.Yours), "", 0)
		if got := s.drainAll(10); len(got) != 0 {
			s.Fatalf("transcript %v of a lost turn", got)
		}
	},
	"of two turns with one message the second gets the memo of the first": func(s *scene) {
		s.begin("m1", "a", conversation.Yours)
		s.pass(lockFor)
		s.begin("m1", "b", conversation.Yours)
		s.commit("m1", "b", 0, conversation.Stored)
		s.equal("memo", s.commit("m1", "a", 0, seen).Memo, []byte("memo of m1"))
	},
}
