package main

import (
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"
)

// printFields prints a struct's fields, a name as in JSON and a value a line, parted by a tab. Lists, and times that are zero,
// are left out.
func printFields(w io.Writer, row any) {
	for i, v := 0, reflect.ValueOf(row); i < v.NumField(); i++ {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		value := v.Field(i).Interface()
		at, isTime := value.(time.Time)
		switch {
		case name == "-", v.Field(i).Kind() == reflect.Slice, isTime && at.IsZero():
		case isTime:
			fmt.Fprintf(w, "%s\t%s\n", name, at.Format(time.DateTime))
		default:
			fmt.Fprintf(w, "%s\t%v\n", name, value)
		}
	}
}
