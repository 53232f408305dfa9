package harness

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"pulsa/app/config"
	"pulsa/conversation"
	"pulsa/conversation/talk"
	"pulsa/prepaid"
	"pulsa/sim"
	"pulsa/store"
	"pulsa/store/scratch"
)

// Maker makes a fresh program for every story. It implements talk.Maker.
type Maker struct {
	config   config.Config
	prompts  map[string]*conversation.BrandPrompts // read and checked once for all stories
	database string                                // PostgreSQL in which each story gets a schema; "": an embedded file each
	redis    string
	folder   string // of the embedded stores
	template string // an empty, migrated database, copied for each story
	numbers  atomic.Int64
	stories  atomic.Int64
	carrier  func() carrier // of each story; nil: none
}

// NewMaker prepares for stories of the configuration's test brands. It is closed when all have ended.
func NewMaker(ctx context.Context, c config.Config, database, redis string) (*Maker, error) {
	folder, err := os.MkdirTemp("", "pulsa-talk-")
	if err != nil {
		return nil, err
	}
	m := &Maker{config: c, database: database, redis: redis, folder: folder}
	m.numbers.Store(rand.Int64N(1 << 20)) // keeps the stories of two runs on shared stores apart
	m.config.Data = folder
	m.config.PublicURL = "http://127.0.0.1:8080"
	// Stories have keys of their own: they need none of the servers'.
	for _, keys := range []*map[int]prepaid.Secret{&m.config.Peppers, &m.config.CardKeys} {
		*keys = map[int]prepaid.Secret{1: prepaid.NewSecret(prepaid.NewToken() + prepaid.NewToken())}
	}
	if m.prompts, err = c.Languages.ForBrands(m.config.Brands); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	if database != "" {
		return m, nil
	}
	m.template = filepath.Join(folder, "template.db")
	db, err := store.Open(ctx, "sqlite:"+m.template, store.Options{Volatile: true})
	if err != nil {
		return nil, errors.Join(err, m.Close())
	}
	if err := db.Close(); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

// Close removes what the stories have left. All programs must be closed.
func (m *Maker) Close() error { return os.RemoveAll(m.folder) }

// Fresh implements talk.Maker.
func (m *Maker) Fresh(brand string) (string, error) {
	b, err := m.config.Brand(brand)
	if err != nil {
		return "", err
	}
	number, err := prepaid.FreshMSISDN(b.Country, int(m.numbers.Add(1)))
	return number.String(), err
}

// New implements talk.Maker.
func (m *Maker) New(ctx context.Context, setup talk.Setup) (talk.Program, error) {
	begins := setup.Now
	if begins.IsZero() {
		begins = time.Now().UTC().Truncate(24 * time.Hour).Add(9 * time.Hour)
	}
	s := &Program{
		maker: m, setup: setup, config: m.config, clock: prepaid.NewVirtualClock(begins), closed: map[prepaid.Address]bool{},
		pushed: map[prepaid.OutboundID]bool{}, records: map[string]conversation.Record{},
	}
	if m.carrier != nil {
		s.carrier = m.carrier()
	}
	if err := m.stores(ctx, s); err != nil {
		return nil, err
	}
	var err error
	s.sims, err = sim.Open(sim.Options{Clock: s.clock, Log: slog.New(slog.NewTextHandler(&s.log, nil)), BaseURL: s.config.PublicURL})
	if err != nil {
		return nil, errors.Join(err, s.drop(ctx))
	}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.sims.Close(), s.drop(ctx))
	}
	for _, g := range setup.Givens {
		if err := s.given(ctx, g); err != nil {
			return nil, errors.Join(fmt.Errorf("given: %w", err), s.Close())
		}
	}
	return s, nil
}

// stores gives a story stores of its own.
func (m *Maker) stores(ctx context.Context, s *Program) (err error) {
	if m.redis != "" {
		s.config.RedisURL = prepaid.NewSecret(m.redis)
		s.redisPrefix = "talk:" + prepaid.NewToken() + ":"
	}
	if m.database != "" {
		var address string
		if address, s.drop, err = scratch.Schema(ctx, m.database); err != nil {
			return err
		}
		s.config.DatabaseURL = prepaid.NewSecret(address)
		return nil
	}
	s.config.Data = filepath.Join(m.folder, fmt.Sprint(m.stories.Add(1)))
	s.config.DatabaseURL = prepaid.Secret{}
	s.drop = func(context.Context) error { return os.RemoveAll(s.config.Data) }
	if err := os.Mkdir(s.config.Data, 0o700); err != nil {
		return err
	}
	empty, err := os.ReadFile(m.template)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.config.Data, "pulsa.db"), empty, 0o600)
}
