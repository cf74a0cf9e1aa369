package grade

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/switchgear-dev/switchgear/eval"
	"github.com/switchgear-dev/switchgear/eval/normalise"
)

// jsonGrader wants the answer to be JSON, and to keep to a schema if there is
// one.
type jsonGrader struct {
	schema   *jsonschema.Schema
	anywhere bool // one JSON value in the answer will do, whatever stands around it
}

func newJSON(o *eval.Options) eval.Grader {
	g := &jsonGrader{}
	g.anywhere, _ = o.Bool("anywhere")
	v := o.Value("schema")
	if v == nil {
		return g
	}
	text := []byte(v.JSON())
	if v.Kind == eval.String {
		var ok bool
		if text, ok = o.File("schema"); !ok {
			return nil
		}
	} else if v.Kind != eval.Map && v.Kind != eval.Bool {
		o.Complain("schema", "this must be a JSON Schema or the name of a file with one", "For example: json: {schema: invoice.schema.json}.")
		return nil
	}
	schema, err := compileSchema(text)
	if err != nil {
		o.Complain("schema", "the schema does not compile: "+err.Error(), "References to other files are not followed.")
		return nil
	}
	g.schema = schema
	return g
}

// compileSchema compiles a JSON Schema that stands alone: a schema that points
// elsewhere would change without anyone noticing, so nothing is loaded.
func compileSchema(text []byte) (*jsonschema.Schema, error) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, errors.New("it is not JSON")
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	c.UseLoader(nothing{})
	if err := c.AddResource("schema.json", document); err != nil {
		return nil, errors.New("it cannot be used: " + plainSchemaError(err))
	}
	schema, err := c.Compile("schema.json")
	if err != nil {
		return nil, errors.New(plainSchemaError(err))
	}
	return schema, nil
}

// nothing loads no schema from anywhere.
type nothing struct{}

func (nothing) Load(string) (any, error) { return nil, errors.New("it refers to another file") }

// plainSchemaError is the first thing that is wrong with a schema, on one line.
func plainSchemaError(err error) string {
	if broken, ok := errors.AsType[*jsonschema.SchemaValidationError](err); ok {
		if inner, ok := errors.AsType[*jsonschema.ValidationError](broken.Err); ok {
			return explain(inner)
		}
	}
	line, _, _ := strings.Cut(strings.TrimSpace(err.Error()), "\n")
	return strings.ReplaceAll(line, "file://", "")
}

// Format is the form of answers this grader can read.
func (g *jsonGrader) Format() normalise.Kind { return normalise.JSON }

func (g *jsonGrader) Grade(_ context.Context, _ *eval.Case, out *eval.Output) (eval.Score, error) {
	text := out.Text
	if g.anywhere {
		text, _ = normalise.Apply(text, normalise.Format{Kind: normalise.JSON}, []string{"strip_fence", "extract", "extract_last"})
	}
	value, err := parseJSON(text)
	if err != nil {
		return eval.Fail("the answer is not JSON: " + err.Error()), nil //nolint:nilerr // an answer that cannot be read is wrong, not ungraded
	}
	if g.schema == nil {
		return eval.Pass(), nil
	}
	if why := validate(g.schema, value); why != "" {
		return eval.Fail(why), nil
	}
	return eval.Pass(), nil
}

// validate says where a value does not keep to a schema; "" if it does.
func validate(schema *jsonschema.Schema, value any) string {
	err := schema.Validate(value)
	if err == nil {
		return ""
	}
	if broken, ok := errors.AsType[*jsonschema.ValidationError](err); ok {
		return explain(broken)
	}
	return "the value does not keep to the schema"
}

// explain finds the deepest thing that is wrong, and says what and where.
func explain(err *jsonschema.ValidationError) string {
	for len(err.Causes) > 0 {
		err = slices.MaxFunc(err.Causes, func(a, b *jsonschema.ValidationError) int {
			return len(a.InstanceLocation) - len(b.InstanceLocation)
		})
	}
	path := ""
	for _, key := range err.InstanceLocation {
		if _, e := strconv.Atoi(key); e == nil {
			path += "[" + key + "]"
		} else {
			path = join(path, key)
		}
	}
	switch k := err.ErrorKind.(type) {
	case *kind.Required:
		return join(path, k.Missing[0]) + " is missing"
	case *kind.AdditionalProperties:
		return join(path, k.Properties[0]) + " is not in the schema"
	case *kind.Type:
		return at(path) + " is " + k.Got + ", expected " + strings.Join(k.Want, " or ")
	case *kind.Enum:
		return at(path) + " is " + brief(k.Got) + ", which is none of the allowed values"
	}
	if k, ok := err.ErrorKind.(*kind.Format); ok {
		return at(path) + " is " + brief(k.Got) + ", which is no " + k.Want
	}
	_, reason, ok := strings.Cut(err.Error(), "': ")
	if !ok {
		reason = "it does not keep to the schema"
	}
	return at(path) + ": " + reason
}

// rawValue reads JSON that was written by us.
func rawValue(text json.RawMessage) (any, error) { return parseJSON(string(text)) }
