package store

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode"

	"github.com/jmoiron/sqlx"
	"github.com/jmoiron/sqlx/reflectx"

	"pulsa/prepaid"
)

// table says how a struct is kept as a row. Its columns are derived from the struct, once, when the program starts: a field
// that is added to the struct needs a column in the migrations, and nothing else here.
//
//	CreatedAt time.Time       created_at: microseconds since 1970, 0 for the zero time
//	ActionURL string          action_url
//	Cost      prepaid.Money   cost_minor, cost_currency: a struct has a column for each of its fields
//	By        (embedded)      who, why: without a prefix
//	Token     prepaid.Secret  token: what it hides
//	Buttons   []Choice        buttons: JSON, as of every slice, map and pointer; []byte is stored as it is
//
// A table is never changed. It is safe for concurrent use.
type table[T any] struct {
	name       string
	columns    string             // "id, brand, …": what a SELECT lists
	written    []column           // what an INSERT sets
	changed    []column           // what an UPDATE sets
	byName     map[string]*column // also what only a query of its own selects
	insertInto string             // "INSERT INTO orders (…) VALUES (…) "
	updateSet  string             // "UPDATE orders SET … WHERE "
}

// names are a table's exceptions, by the field as Go writes it: "Funding.Kind". The name of a field that is a struct is the
// prefix of its columns', and may be empty. Fields of the same name share a column; what is written is the first one's.
// A word may follow:
//
//	"-"          the field is not stored
//	"id,once"    an INSERT writes the column, an UPDATE of the whole row leaves it as it is
//	"seq,read"   the database, or a statement of its own, fills the column; an INSERT leaves it out
//	"last,join"  the column is another table's: only a query that names it reads it
//	"can,json"   a struct as one column
type names map[string]string

// column is a column, and the fields that it fills.
type column struct {
	name   string
	fields [][]int // indexes as reflect.Value.FieldByIndex takes them
	codec
}

// codec turns a field into what is stored, and back.
type codec struct {
	sqlType string
	encode  func(field reflect.Value) (any, error)
	target  func(field reflect.Value) any // what a row is scanned into
}

// newTable derives the columns of a table. It panics where a type has none: a program with such a table never starts.
func newTable[T any](name string, exceptions names) *table[T] {
	t := &table[T]{name: name, byName: map[string]*column{}}
	d := derivation{exceptions: exceptions, used: map[string]bool{}, byName: t.byName}
	d.add(reflectx.NewMapperFunc("", snake).TypeMap(reflect.TypeFor[T]()).Tree, "", "", "")
	for field := range exceptions {
		if !d.used[field] {
			panic(fmt.Sprintf("table %s: %s has no field %s", name, reflect.TypeFor[T](), field))
		}
	}
	t.columns = strings.Join(d.selected, ", ")
	for _, column := range d.written {
		t.written = append(t.written, *t.byName[column])
	}
	for _, column := range d.changed {
		t.changed = append(t.changed, *t.byName[column])
	}
	t.insertInto = "INSERT INTO " + name + " (" + strings.Join(d.written, ", ") + ") VALUES (" + marks(len(d.written)) + ") "
	t.updateSet = "UPDATE " + name + " SET " + strings.Join(d.changed, " = ?, ") + " = ? WHERE "
	return t
}

// derivation collects the columns of a struct.
type derivation struct {
	exceptions names
	used       map[string]bool // exceptions that a field was found for
	byName     map[string]*column
	// columns in the order of the fields
	selected, written, changed []string
}

// add derives the columns of a struct's fields. path is the struct's own in the row, prefix and word are what its columns have.
func (d *derivation) add(parent *reflectx.FieldInfo, path, prefix, word string) {
	for _, f := range parent.Children {
		if f == nil { // not exported
			continue
		}
		if f.Embedded {
			d.add(f, path, prefix, word)
			continue
		}
		path, name, word := path+f.Field.Name, prefix+f.Name, word
		if exception, ok := d.exceptions[path]; ok {
			d.used[path] = true
			var own string
			name, own, _ = strings.Cut(exception, ",")
			if own != "" {
				word = own
			}
		}
		if name == "-" {
			continue
		}
		if c, ok := codecOf(f.Field.Type, word); ok {
			d.column(name, word, f.Index, c)
			continue
		}
		if name != "" {
			name += "_"
		}
		d.add(f, path+".", name, word)
	}
}

func (d *derivation) column(name, word string, index []int, c codec) {
	if known := d.byName[name]; known != nil {
		known.fields = append(known.fields, index)
		return
	}
	d.byName[name] = &column{name, [][]int{index}, c}
	if word != "join" {
		d.selected = append(d.selected, name)
	}
	if word == "join" || word == "read" {
		return
	}
	d.written = append(d.written, name)
	if word != "once" {
		d.changed = append(d.changed, name)
	}
}

// codecOf returns the codec of a field that is one column; false for a struct that has columns of its own.
func codecOf(t reflect.Type, word string) (codec, bool) {
	itself := func(field reflect.Value) any { return field.Addr().Interface() }
	switch {
	case word == "json":
		return jsonCodec, true
	case t == reflect.TypeFor[time.Time]():
		return codec{"BIGINT", encodeTime, func(field reflect.Value) any { return (*timeTarget)(field.Addr().Interface().(*time.Time)) }}, true
	case t == reflect.TypeFor[prepaid.Secret]():
		return codec{"TEXT", encodeSecret, func(field reflect.Value) any { return (*secretTarget)(field.Addr().Interface().(*prepaid.Secret)) }}, true
	case t == reflect.TypeFor[[]byte]():
		return codec{"", func(field reflect.Value) (any, error) { return field.Bytes(), nil }, itself}, true
	}
	switch t.Kind() {
	case reflect.String:
		return codec{"TEXT", func(field reflect.Value) (any, error) { return field.String(), nil }, itself}, true
	case reflect.Bool:
		return codec{"BOOLEAN", func(field reflect.Value) (any, error) { return field.Bool(), nil }, itself}, true
	case reflect.Int, reflect.Int64:
		return codec{"BIGINT", func(field reflect.Value) (any, error) { return field.Int(), nil }, itself}, true
	case reflect.Struct:
		return codec{}, false
	case reflect.Slice, reflect.Map, reflect.Pointer:
		return jsonCodec, true
	}
	panic(fmt.Sprintf("no column can hold a %s", t))
}

func encodeTime(field reflect.Value) (any, error) {
	return prepaid.Micros(field.Interface().(time.Time)), nil
}

func encodeSecret(field reflect.Value) (any, error) {
	return field.Interface().(prepaid.Secret).Reveal(), nil
}

var jsonCodec = codec{"TEXT",
	func(field reflect.Value) (any, error) {
		text, err := json.Marshal(field.Interface())
		return string(text), err
	},
	func(field reflect.Value) any { return jsonTarget{field.Addr().Interface()} },
}

type timeTarget time.Time

// Scan implements sql.Scanner.
func (t *timeTarget) Scan(stored any) error {
	us, ok := stored.(int64)
	if !ok {
		return fmt.Errorf("a time is stored as %T", stored)
	}
	*t = timeTarget(prepaid.FromMicros(us))
	return nil
}

type secretTarget prepaid.Secret

// Scan implements sql.Scanner.
func (s *secretTarget) Scan(stored any) error {
	text, ok := stored.(string)
	if !ok {
		return fmt.Errorf("a secret is stored as %T", stored)
	}
	*s = secretTarget(prepaid.NewSecret(text))
	return nil
}

type jsonTarget struct{ into any }

// Scan implements sql.Scanner.
func (t jsonTarget) Scan(stored any) error {
	switch text := stored.(type) {
	case string:
		return json.Unmarshal([]byte(text), t.into)
	case []byte:
		return json.Unmarshal(text, t.into)
	}
	return fmt.Errorf("JSON is stored as %T", stored)
}

// snake is the column of a field: "ActionURL" is action_url.
func snake(field string) string {
	var name strings.Builder
	letters := []rune(field)
	for i, letter := range letters {
		begins := i > 0 && unicode.IsUpper(letter) &&
			(!unicode.IsUpper(letters[i-1]) || i+1 < len(letters) && unicode.IsLower(letters[i+1]))
		if begins {
			name.WriteByte('_')
		}
		name.WriteRune(unicode.ToLower(letter))
	}
	return name.String()
}

// named makes sqlx, too, name a struct's columns by snake, but where a db tag says otherwise.
func named(handle *sqlx.DB) *sqlx.DB {
	handle.Mapper = reflectx.NewMapperFunc("db", snake)
	return handle
}

// of lists the columns with an alias: "c.id, c.brand, …".
func (t *table[T]) of(alias string) string {
	return alias + "." + strings.ReplaceAll(t.columns, ", ", ", "+alias+".")
}

// writtenNames are the columns that values has the values of.
func (t *table[T]) writtenNames() []string {
	list := make([]string, len(t.written))
	for i, c := range t.written {
		list[i] = c.name
	}
	return list
}

// casts are placeholders of values for a SELECT, in which PostgreSQL does not take the columns' types for them.
func (t *table[T]) casts() string {
	list := make([]string, len(t.written))
	for i, c := range t.written {
		list[i] = "CAST(? AS " + c.sqlType + ")"
	}
	return strings.Join(list, ", ")
}

// values returns what is written of a row, in the order of writtenNames.
func (t *table[T]) values(row T) ([]any, error) { return t.encode(row, t.written) }

func (t *table[T]) encode(row T, columns []column) ([]any, error) {
	v := reflect.ValueOf(&row).Elem()
	list := make([]any, len(columns))
	for i, c := range columns {
		var err error
		if list[i], err = c.encode(v.FieldByIndex(c.fields[0])); err != nil {
			return nil, fmt.Errorf("%s.%s: %w", t.name, c.name, err)
		}
	}
	return list, nil
}

// insert writes a row; what to do where there is such a row already may follow. It returns the rows affected.
func (t *table[T]) insert(ctx context.Context, q querier, row T, onConflict string) (int64, error) {
	values, err := t.values(row)
	if err != nil {
		return 0, err
	}
	return exec(ctx, q, t.insertInto+onConflict, values...)
}

// update writes all columns that may change of a row that this transaction has locked and read. where says which it is.
func (t *table[T]) update(ctx context.Context, tx *sqlx.Tx, row T, where string, args ...any) error {
	values, err := t.encode(row, t.changed)
	if err != nil {
		return err
	}
	_, err = exec(ctx, tx, t.updateSet+where, append(values, args...)...)
	return err
}

// marks are n placeholders.
func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

// get reads a row, and reports whether there is one. rest follows the name of the table: "WHERE id = ?".
func (t *table[T]) get(ctx context.Context, q querier, rest string, args ...any) (row T, found bool, err error) {
	return t.first(ctx, q, "SELECT "+t.columns+" FROM "+t.name+" "+rest, args...)
}

// list reads all rows. rest follows the name of the table: "WHERE brand = ? ORDER BY id".
func (t *table[T]) list(ctx context.Context, q querier, rest string, args ...any) ([]T, error) {
	return t.query(ctx, q, "SELECT "+t.columns+" FROM "+t.name+" "+rest, args...)
}

// listIn is list with slices among the arguments, each for one (?). None may be empty.
func (t *table[T]) listIn(ctx context.Context, q querier, rest string, args ...any) ([]T, error) {
	rest, args, err := sqlx.In(rest, args...)
	if err != nil {
		return nil, err
	}
	return t.list(ctx, q, rest, args...)
}

// first reads the first row of a whole query, and reports whether there is one.
func (t *table[T]) first(ctx context.Context, q querier, query string, args ...any) (row T, found bool, err error) {
	rows, err := t.query(ctx, q, query, args...)
	if err != nil || len(rows) == 0 {
		return row, false, err
	}
	return rows[0], true, nil
}

// query reads the rows of a whole query, which selects columns of the table in any order. Fields whose columns it leaves out
// are zero.
func (t *table[T]) query(ctx context.Context, q querier, query string, args ...any) (list []T, err error) {
	err = runStatement(ctx, q, func(q querier) error {
		list, err = t.scanAll(ctx, q, q.Rebind(query), args)
		return err
	})
	return list, err
}

func (t *table[T]) scanAll(ctx context.Context, q querier, query string, args []any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	selected, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	columns := make([]*column, len(selected))
	for i, name := range selected {
		if columns[i] = t.byName[name]; columns[i] == nil {
			return nil, fmt.Errorf("no field of %s is filled by column %s", reflect.TypeFor[T](), name)
		}
	}
	var list []T
	targets := make([]any, len(columns))
	for rows.Next() {
		list = append(list, *new(T))
		row := reflect.ValueOf(&list[len(list)-1]).Elem()
		for i, c := range columns {
			targets[i] = c.target(row.FieldByIndex(c.fields[0]))
		}
		if err := rows.Scan(targets...); err != nil {
			return nil, err
		}
		for _, c := range columns {
			for _, shared := range c.fields[1:] {
				row.FieldByIndex(shared).Set(row.FieldByIndex(c.fields[0]))
			}
		}
	}
	return list, rows.Err()
}
