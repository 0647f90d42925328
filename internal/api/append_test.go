package api

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

// encoded is what encoding/json says.
func encoded(t testing.TB, v any) string {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// fill sets every field there is to text, or to something else that is not its zero
// value, so that a new field that AppendJSON does not know is found.
func fill(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Date(2026, 1, 2, 3, 4, 5, 678_900_000, time.UTC)))
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), text)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), text)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), text)
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int:
		v.SetInt(-7)
	default:
		panic("what is a " + v.Type().String() + "?")
	}
}

func checkAppend(t testing.TB, v interface{ AppendJSON([]byte) ([]byte, bool) }) {
	t.Helper()
	got, ok := v.AppendJSON([]byte("before "))
	want := "before " + encoded(t, v)
	if !ok || string(got) != want {
		t.Errorf("%v,\n got %s\nwant %s", ok, got, want)
	}
}

var unusual = []string{"", "plain", "a \"quoted\" \\ word", "<b>&amp;</b>", "a\x00\b\f\n\r\t\x1f\x7f", "äöü 漢字 🙂", "\u2028\u2029", "broken \xff\xc3", strings.Repeat("x", 3000)}

// TestAppendJSON holds the encoders against encoding/json.
func TestAppendJSON(t *testing.T) {
	t.Parallel()
	checkAppend(t, Project{People: []Person{}, Can: []string{}})
	checkAppend(t, Page[Project]{Items: []Project{}})
	for _, text := range unusual {
		var p Project
		fill(reflect.ValueOf(&p).Elem(), text)
		checkAppend(t, p)
		checkAppend(t, Page[Project]{Items: []Project{p, p}, Next: text, Total: 3})
	}
	var p Project
	fill(reflect.ValueOf(&p).Elem(), "x")
	p.Created = p.Created.In(time.FixedZone("", 3600)).Truncate(time.Second)
	checkAppend(t, p)
}

// TestAppendJSONNot is about what is left to encoding/json: lists that are null, times
// that have no text, and pages of other things.
func TestAppendJSONNot(t *testing.T) {
	t.Parallel()
	whole := Project{People: []Person{}, Can: []string{}}
	noPeople, noCan, late := whole, whole, whole
	noPeople.People, noCan.Can, late.State.Since = nil, nil, time.Date(12345, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, v := range []interface{ AppendJSON([]byte) ([]byte, bool) }{
		noPeople, noCan, late, Page[Project]{}, Page[Project]{Items: []Project{whole, late}}, Page[Person]{Items: []Person{}},
	} {
		if _, ok := v.AppendJSON(nil); ok {
			t.Errorf("%+v was encoded", v)
		}
	}
}

// FuzzAppendString holds strings against encoding/json.
func FuzzAppendString(f *testing.F) {
	for _, s := range unusual {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got, want := string(appendString(nil, s)), encoded(t, s); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func BenchmarkAppendJSON(b *testing.B) {
	var p Project
	fill(reflect.ValueOf(&p).Elem(), "some text")
	page := Page[Project]{Items: make([]Project, 50)}
	for i := range page.Items {
		page.Items[i] = p
	}
	var out []byte
	for b.Loop() {
		var ok bool
		if out, ok = page.AppendJSON(out[:0]); !ok {
			b.Fatal("not encoded")
		}
	}
}
