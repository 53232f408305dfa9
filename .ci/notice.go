//go:build ignore

// Command notice prints NOTICE: the licence of everything that is in the released binary. It fails where a licence is
// unknown, or does not fit a program under the Apache License 2.0.
//
//	go run .ci/notice.go >NOTICE
package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const head = `Pulsa
Copyright The Pulsa Authors

Licensed under the Apache License, Version 2.0: see LICENSE.

The binary contains the software listed below; the texts of its licences follow. The text of the Apache License is in
LICENSE. This file is made by: go run .ci/notice.go >NOTICE
`

// part is one piece of software in the binary: a module, the standard library, or a file that is embedded.
type part struct {
	name  string // with its version
	texts []text
}

type text struct {
	licence string // its SPDX identifier; "" for a notice that goes with one
	body    string
}

// licences are the ones that fit, by a phrase that only they have. The first that matches counts.
var licences = []struct{ id, phrase string }{
	{"Apache-2.0", "Apache License Version 2.0, January 2004"},
	{"Apache-2.0", "Licensed under the Apache License, Version 2.0"},
	{"MIT", "Permission is hereby granted, free of charge, to any person obtaining a copy"},
	{"BSD-3-Clause", "endorse or promote products derived from this software"},
	{"BSD-2-Clause", "Redistribution and use in source and binary forms, with or without modification, are permitted"},
	{"0BSD", "Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted"},
	{"Public domain", "The author disclaims copyright to this source code"},
	{"Public domain", "dedicated to the public domain"},
}

// refused are phrases of licences that ask more of who distributes the binary than the Apache License does.
var refused = []string{"GNU GENERAL PUBLIC LICENSE", "GNU LESSER GENERAL PUBLIC LICENSE", "GNU AFFERO", "Mozilla Public License",
	"Business Source License", "Commons Clause", "Server Side Public License", "Elastic License"}

// legal are the names of the files that matter.
var legal = regexp.MustCompile(`(?i)^(licen[sc]e|copying|notice)([-.].*)?$`)

// skipped are files about things that are not in the binary, by "MODULE FILE".
var skipped = map[string]string{
	"modernc.org/memory LICENSE-LOGO":         "a picture in its documentation",
	"modernc.org/sqlite LICENSE-SQLITE_VEC":   "its package vec is not imported",
	"modernc.org/sqlite LICENSE-3RD-PARTY.md": "lists its tests' and tools' modules too; what it links is listed here as modules of their own",
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("notice: ")
	if err := run(os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(w io.Writer) error {
	parts, err := linked()
	if err != nil {
		return err
	}
	embedded, err := filepath.Glob("web/*/static/*.LICENSE")
	if err != nil {
		return err
	}
	for _, file := range embedded {
		t, err := read(file)
		if err != nil {
			return err
		}
		parts = append(parts, part{strings.TrimSuffix(file, ".LICENSE"), []text{t}})
	}
	_, err = io.WriteString(w, render(parts))
	return err
}

// linked lists the modules in the binary of each platform that is released, and the standard library.
func linked() ([]part, error) {
	type module struct{ Path, Version, Dir string }
	folders := map[string]string{} // by name
	for _, arch := range []string{"amd64", "arm64"} {
		list := exec.Command("go", "list", "-deps", "-json=Module", "./cmd/pulsa")
		list.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch)
		list.Stderr = os.Stderr
		out, err := list.Output()
		if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		for d := json.NewDecoder(bytes.NewReader(out)); ; {
			var p struct{ Module *module }
			if err := d.Decode(&p); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return nil, fmt.Errorf("go list: %w", err)
			}
			if p.Module != nil && p.Module.Version != "" {
				folders[p.Module.Path+" "+p.Module.Version] = p.Module.Dir
			}
		}
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	folders["Go's standard library"] = strings.TrimSpace(string(root))
	var parts []part
	for _, name := range slices.Sorted(maps.Keys(folders)) {
		p, err := partIn(name, folders[name])
		if err != nil {
			return nil, err
		}
		parts = append(parts, p)
	}
	return parts, nil
}

func partIn(name, folder string) (part, error) {
	p := part{name: name}
	files, err := os.ReadDir(folder)
	if err != nil {
		return p, fmt.Errorf("%s: %w", name, err)
	}
	module, _, _ := strings.Cut(name, " ")
	for _, f := range files {
		if f.IsDir() || !legal.MatchString(f.Name()) || skipped[module+" "+f.Name()] != "" {
			continue
		}
		t, err := read(filepath.Join(folder, f.Name()))
		if err != nil {
			return p, fmt.Errorf("%s: %w", name, err)
		}
		p.texts = append(p.texts, t)
	}
	if !slices.ContainsFunc(p.texts, func(t text) bool { return t.licence != "" }) {
		return p, fmt.Errorf("%s: no licence is found in %s", name, folder)
	}
	return p, nil
}

// read returns a file's text and licence. Only a file whose name begins with NOTICE may have none.
func read(file string) (text, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return text{}, err
	}
	t := text{body: strings.TrimSpace(strings.ReplaceAll(string(b), "\r\n", "\n"))}
	words := strings.Join(strings.Fields(t.body), " ")
	for _, phrase := range refused {
		if strings.Contains(strings.ToLower(words), strings.ToLower(phrase)) {
			return t, fmt.Errorf("%s: %s does not fit the Apache License 2.0", filepath.Base(file), phrase)
		}
	}
	if strings.HasPrefix(strings.ToUpper(filepath.Base(file)), "NOTICE") {
		return t, nil
	}
	for _, l := range licences {
		if strings.Contains(words, l.phrase) {
			t.licence = l.id
			return t, nil
		}
	}
	return t, fmt.Errorf("%s: the licence is not one of those that are known to fit", file)
}

func render(parts []part) string {
	var out strings.Builder
	out.WriteString(head + "\n")
	users := map[string][]string{} // the parts that come with a text
	var bodies []string            // in the order of their first user
	for _, p := range parts {
		var ids []string
		for _, t := range p.texts {
			ids = append(ids, t.licence)
			if strings.Contains(strings.Join(strings.Fields(t.body), " "), licences[0].phrase) {
				continue // LICENSE has it
			}
			if users[t.body] == nil {
				bodies = append(bodies, t.body)
			}
			users[t.body] = append(users[t.body], p.name)
		}
		slices.Sort(ids)
		ids = slices.DeleteFunc(slices.Compact(ids), func(id string) bool { return id == "" })
		fmt.Fprintf(&out, "  %s: %s\n", p.name, cmp.Or(strings.Join(ids, ", "), "see below"))
	}
	for _, body := range bodies {
		fmt.Fprintf(&out, "\n%s\n%s\n\n%s\n", strings.Repeat("-", 80), strings.Join(users[body], "\n"), body)
	}
	return out.String()
}
