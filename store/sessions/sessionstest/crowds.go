package sessionstest

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"pulsa/conversation"
)

const crowd = 32

var crowds = map[string]func(*scene){
	"turns of one sender run one at a time, in the order they came": func(s *scene) {
		var arriving sync.Mutex
		var arrived, ran []int
		var inside atomic.Int32
		var all sync.WaitGroup
		for i := range crowd {
			all.Go(func() {
				message, token := fmt.Sprint("m", i), fmt.Sprint("t", i)
				arriving.Lock()
				begun, err := s.store.Begin(s.Context(), s.beginOf(message, token))
				arrived = append(arrived, i)
				arriving.Unlock()
				for err == nil && begun.Status == conversation.InLine {
					time.Sleep(time.Millisecond)
					begun, err = s.store.Begin(s.Context(), s.beginOf(message, token))
				}
				if err != nil {
					s.Error(err)
					return
				}
				if inside.Add(1) != 1 {
					s.Error("two turns at once")
				}
				ran = append(ran, i) // one at a time, if the lock under test holds
				time.Sleep(time.Millisecond)
				inside.Add(-1)
				committed, err := s.store.Commit(s.Context(), s.commitOf(message, token, begun.Version))
				if err != nil || committed.Status != conversation.Stored {
					s.Error(committed.Status, err)
				}
			})
		}
		all.Wait()
		if !slices.Equal(arrived, ran) {
			s.Errorf("came as %v\nran as %v", arrived, ran)
		}
		if begun := s.begin("last", "last", conversation.Yours); begun.Version != crowd {
			s.Errorf("version %d, want %d", begun.Version, crowd)
		}
	},
	"different senders never wait for each other": func(s *scene) {
		var all sync.WaitGroup
		for i := range crowd {
			all.Go(func() {
				own := &scene{s.T, s.store, s.now, fmt.Sprint("demo/fake/telegram:", i)}
				for turn := range 5 {
					message := fmt.Sprint("m", turn)
					begun, err := s.store.Begin(s.Context(), own.beginOf(message, "t"))
					if err != nil || begun.Status != conversation.Yours {
						s.Error(begun.Status, err)
						return
					}
					committed, err := s.store.Commit(s.Context(), own.commitOf(message, "t", begun.Version))
					if err != nil || committed.Status != conversation.Stored {
						s.Error(committed.Status, err)
					}
				}
			})
		}
		all.Wait()
	},
	"one message delivered many times at once is stored once": func(s *scene) {
		var stored, seenMemo atomic.Int32
		var all sync.WaitGroup
		for i := range crowd {
			all.Go(func() {
				token := fmt.Sprint("t", i)
				for {
					begun, err := s.store.Begin(s.Context(), s.beginOf("m1", token))
					if err != nil {
						s.Error(err)
						return
					}
					switch begun.Status {
					case conversation.Seen:
						seenMemo.Add(1)
						return
					case conversation.Yours:
						committed, err := s.store.Commit(s.Context(), s.commitOf("m1", token, begun.Version))
						if err != nil || committed.Status != conversation.Stored {
							s.Error(committed.Status, err)
						}
						stored.Add(1)
						return
					}
					time.Sleep(time.Millisecond)
				}
			})
		}
		all.Wait()
		if stored.Load() != 1 || seenMemo.Load() != crowd-1 {
			s.Errorf("stored %d, seen %d; want 1 and %d", stored.Load(), seenMemo.Load(), crowd-1)
		}
	},
}
