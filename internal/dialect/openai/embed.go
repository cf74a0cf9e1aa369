package openai

import (
	"encoding/base64"
	"encoding/binary"
	"math"
	"net/http"
	"slices"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

func encodeEmbed(call *switchgear.EmbedCall) []byte {
	var w jsonx.Writer
	w.Object()
	w.Key("model")
	w.Str(call.Target.Model)
	w.Key("input")
	w.Array()
	for _, text := range call.Request.Input {
		w.Str(text)
	}
	w.End()
	if call.Request.Dimensions > 0 {
		w.Key("dimensions")
		w.Int(int64(call.Request.Dimensions))
	}
	for _, name := range sorted(call.Request.Extra) {
		if name != "model" && name != "input" && name != "dimensions" {
			w.Key(name)
			w.Raw(call.Request.Extra[name])
		}
	}
	w.End()
	return w.Buf()
}

// DecodeEmbed reads vectors, which come as numbers or as base64 of 32-bit
// floats, the lowest byte first.
func (d *Dialect) DecodeEmbed(body []byte) (*switchgear.EmbedResponse, error) {
	if err := jsonx.Check(body); err != nil || jsonx.KindOf(body) != jsonx.Object {
		return nil, d.Error(http.StatusOK, nil, body)
	}
	resp := &switchgear.EmbedResponse{}
	failed := false
	var indexes []int
	r := jsonx.NewReader(body)
	for r.Object(); r.More(); {
		switch string(r.Key()) {
		case "model":
			resp.Model = r.Str()
		case "data":
			for r.Array(); r.More(); {
				index, vector := readVector(&r, len(indexes))
				indexes = append(indexes, index)
				resp.Vectors = append(resp.Vectors, vector)
			}
		case "usage":
			resp.Usage = readEmbedUsage(&r)
		case "error":
			failed = failed || holds(&r)
		}
	}
	if failed {
		return nil, d.Error(http.StatusOK, nil, body)
	}
	if len(resp.Vectors) == 0 || slices.ContainsFunc(resp.Vectors, func(v []float32) bool { return len(v) == 0 }) {
		return nil, noVectors(body)
	}
	return resp, inOrder(resp.Vectors, indexes)
}

func noVectors(body []byte) error {
	return &switchgear.Error{
		Class: switchgear.ClassMalformed, Status: http.StatusOK, Code: "no_vectors", Dialect: Name,
		Message: "the provider sent an answer without vectors", Body: slices.Clone(body[:min(len(body), longestError)]),
	}
}

// inOrder puts vectors in the order of what was asked.
func inOrder(vectors [][]float32, indexes []int) error {
	sortedVectors := make([][]float32, len(vectors))
	for i, index := range indexes {
		if index < 0 || index >= len(vectors) || sortedVectors[index] != nil {
			return &switchgear.Error{
				Class: switchgear.ClassMalformed, Status: http.StatusOK, Code: "vector_order", Dialect: Name,
				Message: "the provider numbered its vectors wrongly",
			}
		}
		sortedVectors[index] = vectors[i]
	}
	copy(vectors, sortedVectors)
	return nil
}

func readVector(r *jsonx.Reader, place int) (index int, vector []float32) {
	index = place
	for r.Object(); r.More(); {
		switch string(r.Key()) {
		case "index":
			if n, ok := r.Int(); ok {
				index = int(n)
			}
		case "embedding":
			if r.Kind() == jsonx.String {
				vector = unpack(r.Str())
				continue
			}
			for r.Array(); r.More(); {
				f, _ := r.Float()
				vector = append(vector, float32(f))
			}
		}
	}
	return index, vector
}

// unpack reads base64 of 32-bit floats; nil if it is not that.
func unpack(text string) []float32 {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(raw)%4 != 0 {
		return nil
	}
	vector := make([]float32, len(raw)/4)
	for i := range vector {
		vector[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return vector
}

// readEmbedUsage reads what was read: nothing is written. Voyage gives the total
// alone.
func readEmbedUsage(r *jsonx.Reader) switchgear.Usage {
	var u switchgear.Usage
	c := readUsage(r)
	switch {
	case c.prompt.ok:
		u.Set(switchgear.UsageInput, c.prompt.n)
	case c.total.ok:
		u.Set(switchgear.UsageInput, c.total.n)
	}
	return u
}
