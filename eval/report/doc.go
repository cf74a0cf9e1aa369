// Package report shows a run to people: in a terminal, in a pull request, and
// as one HTML page that needs no network. All of it is made of the run file and
// of nothing else, but that the page can hold the answers, too.
package report
