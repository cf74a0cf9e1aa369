package yamltree

// Kind is what a value is.
type Kind uint8

// The kinds of values.
const (
	Missing Kind = iota // nothing stands where a value belongs
	Odd                 // an anchor, an alias, a tag: there is a [Flaw] about it
	Null
	Text // a scalar that is text
	Number
	Bool
	Other // .inf and .nan
	Map
	List
)

// Scalar reports whether a value is one word or number.
func (k Kind) Scalar() bool { return k == Text || k == Number || k == Bool || k == Other }

// Node is a value and where it stands.
type Node struct {
	Kind    Kind
	Line    int // from 1; 0 if the value is missing
	Col     int // from 1
	Text    string
	Truth   string // of a bool: true or false, however it is written
	Quoted  bool
	Flow    bool // of a map or a list: it stands in braces or brackets
	Entries []Entry
	Items   []*Node
}

// Entry is a key of a map and its value.
type Entry struct {
	Key   string
	Line  int
	Col   int
	Value *Node
}

// Step leads from a value to one within it.
type Step struct {
	Key   string // of a map's entry
	Index int    // of a list's item
	List  bool
}

// Fault is what is wrong with a text.
type Fault uint8

// The faults.
const (
	TooLarge       Fault = iota + 1
	NotUTF8              // it is no text
	TooDeep              // the library's parser recurses, and a recursion without end takes the process with it
	NotYAML              // Said is what the library stumbled over
	SecondDocument       // the first is read
	Empty
	OddValue // an anchor, an alias, a tag or a merge key
	OddKey   // a key that is no plain text; the entry is left out
	Twice    // a key that a map has already, in line First; the entry is left out
)

// Flaw is a fault and where it stands.
type Flaw struct {
	Fault Fault
	Line  int // from 1
	Col   int // from 1
	Path  []Step
	First int    // for Twice
	Said  string // for NotYAML, in the library's words: they may quote the text
}

// Limits are what a text may hold.
type Limits struct {
	Bytes int
	Depth int
}
