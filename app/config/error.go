package config

import (
	"fmt"

	"pulsa/yamlfile"
)

func (r *configReader) fault(line int, format string, args ...any) {
	r.faults = append(r.faults, yamlfile.Fault{File: r.file, Line: line, Text: fmt.Sprintf(format, args...)})
}
