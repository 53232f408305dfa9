package app

import (
	"io"
	"log/slog"

	"pulsa/app/config"
)

// Logger writes to w as the configuration says.
func Logger(c config.Log, w io.Writer) *slog.Logger {
	return logger(c, levelOf(c), w)
}

func levelOf(c config.Log) slog.Level {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.Level)) // the configuration was checked
	return level
}

func logger(c config.Log, level slog.Leveler, w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
