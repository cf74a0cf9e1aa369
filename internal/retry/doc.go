// Package retry bounds what failing adds to the load: the retry budget of a
// target or of a route.
//
// A retry helps when one call failed by bad luck. When everything fails it
// helps nobody, and three tries a request are three times the load on something
// that is already on its knees. So retries are paid for in tokens. Every first
// attempt earns a tenth of a token, every retry, hedge and probe costs a whole
// one, and a purse holds ten at most. While one call in ten or fewer fails, all
// of them are retried; in a total outage the purse is empty after ten, and from
// then on one request in ten is tried again.
//
// # Figures
//
// [Options] has three, each with a default:
//
//	Ratio  0.1 token for each first attempt
//	Max    10 tokens; a budget starts with as many
//	Floor  0.5 token a second, whether anything was earned or not
//
// Over any stretch of time t with n first attempts, at most
// Max + Ratio*n + Floor*t retries are made. An outage therefore multiplies the
// load by 1 + Ratio at most, plus a burst of Max and what the floor lets
// through; that is 1.13 for ten minutes at 20 requests a second, where three
// tries a request make 3. (At one request a second it is 1.6: the floor counts
// for more there, and the load that is multiplied is none to speak of.)
//
// The floor is there for targets that are seldom called. At one request a
// minute a tenth of a token a request is a retry every ten minutes; half a token a
// second always has one ready, and costs a busy target next to nothing.
//
// # Where this comes from
//
// Ten tokens, and a tenth of one per success, is the example of gRPC's
// retry throttling (proposal A6); a deposit for each request and a reserve per second
// are those of Finagle's retry budget, which gives 20 % and 10 a second by
// default, too much for calls that cost cents. We let first attempts earn,
// not successes, so that what is earned says how much traffic there is and not
// how well it fares. Budgets that compare the retries under way with the
// requests under way do worse: a request that waits to be retried counts as a
// request and not as a retry, and a total outage was measured to multiply the
// load by 2.5 to 3 in spite of such a budget.
package retry
