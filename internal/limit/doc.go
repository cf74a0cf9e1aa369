// Package limit bounds how many attempts at one target run at once, and turns
// away first what is worth least.
//
// When a target fails, everything it served goes to its fallback, which was
// never asked to carry that much and starts to refuse. What it refuses is then
// a matter of chance. A limit makes it a matter of choice: it finds out how much
// the fallback takes, and keeps the last places for what matters most.
//
// # How the limit is found
//
// As long as a target has never pushed back there is no limit but the fixed
// one, if one is configured. Push-back is a failure of class rate_limited or
// overloaded, or one that is marked as a plea for less. Then:
//
//	cut    the limit becomes 0.7 of what was in flight, or half of it if the
//	       provider asks for less rather than for a wait; once a second at most,
//	       for the others in flight were sent under the same mistake; never
//	       below 1, and never higher than before
//	grow   10 % every 10 seconds, and at least one place; if it was cut within five
//	       minutes of an outage's end 10 %, then 20 %, 40 %, and 80 % from then on
//	drop   when it has grown past twice the most that was in flight since the
//	       last cut, or past the fixed limit (it bounds nothing any more), or
//	       after 5 minutes without push-back
//
// Push-back has to be two fifths of twenty outcomes, within half a minute (of ten
// where there is a limit already), unless the provider asks for less outright. What refuses a few calls at random
// refuses them however little it is given, and to cut the load for that would be
// an outage of our own making. For the same reason a limit that was cut three
// times within 20 seconds of each other, while push-back went on, is given up,
// and nothing is learned from push-back for a minute, then for two, up to 16.
//
// Growth is worked out when somebody asks: there is no timer.
//
// # Who may have how much
//
// A request gets a place while fewer attempts are in flight, of whatever
// stakes, than its stakes may see:
//
//	low              60 % of the limit
//	normal, unset    85 %
//	high             all of it
//
// Shares are rounded down, but each is one place at least: a target that is
// doing nothing turns nobody away. So low stakes are shed first and come back last, and
// the top 15 % are there for high stakes alone. An attempt that has a place
// keeps it: nothing that runs is cut off to make room, so that after a cut more
// is in flight than the limit until the surplus has ended. That takes a while with
// calls that last a minute. Low and normal stakes wait for it. High stakes may take the
// places of those that leave: up to what the target carried when it pushed
// back, and 10 % less every 10 seconds, until that meets the limit. So what is in
// flight never rises after a cut, and those that matter most are not shut out by it.
//
// # Where this comes from
//
// Growing by steps and shrinking by a factor is how TCP shares a line;
// concurrency limiters such as Envoy's adaptive concurrency and Netflix's
// concurrency-limits brought it to servers, most of them led by latency. The
// latency of a model says little (an answer takes as long as it is long), so
// that we go by what providers say. Both OpenAI (a 429 "slow_down") and Anthropic
// ("acceleration limits") refuse a sudden rise as such: a fail-over is one,
// which is why that plea halves the limit and why it comes back slowly. Shedding
// by criticality is from Google's book on site reliability engineering.
package limit
