// Package yamltree reads YAML into a tree that knows where everything stands,
// free of YAML's finer points. It guards the library that does the work against
// what it should not see, and leaves the words for what is wrong to its callers:
// the library's own may quote a file that holds secrets or prompts.
package yamltree
