package store

import (
	"context"
	"database/sql/driver"
	"maps"
	"slices"
)

// CachedStatements are the texts that the writer of a SQLite store has run.
func CachedStatements(ctx context.Context, db *DB) ([]string, error) {
	conn, err := db.Writer().Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	var texts []string
	err = conn.Raw(func(raw any) error {
		c, ok := raw.(*cachingConn)
		if !ok {
			return driver.ErrBadConn
		}
		texts = slices.Sorted(maps.Keys(c.idle))
		return nil
	})
	return texts, err
}

// ArchivedTables are the tables that have an archive.
func ArchivedTables() (names []string) {
	for _, a := range archives {
		names = append(names, a.hot)
	}
	return names
}
