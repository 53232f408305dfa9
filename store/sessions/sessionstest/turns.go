package sessionstest

import (
	"bytes"
	"time"

	"pulsa/conversation"
)

var turns = map[string]func(*scene){
	"a new sender has no session and version 0": func(s *scene) {
		s.holds(s.begin("m1", "a", conversation.Yours), "", 0)
	},
	"a commit stores the session and counts the version": func(s *scene) {
		s.turn("m1")
		s.holds(s.begin("m2", "b", conversation.Yours), "session of m1", 1)
		s.commit("m2", "b", 1, conversation.Stored)
		s.holds(s.begin("m3", "c", conversation.Yours), "session of m2", 2)
	},
	"one sender's session is forgotten, and what was answered is not": func(s *scene) {
		s.turn("m1")
		s.begin("m2", "b", conversation.Yours)
		other := *s
		other.sender = sender + "9"
		other.turn("m1")
		if err := s.store.ForgetSession(s.Context(), s.sender); err != nil {
			s.Fatal(err)
		}
		s.commit("m2", "b", 1, conversation.Lost) // it begins again
		s.holds(s.begin("m2", "c", conversation.Yours), "", 0)
		s.leave("c")
		s.begin("m1", "late", conversation.Seen)
		other.holds(other.begin("m2", "d", conversation.Yours), "session of m1", 1)
	},
	"an empty session can be stored": func(s *scene) {
		s.turn("m1")
		s.begin("m2", "b", conversation.Yours)
		c := s.commitOf("m2", "b", 1)
		c.Session = nil
		s.send(c, conversation.Stored)
		s.holds(s.begin("m3", "c", conversation.Yours), "", 2)
	},
	"a message that has been answered is seen": func(s *scene) {
		s.turn("m1")
		s.turn("m2")
		s.equal("memo", s.begin("m1", "late", conversation.Seen).Memo, []byte("memo of m1"))
		s.equal("memo", s.commit("m1", "late", 2, seen).Memo, []byte("memo of m1"))
	},
	"a message with an empty memo is seen": func(s *scene) {
		s.begin("m1", "a", conversation.Yours)
		c := s.commitOf("m1", "a", 0)
		c.Memo = nil
		s.send(c, conversation.Stored)
		s.equal("memo", s.begin("m1", "b", conversation.Seen).Memo, nil)
	},
	"senders and messages are never confused": func(s *scene) {
		s.sender = "a"
		s.turn("b:c")
		for _, other := range []struct{ sender, message string }{
			{"a:b", "c"}, {"a", "c"}, {"a", "b"}, {"a:", "b:c"}, {"A", "b:c"}, {"a", "B:C"}, {"", "a:b:c"},
		} {
			s.sender = other.sender
			s.begin(other.message, "other", conversation.Yours)
			s.leave("other")
		}
	},
	"equal ids of two senders are two messages": func(s *scene) {
		one, two := "demo/telegram/telegram:3527", "demo/telegram/telegram:35278"
		for _, s.sender = range []string{one, two} {
			s.begin("1", "turn", conversation.Yours)
			c := s.commitOf("1", "turn", 0)
			c.Session, c.Memo = []byte("session of "+s.sender), []byte("memo of "+s.sender)
			s.send(c, conversation.Stored)
		}
		for _, s.sender = range []string{one, two} {
			s.equal("memo", s.begin("1", "again", conversation.Seen).Memo, []byte("memo of "+s.sender))
			s.holds(s.begin("2", "next", conversation.Yours), "session of "+s.sender, 1)
			s.leave("next")
		}
	},
	"awkward names are only names": func(s *scene) {
		for _, name := range []string{"{", "}", "{}", "{1}:x", "*", "a b\n", "é\x00\xff", "'; --", "%s"} {
			s.sender = "demo/fake/" + name
			s.begin(name, "a", conversation.Yours)
			s.commit(name, "a", 0, conversation.Stored)
			s.holds(s.begin("next", "b", conversation.Yours), "session of "+name, 1)
			s.equal("memo", s.begin(name, "c", conversation.Seen).Memo, []byte("memo of "+name))
		}
	},
	"session and memo are any bytes": func(s *scene) {
		all := make([]byte, 256)
		for i := range all {
			all[i] = byte(i)
		}
		for i, bytes := range [][]byte{all, bytes.Repeat(all, 256), {0}, {0xff, 0xfe}, []byte(" "), []byte("1 2"), []byte("\r\n")} {
			message := string(rune('a' + i))
			s.begin(message, "a", conversation.Yours)
			c := s.commitOf(message, "a", int64(i))
			c.Session, c.Memo = bytes, bytes
			s.send(c, conversation.Stored)
			s.equal("memo", s.begin(message, "b", conversation.Seen).Memo, bytes)
			s.equal("session", s.begin("next", "b", conversation.Yours).Session, bytes)
			s.leave("b")
		}
	},
	"a session lasts until its time and starts again after it": func(s *scene) {
		s.turn("m1")
		committed := s.now
		s.now = committed.Add(keepFor - time.Microsecond)
		s.holds(s.begin("m2", "a", conversation.Yours), "session of m1", 1)
		s.leave("a")
		s.now = committed.Add(keepFor)
		s.holds(s.begin("m3", "b", conversation.Yours), "", 0)
		s.commit("m3", "b", 0, conversation.Stored)
		s.holds(s.begin("m4", "c", conversation.Yours), "session of m3", 1)
	},
	"a session that lapses during a turn is still committed": func(s *scene) {
		s.turn("m1")
		s.pass(keepFor - time.Second)
		s.begin("m2", "a", conversation.Yours)
		s.pass(2 * time.Second)
		s.commit("m2", "a", 1, conversation.Stored)
	},
	"a memo lasts until its time and not longer": func(s *scene) {
		s.turn("m1")
		committed := s.now
		s.now = committed.Add(memoFor - time.Microsecond)
		s.begin("m1", "a", conversation.Seen)
		s.now = committed.Add(memoFor)
		s.begin("m1", "b", conversation.Yours)
		s.commit("m1", "b", 1, conversation.Stored)
		s.begin("m1", "c", conversation.Seen)
	},
	"commits of others sweep nothing that is kept": func(s *scene) {
		s.turn("m1")
		s.sender = "demo/fake/tel:+31600000000"
		for _, message := range []string{"o1", "o2", "o3", "o4", "o5"} {
			s.pass(9 * time.Hour)
			s.turn(message)
		}
		s.sender = sender
		s.begin("m1", "a", conversation.Seen)
		s.holds(s.begin("m2", "b", conversation.Yours), "session of m1", 1)
	},
	"a turn without a token is refused": func(s *scene) {
		if _, err := s.store.Begin(s.Context(), s.beginOf("m1", "")); err == nil {
			s.Error("begun")
		}
		if _, err := s.store.Commit(s.Context(), s.commitOf("m1", "", 0)); err == nil {
			s.Error("committed")
		}
	},
	"all is gone once it is forgotten": func(s *scene) {
		s.turn("m1")
		s.begin("m2", "a", conversation.Yours)
		s.begin("m3", "b", conversation.InLine)
		s.forget()
		s.holds(s.begin("m1", "c", conversation.Yours), "", 0)
	},
}
