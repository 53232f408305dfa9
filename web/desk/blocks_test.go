package desk

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"html"

	"pulsa/operators"
)

var seenField = regexp.MustCompile(`name="seen" value="([^"]+)"`)

// uploads sends a form with a file, as a browser does without JavaScript.
func (o *office) uploads(who, path string, fields map[string]string, file []byte) (int, string) {
	o.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name, value := range fields {
		if err := form.WriteField(name, value); err != nil {
			o.Fatal(err)
		}
	}
	part, err := form.CreateFormFile("file", "list.csv")
	if err == nil {
		_, err = part.Write(file)
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		o.Fatal(err)
	}
	r, err := http.NewRequestWithContext(o.Context(), http.MethodPost, o.server.URL+path, &body)
	if err != nil {
		o.Fatal(err)
	}
	r.Header.Set("Who", who)
	r.Header.Set("Content-Type", form.FormDataContentType())
	response, err := o.server.Client().Do(r)
	if err != nil {
		o.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		o.Fatal(err)
	}
	return response.StatusCode, html.UnescapeString(string(text))
}

func (o *office) blocked() (shown []string) {
	o.Helper()
	all, err := o.db.Blocks.Blocks(o.Context(), operators.BlockFilter{Brand: "demo", Limit: 9999})
	if err != nil {
		o.Fatal(err)
	}
	for _, b := range all {
		shown = append(shown, b.Shows)
	}
	return shown
}

func TestAListOfBlocksIsUploaded(t *testing.T) {
	o := newOffice(t)
	const at = "/demo/blocks/add"
	o.sees("ben", at, http.StatusOK, `enctype="multipart/form-data"`, `type="file"`)
	fields := map[string]string{"kind": "number"}
	file := []byte("Name;Phone\r\nJan;0612345678\r\nPiet;nobody 3\r\nKees;0612345679\r\nKlaas;12\r\n")
	status, page := o.uploads("ben", at, fields, file)
	o.has("wrong lines", status, page, http.StatusUnprocessableEntity, "Lines 3, 5: write a phone number", "Kees;0612345679")
	fields["unread"] = "skip"
	status, page = o.uploads("ben", at, fields, file)
	o.has("left out by choice", status, page, http.StatusOK, "Blocks 2 numbers. 2 lines can't be read and are left out.")
	if n := len(o.blocked()); n != 0 {
		t.Fatalf("%d blocked by asking what would happen", n)
	}
	list := regexp.MustCompile(`(?s)<textarea id="field-list"[^>]*>(.*?)</textarea>`).FindStringSubmatch(page)[1]
	fields["list"], fields["reason"] = list, "ticket 1"
	fields["key"], fields["seen"] = keyField.FindStringSubmatch(page)[1], seenField.FindStringSubmatch(page)[1]
	for range 2 { // sent twice
		status, page = o.uploads("ben", at, fields, nil)
		o.has("blocked", status, page, http.StatusOK, "2 blocked")
	}
	if n := len(o.blocked()); n != 2 {
		t.Errorf("%d are blocked", n)
	}
	for name, c := range map[string]struct {
		file []byte
		says string
	}{
		"a workbook": {[]byte("PK\x03\x04\x14\x00\x06\x00"), "This is no text file."},
		"too large":  {bytes.Repeat([]byte("0612345678\n"), listLimit/11+1), "The file is larger than 1 MB."},
		"nothing":    {nil, "Write at least one"},
	} {
		status, page := o.uploads("ben", at, map[string]string{"kind": "number"}, c.file)
		o.has(name, status, page, http.StatusUnprocessableEntity, c.says)
	}
	var many strings.Builder
	for i := range operators.MostBlocked + 1 {
		fmt.Fprintf(&many, "06%08d\n", 10_000_000+i)
	}
	status, page = o.uploads("ben", at, map[string]string{"kind": "number"}, []byte(many.String()))
	o.has("too many", status, page, http.StatusUnprocessableEntity, "at most 5,000")
	status, page = o.uploads("ben", at, map[string]string{"kind": "number"}, bytes.Repeat([]byte("x"), 4*listLimit))
	o.has("far too large", status, page, http.StatusRequestEntityTooLarge)
	status, page = o.uploads("dirk", at, map[string]string{"kind": "number"}, []byte("0612345670"))
	o.has("a viewer", status, page, http.StatusForbidden)
}
