package kernels

import (
	"context"
	"encoding/json"
	"strings"

	"lyceum/internal/jupyter"
	"lyceum/internal/lyceum"
)

// variablesExpression lists a Python kernel's variables as JSON, without leaving
// anything in its names. Values are shortened where they are shown, and nothing that
// may be expensive is computed for what is large.
const variablesExpression = `(lambda g, json, types: json.dumps([
 {"name": n, "type": type(v).__module__.replace("builtins", "") + ("." if type(v).__module__ != "builtins" else "") + type(v).__name__,
  "shape": (str(tuple(v.shape)) if isinstance(getattr(v, "shape", None), tuple) else (len(v) if isinstance(v, (str, bytes, list, tuple, dict, set, frozenset)) else None)),
  "value": (repr(v)[:200] if isinstance(v, (bool, int, float, complex, type(None))) else repr(v[:200])[:200] if isinstance(v, (str, bytes)) else None)}
 for n, v in list(g.items())
 if not n.startswith("_") and n not in ("In", "Out", "exit", "quit", "get_ipython", "open") and not isinstance(v, (types.ModuleType, types.FunctionType, types.BuiltinFunctionType, type))
][:500]))(globals(), __import__("json"), __import__("types"))`

// variables asks a Python kernel for its variables:
//
//	{"variables": [{"name": "x", "type": "int", "shape": null, "value": "1"}]}
func variables(ctx context.Context, k *Kernel) (map[string]any, error) {
	if !strings.EqualFold(k.Info().Language, "python") {
		return nil, lyceum.Errorf(lyceum.Invalid, "the variables of this kernel cannot be listed")
	}
	list, err := evaluate(ctx, k, variablesExpression)
	if err != nil {
		return nil, err
	}
	var all []any
	if err := json.Unmarshal([]byte(list), &all); err != nil {
		return nil, lyceum.Wrap(lyceum.Unavailable, err, "the kernel does not tell its variables")
	}
	return map[string]any{"variables": all}, nil
}

// evaluate returns the text that an expression of Python gives, of ASCII, without a
// trace in the kernel's names and history. It waits until nothing else runs.
func evaluate(ctx context.Context, k *Kernel, expression string) (string, error) {
	m, err := k.Request(ctx, jupyter.Shell, "execute_request", map[string]any{
		"code": "", "silent": true, "store_history": false, "allow_stdin": false, "stop_on_error": false,
		"user_expressions": map[string]string{"v": expression},
	})
	if err != nil {
		return "", err
	}
	var c struct {
		Expressions map[string]struct {
			Status string            `json:"status"`
			Data   map[string]string `json:"data"`
		} `json:"user_expressions"`
	}
	repr := ""
	if err := json.Unmarshal(m.Content, &c); err == nil {
		repr = c.Expressions["v"].Data["text/plain"]
	}
	text, ok := unquotePython(repr)
	if !ok {
		return "", lyceum.Errorf(lyceum.Unavailable, "the kernel does not tell it")
	}
	return text, nil
}

// unquotePython reads the repr of a Python string that holds JSON of ASCII.
func unquotePython(s string) (string, bool) {
	if len(s) < 2 || s[0] != s[len(s)-1] || s[0] != '\'' && s[0] != '"' {
		return "", false
	}
	return strings.NewReplacer(`\\`, `\`, `\'`, `'`, `\"`, `"`).Replace(s[1 : len(s)-1]), true
}
