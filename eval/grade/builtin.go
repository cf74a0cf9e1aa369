package grade

import "github.com/switchgear-dev/switchgear/eval"

// Builtin is every grader there is. Judges ask their models through judges; with
// nil, a set that has a judge still loads, and grading with it is an error.
func Builtin(judges eval.Completer) eval.Table {
	return eval.Table{
		"equals":       newEquals,
		"contains":     newContains,
		"regex":        newRegex,
		"one_of":       newOneOf,
		"number":       newNumber,
		"json":         newJSON,
		"field":        newField,
		"tool_calls":   newToolCalls,
		"no_tool_call": newNoToolCall,
		"length":       newLength,
		"not_refusal":  newNotRefusal,
		"command":      newCommand,
		"judge":        func(o *eval.Options) eval.Grader { return newJudge(o, judges) },
	}
}
