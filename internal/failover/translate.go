package failover

import (
	"errors"
	"slices"

	"github.com/switchgear-dev/switchgear"
)

// foreign reports whether a step's target is told the values of the request
// rather than its bytes: it does not speak the dialect they are written in, or
// its answer is to be put together here.
func (j *job) foreign(step *Step) bool {
	return j.dialect != "" && (j.assembles() || !slices.Contains(step.Dialects, j.dialect))
}

// translates lets foreign targets have the request's values, if they can be
// read.
func (j *job) translates(req *switchgear.Request) {
	if j.runner.decode != nil {
		j.foreigns = req.Wire
	}
}

// understand reads the values of the request before the first foreign target
// is tried. A request that every target of its own protocol could take is
// never read.
func (j *job) understand(i int) *switchgear.Error {
	if j.foreigns == nil || !j.foreign(&j.plan.Steps[i]) {
		return nil
	}
	_, err := j.values(j.foreigns)
	return err
}

// values reads a request that came over the wire, once.
func (j *job) values(w *switchgear.Wire) (*switchgear.Request, *switchgear.Error) {
	if w.Values != nil {
		return w.Values, nil
	}
	values, err := j.runner.decode(w)
	if err == nil {
		w.Values = values
		return values, nil
	}
	if known, ok := errors.AsType[*switchgear.Error](err); ok {
		return nil, known
	}
	return nil, &switchgear.Error{Class: switchgear.ClassInvalid, Message: "the request cannot be read", Err: err}
}

// wording is the request as the target of an attempt is to be told it: as it
// came, or its values.
func (j *job) wording(a *attempt) *switchgear.Request {
	req := j.req
	if j.foreigns == nil || !j.foreign(a.step) {
		return req
	}
	values := *j.foreigns.Values
	values.Route, values.Labels, values.Limits, values.Wire = req.Route, req.Labels, req.Limits, nil
	return &values
}

// native reports whether a step after i could take the request as it came.
func (j *job) native(i int) bool {
	for k := i + 1; k < len(j.plan.Steps); k++ {
		if j.able(k) && j.fits(k) && !j.foreign(&j.plan.Steps[k]) {
			return true
		}
	}
	return false
}
