package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand"
	"reflect"
	"strings"

	"github.com/cloudwego/gopkg/protocol/thrift"

	"interop/kitex_gen/lab"
)

// Values of lab.Everything as Kitex's generated code writes and reads them; bytes are base64.

// Random values, encoded.
func invent(request []byte) (any, error) {
	var q struct {
		Seed  int64 `json:"seed"`
		Count int   `json:"count"`
	}
	if err := json.Unmarshal(request, &q); err != nil {
		return nil, err
	}
	random := rand.New(rand.NewSource(q.Seed))
	values := make([]string, q.Count)
	for i := range values {
		value := lab.NewEverything()
		fill(random, reflect.ValueOf(value).Elem(), 3)
		values[i] = base64.StdEncoding.EncodeToString(thrift.FastMarshal(value))
	}
	return values, nil
}

// What each value is after Kitex has read and written it.
func recode(request []byte) (any, error) {
	var q struct {
		Values []string `json:"values"`
	}
	if err := json.Unmarshal(request, &q); err != nil {
		return nil, err
	}
	for i, encoded := range q.Values {
		value, err := decode(encoded)
		if err != nil {
			return nil, fmt.Errorf("value %d: %w: %s", i, err, encoded)
		}
		q.Values[i] = base64.StdEncoding.EncodeToString(thrift.FastMarshal(value))
	}
	return q.Values, nil
}

// How Kitex writes a nil struct in a field that is neither required nor optional, and what it says when it reads that.
func nilStruct([]byte) (any, error) {
	written := thrift.FastMarshal(lab.NewHolder())
	answer := map[string]string{"written": base64.StdEncoding.EncodeToString(written)}
	if err := thrift.FastUnmarshal(written, lab.NewHolder()); err != nil {
		answer["error"] = err.Error()
	}
	return answer, nil
}

// The first pair that Kitex does not read as the same value; nothing when there is none.
func compare(request []byte) (any, error) {
	var q struct {
		Pairs [][2]string `json:"pairs"`
	}
	if err := json.Unmarshal(request, &q); err != nil {
		return nil, err
	}
	for i, pair := range q.Pairs {
		one, err := decode(pair[0])
		if err != nil {
			return nil, fmt.Errorf("first of pair %d: %w: %s", i, err, pair[0])
		}
		other, err := decode(pair[1])
		if err != nil {
			return nil, fmt.Errorf("second of pair %d: %w: %s", i, err, pair[1])
		}
		if !reflect.DeepEqual(one, other) {
			return fmt.Sprintf("pair %d:\n%+v\n%+v", i, one, other), nil
		}
	}
	return nil, nil
}

func decode(encoded string) (*lab.Everything, error) {
	b, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, err
	}
	value := lab.NewEverything()
	return value, thrift.FastUnmarshal(b, value)
}

var edges = []int64{0, 1, -1, 127, -128, 32767, -32768, 1<<31 - 1, -1 << 31, 1<<53 - 1, 1 << 53, 1<<63 - 1, -1 << 63}

// Fills any generated value; below depth 0 optional parts stay away and containers stay empty.
func fill(random *rand.Rand, v reflect.Value, depth int) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(random.Intn(2) == 0)
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n := edges[random.Intn(len(edges))]
		if random.Intn(2) == 0 {
			n = int64(random.Uint64())
		}
		if v.Type() == reflect.TypeOf(lab.Colour_RED) {
			n = []int64{int64(lab.Colour_RED), int64(lab.Colour_GREEN), int64(lab.Colour_BLUE)}[random.Intn(3)]
		}
		v.SetInt(n << (64 - v.Type().Bits()) >> (64 - v.Type().Bits()))
	case reflect.Float64:
		v.SetFloat([]float64{0, -0.5, 1.0 / 3, 1e300, 5e-324, random.NormFloat64()}[random.Intn(6)])
	case reflect.String:
		v.SetString(text(random))
	case reflect.Slice:
		n := size(random, depth)
		if v.Type().Elem().Kind() == reflect.Uint8 {
			b := make([]byte, n*random.Intn(20))
			random.Read(b)
			v.SetBytes(b)
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 0, n))
		for seen := map[any]bool{}; n > 0; n-- {
			item := reflect.New(v.Type().Elem()).Elem()
			fill(random, item, depth-1)
			// A set is a slice in Go, and Kitex refuses to write one with duplicates.
			if item.Comparable() && item.Kind() != reflect.Pointer {
				if seen[item.Interface()] {
					continue
				}
				seen[item.Interface()] = true
			}
			v.Set(reflect.Append(v, item))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for n := size(random, depth); n > 0; n-- {
			key, item := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(random, key, depth-1)
			fill(random, item, depth-1)
			v.SetMapIndex(key, item)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(random, v.Elem(), depth-1)
	case reflect.Struct:
		fillStruct(random, v, depth)
	default:
		panic("no random " + v.Type().String())
	}
}

func fillStruct(random *rand.Rand, v reflect.Value, depth int) {
	if v.Type() == reflect.TypeOf(lab.Choice{}) {
		fill(random, v.Field(random.Intn(v.NumField())), depth) // a union: one of its fields
		return
	}
	for i := range v.NumField() {
		field := v.Type().Field(i)
		optional := strings.Contains(field.Tag.Get("frugal"), ",optional,")
		if optional && (depth <= 0 || random.Intn(2) == 0) {
			continue
		}
		fill(random, v.Field(i), depth)
	}
}

func size(random *rand.Rand, depth int) int {
	if depth <= 0 {
		return 0
	}
	return random.Intn(4)
}

func text(random *rand.Rand) string {
	alphabet := []rune("abcXYZ 0\"\\\n\x00üé漢字🙂")
	out := make([]rune, random.Intn(12))
	for i := range out {
		out[i] = alphabet[random.Intn(len(alphabet))]
	}
	return string(out)
}
