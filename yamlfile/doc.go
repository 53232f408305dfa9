// Package yamlfile reads YAML that people write by hand, strictly: everything that is wrong is told at once, each with file and
// line, and in words that say what to write instead.
package yamlfile
