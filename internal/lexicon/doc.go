// Package lexicon reads the tables that say what providers mean by their
// errors, and rules by them. A table is data: text in columns, one file for each
// dialect, with a version. The rulings that no dialect differs in, on web pages
// and redirects and on how long to wait, are here too.
//
// A row has eight or nine columns, between tabs:
//
//	kind      first, code, text, silent, status or member; see below
//	status    a status, two with a dash between, or * for any
//	words     what to look for, in lower case
//	class     the class, as it is written in logs; - for none
//	code      the code an error gets in place of the provider's; - for the provider's
//	marks     edge, unsure, ramp, with commas between; - for none
//	who       the provider that says so
//	evidence  where that is known from
//	say       the message, where the class's own sentence would say too little
//
// The kinds are asked in this order, and the first row that fits decides:
//
//	first     a part of the text that says more than the code beside it
//	code      a code or a type. One of class - is known and decides nothing
//	text      a part of the text; ^ in front is the beginning of a line of it, =
//	          all of it
//	silent    the status of an answer that says nothing else
//	status    the status of one that does, if nothing above knew its words
//
// A row of kind member names a member of a request: a text that begins with one
// and a path below it, or speaks of one in quotes or by a name that is no plain
// word, says what is wrong with the request.
//
// An error in an answer of a good status has no status at all, unless it says
// one itself; all rows but those of kind status fit it.
package lexicon
