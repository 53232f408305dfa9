package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"net/url"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"
	"modernc.org/sqlite"

	"pulsa/operators"
)

// Sent is a statement that a method of the store has sent, and the arguments of the first time.
type Sent struct {
	Method string // "Orders.List"
	Query  string
	Args   []any
}

// ListOrdersSQL is the statement that a page of orders is read by.
func ListOrdersSQL(db *DB, f operators.OrderFilter) Statement {
	rest, args := db.listing(f)
	return Statement{"SELECT " + orderTable.columns + " FROM orders" + rest, args}
}

// Recorder notes each statement of each method once. Safe for concurrent use.
type Recorder struct {
	mu   sync.Mutex
	seen map[string]Sent
}

// All are the statements so far.
func (r *Recorder) All() map[string]Sent {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen
}

var reads = regexp.MustCompile(`^\s*(SELECT|WITH|INSERT|UPDATE|DELETE)\b`)

func (r *Recorder) note(query string, args []any) {
	method := calledMethod()
	if method == "" || !reads.MatchString(query) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen == nil {
		r.seen = map[string]Sent{}
	}
	key := method + " " + query
	if _, known := r.seen[key]; !known {
		r.seen[key] = Sent{method, query, append([]any{}, args...)}
	}
}

// calledMethod is the exported method of the store that runs; "" where a test runs a statement of its own.
func calledMethod() (method string) {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		f, more := frames.Next()
		if name, ours := strings.CutPrefix(f.Function, "pulsa/store."); ours && !strings.HasSuffix(f.File, "_test.go") {
			method = name // the outermost is the last
		}
		if !more {
			return method
		}
	}
}

// Record opens the connections of a store at its url anew, so that what is sent on them is noted. The test closes the former ones.
func Record(t testing.TB, db *DB, address string, r *Recorder) {
	t.Helper()
	replace := func(p *pool, handle *sqlx.DB) {
		former := p.DB
		t.Cleanup(func() { _ = former.Close() })
		p.DB = handle
	}
	if db.dialect == Postgres {
		config, err := pgx.ParseConfig(address)
		if err != nil {
			t.Fatal(err)
		}
		config.Tracer = pgTracer{r}
		handle := named(sqlx.NewDb(sql.OpenDB(limitingConnector{stdlib.GetConnector(*config)}), "pgx"))
		handle.SetMaxOpenConns(16)
		replace(db.writer, handle)
		db.reader.DB, db.orderWriter.DB, db.orderReader.DB = handle, handle, handle
		return
	}
	open := func(query url.Values) *sqlx.DB {
		connector, err := sqlite.NewConnector(fileURL(strings.TrimPrefix(address, "sqlite:"), query))
		if err != nil {
			t.Fatal(err)
		}
		return named(sqlx.NewDb(sql.OpenDB(recordingConnector{cachingConnector{connector}, r}), "sqlite"))
	}
	writer := open(url.Values{"_pragma": {"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(OFF)", "foreign_keys(1)"}, "_txlock": {"immediate"}})
	writer.SetMaxOpenConns(1)
	replace(db.writer, writer)
	replace(db.reader, open(url.Values{"_pragma": {"busy_timeout(5000)"}, "_query_only": {"1"}}))
}

type pgTracer struct{ r *Recorder }

// TraceQueryStart implements pgx.QueryTracer.
func (t pgTracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	t.r.note(data.SQL, data.Args)
	return ctx
}

// TraceQueryEnd implements pgx.QueryTracer.
func (t pgTracer) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

type recordingConnector struct {
	driver.Connector
	r *Recorder
}

// Connect implements driver.Connector.
func (c recordingConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return recordingConn{conn.(*cachingConn), c.r}, nil
}

type recordingConn struct {
	*cachingConn
	r *Recorder
}

// ExecContext implements driver.ExecerContext.
func (c recordingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	c.r.note(query, values(args))
	return c.cachingConn.ExecContext(ctx, query, args)
}

// QueryContext implements driver.QueryerContext.
func (c recordingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	c.r.note(query, values(args))
	return c.cachingConn.QueryContext(ctx, query, args)
}

func values(args []driver.NamedValue) []any {
	list := make([]any, len(args))
	for i, a := range args {
		list[i] = a.Value
	}
	return list
}
